"""The shape of a TagReportData: which parameters it has and how long they are, and a struct for reports of one shape.

LLRP 1.1, "TagReportData" and its sub-parameters. Numbers and sizes as in gateway/llrp/tables.py, kept a second time for
speed; a test compares the two.
"""

import struct
from functools import lru_cache
from typing import NamedTuple

from gateway.llrp import rows

TAG_REPORT_DATA = 240
EPC_DATA = 241
TV = 0x80  # set in the first byte of a TV parameter

HEAD = struct.Struct(">HH")  # of a TLV parameter
TYPE = 0x3FF
IDS = struct.Struct(">II")  # vendor and subtype of a Custom

# What a report tells at most once, in the order of gateway.llrp.reports.TagReport.
FIELDS = (
    *("epc", "pc", "crc", "antenna", "rssi_dbm", "channel", "first_seen_us", "last_seen_us"),
    *("count", "rospec_id", "access_spec_id"),
)


class Tv(NamedTuple):
    """A TV parameter: its code in a struct, its size with the type byte, its place in FIELDS (-1: none)."""

    code: str
    size: int
    field: int
    struct: struct.Struct


def _tv(code: str, name: str = "") -> Tv:
    made = struct.Struct(">" + code)
    return Tv(code, 1 + made.size, FIELDS.index(name) if name else -1, made)


# By their first byte.
TVS = {
    TV | 1: _tv("H", "antenna"),
    TV | 2: _tv("Q", "first_seen_us"),
    TV | 3: _tv("Q", "first_seen_us"),
    TV | 4: _tv("Q", "last_seen_us"),
    TV | 5: _tv("Q", "last_seen_us"),
    TV | 6: _tv("b", "rssi_dbm"),
    TV | 7: _tv("H", "channel"),
    TV | 8: _tv("H", "count"),
    TV | 9: _tv("I", "rospec_id"),
    TV | 10: _tv("2x"),
    TV | 11: _tv("H", "crc"),
    TV | 12: _tv("H", "pc"),
    TV | 13: _tv("12s", "epc"),
    TV | 14: _tv("2x"),
    TV | 15: _tv("2x"),
    TV | 16: _tv("I", "access_spec_id"),
    TV | 17: _tv("2x"),
    TV | 18: _tv("4x"),
    TV | 19: _tv("2x"),
    TV | 20: _tv("2x"),
}

NOTHING, WORDS_WRITTEN, DATA = range(3)  # what follows the result and the OpSpecID of an operation
OP_RESULTS = {
    349: ("Read", DATA),
    350: ("Write", WORDS_WRITTEN),
    351: ("Kill", NOTHING),
    352: ("Lock", NOTHING),
    353: ("BlockErase", NOTHING),
    354: ("BlockWrite", WORDS_WRITTEN),
    360: ("Recommission", NOTHING),
    361: ("BlockPermalock", NOTHING),
    362: ("GetBlockPermalockStatus", DATA),
}
_OP_RESULT_SIZES = {NOTHING: 7, WORDS_WRITTEN: 9, DATA: 9}  # bytes, the data left out
_CODES = {NOTHING: "4xBH", WORDS_WRITTEN: "4xBHH"}

_OURS = frozenset({EPC_DATA, rows.CUSTOM, *OP_RESULTS})
_IS_TV = (
    1 << 10
)  # beside the first byte of a TV parameter, for there are TLV types of that number too
_EPCS = (_IS_TV | TV | 13, EPC_DATA)
_WINDOW = 16  # reports that are looked at first; then twice as many, as long as all of them fit

Shape = tuple[tuple[int, int, int], ...]  # of each parameter: type, size, count of bits or words


class Odd(Exception):
    """Not a report as we know them; the codec knows what is wrong."""


def tlv(body: bytes, at: int, end: int) -> tuple[int, int, int]:
    """(type, size, count of bits or words) of the TLV parameter at `at`, its lengths checked as far as it is ours."""
    if end - at < 4:
        raise Odd
    type, size = HEAD.unpack_from(body, at)
    if type & 0x8000 or size < 4 or at + size > end:
        raise Odd
    type &= TYPE
    if type == EPC_DATA:
        count = _count(body, at + 4, at + size)
        whole = size == 6 + (count + 7) // 8
    elif type in OP_RESULTS:
        rest = OP_RESULTS[type][1]
        count = _count(body, at + 7, at + size) if rest == DATA else 0
        whole = size == _OP_RESULT_SIZES[rest] + 2 * count
    else:
        count, whole = 0, type != rows.CUSTOM or size >= 4 + IDS.size
    if not whole:
        raise Odd
    return type, size, count


def _count(body: bytes, at: int, end: int) -> int:
    if end - at < 2:
        raise Odd
    return body[at] << 8 | body[at + 1]


def layout(body: bytes, at: int, end: int) -> "Layout | None":
    """The layout of the report whose parameters are body[at:end]; None where only the codec can check them."""
    shape = []
    while at < end:
        tv = TVS.get(body[at])
        if tv is not None:
            type, size, count = body[at] | _IS_TV, tv.size, 0
            if at + size > end:
                raise Odd
        else:
            type, size, count = tlv(body, at, end)
            if type not in _OURS and type in rows.TLV_BY_TYPE:
                return None
        shape.append((type, size, count))
        at += size
    return _layout(tuple(shape))


@lru_cache(maxsize=256)
def _layout(shape: Shape) -> "Layout | None":
    return Layout(shape) if any(type in _EPCS for type, _, _ in shape) else None


class Layout:
    """Reports of one shape: where their type, length and count bytes stand, and how the rest is unpacked to columns.

    fields: the column of each of FIELDS, or -1; op_results: kind, first column (result, OpSpecID), column of the data
    and of the words written, or -1; customs: first column (vendor, subtype, data).
    """

    def __init__(self, shape: Shape) -> None:
        self.size = HEAD.size + sum(size for _, size, _ in shape)
        self.fields = [-1] * len(FIELDS)
        self.op_results: list[tuple[str, int, int, int]] = []
        self.customs: list[int] = []
        self._fixed: list[tuple[int, int]] = []  # (offset in a report, the byte there)
        self._codes = [">4x"]
        self._columns = 0
        self._fix(0, HEAD.pack(TAG_REPORT_DATA, self.size))
        at = HEAD.size
        for type, size, count in shape:
            self._add(at, type, size, count)
            at += size
        self._struct = struct.Struct("".join(self._codes))

    def run(self, body: bytes, at: int) -> int:
        """How many reports from `at` on have this shape, to the byte."""
        window, most, found = _WINDOW, (len(body) - at) // self.size, 0
        while found < most:
            looked = min(window, most - found)
            fit = self._fit(body, at + found * self.size, looked)
            found += fit
            if fit < looked:
                break
            window *= 2
        return found

    def columns(self, run: bytes) -> list[tuple[object, ...]]:
        """The values of one or more such reports, a column each."""
        return list(zip(*self._struct.iter_unpack(run), strict=True))

    def _fit(self, body: bytes, at: int, most: int) -> int:
        """How many of the next `most` have this shape: each fixed byte is compared in all of them at once."""
        for offset, byte in self._fixed:
            column = body[at + offset : at + most * self.size : self.size]
            if column.count(byte) != most:
                most = next(place for place, each in enumerate(column) if each != byte)
        return most

    def _add(self, at: int, type: int, size: int, count: int) -> None:
        """One parameter at `at`."""
        if type & _IS_TV:
            tv = TVS[type & 0xFF]
            self._fix(at, bytes((type & 0xFF,)))
            self._codes.append("x" + tv.code)
            if tv.field >= 0:
                self.fields[tv.field] = self._take(1)
            return
        self._fix(at, HEAD.pack(type, size))
        if type == EPC_DATA:
            self._fix(at + 4, count.to_bytes(2, "big"))
            self._codes.append(f"6x{size - 6}s")
            self.fields[0] = self._take(1)
        elif type == rows.CUSTOM:
            self._codes.append(f"4xII{size - 12}s")
            self.customs.append(self._take(3))
        elif type in OP_RESULTS:
            self._add_op_result(at, *OP_RESULTS[type], count)
        else:
            self._codes.append(f"{size}x")

    def _add_op_result(self, at: int, kind: str, rest: int, count: int) -> None:
        first = self._take(2)
        if rest == DATA:
            self._fix(at + 7, count.to_bytes(2, "big"))
            self._codes.append(f"4xBH2x{2 * count}s")
        else:
            self._codes.append(_CODES[rest])
        third = -1 if rest == NOTHING else self._take(1)
        data, words = (third, -1) if rest == DATA else (-1, third)
        self.op_results.append((kind, first, data, words))

    def _take(self, count: int) -> int:
        """The first of the next `count` columns."""
        self._columns += count
        return self._columns - count

    def _fix(self, at: int, data: bytes) -> None:
        self._fixed += enumerate(data, at)
