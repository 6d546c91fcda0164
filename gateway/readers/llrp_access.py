"""Accesses to one tag: as few singulations as the reader allows, resumed where the tag came back, results as errors.

One AccessSpec at a time, of as many OpSpecs as the reader takes: with several, a later one would write past the words
at which an earlier one failed, and what stands on a torn tag is to be a beginning of what was to be written.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from edge import gen2, gen2chips
from gateway.llrp import codes, specs
from gateway.llrp.access import Outcome, Run, Span
from gateway.llrp.message import Parameter
from gateway.llrp.reports import TagReport
from gateway.model import (
    CannotDo,
    DeviceTrouble,
    Inventory,
    LowPower,
    Select,
    TagGone,
    TagLocked,
    TagRefused,
    TagTooSmall,
    WrongPassword,
    by_epc,
)
from gateway.readers.llrp_session import Session
from gateway.readers.rainport import words_of

log = logging.getLogger(__name__)

_AGAIN_S = 0.02  # between two tries that brought nothing: a round of the reader
_TRIES = 3  # of an access that is answered with an error that a bad moment may explain
_KILLING = "killing"
_PASSWORD_WORDS = 4  # of RESERVED: the kill and the access password

_REFUSALS: dict[str, type[TagRefused]] = {
    codes.OVERRUN: TagTooSmall,
    codes.LOCKED: TagLocked,
    codes.PASSWORD: WrongPassword,
    codes.ZERO_KILL: WrongPassword,
    codes.NO_POWER: LowPower,
}
_UNTOLD = (codes.NO_RESPONSE, codes.TAG_ERROR)  # what a wrong password may look like
_PASSING = (codes.NO_RESPONSE, codes.NO_POWER, codes.READER_ERROR)  # worth another try
_TEXTS = {
    codes.OVERRUN: "the bank ends sooner",
    codes.LOCKED: "locked",
    codes.PASSWORD: "the password is not this tag's",
    codes.ZERO_KILL: "its kill password is zero: it cannot be killed",
    codes.NO_POWER: "not enough power: bring it nearer",
    codes.NO_RESPONSE: "no answer: bring it to the antenna, or give its access password",
    codes.TAG_ERROR: "refused, with no reason given",
}


_GUESSES = {
    TagTooSmall: "the bank may end sooner",
    TagLocked: "it may be locked",
    WrongPassword: "the password may not be this tag's",
}


@dataclass(frozen=True)
class _Job:
    """What is to be done to `run` of a bank: op makes the OpSpec of an id and a span of at most `most` words."""

    doing: str
    bank: int
    run: Run
    op: Callable[[int, Span], Parameter]
    most: int = 1
    block: int = 1
    block_words: int = 0  # in which the reader is to cut BlockWrites
    reads: bool = False
    where: str = ""  # none: the words that are meant
    guess: type[TagRefused] = TagRefused  # what a refusal without a reason means
    tag: str = ""  # for people: by what it was selected

    def take(self, outcomes: dict[Span, Outcome]) -> tuple[bool, str]:
        """(whether it came further, the first result that is no success)."""
        has_moved, failed = False, ""
        for span, each in sorted(outcomes.items()):
            if each.is_done and self.reads:
                has_moved |= self.run.read(span, each.data)
            elif each.is_done or each.words:
                has_moved |= self.run.wrote(span, each.words or span.words)
            if not each.is_done:
                failed = failed or each.result
        return has_moved, failed or codes.READER_ERROR

    def refused(self, result: str) -> DeviceTrouble:
        """What an operation's result is to the user."""
        place = gen2.place(self.bank, self.run.word)
        last = self.run.last if self.reads else self.run.word  # a read fails as one
        words = self.where or words_of(self.bank, self.run.word, last)
        where = f"tag {self.tag}: {self.doing} {words}"
        if result == codes.NO_RESPONSE:
            return TagGone(f"{where}: {_TEXTS[result]}", place)
        if result == codes.READER_ERROR:
            return CannotDo(f"{where}: the reader could not: {result}")
        kind = _REFUSALS.get(result, self.guess)
        text = _TEXTS.get(result, result)
        if result not in _REFUSALS and kind in _GUESSES:
            text += f": {_GUESSES[kind]}"
        return kind(f"{where}: {text}", place)


class Access:
    """One call of a port. want: the ROSpec that singles the tag out; idle_s: how long it may come no further."""

    def __init__(
        self, session: Session, want: Inventory, select: Select, password: int, idle_s: float
    ) -> None:
        self._session = session
        self._can = session.can
        self._ro_spec = specs.inventory(session.can, want)
        self._select = select
        self._password = password
        self._idle_s = idle_s

    async def read(self, bank: int, word: int, count: int) -> bytes:
        """2 * count bytes."""
        run = Run(word, count)
        most = self._can.profile.read_words
        is_password = bank == gen2.RESERVED and word + count <= _PASSWORD_WORDS
        guess = TagLocked if is_password else TagTooSmall
        job = _Job("reading", bank, run, self._reader(bank), most, reads=True, guess=guess)
        await self._carry(job)
        return run.data

    async def write(self, bank: int, word: int, data: bytes, block_words: int | None) -> None:
        """In blocks where the chip has them; in RESERVED never: passwords are to be covered on the air."""
        if len(data) % gen2.WORD:
            raise ValueError(f"{len(data)} bytes are no whole words")
        run = Run(word, len(data) // gen2.WORD)
        block = self._block(bank, block_words)

        def op(id: int, span: Span) -> Parameter:
            at = gen2.WORD * (span.word - word)
            words = data[at : at + gen2.WORD * span.words]
            return specs.write(id, span, bank, self._password, words, in_blocks=block > 1)

        most = self._can.profile.write_words
        if block > 1 and not self._can.profile.splits_block_writes:
            most = block
        try:
            await self._carry(_Job("writing", bank, run, op, most, block, block))
        except (TagRefused, CannotDo) as why:
            if block <= 1 or isinstance(why, (TagLocked, LowPower, WrongPassword, TagTooSmall)):
                raise
            log.info("%s; once more in single words", why)
            block = 1
            await self._carry(_Job("writing", bank, run, op, self._can.profile.write_words))

    async def lock(self, mask: int, action: int) -> None:
        await self._carry(
            _single(
                "locking", gen2.RESERVED, lambda id: specs.lock(id, self._password, mask, action)
            )
        )

    async def permalock(self, word: int, count: int, block_words: int) -> None:
        specs.permalock(self._can, 0, 0, word, count, block_words)  # CannotDo before any tag is met
        await self._carry(
            _single(
                "locking",
                gen2.USER,
                lambda id: specs.permalock(self._can, id, self._password, word, count, block_words),
            )
        )

    async def kill(self, password: int) -> None:
        job = _single(_KILLING, gen2.RESERVED, lambda id: specs.kill(id, password))
        await self._carry(replace(job, guess=WrongPassword))

    def _reader(self, bank: int) -> Callable[[int, Span], Parameter]:
        return lambda id, span: specs.read(id, span, bank, self._password)

    def _block(self, bank: int, told: int | None) -> int:
        """Words of a BlockWrite; 1 where there is to be none."""
        if bank == gen2.RESERVED or not self._can.block_write:
            return 1
        if told is None:
            chip = gen2chips.by_tid(self._select.mask) if self._select.bank == gen2.TID else None
            told = chip.block_write_words if chip else 0
        return max(1, min(told, self._can.profile.write_words))

    async def _carry(self, job: _Job) -> None:
        """Do it to the end. The errors of a port; ReaderGone."""
        session, job = self._session, replace(job, tag=self._select.mask.hex())
        await session.install(self._ro_spec)
        session.link.want(True)
        try:
            await self._meet(job)
        finally:
            session.link.want(False)
            await session.stop()

    async def _meet(self, job: _Job) -> None:
        """One AccessSpec after the other, until the run is done."""
        now = asyncio.get_running_loop().time
        until, tries, failed = now() + self._idle_s, 0, codes.NO_RESPONSE
        while not job.run.is_done:
            spans = job.run.todo(job.most, job.block)[: self._can.ops]
            ops = {self._session.op_id(): span for span in spans}
            outcomes = await self._outcomes(
                [job.op(id, span) for id, span in ops.items()], until, job.block_words
            )
            if not outcomes:
                raise job.refused(failed)
            has_moved, failed = job.take({ops[id]: each for id, each in outcomes.items()})
            if has_moved:
                until, tries, failed = now() + self._idle_s, 0, codes.NO_RESPONSE
                continue
            tries += 1
            if tries == _TRIES and failed in _UNTOLD and await self._is_wrong(job):
                raise job.refused(codes.PASSWORD)
            if now() >= until or (
                failed not in _PASSING and (failed != codes.TAG_ERROR or tries >= _TRIES)
            ):
                raise job.refused(failed)
            await asyncio.sleep(_AGAIN_S)

    async def _outcomes(
        self, ops: list[Parameter], until: float, block_words: int = 0
    ) -> dict[int, Outcome]:
        """What these OpSpecs came to on the tag, by id; empty where it was not met by then."""
        session = self._session
        ids = {op.number("OpSpecID") for op in ops}
        await session.add(lambda id: specs.access(self._can, id, self._select, ops, block_words))
        await session.start()
        found: dict[int, Outcome] = {}
        try:
            async with asyncio.timeout_at(until):
                while not found:
                    for arrival in await session.link.arrivals():
                        for report in filter(self._is_meant, arrival.reports):
                            found |= {id: each for id, each in _results(report) if id in ids}
        except TimeoutError:
            pass
        return found

    def _is_meant(self, report: TagReport) -> bool:
        """Not a tag whose longer EPC begins as the one that was selected."""
        is_by_epc = self._select == by_epc(self._select.mask)
        return not is_by_epc or report.epc in (b"", self._select.mask)

    async def _is_wrong(self, job: _Job) -> bool:
        """Whether the tag answers, but not to the password: LLRP 1.0.1 has no result that says so."""
        if job.doing == _KILLING:
            return await self._try_tid(0) == codes.SUCCESS
        if not self._password:
            return False
        result = await self._try_tid(self._password)
        if result == codes.NO_RESPONSE:
            return await self._try_tid(0) == codes.SUCCESS
        return result in (codes.TAG_ERROR, codes.PASSWORD)

    async def _try_tid(self, password: int) -> str | None:
        """What reading a word comes to that every tag lets everyone read; None where the tag was not met."""
        op = specs.read(self._session.op_id(), Span(0, 1), gen2.TID, password)
        until = asyncio.get_running_loop().time() + self._idle_s
        found = await self._outcomes([op], until)
        return next((each.result for each in found.values()), None)


def _single(doing: str, bank: int, op: Callable[[int], Parameter]) -> _Job:
    """A job of one operation, on no word in particular."""
    return _Job(doing, bank, Run(0, 1), lambda id, _: op(id), where="the tag")


def _results(report: TagReport) -> list[tuple[int, Outcome]]:
    """(OpSpecID, what it came to) of each operation that a report tells of."""
    return [
        (each.op_spec_id, Outcome(codes.result_name(each.kind, each.result), each.words, each.data))
        for each in report.results
    ]
