"""Bytes of a connection to messages, however they are cut, and responses to requests."""

import tracemalloc

import pytest

from edge.errors import Malformed
from gateway.llrp.codec import decode, encode
from gateway.llrp.message import Message
from gateway.llrp.stream import LARGEST, MOST_WAITING, Exchanges, Frame, Stream
from tests.llrp_messages import MESSAGES

WIRE = b"".join(map(encode, MESSAGES))
KEEPALIVE = encode(Message("KEEPALIVE", id=9))


def frames_of(*parts: bytes) -> list[Frame]:
    stream = Stream()
    found = [frame for part in parts for frame in stream.receive(part)]
    assert not stream.begun
    return found


def test_all_at_once_gives_every_message() -> None:
    assert [frame.message() for frame in frames_of(WIRE)] == MESSAGES


def test_byte_by_byte_gives_the_same() -> None:
    assert frames_of(*(WIRE[at : at + 1] for at in range(len(WIRE)))) == frames_of(WIRE)


@pytest.mark.parametrize("size", [2, 3, 9, 10, 11, 64, 1460])
def test_pieces_of_any_size_give_the_same(size: int) -> None:
    pieces = [WIRE[at : at + size] for at in range(0, len(WIRE), size)]
    assert frames_of(*pieces) == frames_of(WIRE)


def test_cut_at_every_offset_the_rest_is_waited_for() -> None:
    two = KEEPALIVE + encode(MESSAGES[0])
    for end in range(len(two)):
        stream = Stream()
        first = stream.receive(two[:end])
        assert len(first) == (1 if end >= 10 else 0)
        assert stream.begun is (end not in (0, 10))
        assert first + stream.receive(two[end:]) == frames_of(two)


def test_a_frame_has_the_head_of_its_message() -> None:
    [frame] = frames_of(KEEPALIVE)
    assert (frame.type, frame.id, frame.version, frame.body) == (62, 9, 1, b"")
    assert frame.name == "KEEPALIVE"
    assert frame.message() == decode(KEEPALIVE)


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ("043e 00000009 00000001", "KEEPALIVE: a length of 9 bytes, its head has 10"),
        ("043e 00000000 00000001", "KEEPALIVE: a length of 0 bytes"),
        ("043d ffffffff 00000001", "RO_ACCESS_REPORT: 4294967295 bytes, at most 4194304 are taken"),
        ("003e 0000000a 00000001", "KEEPALIVE: LLRP has no version 0"),
        ("103e 0000000a 00000001", "KEEPALIVE: LLRP has no version 4"),
    ],
)
def test_a_head_that_breaks_the_standard_ends_the_connection_at_once(head: str, text: str) -> None:
    with pytest.raises(Malformed, match=text):
        Stream().receive(bytes.fromhex(head))


def test_an_http_server_is_no_reader() -> None:
    with pytest.raises(Malformed, match="bytes, at most"):
        Stream().receive(b"HTTP/1.1 400 Bad Request\r\n")


def test_messages_before_a_wrong_head_are_given_and_then_it_is_told() -> None:
    stream = Stream()
    wrong = bytes.fromhex("043d ffffffff 00000001")
    assert len(stream.receive(KEEPALIVE + KEEPALIVE + wrong)) == 2
    for _ in range(2):
        with pytest.raises(Malformed, match="RO_ACCESS_REPORT: 4294967295 bytes"):
            stream.receive(b"")


def test_the_ceiling_is_the_largest_message_that_is_taken() -> None:
    assert Stream(64).receive(encode(Message("CUSTOM_MESSAGE", Data=bytes(49)))) != []
    with pytest.raises(Malformed, match="CUSTOM_MESSAGE: 65 bytes, at most 64 are taken"):
        Stream(64).receive(encode(Message("CUSTOM_MESSAGE", Data=bytes(50))))


def test_a_long_message_takes_no_memory_before_it_comes() -> None:
    tracemalloc.start()
    stream = Stream()
    stream.receive(b"\x04\x3d" + LARGEST.to_bytes(4) + bytes(4))
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


def frame(name: str, id: int) -> Frame:
    message = next(each for each in MESSAGES if each.name == name)
    return Frame(message.type, id, 1, b"")


def test_a_response_is_paired_by_id_and_type() -> None:
    exchanges = Exchanges()
    first, second = exchanges.request(20), exchanges.request(24)
    assert first != second
    assert exchanges.answers(frame("ENABLE_ROSPEC_RESPONSE", second)) == second
    assert exchanges.answers(frame("ADD_ROSPEC_RESPONSE", first)) == first
    assert exchanges.answers(frame("ADD_ROSPEC_RESPONSE", first)) is None


def test_an_error_message_answers_any_request() -> None:
    exchanges = Exchanges()
    id = exchanges.request(20)
    assert exchanges.answers(frame("ERROR_MESSAGE", 999)) is None
    assert exchanges.answers(frame("ERROR_MESSAGE", id)) == id


def test_what_the_reader_sends_by_itself_answers_nothing_though_its_id_is_the_same() -> None:
    exchanges = Exchanges()
    id = exchanges.request(20)
    for name in ("KEEPALIVE", "RO_ACCESS_REPORT", "READER_EVENT_NOTIFICATION", "CUSTOM_MESSAGE"):
        assert exchanges.answers(frame(name, id)) is None
    assert exchanges.answers(frame("ADD_ROSPEC_RESPONSE", id)) == id


def test_a_response_of_another_type_is_refused() -> None:
    exchanges = Exchanges()
    id = exchanges.request(20)
    with pytest.raises(Malformed, match="DELETE_ROSPEC_RESPONSE: it answers .* ADD_ROSPEC_RESP"):
        exchanges.answers(frame("DELETE_ROSPEC_RESPONSE", id))


def test_a_custom_message_is_answered_by_one() -> None:
    exchanges = Exchanges()
    id = exchanges.request(1023)
    assert exchanges.answers(frame("IMPINJ_ENABLE_EXTENSIONS_RESPONSE", id)) == id


def test_a_request_that_has_no_response_is_not_waited_for() -> None:
    exchanges = Exchanges()
    for _ in range(MOST_WAITING + 1):
        exchanges.request(72)


def test_a_forgotten_request_is_answered_by_nothing() -> None:
    exchanges = Exchanges()
    id = exchanges.request(20)
    exchanges.forget(id)
    exchanges.forget(id)
    assert exchanges.answers(frame("ADD_ROSPEC_RESPONSE", id)) is None


def test_requests_that_wait_have_a_ceiling() -> None:
    exchanges = Exchanges()
    for _ in range(MOST_WAITING):
        exchanges.request(20)
    with pytest.raises(ValueError, match="64 requests wait"):
        exchanges.request(20)
