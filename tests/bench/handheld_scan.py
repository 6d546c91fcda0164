"""From the tag in the field to the verdict on the screen: waiting as it is measured, computing as it is counted.

The simulated handheld runs the firmware with a PN532 at 115200 baud, once paced, once as fast as it can: the difference
is what a board waits for, too. What the processor does is estimated: a scan's Thumb-2 instructions, counted by qemu-arm
(handheld_crypto.py), at the cycles that one takes. Without qemu-arm there is no estimate, and no row.
"""

import asyncio
import statistics
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import click

from edge import carrier
from edge.type2 import Image
from gateway.firmware import build as firmware_build
from hwsim.clock import Clock as SimClock
from hwsim.faults import Faults
from hwsim.field import Field
from hwsim.ntag import by_memory
from hwsim.pn532 import Pn532 as Chip
from reader.pn532 import Pn532
from tests import handheld_tags as tags
from tests.bench import handheld_crypto
from tests.bench.size import ROOT, Size, folder
from tests.bench.table import Row
from tests.handheld_gateway import collected, installed
from tests.handheld_sim import HandheldSim, handheld

_BAR_MS = 500
_SCRIPT = ROOT / "tests" / "bench" / "handheld_scan_run.py"
_HEAP = ("-X", "heapsize=256k")
_BUSES_MS = 26  # the display's 1 kB over I2C at 400 kHz, which the simulator has at once
_CYCLES = 1.91  # an instruction, on a Cortex-M (handheld_crypto.py)
_BOARDS = {
    "RP2350": 150,
    "ESP32-S3": 174,
}  # MHz that this count means: 240 at the S3's pace (8.9 s against 10.3)
_GREEN, _BUSY = [0, 80, 0], [0, 0, 60]  # reader/ui.py
_LAST_HZ = 1760  # of the tone that says green
_PATIENCE_S = 10


def rows(size: Size) -> Iterator[Row]:
    """Quick: 10 scans; full: 100."""
    with folder() as at:
        millions = counted(at)
    if not millions:
        click.echo(
            "  skipped: no qemu-arm, cc or armhf MicroPython: nothing to count with", err=True
        )
        return
    yield Row("one scan, in all: Thumb-2 instructions", millions, "M")
    count = size.of(20, 100)
    at_once = _median(_waits(count))
    waited = _median(_waits(count, "--paced")) - at_once
    for board, mhz in _BOARDS.items():
        computing = millions * _CYCLES / mhz * 1000
        yield Row(
            f"tag in the field to verdict on the screen, {board}",
            waited + _BUSES_MS + computing,
            "ms",
            at_most=_BAR_MS,
            note=f"measured {waited:.0f} waiting, {_BUSES_MS} for the display's bus, "
            f"estimated {computing:.0f} computing at {mhz} MHz",
        )


def _median(found: Iterator[float]) -> float:
    return statistics.median(found)


def counted(at: Path) -> float:
    """Millions of Thumb-2 instructions of a scan; 0 where a tool is missing."""
    command = handheld_crypto.counting(at, _HEAP)
    if not command:
        return 0
    code = at / "code"
    for package, sources in (("edge", ROOT / "edge"), ("reader", ROOT / "firmware" / "reader")):
        for source in sources.glob("*.py"):
            if not source.stem.startswith("board_"):
                handheld_crypto.compiled(source, code / package / f"{source.stem}.mpy", "armv7m")
    talk = at / "talk"
    talk.write_text(conversation(tags.tag(1)))
    root = tags.public(tags.ROOT).hex()

    def executed(times: int) -> int:
        flash = at / f"flash{times}"
        flash.mkdir()
        (flash / "list").write_bytes(tags.trust_list())
        run = [*command, str(_SCRIPT), str(code), str(flash), str(talk), root, str(times)]
        return int(handheld_crypto.said(run).rsplit(" ", 1)[1])

    return (executed(16) - executed(8)) / 8 / 1e6


def conversation(tag: tags.Tag) -> str:
    """What passes between the firmware's driver and the simulated chip while it finds and reads the tag."""
    clock = SimClock()
    field = Field(clock, Faults(1))
    port = _Recorder(Chip(field, clock))
    field.arrive(by_memory(tag.memory))
    driver = Pn532(port, None, port)
    assert port.turned(driver.target()).uid == tag.uid
    image = Image()
    while (more := carrier.next_read(image)) is not None:
        image.put(more[0], port.turned(driver.pages(*more)))
    return port.text()


class _Recorder:
    """A port and its clock; every answer is there at once."""

    synced = True

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._answer = b""
        self._lines: list[str] = []
        self._ms = 0

    def ms(self) -> int:
        return self._ms

    def now(self) -> int:
        return tags.NOW

    def turned(self, work: Generator[int, None, Any]) -> Any:
        """The end of it; time passes as it asks for."""
        while True:
            try:
                self._ms += next(work)
            except StopIteration as end:
                return end.value

    def write(self, data: bytes) -> None:
        self._chip.take_next_baud()
        self._answer = self._chip.receive(data)
        self._lines += [f"> {data.hex()}", f"< {self._answer.hex()}"]

    def read(self, most: int) -> bytes:
        data, self._answer = self._answer[:most], self._answer[most:]
        return data

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"


def _waits(count: int, *pace: str) -> Iterator[float]:
    """ms from a tag that comes into the field to the light that says green, for each of so many scans."""
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
            sim.do("press", button="trigger", ms=60)
            _heard(sim, "led", rgb=_BUSY)
            began = time.perf_counter()
            sim.do("arrive", tag="ntag215", uid=tag.uid.hex(), memory=tag.memory.hex())
            _heard(sim, "led", rgb=_GREEN)
            yield (time.perf_counter() - began) * 1000
            sim.do("leave")
            _heard(sim, "tone", freq_hz=_LAST_HZ)  # the button is up again by then


def _heard(sim: HandheldSim, name: str, **wanted: object) -> None:
    """The next event of that name and with these values. RuntimeError where none comes."""
    deadline_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline_s:
        event = sim.event(name)
        if all(event[key] == value for key, value in wanted.items()):
            return
    raise RuntimeError(f"no {name} {wanted} in {_PATIENCE_S} s")
