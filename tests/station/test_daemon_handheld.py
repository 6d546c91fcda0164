"""`tagwright run` with handhelds: on a port of the network and on a serial line, by the TOML alone."""

import asyncio
import os
import socket
import tty
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from gateway import doctor_devices
from gateway.config import load
from gateway.daemon import serve
from gateway.journal import Journal
from gateway.stations.result import Result
from tests.handheld_line import SECRET, Device

pytestmark = pytest.mark.anyio


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def toml(folder: Path, url: str, more: str = "") -> Path:
    (folder / "secret").write_bytes(SECRET + b"\n")
    file = folder / "line.toml"
    file.write_text(
        f'[gateway]\nname = "gate"\n{more}\n[[reader]]\nname = "hand"\nurl = "{url}"\nsecret_file = "secret"\n'
    )
    return file


async def driven(
    device: Device, receive: Callable[[], bytes], send: Callable[[bytes], object]
) -> None:
    """The handheld's loop until its log is handed in."""
    loop = asyncio.get_running_loop()
    device.link.begin()
    while device.link.waiting or not device.link.up:
        device.ms = int(loop.time() * 10_000)  # its clock runs ten times as fast
        data = receive()
        if data:
            device.link.receive(data, device.ms)
        out = device.link.turn(device.ms)
        if out:
            send(out)
        await asyncio.sleep(0)


async def test_handhelds_on_the_network_hand_in_what_they_did(tmp_path: Path) -> None:
    port, page = free_port(), free_port()
    file = toml(tmp_path, f"handheld:tcp://127.0.0.1:{port}")
    file.write_text(file.read_text() + f'[metrics]\nlisten = "127.0.0.1:{page}"\n')
    told: list[tuple[str, Result]] = []
    devices = [
        Device(tmp_path / "a"),
        Device(tmp_path / "b", id=b"device-2", name="bob"),
        Device(tmp_path / "c", id=b"device-3", name="eve", secret=b"not-the-secret-of-all"),
    ]
    for each in devices:
        each.note(30)
    ready = asyncio.Event()

    async def at_port(device: Device) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                break
            except ConnectionRefusedError:
                await asyncio.sleep(0)
        came = bytearray()

        async def listen() -> None:
            while data := await reader.read(4096):
                came.extend(data)

        ear = asyncio.create_task(listen())

        def receive() -> bytes:
            data = bytes(came)
            came.clear()
            return data

        try:
            await driven(device, receive, writer.write)
        finally:
            ear.cancel()
            writer.transport.abort()

    async with asyncio.timeout(20):
        gateway = asyncio.create_task(
            serve(load(file), None, lambda name, result: told.append((name, result)))
        )
        eve = asyncio.create_task(at_port(devices[2]))
        await asyncio.gather(at_port(devices[0]), at_port(devices[1]))
        ready.set()
        while len(told) < 60:
            await asyncio.sleep(0)
        async with httpx2.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{page}/metrics")).text
        eve.cancel()
        gateway.cancel()
        await asyncio.wait([gateway, eve])
    assert 'tagwright_events_total{kind="verdict",station="hand/ada"} 30.0' in text
    assert 'tagwright_reader_up{reader="hand"}' in text
    assert {name for name, _ in told} == {"hand"}
    assert devices[2].outbox.waiting == 30
    records = Journal.open_readonly(tmp_path / "journal.db")
    found = [(row.station, row.content()["handheld"]["seq"]) for row in records.after(0, 999)]
    records.close()
    assert sorted(found) == [(f"hand/{who}", seq) for who in ("ada", "bob") for seq in range(1, 31)]


async def test_a_handheld_on_a_serial_line_hands_in_what_it_did(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    device = Device(tmp_path / "a")
    device.note(50)
    file = toml(tmp_path, f"handheld:{os.ttyname(theirs)}?baud=921600")

    def receive() -> bytes:
        try:
            return os.read(ours, 4096)
        except BlockingIOError:
            return b""

    async with asyncio.timeout(20):
        for start in range(2):  # the second gateway finds a handheld that believes it is welcomed
            gateway = asyncio.create_task(serve(load(file), None, lambda name, result: None))
            await driven(device, receive, lambda data: os.write(ours, data))
            gateway.cancel()
            await asyncio.wait([gateway])
            if not start:
                device.note(20)
                device.link.begin = lambda: None  # type: ignore[method-assign]
    os.close(ours)
    os.close(theirs)
    records = Journal.open_readonly(tmp_path / "journal.db")
    found = [row.content()["handheld"]["seq"] for row in records.after(0, 999)]
    records.close()
    assert found == list(range(1, 71))


def test_the_doctor_looks_at_port_and_secret(tmp_path: Path) -> None:
    port = free_port()

    def findings(url: str, secret: str = "") -> str:
        file = toml(tmp_path, url)
        (tmp_path / "secret").write_text(secret)
        text = file.read_text()
        if not secret:
            file.write_text(text.replace('secret_file = "secret"\n', ""))
        (reader,) = load(file).reader
        return "; ".join(str(each) for each in doctor_devices.examine(reader))

    url = f"handheld:tcp://127.0.0.1:{port}"
    assert "the gateway listens there" in findings(url, "0123456789abcdef")
    assert "no secret_file: whoever reaches this port" in findings(url)
    assert "16 characters or more" in findings(url, "short")
    assert "No such file" in findings("handheld:/dev/none", "0123456789abcdef")
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", port))
        busy.listen()
        assert "name another port" in findings(url, "0123456789abcdef")
