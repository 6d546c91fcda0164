"""A station page over a journal that gets so many rows a second: python ... FOLDER RATE. A line on stdin ends them,
the next one ends the page.

Prints {"url"}, and in the end {"durable": {seq: Unix seconds}, "cpu": share of a core, "rss_kb": [at first, at last]}.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from gateway.beside import beside
from gateway.config import Config, GatewayConfig
from gateway.hub.serve import running
from gateway.journal import Journal
from gateway.web.station.app import StationPage
from gateway.web.station.line import ReaderState
from tests.station_pages import GREEN, StillLine

_UID = bytes.fromhex("04a1b2c3d4e5f6")
_COLOURS = ("green", "green", "green", "amber", "green", "red")


def rss_kb() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0])


async def served(folder: Path, rate: float) -> None:
    durable: dict[int, float] = {}

    async def fill(journal: Journal, ended: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not ended.is_set():
            number = len(durable)
            body = {
                "outcome": "verified",
                "colour": _COLOURS[number % len(_COLOURS)],
                "verdict": GREEN,
                "elapsed_ms": 120.0 + number % 7,
            }
            row = await journal.append("verdict", "dock", _UID, f"09520123456788/A{number}", body)
            durable[row.seq] = time.time()
            due += 1 / rate
            await asyncio.sleep(max(due - loop.time(), 0))

    file = folder / "journal.db"
    line = StillLine([ReaderState("dock", "pn532", "verify", True)])
    async with Journal(file) as journal:
        page = StationPage(journal, line, Config(gateway=GatewayConfig(journal=file)))
        async with beside(page.run(), "page"), running(page.app) as url:
            print(json.dumps({"url": url}), flush=True)
            ended = asyncio.Event()
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
            first, cpu, began = rss_kb(), time.process_time(), time.perf_counter()
            await fill(journal, ended)
            share = (time.process_time() - cpu) / (time.perf_counter() - began)
            last, head = rss_kb(), journal.head()
            sys.stdin.readline()  # what ended the rows
            print(json.dumps({"head": head}), flush=True)
            await asyncio.to_thread(sys.stdin.readline)  # the page has had it
            page.close()
    said = {"durable": durable, "cpu": share, "rss_kb": [first, last]}
    (folder / "said.json").write_text(json.dumps(said), encoding="ascii")


if __name__ == "__main__":
    asyncio.run(served(Path(sys.argv[1]), float(sys.argv[2])))
