"""The link's frames, messages and sessions, as bytes."""

import binascii
import hashlib
import hmac
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import cbor, link
from edge.errors import Malformed

HELLO = link.message(
    link.HELLO, link.VERSION, b"8 bytes.", b"four", "ada", bytes(16), {"firmware": "1.0", "now": 5}
)
EXAMPLES = [
    HELLO,
    link.message(link.WELCOME, 1, "gate", bytes(range(16)), 1_790_000_000, 41, 7),
    link.message(link.RECORDS, 41, [[42, b"\x88" + bytes(300)], [43, b""]]),
    link.message(link.RECORDS, 41, []),
    link.message(link.ACK, 43),
    link.message(link.OFFER, "trust", 7, 1200, bytes(32)),
    link.message(link.WANT, "trust", bytes(32), 512),
    link.message(link.CHUNK, "trust", 512, bytes(link.RECORD)),
    link.message(link.DONE, "update", False, "older than what runs"),
    link.message(link.TEXT, "export", 0, 2, "{"),
    link.message(link.BYE, "silent"),
]


def sessions(secret: bytes = b"secret") -> tuple[link.Session, link.Session]:
    """The handheld's end and the gateway's."""
    return tuple(link.Session(secret, HELLO, b"n" * 16, each) for each in (False, True))  # type: ignore[return-value]


def test_cobs_is_as_its_paper_has_it() -> None:
    """Cheshire and Baker, "Consistent Overhead Byte Stuffing", table I and the 254-byte rule."""
    for data, stuffed in (
        ("00", "0101"),
        ("0000", "010101"),
        ("11220033", "0311220233"),
        ("11000000", "0211010101"),
        ("11223344", "0511223344"),
    ):
        assert link.frame(bytes.fromhex(data)).hex() == "00" + stuffed + "00"
    run = bytes(range(1, 255))
    assert link.frame(run) == b"\x00\xff" + run + b"\x01\x00"
    assert link.frame(run + b"\xff") == b"\x00\xff" + run + b"\x02\xff\x00"


def test_a_plain_frame_ends_in_its_crc() -> None:
    body = EXAMPLES[4] + binascii.crc32(EXAMPLES[4]).to_bytes(4, "big")
    assert link.plain(EXAMPLES[4]) == link.frame(body)


def test_hmac_is_that_of_the_library() -> None:
    random = Random(1)
    for size in (0, 1, 63, 64, 65, 200):
        key, data = random.randbytes(size), random.randbytes(size * 2)
        assert link.hmac(key, data) == hmac.new(key, data, hashlib.sha256).digest()


def test_a_sealed_frame_is_what_the_docstring_says() -> None:
    key = hmac.new(
        b"secret",
        b"tagwright link 1" + hashlib.sha256(HELLO).digest() + b"n" * 16,
        hashlib.sha256,
    ).digest()
    body = (1).to_bytes(4, "big") + EXAMPLES[4]
    mac = hmac.new(key, b"h" + body, hashlib.sha256).digest()[:16]
    assert sessions()[0].seal(EXAMPLES[4]) == link.frame(body + mac)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_message_passes_whole_byte_by_byte_and_between_noise(example: bytes) -> None:
    frames, found = link.Frames(), []
    for byte in b"\x01noise" + link.plain(example) + link.plain(example):
        found += frames.receive(bytes((byte,)))
    assert found == [(example, False)] * 2
    assert frames.damaged == 1
    assert link.parse(example)[0] == cbor.decode(example)[0]
    assert link.message(*link.parse(example)) == example


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_cut_message_is_none(example: bytes) -> None:
    for end in range(len(example)):
        with pytest.raises(Malformed):
            link.parse(example[:end])


def test_a_frame_cut_anywhere_costs_itself_alone() -> None:
    whole = link.plain(HELLO)
    for cut in range(len(whole)):
        assert link.Frames().receive(whole[:cut] + whole) in (
            [(HELLO, False)],
            [(HELLO, False)] * 2 if cut == len(whole) - 1 else [(HELLO, False)],
        )


def test_what_is_too_long_is_dropped_and_not_kept() -> None:
    frames = link.Frames()
    for _ in range(100):
        assert frames.receive(b"\x01" * 1000) == []
        assert len(frames._held) < 3000
    assert frames.receive(link.plain(HELLO)) == [(HELLO, False)]
    assert frames.damaged == 1


@pytest.mark.parametrize(
    "said",
    [
        [],
        [0],
        [11],
        [True, 1],
        [[], 1],
        [link.ACK, -1],
        [link.ACK, True],
        [link.ACK, 1 << 63],
        [link.ACK, 1, 2],
        [link.RECORDS, 0, [[1]]],
        [link.RECORDS, 0, [[1, "text"]]],
        [link.WANT, "trust", bytes(31), 0],
        [link.BYE, b"bytes"],
        {1: 2},
    ],
)
def test_what_the_table_does_not_have_is_refused(said: object) -> None:
    with pytest.raises(Malformed):
        link.parse(cbor.encode(said))


def test_another_version_is_told() -> None:
    with pytest.raises(Malformed, match="speaks version 2"):
        link.parse(cbor.encode([link.HELLO, 2, "whatever"]))


def test_a_message_beyond_the_ceiling_is_a_bug() -> None:
    with pytest.raises(ValueError, match="bytes"):
        link.message(link.CHUNK, "update", 0, bytes(link.CEILING))


def body_of(frame: bytes) -> bytes:
    ((body, is_sealed),) = link.Frames().receive(frame)
    assert is_sealed
    return body


def test_a_sealed_message_is_opened_once_by_the_other_end_alone() -> None:
    device, gateway = sessions()
    first, second = (body_of(device.seal(each)) for each in EXAMPLES[3:5])
    assert gateway.open(second) == EXAMPLES[4]
    assert gateway.open(first) is None  # later than the one behind it
    assert gateway.open(second) is None
    assert device.open(second) is None  # its own
    assert (gateway.refused, device.refused) == (2, 1)
    assert device.open(body_of(gateway.seal(HELLO))) == HELLO


def test_another_secret_hello_or_nonce_opens_nothing() -> None:
    body = body_of(sessions()[0].seal(HELLO))
    for other in (
        link.Session(b"other", HELLO, b"n" * 16, True),
        link.Session(b"secret", EXAMPLES[1], b"n" * 16, True),
        link.Session(b"secret", HELLO, b"m" * 16, True),
    ):
        assert other.open(body) is None


def test_no_bit_of_a_sealed_frame_can_be_changed() -> None:
    device, gateway = sessions()
    body = body_of(device.seal(EXAMPLES[4]))
    for bit in range(len(body) * 8):
        changed = bytearray(body)
        changed[bit // 8] ^= 1 << bit % 8
        assert gateway.open(bytes(changed)) is None
    assert gateway.open(body) == EXAMPLES[4]


@given(st.binary(max_size=4000), st.integers(1, 700))
def test_any_body_comes_back_and_any_bytes_are_survived(data: bytes, size: int) -> None:
    assert link._unstuffed(link.frame(data)[1:-1]) == data
    frames = link.Frames()
    for at in range(0, len(data), size):
        frames.receive(data[at : at + size])
