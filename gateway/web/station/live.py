"""GET /live: the journal as server-sent events (WHATWG HTML, "Server-sent events"), each row once it is durable.

event "board"   the whole state: the first event, and again when something changed, twice a second at most
event "row"     a row; id: its seq
event "told"    what was told at a reader without a row of its own, as "torn: show the tag again"; never sent again
event "gap"     rows that are no longer here: first, last, reason; id: its last
comment         while nothing happens

Only the first board, rows and gaps have ids: a stream that begins anew with Last-Event-ID (or ?after=) goes on behind
what it has had, from the journal, also after a restart. The first board's id is where the rows behind it begin: the
journal's head where the stream asks for none, or for one that the journal has not. A stream reads the journal at its
own pace: one that is slow holds no more than a page of rows. It ends when whoever asked for it may see it no more.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from gateway.journal import Gap, Journal, Row
from gateway.web.person import Who, anyone
from gateway.web.station.acts import AUDIT
from gateway.web.station.shown import encoded, gap, shown
from gateway.web.station.told import Notices

PAGE_ROWS = 100  # read in one go, before others have their turn
KEPT = 512  # newest rows, ready to be sent: many pages look at the same
BOARD_S = 0.5  # between two boards
QUIET_S = 15.0  # a stream in which nothing happens says so
MOST = 64  # streams
LONGEST_S = 3600.0  # of a stream: a browser comes back
ASKED_S = 10.0  # so often it is asked again who looks on
_RETRY_MS = 300  # a browser comes back so soon


class Live:
    """The streams over one journal. board: the state as JSON, `first` with the rows that came last. who: looks on.

    Call `close` before the server ends: streams end by themselves, then.
    """

    def __init__(
        self,
        journal: Journal,
        notices: Notices,
        board: Callable[[bool], dict[str, Any]],
        who: Who = anyone,
    ) -> None:
        self._journal = journal
        self._notices = notices
        self._board = board
        self._who = who
        self._kept: deque[tuple[int, int, bytes]] = deque(maxlen=KEPT)  # (first, last, event)
        self._streams = 0
        self._is_closed = False
        self._ends = asyncio.Event()

    @property
    def streams(self) -> int:
        """How many there are."""
        return self._streams

    def close(self) -> None:
        """End every stream."""
        self._is_closed = True
        self._ends.set()

    async def answer(self, request: Request) -> Response:
        """The stream that a request asks for; 503 where there are too many."""
        if self._streams >= MOST or self._is_closed:
            return JSONResponse({"error": "busy"}, 503, headers={"Retry-After": "5"})
        said = request.headers.get("last-event-id") or request.query_params.get("after") or ""
        after = int(said) if said.isascii() and said.isdigit() and len(said) < 19 else None
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        if request.method == "HEAD":
            return Response(headers=headers, media_type="text/event-stream")
        return StreamingResponse(
            self.events(after, lambda: self._who(request) is not None),
            headers=headers,
            media_type="text/event-stream",
        )

    async def events(
        self, after: int | None, may: Callable[[], bool] = lambda: True
    ) -> AsyncIterator[bytes]:
        """The events behind row `after`; None: from now on. may: whether who looks on still may."""
        self._streams += 1
        try:
            async for event in self._events(after, may):
                yield event
        finally:
            self._streams -= 1

    async def _events(self, after: int | None, may: Callable[[], bool]) -> AsyncIterator[bytes]:
        head, loop = self._journal.head(), asyncio.get_running_loop()
        is_new = after is None or after > head
        at = head if is_new or after is None else after
        board = self._board(is_new)
        yield f"retry: {_RETRY_MS}\n".encode() + _event("board", encoded(board), at)
        notice = self._notices.number
        until, asked = loop.time() + LONGEST_S, loop.time() + ASKED_S
        told, due, spoke = encoded(self._board(False)), loop.time() + BOARD_S, loop.time()
        while not self._is_closed and loop.time() < until:
            if loop.time() >= asked:
                if not may():
                    return
                asked = loop.time() + ASKED_S
            if at < self._journal.head():
                for last, event in self._behind(at):
                    at = last
                    yield event
                spoke = loop.time()
                await asyncio.sleep(0)
            else:
                await self._wait(at, notice, min(due, spoke + QUIET_S) - loop.time())
            for each in self._notices.after(notice):
                notice = each.number
                yield _event("told", encoded(each.said))
            if loop.time() >= due:
                due = loop.time() + BOARD_S
                now = encoded(self._board(False))
                if now != told:
                    told, spoke = now, loop.time()
                    yield _event("board", now)
            if loop.time() >= spoke + QUIET_S:
                spoke = loop.time()
                yield b":\n\n"

    async def _wait(self, at: int, notice: int, most_s: float) -> None:
        """Until there is a row or notice behind these, or the streams end, for `most_s` at most."""
        waits = [
            asyncio.ensure_future(self._journal.grown_beyond(at)),
            asyncio.ensure_future(self._notices.more(notice)),
            asyncio.ensure_future(self._ends.wait()),
        ]
        try:
            await asyncio.wait(waits, timeout=max(most_s, 0), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    def _behind(self, at: int) -> list[tuple[int, bytes]]:
        """(last seq, event) of some rows and gaps behind `at`; those that were read for another stream are at hand."""
        if not self._kept or not self._kept[0][0] <= at + 1 <= self._kept[-1][1]:
            pieces = [_piece(each) for each in self._journal.pieces(at, PAGE_ROWS)]
            if not self._kept or (pieces and pieces[0][0] == self._kept[-1][1] + 1):
                self._kept.extend(pieces)
            elif pieces and pieces[-1][1] > self._kept[-1][1]:
                self._kept.clear()
                self._kept.extend(pieces)
            return [(last, event) for _, last, event in pieces]
        found = [(last, event) for _, last, event in self._kept if last > at]
        return found[:PAGE_ROWS]


def _piece(piece: Row | Gap) -> tuple[int, int, bytes]:
    if isinstance(piece, Gap):
        return piece.first, piece.last, _event("gap", encoded(gap(piece)), piece.last)
    said = shown(piece)
    if piece.kind == AUDIT:  # guests look, too
        said["about"] = {}
    return piece.seq, piece.seq, _event("row", encoded(said), piece.seq)


def _event(name: str, data: bytes, id: int | None = None) -> bytes:
    number = f"id: {id}\n" if id is not None else ""
    return f"event: {name}\n{number}data: ".encode() + data + b"\n\n"
