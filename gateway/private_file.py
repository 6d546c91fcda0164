"""Files that their owner alone may read: written whole or not at all, and durable when the call returns."""

import os
import secrets
from pathlib import Path

_PRIVATE = 0o600


def replace(path: Path, content: bytes) -> None:
    """Write `content` in place of what stands at `path`. Raises OSError; the old file stands then."""
    beside = _beside(path, content)
    try:
        beside.replace(path)
    except OSError:
        beside.unlink()
        raise
    _sync(path.parent)


def create(path: Path, content: bytes) -> bool:
    """Write `content` to `path` where nothing stands yet; whether it was written. Raises OSError."""
    return place(_beside(path, content), path)


def place(beside: Path, path: Path) -> bool:
    """Give a finished file of the same folder its name, unless that is taken; whether it has it now. Raises OSError."""
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    finally:
        beside.unlink()
    _sync(path.parent)
    return True


def _beside(path: Path, content: bytes) -> Path:
    """A new file in the same folder, with the content on disk."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    out = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    try:
        with os.fdopen(out, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        beside.unlink()
        raise
    return beside


def _sync(folder: Path) -> None:
    """Make the folder's entries durable."""
    inode = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(inode)
    finally:
        os.close(inode)
