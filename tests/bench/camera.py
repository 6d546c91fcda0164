"""Cameras: from a picture that is sent to its value in the journal, memory over time, stalls and pictures that harm."""

import asyncio
import json
import os
import time
from array import array
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import IO, Any
from urllib.request import urlopen

import cv2
import zxingcpp

from gateway.config import CodesConfig
from gateway.journal import Journal
from gateway.optics.cascade import Cascade
from gateway.optics.picture import gray
from gateway.readers.camera import Camera, open_camera
from gateway.records import Row as JournalRow
from gateway.simulator import Simulator
from gateway.stations.codepost import CodePost
from gateway.stations.codestation import CodeStation
from tests.bench.size import Size, folder
from tests.bench.table import Row, progress

_FPS = 30
_PEER_PICTURES = 150
_STALL_S = 30.0
_HARM_S = 10.0
_CODES = CodesConfig(trigger="continuous")


def rows(size: Size) -> Iterator[Row]:
    """Quick: a minute of pictures; full: an hour. A code in every picture, 1080p at 30 a second."""
    seconds = size.of(60, 3600)
    with folder() as at:
        steady = asyncio.run(_steady(at, seconds))
        peer_ms, alone_ms, alone_cpu_ms = asyncio.run(_peer(at))
        yield Row(
            "1080p MJPEG at 30 fps: picture sent -> value in the journal, median",
            median(steady.ms),
            "ms",
            peer=("VideoCapture + zxing", peer_ms),
            limit=("decode + light pass", alone_ms),
            at_most=60,
            note=f"{len(steady.ms):,} values of {steady.sent:,} pictures, each durable; "
            f"the peer in one loop, without a journal; load {os.getloadavg()[0]:.1f}",
        )
        yield Row("  ditto, 95 of 100", quantiles(steady.ms, n=20)[-1], "ms")
        yield Row(
            "  processor time a value, camera process and daemon",
            steady.cpu_ms,
            "ms",
            limit=("decode + light pass", alone_cpu_ms),
        )
        yield Row(
            f"  memory of daemon and camera process, growth in {seconds * 0.8:.0f} s",
            steady.growth_mb,
            "MB",
            at_most=8,
            note=f"{steady.rss_mb:.0f} MB",
        )
        yield from asyncio.run(_stalled(at))
        yield from asyncio.run(_harmed(at))


class Sent:
    """When each picture left, as the simulator's log tells it. times: by number, until they are taken."""

    def __init__(self, log: IO[str]) -> None:
        self._log = log
        self._part = ""  # of a line that is still being written
        self.times: dict[int, int] = {}
        self.count = 0

    def read(self) -> None:
        """What was written since the last time."""
        while (line := self._part + self._log.readline()).endswith("\n"):
            self._part = ""
            picture = json.loads(line)
            self.times[picture["frame"]] = picture["sent_ns"]
            self.count += 1
        self._part = line

    def ms_since(self, number: int, now_ns: int) -> float:
        """Since picture `number` left; those before it are forgotten."""
        self.read()
        found = (now_ns - self.times[number]) / 1e6
        self.times = {each: ns for each, ns in self.times.items() if each > number}
        return found


@dataclass(frozen=True)
class Durable(CodePost):
    """A post that tells what was read, and when it was durable, CLOCK_MONOTONIC."""

    values: "asyncio.Queue[tuple[bytes, int]]" = field(default_factory=asyncio.Queue)

    async def record(
        self, product: str, body: dict[str, Any], kind: str = "code", uid: bytes = b""
    ) -> JournalRow | None:
        row = await super().record(product, body, kind, uid)
        now_ns = time.monotonic_ns()
        for code in body["codes"]:
            self.values.put_nowait((code["data"], now_ns))
        return row


@dataclass
class Steady:
    ms: "array[float]"
    sent: int = 0
    cpu_ms: float = 0.0
    growth_mb: float = 0.0
    rss_mb: float = 0.0


@asynccontextmanager
async def _line(at: Path, *options: str) -> AsyncIterator[tuple[Simulator, Camera, Durable, Path]]:
    """A simulated camera, and a code station that reads it into a journal."""
    log = at / f"sent{time.monotonic_ns()}.jsonl"
    arguments = ("camera", "--numbered", "--fps", str(_FPS), "--log", str(log), *options)
    async with Simulator(*arguments) as sim, Journal(log.with_suffix(".db")) as journal:
        camera = open_camera(sim.ready["mjpeg"], "camera", _CODES)
        post = Durable("camera", camera, journal, None, time.time, time.monotonic, job="read")
        running = asyncio.create_task(_run(CodeStation(post, _CODES)))
        try:
            await asyncio.wait_for(post.values.get(), 30)
            yield sim, camera, post, log
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await camera.close()


async def _run(station: CodeStation) -> None:
    async with aclosing(station.run()) as results:
        async for _ in results:
            pass


async def _steady(at: Path, seconds: float) -> Steady:
    found, rss = Steady(array("d")), array("d")
    async with _line(at) as (_, camera, post, log):
        with log.open() as lines:
            sent = Sent(lines)
            cpu_s = _cpu_s(os.getpid()) + _cpu_s(camera.pid)
            began = told = time.monotonic()
            while (now := time.monotonic()) < began + seconds:
                data, at_ns = await post.values.get()
                found.ms.append(sent.ms_since(int(data), at_ns))
                if now - told >= 1:
                    told = now
                    rss.append(_mb(os.getpid(), "VmRSS") + _mb(camera.pid, "VmRSS"))
                    progress(f"{now - began:.0f} of {seconds} s, {median(found.ms):.1f} ms")
            cpu_s = _cpu_s(os.getpid()) + _cpu_s(camera.pid) - cpu_s
            found.sent, found.cpu_ms = sent.count, cpu_s / len(found.ms) * 1e3
    warm, last = rss[len(rss) // 10 : len(rss) // 5], rss[-len(rss) // 10 :]
    found.growth_mb, found.rss_mb = median(last) - median(warm), median(last)
    return found


async def _peer(at: Path) -> tuple[float, float, float]:
    """ms from sent to value of OpenCV and zxing-cpp in one loop; of our decoding and light pass alone; its CPU."""
    log = at / "peer.jsonl"
    arguments = ("camera", "--numbered", "--fps", str(_FPS), "--log", str(log))
    async with Simulator(*arguments) as sim:
        theirs = await asyncio.to_thread(_theirs, sim.ready["mjpeg"], log)
        with urlopen(sim.ready["snapshot"]) as answer:
            picture = answer.read()
    cascade, took = Cascade(_CODES.symbologies), []
    busy_s = time.process_time()
    for _ in range(_PEER_PICTURES):
        began = time.perf_counter()
        cascade.glance(gray(picture))
        took.append((time.perf_counter() - began) * 1e3)
    busy_s = time.process_time() - busy_s
    return theirs, median(took), busy_s / _PEER_PICTURES * 1e3


def _theirs(url: str, log: Path) -> float:
    formats = [
        zxingcpp.BarcodeFormat.QRCode,
        zxingcpp.BarcodeFormat.DataMatrix,
        zxingcpp.BarcodeFormat.Code128,
        zxingcpp.BarcodeFormat.EANUPC,
    ]
    camera, took = cv2.VideoCapture(url, cv2.CAP_FFMPEG), []
    with log.open() as lines:
        sent = Sent(lines)
        while len(took) < _PEER_PICTURES:
            _, picture = camera.read()
            found = zxingcpp.read_barcodes(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), formats)
            if found:
                took.append(sent.ms_since(int(found[0].bytes), time.monotonic_ns()))
    camera.release()
    return median(took)


async def _stalled(at: Path) -> list[Row]:
    async with _line(at) as (sim, camera, post, _):
        began = time.monotonic()
        await sim.tell("fault", name="stall", args={"s": _STALL_S})
        words = set()
        while time.monotonic() < began + _STALL_S:
            await asyncio.sleep(0.05)
            words.add(camera.state.word)
        while not post.values.empty():
            post.values.get_nowait()
        await post.values.get()
        back_s = time.monotonic() - began - _STALL_S
    said = ", ".join(sorted(words))
    return [
        Row(
            f"a camera that stalls for {_STALL_S:.0f} s: first value in the journal after that",
            back_s,
            "s",
            at_most=5,
            note=f"its state meanwhile: {said}",
        ),
        Row("  it was said to be stalled", "stalled" in words, at_least=1),
    ]


async def _harmed(at: Path) -> list[Row]:
    """Every picture of 100 megapixels, then cut, then with noise in its middle."""
    async with _line(at) as (sim, camera, post, _):
        first, before = camera.pid, _mb(camera.pid, "VmHWM")
        for name in ("huge", "truncated", "corrupt"):
            await sim.tell("fault", name=name, args={"every": 1})
            await asyncio.sleep(_HARM_S)
            await sim.tell("clear_faults")
        while not post.values.empty():
            post.values.get_nowait()
        await post.values.get()
        peak, is_same = _mb(camera.pid, "VmHWM"), camera.pid == first
    what = "100-megapixel, cut and corrupt pictures only"
    return [
        Row(
            f"{what}, {_HARM_S:.0f} s each: peak of its process",
            peak,
            "MB",
            at_most=300,
            note=f"{before:.0f} MB before",
        ),
        Row("  and reads on, the same process", is_same, at_least=1),
    ]


def _cpu_s(pid: int | None) -> float:
    """User and system time of a process (proc(5), "stat")."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _mb(pid: int | None, what: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{what}:")[2].split()[0]) / 1024
