"""A code station with a scanner's driver on its wire, a simulated scanner there, and a simulated PLC that triggers."""

import asyncio
import time
from pathlib import Path

import pytest
from code_line import LINK

from gateway.config import CodesConfig
from gateway.journal import Journal
from gateway.model import Wanted
from gateway.readers.scanner import open_scanner
from gateway.simulator import Simulator
from gateway.stations.codepost import CodePost
from gateway.stations.codestation import CodeStation
from gateway.stations.plc import Plc

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_plc_triggers_a_scanner_that_reads_does_not_read_and_goes_away(
    tmp_path: Path,
) -> None:
    rules = CodesConfig(trigger="single", timeout_s=20.0, duplicate_s=0)
    async with (
        Simulator(
            "scanner", "--preset", "keyence", "--port", "0", "--aim", "--timeout-ms", "50"
        ) as scanner,
        Journal(tmp_path / "j.db") as journal,
    ):
        url = f"tcp://127.0.0.1:{scanner.ready['port']}?preset=keyence"
        reader, plc = open_scanner(url, "eye", rules), Plc("127.0.0.1:0")
        post = CodePost("eye", reader, journal, None, time.time, time.monotonic, job="read")
        station = CodeStation(post, rules, plc)
        await scanner.tell("show", text=LINK, aim="]Q1")
        beside = await station.once(Wanted(), 20.0)
        assert [(each.data, each.aim) for each in beside.codes] == [(LINK.encode(), "]Q1")]
        run = asyncio.create_task(told(station))
        while not plc.port:
            await asyncio.sleep(0)
        async with Simulator("plc", "--connect", f"127.0.0.1:{plc.port}") as peer:
            assert (await peer.tell("trigger", wait=True))["answer"] == LINK
            await scanner.tell("clear")
            assert (await peer.tell("trigger", wait=True))["answer"] == "NOREAD"
            await scanner.tell("show", text="A", aim="]C0")
            assert (await peer.tell("on", wait=True))["answer"] == "A"
            await peer.tell("off")
            await scanner.tell("drop")
            while reader.is_open:
                await asyncio.sleep(0)
            assert (await peer.tell("trigger", wait=True))["answer"] == "NOREAD"
            assert (await peer.tell("stats"))["stats"]["answers"] == 4
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        await reader.close()
        rows = [row.content() for row in journal.after(0, 99)]
        assert [row["outcome"] for row in rows] == ["read", "read", "no_read", "read", "no_read"]
        assert rows[2]["reason"] == "the reader found no more"
        assert "the scanner is away" in rows[4]["reason"]


async def told(station: CodeStation) -> None:
    async for _ in station.run():
        pass
