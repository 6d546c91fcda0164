"""A camera's process as the daemon has it: started, spoken with, and ended for certain."""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process

from edge.errors import Malformed
from gateway.readers.camera_address import secrets
from gateway.readers.camera_wire import LONGEST, Asked, Spec, Told, line, parse

log = logging.getLogger(__name__)

_END_S = (
    2.0  # to take leave of the camera: some serve few sessions, and keep those that nobody ends
)
_WORDS = 1000  # characters of its stderr that are kept
_MODULE = "gateway.readers.camera_process"
_ENVIRONMENT = {
    "OPENCV_FOR_THREADS_NUM": "1",
    "OPENCV_LOG_LEVEL": "ERROR",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
    "OPENCV_FFMPEG_CAPTURE_OPTIONS": "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay",
    "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "3",  # seconds
}


class Child:
    """Made by `started`. Its stdin's end tells it to end, and the kernel kills it where this process is gone."""

    def __init__(self, process: Process, spec: Spec) -> None:
        self._process = process
        self._name = spec.name
        self._secrets = secrets(spec.source)
        self._words = ""
        self._listening = asyncio.create_task(self._listen())
        self.ask(spec)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def ask(self, message: Spec | Asked) -> None:
        """Tell it; a process that has ended does not hear it."""
        assert self._process.stdin is not None
        if not self._process.stdin.is_closing():
            self._process.stdin.write(line(message))

    async def told(self, within_s: float) -> Told | None:
        """Its next message; None when it has ended. TimeoutError, and Malformed where it is none of ours."""
        assert self._process.stdout is not None
        try:
            data = await asyncio.wait_for(self._process.stdout.readline(), within_s)
        except ValueError as why:
            raise Malformed(f"a line of more than {LONGEST} bytes") from why
        return parse(Told, data) if data else None

    async def end(self, at_once: bool) -> str:
        """How it ended, and its last words; at_once: it is killed, else it has a moment to take leave."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 0 if at_once else _END_S)
        except TimeoutError:
            if self._process.returncode is None:
                self._process.kill()
        finally:
            if self._process.returncode is None:
                self._process.kill()
            status = await self._process.wait()
            await self._listening
        ended = f"signal {-status}" if status < 0 else f"status {status}"
        return f"{ended}: {self._words.strip()}" if self._words.strip() else ended

    async def _listen(self) -> None:
        """Take its stderr, without what is secret; the end of it is kept."""
        assert self._process.stderr is not None
        while data := await self._process.stderr.read(4096):
            text = self._words + data.decode(errors="replace")
            for each in self._secrets:
                text = text.replace(each, "***")
            self._words = text[-_WORDS:]
            log.debug("%s: its process says %s", self._name, self._words.splitlines()[-1:])


async def started(spec: Spec) -> Child:
    """A new process for that camera. It gets no signal of our terminal; its spec is no argument, which others see."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        _MODULE,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        limit=LONGEST,
        env=os.environ | _ENVIRONMENT,
        start_new_session=True,
    )
    return Child(process, spec)
