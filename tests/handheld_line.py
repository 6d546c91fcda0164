"""A handheld's own link, log and downloads against the gateway's station, in one process; the wire may be cut."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gateway.config import ReaderConfig
from gateway.journal import Journal
from gateway.keys import verifier
from gateway.model import ReaderGone
from gateway.readers.handheld import Handhelds, Talk, Where
from gateway.stations.handheld import Collector, HandheldStation
from gateway.stations.handheld_rows import Judge
from gateway.stations.handheld_shelf import Shelf
from gateway.stations.result import Result
from reader.clock import Clock
from reader.download import Download
from reader.link import Link
from reader.outbox import Outbox

NOW = 1_790_000_000
SECRET = b"a-secret-of-sixteen"
_STEP_MS = 50
_LONGEST_MS = 600_000  # of a session


def counted(start: int) -> Callable[[int], bytes]:
    """Random bytes that are others each time, and the same in each run."""
    state = [start]

    def random(count: int) -> bytes:
        state[0] += 1
        return state[0].to_bytes(count, "big")

    return random


class Wire:
    """What lies between: bytes both ways, until `cut` of them have passed in all; the last ones arrive."""

    def __init__(self, cut: int | None = None) -> None:
        self.left = cut
        self.up = b""  # to the gateway
        self.down = b""
        self.is_idle = False  # the gateway waits for more
        self.passed = 0
        self.log: list[tuple[str, bytes]] = []
        self._moved = asyncio.Event()

    def put(self, data: bytes) -> None:
        """From the handheld."""
        data = self._through("up", data)
        if data:
            self.up += data
            self.is_idle = False
            self._moved.set()

    def get(self) -> bytes:
        """To the handheld."""
        data, self.down = self.down, b""
        return data

    def end(self) -> None:
        """Both sides see that it is cut."""
        self.left = 0
        self._moved.set()

    async def receive(self, timeout_s: float) -> bytes:
        while not self.up:
            if self.left == 0:
                raise ReaderGone("cut")
            self.is_idle = True
            self._moved.clear()
            await self._moved.wait()
        data, self.up = self.up, b""
        return data

    async def send(self, data: bytes) -> None:
        self.down += self._through("down", data)
        if self.left == 0:
            raise ReaderGone("cut")

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def _through(self, way: str, data: bytes) -> bytes:
        if self.left is not None:
            data = data[: self.left]
            self.left -= len(data)
        self.passed += len(data)
        if data:
            self.log.append((way, data))
        return data


class Cable(Handhelds):
    """The wires that are plugged in, one after the other or together."""

    def __init__(self, name: str = "hand") -> None:
        super().__init__(name, Where(path="/dev/cable"))

    async def serve(self, talk: Talk) -> None:
        raise NotImplementedError


class Device:
    """One handheld: its log in `folder`, its key's id and name."""

    def __init__(
        self, folder: Path, secret: bytes = SECRET, id: bytes = b"device-1", name: str = "ada"
    ) -> None:
        self.folder, self.secret, self.id, self.name = folder, secret, id, name
        self.installed: list[tuple[str, bytes]] = []
        self.about: dict[str, Any] = {"firmware": "1.0", "trust": 0, "orders": 0, "battery": 80}
        self.ms = 0
        self.boot = 0
        self.epochs = counted(int.from_bytes(id[-1:], "big") << 8)
        self.nonces = counted(int.from_bytes(id[-2:], "big") << 16)
        self.start()

    def start(self) -> None:
        """Power comes back: everything but the flash is new."""
        self.boot += 1
        self.ms = 0
        self.clock = Clock(lambda: self.ms, lambda later, earlier: later - earlier)
        self.outbox = Outbox(f"{self.folder}/outbox", self.epochs, self.boot)
        installs = {what: self._install(what) for what in ("trust", "orders", "update")}
        self.download = Download(f"{self.folder}/in", installs)
        self.link = Link(
            (self.id, self.name),
            self.outbox,
            self.clock,
            self.nonces,
            lambda: self.about | {"boot": self.boot},
            self.download,
            self.secret,
        )

    def note(self, count: int = 1, kind: str = "verdict", **body: Any) -> None:
        """Write down so many records."""
        for _ in range(count):
            self.ms += 10
            self.outbox.append(kind, b"\x04" + bytes(6), "", {"outcome": "x"} | body, self.clock)

    def _install(self, what: str) -> Callable[[str], Iterator[int]]:
        def install(path: str) -> Iterator[int]:
            yield 0
            self.installed.append((what, Path(path).read_bytes()))

        return install


def station(
    journal: Journal,
    told: list[Result] | None = None,
    secret: bytes = SECRET,
    collector: Collector | None = None,
    reader: ReaderConfig | None = None,
    judge: Judge | None = None,
    shelf: Shelf | None = None,
) -> HandheldStation:
    reader = reader or ReaderConfig(name="hand", url="handheld:/dev/cable")
    return HandheldStation(
        Cable(reader.name),
        collector or Collector(journal),
        shelf or Shelf(reader, journal, None, "https://id.example.com", ()),
        lambda: judge or Judge(None, verifier, NOW),
        counted(1 << 40),
        "gate",
        secret,
    )


async def session(
    station: HandheldStation,
    device: Device,
    wire: Wire | None = None,
    until: Callable[[], bool] | None = None,
    tell: Callable[[Result], None] = lambda result: None,
) -> Wire:
    """Plug the handheld in until the wire is cut, or `until` (its log is handed in, nothing is downloaded)."""
    wire = wire or Wire()
    device.link.begin()
    link, now = device.link, device.ms

    async def serve(talk: Talk) -> None:
        try:
            await talk(wire, "cable")
        except ReaderGone:
            return

    station.reader.serve = serve  # type: ignore[method-assign]
    is_done = until or (lambda: link.up and not link.waiting)
    async with asyncio.TaskGroup() as tasks:
        there = tasks.create_task(station.run(tell))
        while wire.left != 0 and not there.done() and device.ms - now < _LONGEST_MS:
            if is_done():
                break
            sent = link.turn(device.ms)
            wire.put(sent)
            while not wire.is_idle and not there.done() and wire.left != 0:
                await asyncio.sleep(0)
            data = wire.get()
            link.receive(data, device.ms)
            if not sent and not data:
                device.ms += _STEP_MS
        wire.end()
    return wire


def rows(journal: Journal, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
    """(kind, body) of the journal's rows, of these kinds or all."""
    found: deque[tuple[str, dict[str, Any]]] = deque()
    for row in journal.after(0, 100_000):
        if not kinds or row.kind in kinds:
            found.append((row.kind, row.content()))
    return list(found)


def seqs(journal: Journal, device: Device | None = None) -> list[int]:
    """The handheld's own seqs of the rows that came from it, in the journal's order."""
    found = [body["handheld"] for _, body in rows(journal) if "handheld" in body]
    return [
        said["seq"]
        for said in found
        if "boot" in said and (device is None or said["id"] == device.id)
    ]
