"""From the tag in the field to the verdict on the screen: waiting in virtual time, computing as it is counted.

The bar's figure is a sum, of which nothing is measured by the host's clock:
- what a board waits for, by the simulated PN532 at 115200 baud and the display's bus (handheld_waiting.py);
- what the processor does: the Thumb-2 instructions of the board's linked firmware, counted by qemu-arm, at 1.91 cycles
  each: MicroPython's bm_pidigits takes 9.15 M of them (counted) and 104 ms on a Cortex-M4 at 168 MHz (pull request
  4858). RP2350: 150 MHz. ESP32-S3: what its 240 MHz are to the RP2350's 150 in scruss.com's MicroPython benchmark,
  8.9 s against 10.3, so that the same count passes as at 174 MHz. What is collected while the tag's first pages are on
  their way counts as far as it takes longer than those;
- what the flash does: a sector's erasure 45 ms, a page's programming 0.4 ms (Winbond W25Q16JV, typical values).

Beside it the simulator's own scans, paced, by the host's clock. Without qemu-arm there is no estimate, and no bar.
"""

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from gateway.firmware import build as firmware_build
from gateway.firmware.link import MAIN, link
from tests import handheld_tags as tags
from tests.bench import handheld_crypto
from tests.bench.handheld_waiting import Hand
from tests.bench.size import ROOT, Size, folder
from tests.bench.table import Row
from tests.handheld_gateway import collected, installed
from tests.handheld_sim import HandheldSim, handheld

_BAR_MS = 500
_CYCLES = 1.91
_ERASE_MS, _PROGRAM_MS = 45, 0.4
_SCRIPT = ROOT / "tests" / "bench" / "handheld_scan_run.py"
_SCANS = 10  # counted: a LittleFS copies 0 to 4 kB with a record, by how many are in its sector
_START = ROOT / "tests" / "bench" / "handheld_scan_start.py"
_GREEN, _BUSY = [0, 80, 0], [0, 0, 60]  # reader/ui.py
_PATIENCE_S = 10


@dataclass(frozen=True)
class Board:
    """mhz: at which the count passes. heap: bytes that MicroPython has there; progsize: of its LittleFS."""

    mhz: int
    heap: str
    progsize: int


_BOARDS = {"RP2350": Board(150, "448k", 256), "ESP32-S3": Board(174, "267k", 32)}


@dataclass(frozen=True)
class Scan:
    """What one took: millions of instructions, ms of the flash."""

    computing: float
    collecting: float
    flash_ms: float


def rows(size: Size) -> Iterator[Row]:
    """Quick: 20 tags, which come at all times of a look; full: 100."""
    count = size.of(20, 100)
    with folder() as at:
        hand = Hand(at)
        waits = _waits(hand, count)
        waited, held = statistics.mean(waits), _held(hand)
        head_ms = hand.board.tag_port.head_us / 1000
        talk = "\n".join(hand.board.lines) + "\n"
    yield Row(
        "waiting, and the display's bus: tag in the field to verdict on the screen",
        waited,
        "ms",
        note=f"{min(waits):.0f} to {max(waits):.0f}; trigger pressed at a tag: {held:.0f}",
    )
    for name, board in _BOARDS.items():
        with folder() as at:
            scan = counted(at, board, talk)
        if scan is None:
            click.echo("  skipped: no qemu-arm, cc or armhf MicroPython to count with", err=True)
            break
        ms = _CYCLES / board.mhz * 1000
        collecting = max(0.0, scan.collecting * ms - head_ms)
        computing = scan.computing * ms + collecting
        yield Row(
            f"tag in the field to verdict on the screen, {name}",
            waited + computing + scan.flash_ms,
            "ms",
            at_most=_BAR_MS,
            note=f"waiting {waited:.0f}; estimated: computing {computing:.0f} ({scan.computing:.1f} M instructions), "
            f"flash {scan.flash_ms:.0f}",
        )
    yield Row("the simulated handheld, paced, by the host's clock", _paced(count), "ms")


def _waits(hand: Hand, count: int) -> list[float]:
    """ms of each scan; the tags come while the handheld looks for one."""
    waits = []
    for number in range(count):
        hand.press()
        hand.pause(200 + 10 * number / count)
        waits.append(hand.scan(tags.tag(number)))
        hand.pause(1000)
    return waits


def _held(hand: Hand) -> float:
    """ms from the trigger to the verdict where the tag is there already."""
    hand.board.lines.clear()
    hand.press()
    return hand.scan(tags.tag(1))


def counted(at: Path, board: Board, talk: str) -> Scan | None:
    """The mean of some scans with the conversation `talk`; None where a tool is missing. at: an empty folder."""
    command = handheld_crypto.counting(at, ("-X", f"heapsize={board.heap}"))
    if not command:
        return None
    linked = link(ROOT, _START.read_text())
    code = at / "code"
    for name, source in {MAIN: linked.source, **linked.overlays}.items():
        (at / f"{name}.py").write_text(source)
        handheld_crypto.compiled(at / f"{name}.py", code / f"{name}.mpy", "armv7m", "-O3")
    for name in ("field_viper", "sha512_viper"):
        source = ROOT / "edge" / f"{name}.py"
        handheld_crypto.compiled(source, code / "edge" / f"{name}.mpy", "armv7m", "-O3")
    (code / "list").write_bytes(tags.trust_list())
    (at / "talk").write_text(talk)
    root = tags.public(tags.ROOT).hex()
    given = (code, at / "talk", root, board.progsize, _SCANS + 1)
    return _scan(handheld_crypto.said([*command, str(_SCRIPT), *map(str, given)]).splitlines())


def _scan(said: list[str]) -> Scan:
    """The mean of all but the first, in which the key's table is made."""
    found = [line.split() for line in said]
    millions = [int(words[1]) / 1e6 for words in found if words[0] == "mark"]
    (letters,) = [line for line in said if line[:1] in "Lge"]
    flash = [(int(words[0]), int(words[1])) for words in found if words[0].isdigit()][1:]
    places = [at for at in range(len(letters)) if letters.startswith("LgeS", at)][1:]
    assert len(places) == len(flash) == _SCANS, letters
    return Scan(
        statistics.mean(millions[at + 1] + millions[at + 3] for at in places),
        statistics.mean(millions[at + 2] for at in places),
        statistics.mean(_ERASE_MS * sectors + _PROGRAM_MS * pages for sectors, pages in flash),
    )


def _paced(count: int) -> float:
    """Median ms from a tag that comes into the field to the light that says green."""
    return statistics.median(_scans(count, "--paced"))


def _scans(count: int, *pace: str) -> Iterator[float]:
    made = firmware_build.cached(ROOT, "esp32s3", "x86")
    root = f'root="{tags.public(tags.ROOT).hex()}"'
    given = (f"--firmware={made}", *pace, "--heap=80k", "--setting", root)
    with folder() as at, handheld(*given) as sim:
        (at / "trust.cbor").write_bytes(tags.trust_list())
        sim.close_port()
        asyncio.run(collected(at, sim, installed))
        for number in range(count):
            tag = tags.tag(number)
            sim.events.clear()
            sim.do("hold", button="trigger")
            _heard(sim, "led", rgb=_BUSY)
            sim.do("release", button="trigger")
            began = time.perf_counter()
            sim.do("arrive", tag="ntag215", uid=tag.uid.hex(), memory=tag.memory.hex())
            _heard(sim, "led", rgb=_GREEN)
            yield (time.perf_counter() - began) * 1000
            sim.do("leave")


def _heard(sim: HandheldSim, name: str, **wanted: object) -> None:
    """The next event of that name and with these values. RuntimeError where none comes."""
    deadline_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline_s:
        event = sim.event(name)
        if all(event[key] == value for key, value in wanted.items()):
            return
    raise RuntimeError(f"no {name} {wanted} in {_PATIENCE_S} s")
