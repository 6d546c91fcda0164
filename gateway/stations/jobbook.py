"""A job's book: which rows of a job file are done, by the journal and, row by row, by FILE.result.csv.

The journal is the truth, the result file its copy by row: a row whose result the journal holds is not written twice,
also where the result file lags behind a crash. A row that needs codes is done when the journal has a row "bind" of
the same tag that says so; until then it is incomplete. Where such a row was given back and the result file lost, the
tag is asked for once more.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from edge import stub as stubs
from gateway.records import Row
from gateway.stations.commission import known
from gateway.stations.orders import Order, OrderError, gtin_serial
from gateway.stations.post import Post
from gateway.stations.result import AMBER, GREEN, RED, Result, Signal
from gateway.stations.resultfile import Line, ResultFile

WRITTEN = ("commissioned", "repaired")
STANDING = (*WRITTEN, "already")
FINAL = (*STANDING, "duplicate")
INCOMPLETE = "incomplete"


class JobBook:
    """The results of one job file at one post."""

    def __init__(self, post: Post, results: ResultFile) -> None:
        self._post = post
        self._results = results
        self._owners: dict[tuple[str, str], int] = {}
        self._rows: dict[str, int] = {}  # of the tags that have one, by UID in hex
        for line in results.lines.values():
            if line.outcome in (*STANDING, INCOMPLETE):
                self._own(line)

    def is_done(self, order: Order, needed: Sequence[str] = ()) -> bool:
        """Whether the row has its final result. Raises OrderError where the file's row is of another order.

        needed: as for `standing`; a row that was done before they were asked for is not done.
        """
        line = self._results.lines.get(order.row)
        if line is None or line.outcome not in (*FINAL, INCOMPLETE):
            return False
        if (line.gtin, line.serial, line.digest) != identity(order):
            raise OrderError(
                0,
                "",
                f"{self._results.path}: row {order.row} is of another job: move the file away",
            )
        if line.outcome not in STANDING or not needed:
            return line.outcome in FINAL
        row = self._last_result(order.product)
        if (
            row is None or not row.station
        ):  # another journal's, or given back, and its row "bind" with it
            return True
        return self._has_codes(order, row.uid, needed)

    def row_of(self, uid: bytes) -> int | None:
        """The row whose tag this is."""
        return self._rows.get(uid.hex())

    def is_open(self, product: str) -> bool:
        """Whether a tag of this product is half written."""
        return known(self._post, product).is_open

    def refused(self, item: OrderError) -> Result | None:
        """Note a row that is no order; None where that was told before."""
        before = self._results.lines.get(item.row)
        if before is not None and (before.column, before.reason) == (item.column, item.reason):
            return None
        signal = Signal(RED, str(item))
        line = Line(
            str(item.row),
            outcome="refused",
            column=item.column,
            reason=item.reason,
            at=_rfc3339(self._post.now()),
        )
        self._results.append(line)
        return Result("refused", b"", signal, order_row=item.row, column=item.column)

    def standing(self, order: Order, needed: Sequence[str], is_torn: bool) -> Result | None:
        """What the journal says of an order that is not done; None where it is to be written.

        needed: the codes that its product must carry. is_torn: another row waits for the product's torn tag already.
        Outcome "torn": its tag is half written; all others are noted.
        """
        found, row = known(self._post, order.product), self._last_result(order.product)
        is_mine = row is not None and self._is_of(order, row)
        if not is_mine and found.is_open and not is_torn:
            return Result("torn", found.uid, Signal(AMBER, ""), order.product, order_row=order.row)
        if not is_mine and not found.is_open and (row is None or order.overwrite):
            return None
        where = f"{order.product} is on tag {found.uid.hex()} already"
        content = row.content() if row is not None else {}
        outcome, signal = "duplicate", Signal(RED, where)
        if is_mine and self._has_codes(order, found.uid, needed):
            outcome, signal = "commissioned", Signal(GREEN, f"done before: {where}")
        elif is_mine:
            text = f"{' and '.join(needed)} of {order.product} still to be read: show its tag, {found.uid.hex()}"
            outcome, signal = INCOMPLETE, Signal(AMBER, text)
        result = Result(
            outcome,
            found.uid,
            signal,
            product=order.product,
            seq=content.get("seq"),
            slot=content.get("slot"),
            journal_seq=row.seq if row is not None else None,
            order_row=order.row,
            column="carriers" if outcome == INCOMPLETE else "",
        )
        before = self._results.lines.get(order.row)
        if outcome != INCOMPLETE or before is None or before.outcome != INCOMPLETE:
            self.note(order, result, row.at_ns / 1e9 if row is not None else None)
        return result

    def note(self, order: Order, result: Result, at: float | None = None) -> None:
        """Write the row's line; it is on disk when this returns. at: Unix seconds, None: now."""
        said = line(order, result, self._post.now() if at is None else at)
        self._results.append(said)
        self._own(said)

    def is_mine(self, order: Order) -> bool:
        """Whether the product's newest write is this order's: the same passport, and no other row had it."""
        row = self._last_result(order.product)
        return row is not None and self._is_of(order, row)

    def _is_of(self, order: Order, row: Row) -> bool:
        owner = self._owners.get(identity(order)[:2], order.row)
        return owner == order.row and row.content().get("digest") == (order.digest or b"")

    def _has_codes(self, order: Order, uid: bytes, needed: Sequence[str]) -> bool:
        """Whether the journal says that these codes were read beside that tag."""
        assert self._post.journal is not None
        row = self._post.journal.last_of_kind("bind", order.product) if needed else None
        if row is None:
            return not needed
        content = row.content()
        found: list[str] = content.get("fit", [])
        return row.uid == uid and content.get("outcome") == "bound" and set(needed) <= set(found)

    def _last_result(self, product: str) -> Row | None:
        if self._post.journal is None:
            raise ValueError("a job needs a journal")
        return self._post.journal.last_result(product)

    def _own(self, line: Line) -> None:
        self._owners.setdefault((line.gtin, line.serial), int(line.row))
        if line.outcome in (*STANDING, INCOMPLETE):
            self._rows[line.uid] = int(line.row)


def identity(order: Order) -> tuple[str, str, str]:
    """(GTIN, serial, digest in hex) of an order, as a result file has them."""
    gtin, serial = gtin_serial(order.claims[stubs.PRODUCT])
    return gtin, serial, (order.digest or b"").hex()


def line(order: Order, result: Result, at: float) -> Line:
    """An order's row of a result file; at: Unix seconds."""
    gtin, serial, digest = identity(order)
    return Line(
        str(order.row),
        gtin,
        serial,
        result.uid.hex(),
        result.outcome,
        result.column,
        ""
        if result.outcome in (*WRITTEN, "passed") and result.signal.colour == GREEN
        else result.signal.sentence,
        "" if result.seq is None else str(result.seq),
        "" if result.slot is None else str(result.slot),
        digest,
        _rfc3339(at),
    )


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
