"""A fixed RAIN reader over LLRP, as a RainPort.

Looking for tags is one ROSpec; TID and USER words that the reader does not tell by itself are reads of an AccessSpec.
An access is AccessSpecs on a ROSpec that singles out its tag, started for as long as it takes. Times are our clock's.
"""

import asyncio
import logging
import random
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from edge import gen2
from gateway.llrp import specs
from gateway.llrp.message import Parameter
from gateway.llrp.reports import TagReport
from gateway.llrp.vendors import IMPINJ
from gateway.model import GpiChange, Inventory, ReaderGone, Select, Sighting
from gateway.readers.llrp_access import Access
from gateway.readers.llrp_inbox import Arrival
from gateway.readers.llrp_link import ANSWER_S, backoff_s
from gateway.readers.llrp_session import Host, Session
from gateway.readers.rainport import RainLimits

log = logging.getLogger(__name__)

PORT = 5084  # IANA: llrp
KEEPALIVE_S = 5.0
ACCESS_S = 2.0  # an access that came no further for so long has lost its tag

_WELL_S = 60.0  # a connection that ends sooner after it was made has not been of use

_END_S = 0.5  # that a reader may end a timed ROSpec later than we count
_TID_WORDS = 6  # reach to the end of a serial of 48 bits behind an XTID
_TID_OP, _USER_OP = 1, 2  # OpSpecIDs; those of accesses are larger
_ENDED = 1  # ROSpecEvent
_SERIALIZED_TID, _PEAK_RSSI = 55, 57  # of Impinj, in reports


class LlrpPort:
    """A RainPort; tls: see gateway.readers.llrp_link.tls_context. name: in texts, else HOST:PORT."""

    def __init__(
        self,
        host: str,
        port: int = PORT,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
        name: str = "",
        *,
        keepalive_s: float = KEEPALIVE_S,
        access_s: float = ACCESS_S,
        answer_s: float = ANSWER_S,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """answer_s: the reader has for a response. keepalive_s: between its keepalives; some missed, it is gone.

        chance: 0 to 1, so that readers lost together do not come back together.
        """
        self._name = name or f"{host}:{port}"
        self._host = Host(host, port, tls, clock, self._name, answer_s)
        self._keepalive_s = keepalive_s
        self._access_s = access_s
        self._chance = chance
        self._open: Session | None = None
        self._want = Inventory()  # the last: accesses use its antennas and power
        self._opened_at = 0.0
        self._failures = 0  # connections in a row that ended soon
        self._trouble = ""
        self._not_before = 0.0  # of the loop's clock, as _opened_at

    @property
    def limits(self) -> RainLimits:
        """What the open reader can do. ReaderGone."""
        can = self._session().can
        return RainLimits(
            model=can.name,
            antennas=can.antennas,
            power_dbm=can.power_dbm,
            block_write=can.block_write,
            read_words=can.profile.read_words * can.ops,
            write_words=can.profile.write_words * can.ops,
            gpis=can.gpis,
            gpos=can.gpos,
        )

    async def open(self) -> None:
        """One attempt. ReaderGone, ReaderBusy; CannotDo where the reader refuses what every reader must take.

        A reader that fails soon after each opening is left alone meanwhile: ReaderGone, with why it failed.
        """
        await self.close()
        now = asyncio.get_running_loop().time
        if now() < self._not_before:
            raise ReaderGone(self._trouble)
        self._open = await self._host.open(self._keepalive_s)
        self._opened_at = now()

    async def close(self) -> None:
        """Leave the reader silent. Never raises; closing twice is harmless."""
        session, self._open = self._open, None
        if session is None:
            return
        self._judge(session.link.trouble)
        try:
            await session.uninstall()
        except ReaderGone as why:
            log.debug("closing: %s", why)
        await session.link.close()

    async def watch(self, want: Inventory) -> AsyncGenerator[list[Sighting | GpiChange], None]:
        """Look for tags until the iterator is closed. CannotDo; ReaderGone."""
        async with self._looking(want) as look:
            while True:
                batch = await look.next()
                if batch:
                    yield batch

    async def inventory(self, want: Inventory, duration_s: float) -> list[Sighting]:
        """Look for tags for so long, by the reader's own measure where it keeps one: every report. CannotDo."""
        found: list[Sighting | GpiChange] = []
        async with self._looking(want, duration_s) as look:
            try:
                async with asyncio.timeout(duration_s + _END_S):
                    while not look.is_over:
                        found += await look.next()
            except TimeoutError:
                pass
            found += await look.rest()
        return [each for each in found if isinstance(each, Sighting)]

    async def read(
        self, select: Select, bank: int, word: int, count: int, password: int = 0
    ) -> bytes:
        """2 * count bytes of one tag. TagGone; TagTooSmall, TagLocked, WrongPassword."""
        return await self._access(select, password).read(bank, word, count)

    async def write(
        self,
        select: Select,
        bank: int,
        word: int,
        data: bytes,
        password: int = 0,
        block_words: int | None = None,
    ) -> None:
        """A run of whole words, resumed where the tag came back. TagGone; TagRefused.

        block_words: which the chip takes at once; 0: single words; None: as its TID says, where `select` is by TID.
        """
        await self._access(select, password).write(bank, word, data, block_words)

    async def lock(self, select: Select, mask: int, action: int, password: int = 0) -> None:
        """Gen2 Lock with 10 bits of mask and action each. TagGone; TagRefused."""
        await self._access(select, password).lock(mask, action)

    async def permalock(
        self, select: Select, word: int, count: int, block_words: int, password: int = 0
    ) -> None:
        """BlockPermalock of USER words, in whole blocks. CannotDo; TagGone; TagRefused."""
        await self._access(select, password).permalock(word, count, block_words)

    async def kill(self, select: Select, password: int) -> None:
        """Kill one tag for ever. TagGone; WrongPassword."""
        await self._access(select, 0).kill(password)

    async def set_gpo(self, port: int, level: bool) -> None:
        """Switch a general purpose output. CannotDo; ReaderGone."""
        session = self._session()
        await session.set(specs.output(session.can, port, level))

    def _judge(self, trouble: str) -> None:
        """How soon to open again a reader that ended its connection; trouble: why, "" where it did not."""
        now = asyncio.get_running_loop().time()
        if not trouble or now - self._opened_at > _WELL_S:
            self._failures = 0
            return
        if self._failures:  # one is no reason
            self._not_before = now + backoff_s(self._failures, self._chance())
        self._failures += 1
        self._trouble = trouble

    def _session(self) -> Session:
        if self._open is None:
            raise ReaderGone(f"{self._name}: not open")
        return self._open

    def _access(self, select: Select, password: int) -> Access:
        session = self._session()
        want = Inventory(
            antennas=self._want.antennas,
            power_dbm=self._want.power_dbm,
            tid=False,
            session=0,
            population=1,
            select=select,
        )
        if not session.can.filters:
            want = replace(want, select=None, population=self._want.population)
        return Access(session, want, select, password, self._access_s)

    @asynccontextmanager
    async def _looking(
        self, want: Inventory, duration_s: float | None = None
    ) -> AsyncIterator["_Look"]:
        session = self._session()
        self._want = want
        look = _Look(session, want)
        try:
            await look.begin(duration_s)
            yield look
        finally:
            session.link.want(False)
            try:
                await look.end()
            except ReaderGone as why:
                log.debug("%s", why)


class _Look:
    """One ROSpec's reports, as sightings."""

    def __init__(self, session: Session, want: Inventory) -> None:
        self.is_over = False
        self._session = session
        self._link = session.link
        self._want = want
        self._tells_tid = session.can.profile.fast_id  # it needs no read
        self._found: list[Sighting | GpiChange] = []  # before the first report
        self._levels: dict[int, bool] = {}  # of the inputs, as told
        only = want.antennas[0] if len(want.antennas) == 1 else 0
        self._last = (only, 0.0, 0)  # antenna, RSSI and PC of the last report

    async def begin(self, duration_s: float | None) -> None:
        session, want = self._session, self._want
        ro_spec = specs.inventory(session.can, want, duration_s)
        self._link.want(True)
        if want.gpi is not None:
            await session.set(specs.input_on(session.can, want.gpi))
        await session.install(ro_spec)
        await self._read_along()
        if want.gpi is None:
            await session.start()
            return
        is_high = await session.is_high(want.gpi)
        if is_high:
            await session.start_anyhow()
        self._found += self._level(want.gpi, is_high, self._link.clock())

    async def next(self) -> list[Sighting | GpiChange]:
        """What has come since the last call; may be empty. ReaderGone."""
        if self._found:
            found, self._found = self._found, []
            return found
        found = self._batch(await self._link.arrivals())
        if self._tells_tid and self._want.tid and self._is_without_tid(found):
            self._tells_tid = False
            await self._read_along()
        return found

    async def rest(self) -> list[Sighting | GpiChange]:
        """Stop, and what came until then."""
        await self._session.stop()
        return self._batch(self._link.arrived())

    async def end(self) -> None:
        """Leave the reader silent. ReaderGone."""
        await self._session.stop()
        if self._want.gpi is not None:
            await self._session.uninstall()

    async def _read_along(self) -> None:
        """An AccessSpec for what the reader does not tell by itself."""
        ops = []
        if self._want.tid and not self._tells_tid:
            ops.append(specs.reading(_TID_OP, gen2.TID, _TID_WORDS))
        if self._want.user_words:
            ops.append(specs.reading(_USER_OP, gen2.USER, self._want.user_words))
        if ops:
            await self._session.clear()
            await self._session.add(
                lambda id: specs.access(self._session.can, id, self._want.select, ops, once=False)
            )

    def _is_without_tid(self, found: Iterable[Sighting | GpiChange]) -> bool:
        """Whether a chip is there that does not tell its TID with its EPC."""
        return any(not each.tid for each in found if isinstance(each, Sighting))

    def _batch(self, arrivals: list[Arrival]) -> list[Sighting | GpiChange]:
        found: list[Sighting | GpiChange] = []
        for at, reports, event in arrivals:
            found += self._sightings(reports, at)
            if event is not None:
                found += self._change(event, at)
        return found

    def _sightings(self, reports: list[TagReport], at: float) -> list[Sighting]:
        """What a report leaves out is as in the one before it (LLRP 1.1, "TagReportData")."""
        found = []
        antenna, rssi_dbm, pc = self._last
        for report in reports:
            antenna = antenna if report.antenna is None else report.antenna
            rssi_dbm = rssi_dbm if report.rssi_dbm is None else report.rssi_dbm
            pc = pc if report.pc is None else report.pc
            epc, tid, user, fine_dbm = _whole_words(report.epc), b"", b"", rssi_dbm
            for maker, subtype, data in report.custom:
                if maker == IMPINJ and subtype == _SERIALIZED_TID:
                    tid = _whole_words(data[2 : 2 + 2 * int.from_bytes(data[:2])])
                elif maker == IMPINJ and subtype == _PEAK_RSSI:
                    fine_dbm = int.from_bytes(data[:2], signed=True) / 100
            for each in report.results:
                if each.op_spec_id == _TID_OP:
                    tid = each.data or tid
                elif each.op_spec_id == _USER_OP:
                    user = each.data
            own_pc = pc if pc >> 11 == len(epc) >> 1 else 0
            found.append(Sighting(epc, tid, antenna, fine_dbm, at, report.count, own_pc, user))
        self._last = antenna, rssi_dbm, pc
        return found

    def _change(self, event: Parameter, at: float) -> list[GpiChange]:
        """A GPI's change; the end of the ROSpec is noted."""
        ended = event.get("ROSpecEvent")
        if ended is not None and ended.number("EventType") == _ENDED:
            self.is_over = True
        gpi = event.get("GPIEvent")
        if gpi is None:
            return []
        return self._level(gpi.number("GPIPortNumber"), gpi.flag("GPIEvent"), at)

    def _level(self, port: int, level: bool, at: float) -> list[GpiChange]:
        """A change, unless that was known."""
        if self._levels.get(port) is level:
            return []
        self._levels[port] = level
        return [GpiChange(port, level, at)]


def _whole_words(data: bytes) -> bytes:
    """What a report tells of a bank, which has no half words."""
    return data + bytes(len(data) % gen2.WORD)
