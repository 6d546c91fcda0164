"""A reader of tags as the event loop sees it: a TagPort on a thread of its own, reopened when it comes back."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, Self, TypeVar

from edge import chips, type2
from edge.carrier import next_read
from edge.chips import Chip
from edge.type2 import AREA_PAGE, Image
from gateway.model import Capture, ReaderBusy, ReaderGone, TagRefused, Target
from gateway.readers.port import TagPort

log = logging.getLogger(__name__)

_PRESENCE_S = 0.05  # between two looks at a tag that is to leave
_BACK_OFF_S = (
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
)  # between attempts to reopen; udev takes 0.1-0.5 s for a replugged bridge
_SLICE_S = (
    5.0  # of a wait: a chip that lost its supply behind a bridge that did not is found out then
)

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Reader:
    """One call at a time. A cancelled call ends within the command under way; a write ends with its plan.

    name: what the operator calls it; clock: Unix seconds for Capture.seen_at.
    """

    medium = "nfc"

    def __init__(self, name: str, port: TagPort, clock: Callable[[], float] = time.time) -> None:
        self.name = name
        self._port = port
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"reader {name}")
        self._is_open = self._was_open = False
        self._trouble = ""  # why it is away, as the operator was told

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """ReaderGone or ReaderBusy at once; coming back later is target()'s business."""
        await self._run(self._port.open)
        self._is_open = self._was_open = True

    async def close(self) -> None:
        """Leave the device to others, and end the thread."""
        await self._run(self._port.close)
        self._is_open = False
        self._thread.shutdown()

    @property
    def is_open(self) -> bool:
        """Whether the device answered when it was last asked."""
        return self._is_open

    async def target(self, timeout_s: float | None = None) -> Target | None:
        """The next tag in the field; None after `timeout_s` (None: wait for ever).

        A reader that is gone is reopened, with back-off; ReaderGone or ReaderBusy where `timeout_s` ends first.
        DeviceTrouble where two tags are there.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        failed = 0
        while True:
            left_s = _SLICE_S if until is None else min(_SLICE_S, until - time.monotonic())
            try:
                if not self._is_open:
                    is_back = self._was_open or self._trouble
                    await self.open()
                    if is_back:
                        log.warning("%s: the reader is back", self.name)
                    self._trouble = ""
                found = await self._run(self._port.wait, max(0.0, left_s))
            except (ReaderGone, ReaderBusy) as why:
                pause_s = _BACK_OFF_S[min(failed, len(_BACK_OFF_S) - 1)]
                failed += 1
                if until is not None and time.monotonic() + pause_s >= until:
                    raise
                self._warn(str(why))
                await asyncio.sleep(pause_s)
                continue
            failed = 0
            if found is not None or (until is not None and time.monotonic() >= until):
                return found

    def _warn(self, trouble: str) -> None:
        """Tell the operator once, not at every attempt."""
        if trouble != self._trouble:
            log.warning("%s: %s; trying until it is back", self.name, trouble)
        self._trouble = trouble

    async def read(self, target: Target, whole: bool = False) -> Capture:
        """The target's memory as far as its current stub needs it; whole: both slots. TagGone, TagRefused."""
        image = await self._run(self._read, whole)
        return Capture(self.name, self.medium, target.uid, image, self._clock())

    async def chip(self) -> Chip | None:
        """The chip of the tag in the field, by its GET_VERSION; None where it is not in the table. TagGone."""
        return chips.by_version(await self._run(self._port.version))

    async def single_out(self, target: Target) -> None:
        """Nothing to do: the port sees to it before the first write."""

    async def write(self, plan: Sequence[tuple[int, bytes]], password: int = 0) -> int:
        """The pages of `plan` in its order; returns how many. password: these tags have none.

        TagGone or TagRefused name the page at which it ended: those before it stand as planned.
        """
        return await self._run(self._write, plan)

    async def lock(self, capture: Capture, password: int = 0) -> int:
        """Make the tag that was read (page 3 at least) read-only for ever; returns the pages that it took.

        Raises as write; ValueError where its chip is unknown.
        """
        assert isinstance(capture.image, type2.Image)
        chip = chips.by_cc(capture.image.get(type2.CC_PAGE, 1)) or await self.chip()
        if chip is None:
            raise ValueError("the chip of this tag is unknown")
        return await self.write(type2.lock_plan(chip, capture.image))

    async def gone(self, target: Target) -> None:
        """Return when `target` has left the field. DeviceTrouble where another tag is there with it."""
        while await self._run(self._port.present):
            await asyncio.sleep(_PRESENCE_S)

    def _read(self, whole: bool) -> Image:
        image = Image()
        while (step := next_read(image, whole)) is not None:
            try:
                image.put(step[0], self._port.read(*step))
            except TagRefused as why:
                if not image.has(0, AREA_PAGE):
                    raise
                log.warning("%s", why)
                break
        return image

    def _write(self, plan: Sequence[tuple[int, bytes]]) -> int:
        for page, data in plan:
            self._port.write(page, data)
        return len(plan)

    async def _run(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """In the reader's thread. Cancelled: the thread is idle again before this ends."""
        job = asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: call(*args, **kwargs)
        )
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            self._port.stop()
            await asyncio.wait([job])
            if (why := job.exception()) is not None:
                log.info("%s: cancelled, and %s", self.name, why)
            raise
        except ReaderGone:
            if self._is_open:
                self._is_open = False
                await self._run(self._port.close)
            raise
