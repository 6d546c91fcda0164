"""The simulated PLC against a plain socket: what it sends, how answers go to triggers, how it ends."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hwsim.plc import Plc


class Gateway:
    """A listener, and the one PLC that has connected."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def accept(self) -> None:
        self._listener.settimeout(20)
        self.peer, _ = self._listener.accept()
        self.peer.settimeout(20)
        self.lines = self.peer.makefile("rb")

    def close(self) -> None:
        self._listener.close()
        if hasattr(self, "peer"):
            self.lines.close()
            self.peer.close()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    found = Gateway()
    yield found
    found.close()


@pytest.fixture
def plc(gateway: Gateway) -> Iterator[Plc]:
    found = Plc("127.0.0.1", gateway.port)
    gateway.accept()
    yield found
    found.close()


def test_each_deed_is_its_line(gateway: Gateway, plc: Plc) -> None:
    for deed in ("trigger", "on", "off"):
        plc.do({"do": deed})
    assert [gateway.lines.readline() for _ in range(3)] == [b"T\r\n", b"ON\r\n", b"OFF\r\n"]


def test_answers_belong_to_the_triggers_in_their_order(gateway: Gateway, plc: Plc) -> None:
    gateway.peer.sendall(b"A\r\n")
    plc.do({"do": "trigger"})
    gateway.peer.sendall(b"B\r\nNOR")
    assert plc.do({"do": "on"}) == {"sent": "ON"}
    gateway.peer.sendall(b"EAD\r\nUNASKED\r\n")
    assert plc.do({"do": "off", "wait": True})["answer"] in ("NOREAD", "UNASKED")
    stats = plc.stats()
    assert (stats["triggers"], stats["answers"], stats["noread"]) == (2, 2, 1)


def test_a_trigger_waits_for_its_answer(gateway: Gateway, plc: Plc) -> None:
    gateway.peer.sendall(b"01\x1d21\tB\r\n")
    found = plc.do({"do": "trigger", "wait": True})
    assert found["answer"] == "01\x1d21\tB"
    assert isinstance(found["ms"], float)


def test_a_deed_that_cannot_be_is_said(gateway: Gateway, plc: Plc) -> None:
    with pytest.raises(ValueError, match="known are trigger, on, off, stats"):
        plc.do({"do": "dance"})
    gateway.lines.close()
    gateway.peer.close()
    with pytest.raises(ValueError, match="hung up"):
        plc.do({"do": "trigger", "wait": True})
    with pytest.raises(ValueError, match="hung up"):
        plc.do({"do": "trigger"})


def test_no_more_triggers_wait_than_a_gateway_takes(plc: Plc) -> None:
    for _ in range(64):
        plc.do({"do": "trigger"})
    with pytest.raises(ValueError, match="64 triggers wait"):
        plc.do({"do": "trigger"})


def test_as_a_process_it_triggers_so_often_prints_the_answers_and_ends(gateway: Gateway) -> None:
    arguments = ["--connect", f"127.0.0.1:{gateway.port}", "--every", "0.001", "--count", "3"]
    with subprocess.Popen(
        [sys.executable, "-m", "hwsim", "plc", *arguments], stdout=subprocess.PIPE
    ) as process:
        gateway.accept()
        for answer in (b"A", b"NOREAD", b"C"):
            assert gateway.lines.readline() == b"T\r\n"
            gateway.peer.sendall(answer + b"\r\n")
        assert process.stdout is not None
        said = [json.loads(line) for line in process.stdout]
        assert process.wait(20) == 0
    assert said[0]["ready"] == "plc"
    assert [each["answer"] for each in said[1:4]] == ["A", "NOREAD", "C"]
    assert said[4]["stats"]["answers"] == 3


def test_as_a_process_it_ends_with_a_signal_and_when_the_gateway_hangs_up(
    gateway: Gateway,
) -> None:
    command = [sys.executable, "-m", "hwsim", "plc", "--connect", f"127.0.0.1:{gateway.port}"]
    for is_told in (True, False):
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            gateway.accept()
            assert process.stdout is not None and process.stderr is not None
            assert "ready" in process.stdout.readline()
            if is_told:
                process.send_signal(signal.SIGTERM)
            gateway.lines.close()
            gateway.peer.close()
            status = process.wait(20)
            assert (status, "has hung up" in process.stderr.read()) in ([(0, False), (3, True)])
            assert is_told or status == 3


def test_where_nobody_listens_it_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = subprocess.run(
        [sys.executable, "-m", "hwsim", "plc", "--connect", f"127.0.0.1:{port}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 3
    assert f"cannot reach 127.0.0.1:{port}" in found.stderr
