"""A camera: pictures at a steady rate, taken while somebody looks, each handed to everybody who does."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import IO

from hwsim import jpegs
from hwsim.camera_faults import CameraFaults
from hwsim.stage import Sensor, View

Command = Mapping[str, object]


@dataclass(frozen=True)
class Shot:
    """One picture. number: from 1 on; taken_ns: CLOCK_MONOTONIC; jpeg: the file."""

    number: int
    taken_ns: int
    jpeg: bytes


class Camera:
    """view: what stands before it. sensor: its noise. log: a line of JSON for each picture that leaves."""

    def __init__(
        self,
        view: View,
        sensor: Sensor,
        faults: CameraFaults,
        fps: float = 30.0,
        quality: int = jpegs.QUALITY,
        log: IO[str] | None = None,
    ) -> None:
        self.view = view
        self.faults = faults
        self.fps = fps
        self.watching = 0
        self.sent: dict[str, int] = {}
        self.began_s = time.monotonic()
        self._sensor = sensor
        self._quality = quality
        self._log = log
        self._shot: Shot | None = None
        self._number = 0
        self._late = 0
        self._waiting: set[asyncio.Future[Shot]] = set()
        self._watched = asyncio.Event()
        self._due_s = 0.0

    async def run(self) -> None:
        """Take pictures for as long as somebody looks; ends where the view has none (ValueError)."""
        while True:
            await self._watched.wait()
            self._due_s = time.monotonic()
            while self.watching:
                self.take()
                now_s = time.monotonic()
                self._due_s += 1 / self.fps
                if self._due_s < now_s:
                    self._late += 1
                    self._due_s = now_s
                while self.watching and (left_s := self._due_s - time.monotonic()) > 0:
                    await asyncio.sleep(left_s)
                await asyncio.sleep(0)  # for who sends, where we are late
            self._watched.clear()

    def take(self) -> Shot:
        """A picture, now."""
        self._number += 1
        taken_ns = time.monotonic_ns()
        picture = self.view.picture(self._number, taken_ns / 1e9 - self.began_s)
        jpeg = jpegs.encode(self._sensor.expose(picture), self._quality)
        self._shot = shot = Shot(self._number, taken_ns, jpeg)
        waiting, self._waiting = self._waiting, set()
        for each in waiting:
            if not each.done():
                each.set_result(shot)
        return shot

    def show(self, view: View) -> Shot:
        """Another view, and a picture of it at once; ValueError where there can be none, and nothing changed."""
        before, self.view = self.view, view
        try:
            shot = self.take()
        except ValueError:
            self.view = before
            raise
        self._due_s = time.monotonic() + 1 / self.fps
        return shot

    async def shots(self) -> AsyncGenerator[Shot, None]:
        """Each picture from now on; who is slow gets the newest, those between are lost to him."""
        self.watching += 1
        self._watched.set()
        try:
            last = self._number
            while True:
                shot = self._shot
                if shot is None or shot.number <= last:
                    waiting: asyncio.Future[Shot] = asyncio.get_running_loop().create_future()
                    self._waiting.add(waiting)
                    shot = await waiting
                last = shot.number
                yield shot
        finally:
            self.watching -= 1

    def snapshot(self) -> Shot:
        """The picture of this moment: the newest where others look, else one for this."""
        if self._shot is not None and self.watching:
            return self._shot
        return self.take()

    def sending(self, shot: Shot, way: str) -> None:
        """A picture begins to leave by this way."""
        sent_ns = time.monotonic_ns()
        self.sent[way] = self.sent.get(way, 0) + 1
        if self._log is not None:
            line = {"frame": shot.number, "sent_ns": sent_ns, "taken_ns": shot.taken_ns, "by": way}
            self._log.write(json.dumps(line) + "\n")
            self._log.flush()

    def stats(self) -> dict[str, object]:
        """What it did: pictures taken, those that could not be taken in time, sent by each way, who looks now."""
        return {
            "taken": self._number,
            "late": self._late,
            "sent": dict(self.sent),
            "watching": self.watching,
            "seen": self.view.seen(time.monotonic() - self.began_s),
        }


class CameraControl:
    """Commands on a camera. show: makes the view of codes."""

    def __init__(self, camera: Camera, show: Callable[[list[str]], View]) -> None:
        self.camera = camera
        self._show = show
        self._deeds: dict[str, Callable[[Command], dict[str, object]]] = {
            "show": self._show_codes,
            "clear": lambda _: {"frame": camera.show(show([])).number},
            "fault": self._fault,
            "clear_faults": self._clear_faults,
            "stats": lambda _: {"stats": camera.stats()},
        }

    def check(self, command: Command) -> None:
        """ValueError where no such command can be."""
        name = command.get("do")
        if not isinstance(name, str) or name not in self._deeds:
            raise ValueError(f"no command {name!r}: known are {', '.join(self._deeds)}")

    def do(self, command: Command) -> dict[str, object]:
        """Run one command and return its reply; ValueError says what is wrong with it."""
        self.check(command)
        return self._deeds[str(command["do"])](command)

    def _show_codes(self, command: Command) -> dict[str, object]:
        texts = command.get("codes")
        if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
            raise ValueError('codes is no list of texts: write {"do": "show", "codes": ["qr:..."]}')
        return {"frame": self.camera.show(self._show(texts)).number}

    def _fault(self, command: Command) -> dict[str, object]:
        args = command.get("args", {})
        if not isinstance(args, Mapping):
            raise ValueError("args is no object")
        self.camera.faults.add(str(command.get("name")), args)
        return {"armed": len(self.camera.faults.armed)}

    def _clear_faults(self, command: Command) -> dict[str, object]:
        self.camera.faults.clear()
        return {"armed": 0}
