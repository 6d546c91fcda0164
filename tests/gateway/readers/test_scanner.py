"""Our scanner driver: against peers that say what manuals print, and against the simulator on its pty and TCP port."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from production_line import anyio_backend
from serial import Serial

from gateway.config import CodesConfig, ConfigProblem
from gateway.model import Look, ReaderBusy, ReaderGone, Wanted
from gateway.readers.codeport import DeviceState
from gateway.readers.scanner import Scanner, open_scanner
from gateway.readers.scanner_flow import Flood, Flow
from gateway.readers.scanner_options import options
from gateway.readers.scanner_tcp import TcpLink
from hwsim.port import SerialPort
from hwsim.scanner import Scanner as Device
from hwsim.scanner_control import ScannerControl
from hwsim.scanner_makes import MAKES
from hwsim.scanner_tcp import TcpPort

__all__ = ["anyio_backend"]

pytestmark = pytest.mark.anyio

CODES = CodesConfig()
LINK = "https://id.example.com/01/09520123456788/21/A1"
PATIENCE_S = 20.0

Wire = TcpPort | SerialPort


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.005)


async def take(looks: AsyncIterator[Look]) -> Look:
    async with asyncio.timeout(PATIENCE_S):
        return await anext(looks)


async def data(looks: AsyncIterator[Look]) -> bytes:
    look = await take(looks)
    assert len(look.codes) == 1, look
    return look.codes[0].data


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Scanner]:
    scanner = open_scanner(url, "line", CODES)
    await scanner.open()
    try:
        yield scanner
    finally:
        await scanner.close()


@contextmanager
def on_tcp(preset: str) -> Iterator[tuple[TcpPort, str]]:
    with TcpPort(Device(preset)) as wire:
        yield wire, f"tcp://127.0.0.1:{wire.port}?preset={preset}"


@contextmanager
def on_pty(preset: str, link: Path) -> Iterator[tuple[SerialPort, str]]:
    device = Device(preset)
    with SerialPort(device, ScannerControl(device), link) as wire:
        yield wire, f"{wire.path}?preset={preset}"


async def connected(wire: Wire) -> None:
    if isinstance(wire, TcpPort):
        await until(lambda: wire.clients == 1)


# A plain peer: it says the bytes that the manual prints, and keeps what it is told.
SCRIPTS = {
    "keyence": [  # SR-750 User's Manual 8-1: the example of a timing ON command
        (b"LON\r", b"OK,LON\r" + LINK.encode() + b"\r"),
        (b"LOFF\r", b"ER,LOFF,20\r"),
    ],
    "cognex": [  # DataMan Communications and Programming Guide: silent
        (b"||>TRIGGER ON\r\n", LINK.encode() + b"\r\n"),
        (b"||>TRIGGER OFF\r\n", b""),
    ],
    "honeywell": [(b"\x16T\r", LINK.encode() + b"\r"), (b"\x16U\r", b"")],
    "datalogic": [(b"T", LINK.encode() + b"\r\n"), (b"X", b"")],
    "omron": [(b"< >", LINK.encode() + b"\r\n")],
    "zebra": [
        (
            bytes.fromhex("04e40400ff14"),
            bytes.fromhex("04d00000ff2c") + bytes.fromhex("09f300000331323334fe37"),
        ),
        (bytes.fromhex("04d00400ff28"), b""),
        (bytes.fromhex("04e50400ff13"), bytes.fromhex("04d00000ff2c")),
    ],
}


@pytest.mark.parametrize("preset", sorted(SCRIPTS))
async def test_a_plain_peer_that_says_what_the_manual_prints_is_understood(preset: str) -> None:
    faults: list[str] = []
    done = asyncio.Event()

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for wanted, reply in SCRIPTS[preset]:
            told = await reader.readexactly(len(wanted))
            if told != wanted:
                faults.append(f"{told!r}, not {wanted!r}")
            writer.write(reply)
        done.set()
        writer.close()

    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with (
        opened(f"tcp://127.0.0.1:{port}?preset={preset}") as scanner,
        aclosing(scanner.looks()) as looks,
    ):
        await scanner.trigger(Wanted())
        assert await data(looks) == (b"1234" if preset == "zebra" else LINK.encode())
        await scanner.release()
        await asyncio.wait_for(done.wait(), PATIENCE_S)
    server.close()
    assert faults == []


@pytest.mark.parametrize("preset", sorted(MAKES))
@pytest.mark.parametrize("way", ["tcp", "pty"])
async def test_the_simulator_is_scanned_with_triggered_and_misses(
    preset: str, way: str, tmp_path: Path
) -> None:
    with on_tcp(preset) if way == "tcp" else on_pty(preset, tmp_path / "scanner") as (wire, url):
        async with opened(url) as scanner, aclosing(scanner.looks()) as looks:
            await connected(wire)
            assert scanner.is_open and scanner.state.word == "open"
            wire.do({"do": "scan", "text": LINK, "aim": "]Q1"})
            code = (await take(looks)).codes[0]
            assert (code.reader, code.data, code.engine) == ("line", LINK.encode(), "scanner")
            assert code.aim == ("" if preset == "keyence" else "]Q1")
            if preset == "generic":
                return
            wire.do({"do": "show", "text": "9520123456788", "aim": "]E0"})
            await scanner.trigger(Wanted())
            assert await data(looks) == b"9520123456788"
            await scanner.release()
            wire.do({"do": "clear"})
            wire.do({"do": "no_read"})
            if MAKES[preset].none:
                assert (await take(looks)).no_read
            stats = wire.do({"do": "stats"})["stats"]
            assert isinstance(stats, dict) and stats["triggers"] == 1
            if preset == "zebra":
                await until(lambda: wire.device.counts["acks"] == 3)  # type: ignore[attr-defined]


async def test_a_no_read_after_the_trigger_is_over_does_not_count_for_the_next() -> None:
    with on_tcp("keyence") as (wire, url):
        async with opened(url) as scanner, aclosing(scanner.looks()) as looks:
            await connected(wire)
            for number in range(3):
                await scanner.trigger(Wanted())
                await scanner.release()  # LOFF is answered by ERROR
                wire.do({"do": "show", "text": f"code {number}"})
                await scanner.trigger(Wanted())
                look = await take(looks)
                assert not look.no_read and look.codes[0].data == b"code %d" % number
                await scanner.release()
                wire.do({"do": "clear"})


async def test_a_code_that_comes_when_the_trigger_is_over_does_not_count_for_the_next() -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in (b"", b"OK,LOFF\rlate\r", b"next\r"):  # LON, LOFF, LON
            await reader.readuntil(b"\r")
            writer.write(reply)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with (
        opened(f"tcp://127.0.0.1:{port}?preset=keyence") as scanner,
        aclosing(scanner.looks()) as looks,
    ):
        await scanner.trigger(Wanted())
        await scanner.release()
        await scanner.trigger(Wanted())
        assert await data(looks) == b"next"
    server.close()


async def test_a_trigger_that_is_on_is_told_again_to_a_scanner_that_comes_back() -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"LON\r")
        connections.append(writer)
        if len(connections) > 1:
            writer.write(b"back\r")
            await reader.read()
        writer.close()

    connections: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with (
        opened(f"tcp://127.0.0.1:{port}?preset=keyence") as scanner,
        aclosing(scanner.looks()) as looks,
    ):
        await scanner.trigger(Wanted())
        assert await data(looks) == b"back"
    server.close()


async def test_a_scanner_that_is_away_keeps_its_reason_while_it_is_looked_for() -> None:
    class Slow(TcpLink):
        async def open(self) -> None:
            opening.set()
            await asyncio.Event().wait()

    opening = asyncio.Event()
    scanner = Scanner("line", Slow("127.0.0.1", 1), options("", ""), CODES)
    scanner._state = DeviceState("gone", "check the plug")
    scanner.looks()
    await opening.wait()
    assert scanner.state == DeviceState("connecting", "check the plug")
    await scanner.close()


async def test_a_scanner_that_ends_its_cycle_itself_says_so_once() -> None:
    with TcpPort(Device("omron", timeout_us=20_000)) as wire:
        url = f"tcp://127.0.0.1:{wire.port}?preset=omron"
        async with opened(url) as scanner, aclosing(scanner.looks()) as looks:
            await scanner.trigger(Wanted())
            assert (await take(looks)).no_read
            wire.do({"do": "scan", "text": "next"})
            assert await data(looks) == b"next"


@pytest.mark.parametrize("way", ["tcp", "pty"])
async def test_a_connection_that_breaks_comes_back_by_itself(way: str, tmp_path: Path) -> None:
    with on_tcp("generic") if way == "tcp" else on_pty("generic", tmp_path / "s") as (wire, url):
        async with opened(url) as scanner, aclosing(scanner.looks()) as looks:
            await connected(wire)
            wire.do({"do": "scan", "text": "one"})
            assert await data(looks) == b"one"
            wire.do({"do": "drop", "back_s": 0.2})
            await until(lambda: scanner.state.word == "gone")
            assert not scanner.is_open
            assert "check" in scanner.state.text
            with pytest.raises(ReaderGone, match="away"):
                await scanner.trigger(Wanted())
            await scanner.release()  # harmless
            await until(lambda: scanner.is_open)
            await connected(wire)
            wire.do({"do": "scan", "text": "two"})
            assert await data(looks) == b"two"


async def test_a_flood_is_cut_off_told_and_over_when_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with on_tcp("generic") as (wire, url):
        async with opened(url) as scanner, aclosing(scanner.looks()) as looks:
            await connected(wire)
            with caplog.at_level(logging.WARNING):
                wire.do({"do": "flood", "messages": 10_000_000})
                await until(lambda: scanner.state.word == "stalled")
                assert "floods" in scanner.state.text and not scanner.is_open
            assert any("floods" in each.message for each in caplog.records)
            assert len(scanner._waiting) <= 64
            wire.do({"do": "calm"})
            await until(lambda: scanner.is_open and wire.clients == 1)
            wire.do({"do": "scan", "text": "after"})
            found = b""
            while found != b"after":
                found = await data(looks)


def test_a_flood_is_more_than_the_fastest_reader_sends() -> None:
    flow = Flow(0.0)
    for number in range(300):
        flow.take(number / 300, 60, 1)
    assert not flow.is_steady
    flow.take(1.1, 60, 1)
    assert flow.is_steady
    with pytest.raises(Flood, match="messages"):
        for _ in range(401):
            flow.take(1.2, 10, 1)
    with pytest.raises(Flood, match="bytes"):
        Flow(0.0).take(0.1, 300_000, 0)


async def test_garbage_and_messages_without_end_are_told_and_the_next_code_is_read() -> None:
    with on_tcp("generic") as (wire, url):
        async with opened(url + "&framing=stx") as scanner, aclosing(scanner.looks()) as looks:
            await connected(wire)
            wire.do({"do": "say", "hex": b"noise".hex()})
            wire.do({"do": "say", "hex": b"\x02one\x03".hex()})
            assert await data(looks) == b"one"
            wire.do({"do": "endless", "bytes": 100_000})
            await until(lambda: scanner.state.word == "stalled")
            assert "no message" in scanner.state.text
            wire.do({"do": "say", "hex": (b"\x02" + LINK.encode() + b"\x03").hex()})
            assert await data(looks) == LINK.encode()
            assert scanner.state.text == ""
            assert scanner.is_open


async def test_noise_is_told_and_is_no_stalled_scanner() -> None:
    with on_tcp("generic") as (wire, url):
        async with opened(url + "&framing=silence&noread=x") as scanner:
            await connected(wire)
            scanner.looks()
            wire.do({"do": "endless", "bytes": 17_000})
            await until(lambda: "no message" in scanner.state.text)
            assert scanner.is_open


async def test_every_byte_of_a_code_arrives_also_those_that_control_a_line() -> None:
    every = bytes(each for each in range(256) if each not in (0x02, 0x03))
    with on_tcp("generic") as (wire, url):
        async with opened(url + "&framing=stx") as scanner, aclosing(scanner.looks()) as looks:
            await connected(wire)
            wire.do({"do": "say", "hex": (b"\x02" + every + b"\x03").hex()})
            assert await data(looks) == every
    with on_tcp("zebra") as (wire, url):
        async with opened(url) as scanner, aclosing(scanner.looks()) as looks:
            await connected(wire)
            wire.do({"do": "scan", "hex": bytes(range(256)).hex(), "aim": "]d2"})
            code = (await take(looks)).codes[0]
            assert (code.data, code.aim, code.symbology) == (bytes(range(256)), "]d2", "DataMatrix")


async def test_codes_of_4296_characters_come_whole() -> None:
    text = "A" * 4296
    for preset in ("generic", "zebra"):
        with on_tcp(preset) as (wire, url):
            async with opened(url) as scanner, aclosing(scanner.looks()) as looks:
                await connected(wire)
                wire.do({"do": "scan", "text": text, "aim": "]Q1"})
                assert await data(looks) == text.encode()


async def test_a_noisy_line_loses_codes_and_not_the_scanner() -> None:
    with on_tcp("zebra") as (wire, url):
        async with opened(url) as scanner, aclosing(scanner.looks()) as looks:
            await connected(wire)
            wire.do(
                {"do": "fault", "name": "noise", "args": {"every": 56}}
            )  # a bit of its checksum
            wire.do({"do": "scan", "text": LINK, "aim": "]Q1"})
            await until(lambda: wire.device.counts["naks"] > 0)
            wire.do({"do": "clear_faults"})
            assert await data(looks) == LINK.encode()  # asked for again until it came whole


async def test_nobody_takes_the_looks_and_the_newest_64_wait(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with on_tcp("generic") as (wire, url):
        async with opened(url) as scanner, aclosing(scanner.looks()) as looks:
            await connected(wire)
            for number in range(100):
                wire.do({"do": "scan", "text": f"{number}"})
            await until(
                lambda: len(scanner._waiting) == 64 and scanner._waiting[-1].codes[0].data == b"99"
            )
            assert [await data(looks) for _ in range(64)] == [b"%d" % n for n in range(36, 100)]
        assert [each.message for each in caplog.records if "dropped" in each.message] == [
            "line: 64 scans wait that nobody takes: the oldest are dropped"
        ]


async def test_looks_begin_when_they_are_asked_for() -> None:
    with on_tcp("generic") as (wire, url):
        async with opened(url) as scanner:
            await connected(wire)
            wire.do({"do": "scan", "text": "old"})
            await until(lambda: len(scanner._waiting) == 1)
            looks = scanner.looks()
            wire.do({"do": "scan", "text": "new"})
            async with aclosing(looks):
                assert await data(looks) == b"new"


async def test_looks_of_a_scanner_that_was_not_there_wait_until_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as ear:
        port = ear.getsockname()[1]
    scanner = open_scanner(f"tcp://127.0.0.1:{port}", "line", CODES)
    with pytest.raises(ReaderGone, match="cannot connect"):
        await scanner.open()
    assert scanner.state.word == "gone"
    async with aclosing(scanner.looks()) as looks:
        waiting = asyncio.create_task(take(looks))
        await until(lambda: "refused" in scanner.state.text)
        with TcpPort(Device("generic"), port=port) as wire:
            await connected(wire)
            wire.do({"do": "scan", "text": "late"})
            assert (await waiting).codes[0].data == b"late"
            await scanner.close()


async def test_closing_ends_the_looks_and_may_be_done_twice() -> None:
    with on_tcp("generic") as (wire, url):
        scanner = open_scanner(url, "line", CODES)
        await scanner.open()
        await scanner.open()
        looks = scanner.looks()
        waiting = asyncio.create_task(anext(looks, None))
        await connected(wire)
        await scanner.close()
        assert await waiting is None
        assert scanner.state.word == "closed"
        await scanner.close()
        await until(lambda: wire.clients == 0)
        await scanner.open()  # and again
        await connected(wire)
        await scanner.close()


async def test_a_port_that_another_program_holds_is_busy(tmp_path: Path) -> None:
    with (
        on_pty("generic", tmp_path / "scanner") as (wire, url),
        Serial(wire.path, exclusive=True),
        pytest.raises(ReaderBusy, match="another program"),
    ):
        await open_scanner(url, "line", CODES).open()


async def test_a_port_that_is_not_there_is_gone(tmp_path: Path) -> None:
    scanner = open_scanner(str(tmp_path / "none"), "line", CODES)
    with pytest.raises(ReaderGone, match="check the plug"):
        await scanner.open()
    await scanner.close()


async def test_silence_is_an_end_where_the_operator_says_so() -> None:
    with on_tcp("generic") as (wire, url):
        async with opened(url + "&silent_s=0.3") as scanner:
            await connected(wire)
            scanner.looks()
            await until(lambda: "nothing came" in scanner.state.text)
            await until(lambda: scanner.is_open)


async def test_a_sign_of_life_is_asked_for_and_is_enough() -> None:
    with on_tcp("keyence") as (wire, url):
        async with opened(url + "&silent_s=0.2") as scanner:
            await connected(wire)
            sent = wire.device.clock.bytes_in
            words: set[str] = set()
            async with asyncio.timeout(PATIENCE_S):
                while wire.device.clock.bytes_in < sent + 6 * len(b"KEYENCE\r"):
                    words.add(scanner.state.word)
                    await asyncio.sleep(0.005)
            assert words == {"open"}
            assert wire.clients == 1


async def test_a_refused_trigger_shows_in_the_state() -> None:
    with on_tcp("keyence") as (wire, url):
        async with opened(url) as scanner, aclosing(scanner.looks()):
            await connected(wire)
            await scanner.trigger(Wanted())
            await scanner.trigger(Wanted())
            await until(lambda: "ER,LON,20" in scanner.state.text)
            assert scanner.is_open


async def test_nothing_is_kept_of_a_scanner() -> None:
    with on_tcp("generic") as (_, url):
        async with opened(url) as scanner:
            assert await scanner.keep("no_read") is None


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ("", "write scanner:/dev/ttyACM0"),
        ("?preset=cognex", "write scanner:/dev/ttyACM0"),
        ("tcp://host", "write scanner:tcp://HOST:PORT"),
        ("tcp://host:99999", "Port out of range"),
        ("tcp://me:secret@host:23", "write scanner:tcp://HOST:PORT"),
        ("tcp://host:23/x", "write scanner:tcp://HOST:PORT"),
        ("keyboard:", "write scanner:keyboard:/dev/input"),
        ("keyboard:/dev/input/x?preset=keyence", "a keyboard takes no commands"),
        ("keyboard:/dev/input/x?preset=zebra", "a keyboard takes no commands"),
        ("keyboard:/dev/input/x?ack=%06", "a keyboard takes no commands"),
        ("/dev/ttyACM0?noread=\u2013", "noread: write %XX for each byte"),
        ("/dev/ttyACM0?noread=%E2%80%93&on=\u20ac", "on: write %XX for each byte"),
        ("/dev/ttyACM0?preset=acme", "preset: write preset=cognex, datalogic"),
        ("/dev/ttyACM0?framing=x", "framing: write framing=any, cr"),
        ("/dev/ttyACM0?codeid=x", "codeid: write codeid=datalogic, honeywell"),
        ("/dev/ttyACM0?bauds=1", "no option 'bauds'"),
        ("/dev/ttyACM0?baud=fast", "'fast' is no number"),
        ("/dev/ttyACM0?baud=1", "write baud=9600"),
        ("/dev/ttyACM0?silent_s=-1", "'-1' is no number"),
        (f"/dev/ttyACM0?on={'x' * 300}", "256 bytes at most"),
    ],
)
def test_what_names_no_scanner_is_refused_with_what_does(rest: str, told: str) -> None:
    with pytest.raises(ConfigProblem) as caught:
        open_scanner(rest, "line", CODES)
    assert told in str(caught.value)
    assert str(caught.value).startswith("scanner:")
    assert "secret" not in str(caught.value)


async def test_an_operator_may_say_everything_about_a_scanner_that_no_preset_knows() -> None:
    told = bytearray()

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.extend(await reader.readexactly(19))  # SICK: STX sMN mTCgateon ETX, and the ACK
        writer.write(b"\x02NoRead\x03\x02HB\x03\x02]Q1one;]Q1two\x03")
        told.extend(await reader.readexactly(1))
        writer.close()

    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = (
        f"tcp://127.0.0.1:{port}?framing=stx&on=%02sMN+mTCgateon%03%FF%0D%00%80&noread=NoRead"
        "&separator=%3B&alive=HB&ack=%06"
    )
    async with opened(url) as scanner, aclosing(scanner.looks()) as looks:
        await scanner.trigger(Wanted())
        assert (await take(looks)).no_read
        assert [each.data for each in (await take(looks)).codes] == [b"one", b"two"]
        await until(lambda: len(told) == 20)
    server.close()
    assert bytes(told) == b"\x02sMN mTCgateon\x03\xff\r\x00\x80\x06"
