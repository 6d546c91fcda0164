"""A command on a real terminal: a pty of a given width, with what it draws and what it answers to keys."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import TracebackType

COMMAND = [sys.executable, "-m", "gateway.cli.main"]
_PATIENCE_S = 30.0
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")  # ECMA-48, "Control sequences"


class Terminal:
    """A program whose stdin, stdout and stderr are one terminal; `shown` is all that came so far."""

    def __init__(
        self, *arguments: object, columns: int = 100, cwd: Path | None = None, **environment: str
    ) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        known = {
            key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS")
        }
        self.process = subprocess.Popen(
            [str(each) for each in arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=cwd,
            env=known | {"TERM": "xterm-256color"} | environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self.shown = ""

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(_PATIENCE_S)
        os.close(self._ours)

    def until(self, text: str) -> str:
        """Read until `text` is there, or fail with what came instead."""
        ends = time.monotonic() + _PATIENCE_S
        while text not in self.shown and text not in self.drawn:
            assert time.monotonic() < ends and self._read(), f"no {text!r} in {self.shown!r}"
        return self.shown

    def type(self, keys: str) -> None:
        """As somebody types; Ctrl-C is \\x03."""
        os.write(self._ours, keys.encode())

    def end(self) -> int:
        """All that comes until it ends, and its exit status."""
        while self._read():
            pass
        return self.process.wait(_PATIENCE_S)

    @property
    def drawn(self) -> str:
        """All that came, without colours and moves."""
        return _ESCAPE.sub("", self.shown)

    @property
    def screen(self) -> list[str]:
        """The lines as they stand at the end: what was drawn over is gone, and so are colours."""
        lines = []
        for line in self.shown.split("\r\n"):
            last = re.split(r"\r(?:\x1b\[K)?", line)[-1]
            lines.append(_ESCAPE.sub("", last))
        return lines

    def _read(self) -> bool:
        if not select.select([self._ours], [], [], _PATIENCE_S)[0]:
            return False
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # EIO: the program has closed its end
            return False
        self.shown += data.decode("utf-8", "replace")
        return bool(data)
