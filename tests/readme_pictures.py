"""README's pictures, made anew: `python -m tests.readme_pictures` writes .pictures/*.png.

The pages are those of `tagwright demo`, in Chromium; the handheld is the simulated one, which holds a genuine tag. Each
is a PNG of few colours, and at most LARGEST bytes.
"""

import asyncio
import re
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.bench.size import ROOT
from tests.browser import PHONE, launched

FOLDER = ROOT / ".pictures"
LARGEST = 40 << 10  # bytes

_DESK = {"width": 1200, "height": 1000}
_WIDE = 900  # pixels of what was shown on a desk
_COLOURS = 40
_STAYS = re.compile(r"the pages stay up until Ctrl-C: the station's at (\S+)/,")
_SCANNED = re.compile(r"^  (http\S+#s=\S+)$", re.M)

Picture = NDArray[np.uint8]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        _pages(Path(folder))
        _handheld(Path(folder))


def _pages(folder: Path) -> None:
    with _demo(folder) as (station, scanned), launched() as chromium:
        with chromium.visit(size=_DESK) as visit:
            visit.page.goto(f"{station}/")
            visit.page.wait_for_selector("#last[data-state=green]")
            _keep("station", visit.page.screenshot())
        with chromium.visit(size=PHONE) as visit:
            visit.page.goto(scanned)
            visit.page.wait_for_selector("#verdict[data-by=device]")
            _keep("passport", visit.page.screenshot())


def _handheld(folder: Path) -> None:
    sys.path[:0] = [str(ROOT / "firmware"), str(ROOT / "tests")]
    from tests import handheld_session, handheld_tags

    with handheld_session.held(folder, "--heap=400k") as sim:
        asyncio.run(handheld_session.supplied(folder, sim))
        assert handheld_session.shown(sim, handheld_tags.tag(0)) == "green"
        sim.do("png", path=str(folder / "screen.png"))
    _keep("handheld", (folder / "screen.png").read_bytes())


@contextmanager
def _demo(folder: Path) -> Iterator[tuple[str, str]]:
    """(the station page, what a scan of the first label opens) of a demo that has come to its end, and stays."""
    command = [sys.executable, "-m", "gateway.cli.main", "demo", "--stay"]
    said, told = "", subprocess.PIPE
    process = subprocess.Popen(
        [*command, "--state", str(folder / "demo")],
        stdout=told,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            said += line
            if found := _STAYS.search(line):
                break
        else:
            raise SystemExit(f"the demo ended:\n{said}")
        scanned = _SCANNED.search(said)
        assert scanned is not None
        yield found[1], scanned[1]
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _keep(name: str, raw: bytes) -> None:
    picture = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    height, width = picture.shape[:2]
    if width > _WIDE:
        size = (_WIDE, round(height * _WIDE / width))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    made = palette_png(np.asarray(picture, np.uint8))
    assert len(made) <= LARGEST, f"{name}: {len(made)} bytes"
    (FOLDER / f"{name}.png").write_bytes(made)
    print(f"{FOLDER.name}/{name}.png: {len(made)} bytes")


def palette_png(picture: Picture) -> bytes:
    """A picture (BGR) as a PNG of at most _COLOURS colours (ISO/IEC 15948, colour type 3), those that fit it best."""
    height, width = picture.shape[:2]
    shades, place, count = np.unique(
        picture.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True
    )
    best = shades[np.argsort(-count, kind="stable")[:_COLOURS]].astype(np.int32)
    if len(shades) > _COLOURS:
        cv2.setRNGSeed(0)
        weight = np.minimum(count, 400)  # the ground is large, and needs one colour
        many = np.repeat(shades, weight, axis=0).astype(np.float32)
        ends = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
        centres = cv2.kmeans(many, _COLOURS // 2, None, ends, 1, cv2.KMEANS_PP_CENTERS)[2]  # type: ignore[call-overload]
        best = np.concatenate([best[: _COLOURS // 2], centres.round().astype(np.int32)])
    apart = ((shades[:, None, :].astype(np.int32) - best[None]) ** 2).sum(axis=2)
    pixels = apart.argmin(axis=1).astype(np.uint8)[place.reshape(-1)].reshape(height, width)
    lines = b"".join(b"\0" + row.tobytes() for row in pixels)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", best[:, ::-1].astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    checked = kind + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))


if __name__ == "__main__":
    main()
