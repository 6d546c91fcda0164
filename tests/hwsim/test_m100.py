"""The M100 against the sample frames of the M100&QM100 firmware manual, and what a host meets beyond them."""

import json
import os
import select
import signal
import subprocess
import sys
import termios
import tty
from pathlib import Path
from random import Random

import pytest

from hwsim.air import PROFILES, AirClock
from hwsim.gen2chips import by_name
from hwsim.gen2tag import ACCESS_PASSWORD, RESERVED, USER, RainTag, from_tid, make
from hwsim.m100 import FAULTS, M100
from hwsim.m100wire import Frame, Frames, frame
from hwsim.port import SerialPort
from hwsim.raincontrol import RainControl
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField

ROOT = Path(__file__).resolve().parents[2]
EPC = "30751feb705c5904e3d50d70"
TOLD = "0e3400" + EPC  # as the manual's answers begin: length, PC (its UMI is set), EPC
PASSWORD = 0x0000FFFF
PATIENCE_S = 5.0

SAMPLES = [
    ("BB 00 03 00 01 00 04 7E", "BB 01 03 00 0B 00 4D 31 30 30 20 56 31 2E 30 30 22 7E"),
    ("BB 00 28 00 00 28 7E", "BB 01 28 00 01 00 2A 7E"),
    (
        "BB 00 0C 00 13 01 00 00 00 20 60 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 AD 7E",
        "BB 01 0C 00 01 00 0E 7E",
    ),
    ("BB 00 12 00 01 01 14 7E", "BB 01 0C 00 01 00 0E 7E"),
    (
        "BB 00 39 00 09 00 00 FF FF 03 00 00 00 02 45 7E",
        "BB 01 39 00 13 0E 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 12 34 56 78 B0 7E",
    ),
    (
        "BB 00 49 00 0D 00 00 FF FF 03 00 00 00 02 12 34 56 78 6D 7E",
        "BB 01 49 00 10 0E 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 00 A9 7E",
    ),
    (
        "BB 00 82 00 07 00 00 FF FF 02 00 80 09 7E",
        "BB 01 82 00 10 0E 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 00 E2 7E",
    ),
    (
        "BB 00 65 00 04 00 00 FF FF 67 7E",
        "BB 01 65 00 10 0E 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 00 C5 7E",
    ),
    ("BB 00 0D 00 00 0D 7E", "BB 01 0D 00 02 10 20 40 7E"),
    ("BB 00 0E 00 02 10 20 40 7E", "BB 01 0E 00 01 00 10 7E"),
    ("BB 00 07 00 01 01 09 7E", "BB 01 07 00 01 00 09 7E"),
    ("BB 00 08 00 00 08 7E", "BB 01 08 00 01 01 0B 7E"),
    ("BB 00 AB 00 01 01 AD 7E", "BB 01 AB 00 01 00 AD 7E"),
    ("BB 00 AA 00 00 AA 7E", "BB 01 AA 00 01 00 AC 7E"),
    ("BB 00 AD 00 01 FF AD 7E", "BB 01 AD 00 01 00 AF 7E"),
    ("BB 00 A9 00 06 05 01 02 03 04 05 C3 7E", "BB 01 A9 00 01 00 AB 7E"),
    ("BB 00 B7 00 00 B7 7E", "BB 01 B7 00 02 07 D0 91 7E"),
    ("BB 00 B6 00 02 07 D0 8F 7E", "BB 01 B6 00 01 00 B8 7E"),
    ("BB 00 B0 00 01 FF B0 7E", "BB 01 B0 00 01 00 B2 7E"),
    ("BB 00 F1 00 00 F1 7E", "BB 01 F1 00 04 03 06 01 B0 B0 7E"),
    ("BB 00 F0 00 04 03 06 01 B0 AE 7E", "BB 01 F0 00 01 00 F2 7E"),
    (  # the manual has the sum DD, which it is not
        "BB 00 F2 00 00 F2 7E",
        "BB 01 F2 00 16 00 13 F2 F1 F0 EF EC EA E8 EA EC EE F0 F1 F5 F5 F5 F6 F5 F5 F5 F5 EA 7E",
    ),
    ("BB 00 F3 00 00 F3 7E", "BB 01 F3 00 16 00 13" + " BA" * 20 + " A5 7E"),
    ("BB 00 17 00 00 17 7E", "BB 01 17 00 01 00 19 7E"),
    ("BB 00 1D 00 01 02 20 7E", "BB 01 1D 00 01 02 21 7E"),
    ("BB 00 04 00 03 01 01 03 0C 7E", "BB 01 04 00 01 00 06 7E"),
    ("BB 00 11 00 02 00 C0 D3 7E", ""),  # there is no answer
]


class Host:
    """A module with tags before it, without fading; `ask("22")` sends a command and returns what comes."""

    def __init__(self, *tags: RainTag, seed: int = 0) -> None:
        self.clock = AirClock()
        self.field = RainField(self.clock, RainFaults(seed, FAULTS), antennas=1, fading_db=0.0)
        for tag in tags:
            self.field.arrive(tag, rssi_dbm=-30)
        self.module = M100(self.field, self.clock)

    def ask(self, command: str, parameters: str = "") -> list[tuple[int, int, str]]:
        return told(self.module.receive(frame(0, int(command, 16), bytes.fromhex(parameters))))

    def one(self, command: str, parameters: str = "") -> str:
        """The parameters of the one response, which answers this command."""
        ((kind, code, answer),) = self.ask(command, parameters)
        assert kind == 1 and code == int(command, 16), (code, answer)
        return answer

    def error(self, command: str, parameters: str = "") -> str:
        ((kind, code, answer),) = self.ask(command, parameters)
        assert (kind, code) == (1, 0xFF), (code, answer)
        return answer

    def select(self, epc: str) -> None:
        self.ask("0c", f"0100000020{4 * len(epc):02x}00{epc}")


def told(data: bytes) -> list[tuple[int, int, str]]:
    return [(each.type, each.command, each.parameters.hex()) for each in Frames().receive(data)]


def sample_tag() -> RainTag:
    """The tag of the manual's samples: its EPC, its passwords, and something in its user memory."""
    it = from_tid(
        by_name("monza4qt"), bytes.fromhex("e28011052000a1b2c3d4e5f6"), bytes.fromhex(EPC)
    )
    it.banks[RESERVED][:] = PASSWORD.to_bytes(4, "big") * 2
    it.banks[USER][:4] = bytes.fromhex("12345678")
    return it


def plain_tag(number: int = 1, name: str = "monzax8k") -> RainTag:
    return make(by_name(name), Random(number))


# -- the manual's samples --


@pytest.mark.parametrize(("sent", "answer"), SAMPLES, ids=[sent[6:8] for sent, _ in SAMPLES])
def test_a_sample_command_gets_the_sample_answer(sent: str, answer: str) -> None:
    host = Host(sample_tag())
    assert host.module.receive(bytes.fromhex(sent)) == bytes.fromhex(answer)


@pytest.mark.parametrize(("sent", "answer"), SAMPLES, ids=[sent[6:8] for sent, _ in SAMPLES])
def test_byte_by_byte_and_after_noise_the_answer_is_the_same(sent: str, answer: str) -> None:
    noise = "7e bb bb 00 22 00 00 23 7e bb 00 ff ff ff bb 01 28 00 00 29 7e"
    module = Host(sample_tag()).module
    got = b"".join([module.receive(bytes((each,))) for each in bytes.fromhex(noise + sent)])
    assert got == bytes.fromhex(answer)


def test_a_poll_tells_the_sample_tag_as_the_sample_does() -> None:
    tag = sample_tag()
    host = Host()
    host.field.arrive(tag, rssi_dbm=-45.0)  # at 30 dBm; -55 at the module's 20
    assert host.module.receive(bytes.fromhex("BB 00 22 00 00 22 7E")) == bytes.fromhex(
        "BB 02 22 00 11 C9 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 3A 76 EF 7E"
    )


def test_a_poll_of_nothing_is_the_sample_error() -> None:
    poll = bytes.fromhex("BB 00 22 00 00 22 7E")
    assert Host().module.receive(poll) == bytes.fromhex("BB 01 FF 00 01 15 16 7E")


def test_the_select_parameters_are_kept_as_in_the_sample() -> None:
    host = Host()
    host.module.receive(bytes.fromhex(SAMPLES[2][0]))
    assert host.module.receive(bytes.fromhex("BB 00 0B 00 00 0B 7E")) == bytes.fromhex(
        "BB 01 0B 00 13 01 00 00 00 20 60 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 AD 7E"
    )


def test_blocks_5_to_7_are_permalocked_and_told_as_in_the_samples() -> None:
    tag = from_tid(
        by_name("m781"),
        bytes.fromhex("e28011c12000a1b2c3d4e5f6"),
        bytes.fromhex("e2003016660600 6911609f94"),
    )
    tag.banks[RESERVED][4:] = PASSWORD.to_bytes(4, "big")
    host = Host(tag)
    assert host.module.receive(
        bytes.fromhex("BB 00 D3 00 0B 00 00 FF FF 01 03 00 00 01 07 00 E8 7E")
    ) == bytes.fromhex("BB 01 D4 00 10 0E 30 00 E2 00 30 16 66 06 00 69 11 60 9F 94 00 C4 7E")
    assert tag.permalocked == {5, 6, 7}
    assert host.one("d3", "0000ffff0003000001") == "0e3000e20030166606006911609f94" + "010700"


# -- frames --


def test_a_frame_is_cut_nowhere_but_at_its_end() -> None:
    whole = frame(0, 0x49, bytes.fromhex("0000000003000000027ebb7e7e"))
    for cut in range(len(whole)):
        frames = Frames()
        assert frames.receive(whole[:cut]) == []
        assert frames.receive(whole[cut:] + b"\xbb") == [Frame(0, 0x49, whole[5:-2])]


def test_a_frame_with_a_wrong_sum_or_end_hides_nothing_behind_it() -> None:
    good = frame(0, 0x22)
    for at in (-1, -2):
        bad = bytearray(frame(0, 0x49, bytes(13)))
        bad[at] ^= 0x10
        assert Frames().receive(bytes(bad) + good) == [Frame(0, 0x22, b"")]
    assert Frames().receive(b"\xbb\x00\x22\xff\xff" + good) == [Frame(0, 0x22, b"")]


@pytest.mark.parametrize(
    ("command", "parameters"),
    [
        ("99", ""),
        ("03", "07"),
        ("03", ""),
        ("07", "09"),
        ("ab", "ff"),
        ("12", "03"),
        ("0c", "0100000020600030"),
        ("39", "00000000030000"),
        ("49", "0000000003000000020000"),  # one word short
        ("49", "00000000030000" + "0021" + "00" * 66),  # 33 words
        ("49", "00000000030000" + "0000"),
        ("82", "0000ffff02"),
        ("65", "0000ff"),
        ("d3", "0000ffff010300000107"),
        ("1a", "000501"),
        ("1d", "1f"),
        ("27", "22"),
    ],
)
def test_what_is_no_command_is_error_17(command: str, parameters: str) -> None:
    assert Host(sample_tag()).error(command, parameters) == "17"


# -- polling and Select --


def test_a_poll_tells_every_tag_once() -> None:
    tags = [plain_tag(number) for number in range(10)]
    host = Host(*tags)
    notices = host.ask("22")
    assert {(kind, code) for kind, code, _ in notices} == {(2, 0x22)}
    assert sorted(each[6:-4] for _, _, each in notices) == sorted(tag.epc.hex() for tag in tags)
    assert host.clock.stats()["singulations"] == 10
    slots_us = PROFILES["fm0-160"].round_us(10, 4)
    assert host.clock.stats()["air_ms"] == pytest.approx(slots_us / 1e3, abs=0.01)


def test_with_one_slot_for_two_tags_neither_is_heard() -> None:
    host = Host(plain_tag(1), plain_tag(2))
    host.one("0e", "1000")  # Q 0
    assert host.error("22") == "15"
    host.field.leave(plain_tag(1).tid)
    assert len(host.ask("22")) == 1


def rounds(host: Host, most: int = 10) -> list[list[tuple[int, int, str]]]:
    """What each round of a multiple poll says, virtual time passing from one to the next."""
    said = []
    while host.module.wait is not None and len(said) < most:
        deadline_us = host.module.wait.deadline_us
        assert deadline_us is not None and host.module.poll() == []
        host.clock.idle(deadline_us - host.clock.now_us)
        said.append(told(b"".join([data for _, data in host.module.poll()])))
    return said


def test_a_multiple_poll_tells_tags_round_by_round_until_its_count() -> None:
    host = Host(sample_tag())
    assert host.ask("27", "220003") == []
    said = rounds(host)
    assert said == [[(2, 0x22, "d8" + TOLD[2:] + "3a76")]] * 3
    assert host.module.poll() == []
    stats = host.clock.stats()
    one_us = PROFILES["fm0-160"].round_us(1, 4)
    assert stats["air_ms"] == pytest.approx(3 * one_us / 1e3, abs=0.01) and stats["idle_ms"] == 0


def test_a_multiple_poll_ends_with_stop_or_any_command() -> None:
    host = Host(sample_tag())
    for ending in ("28", "b7"):
        assert host.ask("27", "22ffff") == []
        assert len(rounds(host, most=4)) == 4 and host.module.wait is not None
        host.one(ending)
        assert host.module.wait is None and rounds(host) == []
    host.ask("27", "220000")
    assert len(rounds(host, most=20)) == 20  # no count: until it is stopped


def test_a_multiple_poll_says_15_for_each_empty_round_and_tells_who_comes() -> None:
    host = Host()
    host.ask("27", "220004")
    assert rounds(host, most=2) == [[(1, 0xFF, "15")]] * 2
    host.field.arrive(sample_tag(), rssi_dbm=-30)
    assert rounds(host) == [[(2, 0x22, "d8" + TOLD[2:] + "3a76")]] * 2


def test_select_mode_says_when_the_mask_counts() -> None:
    wanted, other = plain_tag(1), plain_tag(2)
    host = Host(other, wanted)
    host.select(wanted.epc.hex())  # sets mode 2: not before a poll
    assert len(host.ask("22")) == 2
    assert host.one("39", "000000000200000006")[30:] == wanted.tid.hex()
    assert host.ask("12", "00") == [(1, 0x0C, "00")]
    ((_, _, notice),) = host.ask("22")
    assert notice[6:-4] == wanted.epc.hex()
    host.ask("12", "01")
    assert len(host.ask("22")) == 2
    assert host.one("39", "000000000200000006")[30:] == other.tid.hex()
    host.ask("0c", "11" + "000000206000" + wanted.epc.hex())  # action 4: those that do not match
    assert host.one("39", "000000000200000006")[30:] == other.tid.hex()


def test_a_select_can_be_by_tid_or_user_memory() -> None:
    wanted, other = plain_tag(1), plain_tag(2)
    wanted.banks[USER][:2] = b"\xd2\x84"
    host = Host(other, wanted)
    host.ask("0c", "02000000006000" + wanted.tid.hex())
    assert host.one("39", "000000000200000006")[30:] == wanted.tid.hex()
    host.ask("0c", "03000000000800d2")
    assert host.one("39", "000000000200000006")[30:] == wanted.tid.hex()


# -- access --


def test_32_words_are_written_one_by_one_and_read_back() -> None:
    tag = plain_tag()
    host = Host(tag)
    data = bytes(range(64)).hex()
    assert host.one("49", "000000000300100020" + data)[-2:] == "00"
    assert host.one("39", "000000000300100020").endswith(data)
    stats = host.clock.stats()
    assert (stats["words_written"], stats["words_read"], stats["commands"]) == (32, 32, 2)
    profile = PROFILES["fm0-160"]
    assert stats["air_ms"] > 32 * profile.write_us(tag.chip.program_us) / 1e3


@pytest.mark.parametrize(
    ("command", "parameters", "error"),
    [
        ("39", "000000000302000001", "a3"),  # past the end
        ("39", "000000000000020002", "a4"),  # a locked password
        ("49", "000000000301ff0002aaaabbbb", "b3"),
        ("49", "000000000200000001aaaa", "b4"),  # the TID
        ("82", "00000000000020", None),
        ("65", "00000001", "d0"),  # no kill password
        ("d3", "000000000003000901", "e3"),
    ],
)
def test_a_refusal_of_the_tag_is_told_with_its_epc(
    command: str, parameters: str, error: str | None
) -> None:
    tag = plain_tag()
    tag.locks |= 0b10 << 2 * ACCESS_PASSWORD
    tag.power_on()
    host = Host(tag)
    if error is None:
        host.one(command, parameters)
        return
    if error == "a4":
        tag.banks[RESERVED][4:] = b"\0\0\0\1"  # else the tag is secured without
    assert host.error(command, parameters) == error + "0e3000" + tag.epc.hex()


def test_a_lock_that_is_permanent_is_c4() -> None:
    tag = plain_tag()
    host = Host(tag)
    host.one("82", "00000000000c03")  # USER: permalock
    assert tag.locks & 3 == 3
    assert host.error("82", "00000000000c00") == "c40e3000" + tag.epc.hex()


@pytest.mark.parametrize(
    ("command", "parameters"),
    [
        ("39", "0300000001"),
        ("49", "0300000001aaaa"),
        ("82", "000080"),
        ("d3", "0003000001"),
    ],
)
def test_a_wrong_password_is_16_and_names_the_tag(command: str, parameters: str) -> None:
    tag = sample_tag()
    host = Host(tag)
    before = tag.dump()
    assert host.error(command, "00001234" + parameters) == "16" + TOLD
    assert tag.dump() == before


@pytest.mark.parametrize(
    ("command", "parameters", "error"),
    [
        ("39", "000000000300000001", "09"),
        ("49", "000000000300000001aaaa", "10"),
        ("82", "00000000000080", "13"),
        ("65", "00000001", "12"),
        ("d3", "000000000003000001", "14"),
    ],
)
def test_without_a_tag_each_command_has_its_own_error(
    command: str, parameters: str, error: str
) -> None:
    assert Host().error(command, parameters) == error
    host = Host(plain_tag())
    host.select("3014")  # nobody
    assert host.error(command, parameters) == error
    host = Host(plain_tag())
    host.field.faults.add("tag_leaves", {})
    assert host.error(command, parameters) == error


def test_a_killed_tag_is_gone() -> None:
    host = Host(sample_tag())
    assert host.error("65", "00001234") == "12"  # silent: the wrong password
    assert host.one("65", "0000ffff") == TOLD + "00"
    assert host.error("22") == "15"


def test_an_epc_written_is_told_the_old_way_once() -> None:
    tag = plain_tag()
    host = Host(tag)
    old = tag.epc.hex()
    new = "30" + "11" * 11
    assert host.one("49", "000000000100020006" + new) == "0e3000" + old + "00"
    assert host.ask("22")[0][2][6:-4] == new


def test_a_distant_tag_is_read_but_not_written() -> None:
    host = Host()
    host.field.arrive(plain_tag(), rssi_dbm=-48)
    assert host.error("49", "000000000300000001aaaa")[:2] == "bb"
    assert host.one("39", "000000000300000001")[-4:] == "0000"
    host.one("b6", f"{2600:04x}")  # more power
    assert host.one("49", "000000000300000001aaaa")[-2:] == "00"


def test_a_tag_that_leaves_amid_a_write_keeps_the_words_before() -> None:
    tag = plain_tag()
    host = Host(tag)
    host.field.faults.add("tear", {"at": 3, "bits": "00ff", "back": 1})
    assert host.error("49", "000000000300000004" + "ff" * 8) == "10"
    assert host.clock.stats()["words_written"] == 2
    assert host.one("39", "000000000300000004")[30:] == "ffffffff00ff0000"


# -- the module --


def test_power_is_bounded_and_told() -> None:
    host = Host()
    for asked, set_to in ((2350, 2350), (100, 1500), (9999, 2600)):
        host.one("b6", f"{asked:04x}")
        assert host.one("b7") == f"{set_to:04x}"


def test_each_region_has_its_channels() -> None:
    host = Host()
    for region, channels in ((2, 52), (3, 15), (6, 32)):
        host.one("07", f"{region:02x}")
        assert host.one("08") == f"{region:02x}" and host.one("aa") == "00"
        host.one("ab", f"{channels - 1:02x}")
        assert host.one("aa") == f"{channels - 1:02x}"
        assert host.error("ab", f"{channels:02x}") == "17"
        assert len(bytes.fromhex(host.one("f3"))) == 2 + channels


def test_pins_are_set_and_read() -> None:
    host = Host()
    assert host.one("1a", "000401") == "000401"
    assert host.one("1a", "010401") == "010401"
    assert host.one("1a", "020400") == "020401" and host.one("1a", "020300") == "020300"


def test_what_wakes_the_module_is_lost_and_so_is_its_select() -> None:
    host = Host()
    host.select("3014")
    host.one("b6", f"{2350:04x}")
    host.one("17")
    assert host.ask("b7") == []  # woken by the frame's first byte
    assert host.one("b7") == f"{2350:04x}"
    assert host.one("0b")[10:12] == "00"  # no mask
    host.one("17")
    assert host.module.receive(b"\x00" + frame(0, 0xB7)) == frame(1, 0xB7, b"\x09\x2e")


def test_an_idle_module_falls_asleep() -> None:
    host = Host()
    host.one("1d", "02")
    host.clock.idle(119e6)
    host.one("b7")
    host.clock.idle(120e6)
    assert host.ask("b7") == [] and host.one("b7") == "07d0"


def test_faults_of_the_line() -> None:
    host = Host()
    host.field.faults.add("lost_answer", {"at": 2})
    assert [len(host.ask("b7")) for _ in range(3)] == [1, 0, 1]
    host.field.faults.add("noise", {"every": 9})
    assert host.ask("b7") == []  # one bit of its nine bytes
    host.field.faults.armed.clear()
    host.field.faults.add("noise", {"every": 7, "side": "in", "kind": "drop"})
    assert host.ask("b7") == []
    host.field.faults.armed.clear()
    assert host.one("b7") == "07d0"  # the torn frame before it is no more than noise


# -- the port --


class Line:
    """The host's end of the port."""

    def __init__(self, path: str, baud: int = termios.B115200) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)
        self.set_baud(baud)
        self._frames = Frames()

    def set_baud(self, baud: int) -> None:
        attributes = termios.tcgetattr(self.fd)
        attributes[4] = attributes[5] = baud
        termios.tcsetattr(self.fd, termios.TCSANOW, attributes)

    def send(self, command: int, parameters: str = "") -> None:
        os.write(self.fd, frame(0, command, bytes.fromhex(parameters)))

    def frames(self, count: int) -> list[Frame]:
        got: list[Frame] = []
        while len(got) < count and select.select([self.fd], [], [], PATIENCE_S)[0]:
            got += self._frames.receive(os.read(self.fd, 4096))
        return got

    def close(self) -> None:
        os.close(self.fd)


def test_a_multiple_poll_runs_in_real_time_on_the_port() -> None:
    host = Host(sample_tag())
    with SerialPort(host.module, RainControl(host.field, host.module)) as port:
        line = Line(port.path)
        line.send(0x27, "22ffff")
        assert {(each.type, each.command) for each in line.frames(5)} == {(2, 0x22)}
        port.do({"do": "leave"})
        while line.frames(1)[0].command != 0xFF:
            pass
        line.send(0x28)
        while line.frames(1)[0].command != 0x28:
            pass
        port.do({"do": "arrive", "epc": EPC})
        line.send(0x22)
        assert line.frames(1)[0].parameters.hex()[6:-4] == EPC
        line.close()


def test_a_new_speed_counts_at_once_on_the_port() -> None:
    host = Host()
    with SerialPort(host.module, RainControl(host.field, host.module)) as port:
        line = Line(port.path)
        line.send(0x11, f"{192:04x}")
        line.send(0xB7)  # still at 115200: noise, unless it came in one write with the command
        while host.module.baud != 19200:
            pass
        line.set_baud(termios.B19200)
        termios.tcflush(line.fd, termios.TCIOFLUSH)
        line.send(0xB7)
        assert line.frames(1)[0].parameters.hex() == "07d0"
        line.close()


def test_unplugged_it_loses_its_settings(tmp_path: Path) -> None:
    host = Host()
    link = tmp_path / "module"
    with SerialPort(host.module, RainControl(host.field, host.module), link) as port:
        line = Line(str(link))
        line.send(0xB6, f"{2500:04x}")
        line.frames(1)
        assert port.do({"do": "unplug"}) == {"unplugged": True} and not link.is_symlink()
        line.close()
        assert port.do({"do": "replug"}) == {"path": str(link)}
        line = Line(str(link))
        line.send(0xB7)
        assert line.frames(1)[0].parameters.hex() == "07d0"
        line.close()


class Sim:
    """The command as a process."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from hwsim.cli_m100 import m100; m100()", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT / "hw-sim")},
        )
        self.ready = self.line()

    def line(self) -> dict[str, object]:
        assert self.process.stdout is not None
        found = json.loads(self.process.stdout.readline())
        assert isinstance(found, dict)
        return found

    def do(self, **command: object) -> dict[str, object]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()
        return self.line()

    def end(self) -> dict[str, object]:
        self.process.send_signal(signal.SIGTERM)
        stats = self.line()
        assert self.process.wait(PATIENCE_S) == 0
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        return stats


def test_the_command_keeps_memory_from_one_run_to_the_next(tmp_path: Path) -> None:
    dump = tmp_path / "tags.json"
    sim = Sim("--tag", f"monzax8k:{EPC}", "--tags", "2", "--dump", str(dump), "--control")
    epcs = sim.ready["epcs"]
    assert sim.ready["ready"] == "m100" and isinstance(epcs, list)
    assert epcs[0] == EPC and len(epcs) == 3
    line = Line(str(sim.ready["path"]))
    line.send(0x0C, "01000000206000" + EPC)
    line.send(0x49, "000000000300000002d2840102")
    assert [each.command for each in line.frames(2)] == [0x0C, 0x49]
    line.close()
    assert str(sim.do(do="memory", epc=EPC)["user"]).startswith("d2840102")
    assert "error" in sim.do(do="memory")  # which of the three?
    stats = sim.end()["stats"]
    assert isinstance(stats, dict) and stats["words_written"] == 2
    again = Sim("--load", str(dump), "--control")
    assert again.ready["epcs"] == epcs
    assert str(again.do(do="memory", epc=EPC)["user"]).startswith("d2840102")
    again.end()
