"""The fast path of reports says what the generic codec says, whatever the bytes are."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import Malformed
from gateway.llrp import rows, shapes
from gateway.llrp.layout import Bits
from gateway.llrp.reports import Custom, OpResult, TagReport, reports
from gateway.llrp.shapes import Layout
from tests.llrp_messages import EPC, LONG_EPC, TID, full_report, par, survey_report, tag_report
from tests.llrp_reports import body_of, by_the_codec, usual


def test_a_report_has_the_values_on_the_wire() -> None:
    assert reports(body_of([tag_report(3)])) == [
        TagReport(
            EPC,
            antenna=4,
            rssi_dbm=-33,
            first_seen_us=1594174805140195,
            last_seen_us=1594174805140195,
            count=3,
            rospec_id=1,
        )
    ]


def test_what_a_report_does_not_tell_is_none() -> None:
    [report] = reports(body_of([par("TagReportData", par("EPC_96", EPC=EPC))]))
    assert report == TagReport(EPC)
    assert (report.antenna, report.rssi_dbm, report.count, report.results) == (None, None, 1, ())


def test_results_of_operations_and_vendors_parameters_are_kept_in_order() -> None:
    [report] = reports(body_of([full_report()]))
    assert report.epc == LONG_EPC.data
    assert (report.pc, report.crc, report.channel) == (0x3000, 0xBEEF, 17)
    assert (report.first_seen_us, report.access_spec_id) == (99, 7)
    assert report.results == (
        OpResult("Read", 1, 0, TID),
        OpResult("Write", 2, 2, words=1),
        OpResult("Kill", 3, 1),
        OpResult("Recommission", 4, 0),
        OpResult("Lock", 5, 0),
        OpResult("BlockErase", 6, 0),
        OpResult("BlockWrite", 7, 0, words=32),
        OpResult("BlockPermalock", 8, 0),
        OpResult("GetBlockPermalockStatus", 9, 0, b"\x80\x00"),
    )
    assert report.custom[0] == Custom(25882, 55, b"\x00\x06" + TID)
    assert report.custom[-1] == Custom(3778, 7, b"\x00\x01\x02")


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 15, 16, 17, 48, 100, 1000])
@pytest.mark.parametrize("read_bytes", [0, 512])
def test_a_row_of_like_reports_is_read_as_by_the_codec(count: int, read_bytes: int) -> None:
    body = usual(count, read_bytes)
    assert reports(body) == by_the_codec(body)
    assert len(reports(body)) == count


def test_a_row_of_full_reports_is_read_as_by_the_codec() -> None:
    body = body_of([full_report()] * 20)
    assert reports(body) == by_the_codec(body)


def test_reports_of_many_shapes_are_read_as_by_the_codec() -> None:
    random = Random(5)
    kinds = [
        tag_report(),
        tag_report(2, LONG_EPC),
        tag_report(3, Bits(96, EPC)),
        tag_report(4, Bits(0, b"")),
        full_report(),
        tag_report(5, EPC, par("C1G2ReadOpSpecResult", OpSpecID=1, ReadData=bytes(8))),
        tag_report(6, EPC, par("C1G2WriteOpSpecResult", OpSpecID=1, NumWordsWritten=3)),
        tag_report(7, EPC, par("AccessSpecID", AccessSpecID=3)),
        survey_report(),
    ]
    for _ in range(20):
        row = [each for each in random.choices(kinds, k=8) for _ in range(random.randrange(9))]
        body = body_of(row)
        assert reports(body) == by_the_codec(body)


def test_a_parameter_among_them_that_is_none_of_ours_is_passed_over() -> None:
    unknown, uptime = bytes.fromhex("03e70006abcd"), bytes.fromhex("0081000c") + bytes(8)
    inner = b"\x86\xd0" + unknown + uptime + b"\x8d" + EPC
    odd = b"\x00\xf0" + (4 + len(inner)).to_bytes(2) + inner
    body = odd * 6 + bytes.fromhex("03e70005ff") + odd
    assert reports(body) == by_the_codec(body) == [TagReport(EPC, rssi_dbm=-48)] * 7


def test_a_tlv_whose_number_is_a_tvs_first_byte_is_not_taken_for_it() -> None:
    tlv = bytes.fromhex("00860004")  # type 134; 86 is the first byte of PeakRSSI
    report = bytes.fromhex("00f00015") + tlv + b"\x8d" + EPC
    assert reports(report * 8) == by_the_codec(report * 8) == [TagReport(EPC)] * 8


def test_of_a_parameter_that_stands_twice_the_last_counts() -> None:
    inner = bytes.fromhex("86d0 86d1") + b"\x8d" + bytes(12) + b"\x8d" + EPC
    body = b"\x00\xf0" + (4 + len(inner)).to_bytes(2) + inner
    assert reports(body * 5) == [TagReport(EPC, rssi_dbm=-47)] * 5


def test_a_report_without_an_epc_is_refused() -> None:
    with pytest.raises(Malformed, match="RO_ACCESS_REPORT: TagReportData at 16: it has no EPC"):
        reports(bytes.fromhex("03e70006abcd 00f0000686d0"))
    with pytest.raises(Malformed, match="TagReportData at 10: it has no EPC"):
        reports(bytes.fromhex("00f0000686d0") * 8)


def test_a_fault_is_named_as_by_the_codec() -> None:
    body = bytearray(usual(9))
    body[5 * 48 + 3] += 1  # the length of the sixth
    with pytest.raises(Malformed) as ours:
        reports(bytes(body))
    with pytest.raises(Malformed) as theirs:
        by_the_codec(bytes(body))
    assert str(ours.value) == str(theirs.value)
    assert "TagReportData at 250" in str(ours.value)


def test_a_body_cut_anywhere_is_refused() -> None:
    for body in (usual(5), body_of([full_report()] * 2)):
        size = len(body) // (5 if len(body) == 240 else 2)
        for end in range(len(body)):
            if end % size:
                with pytest.raises(Malformed):
                    reports(body[:end])
            else:
                assert len(reports(body[:end])) == end // size


BODIES = [
    usual(6),
    usual(5, 8),
    body_of([full_report()] * 5),
    body_of([tag_report(2, LONG_EPC), tag_report(), survey_report(), full_report()]),
]


def agree(body: bytes) -> None:
    try:
        expected = by_the_codec(body)
    except Malformed:
        with pytest.raises(Malformed):
            reports(body)
    else:
        assert reports(body) == expected


@given(st.sampled_from(BODIES), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255))))
def test_whatever_is_changed_the_codec_says_the_same(
    body: bytes, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(body)
    for at, byte in changes[:6]:
        data[at % len(data)] = byte
    agree(bytes(data))


@given(st.lists(st.sampled_from(["00f0", "0010", "8d", "86d0", "00f1", "03ff", "0004", "00"])))
def test_whatever_is_put_together_the_codec_says_the_same(parts: list[str]) -> None:
    agree(bytes.fromhex("".join(parts)))


def test_every_byte_changed_in_every_way_is_read_as_by_the_codec() -> None:
    body = usual(5, 2)
    size = len(body) // 5
    for at in (*range(2 * size, 3 * size), *range(4)):
        for byte in (0x00, 0x01, 0x7F, 0x80, 0x86, 0xF0, 0xFF, body[at] ^ 1, body[at] + 1 & 0xFF):
            agree(body[:at] + bytes((byte,)) + body[at + 1 :])


def test_shapes_agree_with_the_tables() -> None:
    assert TagReport._fields[: len(shapes.FIELDS)] == shapes.FIELDS
    assert {first & 0x7F for first in shapes.TVS} == rows.TV_BY_TYPE.keys()
    for first, tv in shapes.TVS.items():
        row = rows.TV_BY_TYPE[first & 0x7F]
        assert tv.size == 1 + len(row.layout.write(row.layout.complete({}))), row.name
    names = {type: f"C1G2{kind}OpSpecResult" for type, (kind, _) in shapes.OP_RESULTS.items()}
    assert names == {type: rows.TLV_BY_TYPE[type].name for type in names}
    assert {row.name for row in rows.TLV_BY_TYPE.values() if "OpSpecResult" in row.name} == set(
        names.values()
    )


def test_a_run_ends_where_a_report_has_another_shape() -> None:
    same, other = usual(20), body_of([tag_report(1, Bits(96, EPC))])
    layout = shapes.layout(same, 4, 48)
    assert isinstance(layout, Layout)
    assert layout.run(same + other, 0) == 20
    assert layout.run(same[:960] + other, 48) == 19
    assert layout.run(other, 0) == 0
