"""What goes wrong on the line of an LLRP reader."""

import pytest
from llrp_bench import Bench, rospec

from hwsim.llrp_bytes import make, message

GET_ROSPECS = message(26, 1)
ANSWER = message(36, 1, bytes.fromhex("011f0008 0000 0000".replace(" ", "")))


def armed(name: str, **args: object) -> Bench:
    bench = Bench("monzax8k").connect()
    bench.faults.add(name, args)
    return bench


def test_the_connection_breaks_when_so_many_messages_have_come() -> None:
    bench = armed("drop", after=2)
    assert bench.reader.receive(GET_ROSPECS, 0.0) == ANSWER
    assert not bench.reader.aborting
    assert bench.reader.receive(GET_ROSPECS, 0.0) == b""
    assert bench.reader.aborting


def test_the_connection_breaks_when_so_many_messages_were_sent() -> None:
    bench = armed("drop", sent=2)
    sent = bench.reader.receive(3 * GET_ROSPECS, 0.0)
    assert bench.reader.aborting
    assert sent == 2 * ANSWER


def test_half_a_message_and_then_silence_until_the_next_connection() -> None:
    bench = armed("half", at=2)
    sent = bench.reader.receive(3 * GET_ROSPECS, 0.0)
    assert sent == ANSWER + ANSWER[:9]
    assert bench.reader.receive(GET_ROSPECS, 0.0) == b""
    assert not bench.reader.aborting
    bench.reader.disconnect()
    bench.connect()
    assert bench.reader.receive(GET_ROSPECS, 0.0) == ANSWER


def test_silence_begins_at_once_or_after_so_many_messages() -> None:
    assert armed("silence").reader.receive(GET_ROSPECS, 0.0) == b""
    bench = armed("silence", after=1)
    assert bench.reader.receive(2 * GET_ROSPECS, 0.0) == ANSWER
    assert not bench.reader.closing


def test_keepalives_fail_and_all_else_works() -> None:
    bench = armed("no_keepalive")
    bench.do(
        "SET_READER_CONFIG", make("KeepaliveSpec", KeepaliveTriggerType=1, PeriodicTriggerValue=100)
    )
    bench.start(rospec())
    bench.wait(1.0)
    assert {each.name for each in bench.heard} == {"RO_ACCESS_REPORT"}


def test_a_clock_of_1970() -> None:
    bench = Bench("monzax8k")
    bench.faults.add("clock", {"year": 1970})
    ((_, event),) = bench.take(bench.reader.connect(5.0))
    bench.connect()
    assert bench.reader.utc_us(bench.reader.now_s) < 10_000_000
    assert event.name == "READER_EVENT_NOTIFICATION"


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        ("length", bytes.fromhex("0424 0000000f 00000001") + ANSWER[10:]),
        ("huge", bytes.fromhex("0424 ffffffff 00000001") + ANSWER[10:]),
        ("type", bytes.fromhex("07e7 0000000a 00000000") + ANSWER),
        (
            "parameter",
            bytes.fromhex("043d 0000001b 00000000 00f0 ffff 8d") + bytes(12) + ANSWER,
        ),
    ],
)
def test_a_lie_is_told_once(kind: str, first: bytes) -> None:
    bench = armed("lie", kind=kind, at=2)
    sent = bench.reader.receive(3 * GET_ROSPECS, 0.0)
    assert sent == ANSWER + first + ANSWER


def test_a_flood_is_as_long_as_it_is_said() -> None:
    bench = armed("lie", kind="flood", count=500)
    bench.send("GET_ROSPECS")
    names = [each.name for each in bench.heard]
    assert names == ["RO_ACCESS_REPORT"] * 500 + ["GET_ROSPECS_RESPONSE"]


def test_unknown_faults_and_lies_are_refused() -> None:
    with pytest.raises(ValueError, match="known are"):
        armed("gremlin")
    with pytest.raises(ValueError, match="lie: kind is"):
        armed("lie", kind="white")
    with pytest.raises(ValueError, match="year"):
        armed("clock", year=1815)
