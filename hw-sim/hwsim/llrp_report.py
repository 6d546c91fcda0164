"""TagReportData: what a ROReportSpec wants of it, each tag's encoded once, and what waits to be reported.

LLRP "Reports, notifications and keepalives": sightings of one tag that differ in nothing that is reported are one
TagReportData, with first and last time and a count; the results of an AccessSpec are one of their own.
"""

from dataclasses import dataclass
from operator import attrgetter
from struct import Struct

from hwsim.llrp_bytes import Bits, Node, custom, encode, make, parameters
from hwsim.llrp_models import IMPINJ
from hwsim.rainfield import Heard

IMPINJ_CONTENT, IMPINJ_ENABLE_TID, IMPINJ_ENABLE_PHASE, IMPINJ_ENABLE_RSSI = 50, 51, 52, 53
IMPINJ_TID, IMPINJ_PHASE, IMPINJ_RSSI = 55, 56, 57
_TAG_REPORT_DATA = Struct(">HH")  # type and length


@dataclass(frozen=True)
class Content:
    """Which fields a TagReportData has."""

    rospec_id: bool
    spec_index: bool
    inventory_spec_id: bool
    antenna: bool
    channel: bool
    rssi: bool
    first_seen: bool
    last_seen: bool
    count: bool
    access_spec_id: bool
    crc: bool
    pc: bool
    tid: bool
    phase: bool
    fine_rssi: bool

    @classmethod
    def of(cls, spec: Node, extended: bool) -> "Content":
        """spec: a ROReportSpec; extended: Impinj's extensions are on."""
        selector = spec.one("TagReportContentSelector")
        memory = selector.find("C1G2EPCMemorySelector")
        vendor = spec.vendor(IMPINJ, IMPINJ_CONTENT) or selector.vendor(IMPINJ, IMPINJ_CONTENT)
        on = {
            each.number("ParameterSubtype")
            for each in (parameters(vendor) if vendor and extended else [])
            if each.name == "Custom" and any(each.raw("Data")[:2])
        }
        flags = [
            bool(selector.number("Enable" + name))
            for name in (
                "ROSpecID",
                "SpecIndex",
                "InventoryParameterSpecID",
                "AntennaID",
                "ChannelIndex",
                "PeakRSSI",
                "FirstSeenTimestamp",
                "LastSeenTimestamp",
                "TagSeenCount",
                "AccessSpecID",
            )
        ]
        flags += [
            memory is not None and bool(memory.number(name))
            for name in ("EnableCRC", "EnablePCBits")
        ]
        flags += [
            subtype in on
            for subtype in (IMPINJ_ENABLE_TID, IMPINJ_ENABLE_PHASE, IMPINJ_ENABLE_RSSI)
        ]
        return cls(*flags)


@dataclass(frozen=True)
class Place:
    """Where in the ROSpecs a sighting happened."""

    rospec_id: int
    spec_index: int
    inventory_spec_id: int
    antenna: int


class Template:
    """The report of one tag at one place: all but RSSI, channel, times and count are encoded once."""

    __slots__ = ("_fields", "_head", "_pack", "_tail", "size")

    def __init__(self, content: Content, place: Place, said: bytes, crc: int, tid: bytes) -> None:
        """said: PC and EPC as the tag has told them."""
        epc = said[2:]
        whole = make("EPCData", EPC=Bits(8 * len(epc), epc))
        head = b"\x8d" + epc if len(epc) == 12 else encode(whole)
        for wanted, name, value in (
            (content.rospec_id, "ROSpecID", place.rospec_id),
            (content.spec_index, "SpecIndex", place.spec_index),
            (content.inventory_spec_id, "InventoryParameterSpecID", place.inventory_spec_id),
            (content.antenna, "AntennaID", place.antenna),
        ):
            if wanted:
                head += encode(make(name, **{name: value}))
        tail = b""
        if content.pc:
            tail += b"\x8c" + said[:2]
        if content.crc:
            tail += b"\x8b" + crc.to_bytes(2, "big")
        if content.tid:
            data = (len(tid) // 2).to_bytes(2, "big") + tid
            tail += encode(custom(IMPINJ, IMPINJ_TID, data))
        asked = [
            (type, name, kind)
            for on, type, name, kind in (
                (content.rssi, 6, "rssi", "b"),
                (content.channel, 7, "channel", "H"),
                (content.first_seen, 2, "first_us", "Q"),
                (content.last_seen, 4, "last_us", "Q"),
                (content.count, 8, "count", "H"),
            )
            if on
        ]
        changing = Struct(">" + "".join("B" + kind for _, _, kind in asked))
        self._fields = [(0x80 | type, attrgetter(name)) for type, name, _ in asked]
        self._pack = changing.pack
        self._head = head
        self._tail = tail
        self.size = 4 + len(head) + changing.size + len(tail)

    def data(self, seen: "Seen") -> bytes:
        """The TagReportData."""
        values: list[int] = []
        for type, value_of in self._fields:
            values += (type, value_of(seen))
        start = _TAG_REPORT_DATA.pack(240, self.size + len(seen.more))
        return b"".join((start, self._head, self._pack(*values), self._tail, seen.more))


class Seen:
    """A TagReportData to be: one tag, since the last report."""

    __slots__ = ("channel", "count", "first_us", "last_us", "more", "rssi", "template")

    def __init__(
        self, template: Template, rssi: int, channel: int, at_us: int, more: bytes = b""
    ) -> None:
        self.template = template
        self.rssi = rssi  # the highest, in dBm
        self.channel = channel
        self.first_us = self.last_us = at_us
        self.count = 1
        self.more = more  # AccessSpecID, OpSpecResults and the vendor's own

    def again(self, rssi: int, at_us: int) -> None:
        """The same tag once more."""
        self.rssi = max(self.rssi, rssi)
        self.last_us = at_us
        self.count = min(self.count + 1, 0xFFFF)


class Waiting:
    """What is to be reported."""

    def __init__(self) -> None:
        self._seen: dict[object, Seen] = {}
        self.bytes = 0
        self.closed = False  # nothing new finds room

    def __len__(self) -> int:
        return len(self._seen)

    def add(
        self, template: Template, rssi: int, channel: int, at_us: int, more: bytes = b""
    ) -> bool:
        """A sighting; False where it finds no room."""
        seen = self._seen.get(template)
        if seen is not None:
            seen.again(rssi, at_us)
            return True
        return self._add(template, Seen(template, rssi, channel, at_us, more))

    def append(self, seen: Seen) -> bool:
        """One of its own."""
        return self._add(seen, seen)

    def _add(self, key: object, seen: Seen) -> bool:
        if not self.closed:
            self._seen[key] = seen
            self.bytes += seen.template.size + len(seen.more)
        return not self.closed

    def take(self) -> bytes:
        """The body of a report."""
        body = b"".join([each.template.data(each) for each in self._seen.values()])
        self._seen.clear()
        self.bytes = 0
        return body


def vendor_fields(content: Content, heard: Heard, phase: int) -> bytes:
    """Impinj's RSSI in hundredths of a dBm and phase in 4096ths of a turn."""
    out = b""
    if content.phase:
        out += encode(custom(IMPINJ, IMPINJ_PHASE, phase.to_bytes(2, "big")))
    if content.fine_rssi:
        value = round(100 * heard.rssi_dbm) & 0xFFFF
        out += encode(custom(IMPINJ, IMPINJ_RSSI, value.to_bytes(2, "big")))
    return out
