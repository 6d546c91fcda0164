"""What the daemon and a camera's process say to each other: one JSON array a line, bytes as hex.

The process never sees the other's memory, and each line is checked as if it came from a stranger.
"""

from typing import NamedTuple, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from edge.errors import Malformed
from gateway.model import Look, Wanted
from gateway.readers.codeport import DeviceState

LONGEST = 2 << 20  # bytes of a line
MOST_CODES = 64  # of one picture

_T = TypeVar("_T", bound=NamedTuple)


class Spec(NamedTuple):
    """What a camera's process is told first. source: what follows "camera:", with its password; so it is no argument.

    codes: how many to look for without a trigger; confirm: have a second engine look, also without one.
    parent: the daemon's process id. archive: a folder, "" for none; archive_mb: its bound.
    """

    name: str
    source: str
    symbologies: tuple[str, ...]
    agree: int
    codes: int
    archive: str
    archive_mb: int
    parent: int
    confirm: bool = False


class Keep(NamedTuple):
    """Archive the last picture of this trigger. id: comes back in Kept."""

    id: int
    why: str


class Kept(NamedTuple):
    """file: its name in the archive, None where there is none."""

    id: int
    file: str | None


class Asked(NamedTuple):
    """A command to the process: one of these."""

    trigger: Wanted | None = None
    release: bool = False
    keep: Keep | None = None


class Told(NamedTuple):
    """What the process says: one of these, or nothing but that it is alive.

    bad: why a picture could not be used; the camera is not lost for that.
    """

    state: DeviceState | None = None
    look: Look | None = None
    kept: Kept | None = None
    bad: str = ""


_HEX = ConfigDict(ser_json_bytes="hex", val_json_bytes="hex")
_SHAPES: dict[type, TypeAdapter[object]] = {
    shape: TypeAdapter(shape, config=_HEX) for shape in (Spec, Asked, Told)
}


def line(message: Spec | Asked | Told) -> bytes:
    """One line, its end included."""
    return _SHAPES[type(message)].dump_json(message) + b"\n"


def parse(shape: type[_T], data: bytes) -> _T:
    """The message of that shape in one line; Malformed where it is none, or longer than LONGEST."""
    if len(data) > LONGEST:
        raise Malformed(f"a line of {len(data)} bytes: at most {LONGEST} are read")
    try:
        found = _SHAPES[shape].validate_json(data)
    except ValidationError as why:
        raise Malformed(f"no {shape.__name__}: {why.errors()[0]['msg']}") from None
    assert isinstance(found, shape)
    return found
