"""A NATS JetStream cluster for a while: nats-server processes on loopback, each acknowledging what is on its disk.

Every cluster listens on addresses of its own in 127.0.0.0/8, so that the port of a node that is down is nobody else's,
and a client that knocks there never meets itself.
"""

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gateway.model import DeviceTrouble

OLDEST = (2, 15)  # the first whose replicated streams sync once for each message

_ROOT = Path(__file__).resolve().parents[2]
_READY_S = 60.0  # for an election among nodes that all just began; 6-8 s were measured
_LOOK_S = 0.02
_END_S = 10.0

_CONF = """\
server_name: {name}
listen: "{client}"
http: "{monitor}"
max_payload: {max_payload}
jetstream {{ store_dir: "{store}", max_file_store: 256G, max_memory_store: 64M{sync} }}
"""
_CLUSTER = 'cluster {{ name: throwaway, listen: "{route}", routes: [{routes}] }}\n'


def find_server() -> Path | None:
    """nats-server 2.15 or later: TAGWRIGHT_NATS_SERVER, the clone's .cache, or on PATH; None where there is none."""
    named = os.environ.get("TAGWRIGHT_NATS_SERVER")
    places = [named, _ROOT / ".cache/nats/root/usr/sbin/nats-server", shutil.which("nats-server")]
    for place in (Path(each) for each in places if each):
        if os.access(place, os.X_OK) and version(place) >= OLDEST:
            return place
    return None


def version(server: Path) -> tuple[int, int]:
    """What `nats-server --version` says; (0, 0) where it says nothing of the kind."""
    said = subprocess.run([server, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"v(\d+)\.(\d+)", said.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


class Nats:
    """`nodes` servers, up while the context lasts; 3 make a cluster. Numbered from 0.

    sync: JetStream's sync_interval, None to leave it out. server: the program. Raises DeviceTrouble where there is no
    program, or the servers do not come up.
    """

    def __init__(
        self,
        nodes: int = 3,
        *,
        sync: str | None = "always",
        max_payload: int = 1 << 20,
        server: Path | None = None,
    ) -> None:
        found = server or find_server()
        if found is None:
            raise DeviceTrouble(
                "no nats-server 2.15 or later: ./run demo --scale unpacks one, or set TAGWRIGHT_NATS_SERVER"
            )
        self._server = found
        self._sync = sync
        self._max_payload = max_payload
        network = f"127.{random.randint(1, 250)}.{random.randint(1, 250)}"
        self._hosts = [f"{network}.{1 + node}" for node in range(nodes)]
        self._ports = [[_free_port(host) for _ in range(3)] for host in self._hosts]
        self._processes: list[subprocess.Popen[bytes] | None] = [None] * nodes

    @property
    def urls(self) -> list[str]:
        """Where clients connect, a node each."""
        return [f"nats://{self._address(node, 0)}" for node in range(len(self._hosts))]

    @property
    def monitors(self) -> list[str]:
        """The nodes' monitoring pages."""
        return [f"http://{self._address(node, 1)}" for node in range(len(self._hosts))]

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="tagwright-nats-"))
        with ExitStack() as stack:
            stack.callback(self._end)
            for node in range(len(self._hosts)):
                self._begin(node)
            self.ready()
            stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None
    ) -> None:
        self._end()

    def pid(self, node: int) -> int | None:
        """The process of a node that is up."""
        process = self._processes[node]
        return process.pid if process else None

    def kill9(self, node: int) -> None:
        """End a node without warning; its store stays."""
        process = self._processes[node]
        if process is not None:
            process.kill()
            process.wait()
            self._processes[node] = None

    def start(self, node: int) -> None:
        """Start a node that was ended, on its old addresses and store; ready() waits for it."""
        if self._processes[node] is None:
            self._begin(node)

    def ready(self) -> None:
        """Return when every node that was started is up to date and known to a leader, where they are a majority."""
        until = time.monotonic() + _READY_S
        up = [node for node, each in enumerate(self._processes) if each is not None]
        while not all(self._is_well(node) for node in up) or not self._are_met(len(up)):
            if time.monotonic() > until:
                raise DeviceTrouble(f"nats-server does not come up:\n{self._last_words()}")
            time.sleep(_LOOK_S)

    def look(self, node: int, path: str) -> Any:
        """What a monitoring page says, e.g. "/jsz?streams=1"; None where it does not answer."""
        try:
            with urllib.request.urlopen(self.monitors[node] + path, timeout=5) as page:
                return json.load(page)
        except (urllib.error.URLError, OSError, ValueError):
            return None

    def stream_leader(self, stream: str = "TAGWRIGHT") -> int | None:
        """The node that leads a stream; None during an election."""
        for node, process in enumerate(self._processes):
            page = self.look(node, "/jsz?streams=1") if process else None
            for account in (page or {}).get("account_details", []):
                for each in account.get("stream_detail", []):
                    leader = each.get("cluster", {}).get("leader")
                    if each["name"] == stream and leader:
                        return int(leader.removeprefix("node"))
        return None

    def _begin(self, node: int) -> None:
        conf = self._folder / f"node{node}.conf"
        text = _CONF.format(
            name=f"node{node}",
            client=self._address(node, 0),
            monitor=self._address(node, 1),
            max_payload=self._max_payload,
            store=self._folder / f"store{node}",
            sync="" if self._sync is None else f", sync_interval: {self._sync}",
        )
        if len(self._hosts) > 1:
            others = (f'"nats://{self._address(n, 2)}"' for n in range(len(self._hosts)))
            text += _CLUSTER.format(route=self._address(node, 2), routes=", ".join(others))
        conf.write_text(text)
        with (self._folder / f"node{node}.log").open("ab") as log:
            self._processes[node] = subprocess.Popen(
                [self._server, "-c", conf], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _is_well(self, node: int) -> bool:
        process = self._processes[node]
        if process is None or process.poll() is not None:
            raise DeviceTrouble(f"nats-server has ended:\n{self._last_words()}")
        return bool((self.look(node, "/healthz") or {}).get("status") == "ok")

    def _are_met(self, count: int) -> bool:
        """Whether the leader of the cluster hears all the others: a stream can be made then."""
        if count * 2 <= len(self._hosts) or len(self._hosts) == 1:
            return True
        for node in range(len(self._hosts)):
            others = (self.look(node, "/jsz") or {}).get("meta_cluster", {}).get("replicas", [])
            met = [each for each in others if each.get("current") and not each.get("offline")]
            if len(met) >= count - 1:
                return True
        return False

    def _end(self) -> None:
        up = [each for each in self._processes if each is not None]
        for process in up:
            process.send_signal(signal.SIGTERM)
        for process in up:
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes = [None] * len(self._hosts)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _address(self, node: int, which: int) -> str:
        return f"{self._hosts[node]}:{self._ports[node][which]}"

    def _last_words(self) -> str:
        logs = sorted(self._folder.glob("*.log"))
        return "\n".join(line for log in logs for line in log.read_text().splitlines()[-3:])


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
