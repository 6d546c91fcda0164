"""A PostgreSQL for a while: Debian's server in a temporary folder, on loopback and a private socket, fsync on."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gateway.model import DeviceTrouble

_USER = "tagwright"
_READY_S = 60.0
_LOOK_S = 0.02
_END_S = 30.0
_STATUS = 7  # the line of postmaster.pid that says "ready"


def find_programs() -> Path | None:
    """The folder with initdb and postgres: TAGWRIGHT_POSTGRES, PATH, or Debian's newest; None where there is none."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda at: int(at.parent.name), reverse=True
    )
    named, found = os.environ.get("TAGWRIGHT_POSTGRES"), shutil.which("postgres")
    places = [Path(named)] if named else []
    places += [Path(found).resolve().parent] if found else []
    for place in (*places, *debian):
        if os.access(place / "initdb", os.X_OK) and os.access(place / "postgres", os.X_OK):
            return place
    return None


class Postgres:
    """A server that is up while the context lasts; the folder goes with it.

    settings: postgresql.conf, beside ours. Run as root, the server is the user "postgres", else "nobody": it refuses
    root. Raises DeviceTrouble where there is no program, or it does not come up.
    """

    def __init__(self, settings: Mapping[str, str | int] | None = None) -> None:
        found = find_programs()
        if found is None:
            raise DeviceTrouble(
                "no PostgreSQL: apt-get install postgresql, or set TAGWRIGHT_POSTGRES to its bin folder"
            )
        self._programs = found
        self._settings = settings or {}
        self._password = secrets.token_hex(16)
        self._port = _free_port()
        self._made = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Of the database "postgres", which is empty."""
        return self._url("postgres")

    @property
    def pid(self) -> int | None:
        """The server's first process, while it is up."""
        return self._process.pid if self._process else None

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="tagwright-pg-"))
        self._data = self._folder / "data"
        with ExitStack() as undo:
            undo.callback(self._end)
            self._make()
            self.start()
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None
    ) -> None:
        self._end()

    def database(self) -> str:
        """Make one more database, empty; its URL."""
        self._made += 1
        name = f"made{self._made}"
        self._run("createdb", "-h", str(self._folder), "-p", str(self._port), "-U", _USER, name)
        return self._url(name)

    def kill9(self) -> None:
        """End all its processes without warning; the data stays."""
        if self._process is None:
            return
        children = _children(self._process.pid)
        self._process.kill()
        self._process.wait()
        for child in children:
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._process = None

    def stop(self) -> None:
        """End it in order: clients are cut off, and what they had not committed is undone."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.kill9()
        self._process = None

    def start(self) -> None:
        """Start it again on its port and data; returns when it takes connections."""
        until = time.monotonic() + _READY_S
        while self._process is None:
            process = self._begin()
            if self._comes_up(process, until):
                self._process = process

    def restart(self) -> None:
        self.stop()
        self.start()

    def _make(self) -> None:
        (self._folder / "password").write_text(self._password)
        for path in (self._folder, self._folder / "password"):
            if os.geteuid() == 0:
                account = _account()
                os.chown(path, account.pw_uid, account.pw_gid)
        how = ("--encoding=UTF8", "--locale=C", "--auth-local=trust", "--auth-host=scram-sha-256")
        who = (f"--username={_USER}", f"--pwfile={self._folder / 'password'}")
        self._run("initdb", "--no-sync", f"--pgdata={self._data}", *how, *who)
        ours: dict[str, str | int] = {
            "listen_addresses": "127.0.0.1",
            "port": self._port,
            "unix_socket_directories": str(self._folder),
            "max_connections": 200,
            "max_wal_size": "4GB",
        }
        if sys.platform == "linux":
            ours["recovery_init_sync_method"] = "syncfs"  # after kill9: not file by file
        with (self._data / "postgresql.conf").open("a") as file:
            for name, value in (ours | dict(self._settings)).items():
                file.write(f"{name} = '{value}'\n")

    def _begin(self) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [self._programs / "postgres", "-D", self._data],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **_unprivileged(),
            )

    def _comes_up(self, process: subprocess.Popen[bytes], until: float) -> bool:
        """False where it ended by itself: children of one that was killed may hold its memory for a while."""
        while not self._is_ready(process.pid):
            time.sleep(_LOOK_S)
            if time.monotonic() > until:
                process.kill()
                process.wait()
                raise DeviceTrouble(f"PostgreSQL does not come up:\n{self._last_words()}")
            if process.poll() is not None:
                return False
        return True

    def _run(self, program: str, *words: str) -> None:
        ran = subprocess.run(
            [self._programs / program, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **_unprivileged(),
        )
        if ran.returncode:
            raise DeviceTrouble(f"{program} ends with {ran.returncode}: {ran.stderr.strip()}")

    def _is_ready(self, pid: int) -> bool:
        try:
            said = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(said) > _STATUS and said[0] == str(pid) and said[_STATUS].strip() == "ready"

    def _last_words(self) -> str:
        return "\n".join((self._folder / "log").read_text(errors="replace").splitlines()[-8:])

    def _end(self) -> None:
        self.kill9()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _url(self, database: str) -> str:
        return f"postgresql://{_USER}:{self._password}@127.0.0.1:{self._port}/{database}"


def _unprivileged() -> dict[str, Any]:
    """How subprocess starts a server that refuses to be root; its folder is where it may be."""
    if os.geteuid() != 0:
        return {}
    account = _account()
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"}


def _account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise DeviceTrouble(
        "PostgreSQL refuses to run as root, and there is no user postgres or nobody"
    )


def _children(pid: int) -> list[int]:
    """The processes that `pid` started (Linux; none elsewhere)."""
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
