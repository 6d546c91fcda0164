"""A camera as a code reader. What may hang in C has a process of its own, which is watched, ended and started again."""

import asyncio
import logging
import os
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace

from edge.errors import Malformed
from gateway.config_tables import CodesConfig
from gateway.model import Look, ReaderGone, Wanted
from gateway.readers.camera_address import address
from gateway.readers.camera_child import Child, started
from gateway.readers.camera_wire import LONGEST, Asked, Keep, Spec, Told, line
from gateway.readers.codeport import DeviceState

log = logging.getLogger(__name__)

SILENT_S = 10.0  # the process speaks twice a second, if no C call keeps it from that
_START_S = 30.0  # until its first word: a slow machine loads OpenCV in less
_OPEN_S = 20.0
_KEEP_S = 5.0
_BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
_WAITING = 64  # looks


def open_camera(rest: str, name: str, codes: CodesConfig) -> "Camera":
    """The camera at what follows "camera:", not yet open; ValueError, which does not tell `rest`, where that is none.

    name: where it holds `rest`, that is told without its password.
    """
    return Camera(name.replace(rest, address(rest).shown), rest, codes)


class Camera:
    """A CodeReader. source: what follows "camera:". silent_s: how long its process may say nothing.

    `frame` of what it sees counts the pictures that its process looked at, from 1 whenever that starts.
    """

    def __init__(
        self, name: str, source: str, codes: CodesConfig, silent_s: float = SILENT_S
    ) -> None:
        self._name = name
        self._shown = address(source).shown
        self._spec = Spec(
            name,
            source,
            tuple(codes.symbologies),
            codes.agree,
            max(codes.count, codes.most),
            str(codes.archive or ""),
            codes.archive_mb,
            os.getpid(),
            codes.confirm,
        )
        self._silent_s = silent_s
        self._state = DeviceState("closed")
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._child: Child | None = None
        self._looks: deque[Look] = deque(maxlen=_WAITING)
        self._seen = asyncio.Event()
        self._want: Wanted | None = None
        self._keeps = 0
        self._kept: dict[int, asyncio.Future[str | None]] = {}
        self._trouble = ""  # why it is away, as the operator was told

    @property
    def name(self) -> str:
        """What the operator calls it."""
        return self._name

    @property
    def is_open(self) -> bool:
        """Whether it delivers pictures."""
        return self._state.word == "open"

    @property
    def state(self) -> DeviceState:
        """How it is now."""
        return self._state

    @property
    def pid(self) -> int | None:
        """Its process, while there is one."""
        return self._child.pid if self._child is not None else None

    async def open(self) -> None:
        """Return when it delivers pictures; ReaderGone, and closed again, where it does not at once."""
        self._start()
        with suppress(TimeoutError):
            async with asyncio.timeout(_OPEN_S):
                while self._state.word == "connecting":
                    self._changed.clear()
                    await self._changed.wait()
        if not self.is_open:
            why = self._state.text or f"{self._shown}: no picture within {_OPEN_S:.0f} s"
            await self.close()
            raise ReaderGone(why)

    async def close(self) -> None:
        """End its process. Never raises; closing twice is harmless."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._want = None
        self._be(DeviceState("closed"))

    async def looks(self) -> AsyncGenerator[Look, None]:
        """One for each picture from now on, those without a code as well; a camera that is gone is looked for."""
        self._start()
        self._looks.clear()
        while True:
            while self._looks:
                yield self._looks.popleft()
            self._seen.clear()
            await self._seen.wait()

    async def trigger(self, want: Wanted) -> None:
        """The full cascade on each picture from now on; ReaderGone where the camera is away.

        Where `want.expected` takes more than a megabyte it is left out: frames must agree then.
        """
        if not self.is_open:
            raise ReaderGone(self._state.text or f"{self._name}: the camera is {self._state.word}")
        if len(line(Asked(trigger=want))) > LONGEST:
            want = replace(want, expected=())
        self._want = want
        self._ask(Asked(trigger=want))

    async def release(self) -> None:
        """Back to a light pass on each picture."""
        self._want = None
        self._ask(Asked(release=True))

    async def keep(self, why: str) -> str | None:
        """Archive the last picture of this trigger; its file name, None where there is none to keep."""
        if self._child is None:
            return None
        self._keeps += 1
        id, kept = self._keeps, asyncio.get_running_loop().create_future()
        self._kept[id] = kept
        self._ask(Asked(keep=Keep(id, why)))
        try:
            return await asyncio.wait_for(kept, _KEEP_S)
        except TimeoutError:
            return None
        finally:
            del self._kept[id]

    def _start(self) -> None:
        if self._task is None:
            self._be(DeviceState("connecting"))
            self._task = asyncio.create_task(self._run(), name=f"camera {self._name}")

    async def _run(self) -> None:
        """One process after the other, until it is cancelled."""
        failed = 0
        while True:
            failed = 0 if await self._session() else failed + 1
            await asyncio.sleep(_BACK_OFF_S[min(failed, len(_BACK_OFF_S) - 1)])

    async def _session(self) -> bool:
        """One process from its start to its end; whether it ever delivered."""
        try:
            child = self._child = await started(self._spec)
        except OSError as trouble:
            self._be(DeviceState("gone", f"{self._shown}: no process can be started: {trouble}"))
            return False
        why, word, delivered, within_s = "", "gone", False, _START_S
        try:
            if self._want is not None:
                child.ask(Asked(trigger=self._want))
            while told := await child.told(within_s):
                self._take(told)
                delivered = delivered or self.is_open
                within_s = self._silent_s
        except TimeoutError:
            why = f"its process said nothing for {within_s:g} s: a driver or decoder hangs"
            word = "stalled"
        except Malformed as what:
            why = f"its process cannot be understood: {what}"
        finally:
            self._child = None
            how = await child.end(at_once=bool(why))
            for kept in self._kept.values():
                if not kept.done():
                    kept.set_result(None)
        if why or self._state.word != "stalled":  # else it said why it ends itself
            why = why or f"its process ended, {how}"
            self._be(DeviceState(word, f"{self._shown}: {why}"))
        return delivered

    def _take(self, told: Told) -> None:
        if told.state is not None:
            self._be(told.state)
        if told.look is not None:
            self._looks.append(told.look)
            self._seen.set()
        if told.kept is not None:
            kept = self._kept.get(told.kept.id)
            if kept is not None and not kept.done():
                kept.set_result(told.kept.file)
        if told.bad:
            log.warning("%s: %s", self._name, told.bad)

    def _ask(self, message: Asked) -> None:
        if self._child is not None:
            self._child.ask(message)

    def _be(self, state: DeviceState) -> None:
        """Be in that state; the operator is told once why it is away, and when it is back."""
        if state.word == "connecting" and self._state.word in ("stalled", "gone"):
            return
        if state.word in ("stalled", "gone") and state.text != self._trouble:
            log.warning("%s: %s; trying until it is back", self._name, state.text)
            self._trouble = state.text
        elif state.word == "open" and self._trouble:
            log.warning("%s: the camera is back", self._name)
            self._trouble = ""
        self._state = state
        self._changed.set()
