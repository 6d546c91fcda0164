"""The daemon at RAIN readers: presence and pallets over their real wire, with what goes wrong there."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

import pytest
from llrp_peer import report, scripted

from gateway.config import (
    Config,
    GatewayConfig,
    PalletConfig,
    PresenceConfig,
    ReaderConfig,
    WindowConfig,
)
from gateway.daemon import serve
from gateway.journal import Journal
from gateway.records import Row
from gateway.stations.result import Result
from hwsim.air import AirClock
from hwsim.gen2chips import by_name
from hwsim.gen2tag import RainTag, make
from hwsim.llrp_control import LlrpControl
from hwsim.llrp_host import LlrpHost
from hwsim.llrp_models import MODELS
from hwsim.llrp_reader import LlrpReader
from hwsim.m100 import FAULTS, M100
from hwsim.port import SerialPort
from hwsim.raincontrol import RainControl
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField

pytestmark = pytest.mark.anyio

PATIENCE_S = 20
NEAR_DBM = -30.0
MAIN = "from gateway.cli.main import main; main()"
QUICK = PresenceConfig(depart_s=0.3, zones={"1": "bench"})


class Told(list[tuple[str, Result]]):
    """What the daemon has told."""

    def take(self, name: str, result: Result) -> None:
        self.append((name, result))

    def outcomes(self) -> list[tuple[str, str]]:
        return [(name, result.outcome) for name, result in self]

    async def has(self, *wanted: tuple[str, str]) -> None:
        """Return when all of these were told."""
        async with asyncio.timeout(PATIENCE_S):
            while not set(wanted) <= set(self.outcomes()):
                await asyncio.sleep(0.005)


@asynccontextmanager
async def daemon(folder: Path, *readers: ReaderConfig) -> AsyncIterator[Told]:
    told = Told()
    config = Config(gateway=GatewayConfig(journal=folder / "daemon.db"), reader=readers)
    task = asyncio.create_task(serve(config, None, told.take))
    try:
        yield told
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and (why := task.exception()) is not None:
            raise why


@contextmanager
def module() -> Iterator[SerialPort]:
    """A simulated M100 on a serial port."""
    clock, faults = AirClock(), RainFaults(1, FAULTS)
    field = RainField(clock, faults, antennas=1, fading_db=0.0)
    device = M100(field, clock)
    with SerialPort(device, RainControl(field, device, NEAR_DBM)) as port:
        yield port


def arrive(port: SerialPort, number: int, chip: str = "monzax8k") -> RainTag:
    tag = make(by_name(chip), Random(number))
    port.do({"do": "arrive", "tag": chip, "tid": tag.tid.hex()})
    return tag


def rows(folder: Path) -> list[Row]:
    records = Journal.open_readonly(folder / "daemon.db")
    try:
        assert records.verify() is None
        return records.after(0, 10_000)
    finally:
        records.close()


async def test_tags_that_come_and_go_are_told_and_durable(tmp_path: Path) -> None:
    with module() as port:
        here = ReaderConfig(name="bench", url=f"m100:{port.path}", job="presence", presence=QUICK)
        gone = ReaderConfig(name="gone", url="m100:/dev/none", job="presence")
        async with daemon(tmp_path, here, gone) as told:
            tag = arrive(port, 1)
            await told.has(("bench", "arrived"))
            port.do({"do": "leave"})
            await told.has(("bench", "departed"))
            arrive(port, 2)
            async with asyncio.timeout(PATIENCE_S):
                while len(told) < 3:
                    await asyncio.sleep(0.005)
    kept = rows(tmp_path)
    assert [row.content()["act"] for row in kept] == ["arrived", "departed", "arrived"]
    assert kept[0].content()["epc"] == tag.epc
    assert kept[0].content()["zone"] == "bench"
    assert [result.journal_seq for _, result in told] == [row.seq for row in kept]


async def test_a_pallet_is_one_list_of_verdicts(tmp_path: Path) -> None:
    with module() as port:
        for number in range(3):
            arrive(port, number, ("monzax8k", "m730", "higgs9")[number])
        dock = ReaderConfig(
            name="dock", url=f"m100:{port.path}", job="pallet", pallet=PalletConfig(idle_s=1)
        )
        async with daemon(tmp_path, dock) as told:
            await told.has(("dock", "pallet"))
    assert told.outcomes() == [("dock", "not_verified")] * 3 + [("dock", "pallet")]
    assert [row.kind for row in rows(tmp_path)] == ["verdict"] * 3 + ["pallet"]
    assert rows(tmp_path)[-1].content()["red"] == 3


@contextmanager
def fixed(count: int = 1, rate: float = 200.0) -> Iterator[LlrpHost]:
    """Simulated fixed readers, each on a port of its own, on one host."""
    readers = [
        LlrpReader(RainField(AirClock(), RainFaults(n)), MODELS["impinj"], rate=rate)
        for n in range(count)
    ]
    with LlrpHost(readers, LlrpControl(readers)) as host:
        yield host


def portal(name: str, host: LlrpHost, number: int = 0, **more: object) -> ReaderConfig:
    url = f"llrp://127.0.0.1:{host.ports[number]}"
    rules = {"job": "presence", **more}
    if rules["job"] == "presence":
        rules.setdefault("presence", PresenceConfig(depart_s=3.0))
    return ReaderConfig(name=name, url=url, **rules)  # type: ignore[arg-type]


def come(host: LlrpHost, number: int, reader: int = 0, antenna: int = 1) -> RainTag:
    tag = make(by_name("monzax8k"), Random(number))
    where = {"reader": reader, "antenna": antenna, "rssi_dbm": -45.0}
    host.do({"do": "arrive", "tag": "monzax8k", "tid": tag.tid.hex(), **where})
    return tag


async def test_a_tag_moves_from_the_zone_of_one_reader_to_that_of_another(tmp_path: Path) -> None:
    with fixed(2) as host:
        async with daemon(tmp_path, portal("north", host), portal("south", host, 1)) as told:
            tag = come(host, 1)
            await told.has(("north", "arrived"))
            host.do({"do": "leave"})
            come(host, 1, reader=1, antenna=2)
            await told.has(("south", "moved"))
    moved = rows(tmp_path)[-1].content()
    assert (moved["before"], moved["zone"], moved["epc"]) == ("north/1", "south/2", tag.epc)


async def test_a_reader_that_drops_the_connection_is_back_and_nothing_else_notices(
    tmp_path: Path,
) -> None:
    with fixed(2) as host:
        async with daemon(tmp_path, portal("north", host), portal("south", host, 1)) as told:
            come(host, 1)
            come(host, 2, reader=1)
            await told.has(("north", "arrived"), ("south", "arrived"))
            host.do({"do": "drop"})
            come(host, 3)
            come(host, 4, reader=1)
            async with asyncio.timeout(PATIENCE_S):
                while len(told) < 4:
                    await asyncio.sleep(0.005)
    assert sorted(told.outcomes()) == [("north", "arrived")] * 2 + [("south", "arrived")] * 2


async def test_a_reader_that_lies_is_left_and_asked_again_and_nothing_else_notices(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with fixed() as host:
        async with scripted() as liar:
            lying = ReaderConfig(name="liar", url=f"llrp://127.0.0.1:{liar.port}", job="presence")
            async with daemon(tmp_path, lying, portal("north", host)) as told:
                async with asyncio.timeout(PATIENCE_S):
                    while "START_ROSPEC" not in liar.heard:
                        await asyncio.sleep(0.005)
                    liar.say(report(bytes(range(12))))
                    await told.has(("liar", "arrived"))
                    liar.say(b"\x04\x3d\xff\xff\xff\xff\x00\x00\x00\x01")  # 4 GiB of reports
                    while liar.heard.count("START_ROSPEC") < 2:
                        await asyncio.sleep(0.005)
                come(host, 1)
                await told.has(("north", "arrived"))
    assert "RO_ACCESS_REPORT" in caplog.text
    assert len(rows(tmp_path)) == 2


async def test_a_product_that_passes_a_light_barrier_without_a_tag_is_told(tmp_path: Path) -> None:
    with fixed() as host:
        gate = portal("gate", host, window=WindowConfig(gpi=1, debounce_s=0))
        async with daemon(tmp_path, gate) as told:
            async with asyncio.timeout(PATIENCE_S):
                while ("gate", "empty") not in told.outcomes():  # the reader may not listen yet
                    for level in (True, False):
                        host.do({"do": "gpi", "port": 1, "level": level})
                        await asyncio.sleep(0.3)
            come(host, 1)
            host.do({"do": "gpi", "port": 1, "level": True})
            await told.has(("gate", "arrived"))
            host.do({"do": "gpi", "port": 1, "level": False})
            await told.has(("gate", "tags"))
    assert told.outcomes()[-2:] == [("gate", "arrived"), ("gate", "tags")]
    assert rows(tmp_path)[0].content()["outcome"] == "empty"
    assert len(rows(tmp_path)[-1].content()["epcs"]) == 1


async def test_a_pallet_through_a_light_barrier_is_one_list_of_verdicts(tmp_path: Path) -> None:
    with fixed(rate=1000.0) as host:
        window = WindowConfig(gpi=1)
        dock = portal("dock", host, job="pallet", window=window, pallet=PalletConfig(reread_s=1))
        async with daemon(tmp_path, dock) as told:
            for number in range(30):
                come(host, number)
            host.do({"do": "gpi", "port": 1, "level": True})
            async with asyncio.timeout(PATIENCE_S):
                while host.do({"do": "stats"})["stats"]["sightings"] < 300:  # type: ignore[index]
                    await asyncio.sleep(0.005)
            host.do({"do": "gpi", "port": 1, "level": False})
            await told.has(("dock", "pallet"))
    kept = rows(tmp_path)
    assert [row.kind for row in kept] == ["verdict"] * 30 + ["pallet"]
    assert {row.content()["colour"] for row in kept} == {"red"}  # none of them has a passport
    assert told[-1][1].signal.sentence.startswith("30 tags: 0 green, 0 amber, 30 red")


def test_what_was_told_is_durable_when_sigterm_ends_the_gateway(tmp_path: Path) -> None:
    with fixed(2, rate=1000.0) as host:
        for number in range(200):
            come(host, number, number % 2)
        config = tmp_path / "gateway.toml"
        config.write_text(
            '[gateway]\njournal = "daemon.db"\n'
            + "".join(
                f'[[reader]]\nname = "r{n}"\nurl = "llrp://127.0.0.1:{port}"\njob = "presence"\n'
                for n, port in enumerate(host.ports)
            )
        )
        program = [sys.executable, "-c", MAIN, "run", "-c", str(config), "--json"]
        with subprocess.Popen(program, stdout=subprocess.PIPE) as gateway:
            assert gateway.stdout is not None
            lines = [gateway.stdout.readline() for _ in range(20)]
            gateway.send_signal(signal.SIGTERM)
            lines += gateway.stdout.readlines()
            assert gateway.wait(PATIENCE_S) == 0
    said = [json.loads(line) for line in lines]
    kept = {row.seq: row for row in rows(tmp_path)}
    assert len(said) == len(kept) >= 20
    for line in said:
        assert kept[line["journal_seq"]].content()["act"] == line["outcome"] == "arrived"
