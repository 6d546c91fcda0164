"""LLRP readers on TCP and TLS, as hosts find them, and `python -m hwsim llrp`."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from llrp_bench import ANSWERS, access_spec, epc_of, results, rospec, status

from hwsim.air import AirClock
from hwsim.gen2chips import by_name
from hwsim.gen2tag import make
from hwsim.llrp_bytes import (
    MESSAGE_NUMBERS,
    Frames,
    Node,
    Value,
    body_of,
    message,
    message_body,
)
from hwsim.llrp_bytes import make as node
from hwsim.llrp_control import LlrpControl, total
from hwsim.llrp_faults import FAULTS
from hwsim.llrp_host import LlrpHost
from hwsim.llrp_reader import LlrpReader
from hwsim.llrp_tls import self_signed, server_context
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField
from hwsim.script import events

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20.0


class Host:
    """A client of the simplest kind."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self.frames = Frames()
        self.waiting: list[tuple[int, Node]] = []
        self.id = 0
        try:
            if tls is not None:
                self.socket = tls.wrap_socket(self.socket, server_hostname="127.0.0.1")
            self.first = self.next("READER_EVENT_NOTIFICATION")
        except (OSError, EOFError):
            self.socket.close()
            raise

    def __enter__(self) -> "Host":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def any(self) -> tuple[int, Node]:
        """The next message; EOFError where the connection ends."""
        while not self.waiting:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.waiting += [(each.id, message_body(each)) for each in self.frames.receive(data)]
        return self.waiting.pop(0)

    def next(self, name: str) -> Node:
        """The next message of that name; others are left out."""
        while True:
            _, found = self.any()
            if found.name == name:
                return found

    def do(self, name: str, *children: Node, **fields: Value) -> Node:
        self.id += 1
        body = body_of(node(name, *children, **fields))
        self.socket.sendall(message(MESSAGE_NUMBERS[name], self.id, body))
        while True:
            number, found = self.any()
            if number == self.id and (found.name.endswith("_RESPONSE") or found.name in ANSWERS):
                assert status(found) == (0, "")
                return found

    def start(self) -> None:
        self.do("ADD_ROSPEC", rospec())
        self.do("ENABLE_ROSPEC", ROSpecID=1)
        self.do("START_ROSPEC", ROSpecID=1)

    def attempt(self) -> int:
        data = self.first.one("ReaderEventNotificationData")
        return data.one("ConnectionAttemptEvent").number("Status")


def reader(*chips: str) -> LlrpReader:
    field = RainField(AirClock(), RainFaults(0, FAULTS), fading_db=0.0)
    for chip in chips:
        field.arrive(make(by_name(chip), field.faults.random), rssi_dbm=-45.0)
    return LlrpReader(field, rate=1000.0)


@contextmanager
def served(
    *readers: LlrpReader, tls: ssl.SSLContext | None = None, script: str = ""
) -> Iterator[LlrpHost]:
    found = list(readers) or [reader("monzax8k")]
    with LlrpHost(found, LlrpControl(found), tls=tls, events=events(script) or None) as host:
        yield host


def test_a_tag_is_inventoried_written_and_read_over_tcp() -> None:
    with served() as host, Host(host.port) as client:
        client.start()
        (report,) = client.next("RO_ACCESS_REPORT").children
        data = node("C1G2Write", OpSpecID=1, MB=3, WordPointer=1, WriteData=b"\xca\xfe")
        back = node("C1G2Read", OpSpecID=2, MB=3, WordCount=2)
        client.do("ADD_ACCESSSPEC", access_spec(data, back, epc=epc_of(report)))
        client.do("ENABLE_ACCESSSPEC", AccessSpecID=1)
        while not (found := results(client.next("RO_ACCESS_REPORT").children[0])):
            pass
        assert found[1].raw("ReadData") == b"\0\0\xca\xfe"
        client.do("CLOSE_CONNECTION")
        with pytest.raises(EOFError):
            client.any()


def test_a_second_client_is_refused_and_the_first_goes_on() -> None:
    with served() as host, Host(host.port) as first:
        with Host(host.port) as second:
            assert (first.attempt(), second.attempt()) == (0, 2)
            with pytest.raises(EOFError):
                second.any()
        first.do("GET_ROSPECS")
    with served() as host:
        for _ in range(3):  # the next one after the end of the last is welcome
            with Host(host.port) as client:
                assert client.attempt() == 0
                client.do("CLOSE_CONNECTION")
                with pytest.raises(EOFError):
                    client.any()


def test_each_reader_has_its_port_and_its_tags() -> None:
    readers = [reader("monzax8k"), reader("m730"), reader("ucode9")]
    with served(*readers) as host:
        assert len(set(host.ports)) == 3
        for port, each in zip(host.ports, readers, strict=True):
            with Host(port) as client:
                client.start()
                (report,) = client.next("RO_ACCESS_REPORT").children
                assert epc_of(report) == each.field.present[0].epc
        host.do({"do": "arrive", "reader": 2, "tag": "m730", "epc": "aa" * 12})
        assert len(readers[2].field.present) == 2
        with pytest.raises(ValueError, match="reader 3"):
            host.do({"do": "tags", "reader": 3})
        assert total(readers)["reports"] == sum(each.tally.reports for each in readers)


def test_tls_with_and_without_a_clients_certificate(tmp_path: Path) -> None:
    paths = {}
    for name in ("reader", "client"):
        cert, key = self_signed(["127.0.0.1"])
        paths[name] = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        for path, data in zip(paths[name], (cert, key), strict=True):
            path.write_bytes(data)
    trusting = ssl.create_default_context(cafile=str(paths["reader"][0]))
    with served(tls=server_context(*paths["reader"])) as host:
        with Host(host.port, trusting) as client:
            client.do("GET_READER_CAPABILITIES")
        with pytest.raises(ssl.SSLCertVerificationError):
            Host(host.port, ssl.create_default_context())
    with served(tls=server_context(*paths["reader"], paths["client"][0])) as host:
        with pytest.raises((ssl.SSLError, EOFError, ConnectionError)):
            Host(host.port, trusting)
        trusting.load_cert_chain(*paths["client"])
        with Host(host.port, trusting) as client:
            client.do("GET_ROSPECS")


def test_control_commands_reach_the_client() -> None:
    with served() as host, Host(host.port) as client:
        on = node("EventNotificationState", EventType=1, NotificationState=1)
        port = node("GPIPortCurrentState", GPIPortNum=1, Config=1)
        lamp = node("GPOWriteData", GPOPortNumber=2, GPOData=1)
        client.do("SET_READER_CONFIG", node("ReaderEventNotificationSpec", on), port, lamp)
        assert host.do({"do": "gpi", "port": 1, "level": True}) == {"gpis": [1, 0, 0, 0]}
        event = client.next("READER_EVENT_NOTIFICATION").one("ReaderEventNotificationData")
        assert event.one("GPIEvent").number("GPIEvent") == 1
        assert host.do({"do": "gpos"}) == {"gpos": [0, 1, 0, 0]}
        utc_us = host.do({"do": "clock", "year": 1970})["utc_us"]
        assert isinstance(utc_us, int)
        assert utc_us < 60_000_000
        assert host.do({"do": "reset_stats"})["stats"]["commands"] == 1  # type: ignore[index]
        for wrong in ({"do": "gpi", "port": 9}, {"do": "clock"}, {"do": "fly"}):
            with pytest.raises(
                ValueError, match=r"GPI 9|year|no command 'fly': .* arrive, .* gpi, "
            ):
                host.do(wrong)
        host.do({"do": "drop"})
        with pytest.raises((EOFError, ConnectionError)):
            client.any()


def test_a_silent_reader_keeps_its_connection() -> None:
    with served() as host, Host(host.port) as client:
        client.do(
            "SET_READER_CONFIG",
            node("KeepaliveSpec", KeepaliveTriggerType=1, PeriodicTriggerValue=20),
        )
        client.next("KEEPALIVE")
        host.do({"do": "silence"})
        client.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            while True:
                client.any()


def test_a_fault_drops_the_connection() -> None:
    with served() as host:
        host.do({"do": "fault", "name": "drop", "args": {"after": 2}})
        with Host(host.port) as client:
            client.do("GET_ROSPECS")
            with pytest.raises((EOFError, ConnectionError)):
                client.do("GET_ROSPECS")


def test_a_script_runs_by_the_clients_messages() -> None:
    script = '{"after_commands": 2, "do": "arrive", "tag": "m730", "epc": "' + "ab" * 12 + '"}'
    with served(reader(), script=script) as host, Host(host.port) as client:
        client.start()
        assert epc_of(client.next("RO_ACCESS_REPORT").children[0]) == b"\xab" * 12


def test_an_event_that_cannot_be_ends_the_readers() -> None:
    script = '{"after_commands": 1, "do": "gpi", "port": 99}'
    with (
        pytest.raises(ValueError, match="GPI 99"),
        served(script=script) as host,
        Host(host.port) as client,
        pytest.raises((EOFError, ConnectionError)),
    ):
        while True:  # a busy client does not keep the readers from looking at the time
            client.do("GET_ROSPECS")


# -- the process --


class Sim:
    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hwsim", *options],
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


@contextmanager
def running(*options: str) -> Iterator[Sim]:
    sim = Sim(*options)
    try:
        yield sim
    finally:
        if sim.process.poll() is None:
            sim.process.kill()
        sim.process.wait()
        for pipe in (sim.process.stdin, sim.process.stdout):
            if pipe is not None:
                pipe.close()


def test_the_process_says_where_it_is_takes_commands_and_ends_with_its_stats(
    tmp_path: Path,
) -> None:
    dump = tmp_path / "tags.json"
    epc = "30" * 12
    options = ["--tag", f"monzax8k:{epc}", "--readers", "2", "--control", "--dump", str(dump)]
    with running("llrp", *options) as sim:
        assert (sim.ready["ready"], sim.ready["epcs"]) == ("llrp", [epc])
        assert sim.ready["port"] == sim.ready["ports"][0] != sim.ready["ports"][1]
        with Host(sim.ready["port"]) as client:
            client.start()
            assert epc_of(client.next("RO_ACCESS_REPORT").children[0]).hex() == epc
        assert sim.do(do="leave")["left"] == [epc]
        assert "error" in sim.do(do="fly")
        sim.process.send_signal(signal.SIGTERM)
        stats = sim.line()["stats"]
        assert sim.process.wait(PATIENCE_S) == 0
    assert stats["reports"] >= 1
    assert stats["air_us"]["inventory"] > 0
    assert json.loads(dump.read_text())["epc"][8:32] == epc
    with running("llrp", "--load", str(dump), "--shelf", str(tmp_path / "shelf")) as sim:
        assert sim.ready["epcs"] == [epc]
        sim.process.send_signal(signal.SIGINT)
        assert sim.process.wait(PATIENCE_S) == 0
    with running("llrp", "--shelf", str(tmp_path / "shelf"), "--tags", "0", "--control") as sim:
        assert sim.ready["epcs"] == []
        tid = json.loads(dump.read_text())["tid"]
        assert sim.do(do="arrive", tid=tid)["epc"] == epc


def test_the_process_makes_a_certificate_and_scenes_have_their_tags() -> None:
    with running(
        "llrp", "--tls", "--scene", "pallet", "--mode", "fm0", "--profile", "generic"
    ) as sim:
        assert len(sim.ready["epcs"]) == 500
        context = ssl.create_default_context(cafile=sim.ready["cert"])
        with Host(sim.ready["port"], context) as client:
            general = client.do("GET_READER_CAPABILITIES").one("GeneralDeviceCapabilities")
            assert general.number("DeviceManufacturerName") == 0xFFFFFF
            client.start()
            client.next("RO_ACCESS_REPORT")
        Path(sim.ready["cert"]).with_name("key.pem").unlink()
        Path(sim.ready["cert"]).unlink()
        Path(sim.ready["cert"]).parent.rmdir()


def test_a_scenario_file_names_its_device(tmp_path: Path) -> None:
    path = tmp_path / "line.toml"
    path.write_text('[llrp]\nreaders = 3\ntag = ["m730", "m781"]\n[[event]]\ndo = "leave"\n')
    with running("up", str(path)) as sim:
        assert (len(sim.ready["ports"]), len(sim.ready["epcs"])) == (3, 2)
    path.write_text('[m100]\ntag = "monzax8k"\n[[event]]\nafter_s = 99\ndo = "leave"\n')
    with running("up", str(path)) as sim:
        assert sim.ready["ready"] == "m100"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tag", "nosuchchip"], "no chip"),
        (["--tags", "-3"], "-3 is not in the range"),
        (["--fault", "nosuch"], "no fault"),
        (["--fault", "clock:year=1"], "year 1"),
        (["--port", "70000"], "port 70000"),
        (["--port", "65535", "--readers", "2"], "port 65535"),
        (["--cert", str(ROOT / "README.md")], "--tls"),
        (["--load", str(ROOT / "README.md")], "README.md is not what"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(options: list[str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hwsim", "llrp", *options],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "hw-sim")},
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
