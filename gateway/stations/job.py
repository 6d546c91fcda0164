"""A job: the orders of a CSV file onto tags as they come, each row's result durable in FILE.result.csv.

The journal is the truth, the result file its copy by row: a row whose result the journal holds is not written twice,
also where the result file lags behind a crash. A row that was refused is looked at again on the next run; a torn row
waits for its tag while the others go on.
"""

import csv
import io
import os
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self

from edge import stub as stubs
from gateway.model import Target
from gateway.stations import verify, write
from gateway.stations.commission import Known, commission_one, known
from gateway.stations.orders import Order, OrderError, gtin_serial
from gateway.stations.post import Post
from gateway.stations.result import GREEN, RED, Refusal, Result, Signal
from gateway.stations.station import DEDUPE_S, Station

WRITTEN = ("commissioned", "repaired")
_FINAL = (*WRITTEN, "already", "duplicate")
_LARGEST = 64 << 20  # bytes of a result file


@dataclass(frozen=True)
class Line:
    """One row of the result file, as text: uid and digest in hex, at in RFC 3339 UTC; "" for what is not known."""

    row: str
    gtin: str = ""
    serial: str = ""
    uid: str = ""
    outcome: str = ""
    column: str = ""
    reason: str = ""
    seq: str = ""
    slot: str = ""
    digest: str = ""
    at: str = ""


_HEADER = [field.name for field in fields(Line)]


class ResultFile:
    """FILE.result.csv: read back on start, then appended and fsynced line by line.

    lines: row -> its last line. Raises OrderError where what stands there is no result file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[int, Line] = {}
        self._file = path.open("a+b")
        try:
            self._read_back()
        except OrderError:
            self._file.close()
            raise

    @classmethod
    def beside(cls, job_file: Path) -> Self:
        """The result file of a job file: products.csv -> products.result.csv."""
        return cls(job_file.with_suffix(".result.csv"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, line: Line) -> None:
        """Add a line; it is on disk when this returns."""
        self.lines[int(line.row)] = line
        self._put(list(astuple(line)))

    def _put(self, cells: list[str]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerow(cells)
        self._file.write(text.getvalue().encode())
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read_back(self) -> None:
        self._file.seek(0)
        raw = self._file.read(_LARGEST + 1)
        whole = raw[: raw.rfind(b"\n") + 1]
        if len(whole) < len(raw) <= _LARGEST:  # a crash cut the last line
            self._file.truncate(len(whole))
        if not whole:
            self._put(_HEADER)
            return
        try:
            rows = list(csv.reader(io.StringIO(whole.decode(), newline=""), strict=True))
            if len(raw) > _LARGEST or rows[0] != _HEADER:
                raise ValueError
            for cells in rows[1:]:
                line = Line(*cells)
                self.lines[int(line.row)] = line
        except (ValueError, TypeError, csv.Error):
            raise OrderError(0, "", f"{self.path} is no result file: move it away") from None


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

    async def run(self) -> AsyncIterator[Result]:
        """Yield a Result for each row that needs no tag, and for each tag served; rows done before are skipped.

        Ends when every row has its result, or no new tag came for `idle_s`. Raises OrderError with row 0 where the
        result file belongs to another job file.
        """
        while True:
            item = self._again.popleft() if self._again else next(self._items, None)
            if isinstance(item, OrderError):
                result = self._refused(item)
                if result is not None:
                    yield result
            elif item is not None:
                if self._is_done(item):
                    continue
                result = self._from_journal(item)
                if result is not None:
                    yield result
                    continue
                if item.product in self.torn:
                    continue
                async for result in self._serve(item):
                    yield result
                if self._is_idle:
                    return
            elif not self.torn:
                return
            else:
                result = await self._station.serve(_no_order_left, self._idle_s)
                if result is None:
                    return
                self._settle(result)
                yield result

    _is_idle = False

    async def _serve(self, order: Order) -> AsyncIterator[Result]:
        """Serve tags until this order has its result, or its tag is torn."""
        job = partial(commission_one, order=order)
        while order.row not in self._results.lines or not self._is_done(order):
            result = await self._station.serve(job, self._idle_s)
            if result is None:
                self._is_idle = True
                return
            if result.outcome == "torn" and result.product == order.product:
                self.torn[order.product] = order
            elif result.product == order.product and result.outcome in _FINAL:
                self._results.append(_line(order, result, self._post.now()))
            else:
                self._settle(result)
            yield result
            if order.product in self.torn:
                return

    def _settle(self, result: Result) -> None:
        """Note what a tag that was not the current order's brought: a torn order's end, or that it needs a new tag."""
        order = self.torn.get(result.product)
        if order is not None and result.outcome in WRITTEN:
            del self.torn[order.product]
            self._results.append(_line(order, result, self._post.now()))
        for waiting in list(self.torn.values()):
            if known(self._post, waiting.product) == Known():  # its intent was voided
                del self.torn[waiting.product]
                self._again.append(waiting)

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
        """The result of an order that needs no tag any more; None where one is to be written (or is torn)."""
        if self._post.journal is None:
            raise ValueError("a job needs a journal")
        found = known(self._post, order.product)
        if found.is_open:
            self.torn[order.product] = order
            return None
        row = self._post.journal.last_result(order.product)
        if row is None or order.overwrite:
            return None
        content = row.content()
        mine = (content["order_row"], content["digest"]) == (order.row, order.digest or b"")
        outcome = "commissioned" if mine else "duplicate"
        reason = "" if mine else f"{order.product} is on tag {row.uid.hex()} already"
        result = Result(
            outcome,
            row.uid,
            Signal(GREEN if mine else RED, reason or f"commissioned before: {order.product}"),
            product=order.product,
            seq=content["seq"],
            slot=content["slot"],
            journal_seq=row.seq,
            order_row=order.row,
        )
        self._results.append(_line(order, result, row.at_ns / 1e9))
        return result


def with_options(
    items: Iterable[Order | OrderError], overwrite: bool, lock: bool
) -> Iterable[Order | OrderError]:
    """The same orders, each told what may be overwritten and whether its tag is locked afterwards."""
    for item in items:
        if isinstance(item, Order):
            yield replace(item, overwrite=overwrite, lock=lock)
        else:
            yield item


async def _no_order_left(post: Post, target: Target) -> Result:
    started = post.ticks()
    seen = await verify.see(post, target)
    return await write.refuse(
        post, seen, Refusal("refused", "no order is left for this tag"), "", started
    )


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
        "" if result.outcome in WRITTEN else result.signal.sentence,
        "" if result.seq is None else str(result.seq),
        "" if result.slot is None else str(result.slot),
        digest,
        _rfc3339(at),
    )


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
