"""Codes in pictures: photographs, badly lit and tilted labels in 1080p, dot-peened metal; against each engine alone.

On one core. zxing-cpp alone: its default flags, the same symbologies.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

import cv2
import zxingcpp

from gateway.config_tables import SYMBOLOGIES
from gateway.optics import dmtx, zbar
from gateway.optics.cascade import Cascade
from gateway.optics.found import Gray
from gateway.optics.picture import gray
from gateway.optics.read import BUDGET_MS
from gateway.optics.zxing import formats
from hwsim.scene import degraded, dotpeened
from tests import photographs
from tests.bench.size import Size
from tests.bench.table import Row, progress

_FRAMES, _DOTS = 400, 200
Engine = Callable[[Gray], list[bytes]]


def rows(size: Size) -> Iterator[Row]:
    """The photographs; 400 rendered frames; 200 dot-peened ones. --count and --seed choose other frames."""
    with _one_core():
        yield from _photographs()
        yield from _rendered(size)
        yield from _dot_peened(size)


@dataclass
class _Score:
    """read: pictures whose content was among what was read; wrong: pictures of which something else was read."""

    read: int = 0
    wrong: int = 0
    ms: list[float] = field(default_factory=list)
    of_kind: Counter[str] = field(default_factory=Counter)

    def add(self, engine: Engine, image: Gray, kind: str, right: Callable[[bytes], bool]) -> None:
        began = perf_counter()
        values = engine(image)
        self.ms.append((perf_counter() - began) * 1000)
        hit = any(right(each) for each in values)
        self.read += hit
        self.wrong += not all(right(each) for each in values)
        self.of_kind[kind] += hit

    @property
    def share(self) -> float:
        """Per cent that were read."""
        return 100 * self.read / max(len(self.ms), 1)


def _photographs() -> Iterator[Row]:
    if photographs.away():
        yield Row(f"photographs: {photographs.away()}", 0)
        return
    engines = {"ours": _ours(BUDGET_MS), "zxing-cpp": _zxing, **_others()}
    scores = {name: _Score() for name in engines}
    for number, photo in enumerate(photographs.photographs()):
        progress(f"photographs: {number}")
        image = gray(photo.path.read_bytes())
        for name, engine in engines.items():
            scores[name].add(engine, image, photo.kind, photo.tells)
    ours, zxing = scores["ours"], scores["zxing-cpp"]
    best = max((each for name, each in scores.items() if name != "ours"), key=lambda s: s.read)
    kinds = ", ".join(f"{kind} {count}" for kind, count in ours.of_kind.items())
    singly = ", ".join(f"{name} {each.read}/{each.wrong}" for name, each in scores.items())
    yield Row(
        f"photographs read exactly, of {len(ours.ms)}",
        ours.read,
        peer=("zxing-cpp", zxing.read),
        at_least=best.read + 1,
        note=f"read/wrong: {singly}; ours: {kinds}; median {median(ours.ms):.1f} ms",
    )
    yield Row(
        "photographs read wrong", ours.wrong, peer=("zxing-cpp", zxing.wrong), at_most=zxing.wrong
    )
    look = engines["ours"]
    empty = [gray(each.read_bytes()) for each in photographs.pictures_without_a_code()]
    false = sum(bool(look(each)) for each in empty)
    yield Row(f"codes read in {len(empty)} pictures without one", false, at_most=0)


def _rendered(size: Size) -> Iterator[Row]:
    count = size.count or _FRAMES
    frames = ((frame, code.symbology, code.data) for frame, code in degraded(size.seed, count))
    ours, zxing = _compared("rendered", frames)
    kinds = ", ".join(f"{kind} {read}" for kind, read in sorted(ours.of_kind.items()))
    yield Row(
        f"1080p frames, degraded, tilt to 45 degrees: read, of {count}",
        ours.share,
        "%",
        peer=("zxing-cpp", zxing.share),
        at_least=80,
        note=f"{kinds}; zxing-cpp {zxing.wrong} wrong, median {median(zxing.ms):.1f} ms",
    )
    load = os.getloadavg()[0]
    yield Row(
        "such a frame, median on one core",
        median(ours.ms),
        "ms",
        peer=("zxing-cpp", median(zxing.ms)),
        at_most=60,
        note=f"mean {sum(ours.ms) / len(ours.ms):.1f} ms; load {load:.1f}",
    )
    yield Row("such frames read wrong", ours.wrong, peer=("zxing-cpp", zxing.wrong), at_most=0)


def _dot_peened(size: Size) -> Iterator[Row]:
    count = size.count or _DOTS
    frames = ((frame, code.symbology, code.data) for frame, code in dotpeened(size.seed, count))
    ours, zxing = _compared("dot-peened", frames)
    yield Row(
        f"dot-peened Data Matrix: read, of {count}",
        ours.share,
        "%",
        peer=("zxing-cpp", zxing.share),
        at_least=85,
        note=f"{ours.wrong} wrong; median {median(ours.ms):.1f} ms",
    )


def _compared(what: str, frames: Iterable[tuple[Gray, str, bytes]]) -> tuple[_Score, _Score]:
    """Our score and zxing-cpp's."""
    look, ours, zxing = _ours(None), _Score(), _Score()
    for number, (frame, kind, data) in enumerate(frames):
        progress(f"{what}: {number}")
        ours.add(look, frame, kind, data.__eq__)
        zxing.add(_zxing, frame, kind, data.__eq__)
    return ours, zxing


def _ours(budget_ms: float | None) -> Engine:
    cascade = Cascade(SYMBOLOGIES)
    return lambda image: [each.data for each in cascade.look(image, budget_ms=budget_ms).found]


def _zxing(image: Gray) -> list[bytes]:
    return [each.bytes for each in zxingcpp.read_barcodes(image, formats=formats(SYMBOLOGIES))]


def _others() -> dict[str, Engine]:
    """Engines that read some of the symbologies."""
    found: dict[str, Engine] = {"OpenCV": _opencv}
    if not zbar.available():
        found["zbar"] = _zbar
    if not dmtx.available():
        found["libdmtx"] = dmtx.read
    return found


def _zbar(image: Gray) -> list[bytes]:
    from pyzbar import pyzbar

    kinds = [pyzbar.ZBarSymbol[each] for each in ("QRCODE", "CODE128", "EAN13", "UPCA")]
    return [
        b"0" + each.data if each.type == "UPCA" else each.data
        for each in pyzbar.decode(image, symbols=kinds)
    ]


def _opencv(image: Gray) -> list[bytes]:
    found = []
    try:
        found.append(cv2.QRCodeDetector().detectAndDecodeBytes(image)[0])
    except cv2.error:
        pass
    texts = cv2.barcode.BarcodeDetector().detectAndDecodeMulti(image)[1]
    found += [each.encode() for each in texts]
    return [
        each.rjust(13, b"0") if each.isdigit() and len(each) == 12 else each
        for each in found
        if each
    ]


@contextmanager
def _one_core() -> Iterator[None]:
    cores, threads = os.sched_getaffinity(0), cv2.getNumThreads()
    os.sched_setaffinity(0, {min(cores)})
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        cv2.setNumThreads(threads)
