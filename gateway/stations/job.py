"""A job: the orders of a CSV file onto tags as they come, each row's result durable in FILE.result.csv.

The journal is the truth, the result file its copy by row: a row whose result the journal holds is not written twice,
also where the result file lags behind a crash. A row that was refused is looked at again on the next run; a torn row
waits for its tag while the others go on.
"""

from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeGuard

from edge import stub as stubs
from gateway.model import Target
from gateway.records import Row
from gateway.stations import verify, write
from gateway.stations.commission import commission_one, known
from gateway.stations.orders import Order, OrderError, gtin_serial
from gateway.stations.post import Post
from gateway.stations.result import GREEN, RED, Refusal, Result, Signal
from gateway.stations.resultfile import Line, ResultFile
from gateway.stations.station import DEDUPE_S, Station

WRITTEN = ("commissioned", "repaired")
_STANDING = (*WRITTEN, "already")
_FINAL = (*_STANDING, "duplicate")


class JobRun:
    """The orders of one job file, served at one post. Use `run`; `torn` are the orders that wait for their tag."""

    def __init__(
        self,
        post: Post,
        items: Iterable[Order | OrderError],
        results: ResultFile,
        dedupe_s: float = DEDUPE_S,
        idle_s: float | None = None,
    ) -> None:
        self.torn: dict[str, Order] = {}
        self._post = post
        self._items = iter(items)
        self._again: deque[Order] = deque()
        self._results = results
        self._station = Station(post, dedupe_s)
        self._idle_s = idle_s
        self._is_idle = False
        self._owners: dict[tuple[str, str], int] = {}
        self._rows: dict[str, int] = {}  # of the tags that have one, by UID in hex
        for line in results.lines.values():
            if line.outcome in _STANDING:
                self._own(line)

    async def run(self) -> AsyncIterator[Result]:
        """Yield a Result for each row that needs no tag, and for each tag served; rows done before are skipped.

        Ends when every row has its result, or no new tag came for `idle_s`. Raises OrderError with row 0 where the
        result file belongs to another job file.
        """
        while not self._is_idle:
            item = self._again.popleft() if self._again else next(self._items, None)
            if item is None and not self.torn:
                return
            result = None
            if isinstance(item, OrderError):
                result = self._refused(item)
            elif item is not None and not self._is_done(item):
                result = self._from_journal(item)
            if result is not None:
                yield result
            elif item is None or self._is_waiting(item):
                async for result in self._served(item):
                    yield result

    async def _served(self, order: Order | None) -> AsyncIterator[Result]:
        """Serve tags until this order has its result or its tag is torn; without an order, until one tag is served."""
        job = partial(self._commission, order) if order is not None else _no_order_left
        while True:
            result = await self._station.serve(job, self._idle_s)
            if result is None:
                self._is_idle = True
                return
            if order is None or result.product != order.product:
                self._settle(result)
            elif result.outcome == "torn":
                self.torn[order.product] = order
            elif result.outcome in _FINAL:
                self._note(order, result, self._post.now())
            yield result
            if order is None or not self._is_waiting(order):
                return

    async def _commission(self, order: Order, post: Post, target: Target) -> Result:
        """A tag with a row of this file, which is still in the field or back in it, is never overwritten by another."""
        row = self._rows.get(target.uid.hex(), order.row)
        if not order.overwrite or row == order.row:
            return await commission_one(post, target, order)
        why = f"this tag has row {row} of the job: use another tag"
        return await _refuse(post, target, why, order.product, order.row)

    def _settle(self, result: Result) -> None:
        """Note what another order's tag brought: that a torn one is done, or needs a new tag."""
        order = self.torn.get(result.product)
        if order is not None and result.outcome in WRITTEN:
            del self.torn[order.product]
            row = self._last_result(order.product)
            is_mine = row is not None and self._is_of(order, row)
            self._note(order, result if is_mine else _duplicate(result), self._post.now())
        for waiting in list(self.torn.values()):
            if not known(self._post, waiting.product).is_open:  # its intent was voided
                del self.torn[waiting.product]
                self._again.append(waiting)

    def _is_waiting(self, item: Order | OrderError) -> TypeGuard[Order]:
        """Whether this row wants a tag now."""
        if isinstance(item, OrderError):
            return False
        return not self._is_done(item) and item is not self.torn.get(item.product)

    def _is_done(self, order: Order) -> bool:
        line = self._results.lines.get(order.row)
        if line is None or line.outcome not in _FINAL:
            return False
        if (line.gtin, line.serial, line.digest) != _identity(order):
            raise OrderError(
                0,
                "",
                f"{self._results.path}: row {order.row} is of another job: move the file away",
            )
        return True

    def _refused(self, item: OrderError) -> Result | None:
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

    def _from_journal(self, order: Order) -> Result | None:
        """The result that the journal has for an order; None where it is to be written, or is torn."""
        found, row = known(self._post, order.product), self._last_result(order.product)
        is_mine = row is not None and self._is_of(order, row)
        if not is_mine and found.is_open and order.product not in self.torn:
            self.torn[order.product] = order
            return None
        if not is_mine and not found.is_open and (row is None or order.overwrite):
            return None
        where = f"{order.product} is on tag {found.uid.hex()} already"
        content = row.content() if row is not None else {}
        result = Result(
            "commissioned" if is_mine else "duplicate",
            found.uid,
            Signal(GREEN, f"done before: {where}") if is_mine else Signal(RED, where),
            product=order.product,
            seq=content.get("seq"),
            slot=content.get("slot"),
            journal_seq=row.seq if row is not None else None,
            order_row=order.row,
        )
        self._note(order, result, row.at_ns / 1e9 if row is not None else self._post.now())
        return result

    def _last_result(self, product: str) -> Row | None:
        if self._post.journal is None:
            raise ValueError("a job needs a journal")
        return self._post.journal.last_result(product)

    def _is_of(self, order: Order, row: Row) -> bool:
        """Whether a result row is this order's: the same passport, and no other row of the file had it."""
        owner = self._owners.get(_identity(order)[:2], order.row)
        return owner == order.row and row.content().get("digest") == (order.digest or b"")

    def _note(self, order: Order, result: Result, at: float) -> None:
        line = _line(order, result, at)
        self._results.append(line)
        self._own(line)

    def _own(self, line: Line) -> None:
        self._owners.setdefault((line.gtin, line.serial), int(line.row))
        if line.outcome in _STANDING:
            self._rows[line.uid] = int(line.row)


def with_options(
    items: Iterable[Order | OrderError], overwrite: bool, lock: bool
) -> Iterable[Order | OrderError]:
    """The same orders, each told what may be overwritten and whether its tag is locked afterwards."""
    for item in items:
        if isinstance(item, Order):
            yield replace(item, overwrite=overwrite, lock=lock)
        else:
            yield item


def _duplicate(result: Result) -> Result:
    text = f"{result.product} is on tag {result.uid.hex()} with another passport"
    return replace(result, outcome="duplicate", signal=Signal(RED, text))


async def _no_order_left(post: Post, target: Target) -> Result:
    return await _refuse(post, target, "no order is left for this tag", "", 0)


async def _refuse(post: Post, target: Target, why: str, product: str, row: int) -> Result:
    started = post.ticks()
    seen = await verify.see(post, target)
    return await write.refuse(post, seen, Refusal("refused", why), product, started, row)


def _identity(order: Order) -> tuple[str, str, str]:
    gtin, serial = gtin_serial(order.claims[stubs.PRODUCT])
    return gtin, serial, (order.digest or b"").hex()


def _line(order: Order, result: Result, at: float) -> Line:
    gtin, serial, digest = _identity(order)
    return Line(
        str(order.row),
        gtin,
        serial,
        result.uid.hex(),
        result.outcome,
        "",
        ""
        if result.outcome in WRITTEN and result.signal.colour == GREEN
        else result.signal.sentence,
        "" if result.seq is None else str(result.seq),
        "" if result.slot is None else str(result.slot),
        digest,
        _rfc3339(at),
    )


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
