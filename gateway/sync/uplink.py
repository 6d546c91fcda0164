"""The uplink: brings what the journal holds to the hub over a transport, and remembers how far the hub holds it.

Batches are cut durably before they are sent, and several are under way at once. A row is *sent* when the transport
keeps it, and *confirmed* by the hub's receipt: a watermark, with the hash of our own row there. Where the hub holds
another row, this journal is a copy (a cloned card, a restored backup): it goes on under an id of its own behind what
both have in common. Where the hub has lost rows, they are sent again.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from gateway.journal import CONFIRMED, SENT, Journal, JournalFull, Row
from gateway.sync.answer import Held, Later, Pause, SetAside, Step, Taken
from gateway.sync.batch import MOST_ROWS, end
from gateway.sync.common import agrees, common, own_hash
from gateway.sync.cutter import Cutter
from gateway.sync.flight import Flight, Leg
from gateway.sync.patience import Patience
from gateway.sync.port import Transport
from gateway.sync.receipt import Receipt

log = logging.getLogger(__name__)

LOOK_S = 5.0  # between looks for rows to be replayed, and for a hub that confirms nothing

_COPY = "another journal goes under the same id at the hub: was this one copied or restored?"

Sleep = Callable[[float], Awaitable[object]]


class Uplink:
    """Keeps the hub up to date with one journal.

    gateway: the name that the hub shows. most_rows: of a batch. pause, look: asyncio.sleep, or a test's: between tries,
    and between looks. uniform: random.uniform, or a test's.
    """

    def __init__(
        self,
        journal: Journal,
        transport: Transport,
        gateway: str,
        *,
        most_rows: int = MOST_ROWS,
        pause: Sleep = asyncio.sleep,
        look: Sleep = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._journal = journal
        self._transport = transport
        self._pause = pause
        self._look = look
        self._uniform = uniform
        self._pauses = Pause(uniform)
        self._patience = Patience()
        self._cutter = Cutter(journal, gateway, most_rows)
        self._trouble: str | None = None
        self._stall: str | None = None
        self._progress = asyncio.Event()
        self._heard: list[Receipt] = []
        self._hearing = asyncio.Event()
        self._sending: dict[asyncio.Task[Step], Leg] = {}
        self._waits: dict[str, asyncio.Task[object]] = {}
        self._later: Later | None = None  # nothing is sent until a pause is over
        self._missing: tuple[tuple[int, int], ...] = ()
        self._doubt = (
            False  # a receipt does not fit our rows: nothing is sent until the hub was asked
        )
        self._take_up()

    @property
    def trouble(self) -> str | None:
        """Why the hub does not take, or not confirm, rows just now."""
        return self._trouble or self._stall

    async def run(self) -> None:
        """Send for ever; ends by being cancelled, or by JournalTrouble. To be called once."""
        self._transport.on_receipt = self._hear
        async with self._transport:
            try:
                if self._flight.taken:  # receipts may have come before a restart
                    await self._ask()
                while True:
                    try:
                        await self._work()
                        await self._wait()
                    except JournalFull as why:
                        self._put_off(Later(str(why)))
            finally:
                tasks = [*self._sending, *self._waits.values()]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def acknowledged(self, seq: int) -> None:
        """Return when the hub holds every row up to `seq`."""
        while self._journal.cursor(CONFIRMED) < seq:
            await self._progress.wait()

    def _take_up(self, hash: bytes = b"") -> None:
        """Go on from where the journal says that we are; hash: of the row that is confirmed, as the hub told it."""
        confirmed = self._journal.cursor(CONFIRMED)
        sent = max(confirmed, self._journal.cursor(SENT))
        self._flight = Flight(confirmed, self._journal.cuts(confirmed), sent)
        self._kept = (confirmed, sent)  # as the journal has it
        self._cutter.begin(confirmed, hash)
        # the hub knows the hash of a row that stands here no longer: it is asked before anything follows that row
        self._doubt = not hash and own_hash(self._journal, confirmed) is None

    async def _work(self) -> None:
        """Do all that can be done at once."""
        heard, self._heard = self._heard, []
        for receipt in heard:
            await self._heed(receipt)
        if self._doubt and self._later is None:
            await self._compare()
        if self._later is not None or self._doubt:
            await self._keep([])
            return
        window = 1 if self._trouble else self._transport.window
        self._pass_branch()
        await self._keep(self._cutter.cuts(self._flight, window))
        while self._flight.waiting and len(self._sending) < window:
            self._send(self._flight.start())

    async def _wait(self) -> None:
        """Return when something has happened, and been dealt with."""
        self._await("heard", self._hearing.wait)
        self._await("look", lambda: self._look(LOOK_S))
        self._await("grown", lambda: self._journal.grown_beyond(self._journal.head()))
        if self._later is not None and not self._sending:
            seconds = self._later.at_least_s
            self._await("pause", lambda: self._pause(self._pauses.next_s(seconds)))
        waits = self._waits
        done, _ = await asyncio.wait(
            [*self._sending, *waits.values()], return_when=asyncio.FIRST_COMPLETED
        )
        happened = [name for name, wait in waits.items() if wait in done]
        for name in happened:
            waits.pop(name).result()
        if "heard" in happened:
            self._hearing.clear()
        if "pause" in happened:
            self._later = None
        for task in [task for task in self._sending if task in done]:
            await self._landed(self._sending.pop(task), task.result())
        if "look" in happened:
            await self._look_around()

    def _await(self, name: str, what: Callable[[], Awaitable[object]]) -> None:
        if name not in self._waits:
            self._waits[name] = asyncio.ensure_future(_awaited(what()))

    def _send(self, leg: Leg) -> None:
        batch = self._cutter.batch(leg)
        if batch is None:  # rows have been given up since it was cut
            log.info("batches are cut anew behind row %d", self._flight.confirmed)
            self._flight = Flight(self._flight.confirmed)
            return
        sending = asyncio.create_task(self._transport.send(batch, leg.attempt))
        self._sending[sending] = leg

    async def _landed(self, leg: Leg, step: Step) -> None:
        """What came of a batch."""
        if isinstance(step, Held):
            await self._heed(step.receipt, leg.since)
        if isinstance(step, Held | Taken):
            self._recover()
        if leg.replay:
            await self._replay_landed(leg, step)
        elif leg not in self._flight.flying:  # confirmed already, or cut anew
            return
        elif isinstance(step, Held | Taken):
            self._flight.take(leg)
            if leg.refused is not None:
                await self._refuse(leg, leg.refused)
        elif isinstance(step, Later):
            self._flight.back(leg)
            self._put_off(step)
        else:
            reason = step.reason if isinstance(step, SetAside) else "the hub takes no such batch"
            await self._refuse(leg, reason)

    async def _refuse(self, leg: Leg, reason: str) -> None:
        """The hub does not take this batch: halve it, down to the one row that is then set aside."""
        self._flight.back(leg)
        pieces = self._cutter.pieces(leg)
        if len(pieces) > 1:
            middle = len(pieces) // 2
            self._cutter.shrink(middle)
            halves = [(leg.first, end(pieces[middle - 1])), (pieces[middle][0], leg.last)]
            await self._journal.cut(halves)
            self._flight.split(leg, halves)
        elif isinstance(pieces[0], Row) and not self._cutter.is_withheld(leg.first):
            await self._set_aside(leg.first, reason)
        else:
            self._put_off(Later(reason))

    async def _set_aside(self, seq: int, reason: str) -> None:
        log.error("row %d is set aside: %s", seq, reason)
        await self._journal.set_aside(seq, reason)

    def _hear(self, receipt: Receipt) -> None:
        self._heard.append(receipt)
        self._hearing.set()

    async def _heed(self, receipt: Receipt, since: int = 0) -> None:
        """Take a receipt into account. since: what was confirmed when the question for it went out; less is a loss."""
        flight, branch = self._flight, self._cutter.branch
        if receipt.journal != branch.id:
            return
        if receipt.refused is not None:
            await self._refused(receipt.refused, receipt.missing)
        is_beyond = branch.last is not None and receipt.watermark > branch.last
        if receipt.forked or is_beyond or not agrees(self._journal, branch, receipt):
            self._doubt = True
        elif receipt.watermark > flight.confirmed:
            flight.confirm(receipt.watermark)
            self._cutter.begin(receipt.watermark, receipt.hash)
            self._stall = None
            for leg in self._patience.confirmed(receipt.watermark):
                flight.back(leg)
        elif max(receipt.watermark, branch.after) < since:
            self._doubt = True

    async def _refused(self, reason: str, missing: tuple[tuple[int, int], ...]) -> None:
        """The hub refuses one batch that the transport took, or this gateway."""
        if len(missing) != 1:
            self._stall = f"the hub refuses this gateway: {reason}"
            self._put_off(Later(self._stall))
            return
        leg = self._flight.find(*missing[0])
        if leg is None:
            first, last = missing[0]
            if first == last <= self._flight.confirmed:  # out of quarantine, and refused again
                await self._set_aside(first, reason)
        elif leg in self._flight.flying:
            leg.refused = reason
        else:
            await self._refuse(leg, reason)

    async def _ask(self) -> bool:
        """Ask how far the hub is. False where that could not be learnt, or was other than we knew."""
        flight, branch = self._flight, self._cutter.branch
        known = flight.confirmed
        receipt = await self._transport.ask(branch.id, branch.last)
        if isinstance(receipt, Later):
            self._stall = f"the hub says nothing: {receipt.reason}"
            return False
        await self._heed(receipt, known)
        if self._doubt or flight.confirmed > known:
            return False
        self._stall = f"the hub holds rows up to {known} only" if flight.taken else None
        self._missing = receipt.missing
        return True

    async def _compare(self) -> None:
        """Find out what the hub and this journal have in common, and go on from there."""
        journal, confirmed = self._journal, self._flight.confirmed
        found = await common(journal, self._transport.ask)
        if isinstance(found, Later):
            self._put_off(found)
            return
        self._doubt = False
        if found.seq > confirmed:
            await journal.confirm(found.seq)
            self._wake()
        elif found.seq < confirmed:
            log.warning("the hub lacks rows from %d on: sending them again", found.seq + 1)
            await asyncio.gather(
                journal.move_cursor(CONFIRMED, found.seq), journal.move_cursor(SENT, found.seq)
            )
        if found.forked:
            log.error("%s: it goes on under a new id behind row %d", _COPY, found.seq)
            await journal.branch(found.seq)
            self._put_off(Later(_COPY))  # a hub that errs must not have us branch without end
        if found.forked or found.seq != confirmed:
            self._take_up(found.hash)
        else:
            self._cutter.begin(confirmed, found.hash)

    def _pass_branch(self) -> None:
        """Go on to the rows of the next id where those of an older one are confirmed, or can no longer be told."""
        flight, last = self._flight, self._cutter.branch.last
        if last is not None and not flight and not self._cutter.cuts(flight, 1):
            flight.confirm(max(last, flight.confirmed))
            self._cutter.begin(flight.confirmed)

    async def _keep(self, cuts: list[tuple[int, int]]) -> None:
        """Make durable, in one go, how far we are and what is cut; then the cuts count."""
        flight, journal = self._flight, self._journal
        kept = (flight.confirmed, flight.sent)
        notes = [journal.cut(cuts)] if cuts else []
        if kept[0] != self._kept[0]:
            notes.append(journal.confirm(kept[0]))
        if kept[1] != self._kept[1]:
            notes.append(journal.move_cursor(SENT, kept[1]))
        await asyncio.gather(*notes)
        flight.add(cuts)
        if kept != self._kept:
            self._kept = kept
            self._wake()

    def _wake(self) -> None:
        """Let those look who wait for what is acknowledged."""
        self._progress.set()
        self._progress = asyncio.Event()

    async def _look_around(self) -> None:
        """What is done now and then."""
        if self._patience.is_over(self._flight.confirmed, bool(self._flight.taken)):
            owed = self._flight.owed()
            if owed:
                log.warning("nothing is confirmed behind row %d: asking", self._flight.confirmed)
            if await self._ask() and owed:
                for leg in self._patience.suspect(owed, self._missing):
                    self._flight.back(leg)
        await self._replay()

    async def _replay(self) -> None:
        """Offer the hub a row out of quarantine, where one is to be replayed and none is under way."""
        if self._later is not None or any(leg.replay for leg in self._sending.values()):
            return
        for seq in self._journal.replays():
            if seq <= self._flight.confirmed:
                leg = self._flight.start_replay(seq, 1 + int(self._uniform(0, 1 << 31)))
                if isinstance(self._cutter.pieces(leg)[0], Row):
                    self._send(leg)
                    return
                self._flight.flying.discard(leg)
                log.warning("row %d is no longer in the journal: it cannot be replayed", seq)
                await self._journal.replayed(seq)

    async def _replay_landed(self, leg: Leg, step: Step) -> None:
        self._flight.flying.discard(leg)
        if isinstance(step, SetAside):
            await self._set_aside(leg.first, step.reason)
        elif isinstance(step, Later):
            self._put_off(step)
            return
        else:
            log.info("row %d is out of quarantine", leg.first)
            await self._journal.replayed(leg.first)
        await self._replay()

    def _put_off(self, step: Later) -> None:
        if self._trouble != step.reason:
            log.warning("the hub takes no rows: %s", step.reason)
        self._trouble = step.reason
        if self._later is None or self._later.at_least_s < step.at_least_s:
            self._later = step

    def _recover(self) -> None:
        """The hub, or the way to it, has taken a batch."""
        if self._trouble is not None:
            log.warning("the hub takes rows again")
        self._trouble = None
        self._pauses.reset()
        self._cutter.grow()


async def _awaited(what: Awaitable[object]) -> object:
    return await what
