"""ROSpecs at work: states, triggers, antennas, filters, and what a report holds."""

import pytest
from llrp_bench import RATE, Bench, ai_spec, epc_of, rospec, selector, status

from hwsim.air import PROFILES
from hwsim.gen2tag import USER
from hwsim.llrp_bytes import Bits, Node, custom, encode, make
from hwsim.llrp_models import MODES

TICK_S = 1 / RATE


def state(bench: Bench) -> int:
    return bench.do("GET_ROSPECS").one("ROSpec").number("CurrentState")


def gpi(port: int, level: int, timeout_ms: int = 0) -> Node:
    return make("GPITriggerValue", GPIPortNum=port, GPIEvent=level, Timeout=timeout_ms)


# -- states --


def test_a_rospec_goes_from_disabled_to_inactive_to_active_and_back() -> None:
    bench = Bench().connect()
    bench.do("ADD_ROSPEC", rospec())
    assert state(bench) == 0
    assert status(bench.ask("START_ROSPEC", ROSpecID=1))[0] == 101
    bench.do("ENABLE_ROSPEC", ROSpecID=1)
    assert state(bench) == 1
    bench.do("START_ROSPEC", ROSpecID=1)
    assert state(bench) == 2
    bench.do("STOP_ROSPEC", ROSpecID=1)
    assert state(bench) == 1
    bench.do("DISABLE_ROSPEC", ROSpecID=1)
    assert state(bench) == 0
    bench.do("DELETE_ROSPEC", ROSpecID=0)
    assert not bench.do("GET_ROSPECS").all("ROSpec")


def test_there_is_room_for_one_rospec_only_and_ids_are_checked() -> None:
    bench = Bench().connect()
    for wrong in (rospec(ROSpecID=0), rospec(CurrentState=1), rospec(Priority=1)):
        assert status(bench.ask("ADD_ROSPEC", wrong))[0] == 101
    bench.do("ADD_ROSPEC", rospec())
    for again in (rospec(), rospec(ROSpecID=2)):
        assert status(bench.ask("ADD_ROSPEC", again))[0] == 101
    assert status(bench.ask("ENABLE_ROSPEC", ROSpecID=2))[0] == 101


@pytest.mark.parametrize(
    "spec",
    [
        rospec(ai_spec(antennas=(5,))),
        rospec(ai_spec(antennas=())),
        rospec(ai_spec(power=82)),
        rospec(ai_spec(stop=make("AISpecStopTrigger", Type=3))),
        rospec(start=make("ROSpecStartTrigger", Type=4)),
        rospec(start=make("ROSpecStartTrigger", gpi(9, 1), Type=3)),
        rospec(ai_spec(make("C1G2RFControl", ModeIndex=77))),
    ],
    ids=["antenna", "none", "power", "observation", "trigger", "gpi", "mode"],
)
def test_what_the_reader_cannot_do_is_refused(spec: Node) -> None:
    assert status(Bench().connect().ask("ADD_ROSPEC", spec))[0] == 101


def test_a_survey_is_not_supported() -> None:
    spec = rospec()
    spec.children.append(make("RFSurveySpec", make("RFSurveySpecStopTrigger"), AntennaID=1))
    assert status(Bench().connect().ask("ADD_ROSPEC", spec))[0] == 111


def test_a_rospec_of_higher_priority_goes_before() -> None:
    bench = Bench("monzax8k", model="generic").connect()
    bench.do("SET_READER_CONFIG", events(2))
    bench.start(rospec(ROSpecID=1, Priority=2))
    bench.do("ADD_ROSPEC", rospec(ROSpecID=2, Priority=3))
    bench.do("ADD_ROSPEC", rospec(ROSpecID=3, Priority=1))
    bench.do("ENABLE_ROSPEC", ROSpecID=0)
    assert status(bench.ask("START_ROSPEC", ROSpecID=2))[0] == 101
    bench.do("START_ROSPEC", ROSpecID=3)
    told = [
        (each.number("EventType"), each.number("ROSpecID"), each.number("PreemptingROSpecID"))
        for each in bench.events("ROSpecEvent")
    ]
    assert told == [(0, 1, 0), (2, 1, 3), (0, 3, 0)]


def events(*kinds: int) -> Node:
    return make(
        "ReaderEventNotificationSpec",
        *[make("EventNotificationState", EventType=each, NotificationState=1) for each in kinds],
    )


# -- triggers --


def test_an_immediate_rospec_starts_when_it_is_enabled_and_again_when_it_has_ended() -> None:
    bench = Bench("monzax8k").connect()
    bench.do("SET_READER_CONFIG", events(2))
    start = make("ROSpecStartTrigger", Type=1)
    stop = make("ROSpecStopTrigger", Type=1, DurationTriggerValue=250)
    bench.do("ADD_ROSPEC", rospec(start=start, stop=stop))
    bench.do("ENABLE_ROSPEC", ROSpecID=1)
    bench.wait(1.0)
    kinds = [each.number("EventType") for each in bench.events("ROSpecEvent")]
    assert kinds == [0, 1] * 4 + [0]


def test_a_duration_stops_a_rospec() -> None:
    bench = Bench("monzax8k").connect()
    bench.start(rospec(stop=make("ROSpecStopTrigger", Type=1, DurationTriggerValue=500)))
    bench.wait(2.0)
    assert len(bench.reports) == 32
    assert state(bench) == 1


def test_a_periodic_rospec_starts_after_its_offset_and_every_period() -> None:
    bench = Bench("monzax8k").connect()
    period = make("PeriodicTriggerValue", Offset=500, Period=1000)
    start = make("ROSpecStartTrigger", period, Type=2)
    stop = make("ROSpecStopTrigger", Type=1, DurationTriggerValue=250)
    bench.do("ADD_ROSPEC", rospec(start=start, stop=stop))
    bench.do("ENABLE_ROSPEC", ROSpecID=1)
    assert bench.reader.wake_s == 0.5
    bench.wait(0.4)
    assert not bench.reports
    bench.wait(2.6)
    assert len(bench.reports) == 3 * 16


def test_a_gpi_starts_and_stops_a_rospec() -> None:
    bench = Bench("monzax8k").connect()
    bench.do("SET_READER_CONFIG", make("GPIPortCurrentState", GPIPortNum=2, Config=1), events(1, 2))
    start = make("ROSpecStartTrigger", gpi(2, 1), Type=3)
    bench.do("ADD_ROSPEC", rospec(start=start, stop=make("ROSpecStopTrigger", gpi(2, 0), Type=2)))
    bench.do("ENABLE_ROSPEC", ROSpecID=1)
    bench.wait(0.5)
    for level in (True, False):
        bench.reader.set_gpi(2, level, bench.now_s)
        bench.wait(0.5)
    assert len(bench.reports) == 32
    kinds = [
        next(name for name in ("GPIEvent", "ROSpecEvent") if each.find(name))
        for message in bench.heard
        for each in message.all("ReaderEventNotificationData")
    ]
    assert kinds == ["GPIEvent", "ROSpecEvent", "GPIEvent", "ROSpecEvent"]


def test_a_gpi_that_never_changes_back_is_not_waited_for_beyond_the_timeout() -> None:
    bench = Bench("monzax8k").connect()
    bench.start(rospec(stop=make("ROSpecStopTrigger", gpi(1, 0, 250), Type=2)))
    bench.wait(1.0)
    assert len(bench.reports) == 16


def test_an_aispec_ends_by_its_duration_and_the_next_begins() -> None:
    bench = Bench("monzax8k").connect()
    bench.do("SET_READER_CONFIG", events(6))
    first = ai_spec(stop=make("AISpecStopTrigger", Type=1, DurationTrigger=250))
    second = ai_spec(stop=make("AISpecStopTrigger", Type=1, DurationTrigger=500))
    bench.start(rospec(first, second, content=selector(EnableSpecIndex=1)))
    bench.wait(2.0)
    indices = [each.one("SpecIndex").number("SpecIndex") for each in bench.reports]
    assert indices == [1] * 16 + [2] * 32
    assert [each.number("SpecIndex") for each in bench.events("AISpecEvent")] == [1, 2]
    assert state(bench) == 1


@pytest.mark.parametrize(
    ("trigger", "count"),
    [
        (make("TagObservationTrigger", TriggerType=0, NumberOfTags=7, Timeout=9000), 7),
        (make("TagObservationTrigger", TriggerType=3, NumberOfTags=3, Timeout=9000), 3),
        (make("TagObservationTrigger", TriggerType=2, NumberOfAttempts=2, Timeout=9000), 6),
        (make("TagObservationTrigger", TriggerType=3, NumberOfTags=4, Timeout=500), 32),
    ],
    ids=["seen", "unique", "attempts", "timeout"],
)
def test_an_aispec_ends_by_what_it_has_observed(trigger: Node, count: int) -> None:
    bench = Bench("monzax8k", "m730", "ucode9").connect()
    stop = make("AISpecStopTrigger", trigger, Type=3)
    bench.start(rospec(ai_spec(stop=stop, antennas=(1,))))
    bench.wait(2.0)
    assert len(bench.reports) == count
    assert state(bench) == 1


def test_an_aispec_ends_when_nothing_new_comes() -> None:
    bench = Bench("monzax8k", "m730").connect()
    trigger = make("TagObservationTrigger", TriggerType=1, T=250, Timeout=9000)
    bench.start(rospec(ai_spec(stop=make("AISpecStopTrigger", trigger, Type=3), antennas=(1,))))
    bench.wait(2.0)
    assert len(bench.reports) == 2 + 16


def test_a_loop_runs_its_aispecs_again() -> None:
    bench = Bench("monzax8k").connect()
    spec = rospec(ai_spec(stop=make("AISpecStopTrigger", Type=1, DurationTrigger=250)))
    spec.children.insert(-1, make("LoopSpec", LoopCount=3))
    bench.start(spec)
    bench.wait(2.0)
    assert len(bench.reports) == 3 * 16


# -- reports --


def test_a_report_has_what_the_selector_asks_for() -> None:
    bench = Bench("monzax8k").connect()
    content = selector(
        make("C1G2EPCMemorySelector", EnableCRC=1, EnablePCBits=1),
        EnableROSpecID=1,
        EnableSpecIndex=1,
        EnableInventoryParameterSpecID=1,
        EnableChannelIndex=1,
        EnablePeakRSSI=1,
        EnableFirstSeenTimestamp=1,
        EnableLastSeenTimestamp=1,
        EnableTagSeenCount=1,
    )
    bench.start(rospec(content=content))
    bench.wait(TICK_S)
    (report,) = bench.reports
    tag = bench.tags[0]
    assert epc_of(report) == tag.epc
    assert 1 <= report.one("ChannelIndex").number("ChannelIndex") <= 50
    values = {each.name: next(iter(each.fields.values())) for each in report.children[1:]}
    del values["ChannelIndex"]
    assert values == {
        "ROSpecID": 1,
        "SpecIndex": 1,
        "InventoryParameterSpecID": 1,
        "AntennaID": 1,
        "PeakRSSI": -45,
        "FirstSeenTimestampUTC": 10**15 + 15625,
        "LastSeenTimestampUTC": 10**15 + 15625,
        "TagSeenCount": 1,
        "C1G2PC": tag.pc,
        "C1G2CRC": tag.crc,
    }
    bench = Bench("monzax8k").connect().start(rospec(content=selector(EnableAntennaID=0)))
    bench.wait(TICK_S)
    assert [each.name for each in bench.reports[0].children] == ["EPC-96"]


def test_an_epc_of_another_length_is_epc_data() -> None:
    bench = Bench().connect()
    tag = bench.add("m780", epc=bytes(range(26)))
    bench.start(rospec())
    bench.wait(TICK_S)
    assert bench.reports[0].one("EPCData").bits("EPC") == Bits(208, tag.epc)


def test_reports_come_every_n_tags_and_sightings_of_one_tag_are_counted_together() -> None:
    bench = Bench("monzax8k", "m730", "ucode9").connect()
    content = selector(EnableTagSeenCount=1, EnableFirstSeenTimestamp=1, EnableLastSeenTimestamp=1)
    stop = make("ROSpecStopTrigger", Type=1, DurationTriggerValue=750)
    bench.start(rospec(every=3, content=content))
    bench.wait(3 * TICK_S)
    bench.wait(TICK_S)
    assert [len(each.children) for each in bench.heard] == [3]
    bench = Bench("monzax8k", "m730", "ucode9").connect()
    bench.start(rospec(every=0, content=content, stop=stop))
    bench.wait(1.0)
    assert sorted(each.one("TagSeenCount").number("TagCount") for each in bench.reports) == [16] * 3
    report = bench.reports[0]
    first = report.one("FirstSeenTimestampUTC").number("Microseconds")
    assert report.one("LastSeenTimestampUTC").number("Microseconds") > first


def test_reports_wait_for_the_end_or_to_be_fetched() -> None:
    bench = Bench("monzax8k").connect().start(rospec(trigger=0))
    bench.wait(1.0)
    assert not bench.heard
    bench.send("GET_REPORT")
    assert len(bench.reports) == 1
    bench.do("STOP_ROSPEC", ROSpecID=1)
    assert len(bench.reports) == 1
    bench.send("GET_REPORT")
    bench.send("GET_REPORT")
    assert [each.name for each in bench.heard] == ["RO_ACCESS_REPORT"] * 3
    assert len(bench.reports) == 1  # the first took all that there was, the others were empty


def test_reports_by_time_are_of_llrp_1_1() -> None:
    bench = Bench("monzax8k").connect().start(rospec(trigger=6, every=500))
    bench.wait(2.0)
    assert len(bench.heard) == 4


def test_impinjs_serialized_tid_comes_once_extensions_are_enabled() -> None:
    inner = encode(custom(25882, 51, b"\0\1"))
    spec = rospec(vendor=custom(25882, 50, inner))
    bench = Bench("monzax8k").connect().start(spec)
    bench.wait(TICK_S)
    assert bench.reports[0].vendor(25882, 55) is None
    bench.do("DELETE_ROSPEC", ROSpecID=0)
    bench.ask("CUSTOM_MESSAGE", VendorIdentifier=25882, MessageSubtype=21, Data=bytes(4))
    bench.start(spec)
    bench.wait(TICK_S)
    assert bench.reports[-1].vendor(25882, 55) == b"\0\6" + bench.tags[0].tid


def test_a_new_epc_is_reported_from_then_on() -> None:
    bench = Bench("monzax8k").connect().start(rospec())
    bench.wait(TICK_S)
    bench.tags[0].load({**bench.tags[0].dump(), "epc": "00003000" + "ab" * 12 + "00000000"})
    bench.wait(TICK_S)
    assert epc_of(bench.reports[-1]) == b"\xab" * 12


# -- who is heard --


def test_antennas_take_turns_and_tell_whose_turn_it_was() -> None:
    bench = Bench("monzax8k").connect()
    other = bench.add(antenna=3)
    bench.start(rospec())
    bench.wait(0.5)
    where = {(epc_of(each), each.one("AntennaID").number("AntennaID")) for each in bench.reports}
    assert where == {(bench.tags[0].epc, 1), (other.epc, 3)}
    assert len(bench.reports) == 32
    bench.do("DELETE_ROSPEC", ROSpecID=1)
    bench.heard.clear()
    bench.start(rospec(ai_spec(antennas=(3, 4))))
    bench.wait(0.5)
    assert {epc_of(each) for each in bench.reports} == {other.epc}


def test_less_power_hears_less() -> None:
    bench = Bench("monzax8k").connect()
    bench.field.arrive(bench.tags[0], 1, -62.0)  # 43 dB each way
    bench.start(rospec(ai_spec(power=81)))
    bench.wait(0.5)
    assert bench.reports
    bench.do("DELETE_ROSPEC", ROSpecID=1)
    bench.heard.clear()
    bench.start(rospec(ai_spec(power=1)))
    bench.wait(0.5)
    assert not bench.reports


def select(action: int, data: bytes, bank: int = 1, bit: int = 32) -> Node:
    mask = make("C1G2TagInventoryMask", MB=bank, Pointer=bit, TagMask=Bits(8 * len(data), data))
    return make(
        "C1G2Filter", mask, make("C1G2TagInventoryStateUnawareFilterAction", Action=action), T=1
    )


@pytest.mark.parametrize(
    ("filters", "heard"),
    [
        ([select(0, b"\xaa")], "a"),
        ([select(4, b"\xaa")], "bc"),
        ([select(1, b"\xaa")], "a"),
        ([select(2, b"\xaa")], "a"),
        ([select(3, b"\xaa")], "bc"),
        ([select(5, b"\xaa")], "bc"),
        ([select(0, b"\xaa"), select(1, b"\xbb")], "ab"),
        ([select(4, b"\xaa"), select(3, b"\xbb")], "c"),
        ([select(0, b"\x12\x34", bank=USER, bit=16)], "b"),
    ],
)
def test_filters_choose_who_takes_part(filters: list[Node], heard: str) -> None:
    bench = Bench().connect()
    tags = {name: bench.add(epc=bytes((0x11 * int(name, 16),)) * 12) for name in "abc"}
    tags["b"].banks[USER][2:4] = b"\x12\x34"
    bench.start(rospec(ai_spec(*filters)))
    bench.wait(0.5)
    assert {epc_of(each) for each in bench.reports} == {tags[name].epc for name in heard}


def test_too_many_filters_truncation_and_aware_actions_are_refused() -> None:
    mask = make("C1G2TagInventoryMask", MB=1)
    aware = make("C1G2Filter", mask, make("C1G2TagInventoryStateAwareFilterAction"))
    truncating = make("C1G2Filter", mask, T=2)
    for filters in ([select(0, b"")] * 3, [aware], [truncating], [select(6, b"")]):
        answer = Bench().connect().ask("ADD_ROSPEC", rospec(ai_spec(*filters)))
        assert status(answer)[0] == 101


# -- how fast --


def test_the_air_of_the_mode_sets_the_pace() -> None:
    fast = MODES["fm0"].tags_per_s()
    bench = Bench(*["m730"] * 50, rate=None).connect()
    command = make("C1G2RFControl", ModeIndex=0)
    bench.start(rospec(ai_spec(command, antennas=(1,))))
    bench.wait(1.0)
    assert 0.9 * fast < len(bench.reports) <= fast
    slow = Bench(*["m730"] * 50, rate=None).connect().start(rospec(ai_spec(antennas=(1,))))
    slow.wait(1.0)
    expected = PROFILES["m4-274"].tags_per_s()
    assert 0.9 * expected < len(slow.reports) <= expected
    stats = slow.reader.tally.stats()
    assert stats["sightings"] == stats["singulations"] == len(slow.reports)
    assert 0 < slow.clock.air_us <= 1e6


def test_a_tag_that_leaves_in_a_round_is_seen_no_more() -> None:
    bench = Bench(*["m730"] * 8).connect().start(rospec(ai_spec(antennas=(1,))))
    bench.wait(4 * TICK_S)
    assert len(bench.reports) == 4
    bench.field.leave()
    bench.wait(1.0)
    assert len(bench.reports) == 4
