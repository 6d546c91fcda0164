"""The stage of the demo: simulated tags on a conveyor before a reader, a camera over them, and what stands behind."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from gateway.backstage import Backend, Backstage, backstage
from gateway.config import CodesConfig
from gateway.conveyor import Conveyor
from gateway.lens import Lens
from gateway.readers.registry import open_code_reader, open_reader
from gateway.stations.codepost import CodePost
from gateway.stations.codestation import CodeStation
from gateway.stations.post import Post
from gateway.stations.result import Result

_CODES = CodesConfig(symbologies=("qr",), trigger="single")


@dataclass
class Summary:
    """What a demo did. labelled: products whose label was shown to the camera, bound: to their tags.

    milliseconds: by act, each tag's (all, floor): wire + RF + EEPROM, RF + EEPROM.
    """

    rows: int = 0
    written: int = 0
    updated: int = 0
    verified: int = 0
    refused: int = 0
    torn: int = 0
    repaired: int = 0
    labelled: int = 0
    bound: int = 0
    acknowledged: int = 0
    events: int = 0
    seconds: float = 0.0
    milliseconds: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def count(self, act: str, spent_ms: dict[str, float]) -> None:
        """Note what one tag cost."""
        floor = spent_ms["rf_ms"] + spent_ms["eeprom_ms"]
        self.milliseconds.setdefault(act, []).append((floor + spent_ms["uart_ms"], floor))

    def medians(self) -> dict[str, tuple[float, float]]:
        """act -> the median tag's (ms, floor ms)."""
        return {
            act: (median(each[0] for each in found), median(each[1] for each in found))
            for act, found in self.milliseconds.items()
        }


@dataclass(frozen=True)
class Progress:
    """One step of a demo: `act` commission, update, verify or bind; done of total; result None at its start."""

    act: str
    done: int
    total: int
    result: Result | None = None


Tell = Callable[[Progress], None]


@dataclass
class Stage:
    """The parts of a running demo. eye: the station of the camera, before which the lens lays labels.

    results: FILE.result.csv of the job. scanned: what a label of the first product holds, were the hub's root that
    of its link.
    """

    post: Post
    conveyor: Conveyor
    behind: Backstage
    eye: CodeStation
    lens: Lens
    results: Path | None = None
    scanned: str = ""
    summary: Summary = field(default_factory=Summary)


@asynccontextmanager
async def stage(
    folder: Path,
    paced: bool = False,
    at: Backend = Backend(),  # noqa: B008
) -> AsyncIterator[Stage]:
    """Set the stage in `folder`: backstage, simulator, reader. All of it ends with the context.

    Raises DeviceTrouble where the simulator does not start or another demo uses the folder.
    """
    async with AsyncExitStack() as stack:
        behind = await stack.enter_async_context(backstage(folder, at))
        conveyor, lens = Conveyor(folder / "tags.json", paced, (behind.lock,)), Lens((behind.lock,))
        await stack.enter_async_context(conveyor.simulator)
        await stack.enter_async_context(lens.simulator)
        reader = open_reader(f"pn532:{conveyor.path}")
        stack.push_async_callback(reader.close)
        await reader.open()
        post = Post(
            "demo",
            reader,
            behind.journal,
            behind.trusted,
            time.time,
            time.perf_counter,
            behind.key,
        )
        camera = open_code_reader(lens.url, "camera", _CODES)
        stack.push_async_callback(camera.close)
        above = CodePost(
            "camera", camera, behind.journal, behind.trusted, time.time, time.perf_counter
        )
        yield Stage(post, conveyor, behind, CodeStation(above, _CODES), lens)
