"""The pseudo terminal: what a program meets that opens it as a serial port."""

import os
import select
import termios
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from hwsim import hsu, script
from hwsim.chips import CHIPS
from hwsim.clock import Clock
from hwsim.faults import Faults
from hwsim.field import Field
from hwsim.ntag import Tag
from hwsim.pn532 import Pn532
from hwsim.port import PtyPort

UID = "04a1b2c3d4e5f6"
PATIENCE_S = 5.0
A_MOMENT_S = 0.05


class Line:
    """The host's end."""

    def __init__(self, path: str, baud: int = termios.B115200) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)
        self.set_baud(baud)
        self._frames = hsu.Frames()

    def set_baud(self, baud: int) -> None:
        attributes = termios.tcgetattr(self.fd)
        attributes[4] = attributes[5] = baud
        termios.tcsetattr(self.fd, termios.TCSANOW, attributes)

    def write(self, command: str, preamble: bytes = b"") -> None:
        os.write(self.fd, preamble + hsu.frame(b"\xd4" + bytes.fromhex(command)))

    def answer(self, patience_s: float = PATIENCE_S) -> str | None:
        """The next answer's code and data; None where none comes."""
        while select.select([self.fd], [], [], patience_s)[0]:
            for frame in self._frames.receive(os.read(self.fd, 4096)):
                if frame[0] == 0xD5:
                    return frame[1:].hex()
        return None

    def ask(self, command: str, preamble: bytes = b"") -> str | None:
        self.write(command, preamble)
        return self.answer()

    def wake(self) -> "Line":
        assert self.ask("140114", b"\x55" * 16) == "15"
        return self

    def close(self) -> None:
        os.close(self.fd)


def chip(*faults: tuple[str, dict[str, object]], uid: str | None = UID) -> Pn532:
    armed = Faults()
    for name, args in faults:
        armed.add(name, args)
    clock = Clock()
    field = Field(clock, armed)
    if uid is not None:
        field.arrive(Tag(CHIPS["ntag215"], bytes.fromhex(uid)))
    return Pn532(field, clock)


@pytest.fixture
def port() -> Iterator[PtyPort]:
    with PtyPort(chip()) as running:
        yield running


def test_hosts_come_and_go(port: PtyPort) -> None:
    for _ in range(3):
        line = Line(port.path).wake()
        assert line.ask("02") == "0332010607"
        line.close()


def test_what_comes_at_another_speed_is_noise(port: PtyPort) -> None:
    line = Line(port.path).wake()
    for baud in (termios.B9600, termios.B921600, termios.B230400):
        line.set_baud(baud)
        line.write("02")
        assert line.answer(A_MOMENT_S) is None
    line.set_baud(termios.B115200)
    assert line.ask("02") == "0332010607"
    line.close()


@pytest.mark.parametrize("ack", [hsu.ACK, b""])
def test_the_speed_changes_even_where_the_ack_is_flushed_away(port: PtyPort, ack: bytes) -> None:
    line = Line(port.path).wake()
    assert line.ask("1007") == "11"
    os.write(line.fd, ack)
    line.set_baud(termios.B921600)
    assert line.ask("02") == "0332010607"
    assert port.chip.baud == 921600
    line.close()


def test_a_crashed_hosts_speed_is_found_by_trying() -> None:
    with PtyPort(chip(("wrong_baud", {"baud": 460800}))) as running:
        line = Line(running.path)
        line.write("02", b"\x55" * 16)
        assert line.answer(A_MOMENT_S) is None
        line.set_baud(termios.B460800)
        assert line.ask("02") == "0332010607"
        line.close()


def test_a_tag_that_arrives_ends_the_wait_for_it() -> None:
    with PtyPort(chip(uid=None)) as running:
        line = Line(running.path).wake()
        line.write("4a0100")
        assert line.answer(A_MOMENT_S) is None
        assert running.do({"do": "arrive", "uid": UID}) == {"uid": UID, "tag": "ntag215"}
        assert line.answer() == "4b01010044000704a1b2c3d4e5f6"
        line.close()


def test_an_unplugged_port_is_gone_and_comes_back_at_its_link(tmp_path: Path) -> None:
    link = tmp_path / "reader"
    with PtyPort(chip(), link) as running:
        line = Line(str(link)).wake()
        assert running.do({"do": "unplug"}) == {"unplugged": True}
        assert not link.is_symlink()
        with pytest.raises(OSError):
            os.write(line.fd, b"\x00")
        line.close()
        assert running.do({"do": "replug"}) == {"path": str(link)}
        line = Line(str(link))
        line.write("02")  # it has lost its power: this frame wakes it
        assert line.answer(A_MOMENT_S) is None
        assert line.wake().ask("4a0100") == "4b01010044000704a1b2c3d4e5f6"
        line.close()
    assert not link.is_symlink()


def test_the_unplug_fault_takes_the_port_away_and_back(tmp_path: Path) -> None:
    link = tmp_path / "reader"
    with PtyPort(chip(("unplug", {"after": 2, "back_s": 0.01})), link) as running:
        line = Line(str(link)).wake()
        line.write("02")
        with pytest.raises(OSError):
            while True:
                if not os.read(line.fd, 100):
                    raise OSError("hung up")
        line.close()
        deadline = time.monotonic() + PATIENCE_S
        while not link.is_symlink() and time.monotonic() < deadline:
            pass
        assert running.path == str(link)
        line = Line(str(link)).wake()
        line.close()


def test_a_scenario_may_unplug_the_port(tmp_path: Path) -> None:
    events = script.events('{"after_commands": 2, "do": "unplug", "back_s": 0.01}')
    with PtyPort(chip(), tmp_path / "reader", events=events) as running:
        line = Line(running.path).wake()
        line.write("02")
        with pytest.raises(OSError):
            while True:
                if not os.read(line.fd, 100):
                    raise OSError("hung up")
        line.close()


def test_not_paced_a_scenarios_virtual_time_does_not_wait() -> None:
    events = script.events(
        '{"after_ms": 3600000, "do": "arrive", "uid": "04a1b2c3d4e5f6"}\n'
        '{"after_commands": 1, "do": "leave"}\n'
        '{"after_ms": 3600000, "do": "arrive", "tag": "ntag213", "uid": "04000000000001"}\n'
    )
    with PtyPort(chip(uid=None), events=events) as running:
        line = Line(running.path).wake()
        assert line.ask("4a0100") == "4b0101004400" + "0704a1b2c3d4e5f6"
        assert line.ask("40013004") == "4100" + "0300fe00" + "00" * 12
        assert line.ask("40013004") == "4101"
        assert line.ask("4a0100") == "4b0101004400" + "0704000000000001"
        assert running.chip.clock.stats()["idle_ms"] == pytest.approx(7.2e6, rel=0.01)
        line.close()


def test_paced_an_answer_takes_the_time_that_is_counted() -> None:
    with PtyPort(chip(), paced=True) as running:
        line = Line(running.path).wake()
        running.do({"do": "reset_stats"})
        started = time.monotonic()
        line.ask("4a0100")
        for page in range(10):
            line.ask(f"4001a2{4 + page:02x}01020304")
        elapsed_ms = 1e3 * (time.monotonic() - started)
        total_ms = running.chip.clock.stats()["total_ms"]
        assert 70 < total_ms < 100
        assert total_ms * 0.99 < elapsed_ms < 3 * total_ms + 100  # a busy machine may be late
        line.close()


def test_commands_may_come_from_many_threads_while_a_host_reads(port: PtyPort) -> None:
    line = Line(port.path).wake()
    wrong: list[object] = []

    def meddle() -> None:
        for _ in range(50):
            reply = port.do({"do": "stats"})
            if "stats" not in reply:
                wrong.append(reply)

    threads = [threading.Thread(target=meddle) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert all(line.ask("02") == "0332010607" for _ in range(100))
    for thread in threads:
        thread.join()
    assert not wrong
    line.close()


def test_a_hundred_commands_in_one_write_are_all_answered(port: PtyPort) -> None:
    line = Line(port.path).wake()
    os.write(line.fd, hsu.frame(b"\xd4\x02") * 100)
    answers = b""
    while len(answers) < 100 * 19 and select.select([line.fd], [], [], PATIENCE_S)[0]:
        answers += os.read(line.fd, 4096)
    assert len(answers) == 100 * 19
    line.close()


def test_autopoll_gives_up_in_real_time_for_only_the_world_can_bring_a_tag() -> None:
    with PtyPort(chip(uid=None)) as running:
        line = Line(running.path).wake()
        started = time.monotonic()
        assert line.ask("60010110") == "6100"  # once, 150 ms, MIFARE
        assert 0.15 <= time.monotonic() - started < PATIENCE_S
        line.close()
