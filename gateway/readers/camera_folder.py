"""Pictures in a folder, each once as it appears, by name; or one picture file."""

import os
import stat
import time
from pathlib import Path

from gateway.readers.camera_address import Address
from gateway.readers.camera_feed import LARGEST, Bad, Content, Feed, Lost

_LOOK_S = 0.1
_SETTLED_S = 1.0  # a file that is older is whole; a younger one when it stays as it is from one look to the next
_MOST = 100_000  # files that are looked at
_KINDS = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp"))

_Is = tuple[int, int]  # a file's size and time, by which it is the same


def pictures(at: Address) -> Feed:
    """The pictures at `at.where`, which is a folder or a file; Lost where it is neither, or away."""
    path = Path(at.where)
    seen: dict[str, _Is] = {}
    before: dict[str, _Is] = {}
    while True:
        now = _files(path, at)
        seen = {name: each for name, each in seen.items() if name in now}
        for name in sorted(now):
            if seen.get(name) != now[name] and _is_whole(now[name], before.get(name)):
                seen[name] = now[name]
                yield _content(path / name)
        before = now
        yield None
        time.sleep(_LOOK_S)


def _files(path: Path, at: Address) -> dict[str, _Is]:
    """Name -> what it is, of the pictures there; a file has the name ""."""
    found: dict[str, _Is] = {}
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            return {"": (status.st_size, status.st_mtime_ns)}
        with os.scandir(path) as there:
            for entry in there:
                if Path(entry.name).suffix.lower() in _KINDS and entry.is_file():
                    each = entry.stat()
                    found[entry.name] = (each.st_size, each.st_mtime_ns)
                if len(found) > _MOST:
                    raise Lost("gone", f"{at.shown}: more than {_MOST} pictures: move some away")
    except FileNotFoundError:
        raise Lost("gone", f"{at.shown} is not there: make the folder, or plug it in") from None
    except NotADirectoryError:
        raise Lost("gone", f"{at.shown} is neither a folder nor a picture") from None
    except OSError as why:
        raise Lost("gone", f"{at.shown}: {why.strerror}") from None
    return found


def _is_whole(now: _Is, before: _Is | None) -> bool:
    return now == before or time.time_ns() - now[1] > _SETTLED_S * 1e9


def _content(path: Path) -> Content:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as why:
        return Bad(f"{path}: {why.strerror}")
    if len(data) > LARGEST:
        return Bad(f"{path}: more than {LARGEST >> 20} MB")
    return data
