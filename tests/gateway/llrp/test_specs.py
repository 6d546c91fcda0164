"""What we ask of readers. The messages made of it are read by llrpkit and tshark in tests/witness."""

from dataclasses import replace

import pytest

from edge import gen2
from gateway.llrp import profiles, specs
from gateway.llrp.access import Span
from gateway.llrp.capabilities import Capabilities
from gateway.llrp.codec import encode
from gateway.llrp.layout import Bits
from gateway.llrp.message import Message, Parameter
from gateway.model import CannotDo, Inventory, by_epc, by_tid

PLAIN = Capabilities(
    0, 7, "1.0", antennas=2, powers=((10.0, 1), (30.0, 2)), modes=(0, 1000), gpis=2, gpos=1, ops=4
)
IMPINJ = replace(PLAIN, profile=profiles.of_maker(25882), hop_table=1, block_write=True)
TID = bytes.fromhex("e2801150200012345678abcd")


def within(top: Parameter, *names: str) -> Parameter:
    for name in names:
        top = top[name]
    return top


def command(spec: Parameter) -> Parameter:
    names = ("AISpec", "InventoryParameterSpec", "AntennaConfiguration", "C1G2InventoryCommand")
    return within(spec, *names)


def test_an_inventory_runs_on_all_antennas_until_it_is_stopped() -> None:
    spec = specs.inventory(PLAIN, Inventory())
    boundary = spec["ROBoundarySpec"]
    assert boundary["ROSpecStartTrigger"].number("ROSpecStartTriggerType") == 0
    assert boundary["ROSpecStopTrigger"].number("ROSpecStopTriggerType") == 0
    assert spec["AISpec"].numbers("AntennaIDs") == (0,)
    report = spec["ROReportSpec"]
    assert (report.number("ROReportTrigger"), report.number("N")) == (2, 1)
    assert report.get("ImpinjTagReportContentSelector") is None


def test_what_is_not_asked_for_is_left_to_the_readers_own_setting() -> None:
    spec = specs.inventory(PLAIN, Inventory())
    antenna = within(spec, "AISpec", "InventoryParameterSpec", "AntennaConfiguration")
    assert antenna.get("RFTransmitter") is None
    assert command(spec).get("C1G2RFControl") is None
    assert command(spec).get("C1G2Filter") is None


def test_antennas_power_session_and_population_are_as_asked() -> None:
    want = Inventory(antennas=(2,), power_dbm=29.0, session=2, population=500)
    spec = specs.inventory(IMPINJ, want, 1.5)
    assert spec["AISpec"].numbers("AntennaIDs") == (2,)
    antenna = within(spec, "AISpec", "InventoryParameterSpec", "AntennaConfiguration")
    assert antenna["RFTransmitter"].fields == {
        "HopTableID": 1,
        "ChannelIndex": 0,
        "TransmitPower": 1,
    }
    assert command(spec)["C1G2SingulationControl"].fields == {
        "Session": 2,
        "TagPopulation": 500,
        "TagTransitTime": 0,
    }
    stop = within(spec, "ROBoundarySpec", "ROSpecStopTrigger")
    assert stop.fields == {"ROSpecStopTriggerType": 1, "DurationTriggerValue": 1500}


def test_an_impinj_reader_tells_the_tid_with_the_epc() -> None:
    spec = specs.inventory(IMPINJ, Inventory())
    selector = within(spec, "ROReportSpec", "ImpinjTagReportContentSelector")
    assert selector["ImpinjEnableSerializedTID"].number("SerializedTIDMode") == 1
    assert command(spec)["ImpinjInventorySearchMode"].number("InventorySearchMode") == 2
    assert command(spec)["C1G2RFControl"].number("ModeIndex") == 1000
    without = specs.inventory(IMPINJ, Inventory(tid=False))["ROReportSpec"]
    assert without["ImpinjTagReportContentSelector"].get("ImpinjEnableSerializedTID") is None


def test_a_select_is_a_filter_of_the_round() -> None:
    spec = specs.inventory(PLAIN, Inventory(select=by_epc(b"\x30\x01")))
    mask = command(spec)["C1G2Filter"]["C1G2TagInventoryMask"]
    assert mask.fields == {"MB": 1, "Pointer": 0x20, "TagMask": Bits(16, b"\x30\x01")}


def test_an_input_starts_and_ends_the_looking() -> None:
    boundary = specs.inventory(PLAIN, Inventory(gpi=2))["ROBoundarySpec"]
    start, stop = boundary["ROSpecStartTrigger"], boundary["ROSpecStopTrigger"]
    assert start.number("ROSpecStartTriggerType") == 3
    assert start["GPITriggerValue"].fields == {"GPIPortNum": 2, "GPIEvent": True, "Timeout": 0}
    assert stop.number("ROSpecStopTriggerType") == 2
    assert stop["GPITriggerValue"].fields == {"GPIPortNum": 2, "GPIEvent": False, "Timeout": 0}


@pytest.mark.parametrize(
    ("want", "text"),
    [
        (Inventory(antennas=(1, 3)), "no antenna 3: it has 1 to 2"),
        (Inventory(power_dbm=31), "cannot send at 31 dBm: it has 10 to 30 dBm"),
        (Inventory(gpi=3), "no input 3: it has 1 to 2"),
    ],
)
def test_what_a_reader_lacks_is_said_with_what_it_has(want: Inventory, text: str) -> None:
    with pytest.raises(CannotDo, match=text):
        specs.inventory(PLAIN, want)


def test_a_reader_without_filters_cannot_look_for_some_tags_only() -> None:
    with pytest.raises(CannotDo, match="no filters"):
        specs.inventory(replace(PLAIN, filters=0), Inventory(select=by_tid(TID)))


def test_an_output_that_is_not_there_is_refused() -> None:
    assert specs.output(PLAIN, 1, True).fields == {"GPOPortNumber": 1, "GPOData": True}
    with pytest.raises(CannotDo, match="no output 2: it has only 1"):
        specs.output(PLAIN, 2, True)


def test_an_access_is_done_once_on_the_tag_that_is_meant() -> None:
    op = specs.read(20, Span(4, 8), gen2.USER, 0xCAFE)
    spec = specs.access(PLAIN, 5, by_tid(TID), [op], block_words=2)
    assert spec.number("ROSpecID") == specs.RO_SPEC
    assert spec["AccessSpecStopTrigger"].fields == {
        "AccessSpecStopTrigger": 1,
        "OperationCountValue": 1,
    }
    tag = within(spec, "AccessCommand", "C1G2TagSpec", "C1G2TargetTag")
    assert (tag.number("MB"), tag.number("Pointer"), tag.flag("Match")) == (gen2.TID, 0, True)
    assert (tag.bits("TagMask").data, tag.bits("TagData").data) == (b"\xff" * 12, TID)
    assert spec["AccessCommand"].get("ImpinjAccessSpecConfiguration") is None


def test_reads_along_an_inventory_are_of_every_tag_and_have_no_end() -> None:
    spec = specs.access(PLAIN, 5, None, [specs.reading(1, gen2.TID, 6)], once=False)
    assert spec["AccessSpecStopTrigger"].number("AccessSpecStopTrigger") == 0
    tag = within(spec, "AccessCommand", "C1G2TagSpec", "C1G2TargetTag")
    assert tag.bits("TagMask").length == 0


def test_an_impinj_reader_is_told_in_which_blocks_to_write() -> None:
    op = specs.write(20, Span(0, 4), gen2.USER, 0, bytes(8), in_blocks=True)
    found = specs.access(IMPINJ, 5, by_tid(TID), [op], block_words=2)["AccessCommand"]
    count = found["ImpinjAccessSpecConfiguration"]["ImpinjBlockWriteWordCount"]
    assert count.number("WordCount") == 2
    assert found["C1G2BlockWrite"].data("WriteData") == bytes(8)


@pytest.mark.parametrize(
    ("how", "privilege"), [("lock", 0), ("permalock", 1), ("permaunlock", 2), ("unlock", 3)]
)
@pytest.mark.parametrize(
    ("what", "field"), [("kill", 0), ("access", 1), ("epc", 2), ("tid", 3), ("user", 4)]
)
def test_gen2s_lock_bits_are_llrps_privileges(
    how: str, privilege: int, what: str, field: int
) -> None:
    op = specs.lock(9, 0, *gen2.lock_payload({what: how}))
    assert [each.fields for each in op.all("C1G2LockPayload")] == [
        {"Privilege": privilege, "DataField": field}
    ]


def test_several_locks_are_one_operation() -> None:
    op = specs.lock(9, 0, *gen2.lock_payload({"epc": "permalock", "user": "lock"}))
    assert [each.number("DataField") for each in op.all("C1G2LockPayload")] == [2, 4]


def test_a_permalock_names_its_blocks_by_bits() -> None:
    can = replace(PLAIN, block_permalock=True)
    op = specs.permalock(can, 9, 0, word=0, count=8, block_words=4)
    assert (op.number("BlockPointer"), op.data("BlockMask")) == (0, b"\xc0\x00")
    op = specs.permalock(can, 9, 0, word=4 * 30, count=4 * 4, block_words=4)
    assert (op.number("BlockPointer"), op.data("BlockMask")) == (1, b"\x00\x03\xc0\x00")


def test_a_permalock_is_of_whole_blocks() -> None:
    can = replace(PLAIN, block_permalock=True)
    with pytest.raises(ValueError, match="no whole blocks of 4"):
        specs.permalock(can, 9, 0, word=2, count=4, block_words=4)


def test_a_reader_without_block_permalock_says_so() -> None:
    with pytest.raises(CannotDo, match="no BlockPermalock"):
        specs.permalock(PLAIN, 9, 0, 0, 4, 4)


def test_keepalives_and_events_are_set_and_no_report_is_held() -> None:
    found = {each.name: each for each in specs.settings(replace(PLAIN, holds_reports=True), 5000)}
    assert found["KeepaliveSpec"].fields == {
        "KeepaliveTriggerType": 1,
        "PeriodicTriggerValue": 5000,
    }
    states = found["ReaderEventNotificationSpec"].all("EventNotificationState")
    assert [each.number("EventType") for each in states if each.flag("NotificationState")] == [
        1,
        2,
        3,
        4,
        8,
    ]
    assert not found["EventsAndReports"].flag("HoldEventsAndReportsUponReconnect")
    assert len(specs.settings(PLAIN, 5000)) == 2


def test_no_password_shows_in_what_is_logged() -> None:
    ops = [
        specs.read(1, Span(0, 2), gen2.USER, 0xDEADBEEF),
        specs.write(2, Span(2, 2), gen2.RESERVED, 0xDEADBEEF, bytes.fromhex("deadbeef"), False),
        specs.kill(3, 0xDEADBEEF),
    ]
    message = Message("ADD_ACCESSSPEC", specs.access(PLAIN, 1, None, ops))
    assert encode(message).count(bytes.fromhex("deadbeef")) == 4
    assert "deadbeef" not in repr(message).lower()
    assert str(0xDEADBEEF) not in repr(message)
