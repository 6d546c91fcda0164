"""The tag reports of an RO_ACCESS_REPORT, fast: the one LLRP message that comes a thousand times a second.

LLRP 1.1, "TagReportData". A reader repeats itself: same parameters, same lengths. So where a report is as long as the
next one, its shape is taken (gateway/llrp/shapes.py), and all that follow in that shape are unpacked at once. Every
other report goes through the loop over its parameters. Both take what gateway/llrp/codec.py takes, and nothing else.
"""

from collections.abc import Iterable
from itertools import repeat
from typing import NamedTuple

from edge.errors import Malformed
from gateway.llrp import codec, rows, shapes
from gateway.llrp.message import VERSION_1_0_1
from gateway.llrp.shapes import HEAD, TVS, Layout, Odd

RO_ACCESS_REPORT = 61

_SHORTEST = 4  # reports: for fewer the loop is as fast
_PATIENCE = 8  # runs that end at once, before a message is read report by report


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


_NOTHING = (None, None, None, None, None, None, None, None, 1, None, None)  # of shapes.FIELDS


def reports(body: bytes) -> list[TagReport]:
    """The tag reports in the body of an RO_ACCESS_REPORT, in order; what else it holds is checked and passed over.

    Raises Malformed, which names the parameter and its offset, as the codec does; also for a report without an EPC.
    A report takes 10 bytes at the least: the stream's ceiling on messages is one on reports.
    """
    found: list[TagReport] = []
    at, end, patience = 0, len(body), _PATIENCE
    others = codec.Reader(body)
    try:
        while at < end:
            stop = _report_end(body, at, end)
            if stop == at:
                at = _passed(others, at, end, 1)
                continue
            size = stop - at
            if (
                patience
                and end - at >= _SHORTEST * size
                and body.startswith(body[at : at + 4], stop)
            ):
                layout = shapes.layout(body, at + HEAD.size, stop)
                count = layout.run(body, at) if layout is not None else 0
                if layout is not None and count >= _SHORTEST:
                    stop = at + count * size
                    found += _run(layout, body[at:stop])
                    at = stop
                    continue
                patience -= 1
            found.append(_report(body, at + HEAD.size, stop, others))
            at = stop
    except Odd:
        raise _fault(body, at) from None
    return found


def _report_end(body: bytes, at: int, end: int) -> int:
    """Where the TagReportData at `at` ends; `at` where there is none, or none that is whole."""
    if end - at < HEAD.size or body[at] & shapes.TV:
        return at
    type, size = HEAD.unpack_from(body, at)
    whole = type & shapes.TYPE == shapes.TAG_REPORT_DATA and HEAD.size <= size <= end - at
    return at + size if whole else at


def _report(body: bytes, at: int, end: int, others: codec.Reader) -> TagReport:
    """One report, parameter by parameter; those that are not ours are read by `others`."""
    values: list[bytes | int | None] = list(_NOTHING)
    results: list[OpResult] = []
    custom: list[Custom] = []
    while at < end:
        tv = TVS.get(body[at])
        if tv is not None:
            if at + tv.size > end:
                raise Odd
            if tv.field >= 0:
                (values[tv.field],) = tv.struct.unpack_from(body, at + 1)
            at += tv.size
            continue
        type, size, _ = shapes.tlv(body, at, end)
        stop = at + size
        if type == shapes.EPC_DATA:
            values[0] = body[at + 6 : stop]
        elif type in shapes.OP_RESULTS:
            kind, rest = shapes.OP_RESULTS[type]
            id = int.from_bytes(body[at + 5 : at + 7])
            data = body[at + 9 : stop] if rest == shapes.DATA else b""
            words = int.from_bytes(body[at + 7 : stop]) if rest == shapes.WORDS_WRITTEN else 0
            results.append(OpResult(kind, id, body[at + 4], data, words))
        elif type == rows.CUSTOM:
            vendor, subtype = shapes.IDS.unpack_from(body, at + 4)
            custom.append(Custom(vendor, subtype, body[at + 12 : stop]))
        elif type in rows.TLV_BY_TYPE:
            _passed(others, at, end, 2)
        at = stop
    if values[0] is None:
        raise Odd
    return TagReport._make((*values, tuple(results), tuple(custom)))


def _run(layout: Layout, run: bytes) -> list[TagReport]:
    """Reports of one layout."""
    columns = layout.columns(run)
    fields = [
        columns[place] if place >= 0 else repeat(nothing)
        for place, nothing in zip(layout.fields, _NOTHING, strict=True)
    ]
    results = []
    for kind, first, data, words in layout.op_results:
        read = columns[data] if data >= 0 else repeat(b"")
        written = columns[words] if words >= 0 else repeat(0)
        made = zip(repeat(kind), columns[first + 1], columns[first], read, written, strict=False)
        results.append(map(OpResult._make, made))
    customs = [
        map(Custom._make, zip(*columns[first : first + 3], strict=True)) for first in layout.customs
    ]
    made = zip(*fields, _together(results), _together(customs), strict=False)
    return list(map(TagReport._make, made))


def _together(columns: "list[map[OpResult]] | list[map[Custom]]") -> Iterable[tuple[object, ...]]:
    """For each report what its columns hold; nothing for all where there is no column."""
    return zip(*columns, strict=True) if columns else repeat(())


def _passed(others: codec.Reader, at: int, end: int, depth: int) -> int:
    """Where a parameter ends that is none of ours; Odd where the codec does not take it."""
    try:
        return others.parameter(at, end, depth)[1]
    except Malformed:
        raise Odd from None


def _fault(body: bytes, at: int) -> Malformed:
    """What the codec says of a body in which something is wrong from `at` on."""
    try:
        codec.decode_body(RO_ACCESS_REPORT, 0, VERSION_1_0_1, body)
    except Malformed as why:
        return why
    return Malformed(f"RO_ACCESS_REPORT: TagReportData at {codec.HEAD + at}: it has no EPC")
