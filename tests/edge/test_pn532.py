"""The PN532's frames. Golden bytes, and where they were published:

ACK, NACK, error frame, both layouts, and GetFirmwareVersion's 32 01 06 07: NXP UM0701-02 rev. 02, 6.2.1 and 7.2.2.
Whole frames: NXP community threads 457106 (GetFirmwareVersion) and 474941 (InListPassiveTarget); its answer, READ and
SAMConfiguration: Elechouse, "PN532 command (S50)". nfcpy is the witness for all lengths.
"""

import logging
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from witness import require

from edge.errors import Malformed, Truncated
from edge.pn532 import (
    ACK,
    NACK,
    PAYLOAD,
    Ack,
    ErrorFrame,
    Frames,
    Nack,
    Response,
    frame,
    get_firmware_version,
    in_communicate_thru,
    in_data_exchange,
    in_list_passive_target,
    in_release,
    in_select,
    parse_targets,
    power_down,
    rf_configuration,
    sam_configuration,
    set_serial_baud_rate,
)

ERROR = bytes.fromhex("0000ff01ff7f8100")
FIRMWARE = bytes.fromhex("0000ff06fad50332010607e800")
SAM = bytes.fromhex("0000ff02fed5151600")
LISTED = bytes.fromhex("0000ff0cf4d54b010100040804fb0ee20bd800")
PAGES = bytes(range(256)) + b"\x00\x00\xff\x00"  # page bytes that look like a start of frame
EXTENDED = (
    bytes.fromhex("0000ffffff0107f8d54300") + PAGES + bytes((-(0xD5 + 0x43 + sum(PAGES)) & 0xFF, 0))
)

GOLDEN = [
    (ACK, Ack()),
    (NACK, Nack()),
    (ERROR, ErrorFrame()),
    (FIRMWARE, Response(0x02, bytes.fromhex("32010607"))),
    (SAM, Response(0x14, b"")),
    (LISTED, Response(0x4A, bytes.fromhex("010100040804fb0ee20b"))),
    (EXTENDED, Response(0x42, b"\x00" + PAGES)),
]
STREAM = b"".join(wire for wire, _ in GOLDEN)
MESSAGES = [message for _, message in GOLDEN]


@pytest.mark.parametrize(
    ("command", "wire"),
    [
        (get_firmware_version(), "0000ff02fed4022a00"),
        (sam_configuration(), "0000ff03fdd414011700"),
        (set_serial_baud_rate(921600), "0000ff03fdd410071500"),
        (rf_configuration(0x05, b"\xff\x01\xff"), "0000ff06fad43205ff01fff600"),
        (in_list_passive_target(1), "0000ff04fcd44a0100e100"),
        (in_data_exchange(1, bytes.fromhex("3004")), "0000ff05fbd440013004b700"),
        (in_communicate_thru(bytes.fromhex("3a0044")), "0000ff05fbd4423a00446c00"),
        (in_select(1), "0000ff03fdd45401d700"),
        (in_release(), "0000ff03fdd45200da00"),
        (power_down(), "0000ff03fdd416100600"),
    ],
)
def test_a_command_becomes_the_manuals_frame(command: bytes, wire: str) -> None:
    assert frame(command).hex() == wire


@pytest.mark.witness
@pytest.mark.parametrize("size", [1, 2, 9, 253, 254, 255, 256, PAYLOAD])
def test_nfcpy_makes_the_same_frame_and_reads_the_answer(size: int) -> None:
    require(find_spec("nfc"), "nfcpy")
    from nfc.clf.pn532 import Chipset

    command = bytes((0x42,)) + bytes(3 * n & 0xFF for n in range(size - 1))
    answer = bytearray(frame(b"\x43" + command[1:]))
    body = answer.index(0xD4, 5)
    answer[body], answer[-2] = 0xD5, answer[-2] - 1 & 0xFF
    sent: list[bytes] = []
    answers = iter([ACK, answer])

    class Wire:
        TYPE = "TTY"

        def write(self, data: bytearray) -> None:
            sent.append(bytes(data))

        def read(self, timeout: int) -> bytearray:
            return bytearray(next(answers))

    chipset = Chipset(Wire(), logging.getLogger("nfc"))
    assert chipset.command(command[0], bytearray(command[1:]), timeout=0.1) == command[1:]
    assert sent == [frame(command)]
    assert Frames().receive(bytes(answer)) == [Response(0x42, command[1:])]


def test_a_command_of_255_bytes_and_more_takes_the_extended_frame() -> None:
    assert frame(bytes(254))[:7].hex() == "0000ffff01d400"
    assert frame(bytes(255))[:9].hex() == "0000ffffff0100ffd4"
    assert frame(bytes(PAYLOAD))[:9].hex() == "0000ffffff0109f6d4"


@pytest.mark.parametrize("size", [0, PAYLOAD + 1])
def test_a_command_that_no_frame_can_hold_is_our_bug(size: int) -> None:
    with pytest.raises(ValueError, match="1 to 264 bytes"):
        frame(bytes(size))


def test_an_unknown_baud_rate_is_our_bug() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        set_serial_baud_rate(115201)


@pytest.mark.parametrize(("wire", "message"), GOLDEN)
def test_the_manuals_frame_becomes_its_message(wire: bytes, message: object) -> None:
    frames = Frames()
    assert frames.receive(wire) == [message]
    assert frames.give_up() == []
    assert frames.damaged == 0


def test_whole_and_byte_by_byte_are_the_same() -> None:
    assert Frames().receive(STREAM) == MESSAGES
    frames = Frames()
    assert [m for at in range(len(STREAM)) for m in frames.receive(STREAM[at : at + 1])] == MESSAGES


def test_cut_anywhere_the_rest_completes_it() -> None:
    for cut in range(len(STREAM)):
        frames = Frames()
        assert frames.receive(STREAM[:cut]) + frames.receive(STREAM[cut:]) == MESSAGES


def test_a_frame_cut_anywhere_is_given_up_and_the_next_one_is_found() -> None:
    for wire, _ in GOLDEN:
        for cut in range(len(wire) - 2):
            frames = Frames()
            assert frames.receive(wire[:cut]) == []
            assert Frames.give_up(frames) == []
            assert frames.receive(FIRMWARE) == [MESSAGES[3]]


def test_a_frame_has_begun_until_its_checksum_has_come() -> None:
    frames = Frames()
    assert not frames.begun
    for at in range(len(FIRMWARE) - 2):
        frames.receive(FIRMWARE[at : at + 1])
        assert frames.begun == (at > 1)
    frames.receive(FIRMWARE[-2:])
    assert not frames.begun


def test_noise_before_and_between_frames_is_skipped() -> None:
    noise = bytes.fromhex("5555ff00aa00000000")
    wire = b"".join(noise + each for each, _ in GOLDEN) + noise
    assert Frames().receive(wire) == MESSAGES


@pytest.mark.parametrize(
    "noise",
    [
        "00",
        "ff",
        "00ff",
        "0000ff",
        "00ff00",
        "00ffff",
        "00ffffff",
        "00ff04fc",
        "00ff06fa",
        "00ffffff0109f6",
    ],
)
def test_a_start_code_by_chance_swallows_no_frame(noise: str) -> None:
    assert Frames().receive(bytes.fromhex(noise) + FIRMWARE)[-1] == MESSAGES[3]


def test_a_header_by_chance_costs_no_frame_once_nothing_more_comes() -> None:
    frames = Frames()
    assert frames.receive(bytes.fromhex("00ffffff0109f6d5") + FIRMWARE + ACK) == []
    assert frames.give_up() == [MESSAGES[3], Ack()]


def test_any_bit_error_in_a_response_is_seen_and_the_next_frame_is_read() -> None:
    for bit in range(3 * 8, 12 * 8):  # LEN .. DCS
        wire = bytearray(FIRMWARE)
        wire[bit // 8] ^= 1 << bit % 8
        frames = Frames()
        got = frames.receive(bytes(wire) + SAM)
        got += frames.give_up()
        assert got == [Response(0x14, b"")]


def test_a_damaged_body_is_counted() -> None:
    frames = Frames()
    assert frames.receive(FIRMWARE[:-2] + b"\xe9\x00" + FIRMWARE) == [MESSAGES[3]]
    assert frames.damaged == 1


@pytest.mark.parametrize(
    "wire",
    [
        "0000ff0000d5",  # LEN 0
        "0000ff01ffd52b00",  # D5 and no command code
        "0000ff02fed4022a00",  # from a host, not from the chip
        "0000ffffff010af5d5",  # 266 bytes
        "0000ffffff0000 00",  # extended, LEN 0
    ],
)
def test_what_the_chip_never_sends_is_noise(wire: str) -> None:
    frames = Frames()
    assert frames.receive(bytes.fromhex(wire) + FIRMWARE) == [MESSAGES[3]]


@settings(max_examples=400)
@given(st.lists(st.binary(max_size=300) | st.sampled_from([w for w, _ in GOLDEN]), max_size=8))
def test_any_bytes_are_read_without_an_error_and_with_bounded_memory(pieces: list[bytes]) -> None:
    frames = Frames()
    split = [m for piece in pieces for m in frames.receive(piece)]
    assert len(frames._held) <= 9 + 1 + PAYLOAD + 1
    split += frames.give_up()
    assert not frames._held
    whole = Frames()
    assert split == whole.receive(b"".join(pieces)) + whole.give_up()


@settings(max_examples=400)
@given(st.binary(max_size=40), st.binary(min_size=0, max_size=PAYLOAD - 1), st.integers(0, 127))
def test_a_response_after_any_noise_is_found(noise: bytes, data: bytes, half: int) -> None:
    body = b"\xd5" + bytes((2 * half + 1,)) + data
    wire = bytearray(frame(body[1:]))
    at = wire.index(0xD4, 3)
    wire[at], wire[-2] = 0xD5, wire[-2] - 1 & 0xFF
    frames = Frames()
    got = frames.receive(noise + bytes(wire))
    got += frames.give_up()
    assert Response(2 * half, data) in got


def test_targets_are_parsed_with_and_without_an_ats() -> None:
    (target,) = parse_targets(bytes.fromhex("0101004400070496d152de5b80"))
    assert (target.number, target.sens_res, target.sel_res) == (1, b"\x00\x44", 0x00)
    assert target.uid.hex() == "0496d152de5b80"
    two = "02010344200704a1a2a3a4a5a6057577810280020208040004b1b2b3b4"
    with pytest.raises(Malformed):
        parse_targets(bytes.fromhex(two.replace("0704a1", "0604a1")))
    two = "02010344200704a1a2a3a4a5a60675778102800200040804b1b2b3b4"
    first, second = parse_targets(bytes.fromhex(two))
    assert first.uid.hex() == "04a1a2a3a4a5a6"
    assert (second.number, second.sel_res, second.uid.hex()) == (2, 0x08, "b1b2b3b4")
    assert parse_targets(b"\x00") == []


@pytest.mark.parametrize("listed", ["03", "010100440006a1a2a3a4a5a6", "0101004400ff"])
def test_targets_that_no_chip_lists_are_malformed(listed: str) -> None:
    with pytest.raises(Malformed):
        parse_targets(bytes.fromhex(listed))


def test_targets_cut_anywhere_are_truncated() -> None:
    listed = bytes.fromhex("0101004400070496d152de5b80")
    for cut in range(len(listed)):
        with pytest.raises(Truncated):
            parse_targets(listed[:cut])


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_any_bytes_as_targets_are_parsed_or_malformed(data: bytes) -> None:
    try:
        parse_targets(data)
    except Malformed:
        return


def test_a_frame_that_lost_a_zero_is_not_taken_for_a_whole_one() -> None:
    whole = bytes.fromhex("0000ff05fbd54300aa003e00")  # status 00, AA 00
    lost = whole[:9] + whole[10:]  # D5 43 00 AA 3E: the sum is right without it, the last 00 too
    frames = Frames()
    assert frames.receive(whole) == [Response(0x42, bytes.fromhex("00aa00"))]
    assert frames.receive(lost) == []
    assert frames.begun
    assert frames.give_up() == []
    assert frames.damaged == 0


def test_a_frame_that_gained_a_zero_is_not_taken_for_a_whole_one() -> None:
    gained = bytes.fromhex(
        "0000ff05fbd5430000aa003e00"
    )  # D5 43 00 00 AA is all that its length holds
    frames = Frames()
    assert frames.receive(gained) == []
    assert frames.damaged == 1
