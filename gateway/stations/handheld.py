"""Collect: what handhelds wrote down by themselves becomes rows of the journal, each exactly once, whatever breaks.

A handheld's log has seqs of its own. Each row is stored with how far that log has come, in one transaction, and the
ACK follows: killed before it, the gateway knows at the next hello what it has, and the handheld keeps what it has not
been told of. A log that was wiped has another epoch, and begins anew.

Once means in this journal: a handheld that missed an ACK and then comes to another gateway hands in there what it was
not told of. A log that lost its end to damaged flash finds that the record of the cursor is another, and goes on as
one of another epoch: what it has not been told of comes again, for its seqs now mean other records.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from weakref import WeakValueDictionary

from edge import link
from gateway.journal import Act, Journal, JournalFull
from gateway.model import ReaderGone
from gateway.readers.handheld import Handhelds
from gateway.readers.handheld_end import SEQS, End, Hello, Message
from gateway.readers.scanner_link import Link
from gateway.stations import handheld_rows as rows
from gateway.stations.handheld_keys import Keys
from gateway.stations.handheld_offers import Offers
from gateway.stations.handheld_rows import Judge
from gateway.stations.handheld_shelf import UPDATE, Shelf
from gateway.stations.result import RED, Result, Signal

log = logging.getLogger(__name__)

Tell = Callable[[Result], None]

_SILENT_S = (
    20.0  # a handheld says something each 5 s, and must have shown by then that it holds the secret
)
_UNPROVED = "it proves nothing: is its secret line 1 of secret_file?"
_MOST_PARTS = 64  # of a text
_MOST_WARNINGS = 8  # of one connection, about what was left out


class Collector:
    """What all collecting stations of a gateway share: the journal, and whose turn it is at one handheld's log.

    giving: held while it is found out who may have orders. trust_file: of the gateway's own list, to be named.
    """

    def __init__(self, journal: Journal, trust_file: Path | None = None) -> None:
        self.journal = journal
        self.keys = Keys(journal, trust_file)
        self.giving = asyncio.Lock()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def alone(self, hello: Hello) -> AsyncIterator[str]:
        """The log's cursor, which nobody else moves meanwhile: a handheld may be there twice, one link being dead."""
        lock = self._locks.setdefault(hello.cursor, asyncio.Lock())
        async with lock:
            yield hello.cursor


class HandheldStation:
    """One reader of job collect. random: so many bytes; secret: b"" for none."""

    def __init__(
        self,
        reader: Handhelds,
        collector: Collector,
        shelf: Shelf,
        judge: Callable[[], Judge],
        random: Callable[[int], bytes],
        gateway: str,
        secret: bytes = b"",
    ) -> None:
        self.reader = reader
        self.journal = collector.journal
        self._collector = collector
        self._shelf = shelf
        self._judge = judge
        self._random = random
        self._gateway = gateway
        self._secret = secret
        self._here: dict[End, str] = {}

    @property
    def is_open(self) -> bool:
        """Whether a handheld is there."""
        return bool(self._here)

    async def run(self, tell: Tell) -> None:
        """Collect for ever. ReaderBusy where the port cannot be had; JournalFailed."""
        try:
            await self.reader.serve(lambda at, where: self._talk(at, where, tell))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _talk(self, at: Link, where: str, tell: Tell) -> None:
        end = End(self._gateway, self._secret, self._random)
        visit = _Visit()
        clock = asyncio.get_running_loop().time
        since = clock()
        try:
            await at.send(end.bye(""))  # whoever was welcomed before this start is to say hello
            while True:
                data = await at.receive(_SILENT_S)
                since = clock() if end.is_proved or not data else since
                if not data or clock() - since > _SILENT_S:
                    self._gone(end, where, "silent")
                    why = _UNPROVED if data else "it is silent"
                    if not self.reader.where.path:
                        raise ReaderGone(why)
                    if data and not visit.is_doubted:
                        log.warning("%s: %s: %s", self.reader.name, where, why)
                    visit.is_doubted = bool(data)
                    since = clock()
                    await at.send(end.bye(""))
                for said in end.receive(data):
                    for answer in await self._answers(end, visit, said, tell):
                        await at.send(answer)
                    await self._note(end, where)
                    if end.is_proved:
                        self.reader.proved(at)
                if end.refused > visit.refused:
                    if end.why != visit.why and visit.told < _MOST_WARNINGS:
                        visit.told += 1
                        log.warning("%s: %s: left out: %s", self.reader.name, where, end.why)
                    visit.refused, visit.why = end.refused, end.why
                    if end.hello is None:
                        await at.send(end.bye(end.why))
        finally:
            self._gone(end, where, "gone")

    async def _answers(self, end: End, visit: "_Visit", said: Message, tell: Tell) -> list[bytes]:
        hello = end.hello
        assert hello is not None  # nothing else is passed on
        kind = said[0]
        if kind == link.HELLO:
            return [self._welcome(end, hello, visit)]
        if kind == link.RECORDS:
            upto = await self._take(hello, visit, said[1], said[2], tell)
            answers = [end.frame(link.ACK, upto)]
            if not said[2] or upto + 1 >= hello.number("next"):
                answers += await self._offers(end, visit)
            return answers
        if kind == link.WANT:
            piece = visit.offers.piece(said[2], said[3])
            if piece is not None:
                return [end.frame(link.CHUNK, piece[0], said[3], piece[1])]
        elif kind == link.DONE:
            visit.offers.done(said[1], said[2])
            await self._done(hello, said)
            return await self._offers(end, visit)
        elif kind == link.TEXT:
            await self._text(hello, visit, said)
        return []

    def _welcome(self, end: End, hello: Hello, visit: "_Visit") -> bytes:
        """Says how far the log is stored."""
        mark, acked = divmod(self.journal.cursor(hello.cursor), SEQS)
        visit.begin(self._judge(), Offers(self._shelf, self._collector.giving, hello))
        now = visit.judge.now
        return end.welcome(now if now >= rows.EARLIEST else 0, acked, mark)

    async def _take(
        self,
        hello: Hello,
        visit: "_Visit",
        after: int,
        records: Sequence[list[object]],
        tell: Tell,
    ) -> int:
        """Store what is new; returns up to where the log is stored."""
        async with self._collector.alone(hello) as name:
            cursor = self.journal.cursor(name) % SEQS
            judge = replace(self._judge(), met=visit.judge.now)
            try:
                if after > cursor:
                    cursor = min(after, max(cursor, self._held(hello)))
                acts = _acts(hello, judge, cursor, after, records)
                if not acts:
                    return cursor
                stored = await self.journal.take(name, f"{self.reader.name}/{hello.name}", acts)
            except JournalFull as why:
                tell(Result("refused", b"", Signal(RED, f"{hello.name} waits: {why}")))
                await self.journal.room()
                return self.journal.cursor(name) % SEQS
        for row, act in zip(stored, acts, strict=True):
            tell(rows.result(act, row.seq, hello.name))
        return acts[-1].upto % SEQS

    def _held(self, hello: Hello) -> int:
        """How far an earlier log of this handheld has come, that went on under another epoch; 0 for none."""
        mark = f"handheld/{hello.id.hex()}/"
        found = [
            cursor % SEQS
            for name, cursor in self.journal.cursors().items()
            if name.startswith(mark)
        ]
        return max(found, default=0)

    async def _offers(self, end: End, visit: "_Visit") -> list[bytes]:
        """One at a time, and only when every record is here: orders depend on them."""
        thing = await visit.offers.next()
        if thing is None:
            return []
        about = (thing.what, thing.number, len(thing.content), thing.sha256)
        return [end.frame(link.OFFER, *about)]

    async def _done(self, hello: Hello, said: Message) -> None:
        what, is_ok, text = rows.printable(said[1]), said[2], rows.printable(said[3])
        if is_ok:
            how = "there, and will be tried" if what == UPDATE else "in force"
            log.info("%s: %s is %s", hello.name, what, how)
        else:
            log.warning("%s: %s was refused: %s", hello.name, what, text)
        body: dict[str, object] = {"outcome": "installed" if is_ok else "not_installed"}
        await self._append(hello, body | {"what": what, "reason": text})

    async def _text(self, hello: Hello, visit: "_Visit", said: Message) -> None:
        _, what, part, parts, text = said
        if part != len(visit.parts):
            visit.parts.clear()
        if part != len(visit.parts) or not part < parts <= _MOST_PARTS:
            return
        visit.parts.append(text)
        if part + 1 == parts:
            body: dict[str, object] = {"outcome": rows.printable(what)}
            await self._append(hello, body | {"text": "".join(visit.parts)})
            visit.parts.clear()

    async def _append(self, hello: Hello, body: dict[str, object]) -> None:
        body["handheld"] = {"id": hello.id, "epoch": hello.epoch}
        station = f"{self.reader.name}/{hello.name}"
        try:
            await self.journal.append(rows.KIND, station, b"", "", body)
        except JournalFull as why:
            log.warning("%s: not written down: %s", hello.name, why)

    async def _note(self, end: End, where: str) -> None:
        if end.is_proved and end.hello is not None and self._here.get(end) != end.hello.name:
            self._here[end] = end.hello.name
            log.info("%s: %s is at %s", self.reader.name, end.hello.name, where)
            await self._collector.keys.met(end.hello, self._judge().trust)

    def _gone(self, end: End, where: str, why: str) -> None:
        name = self._here.pop(end, None)
        if name is not None:
            log.info("%s: %s at %s is %s", self.reader.name, name, where, why)


class _Visit:
    """What belongs to one connection, and from `begin` on to one session of it.

    judge: as it was at the hello. refused, why: of the connection, as they were told last; told: how often.
    is_doubted: it was told that who is there proves nothing.
    """

    judge: Judge
    offers: Offers
    parts: list[str]

    def __init__(self) -> None:
        self.refused, self.why, self.told = 0, "", 0
        self.is_doubted = False

    def begin(self, judge: Judge, offers: Offers) -> None:
        """A hello has come."""
        self.judge, self.offers, self.parts = judge, offers, []


def _acts(
    hello: Hello, judge: Judge, cursor: int, after: int, records: Sequence[list[object]]
) -> list[Act]:
    found = []
    if after > cursor:
        found.append(rows.missing("elsewhere", cursor + 1, after, hello))
        cursor = after
    for seq, record in records:
        assert isinstance(seq, int) and isinstance(record, bytes)  # edge.link sees to it
        if seq <= cursor:
            continue
        if seq > cursor + 1:
            found.append(rows.missing("damaged", cursor + 1, seq - 1, hello))
        act = rows.act(seq, record, hello, judge)
        found.append(act._replace(upto=link.mark(record) * SEQS + seq))
        cursor = seq
    return found
