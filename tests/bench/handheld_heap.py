"""The heap of a handheld that runs the linked firmware, on 32-bit MicroPython in the simulated board.

A session: a start, a trust list and orders from a gateway, three verdicts, an entry written, and all of it handed in.
The smallest heap in which it passes is searched by halves, once at each size. What is alive is counted after a
collection at every turn of the firmware, in a heap that has room. A day: tags one after the other in a heap of 64 kB,
off line, with a gateway now and then.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.firmware import build as firmware_build
from gateway.journal import Journal
from tests import handheld_session as hands
from tests import handheld_tags as tags
from tests.bench.size import ROOT, Size, folder
from tests.bench.table import Row, progress
from tests.handheld_gateway import collected
from tests.handheld_sim import HandheldSim

_BAR_KB = 64
_LEAST_KB, _MOST_KB = 32, 96  # it passes in none below, and in any above
_ROOM_KB = 200
_EARLY = 200  # scans, from which on the heap is not to grow
_GROWTH = 1024  # bytes
_VISIT = 400  # scans from one gateway to the next: the log holds more
_LOOKS = 20
_KINDS = (
    ("genuine", "green"),
    ("revoked", "red"),
    ("torn", "green"),
    ("cloned", "red"),
    ("genuine", "green"),
    ("foreign", "amber"),
)  # of a day's tags, and their lights


def rows(size: Size) -> Iterator[Row]:
    """A minute, and a quarter of an hour for a whole day."""
    made = f"--firmware={firmware_build.cached(ROOT, 'esp32s3', 'x86')}"
    least = smallest(made)
    yield Row("heap in which a session passes", least, "kB", at_most=_BAR_KB)
    for phase, alive in peaks(made):
        yield Row(f"alive at most while {phase}", alive / 1024, "kB")
    yield from day(made, size.of(1000, 8000))


def smallest(made: str) -> int:
    """kB of the smallest heap in which a session passes, were every larger one enough."""
    low, high = _LEAST_KB, _MOST_KB
    while low + 1 < high:
        middle = (low + high) // 2
        progress(f"a session in {middle} kB")
        if passes(made, middle):
            high = middle
        else:
            low = middle
    return high


def passes(made: str, heap_kb: int) -> bool:
    """Whether all of a session is done, and right."""
    try:
        with _held(made, heap_kb) as (at, sim):
            asyncio.run(hands.supplied(at, sim))
            if hands.verified(sim) != hands.VERDICTS or hands.written(sim) != "green":
                return False
            asyncio.run(hands.handed_in(at, sim))
    except (hands.Stopped, TimeoutError):
        return False
    return True


def peaks(made: str) -> Iterator[tuple[str, int]]:
    """What a session does, and the bytes that were in use at most meanwhile."""
    with _held(made, _ROOM_KB) as (at, sim):
        sim.do("watch_heap")
        asyncio.run(hands.supplied(at, sim))
        yield "it is given trust list and orders", _peak(sim)
        assert hands.verified(sim) == hands.VERDICTS
        yield "verifying", _peak(sim)
        assert hands.written(sim) == "green"
        yield "writing an entry", _peak(sim)
        asyncio.run(hands.handed_in(at, sim))
        yield "handing in", _peak(sim)


def day(made: str, count: int) -> Iterator[Row]:
    """So many tags in one batch, and what that does to heap and pace."""
    with _held(made, _BAR_KB) as (at, sim):
        asyncio.run(hands.supplied(at, sim))
        hands.pressed(sim, "trigger", "busy")
        hands.pressed(sim, "menu", "idle")
        hands.pressed(sim, "trigger", "busy")
        came = _Verdicts()
        early = 0
        took_ms: list[float] = []
        why = ""
        try:
            for number, (tag, light) in enumerate(_day(count), 1):
                took_ms.append(_scan(sim, tag, light))
                if number % _VISIT == 0 or number == count:
                    progress(f"{number} of {count} scans")
                    came.wanted = number
                    asyncio.run(collected(at, sim, came.are_there))
                if number == min(_EARLY, count):
                    early = _in_use(sim)
        except hands.Stopped as stopped:
            why = str(stopped)
        done = len(took_ms)
        yield Row(f"scans in {_BAR_KB} kB", done, at_least=count, note=why)
        if why:
            return
        yield Row(f"in use after {_EARLY} scans", early / 1024, "kB")
        yield Row(f"more after {count}", _in_use(sim) - early, "bytes", at_most=_GROWTH)
        for what, some in (("first", took_ms[:_EARLY]), ("last", took_ms[-_EARLY:])):
            pace_ms = sum(some) / len(some)
            yield Row(f"a scan, of the {what} {len(some)}", pace_ms, "ms", note="not paced")


@contextmanager
def _held(made: str, heap_kb: int) -> Iterator[tuple[Path, HandheldSim]]:
    with folder() as at, hands.held(at, made, f"--heap={heap_kb}k") as sim:
        yield at, sim


def _day(count: int) -> Iterator[tuple[tags.Tag, str]]:
    """So many tags, and the light that each deserves: another one than the tag before."""
    for number in range(count):
        kind, light = _KINDS[number % len(_KINDS)]
        yield tags.tag(number, kind), light


def _scan(sim: HandheldSim, tag: tags.Tag, light: str) -> float:
    """ms until the light tells the verdict, which is on flash by then."""
    sim.events.clear()
    began = time.perf_counter()
    sim.do("arrive", tag="ntag215", uid=tag.uid.hex(), memory=tag.memory.hex())
    hands.changed(sim, light)
    took_ms = (time.perf_counter() - began) * 1000
    sim.do("leave")
    return took_ms


def _in_use(sim: HandheldSim) -> int:
    """Bytes between two tags; the least of some looks."""
    found = []
    for _ in range(_LOOKS):
        sim.do("watch_heap")
        while not (alive := sim.do("stats")["stats"]["heap_peak"]):
            hands.check(sim)
        found.append(alive)
    sim.do("watch_heap", on=False)
    return min(found)


def _peak(sim: HandheldSim) -> int:
    """Since last asked."""
    found: int = sim.do("stats")["stats"]["heap_peak"]
    sim.do("watch_heap")
    return found


class _Verdicts:
    """Counts a journal's, each once."""

    def __init__(self) -> None:
        self.wanted = 0
        self._came = 0
        self._at = 0

    def are_there(self, journal: Journal) -> bool:
        while some := list(journal.after(self._at, 1000)):
            self._at = some[-1].seq
            self._came += sum(row.kind == "verdict" for row in some)
        return self._came >= self.wanted
