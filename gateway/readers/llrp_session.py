"""An LLRP reader made ready: the version agreed on, its capabilities known, its settings ours, no spec left of others.

LLRP 1.1, "LLRP Operation" and "Protocol version negotiation". One ROSpec at a time, which stays while it is of use.
"""

import logging
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from edge.errors import Malformed
from gateway.llrp import capabilities, profiles, specs
from gateway.llrp.capabilities import Capabilities
from gateway.llrp.layout import Value
from gateway.llrp.message import VERSION_1_0_1, VERSION_1_1, Parameter
from gateway.model import ReaderGone
from gateway.readers.llrp_link import Link, Refused, connect

log = logging.getLogger(__name__)

_ALL = 0
_ANTENNA_CONFIGURATION, _GPI_STATE = 3, 9  # RequestedData of GET_READER_CONFIG
_HIGH = 1
_LAST_ID = 0xFFFF_FFFF
FIRST_OP, _LAST_OP = 16, 0xFFFF  # OpSpecIDs of accesses; smaller ones are the inventory's


class Session:
    """What the port asks of an open reader. Made by `start`."""

    def __init__(self, link: Link, can: Capabilities) -> None:
        self.link = link
        self.can = can
        self._ro_spec: Parameter | None = None  # which the reader holds, enabled
        self._may_hold_one = False
        self._is_active = False
        self._access_id = 0  # the last AccessSpec's
        self._has_access_specs = False
        self._op_id = _LAST_OP  # the last OpSpec's

    async def install(self, ro_spec: Parameter) -> None:
        """Let the reader hold this ROSpec, and no other, and nothing run. Refused, ReaderGone."""
        await self.stop()  # a cancelled call may have left something
        if ro_spec == self._ro_spec:
            return
        if self._may_hold_one:
            await self.uninstall()
        self._may_hold_one = True
        await self.link.ask("ADD_ROSPEC", ro_spec)
        await self.link.ask("ENABLE_ROSPEC", ROSpecID=specs.RO_SPEC)
        self._ro_spec = ro_spec

    async def start(self) -> None:
        """Start the ROSpec that is installed, where it was not started. Refused, ReaderGone."""
        if not self._is_active:
            self._is_active = True
            await self.link.ask("START_ROSPEC", ROSpecID=specs.RO_SPEC)

    async def start_anyhow(self) -> None:
        """As start(), where a trigger may just have done that. ReaderGone."""
        self._is_active = True
        await self.try_to("START_ROSPEC", ROSpecID=specs.RO_SPEC)

    async def stop(self) -> None:
        """Stop the ROSpec, where it has not stopped by itself, and delete the AccessSpecs. ReaderGone."""
        if self._is_active:
            await self.try_to("STOP_ROSPEC", ROSpecID=specs.RO_SPEC)
            self._is_active = False
        await self.clear()

    async def clear(self) -> None:
        """Delete the AccessSpecs that were added. ReaderGone."""
        if self._has_access_specs:
            await self.try_to("DELETE_ACCESSSPEC", AccessSpecID=_ALL)
            self._has_access_specs = False

    async def uninstall(self) -> None:
        """Let the reader hold no ROSpec: one with a trigger starts by itself."""
        self._ro_spec, self._is_active = None, False
        await self.try_to("DELETE_ROSPEC", ROSpecID=specs.RO_SPEC)
        self._may_hold_one = False

    async def add(self, make: Callable[[int], Parameter]) -> None:
        """Add and enable the AccessSpec that is made of a new id. Refused, ReaderGone."""
        self._access_id = self._access_id % _LAST_ID + 1
        self._has_access_specs = True
        try:
            await self.link.ask("ADD_ACCESSSPEC", make(self._access_id))
        except Refused as why:  # that id may be there already
            log.info("%s", why)
            await self.try_to("DELETE_ACCESSSPEC", AccessSpecID=_ALL)
            await self.link.ask("ADD_ACCESSSPEC", make(self._access_id))
        await self.link.ask("ENABLE_ACCESSSPEC", AccessSpecID=self._access_id)

    def op_id(self) -> int:
        """A new OpSpecID, so that a late result is no other's."""
        self._op_id = self._op_id + 1 if self._op_id < _LAST_OP else FIRST_OP
        return self._op_id

    async def set(self, *params: Parameter) -> None:
        """Change settings. Refused, ReaderGone."""
        await self.link.ask("SET_READER_CONFIG", *params, ResetToFactoryDefault=False)

    async def is_high(self, gpi: int) -> bool:
        """The level of an input now. Refused, ReaderGone."""
        response = await self.link.ask(
            "GET_READER_CONFIG",
            AntennaID=_ALL,
            RequestedData=_GPI_STATE,
            GPIPortNum=gpi,
            GPOPortNum=_ALL,
        )
        return any(
            each.number("GPIPortNum") == gpi and each.number("State") == _HIGH
            for each in response.all("GPIPortCurrentState")
        )

    async def try_to(self, name: str, **fields: Value) -> None:
        """Ask for what may be so already: a refusal is no fault. ReaderGone."""
        try:
            await self.link.ask(name, **fields)
        except Refused as why:
            log.debug("%s", why)


class Host:
    """Where a reader is, and what it was found to be. name: in texts."""

    def __init__(
        self,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        clock: Callable[[], float],
        name: str,
        answer_s: float,
    ) -> None:
        self._at = (host, port, tls, clock, name, answer_s)
        self._name = name
        self._is_old = False  # it hung up when asked for its versions

    async def open(self, keepalive_s: float) -> Session:
        """Connect, agree, ask, clear and set. ReaderGone, ReaderBusy; Refused."""
        link = await self._connect()
        with ExitStack() as left:
            left.callback(link.abort)
            can = await _capabilities(link)
            log.info("%s: %s, %d antennas", self._name, can.name, can.antennas)
            session = Session(link, can)
            await session.try_to("DELETE_ACCESSSPEC", AccessSpecID=_ALL)
            await session.try_to("DELETE_ROSPEC", ROSpecID=_ALL)
            await session.set(*specs.settings(can, round(keepalive_s * 1000)))
            link.keep_alive(keepalive_s)
            if can.holds_reports:
                link.tell("ENABLE_EVENTS_AND_REPORTS")
            left.pop_all()
        return session

    async def _connect(self) -> Link:
        link = await connect(*self._at)
        if self._is_old:
            return link
        with ExitStack() as left:
            left.callback(link.abort)
            try:
                await _agree(link)
                left.pop_all()
                return link
            except ReaderGone as why:
                log.info("%s; taken for a reader of LLRP 1.0.1", why)
        self._is_old = True
        return await connect(*self._at)


async def _agree(link: Link) -> None:
    """Speak 1.1 where the reader does; both messages are of 1.1 themselves."""
    link.version = VERSION_1_1
    try:
        response = await link.ask("GET_SUPPORTED_VERSION")
        if response.number("SupportedVersion") >= VERSION_1_1:
            await link.ask("SET_PROTOCOL_VERSION", ProtocolVersion=VERSION_1_1)
            return
    except Refused as why:
        log.debug("%s", why)
    link.version = VERSION_1_0_1


async def _capabilities(link: Link) -> Capabilities:
    told = await link.ask("GET_READER_CAPABILITIES", RequestedData=_ALL)
    try:
        can = capabilities.read(told)
    except Malformed as why:
        raise ReaderGone(f"{link.name}: {why}") from why
    if can.profile.extensions:
        try:
            await link.ask("IMPINJ_ENABLE_EXTENSIONS")
        except Refused as why:
            log.warning("%s; going on without them", why)
            can = replace(can, profile=profiles.GENERIC)
    try:
        return can.with_channel(
            await link.ask(
                "GET_READER_CONFIG",
                AntennaID=_ALL,
                RequestedData=_ANTENNA_CONFIGURATION,
                GPIPortNum=_ALL,
                GPOPortNum=_ALL,
            )
        )
    except Refused as why:
        log.info("%s", why)
        return can
