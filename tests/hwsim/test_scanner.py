"""The simulated scanner, by a plain socket that says and expects what the makers' manuals print."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hwsim.scanner import Scanner
from hwsim.scanner_control import ScannerControl, code, fault
from hwsim.scanner_dialects import Setting
from hwsim.scanner_makes import MAKES
from hwsim.scanner_tcp import TcpPort

ROOT = Path(__file__).resolve().parents[2]
LINK = "https://id.example.com/01/09520123456788/21/A1"
END_S = 20


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + END_S
    while not true():
        assert time.monotonic() < end
        threading.Event().wait(0.001)


class Peer:
    """A plain socket."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), END_S)

    def hear(self, wanted: bytes) -> None:
        got = b""
        while len(got) < len(wanted):
            more = self.socket.recv(len(wanted) - len(got))
            assert more, f"it ended after {got!r}"
            got += more
        assert got == wanted

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)


@contextmanager
def talking(preset: str, **changes: Any) -> Iterator[tuple[TcpPort, Peer]]:
    made = MAKES[preset]
    told = {"aim": made.aim, "none": made.none, "end": made.end, "replies": made.replies}
    timeout_us = changes.pop("timeout_us", None)
    device = Scanner(preset, Setting(**{**told, **changes}), timeout_us)
    with TcpPort(device) as wire:
        peer = Peer(wire.port)
        until(lambda: wire.clients == 1)
        yield wire, peer
        peer.socket.close()


# Keyence SR-750 User's Manual, 8-1 and 8-2.
def test_keyence_as_its_manual_shows_a_timing_on_command() -> None:
    with talking("keyence") as (wire, peer):
        wire.do({"do": "show", "text": LINK})
        peer.say(b"LON\r")
        peer.hear(b"OK,LON\r" + LINK.encode() + b"\r")
        peer.say(b"LOFF\r")
        peer.hear(b"ER,LOFF,20\r")
        wire.do({"do": "clear"})
        peer.say(b"LON\r\nLON\r\nLOFF\r\n")  # LF may follow, and is not in the reply
        peer.hear(b"OK,LON\rER,LON,20\rOK,LOFF\rERROR\r")


def test_keyence_mirrors_stx_and_etx_and_esc_clears_its_buffer() -> None:
    with talking("keyence") as (_, peer):
        peer.say(b"garbage\x1b\x02LON01\x03\x02LOFF\x03")
        peer.hear(b"\x02OK,LON01\x03\x02OK,LOFF\x03ERROR\r")
        peer.say(b"FOO\r")
        peer.hear(b"ER,FOO,00\r")


def test_keyence_as_the_sr_600_sends_no_replies() -> None:
    with talking("keyence", replies=False) as (wire, peer):
        wire.do({"do": "show", "text": "ABC"})
        peer.say(b"LON\r")
        peer.hear(b"ABC\r")


# Cognex DataMan Communications and Programming Guide, "Command Syntax", "Reader Response", examples.
@pytest.mark.parametrize(
    ("command", "silent", "extended"),
    [
        (b"||>GET SYMBOL.DATAMATRIX", b"ON\r\n", b"||[0]ON\r\n"),
        (b"||>SET SYMBOL.DATAMATRIX ON", b"", b"||[0]\r\n"),
        (b"||>get symbol.datamatrix", b"ON\r\n", b"||[0]ON\r\n"),
        (b"||0:123>GET SYMBOL.DATAMATRIX", b"ON\r\n", b"||0:123[0]ON\r\n"),
        (b"||>NO.SUCH", b"", b"||[101]\r\n"),
        (b"||>SET NO.SUCH 1", b"", b"||[102]\r\n"),
        (b"||1>GET SYMBOL.DATAMATRIX?", b"", b"||1[103]*\r\n"),
        (b"GET SYMBOL.DATAMATRIX", b"", b""),
    ],
)
def test_dmcc_examples(command: bytes, silent: bytes, extended: bytes) -> None:
    for replies, wanted in ((False, silent), (True, extended)):
        with talking("cognex", replies=replies) as (wire, peer):
            peer.say(command + b"\r\n")
            if b"[103]" in wanted:  # the checksum of the reply: XOR of what stands before it
                body = wanted[:-3]
                check = 0
                for each in body:
                    check ^= each
                wanted = body + bytes((check,)) + b"\r\n"
            peer.hear(wanted)
            wire.do({"do": "scan", "text": "end", "aim": "]C0"})
            peer.hear(b"||[1]XUMwZW5k\r\n" if replies else b"]C0end\r\n")


def test_dmcc_trigger_on_brings_the_decoded_data_or_the_no_read() -> None:
    with talking("cognex") as (wire, peer):
        wire.do({"do": "show", "text": LINK, "aim": "]Q1"})
        peer.say(b"||>trigger on\r\n")
        peer.hear(b"]Q1" + LINK.encode() + b"\r\n")
        peer.say(b"||>SET COM.DMCC-RESPONSE 1\r\n||>TRIGGER ON\r\n")
        peer.hear(b"||[0]\r\n||[0]\r\n")
        wire.do({"do": "clear"})
        peer.hear(b"||[1]XVExaHR0cHM6Ly9pZC5leGFtcGxlLmNvbS8wMS8wOTUyMDEyMzQ1Njc4OC8yMS9BMQ==\r\n")
        peer.say(b"||>TRIGGER ON\r\n||>TRIGGER OFF\r\n")
        peer.hear(b"||[0]\r\n||[0]\r\n||[1]XUEwTk8tUkVBRA==\r\n"[:14])


@pytest.mark.parametrize(
    ("preset", "on", "off", "reply", "none"),
    [
        ("honeywell", b"\x16T\r", b"\x16U\r", b"]Q1x\r", b"NR\r"),
        ("datalogic", b"T", b"X", b"]Q1x\r\n", b""),
        ("generic", b"", b"", b"", b""),
    ],
)
def test_triggers_of_hand_scanners(
    preset: str, on: bytes, off: bytes, reply: bytes, none: bytes
) -> None:
    with talking(preset) as (wire, peer):
        wire.do({"do": "show", "text": "x", "aim": "]Q1"})
        peer.say(on + off)
        peer.hear(reply)
        wire.do({"do": "clear"})
        peer.say(on + off)
        peer.hear(none)
        wire.do({"do": "scan", "text": "end", "aim": "]C0"})
        peer.hear(b"]C0end" + MAKES[preset].end)


# Omron V430-F User Manual for Communication Settings: 3C 20 3E, then 31 32 33 34 35 0D 0A.
def test_omron_as_its_manual_shows_it() -> None:
    with talking("omron", aim=False, timeout_us=1000.0) as (wire, peer):
        wire.do({"do": "show", "text": "12345"})
        peer.say(bytes.fromhex("3c203e"))
        peer.hear(bytes.fromhex("31323334350d0a"))
        wire.do({"do": "clear"})
        peer.say(b"<K200,4><Z>< >")
        peer.hear(b"NOREAD\r\n")


# Zebra, Simple Serial Interface Programmer's Guide: START_SESSION, CMD_ACK, DECODE_DATA.
def test_ssi_as_its_guide_has_it() -> None:
    with talking("zebra", aim=False) as (wire, peer):
        wire.do({"do": "show", "text": "1234", "aim": "]C0"})
        peer.say(b"\x00" + bytes.fromhex("04e40400ff14"))  # 00 wakes it up
        peer.hear(bytes.fromhex("04d00000ff2c") + bytes.fromhex("09f300000331323334fe37"))
        peer.say(bytes.fromhex("05d1040001ff25"))  # send it again
        peer.hear(bytes.fromhex("09f300010331323334fe36"))
        wire.do({"do": "scan", "text": "5", "aim": "]C0"})  # waits for the acknowledgement
        peer.say(bytes.fromhex("04d00400ff28"))
        peer.hear(bytes.fromhex("06f300000335fecf"))
        peer.say(bytes.fromhex("04d00400ff28"))
        peer.say(bytes.fromhex("04e40400ff15"))  # a wrong checksum
        peer.hear(bytes.fromhex("05d1000001ff29"))


def test_a_long_code_is_several_ssi_packets() -> None:
    with talking("zebra", aim=False) as (wire, peer):
        wire.do({"do": "scan", "text": "a" * 501, "aim": "]Q1"})
        for size, status in ((250, 2), (250, 2), (1, 0)):
            body = bytes((5 + size, 0xF3, 0, status, 0x1C)) + b"a" * size
            peer.hear(body + (0x10000 - sum(body)).to_bytes(2, "big"))
            peer.say(bytes.fromhex("04d00400ff28"))


def test_deeds_that_break_things() -> None:
    with talking("generic") as (wire, peer):
        wire.do({"do": "say", "hex": "00ff"})
        wire.do({"do": "endless", "bytes": 10})
        peer.hear(b"\x00\xff" + b"A" * 10)
        wire.do({"do": "flood", "messages": 3})
        peer.hear(b"]C0FLOOD00000002\r\n]C0FLOOD00000001\r\n]C0FLOOD00000000\r\n")
        wire.do({"do": "fault", "name": "garbage", "args": {"every": 1, "size": 5}})
        wire.do({"do": "scan", "text": "x"})
        assert len(peer.socket.recv(100)) == 8
        wire.do({"do": "clear_faults"})
        wire.do({"do": "garbage", "bytes": 7})
        assert len(peer.socket.recv(100)) == 7
        wire.do({"do": "drop"})
        assert peer.socket.recv(1) == b""
        again = Peer(wire.port)  # it listens again at once
        again.socket.close()


def test_a_fault_may_hide_codes_or_break_the_line() -> None:
    with talking("honeywell") as (wire, peer):
        wire.do({"do": "show", "text": "x"})
        wire.do({"do": "fault", "name": "no_read", "args": {"every": 2}})
        peer.say(b"\x16T\r\x16T\r\x16U\r")
        peer.hear(b"x\rNR\r")
        wire.do({"do": "fault", "name": "unplug", "args": {"after": 1}})
        peer.say(b"\x16T\r")
        assert peer.socket.recv(10) in (b"", b"x\r")


def test_a_client_that_reads_nothing_costs_a_bounded_memory() -> None:
    with talking("generic") as (wire, peer):
        wire.do({"do": "flood", "messages": 100_000_000})
        until(lambda: any(len(rest) > 500_000 for rest in wire._clients.values()))
        left = wire.device.flood_left
        assert left > 0
        assert all(len(rest) < 1_200_000 for rest in wire._clients.values())
        wire.do({"do": "calm"})
        peer.socket.close()


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ({"do": "jump"}, "no command 'jump'"),
        ({}, "no command None"),
        ({"do": "scan"}, 'say what: "text" or "hex"'),
        ({"do": "scan", "text": "x", "aim": "Q1"}, "no AIM identifier"),
        ({"do": "scan", "text": ""}, "1 to 8192 bytes"),
        ({"do": "scan", "hex": "zz"}, "is no hex"),
        ({"do": "show", "text": "x" * 9000}, "1 to 8192 bytes"),
        ({"do": "flood", "messages": -1}, "messages -1"),
        ({"do": "garbage", "bytes": 1 << 30}, "bytes 1073741824"),
        ({"do": "drop", "back_s": "soon"}, "back_s 'soon'"),
        ({"do": "fault", "name": "fire"}, "no fault 'fire'"),
        ({"do": "fault", "name": "noise", "args": 3}, "args is no object"),
        ({"do": "fault", "name": "no_read", "args": {"most": 3}}, "no_read has no 'most'"),
    ],
)
def test_a_wrong_command_is_refused_with_the_reason(command: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=".") as caught:
        ScannerControl(Scanner("generic")).do(command)
    assert told in str(caught.value)


def test_a_code_has_the_type_that_its_identifier_says() -> None:
    types = {aim: code(aim, b"x").type for aim in ("", "]C0", "]C1", "]E0", "]E4", "]d2", "]Q1")}
    assert types == {
        "": 0,
        "]C0": 3,
        "]C1": 15,
        "]E0": 11,
        "]E4": 10,
        "]d2": 27,
        "]Q1": 28,
    }
    assert fault("no_read", {"every": "3"}).blinds() is False


def simulator(*options: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "hwsim", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT / "hw-sim")},
    )


def test_the_program_says_where_it_listens_obeys_and_ends_with_its_counts() -> None:
    with simulator(
        "scanner", "--preset", "keyence", "--port", "0", "--code", f"]Q1:{LINK}", "--control"
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        ready = json.loads(process.stdout.readline())
        assert (ready["ready"], ready["preset"]) == ("scanner", "keyence")
        peer = Peer(ready["port"])
        peer.say(b"LON\r")
        peer.hear(b"OK,LON\r" + LINK.encode() + b"\r")
        process.stdin.write(b'{"do": "scan", "text": "more"}\n')
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == {"scanned": True}
        peer.hear(b"more\r")
        process.send_signal(signal.SIGTERM)
        stats = json.loads(process.stdout.readline())["stats"]
        assert (stats["triggers"], stats["reads"]) == (1, 2)
        assert process.wait(END_S) == 0
        peer.socket.close()


def test_a_scenario_starts_a_scanner_on_a_terminal(tmp_path: Path) -> None:
    scenario = tmp_path / "scan.toml"
    link = tmp_path / "scanner"
    scenario.write_text(
        f'[scanner]\npreset = "honeywell"\nlink = "{link}"\nno-aim = true\n'
        '[[event]]\nafter_commands = 1\ndo = "scan"\ntext = "by itself"\n'
    )
    with simulator("up", str(scenario)) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["path"] == str(link)
        terminal = os.open(link, os.O_RDWR | os.O_NOCTTY)
        os.write(terminal, b"\x16T\r")
        got = b""
        while not got.endswith(b"\r"):
            got += os.read(terminal, 100)
        assert got == b"by itself\r"
        os.close(terminal)
        process.terminate()
        assert process.wait(END_S) == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--preset", "acme"), b"'acme' is not one of"),
        (("--port", "0", "--link", "x"), b"--link is of a terminal"),
        (("--fault", "fire"), b"no fault 'fire'"),
        (("--code", "]Q:x"), b"no AIM identifier"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(options: tuple[str, ...], told: bytes) -> None:
    with simulator("scanner", *options) as process:
        _, error = process.communicate(timeout=END_S)
        assert told in error and error.count(b"\n") == 1
        assert process.returncode == 2
