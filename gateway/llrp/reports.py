"""The tag reports of an RO_ACCESS_REPORT, fast: the one LLRP message that comes a thousand times a second.

LLRP 1.1, "TagReportData". A reader repeats one layout: same parameters, same lengths. So where a report is as long as
the one before it, the layout of that is compiled to one struct, all its type and length bytes are compared in a column
each, and the run is unpacked at once. Everything else goes through the loop over a report's parameters. Both accept
what gateway/llrp/codec.py accepts, and refuse what it refuses.
"""

import struct
from collections.abc import Iterable
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

from edge.errors import Malformed
from gateway.llrp import codec, rows

RO_ACCESS_REPORT = 61

_TAG_REPORT_DATA = 240
_EPC_DATA = 241
_HEAD = struct.Struct(">HH")
_IDS = struct.Struct(">II")
_TYPE = 0x3FF
_TV = 0x80
_SHORTEST = 4  # reports: a run shorter than this is not worth its layout
_WINDOW = (
    16  # reports that are looked at first; twice as many as long as all of them have one layout
)
_PATIENCE = 8  # runs that end early before a message is read report by report


class OpResult(NamedTuple):
    """What came of one operation on the tag. kind, result: as in gateway.llrp.codes ("Read", "BlockWrite", ...).

    data: the words read, or a GetBlockPermalockStatus; words: how many were written.
    """

    kind: str
    op_spec_id: int
    result: int
    data: bytes = b""
    words: int = 0


class Custom(NamedTuple):
    """A vendor's parameter as it came (gateway/llrp/vendors.py)."""

    vendor: int
    subtype: int
    data: bytes


class TagReport(NamedTuple):
    """One TagReportData; None: it does not say. A reader may leave out what has not changed since its last report.

    epc: its bits, padded to whole bytes; first_seen_us, last_seen_us: of the reader's clock, UTC or since its start.
    count: how often it was seen, 1 where that is not told.
    """

    epc: bytes
    pc: int | None = None
    crc: int | None = None
    antenna: int | None = None
    rssi_dbm: int | None = None
    channel: int | None = None
    first_seen_us: int | None = None
    last_seen_us: int | None = None
    count: int = 1  # type: ignore[assignment]  # a report has no use for tuple.count
    rospec_id: int | None = None
    access_spec_id: int | None = None
    results: tuple[OpResult, ...] = ()
    custom: tuple[Custom, ...] = ()


_PLAIN = ("pc", "crc", "antenna", "rssi_dbm", "channel", "first_seen_us", "last_seen_us", "count")
_SLOTS = ("epc", *_PLAIN, "rospec_id", "access_spec_id")  # of TagReport, in its order
_NOTHING = (None, None, None, None, None, None, None, None, 1, None, None)


class _Tv(NamedTuple):
    """A TV parameter: its code in a struct, its size with the type byte, where in TagReport it goes (-1: nowhere)."""

    code: str
    size: int
    slot: int
    struct: struct.Struct


def _tv(code: str, name: str = "") -> _Tv:
    made = struct.Struct(">" + code)
    return _Tv(code, 1 + made.size, _SLOTS.index(name) if name else -1, made)


_TVS = {
    _TV | 1: _tv("H", "antenna"),
    _TV | 2: _tv("Q", "first_seen_us"),
    _TV | 3: _tv("Q", "first_seen_us"),
    _TV | 4: _tv("Q", "last_seen_us"),
    _TV | 5: _tv("Q", "last_seen_us"),
    _TV | 6: _tv("b", "rssi_dbm"),
    _TV | 7: _tv("H", "channel"),
    _TV | 8: _tv("H", "count"),
    _TV | 9: _tv("I", "rospec_id"),
    _TV | 10: _tv("2x"),
    _TV | 11: _tv("H", "crc"),
    _TV | 12: _tv("H", "pc"),
    _TV | 13: _tv("12s", "epc"),
    _TV | 14: _tv("2x"),
    _TV | 15: _tv("2x"),
    _TV | 16: _tv("I", "access_spec_id"),
    _TV | 17: _tv("2x"),
    _TV | 18: _tv("4x"),
    _TV | 19: _tv("2x"),
    _TV | 20: _tv("2x"),
}

_NONE, _WORDS, _DATA = range(3)  # what follows result and OpSpecID
_RESULTS = {
    349: ("Read", _DATA),
    350: ("Write", _WORDS),
    351: ("Kill", _NONE),
    352: ("Lock", _NONE),
    353: ("BlockErase", _NONE),
    354: ("BlockWrite", _WORDS),
    360: ("Recommission", _NONE),
    361: ("BlockPermalock", _NONE),
    362: ("GetBlockPermalockStatus", _DATA),
}
_RESULT = (struct.Struct(">BH"), struct.Struct(">BHH"), struct.Struct(">BHH"))

_IS_TV = (
    1 << 10
)  # beside the first byte of a TV parameter, for there are TLV types of that number too

Shape = tuple[tuple[int, int, int], ...]  # of each parameter: type, size, count of bits or words


class _Odd(Exception):
    """Not a report as we know them; the codec says what is wrong."""


def reports(body: bytes) -> list[TagReport]:
    """The tag reports in the body of an RO_ACCESS_REPORT, in order; what else it holds is checked and passed over.

    Raises Malformed, which names the parameter and its offset, as the codec does; also for a report without an EPC.
    Each report takes 10 bytes at the least: the caller's ceiling on a message is one on reports.
    """
    found: list[TagReport] = []
    at, end, patience = 0, len(body), _PATIENCE
    try:
        while at < end:
            if body[at] & _TV or end - at < _HEAD.size:
                at = _passed(body, at, end, 1)
                continue
            type, length = _HEAD.unpack_from(body, at)
            stop = at + length
            if type & _TYPE != _TAG_REPORT_DATA or not at + 4 <= stop <= end:
                at = _passed(body, at, end, 1)
                continue
            if (
                patience
                and (end - at) // length >= _SHORTEST
                and body[stop : stop + 4] == body[at : at + 4]
            ):
                run = _run(body, at, stop)
                if len(run) >= _SHORTEST:
                    found += run
                    at += len(run) * length
                    continue
                patience -= 1
            found.append(_report(body, at + 4, stop))
            at = stop
    except _Odd:
        raise _fault(body, at) from None
    return found


def _report(body: bytes, at: int, end: int) -> TagReport:
    """One report, parameter by parameter."""
    values: list[bytes | int | None] = list(_NOTHING)
    results: list[OpResult] = []
    custom: list[Custom] = []
    while at < end:
        tv = _TVS.get(body[at])
        if tv is not None:
            if at + tv.size > end:
                raise _Odd
            if tv.slot >= 0:
                (values[tv.slot],) = tv.struct.unpack_from(body, at + 1)
            at += tv.size
            continue
        type, size, count = _tlv(body, at, end)
        stop = at + size
        if type == _EPC_DATA:
            values[0] = body[at + 6 : stop]
        elif type in _RESULTS:
            kind, rest = _RESULTS[type]
            result, id = _RESULT[_NONE].unpack_from(body, at + 4)
            if rest == _WORDS:
                results.append(OpResult(kind, id, result, b"", count))
            else:
                results.append(OpResult(kind, id, result, body[at + 9 : stop] if rest else b""))
        elif type == rows.CUSTOM:
            vendor, subtype = _IDS.unpack_from(body, at + 4)
            custom.append(Custom(vendor, subtype, body[at + 12 : stop]))
        elif type in rows.TLV_BY_TYPE:
            _passed(body, at, end, 2)
        at = stop
    if values[0] is None:
        raise _Odd
    return TagReport._make((*values, tuple(results), tuple(custom)))


def _tlv(body: bytes, at: int, end: int) -> tuple[int, int, int]:
    """(type, size, count of bits or words) of the TLV parameter there, whose lengths agree; else _Odd."""
    if end - at < 4:
        raise _Odd
    type, size = _HEAD.unpack_from(body, at)
    least = 4
    count = 0
    if type & 0x8000 or size < 4 or at + size > end:
        raise _Odd
    type &= _TYPE
    if type == _EPC_DATA:
        count = _count(body, at + 4, at + size)
        least = 6 + (count + 7) // 8
    elif type in _RESULTS:
        rest = _RESULTS[type][1]
        least = 4 + _RESULT[rest].size
        if rest and size >= least:
            count = _count(body, at + 7, at + size)
        if rest == _DATA:
            least += 2 * count
    elif type == rows.CUSTOM:
        if size < 12:
            raise _Odd
        return type, size, count
    else:
        return type, size, count
    if size != least:
        raise _Odd
    return type, size, count


def _count(body: bytes, at: int, end: int) -> int:
    if end - at < 2:
        raise _Odd
    return body[at] << 8 | body[at + 1]


def _passed(body: bytes, at: int, end: int, depth: int) -> int:
    """Where a parameter ends that is none of ours; Malformed where the codec would not take it."""
    try:
        return codec.Reader(body).parameter(at, end, depth)[1]
    except Malformed:
        raise _Odd from None


def _fault(body: bytes, at: int) -> Malformed:
    """What the codec says of a body in which something is wrong from `at` on."""
    try:
        codec.decode_body(RO_ACCESS_REPORT, 0, codec.VERSION_1_0_1, body)
    except Malformed as why:
        return why
    return Malformed(f"RO_ACCESS_REPORT: TagReportData at {codec.HEAD + at}: it has no EPC")


def _run(body: bytes, at: int, stop: int) -> list[TagReport]:
    """The reports from `at` on that have the layout of the first, which ends at `stop`; none where it has none."""
    shape = _shape(body, at + 4, stop)
    layout = _layout(shape) if shape is not None else None
    return layout.run(body, at) if layout is not None else []


def _shape(body: bytes, at: int, end: int) -> Shape | None:
    """What the layout of a report depends on; None where it holds what only the codec can check."""
    shape = []
    while at < end:
        type, size, count = body[at], 0, 0
        tv = _TVS.get(type)
        if tv is not None:
            type, size = type | _IS_TV, tv.size
            if at + size > end:
                raise _Odd
        else:
            type, size, count = _tlv(body, at, end)
            if type not in _RUNNING and type in rows.TLV_BY_TYPE:
                return None
        shape.append((type, size, count))
        at += size
    return tuple(shape)


_RUNNING = frozenset({_EPC_DATA, rows.CUSTOM, *_RESULTS})
_EPCS = (_IS_TV | _TV | 13, _EPC_DATA)


class _Layout:
    """One layout: where its type, length and count bytes stand, and how the rest is unpacked to columns."""

    def __init__(self, shape: Shape) -> None:
        self.size = 4 + sum(size for _, size, _ in shape)
        self._fixed: list[tuple[int, int]] = []  # (offset in a report, the byte there)
        self._slots: list[int] = [-1] * len(_SLOTS)  # the column of each of TagReport's fields
        self._results: list[tuple[str, int, int, int]] = []  # kind, first column, of data, of words
        self._customs: list[int] = []  # first column
        self._codes = [">4x"]
        self._columns = 0
        self._fix(0, _HEAD.pack(_TAG_REPORT_DATA, self.size))
        at = 4
        for type, size, count in shape:
            self._add(at, type, size, count)
            at += size
        self._struct = struct.Struct("".join(self._codes))

    def run(self, body: bytes, at: int) -> list[TagReport]:
        """The reports of this layout from `at` on."""
        window, most, found = _WINDOW, (len(body) - at) // self.size, 0
        while found < most:
            looked = min(window, most - found)
            fit = self._fit(body, at + found * self.size, looked)
            found += fit
            if fit < looked:
                break
            window *= 2
        return self._unpacked(body[at : at + found * self.size])

    def _fit(self, body: bytes, at: int, most: int) -> int:
        """How many of the next `most` have this layout."""
        for offset, byte in self._fixed:
            column = body[at + offset : at + most * self.size : self.size]
            if column.count(byte) != most:
                most = next(place for place, each in enumerate(column) if each != byte)
        return most

    def _unpacked(self, run: bytes) -> list[TagReport]:
        columns = list(zip(*self._struct.iter_unpack(run), strict=True))
        if not columns:
            return []
        plain = [
            columns[place] if place >= 0 else repeat(nothing)
            for place, nothing in zip(self._slots, _NOTHING, strict=True)
        ]
        results = [
            map(
                OpResult._make,
                zip(
                    repeat(kind),
                    columns[first + 1],
                    columns[first],
                    columns[data] if data >= 0 else repeat(b""),
                    columns[words] if words >= 0 else repeat(0),
                    strict=False,
                ),
            )
            for kind, first, data, words in self._results
        ]
        customs = [
            map(Custom._make, zip(*columns[first : first + 3], strict=True))
            for first in self._customs
        ]
        fields = zip(*plain, _together(results), _together(customs), strict=False)
        return list(map(TagReport._make, fields))

    def _add(self, at: int, type: int, size: int, count: int) -> None:
        """One parameter at `at`."""
        if type & _IS_TV:
            tv = _TVS[type & 0xFF]
            self._fix(at, bytes((type & 0xFF,)))
            self._codes.append("x" + tv.code)
            if tv.slot >= 0:
                self._slots[tv.slot] = self._columns
                self._columns += 1
            return
        self._fix(at, _HEAD.pack(type, size))
        if type == _EPC_DATA:
            self._fix(at + 4, count.to_bytes(2, "big"))
            self._codes.append(f"6x{size - 6}s")
            self._slots[0] = self._columns
            self._columns += 1
        elif type == rows.CUSTOM:
            self._codes.append(f"4xII{size - 12}s")
            self._customs.append(self._columns)
            self._columns += 3
        elif type in _RESULTS:
            self._add_result(at, type, count)
        else:
            self._codes.append(f"{size}x")

    def _add_result(self, at: int, type: int, count: int) -> None:
        kind, rest = _RESULTS[type]
        first = self._columns
        third = first + 2
        if rest == _DATA:
            self._fix(at + 7, count.to_bytes(2, "big"))
            self._codes.append(f"4xBH2x{2 * count}s")
            self._results.append((kind, first, third, -1))
        elif rest == _WORDS:
            self._codes.append("4xBHH")
            self._results.append((kind, first, -1, third))
        else:
            self._codes.append("4xBH")
            self._results.append((kind, first, -1, -1))
        self._columns += 2 if rest == _NONE else 3

    def _fix(self, at: int, data: bytes) -> None:
        self._fixed += enumerate(data, at)


@lru_cache(maxsize=256)
def _layout(shape: Shape) -> _Layout | None:
    """None where such a report has no EPC."""
    layout = _Layout(shape)
    return layout if any(type in _EPCS for type, _, _ in shape) else None


def _together(columns: "list[map[OpResult]] | list[map[Custom]]") -> Iterable[tuple[object, ...]]:
    """For each report what its columns hold; nothing for all where there is no column."""
    return zip(*columns, strict=True) if columns else repeat(())
