"""One simulated device as a process of its own, told over its stdin what happens in its world."""

import asyncio
import json
import sys
from typing import Any, Self

from gateway.model import DeviceTrouble

_READY_S = 20.0  # a slow machine starts Python in less
_END_S = 10.0


class Simulator:
    """`python -m hwsim DEVICE --control ...`, from entering the context to leaving it.

    inherit: file descriptors that the process keeps open. ready: what it said of itself when it was up.
    """

    def __init__(self, device: str, *arguments: str, inherit: tuple[int, ...] = ()) -> None:
        self._arguments = (device, "--control", *arguments)
        self._inherit = inherit
        self._process: asyncio.subprocess.Process | None = None
        self.ready: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hwsim",
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=self._inherit,
            start_new_session=True,  # Ctrl-C is for who started it; it ends with its stdin
        )
        self.ready = await asyncio.wait_for(self._answer(), _READY_S)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _END_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def tell(self, deed: str, **more: object) -> dict[str, Any]:
        """Do one deed in the simulated world and return its answer; DeviceTrouble where it is refused."""
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": deed, **more}).encode() + b"\n")
        answer = await self._answer()
        if "error" in answer:
            raise DeviceTrouble(f"the simulator refuses {deed}: {answer['error']}")
        return answer

    async def _answer(self) -> dict[str, Any]:
        assert self._process is not None and self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise DeviceTrouble(
                f"the simulator has ended: try `tagwright sim {self._arguments[0]}` by itself"
            )
        answer: dict[str, Any] = json.loads(line)
        return answer
