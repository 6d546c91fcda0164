"""The support bundle: what somebody who helps from afar needs to know, and nothing that is secret.

A zip of texts: README.txt says what each is. Whoever sends it can read all of it first.
"""

import importlib.metadata
import io
import json
import os
import platform
import re
import shutil
import sqlite3
import ssl
import stat
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.finding import Finding
from gateway.journal import JournalTrouble, Records
from gateway.redact import HIDDEN, Redacted, Scrub, of_environment, shortened
from gateway.web.station.shown import shown

_UNITS = ("tagwright-gateway", "tagwright-hub", "tagwright-consumer@*")
_LOG_LINES = 2000
_LOG_BYTES = 2 << 20  # of the end of a log
_LARGEST = 1 << 20  # bytes; no configuration is larger
_WAIT_S = 20.0  # for the system's log
_LOCALE = ("LANG", "LC_ALL", "TERM", "NO_COLOR", "XDG_STATE_HOME", "PYTHONUTF8")
_ROW = (
    *("seq", "at", "kind", "station", "uid", "epc", "product", "outcome", "colour", "sentence"),
    *("why", "verdict", "elapsed_ms", "pages_written", "order_row"),
)
_GATEWAYS = frozenset(("gateway", "keys", "reader"))  # tables that no hub's configuration has
_SHORT = ("uid", "epc", "sentence")
_TEXT = 200  # characters of a sentence


@dataclass(frozen=True)
class Wish:
    """config: the TOML of a gateway or hub, None for none; rows: so many of the journal's last, 0 for none.

    whole: tags' numbers and serials stay as they are. logs: files of which the end is taken. system_log: of the units.
    journal: of which file, where the configuration does not name it.
    """

    config: Path | None = None
    rows: int = 50
    whole: bool = False
    logs: tuple[Path, ...] = ()
    system_log: bool = True
    journal: Path | None = None


@dataclass
class Bundle:
    """members: name -> (its text, what it is); missing: what could not be had, and why."""

    members: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def packed(self, at: float) -> bytes:
        """The zip; at: Unix seconds."""
        out, when = io.BytesIO(), time.gmtime(at)[:6]
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
            for name, (content, _) in self.members.items():
                file.writestr(zipfile.ZipInfo(f"tagwright-support/{name}", when), content)
        return out.getvalue()


def bundle(wish: Wish, examine: Callable[[], Iterable[Finding]], now: float) -> Bundle:
    """Gather it; examine: what the doctor finds; now: Unix seconds. Nothing that goes wrong on the way ends it."""
    made = Bundle()
    tree, trouble = _tree(wish.config)
    folder = wish.config.parent if wish.config is not None else Path()
    seen = Redacted(tree, folder)
    scrub = Scrub([*seen.secrets, *of_environment()])
    home = (
        re.compile(re.escape(str(Path.home())) + r"(?=/|$)") if Path.home() != Path("/") else None
    )

    def put(name: str, what: str, text: str) -> None:
        text = scrub(text)
        made.members[name] = ((home.sub("~", text) if home else text).encode(), what)

    def put_json(name: str, what: str, values: Iterable[Any]) -> None:
        put(
            name,
            what,
            "".join(json.dumps(scrub.whole(each), ensure_ascii=False) + "\n" for each in values),
        )

    put_json(
        "versions.json", "versions, machine, locale; names of TAGWRIGHT_* variables", [_versions()]
    )
    if wish.config is not None:
        text = f"# {wish.config}: {trouble}\n" if trouble else toml(seen.tree)
        put("configuration.toml", f"{wish.config.name} without comments; {HIDDEN} is hidden", text)
        put_json(
            "files.jsonl", "the files it names: size, mode, owner; no content", _files(seen.files)
        )
    put_json("doctor.jsonl", "the doctor's report", (vars(each) for each in examine()))
    journal = wish.journal or seen.files.get("gateway.journal")
    if journal is None and wish.config is not None and not _GATEWAYS.isdisjoint(tree):
        journal = folder / "journal.db"
    if journal is not None:
        _put_journal(journal, wish, made, put_json)
    for name, text in _logs(wish, made):
        put(name, "the end of a log", text if wish.whole else shortened(text))
    made.members = {"README.txt": (_readme(made, wish, now).encode(), "this list"), **made.members}
    return made


def toml(tree: Mapping[str, Any], above: str = "") -> str:
    """A tree of TOML's values as TOML."""
    lines, below = [], []
    for key, value in tree.items():
        name = key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)
        where = f"{above}{name}"
        if isinstance(value, Mapping):
            below.append(f"\n[{where}]\n{toml(value, f'{where}.')}")
        elif isinstance(value, list) and value and all(isinstance(e, Mapping) for e in value):
            below += [f"\n[[{where}]]\n{toml(each, f'{where}.')}" for each in value]
        else:
            lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}\n")
    return "".join([*lines, *below])


def _tree(path: Path | None) -> tuple[dict[str, Any], str]:
    """What a configuration says, and why nothing where it says nothing; the reason tells no content."""
    if path is None:
        return {}, ""
    try:
        with path.open("rb") as file:
            return tomllib.loads(file.read(_LARGEST).decode()), ""
    except OSError as why:
        return {}, why.strerror or "cannot be read"
    except UnicodeDecodeError as why:
        return {}, f"not UTF-8 at byte {why.start}"
    except tomllib.TOMLDecodeError as why:
        where = re.search(r"at line \d+, column \d+|at end of document", str(why))
        return (
            {},
            f"no TOML{' ' + where[0] if where else ''}: left out, for what it holds is not known",
        )
    except RecursionError:
        return {}, "no TOML: nested too deep"


def _versions() -> dict[str, Any]:
    needs = importlib.metadata.requires("tagwright") or []
    names = sorted({re.split(r"[^A-Za-z0-9_.-]", each)[0] for each in needs})
    found = {}
    for name in names:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return {
        "tagwright": importlib.metadata.version("tagwright"),
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "release": _release(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "sqlite": sqlite3.sqlite_version,
        "openssl": ssl.OPENSSL_VERSION,
        "packages": found,
        "locale": {name: os.environ[name] for name in _LOCALE if name in os.environ},
        "variables": sorted(name for name in os.environ if name.startswith("TAGWRIGHT_")),
    }


def _release() -> str:
    with suppress(OSError):
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    return ""


def _files(files: Mapping[str, Path]) -> Iterator[dict[str, Any]]:
    for key, path in sorted(files.items()):
        told: dict[str, Any] = {"key": key, "path": str(path)}
        try:
            seen = path.stat()
        except OSError as why:
            yield told | {"fault": why.strerror}
            continue
        owner = "unknown"
        with suppress(KeyError, OSError):
            owner = f"{path.owner()}:{path.group()}"
        kind = "folder" if stat.S_ISDIR(seen.st_mode) else "file"
        mode = f"{stat.S_IMODE(seen.st_mode):o}"
        yield told | {"is": kind, "bytes": seen.st_size, "mode": mode, "owner": owner}


def _put_journal(path: Path, wish: Wish, made: Bundle, put: Callable[..., None]) -> None:
    try:
        records = Records(path)
    except JournalTrouble as why:
        made.missing.append(f"the journal: {why}")
        return
    with closing(records):
        pressure = records.pressure()
        figures = {
            "head": records.head(),
            "lag": records.lag(),
            "cursors": records.cursors(),
            "open_intents": len(records.open_intents()),
            "quarantine": len(records.aside()),
            "dropped": records.dropped(),
            "level": pressure.level,
            "pressure": {name: round(share, 4) for name, share in pressure.shares.items()},
            "bytes": path.stat().st_size,
        }
        put("journal.json", "the journal's figures", [figures])
        if wish.rows:
            what = "its last rows" + ("" if wish.whole else "; tags and serials cut short")
            put("journal-rows.jsonl", what, (_row(each, wish) for each in records.tail(wish.rows)))


def _row(row: Any, wish: Wish) -> dict[str, Any]:
    """A row without stub, code and person."""
    told = {name: value for name, value in shown(row).items() if name in _ROW}
    told["sentence"] = told["sentence"][:_TEXT]
    if row.kind == "audit":
        told["sentence"] = ""  # names a person
    if not wish.whole:
        before, slash, last = told["product"].rpartition("/")
        told["product"] = f"{shortened(before + slash)}{last[:1]}…" if last else ""
        told |= {name: shortened(told[name]) for name in _SHORT}
    return told


def _logs(wish: Wish, made: Bundle) -> Iterator[tuple[str, str]]:
    for number, path in enumerate(wish.logs, 1):
        try:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - _LOG_BYTES))
                text = file.read(_LOG_BYTES).decode("utf-8", "replace")
        except OSError as why:
            made.missing.append(f"{path}: {why.strerror}")
            continue
        yield f"log-{number}-{path.name}.txt", "\n".join(text.splitlines()[-_LOG_LINES:]) + "\n"
    program = shutil.which("journalctl") if wish.system_log else None
    if program is None:
        return
    units = [word for unit in _UNITS for word in ("-u", unit)]
    command = [program, *units, "-n", str(_LOG_LINES), "--no-pager", "-q", "-o", "short-iso"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_WAIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as why:
        made.missing.append(f"the system's log: {type(why).__name__}")
        return
    if done.stdout.strip():
        yield "system-log.txt", done.stdout[-_LOG_BYTES:].decode("utf-8", "replace")


def _readme(made: Bundle, wish: Wish, now: float) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    lines = [
        f"Support bundle of Tagwright, made {at}. All of it is text: read it before you send it.",
        "",
    ]
    lines += [f"{name:22} {what}" for name, (_, what) in made.members.items()]
    lines += ["", "Left out: passwords, tokens, passphrases, keys, stubs, codes, who did what."]
    if not wish.whole:
        lines.append("Cut short: numbers of tags (04a1b2…), serials of products (A…).")
    lines += [f"Could not be had: {each}" for each in made.missing]
    return "\n".join(lines) + "\n"
