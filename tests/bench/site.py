"""A site for fault campaigns: three NATS nodes, PostgreSQL, hub consumers, gateways; each a process to kill."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.throwaway.nats import Nats
from gateway.throwaway.postgres import Postgres

_PATIENCE_S = 90.0
_LOOK_S = 0.05
_ROOT = Path(__file__).resolve().parents[2]


class Process:
    """A program that can be killed and begun again; what it says on stderr is kept in a file."""

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        self.name = name
        self.command = command
        self.environment: dict[str, str] = {}
        self.log = log
        self._running: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        with self.log.open("ab") as out:
            self._running = subprocess.Popen(
                self.command,
                stdout=out,
                stderr=out,
                cwd=_ROOT,
                env={**os.environ, **self.environment},
            )

    def kill9(self) -> None:
        assert self._running is not None
        self._running.kill()
        self._running.wait()

    @property
    def pid(self) -> int | None:
        return self._running.pid if self._running is not None else None

    @property
    def is_up(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def end(self, patience_s: float) -> int | None:
        """SIGTERM, and its status; None where it had to be killed."""
        if self._running is None:
            return 0
        self._running.send_signal(signal.SIGTERM)
        try:
            return self._running.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill9()
            return None

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


class Gateway(Process):
    """One gateway: its folder holds configuration and journal, `acks` what it told to be durable."""

    def __init__(self, name: str, folder: Path, hub: str, rate: float) -> None:
        self.folder = folder / name
        self.folder.mkdir()
        self.acks = folder / f"{name}.acks"
        self.acks.touch()
        config = self.folder / "tagwright.toml"
        config.write_text(f'[gateway]\nname = "{name}"\njournal = "journal.db"\n\n[hub]\n{hub}\n')
        command = [sys.executable, "-m", "tests.bench.gateway_under_test", str(config)]
        super().__init__(
            name, [*command, str(self.acks), "--rate", str(rate)], folder / f"{name}.log"
        )

    def acknowledged(self) -> set[bytes]:
        """The hash of each row that was told to be durable."""
        lines = self.acks.read_bytes().split(b"\n")[:-1]
        return {bytes.fromhex(line.split(b" ")[1].decode()) for line in lines}


class Site:
    """PostgreSQL, three NATS nodes and `consumers` hub consumers, while the context lasts."""

    def __init__(self, folder: Path, consumers: int = 2) -> None:
        self.folder = folder
        self.postgres = Postgres()
        self.nats = Nats(3)
        self.hub_toml = folder / "hub.toml"
        command = [sys.executable, "-m", "gateway.cli.main", "hub", "consume", "-c"]
        self.consumers = [
            Process(f"consumer{n}", [*command, str(self.hub_toml)], folder / f"consumer{n}.log")
            for n in range(consumers)
        ]
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.postgres)
            stack.enter_context(self.nats)
            servers = ", ".join(f'"{url}"' for url in self.nats.urls)
            self.hub_toml.write_text(
                f'database = "{self.postgres.url}"\n\n[nats]\nservers = [{servers}]\n'
            )
            for consumer in self.consumers:
                consumer.begin()
                stack.callback(consumer.end, 10.0)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None
    ) -> None:
        self._stack.close()

    def servers(self) -> str:
        """The [hub] table's lines of a gateway that uses this site."""
        return "nats = [" + ", ".join(f'"{url}"' for url in self.nats.urls) + "]"


def wait_for(condition: Callable[[], bool], what: str, patience_s: float = _PATIENCE_S) -> None:
    """Return when condition() is true; RuntimeError where it never is."""
    until = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError(f"waited {patience_s:g} s in vain for {what}")
        time.sleep(_LOOK_S)
