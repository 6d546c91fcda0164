"""The daemon at RAIN readers: presence and pallets over their real wire, with what goes wrong there."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

import pytest

from gateway.config import Config, GatewayConfig, PalletConfig, PresenceConfig, ReaderConfig
from gateway.daemon import serve
from gateway.journal import Journal
from gateway.records import Row
from gateway.stations.result import Result
from hwsim.air import AirClock
from hwsim.gen2chips import by_name
from hwsim.gen2tag import RainTag, make
from hwsim.m100 import FAULTS, M100
from hwsim.port import SerialPort
from hwsim.raincontrol import RainControl
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField

pytestmark = pytest.mark.anyio

PATIENCE_S = 20
NEAR_DBM = -30.0
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
