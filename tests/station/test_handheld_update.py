"""A firmware update from `tagwright firmware build` to the board that runs it: fetched, tried, kept or given up."""

import asyncio
import logging
import shutil
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edge import link
from gateway.cli import firmware as cli
from gateway.config import Config, ReaderConfig
from gateway.firmware import build as firmware_build
from gateway.firmware import bundle as firmware_bundle
from gateway.journal import Journal
from gateway.keys import DeviceKey
from gateway.posts import handheld_stations
from gateway.readers.handheld_end import End, Message
from tests.handheld_line import rows
from tests.handheld_sim import HandheldSim, handheld

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.anyio, pytest.mark.witness]

PATIENCE_S = 60
BOARD = "esp32s3"
FASTER = {  # the same program, with less patience
    "firmware/reader/device.py": (
        ("_PROVEN_MS = 30_000", "_PROVEN_MS = 600"),
        ("_BATTERY_MS = 5000", "_BATTERY_MS = 200"),
    ),
    "firmware/reader/link.py": (
        ("_HELLO_MS = const(2000)", "_HELLO_MS = const(200)"),
        ("_BEAT_MS = const(5000)", "_BEAT_MS = const(300)"),
        ("_AGAIN_MS = const(3000)", "_AGAIN_MS = const(300)"),
    ),
}
BAD = {
    "crashes": b"def run():\n    raise ValueError('new')\n",
    "hangs": b"def run():\n    while True:\n        pass\n",
    "does not import": b"import nothing_of_that_name\n",
}


class Told(logging.Handler):
    """What the gateway's operator reads, and what the handheld said; waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.said: list[Message] = []
        self._came = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())
        self._came.set()

    def hear(self, said: Message) -> None:
        self.said.append(said)
        self._came.set()

    async def until(self, is_so: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._came.clear()
                await self._came.wait()

    async def text(self, wanted: str) -> None:
        """A line of the log that holds it, which then is forgotten."""
        await self.until(lambda: any(wanted in each for each in self.texts))
        self.texts = [each for each in self.texts if wanted not in each]

    async def hello(self, count: int) -> None:
        """So many hellos have come."""
        await self.until(lambda: len(self.slots()) >= count)

    def wanted(self) -> list[int]:
        """From which bytes on the handheld asked for the update."""
        return [said[3] for said in self.said if said[0] == link.WANT]

    def slots(self) -> list[str]:
        """What each hello told of the firmware, without the CRC."""
        return [said[6]["firmware"][:3].decode() for said in self.said if said[0] == link.HELLO]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Told]:
    found = Told()
    receive = End.receive

    def heard(end: End, data: bytes) -> Iterator[Message]:
        for said in receive(end, data):
            found.hear(said)
            yield said

    monkeypatch.setattr(End, "receive", heard)
    log = logging.getLogger("gateway.stations")
    log.addHandler(found)
    caplog.set_level(logging.INFO, log.name)
    yield found
    log.removeHandler(found)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, DeviceKey]]:
    """What the command makes: FOLDER/made and FOLDER/esp32s3-5.bundle, for the processor here; and the root key."""
    folder = tmp_path_factory.mktemp("built")
    for name in ("edge", "firmware"):
        shutil.copytree(ROOT / name, folder / name)
    for name, changes in FASTER.items():
        change(folder / name, *changes)
    root = DeviceKey.generate()
    root.save(folder / "root.key", None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli, "_CHECKOUT", folder)
        patch.setitem(firmware_build.BOARDS, BOARD, "x86")
        given = ["build", "--board", BOARD, "--out", str(folder / "made"), "--number", "5"]
        done = CliRunner().invoke(cli.firmware, [*given, "--key", str(folder / "root.key")])
    assert done.exit_code == 0, done.output
    yield folder, root


def change(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text()
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path.write_text(text)


def packed(number: int, key: DeviceKey, program: bytes = b"def run():\n    pass\n") -> bytes:
    files = {"handheld.py": program}
    return firmware_bundle.packed(files, number, "0.1", key.kid, key.sign)


@asynccontextmanager
async def gateway(folder: Path, sim: HandheldSim) -> AsyncIterator[Journal]:
    """One with the handheld at its USB port, that offers FOLDER/firmware.bundle."""
    reader = ReaderConfig(
        name="hand",
        url=f"handheld:{sim.ready['path']}",
        job="collect",
        update=folder / "firmware.bundle",
    )
    async with Journal(folder / "gateway.db") as journal:
        station = handheld_stations(Config(reader=(reader,)), journal, None)["hand"]
        running = asyncio.create_task(station.run(lambda result: None))
        try:
            yield journal
        finally:
            running.cancel()
            await asyncio.wait([running])


def settings(key: DeviceKey) -> list[str]:
    values = {"root": f'"{key.public.hex()}"', "name": '"ada"', "sleep_s": "0", "volume": "0"}
    return [f"--setting={name}={value}" for name, value in values.items()]


def offer(folder: Path, content: bytes) -> int:
    """Its number, as a handheld tells it."""
    fresh = folder / "fresh"
    fresh.write_bytes(content)
    fresh.replace(folder / "firmware.bundle")
    return zlib.crc32(content)


async def restart(sim: HandheldSim) -> Any:
    return (await asyncio.to_thread(sim.event, "restart"))["cause"]


async def test_an_update_is_fetched_across_a_power_cut_tried_and_kept(
    tmp_path: Path, built: tuple[Path, DeviceKey], told: Told
) -> None:
    folder, root = built
    good = (folder / f"{BOARD}-5.bundle").read_bytes()
    offer(tmp_path, good)
    with handheld(f"--firmware={folder / 'made'}", "--heap=400k", *settings(root)) as sim:
        sim.close_port()
        async with gateway(tmp_path, sim) as journal:
            await told.until(lambda: told.wanted()[-1:] > [len(good) // 3])
            sim.do("fault", name="power", args={"write": 1, "share": 100})
            assert await restart(sim) == "power"
            await told.text("update is there, and will be tried")
            wanted = told.wanted()
            assert wanted == sorted(wanted) and wanted.count(0) == 1
            assert await restart(sim) == "reset"
            await told.text(f"update {zlib.crc32(good)} is on trial")
        while told.slots()[-1] != "a-0":
            met = len(told.slots())
            async with gateway(tmp_path, sim):
                await told.hello(met + 1)
        assert sorted(set(told.slots())) == ["--0", "-a1", "a-0"]
        async with gateway(tmp_path, sim) as journal:
            stranger = packed(6, DeviceKey.generate())
            damaged = bytearray(packed(6, root))
            damaged[-80] ^= 1
            for content in (stranger, bytes(damaged)):
                offer(tmp_path, content)
                await told.text("update was refused: update: not signed by a key that may")
            offer(tmp_path, packed(4, root))
            await told.text("update was refused: update: older than what runs")
            met = len(told.slots())
            sim.do("power", off_ms=1)
            assert await restart(sim) == "power"
            await told.hello(met + 1)
            assert told.slots()[met:] == ["a-0"]
            outcomes = [body.get("outcome") for _, body in rows(journal)]
            assert outcomes.count("installed") == 1 and outcomes.count("not_installed") == 3
        assert not [event for event in sim.events if event["event"] in ("exit", "restart")]
        sim.end()


async def test_an_update_that_does_not_come_up_is_given_up_and_not_tried_again(
    tmp_path: Path, built: tuple[Path, DeviceKey], told: Told
) -> None:
    folder, root = built
    shutil.copytree(folder / "made", tmp_path / "made")
    change(tmp_path / "made" / "boot.py", ("_WATCHDOG_MS = 8000", "_WATCHDOG_MS = 400"))
    options = [f"--firmware={tmp_path / 'made'}", "--heap=400k", *settings(root)]
    number = offer(tmp_path, packed(1, root, BAD["crashes"]))
    with handheld(*options) as sim:
        sim.close_port()
        async with gateway(tmp_path, sim):
            for at, (name, program) in enumerate(BAD.items(), 1):
                if at > 1:
                    number = offer(tmp_path, packed(at, root, program))
                assert await restart(sim) == "reset"
                assert [await restart(sim), await restart(sim)] == ["watchdog", "watchdog"], name
                await told.text(f"update {number} did not come up: what ran before runs again")
                exits = [event["text"] for event in sim.events if event["event"] == "exit"]
                assert len(exits) == (0 if name == "hangs" else 2), exits
                sim.events.clear()
        heard = len(told.said)
        async with gateway(tmp_path, sim):
            await told.until(
                lambda: [said[0] for said in told.said[heard:]].count(link.RECORDS) >= 3
            )
        assert not [said for said in told.said[heard:] if said[0] in (link.WANT, link.DONE)]
        assert set(told.slots()) == {"--0", "--x"}
        sim.end()
