"""The clerk: brings the register up to the ledger. Any number of clerks may run, each on other journals.

A journal's rows are entered in order of seq up to its watermark, in the transaction that moves the clerk's cursor in
that journal: a clerk that dies leaves nothing half. Rows whose content came late are entered when it has come.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from edge.errors import Malformed
from gateway.hub import alarms, conflicts, portion
from gateway.hub.clones import Travel
from gateway.hub.database import Database, Session, StoreTrouble
from gateway.hub.portion import Portion
from gateway.hub.register import Entry, Registrar
from gateway.hub.stubs import Stubs
from gateway.hub.tags import Tags

log = logging.getLogger(__name__)

_MOST_ROWS = {"postgres": 1000, "sqlite": 250}  # of one transaction; SQLite's holds up the ledger
_MOST_JOURNALS = 64  # of one transaction
_SHARE = 0.5  # of the time, while the ledger takes rows
_LONGEST_REST_S = 1.0
_POLL_S = 1.0  # another process may have taken rows
_AGAIN_S = 1.0  # after trouble with the database
_OTHERS_S = 0.05  # while another clerk is busy with what is left

_UNKNOWN = "FROM journals WHERE number NOT IN (SELECT journal FROM clerk)"
_WAITING = (
    "FROM clerk c WHERE c.seq < (SELECT j.watermark FROM journals j WHERE j.number = c.journal)"
    " OR EXISTS (SELECT 1 FROM late_rows l WHERE l.journal = c.journal AND l.seq <= c.seq)"
)
_WORK = (
    f"SELECT (SELECT count(*) {_UNKNOWN}), (SELECT count(*) {_WAITING}),"
    " (SELECT count(*) FROM conflicts WHERE alarmed = 0)"
)
_MEET = (
    "INSERT INTO clerk (journal, seq, visited_ns, senseless, stubs, products)"
    f" SELECT number, 0, 0, 0, 0, 0 {_UNKNOWN} ORDER BY number"
    " ON CONFLICT (journal) DO NOTHING"
)
_CLAIM = f"SELECT c.journal, c.seq {_WAITING} ORDER BY c.visited_ns, c.journal LIMIT $1"
_JOURNALS = "SELECT number, gateway, watermark FROM journals WHERE number = ANY($1)"
_UNMARK = "DELETE FROM late_rows WHERE journal = $1 AND seq = $2"
_MOVE = "UPDATE clerk SET seq = $2, visited_ns = $3, senseless = senseless + $4 WHERE journal = $1"
_RESET = "UPDATE clerk SET seq = 0, senseless = 0, stubs = 0, products = 0"
_TABLES = ("product_events", "products", "stubs", "tags", "tag_history")


def registrars(travel: Travel | None = None) -> list[Registrar]:
    """The register's own: products with their stubs, and tags."""
    return [Stubs(), Tags(travel)]


async def reset(database: Database) -> None:
    """Empty the register, so that the clerks make it anew; alarms that a person acknowledged stay.

    Every registrar gets every row again.
    """
    async with database.transaction() as session:
        await session.fetch(f"SELECT journal FROM clerk ORDER BY journal{database.locking}")
        for table in _TABLES:
            await session.execute(f"DELETE FROM {table}")
        await alarms.forget(session)
        await session.execute(_RESET)


class Clerk:
    """Call `run` in a task, and `wake` when the ledger has taken rows; or `settled` alone.

    registrars: get every row, in this order; what one cannot enter is left out and counted. clock: wall clock in ns.
    grown: an event that is set when the ledger has taken rows, instead of `wake`. While that goes on, `run` works for
    `share` of the time, so that rows are taken before they are registered. most_rows: of one transaction.
    """

    def __init__(
        self,
        database: Database,
        registrars: Sequence[Registrar],
        clock: Callable[[], int] = time.time_ns,
        grown: asyncio.Event | None = None,
        share: float = _SHARE,
        most_rows: int | None = None,
    ) -> None:
        self._database = database
        self._registrars = registrars
        self._clock = clock
        self._woken = grown or asyncio.Event()
        self._share = share
        self._most_rows = most_rows or _MOST_ROWS[database.engine]
        self._width = 1  # journals that are claimed at once
        self._single_steps = 0  # of one row, for one of the next rows cannot be entered
        self._left_out: set[tuple[int, int]] = set()  # (journal, seq)

    def wake(self) -> None:
        """There may be new rows."""
        self._woken.set()

    async def run(self) -> None:
        """Register for ever; trouble with the database is waited out."""
        trouble = ""
        while True:
            self._woken.clear()
            pause_s = _POLL_S
            try:
                while await self._timed_step():
                    trouble = ""
            except StoreTrouble as why:
                pause_s = _AGAIN_S
                if str(why) != trouble:
                    trouble = str(why)
                    log.warning("the register waits: %s", why)
            try:
                await asyncio.wait_for(self._woken.wait(), pause_s)
            except TimeoutError:
                pass

    async def settled(self) -> None:
        """Return when every row up to the watermarks is registered, by this or another clerk. Raises StoreTrouble."""
        while True:
            while await self.step():
                pass
            if not any(await self._work()):
                return
            await asyncio.sleep(_OTHERS_S)

    async def step(self) -> bool:
        """Register some rows; whether there was anything that no other clerk holds. Raises StoreTrouble."""
        unknown, waiting, untold = await self._work()
        if untold:
            await conflicts.tell(self._database)
        if unknown:
            async with self._database.transaction() as session:
                await session.execute(_MEET)
        elif not waiting:
            return untold > 0
        if self._single_steps:
            self._single_steps -= 1
            return await self._register(1, 1)
        return await self._register(self._width, self._most_rows)

    async def _timed_step(self) -> bool:
        """A step, and a rest behind it where the ledger took rows meanwhile."""
        started = time.monotonic()
        is_done = await self.step()
        if is_done and self._woken.is_set():
            self._woken.clear()
            busy_s = time.monotonic() - started
            await asyncio.sleep(min(busy_s * (1 / self._share - 1), _LONGEST_REST_S))
        return is_done

    async def _work(self) -> tuple[int, int, int]:
        """How many journals no clerk has met, how many have rows to register, how many conflicts are untold."""
        ((unknown, waiting, untold),) = await self._database.fetch(_WORK)
        return unknown, waiting, untold

    async def _register(self, width: int, most: int) -> bool:
        entries: list[Entry] = []
        try:
            async with self._database.transaction() as session:
                portions = await self._claim(session, width, most)
                if not portions:
                    return False
                entries = [e for each in portions for e in each.entries if not self._is_left_out(e)]
                for registrar in self._registrars:
                    await registrar.enter(session, entries)
                await self._move(session, portions)
        except Malformed as why:
            self._give_up_on(entries, why)
            return True
        self._left_out -= {_key(e) for each in portions for e in each.entries}
        self._width = self._next_width(len(entries))
        return True

    async def _claim(self, session: Session, width: int, most: int) -> list[Portion]:
        """Lock the cursors of at most `width` journals, those first where no clerk was for longest; read their rows."""
        claimed = await session.fetch(_CLAIM + self._database.skip_locked, width)
        numbers = [journal for journal, _ in claimed]
        journals = {
            number: (gateway, watermark)
            for number, gateway, watermark in await session.fetch(_JOURNALS, numbers)
        }
        found: list[Portion] = []
        room = most
        for journal, cursor in claimed:
            if room > 0:
                gateway, watermark = journals[journal]
                found.append(await portion.read(session, journal, gateway, cursor, watermark, room))
                room -= len(found[-1].entries)
        return found

    async def _move(self, session: Session, portions: Sequence[Portion]) -> None:
        marks = [(each.journal, seq) for each in portions for seq in each.late]
        if marks:
            await session.execute_many(_UNMARK, marks)
        now_ns = self._clock()
        for each in portions:
            senseless = each.senseless + sum(self._is_left_out(e) for e in each.entries)
            await session.execute(_MOVE, each.journal, each.end, now_ns, senseless)

    def _next_width(self, rows: int) -> int:
        """More journals where these had few rows, fewer where they had all that fits."""
        if rows >= self._most_rows:
            return max(1, self._width // 2)
        return min(_MOST_JOURNALS, self._width * 2) if rows < self._most_rows // 4 else self._width

    def _is_left_out(self, entry: Entry) -> bool:
        return _key(entry) in self._left_out

    def _give_up_on(self, entries: Sequence[Entry], why: Malformed) -> None:
        """Leave the entry out where it is alone; else find it by going on row by row."""
        if len(entries) > 1:
            self._single_steps = self._most_rows
            return
        for each in entries:
            log.error("row %d of journal %d is not registered: %s", each.row.seq, each.journal, why)
            self._left_out.add(_key(each))


def _key(entry: Entry) -> tuple[int, int]:
    return entry.journal, entry.row.seq
