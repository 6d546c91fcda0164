"""A PLC that triggers a code station over TCP and takes its answers, a line each.

T asks for one read cycle, ON and OFF are the edges of a level. Each T and each ON is answered by one line, in order:
the codes with TAB between them, or a word (NOREAD, REFUSED, ...). A line beyond these is told as unasked.
"""

import os
import select
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_ASKS = {"trigger": b"T", "on": b"ON", "off": b"OFF"}
_CONNECT_S = 5.0
_LONGEST_LINE = 1 << 20  # bytes of one answer
_MOST_WAITING = 64  # triggers without an answer
_WAIT_S = 10.0


@dataclass(frozen=True)
class Answer:
    """One line of the gateway. ms: since the trigger that it answers; None: nothing was asked."""

    text: str
    ms: float | None

    def as_dict(self) -> dict[str, object]:
        ms = None if self.ms is None else round(self.ms, 1)
        return {"answer": self.text, "ms": ms}


class Plc:
    """Connected from the start; OSError where nobody listens. tell: called with each answer that nobody waits for."""

    def __init__(
        self, host: str, port: int, tell: Callable[[Mapping[str, object]], None] | None = None
    ) -> None:
        self._socket = socket.create_connection((host, port), _CONNECT_S)
        self._tell = tell
        self._asked: deque[float] = deque()  # when, monotonic seconds
        self._pending = b""
        self._stop_read, self._stop_write = os.pipe()
        self._stopped = False
        self.is_connected = True
        self.counts: Counter[str] = Counter()
        self.times_ms: list[float] = []

    def close(self) -> None:
        self._socket.close()
        os.close(self._stop_read)
        os.close(self._stop_write)

    def stop(self) -> None:
        """End `run`; may be called from a signal handler."""
        if not self._stopped:
            self._stopped = True
            os.write(self._stop_write, b"x")

    def run(
        self,
        every_s: float | None = None,
        count: int | None = None,
        stdin: int | None = None,
        read: Callable[[], None] | None = None,
    ) -> None:
        """Until `stop`, or the gateway hangs up. stdin, read: what else is waited for, and called then.

        every_s: trigger so often; count: so many times, and end with the last answer.
        """
        due_s, left = time.monotonic(), count
        while not self._stopped and self.is_connected:
            wait_s = None
            if every_s is not None and left != 0 and len(self._asked) < _MOST_WAITING:
                if time.monotonic() >= due_s:
                    self.do({"do": "trigger"})
                    due_s += every_s
                    left = None if left is None else left - 1
                    continue
                wait_s = due_s - time.monotonic()
            if left == 0 and not self._asked:
                return
            watched = [self._socket.fileno(), self._stop_read, *([] if stdin is None else [stdin])]
            ready = select.select(watched, [], [], wait_s)[0]
            if self._socket.fileno() in ready:
                self._told(self._receive())
            if stdin in ready and read is not None:
                read()

    def do(self, command: Mapping[str, object]) -> dict[str, object]:
        """One deed: trigger, on or off, with "wait": true until its answer is there; stats. ValueError."""
        name = str(command.get("do"))
        if name == "stats":
            return {"stats": self.stats()}
        ask = _ASKS.get(name)
        if ask is None:
            raise ValueError(f"no command {name!r}: known are {', '.join((*_ASKS, 'stats'))}")
        if not self.is_connected:
            raise ValueError("the gateway has hung up")
        if len(self._asked) >= _MOST_WAITING:
            raise ValueError(f"{_MOST_WAITING} triggers wait for their answer")
        if name != "off":
            self._asked.append(time.monotonic())
            self.counts["triggers"] += 1
        self._send(ask)
        if not command.get("wait"):
            return {"sent": ask.decode()}
        return self._awaited()

    def stats(self) -> dict[str, object]:
        """What was asked and answered, and the times from the one to the other."""
        times = sorted(self.times_ms)
        said: dict[str, object] = {"triggers": self.counts["triggers"], "answers": len(times)}
        said["noread"], said["unasked"] = self.counts["NOREAD"], self.counts["unasked"]
        if times:
            said["median_ms"] = round(times[len(times) // 2], 1)
            said["p95_ms"] = round(times[min(len(times) - 1, len(times) * 95 // 100)], 1)
        return said

    def _awaited(self) -> dict[str, object]:
        """The answer to all that was asked: its last one."""
        deadline_s, last = time.monotonic() + _WAIT_S, None
        while self._asked:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not select.select([self._socket], [], [], left_s)[0]:
                raise ValueError(f"no answer within {_WAIT_S:g} s")
            found = self._receive()
            if not self.is_connected:
                raise ValueError("the gateway has hung up")
            last = found[-1] if found else last
        return last.as_dict() if last is not None else {}

    def _send(self, ask: bytes) -> None:
        try:
            self._socket.sendall(ask + b"\r\n")
        except OSError:
            self.is_connected = False

    def _receive(self) -> list[Answer]:
        try:
            data = self._socket.recv(65536)
        except OSError:
            data = b""
        if not data or len(self._pending) > _LONGEST_LINE:
            self.is_connected = False
            return []
        *lines, self._pending = (self._pending + data).split(b"\r\n")
        return [self._answer(line.decode(errors="replace")) for line in lines]

    def _answer(self, text: str) -> Answer:
        self.counts[text if text == "NOREAD" else "other"] += 1
        if not self._asked:
            self.counts["unasked"] += 1
            return Answer(text, None)
        ms = (time.monotonic() - self._asked.popleft()) * 1000
        self.times_ms.append(ms)
        return Answer(text, ms)

    def _told(self, answers: list[Answer]) -> None:
        for each in answers:
            if self._tell is not None:
                self._tell(each.as_dict())
