"""Frames of the UM0701-02 and of its readers' hands: whole, byte by byte, cut and in noise."""

import pytest

from hwsim import hsu

GOLDEN = {
    # UM0701-02: GetFirmwareVersion and its answer; SAMConfiguration(normal) and its answer, as nfcpy 1.0.4 sends
    # and expects them in nfc/clf/pn532.py
    "d402": "0000ff02fed4022a00",
    "d50332010607": "0000ff06fad50332010607e800",
    "d414010000": "0000ff05fbd4140100001700",
    "d515": "0000ff02fed5151600",
    "d4100700": "0000ff04fcd41007001500",
}


@pytest.mark.parametrize("payload", GOLDEN)
def test_a_frame_is_as_the_manual_prints_it(payload: str) -> None:
    assert hsu.frame(bytes.fromhex(payload)).hex() == GOLDEN[payload]


def test_a_long_frame_is_extended() -> None:
    payload = b"\xd4\x00" + bytes(range(256))[:254]
    frame = hsu.frame(payload)
    assert frame[:8].hex() == "0000ffffff0100ff"  # 256 bytes
    assert len(frame) == 8 + 256 + 2 and not (sum(payload) + frame[-2]) & 0xFF
    assert hsu.Frames().receive(frame) == [payload]


@pytest.mark.parametrize("size", [1, 2, 254, 255, 256, 264, 265])
def test_a_frame_of_any_size_comes_whole_or_byte_by_byte_and_waits_when_cut(size: int) -> None:
    payload = bytes([0xD4] + [0xFF, 0x00] * 200)[:size]
    frame = hsu.frame(payload)
    assert hsu.Frames().receive(frame) == [payload]
    one_by_one = hsu.Frames()
    assert [f for value in frame for f in one_by_one.receive(bytes([value]))] == [payload]
    for cut in range(len(frame) - 1):  # the postamble is not waited for
        frames = hsu.Frames()
        assert frames.receive(frame[:cut]) == []
        assert frames.receive(frame[cut:]) == [payload]


@pytest.mark.parametrize("size", [0, 266])
def test_no_frame_holds_nothing_or_more_than_265_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="1 to 265"):
        hsu.frame(bytes(size))


def test_frames_follow_each_other_and_noise_between_them_is_skipped() -> None:
    one, two = hsu.frame(b"\xd4\x02"), hsu.frame(b"\xd4\x04")
    stream = b"\x55" * 16 + one + hsu.ACK + b"\x31\x00\xff\x31\x99" + two + hsu.NACK + b"\x00"
    assert hsu.Frames().receive(stream) == [b"\xd4\x02", hsu.ACK, b"\xd4\x04", hsu.NACK]


def test_a_frame_with_any_bit_flipped_is_not_taken_for_another() -> None:
    frame = hsu.frame(bytes.fromhex("d44a0100"))
    for bit in range(8 * (len(frame) - 1)):
        spoiled = bytearray(frame)
        spoiled[bit // 8] ^= 1 << bit % 8
        frames = hsu.Frames()
        got = frames.receive(bytes(spoiled))
        assert got in ([], [bytes.fromhex("d44a0100")])  # the preamble may be anything
        frames.receive(bytes(300))
        assert frames.receive(frame) == [bytes.fromhex("d44a0100")]


def test_a_length_beyond_the_ceiling_is_noise() -> None:
    frames = hsu.Frames()
    assert frames.receive(bytes.fromhex("0000ffffff010af5") + hsu.frame(b"\xd4\x02")) == [
        b"\xd4\x02"
    ]
