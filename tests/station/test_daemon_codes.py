"""The daemon with code readers: a camera by itself, and a scanner beside a tag reader."""

import asyncio
import time
from pathlib import Path

import pytest

from edge import printed
from edge import stub as stubs
from edge.trust import TrustList
from gateway.config import CodesConfig, Config, GatewayConfig, KeysConfig, ReaderConfig
from gateway.daemon import serve
from gateway.journal import Journal
from gateway.keys import DeviceKey, TrustStore
from gateway.optics.label import Label
from gateway.optics.png import png
from gateway.optics.symbol import symbol
from gateway.stations import labels
from gateway.stations.post import Seal
from gateway.stations.result import Result
from hwsim.clock import Clock
from hwsim.faults import Faults
from hwsim.field import Field
from hwsim.pn532 import Pn532
from hwsim.port import PtyPort
from tests.production_line import GTIN, order

pytestmark = pytest.mark.anyio

CSV = f"gtin,serial,digest\n{GTIN:014d},A1,{'00' * 32}\n"


def config(folder: Path, *readers: ReaderConfig) -> tuple[Config, str]:
    """The configuration with these readers and a trusted key, and what the label of product A1 holds."""
    now, key = int(time.time()), DeviceKey.generate()
    key.save(folder / "device.key", None)
    trusted = TrustList(1, now, now + 3600, (key.card.entry(now),))
    TrustStore(folder / "trust.cbor").save(trusted, DeviceKey.generate())
    text = labels.label(order("A1"), Seal(key, trusted, lambda *_: True, now), printed.BASE32)
    return Config(
        gateway=GatewayConfig(journal=folder / "daemon.db"),
        keys=KeysConfig(device=folder / "device.key", trust=folder / "trust.cbor"),
        reader=readers,
    ), text


async def first(found: Config, count: int = 1) -> list[tuple[str, Result]]:
    """The first results that a daemon of this configuration tells."""
    told: asyncio.Queue[tuple[str, Result]] = asyncio.Queue()
    task = asyncio.create_task(
        serve(found, None, lambda name, result: told.put_nowait((name, result)))
    )
    async with asyncio.timeout(30):
        results = [await told.get() for _ in range(count)]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return results


async def test_a_camera_verifies_the_label_of_a_product(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    found, text = config(
        tmp_path, ReaderConfig(name="eye", url=f"camera:{pictures}", codes=CodesConfig())
    )
    (pictures / "1.png").write_bytes(png(Label(symbol(text, "qr")), 6, 300))
    [(name, result)] = await first(found)
    assert (name, result.outcome, result.signal.colour) == ("eye", "verified", "green")
    assert result.product == f"{GTIN:014d}/A1"
    async with Journal(tmp_path / "daemon.db") as journal:
        assert [row.kind for row in journal.after(0, 9) if row.kind != "clock"] == ["code"]


async def test_a_blank_tag_gets_the_order_that_the_scanner_beside_it_reads(tmp_path: Path) -> None:
    async def honeywell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r") != b"\x16T\r":
            pass
        writer.write(f"]Q1{text}\r".encode())
        await reader.read()
        writer.close()

    clock, faults = Clock(), Faults(1)
    (tmp_path / "orders.csv").write_text(CSV)
    server = await asyncio.start_server(honeywell, "127.0.0.1", 0)
    where = "{}:{}".format(*server.sockets[0].getsockname())
    with PtyPort(Pn532(Field(clock, faults), clock, faults)) as port:
        port.do({"do": "arrive", "tag": "ntag216"})
        found, text = config(
            tmp_path,
            ReaderConfig(
                name="bench",
                url=f"pn532:{port.path}",
                job="bind",
                orders=tmp_path / "orders.csv",
                beside="scanner",
                requires=("qr",),
            ),
            ReaderConfig(name="scanner", url=f"scanner:tcp://{where}?preset=honeywell"),
        )
        [(name, result)] = await first(found)
    server.close()
    assert (name, result.outcome, result.signal.colour) == ("bench", "bound", "green"), result
    assert result.stub is not None
    assert result.stub.claims[stubs.PRODUCT] == [0, GTIN, "A1"]
    async with Journal(tmp_path / "daemon.db") as journal:
        kinds = [row.kind for row in journal.after(0, 9) if row.kind != "clock"]
    assert kinds == ["code", "intent", "result", "bind"]
