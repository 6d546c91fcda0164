"""A conveyor of simulated tags: the simulator as a process, told over its stdin which tag is at the reader."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Self

from gateway.model import DeviceTrouble

_READY_S = 20.0  # a slow machine starts Python in less
_END_S = 10.0


class Conveyor:
    """`python -m hwsim pn532 --control`; tags: the file that keeps the tags' memory between two runs."""

    def __init__(self, tags: Path, paced: bool, inherit: tuple[int, ...] = ()) -> None:
        self._arguments = ["--control", "--shelf", str(tags)]
        if paced:
            self._arguments.append("--paced")
        self._inherit = inherit
        self._process: asyncio.subprocess.Process | None = None
        self.path = ""

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hwsim",
            "pn532",
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=self._inherit,
        )
        self.path = str((await asyncio.wait_for(self._answer(), _READY_S))["path"])
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

    async def arrive(self, uid: bytes, chip: str = "ntag215") -> None:
        """Put a tag at the reader; one that was there before has kept its memory."""
        await self._tell({"do": "arrive", "tag": chip, "uid": uid.hex()})

    async def leave(self) -> None:
        """Take every tag away."""
        await self._tell({"do": "leave"})

    async def tear_write(self, number: int) -> None:
        """Cut the power in the middle of the `number`-th page write from now."""
        await self._tell({"do": "fault", "name": "tear", "args": {"at": number}})

    async def spent_ms(self) -> dict[str, float]:
        """The time that the wire, the field and the chips took since the last call: uart_ms, rf_ms, eeprom_ms."""
        found = (await self._tell({"do": "reset_stats"}))["stats"]
        return {name: float(found[name]) for name in ("uart_ms", "rf_ms", "eeprom_ms")}

    async def _tell(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        answer = await self._answer()
        if "error" in answer:
            raise DeviceTrouble(f"the simulator refuses {command['do']}: {answer['error']}")
        return answer

    async def _answer(self) -> dict[str, Any]:
        assert self._process is not None and self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise DeviceTrouble("the simulator has ended: try `tagwright sim pn532` by itself")
        answer: dict[str, Any] = json.loads(line)
        return answer
