"""A client that reads too slowly, or has its reports held: warned, told of what is lost, and served again."""

import socket

import pytest
from llrp_bench import Bench, access_spec, rospec

from hwsim.air import AirClock
from hwsim.gen2chips import by_name
from hwsim.gen2tag import make as make_tag
from hwsim.llrp_buffer import SIZE, ReportBuffer
from hwsim.llrp_bytes import (
    MESSAGE_NUMBERS,
    Frames,
    Node,
    body_of,
    make,
    message,
    message_body,
)
from hwsim.llrp_control import LlrpControl
from hwsim.llrp_faults import FAULTS
from hwsim.llrp_host import LlrpHost
from hwsim.llrp_reader import LlrpReader
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField

ROOM = 2000
REPORT_BYTES = 10 + 4 + 13 + 3  # a message, its TagReportData, EPC-96, AntennaID
HOLD = make("EventsAndReports", HoldEventsAndReportsUponReconnect=1)
PATIENCE_S = 20.0


def warn(*more: int) -> Node:
    states = [
        make("EventNotificationState", EventType=kind, NotificationState=1) for kind in (3, *more)
    ]
    return make("ReaderEventNotificationSpec", *states)


def story(bench: Bench) -> list[str]:
    """Reports as "r", what else has come by its name."""
    return [
        "r"
        if each.name == "RO_ACCESS_REPORT"
        else each.one("ReaderEventNotificationData").children[-1].name
        for each in bench.heard
    ]


def held(wanted: Node | None = None) -> Bench:
    bench = Bench("monzax8k", report_buffer=ROOM).connect()
    bench.do("SET_READER_CONFIG", *([wanted] if wanted else []), HOLD)
    bench.reader.disconnect()
    bench.connect()
    return bench.start(rospec())


def test_held_reports_fill_the_buffer_and_the_client_learns_where_there_is_a_gap() -> None:
    bench = held(warn())
    bench.wait(3.0)
    assert not bench.heard
    seen, lost = bench.reader.tally.sightings, bench.reader.tally.lost
    assert seen + lost == 3 * 64
    bench.send("ENABLE_EVENTS_AND_REPORTS")
    assert len(bench.reports) == seen
    said = story(bench)
    (warning,) = bench.events("ReportBufferLevelWarningEvent")
    assert 75 <= warning.number("ReportBufferPercentageFull") < 78
    before = said.index("ReportBufferLevelWarningEvent")
    assert 0.75 * ROOM <= before * REPORT_BYTES < 0.78 * ROOM
    assert said[-1] == "ReportBufferOverflowErrorEvent"
    assert said.count("r") == len(said) - 2
    bench.heard.clear()
    bench.wait(0.5)
    assert story(bench) == ["r"] * 32  # there is room again


def test_warnings_are_for_who_wants_them_and_overflows_for_everyone() -> None:
    bench = held()
    bench.wait(3.0)
    bench.send("ENABLE_EVENTS_AND_REPORTS")
    assert set(story(bench)) == {"r", "ReportBufferOverflowErrorEvent"}


def test_a_client_that_reads_slowly_loses_until_half_is_free_and_is_told_once_a_gap() -> None:
    bench = Bench("monzax8k", report_buffer=ROOM).connect()
    bench.do("SET_READER_CONFIG", warn())
    bench.start(rospec())

    def reads(unread: int) -> list[str]:
        bench.heard.clear()
        bench.reader.buffer.unread = unread
        bench.wait(1 / 16)
        return story(bench)

    assert reads(0) == ["r"] * 4
    assert reads(ROOM * 3 // 4) == ["ReportBufferLevelWarningEvent", *["r"] * 4]
    assert reads(ROOM * 9 // 10) == ["r"] * 4
    assert reads(ROOM) == ["ReportBufferOverflowErrorEvent"]
    assert reads(ROOM) == reads(ROOM * 6 // 10) == []
    assert bench.reader.tally.lost == 12
    assert reads(ROOM * 4 // 10) == ["r"] * 4
    assert reads(ROOM) == ["ReportBufferLevelWarningEvent", "ReportBufferOverflowErrorEvent"]


def test_what_the_client_asks_for_comes_through_a_full_buffer_and_events_do_not() -> None:
    bench = Bench("monzax8k", report_buffer=ROOM).connect()
    keepalive = make("KeepaliveSpec", KeepaliveTriggerType=1, PeriodicTriggerValue=100)
    bench.do("SET_READER_CONFIG", warn(2), keepalive)
    bench.reader.buffer.unread = ROOM
    bench.start(rospec(trigger=0))
    bench.send("GET_REPORT")
    bench.wait(0.1)
    names = [each.name for each in bench.heard]
    assert names[-2:] == ["RO_ACCESS_REPORT", "KEEPALIVE"]
    assert not bench.events("ROSpecEvent")
    assert len(bench.events("ReportBufferOverflowErrorEvent")) == 1


def test_results_that_nobody_fetches_fill_the_buffer_and_are_there_when_they_are_fetched() -> None:
    bench = Bench("monzax8k", report_buffer=ROOM).connect()
    bench.do("SET_READER_CONFIG", warn(), make("AccessReportSpec", AccessReportTrigger=0))
    bench.start(rospec(trigger=0))
    read = make("C1G2Read", OpSpecID=1, MB=2, WordCount=6)
    bench.do("ADD_ACCESSSPEC", access_spec(read, epc=bench.tags[0].epc, count=0))
    bench.do("ENABLE_ACCESSSPEC", AccessSpecID=1)
    bench.wait(3.0)
    assert story(bench) == ["ReportBufferLevelWarningEvent", "ReportBufferOverflowErrorEvent"]
    bench.heard.clear()
    bench.send("GET_REPORT")
    size = sum(message_size(each) for each in bench.heard)
    assert ROOM <= size < ROOM + 100
    bench.heard.clear()
    bench.wait(0.5)
    bench.send("GET_REPORT")
    assert len(bench.reports) > 10


def message_size(report: Node) -> int:
    """Of an access report with one antenna and a read of six words."""
    return 10 + len(report.children) * (REPORT_BYTES - 10 + 4 + 5 + 12)


def test_the_next_client_begins_with_an_empty_buffer() -> None:
    bench = held(warn())
    bench.wait(3.0)
    bench.do("SET_READER_CONFIG", make("EventsAndReports"))
    bench.reader.disconnect()
    bench.connect()
    bench.wait(0.5)
    assert story(bench) == ["r"] * 32


@pytest.mark.parametrize("size", [1, 99, 100, 1000])
def test_a_percentage_is_one(size: int) -> None:
    buffer = ReportBuffer(size)
    event = buffer.look(10 * size)
    assert event is not None
    assert event.number("ReportBufferPercentageFull") == 100
    assert buffer.full


def test_over_tcp_a_client_that_does_not_read_is_told_and_kept() -> None:
    """Its own messages are answered at last; there is no end of the connection."""
    field = RainField(AirClock(), RainFaults(0, FAULTS), fading_db=0.0)
    tag = make_tag(by_name("monzax8k"), field.faults.random)
    field.arrive(tag, rssi_dbm=-45.0)
    reader = LlrpReader(field, rate=1000.0, report_buffer=100_000)
    requests = [
        make("SET_READER_CONFIG", warn()),
        make("ADD_ROSPEC", rospec()),
        make("ENABLE_ROSPEC", ROSpecID=1),
        make("START_ROSPEC", ROSpecID=1),
    ]
    with (
        LlrpHost([reader], LlrpControl([reader])) as host,
        socket.create_connection(("127.0.0.1", host.port), PATIENCE_S) as client,
    ):
        assert client.recv(100)  # it is connected
        client.sendall(message_of(requests[0], 1))
        assert client.recv(100)
        flood = {"kind": "flood", "count": 200_000}  # 6 MB: more than sockets take
        host.do({"do": "fault", "name": "lie", "args": flood})
        for number, node in enumerate(requests[1:], 2):
            client.sendall(message_of(node, number))
        while not host.do({"do": "stats"})["stats"]["lost"]:  # type: ignore[index]
            pass
        frames, names = Frames(), set[str]()
        while "ReportBufferOverflowErrorEvent" not in names:
            for frame in frames.receive(client.recv(1 << 20)):
                if frame.type == MESSAGE_NUMBERS["READER_EVENT_NOTIFICATION"]:
                    data = message_body(frame).one("ReaderEventNotificationData")
                    names.add(data.children[-1].name)
        assert "ReportBufferLevelWarningEvent" in names
        assert reader.connected


def message_of(node: Node, id: int) -> bytes:
    return message(MESSAGE_NUMBERS[node.name], id, body_of(node))


def test_a_buffer_holds_what_a_fast_reader_sees_in_a_minute() -> None:
    assert SIZE / REPORT_BYTES > 60 * 1100
