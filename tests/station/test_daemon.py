"""The daemon: what ends it, and what it says then."""

import asyncio
import logging
from pathlib import Path

import pytest

from gateway.config import Config, ConfigProblem, GatewayConfig, ReaderConfig
from gateway.daemon import serve
from gateway.stations import verify
from hwsim.clock import Clock
from hwsim.faults import Faults
from hwsim.field import Field
from hwsim.pn532 import Pn532
from hwsim.port import PtyPort

pytestmark = pytest.mark.anyio


def config(folder: Path, *readers: ReaderConfig) -> Config:
    return Config(gateway=GatewayConfig(journal=folder / "daemon.db"), reader=readers)


def test_every_task_that_ends_the_daemon_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    readers = [
        ReaderConfig(name=name, url="pn532:/dev/none", job="commission", orders=tmp_path / name)
        for name in ("a.csv", "b.csv")
    ]
    with caplog.at_level(logging.ERROR), pytest.raises(ConfigProblem, match=r"a\.csv"):
        asyncio.run(serve(config(tmp_path, *readers), None, lambda name, result: None))
    assert "b.csv" in caplog.text


async def test_a_station_that_ends_unexpectedly_ends_the_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(verify, "verify_one", broken)
    clock, faults = Clock(), Faults(1)
    with PtyPort(Pn532(Field(clock, faults), clock, faults)) as port:
        port.do({"do": "arrive", "tag": "ntag215"})
        readers = [
            ReaderConfig(name="dock", url=f"pn532:{port.path}"),
            ReaderConfig(name="gone", url="pn532:/dev/none"),
        ]
        with pytest.raises(ValueError, match="a bug"):
            async with asyncio.timeout(10):
                await serve(config(tmp_path, *readers), None, lambda name, result: None)
