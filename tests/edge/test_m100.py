"""The M100's frames. Golden bytes: "Unit RFID-UHF protocol" (M5Stack), the English form of MagicRF's firmware manual.

Two of its frames carry a wrong sum: the multiple poll's notification (EF; 22h instead of its 27h would have made it
right) and M5Stack's "set channel" on the product page (AC, right in the manual).
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import m100
from edge.errors import Malformed, Truncated
from edge.m100 import COMMAND, ERROR, LARGEST, NOTIFICATION, RESPONSE, Frame, Frames

EPC = bytes.fromhex("30751feb705c5904e3d50d70")
SAID = bytes.fromhex("0e3400") + EPC  # length, PC, EPC

COMMANDS = [  # what our functions make, and the manual's frame
    (m100.info(m100.HARDWARE), "BB 00 03 00 01 00 04 7E"),
    (m100.info(m100.SOFTWARE), "BB 00 03 00 01 01 05 7E"),
    (m100.info(m100.MANUFACTURER), "BB 00 03 00 01 02 06 7E"),
    (m100.single_poll(), "BB 00 22 00 00 22 7E"),
    (m100.multi_poll(10000), "BB 00 27 00 03 22 27 10 83 7E"),
    (m100.stop_multi_poll(), "BB 00 28 00 00 28 7E"),
    (
        m100.set_select(1, 0x20, EPC),
        "BB 00 0C 00 13 01 00 00 00 20 60 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 AD 7E",
    ),
    (m100.set_select_mode(m100.NEVER), "BB 00 12 00 01 01 14 7E"),
    (m100.read(0xFFFF, 3, 0, 2), "BB 00 39 00 09 00 00 FF FF 03 00 00 00 02 45 7E"),
    (
        m100.write(0xFFFF, 3, 0, b"\x12\x34\x56\x78"),
        "BB 00 49 00 0D 00 00 FF FF 03 00 00 00 02 12 34 56 78 6D 7E",
    ),
    (m100.lock(0xFFFF, 0x080, 0x080), "BB 00 82 00 07 00 00 FF FF 02 00 80 09 7E"),
    (m100.kill(0xFFFF), "BB 00 65 00 04 00 00 FF FF 67 7E"),
    (
        m100.block_permalock(0xFFFF, 3, (5, 6, 7)),
        "BB 00 D3 00 0B 00 00 FF FF 01 03 00 00 01 07 00 E8 7E",
    ),
    (m100.get_query(), "BB 00 0D 00 00 0D 7E"),
    (m100.set_query(0, 4), "BB 00 0E 00 02 10 20 40 7E"),
    (m100.set_region(1), "BB 00 07 00 01 01 09 7E"),
    (m100.get_region(), "BB 00 08 00 00 08 7E"),
    (m100.get_power(), "BB 00 B7 00 00 B7 7E"),
    (m100.set_power(20), "BB 00 B6 00 02 07 D0 8F 7E"),
    (m100.sleep(), "BB 00 17 00 00 17 7E"),
]

ANSWERS = [
    (
        "BB 01 03 00 0B 00 4D 31 30 30 20 56 31 2E 30 30 22 7E",
        Frame(RESPONSE, m100.INFO, b"\0M100 V1.00"),
    ),
    (
        "BB 02 22 00 11 C9 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 3A 76 EF 7E",
        Frame(NOTIFICATION, 0x22, b"\xc9\x34\x00" + EPC + b"\x3a\x76"),
    ),
    ("BB 01 FF 00 01 15 16 7E", Frame(RESPONSE, ERROR, b"\x15")),
    ("BB 01 28 00 01 00 2A 7E", Frame(RESPONSE, m100.STOP_MULTI_POLL, b"\0")),
    ("BB 01 0C 00 01 00 0E 7E", Frame(RESPONSE, m100.SET_SELECT, b"\0")),
    (
        "BB 01 39 00 13 0E 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 12 34 56 78 B0 7E",
        Frame(RESPONSE, m100.READ, SAID + b"\x12\x34\x56\x78"),
    ),
    ("BB 01 FF 00 01 09 0A 7E", Frame(RESPONSE, ERROR, b"\x09")),
    (
        "BB 01 49 00 10 0E 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 00 A9 7E",
        Frame(RESPONSE, m100.WRITE, SAID + b"\0"),
    ),
    (
        "BB 01 82 00 10 0E 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 00 E2 7E",
        Frame(RESPONSE, m100.LOCK, SAID + b"\0"),
    ),
    (
        "BB 01 65 00 10 0E 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 00 C5 7E",
        Frame(RESPONSE, m100.KILL, SAID + b"\0"),
    ),
    ("BB 01 0D 00 02 10 20 40 7E", Frame(RESPONSE, m100.GET_QUERY, b"\x10\x20")),
    ("BB 01 0E 00 01 00 10 7E", Frame(RESPONSE, m100.SET_QUERY, b"\0")),
    ("BB 01 07 00 01 00 09 7E", Frame(RESPONSE, m100.SET_REGION, b"\0")),
    ("BB 01 B7 00 02 07 D0 91 7E", Frame(RESPONSE, m100.GET_POWER, b"\x07\xd0")),
    ("BB 01 B6 00 01 00 B8 7E", Frame(RESPONSE, m100.SET_POWER, b"\0")),
    (
        "BB 01 F3 00 16 00 13 BA BA BA BA BA BA BA BA BA BA BA BA BA BA BA BA BA BA BA BA A5 7E",
        Frame(RESPONSE, 0xF3, b"\x00\x13" + b"\xba" * 20),
    ),
    (  # 7E stands inside
        "BB 01 E0 00 11 0E 30 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 00 41 7E 7E",
        Frame(RESPONSE, 0xE0, bytes.fromhex("0e3000") + EPC + b"\x00\x41"),
    ),
    (
        "BB 01 D4 00 10 0E 30 00 E2 00 30 16 66 06 00 69 11 60 9F 94 00 C4 7E",
        Frame(RESPONSE, 0xD4, bytes.fromhex("0e3000e200301666060069 11609f9400")),
    ),
]
GOLDEN = [(bytes.fromhex(text), frame) for text, frame in ANSWERS]
STREAM = b"".join(wire for wire, _ in GOLDEN)
FRAMES = [frame for _, frame in GOLDEN]
STOPPED = GOLDEN[3]


@pytest.mark.parametrize(("made", "wire"), COMMANDS)
def test_a_command_becomes_the_manuals_frame(made: bytes, wire: str) -> None:
    assert made == bytes.fromhex(wire)
    assert Frames().receive(made) == [Frame(COMMAND, made[2], made[5:-2])]


@pytest.mark.parametrize(("wire", "frame"), GOLDEN)
def test_the_manuals_frame_is_read(wire: bytes, frame: Frame) -> None:
    frames = Frames()
    (read,) = frames.receive(wire)
    assert read == frame
    assert hash(read) == hash(frame)
    assert repr(read).endswith(f"{len(frame.params)} bytes)")  # a frame may hold a password
    assert frames.give_up() == []
    assert frames.damaged == 0


def test_whole_and_byte_by_byte_are_the_same() -> None:
    assert Frames().receive(STREAM) == FRAMES
    frames = Frames()
    assert [f for at in range(len(STREAM)) for f in frames.receive(STREAM[at : at + 1])] == FRAMES


def test_cut_anywhere_the_rest_completes_it() -> None:
    for cut in range(len(STREAM)):
        frames = Frames()
        assert frames.receive(STREAM[:cut]) + frames.receive(STREAM[cut:]) == FRAMES


def test_a_frame_cut_anywhere_is_given_up_and_the_next_one_is_found() -> None:
    for wire, _ in GOLDEN:
        for cut in range(len(wire)):
            frames = Frames()
            assert frames.receive(wire[:cut]) == []
            assert frames.begun == (cut > 0)
            assert frames.give_up() == []
            assert not frames.begun
            assert frames.receive(STOPPED[0]) == [STOPPED[1]]


def test_a_frame_cut_anywhere_costs_no_later_one_once_nothing_more_comes() -> None:
    for wire, _ in GOLDEN:
        for cut in range(1, len(wire)):
            frames = Frames()
            found = frames.receive(wire[:cut] + STOPPED[0])
            assert found + frames.give_up() == [STOPPED[1]]


@pytest.mark.parametrize(
    "noise", ["00", "7e7e", "bb", "bbbb", "bb01", "bb03", "bb01280001007f7e", "bb010200"]
)
def test_noise_before_a_frame_swallows_nothing(noise: str) -> None:
    frames = Frames()
    found = frames.receive(bytes.fromhex(noise) + STREAM)
    assert found + frames.give_up() == FRAMES


def test_a_length_above_the_ceiling_is_noise_at_once() -> None:
    frames = Frames()
    head = bytes((0xBB, RESPONSE, m100.READ)) + (LARGEST + 1).to_bytes(2, "big")
    assert frames.receive(head + STOPPED[0]) == [STOPPED[1]]
    assert not frames.begun


def test_the_longest_frame_is_read() -> None:
    body = bytes((RESPONSE, m100.READ)) + LARGEST.to_bytes(2, "big") + b"\xbb" * LARGEST
    wire = b"\xbb" + body + bytes((sum(body) & 0xFF, 0x7E))
    assert Frames().receive(wire) == [Frame(RESPONSE, m100.READ, b"\xbb" * LARGEST)]


def test_any_bit_error_is_seen_and_the_next_frame_is_read() -> None:
    wire = GOLDEN[5][0]
    for bit in range(8 * len(wire)):
        spoiled = bytearray(wire)
        spoiled[bit // 8] ^= 1 << bit % 8
        frames = Frames()
        got = frames.receive(bytes(spoiled) + STOPPED[0])
        assert got + frames.give_up() == [STOPPED[1]]


def test_the_manuals_own_wrong_sum_is_counted_as_damage() -> None:
    frames = Frames()
    wrong = "BB 02 27 00 11 C9 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 3A 76 EF 7E"
    assert frames.receive(bytes.fromhex(wrong) + STOPPED[0]) == [STOPPED[1]]
    assert frames.damaged == 1


@settings(max_examples=400)
@given(st.lists(st.binary(max_size=40) | st.sampled_from([w for w, _ in GOLDEN]), max_size=12))
def test_any_bytes_are_read_without_an_error_and_with_bounded_memory(pieces: list[bytes]) -> None:
    frames = Frames()
    split = [f for piece in pieces for f in frames.receive(piece)]
    assert len(frames._held) < LARGEST + 7
    split += frames.give_up()
    assert not frames._held
    whole = Frames()
    assert split == whole.receive(b"".join(pieces)) + whole.give_up()


@pytest.mark.parametrize(
    ("command", "answered_as"),
    [
        (m100.READ, m100.READ),
        (m100.SET_SELECT_MODE, m100.SET_SELECT),  # so the manual, and
        (m100.SET_SELECT_MODE, m100.SET_SELECT_MODE),  # so some firmware
        (m100.BLOCK_PERMALOCK, 0xD4),
        (m100.WRITE, ERROR),
    ],
)
def test_a_response_answers_its_command(command: int, answered_as: int) -> None:
    assert Frame(RESPONSE, answered_as, b"").answers(command)
    assert not Frame(NOTIFICATION, answered_as, b"").answers(command)
    assert not Frame(RESPONSE, m100.INFO, b"").answers(command)


def test_which_commands_carry_a_secret() -> None:
    secret = [
        m100.read(1, 3, 0, 1),
        m100.read(0, 0, 2, 2),  # the access password comes back
        m100.write(0x80000000, 3, 0, b"ab"),
        m100.write(0, 0, 0, b"abcd"),
        m100.lock(1, 0, 0),
        m100.kill(1),
        m100.block_permalock(1, 3, [0]),
    ]
    plain = [
        m100.read(0, 3, 0, 1),
        m100.write(0, 3, 0, b"ab"),
        m100.lock(0, 0, 0),
        m100.single_poll(),
        m100.set_select(1, 32, EPC),
    ]
    assert all(m100.has_secret(wire) for wire in secret)
    assert not any(m100.has_secret(wire) for wire in plain)


def test_blocks_are_masked_from_the_left_in_units_of_sixteen() -> None:
    assert m100.block_permalock(0, 3, [0]).hex()[18:-4] == "0103" + "0000" + "01" + "8000"
    assert m100.block_permalock(0, 3, [15, 16]).hex()[18:-4] == "0103" + "0000" + "02" + "00018000"
    assert m100.block_permalock(0, 3, [35]).hex()[18:-4] == "0103" + "0002" + "01" + "1000"


@pytest.mark.parametrize(
    "make",
    [
        lambda: m100.write(0, 3, 0, b""),
        lambda: m100.write(0, 3, 0, b"abc"),
        lambda: m100.write(0, 3, 0, bytes(66)),
        lambda: m100.set_select(2, 0, bytes(32)),
        lambda: m100.frame(m100.READ, bytes(LARGEST + 1)),
        lambda: m100.read(1 << 32, 3, 0, 1),
    ],
)
def test_what_no_frame_can_hold_is_our_bug(make: object) -> None:
    with pytest.raises(ValueError):
        make()  # type: ignore[operator]


def test_notifications_and_responses_are_parsed() -> None:
    seen = m100.parse_seen(FRAMES[1].params)
    assert (seen.rssi_dbm, seen.pc, seen.epc, seen.crc) == (-55, 0x3400, EPC, 0x3A76)
    assert m100.parse_seen(b"\x05\x00\x00\x12\x34").rssi_dbm == 5
    assert m100.parse_access(FRAMES[5].params) == (EPC, b"\x12\x34\x56\x78")
    assert m100.parse_access(FRAMES[7].params) == (EPC, b"\0")
    assert m100.parse_info(FRAMES[0].params) == "M100 V1.00"
    assert m100.parse_info(b"\0A\xff\n") == "A??"
    assert m100.parse_power(FRAMES[13].params) == 20.0
    assert m100.parse_power(b"\xff\x9c") == -1.0


def test_parameters_cut_anywhere_are_truncated_or_malformed() -> None:
    for cut in range(5):
        with pytest.raises(Truncated):
            m100.parse_seen(FRAMES[1].params[:cut])
    for cut in range(6, 17, 2):
        with pytest.raises(Malformed):
            m100.parse_seen(FRAMES[1].params[:cut])
    for cut in range(15):
        with pytest.raises(Truncated):
            m100.parse_access(FRAMES[5].params[:cut])
    for length in (0, 1):
        with pytest.raises(Malformed):
            m100.parse_access(bytes((length,)) + bytes(9))
    for cut in range(2):
        with pytest.raises(Truncated):
            m100.parse_power(b"\x07\xd0"[:cut])


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_any_parameters_are_parsed_or_malformed(params: bytes) -> None:
    for parse in (m100.parse_seen, m100.parse_access, m100.parse_power, m100.parse_info):
        try:
            parse(params)
        except Malformed:
            continue


def test_errors_have_names() -> None:
    assert m100.error(m100.NO_TAG) == "no tag answers"
    assert m100.error(0xA3) == "the tag refuses: memory overrun"
    assert m100.error(0xB4) == "the tag refuses: memory locked"
    assert m100.error(0xEB) == "the tag refuses: insufficient power"
    assert m100.error(0xC1) == "the tag refuses: unknown error 1"
    assert m100.error(0x77) == "unknown error 77"
    assert [m100.gen2_error(code) for code in (0xA3, 0xB4, 0xCB, 0xD0, 0xEF, 0x15, 0x16, 0xF3)] == [
        m100.OVERRUN,
        m100.LOCKED,
        m100.LOW_POWER,
        0,
        15,
        None,
        None,
        None,
    ]
