"""`python -m hwsim` as scripts use it: the ready line, control commands, dumps, SIGTERM, stats."""

import json
import os
import signal
import socket
import subprocess
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hwsim import hsu

ROOT = Path(__file__).resolve().parents[2]
UID = "04a1b2c3d4e5f6"
END_S = 20


class Sim:
    def __init__(self, device: str, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hwsim", device, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT / "hw-sim")},
        )
        self.ready = self.line()

    def line(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def do(self, **command: object) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()
        return self.line()

    def end(self, number: int = signal.SIGTERM) -> Any:
        self.process.send_signal(number)
        stats = self.line()["stats"]
        assert self.process.wait(END_S) == 0
        return stats


@contextmanager
def running(*options: str, device: str = "pn532") -> Iterator[Sim]:
    sim = Sim(device, *options)
    try:
        yield sim
    finally:
        if sim.process.poll() is None:
            sim.process.kill()
        sim.process.wait()
        for pipe in (sim.process.stdin, sim.process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_at_the_end_what_it_did(tmp_path: Path, number: int) -> None:
    link = tmp_path / "reader"
    with running("--tag", f"ntag215:{UID}", "--tag", "ntag213", "--link", str(link)) as sim:
        assert sim.ready["ready"] == "pn532" and sim.ready["path"] == str(link)
        assert sim.ready["tags"][0] == UID and len(sim.ready["tags"]) == 2
        fd = os.open(link, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(fd)
        attributes = termios.tcgetattr(fd)
        attributes[4] = attributes[5] = termios.B115200
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
        os.write(fd, b"\x55" * 5 + hsu.frame(b"\xd4\x02"))
        answer = b""
        while len(answer) < 19:
            answer += os.read(fd, 100)
        os.close(fd)
        stats = sim.end(number)
        assert stats["commands"] == 1 and stats["bytes_in"] == 14 and stats["bytes_out"] == 19
        assert not link.is_symlink()


def test_tags_come_and_go_and_keep_their_memory_by_command() -> None:
    with running("--control") as sim:
        assert sim.ready["tags"] == []
        assert sim.do(do="arrive", tag="ntag216", uid=UID) == {"uid": UID, "tag": "ntag216"}
        memory = sim.do(do="memory", uid=UID)["memory"]
        changed = memory[:32] + "deadbeef" + memory[40:]
        assert sim.do(do="load", uid=UID, memory=changed) == {"uid": UID}
        assert sim.do(do="leave") == {"left": [UID]}
        made = sim.do(do="arrive")["uid"]
        assert len(made) == 14 and made.startswith("04")
        assert sim.do(do="leave", uid=UID) == {"left": []}
        sim.do(do="arrive", uid=UID)
        assert sim.do(do="tags") == {"tags": [made, UID]}
        assert sim.do(do="memory", uid=UID)["memory"] == changed
        assert sim.do(do="fault", name="tear", args={"at": 3, "bits": "0f"}) == {"armed": 1}
        assert sim.do(do="clear_faults") == {"armed": 0}
        assert sim.do(do="reset_stats")["stats"]["commands"] == 0
        assert sim.do(do="unplug") == {"unplugged": True}
        assert "path" in sim.do(do="replug")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ({"do": "dance"}, "known are arrive"),
        ({}, "no command None"),
        ({"do": "arrive", "tag": "ntag999"}, "known are ntag213"),
        ({"do": "arrive", "tag": ["ntag215"]}, "known are ntag213"),
        ({"do": "fault", "name": "wrong_baud", "args": {"baud": -5}}, "baud, not -5"),
        ({"do": "arrive", "uid": "0411"}, "14 hex digits"),
        ({"do": "memory", "uid": "04000000000009"}, "has been here"),
        ({"do": "load", "uid": UID, "memory": "00"}, "540 bytes, not 1"),
        ({"do": "fault", "name": "flood"}, "known are tear"),
        ({"do": "fault", "name": "tear", "args": 3}, "args"),
    ],
)
def test_a_wrong_command_is_answered_and_nothing_else_happens(
    command: dict[str, object], says: str
) -> None:
    with running("--control", "--tag", f"ntag215:{UID}") as sim:
        assert says in sim.do(**command)["error"]
        assert sim.do(do="tags") == {"tags": [UID]}


def test_what_is_no_json_is_answered_too() -> None:
    with running("--control") as sim:
        assert sim.process.stdin is not None
        sim.process.stdin.write(b"hello\n[1]\n\xff\n\n")
        sim.process.stdin.flush()
        for _ in range(3):
            assert "error" in sim.line()


def test_the_end_of_its_commands_is_its_end() -> None:
    with running("--control") as sim:
        assert sim.process.stdin is not None
        sim.process.stdin.close()
        assert "stats" in sim.line()
        assert sim.process.wait(END_S) == 0


def test_a_dump_is_the_memory_and_loads_again(tmp_path: Path) -> None:
    dump = tmp_path / "tag.bin"
    with running("--tag", f"ntag215:{UID}", "--dump", str(dump)) as sim:
        sim.end()
    memory = bytearray(dump.read_bytes())
    assert len(memory) == 540
    memory[16:20] = b"torn"
    dump.write_bytes(memory)
    with running("--load", str(dump), "--control") as sim:
        assert sim.ready["tags"] == [UID]
        assert sim.do(do="memory", uid=UID)["memory"] == memory.hex()


def test_several_tags_are_dumped_beside_each_other(tmp_path: Path) -> None:
    with running(
        "--tag",
        f"ntag215:{UID}",
        "--tag",
        "ntag213:04000000000001",
        "--dump",
        str(tmp_path / "t.bin"),
    ) as sim:
        sim.end()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "t-04000000000001.bin",
        "t-04a1b2c3d4e5f6.bin",
    ]


def test_a_shelf_keeps_all_tags_from_run_to_run(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf.json"
    with running("--shelf", str(shelf), "--control") as sim:
        sim.do(do="arrive", tag="ntag213", uid=UID)
        memory = sim.do(do="memory", uid=UID)["memory"]
        sim.do(do="load", uid=UID, memory=memory[:-2] + "77")
        sim.end()
    with running("--shelf", str(shelf), "--control") as sim:
        assert sim.ready["tags"] == []
        assert sim.do(do="arrive", uid=UID) == {"uid": UID, "tag": "ntag213"}
        assert sim.do(do="memory", uid=UID)["memory"].endswith("77")


def test_the_same_seed_makes_the_same_tags() -> None:
    uids = []
    for seed in ("1", "1", "2"):
        with running("--seed", seed, "--tag", "ntag215") as sim:
            uids.append(sim.ready["tags"])
    assert uids[0] == uids[1] != uids[2]


@pytest.mark.parametrize(
    "options",
    [
        ("--tag", "ntag999"),
        ("--tag", "ntag215:04"),
        ("--fault", "flood"),
        ("--fault", "tear:at"),
        ("--load", "/dev/null"),
    ],
)
def test_wrong_options_end_it_with_status_2_and_one_line(options: tuple[str, str]) -> None:
    refused("pn532", *options)


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hwsim", *arguments],
        capture_output=True,
        text=True,
        timeout=END_S,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT / "hw-sim")},
    )


def refused_once_ready(*arguments: str) -> str:
    """The one line that it says of it, be it ready before or not."""
    done = run(*arguments)
    assert done.returncode == 2 and "stats" not in done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("tagwright: ")
    return line


def refused(*arguments: str, status: int = 2, cwd: Path | None = None) -> str:
    """The one line that it says of it."""
    done = run(*arguments, cwd=cwd)
    assert (done.returncode, done.stdout) == (status, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("tagwright: ")  # as every other command says it
    return line


def test_a_scenario_file_brings_its_device_and_its_events(tmp_path: Path) -> None:
    scenario = tmp_path / "conveyor.toml"
    scenario.write_text(
        f'[pn532]\nlink = "{tmp_path}/reader"\nseed = 3\ntag = ["ntag213", "ntag215:{UID}"]\npaced = false\n'
        f'[[event]]\ndo = "leave"\nuid = "{UID}"\n'
    )
    with running(str(scenario), device="up") as sim:
        assert sim.ready["path"] == f"{tmp_path}/reader"
        assert len(sim.ready["tags"]) == 1  # the event is due at once
        sim.end()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[pn532", "at end of document"),
        ("[pn532]\nspeed = 3", "[pn532]: No such option '--speed'"),
        ('[pn532]\ntag = "ntag999"', "[pn532]: no chip 'ntag999'"),
        ('[pn532]\n[[event]]\ndo = "dance"', "event 1: no command 'dance'"),
        (
            '[pn532]\n[[event]]\ndo = "leave"\n[[event]]\ndo = "arrive"\nuid = "04"',
            "event 2: uid '04'",
        ),
        ('[llrp]\n[[event]]\ndo = "dance"', "event 1: no command 'dance'"),
        ("[m100]\n[[event]]\nafter_s = 1", 'event 1 has no "do"'),
        ('[m100]\n[[event]]\nafter_s = 0.01\ndo = "fault"\nname = "flood"', "event 1: no fault"),
        ('[pn532]\n[[event]]\nafter_s = 0.01\ndo = "fault"\nname = "fl"', "event 1: no fault"),
        ('[llrp]\n[[event]]\nafter_s = 0.01\ndo = "gpi"\nport = 99', "event 1: GPI 99"),
        ("[lrp]\ntags = 3", "there is no [lrp]: write [llrp]"),
        ("[pn532]\n[[evnt]]", "there is no [evnt]: write [[event]]"),
        (
            "[zebra]",
            "write [pn532] or [m100] or [llrp] or [camera] or [scanner] or [handheld] or [[event]]",
        ),
        ('[[event]]\ndo = "leave"', "it names no device: write [pn532] or [m100] or [llrp]"),
    ],
)
def test_a_scenario_that_cannot_run_is_refused_by_its_name(
    tmp_path: Path, text: str, says: str
) -> None:
    scenario = tmp_path / "conveyor.toml"
    scenario.write_text(text)
    line = refused_once_ready("up", str(scenario))
    assert f"{scenario}: " in line and says in line


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--bogus"], "No such option"),
        (["pn532", "--bogus"], "see `tagwright sim pn532 --help`"),
        (["pn532", "--tag", "ntag215:zz"], "'zz' is no hex"),
        (["pn532", "--tag", "ntag215:04"], "7 bytes, not 1"),
        (["pn532", "--fault", "tear:bits=zz"], "no hex"),
        (["pn532", "--fault", "wrong_baud:baud=7"], "baud, not 7"),
        (["pn532", "--link", "file"], "no symlink"),
        (["pn532", "--dump", "."], "is a directory"),
        (["pn532", "--dump", "none/tag.bin"], "no folder none"),
        (["pn532", "--load", "file"], "known are 180 (ntag213)"),
        (["pn532", "--shelf", "file"], "no shelf"),
        (["pn532", "--script", "."], "is a directory"),
        (["m100", "--tags", "-3"], "-3 is not in the range"),
        (["up", "file"], "pn532 is no table"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    (tmp_path / "file").write_text("pn532 = 1\n")
    assert says in refused(*arguments, cwd=tmp_path)
    assert (tmp_path / "file").read_text() == "pn532 = 1\n"


@pytest.mark.parametrize("device", ["m100", "llrp"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"hello\n", "line 1: no dump of a tag: no JSON"),
        (b"\xff\n", "line 1: no dump of a tag: no JSON"),
        (b'\n{"chip": "m730"}\n', "line 2: no dump of a tag: chip and tid are missing"),
    ],
)
def test_what_is_no_dump_is_named(tmp_path: Path, device: str, content: bytes, says: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    line = refused(device, "--load", str(file))
    assert f"{file} is not what --dump writes" in line and says in line


def test_what_is_taken_of_the_network_is_status_3() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        says = f"cannot listen at 127.0.0.1:{port}: address already in use"
        assert says in refused("llrp", "--port", str(port), status=3)
    assert "cannot listen at 192.0.2.1:0: " in refused("llrp", "--host", "192.0.2.1", status=3)


def test_the_help_says_how_people_start_it() -> None:
    for arguments, usage in (((), "tagwright sim"), (("llrp",), "tagwright sim llrp")):
        done = run(*arguments, "--help")
        assert done.returncode == 0
        assert done.stdout.startswith(f"Usage: {usage} [OPTIONS]")


def test_a_shelf_of_no_memories_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shelf").write_text('{"a": 1}')
    assert "no shelf" in refused("pn532", "--shelf", str(tmp_path / "shelf"))
