"""The simulated camera as a process, for tests that are not async."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

CODE = b"https://id.example.com/01/09506000134352/21/1"


class CameraSim:
    """ready: what it said when it was up."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.ready = self._answer()

    def tell(self, deed: str, **more: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        print(json.dumps({"do": deed, **more}), file=self._process.stdin, flush=True)
        return self._answer()

    def fault(self, name: str, **args: object) -> None:
        assert "error" not in self.tell("fault", name=name, args=args)

    def url(self, way: str = "mjpeg", login: str = "") -> str:
        return str(self.ready[way]).replace("://", f"://{login}")

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found


@contextmanager
def camera_sim(*options: str) -> Iterator[CameraSim]:
    command = [sys.executable, "-m", "hwsim", "camera", "--control", *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield CameraSim(process)
        finally:
            process.kill()
