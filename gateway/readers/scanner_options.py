"""What an operator writes of a scanner behind the question mark of its URL: a preset, and what is otherwise there.

preset=keyence  baud=115200  framing=crlf  on=LON%0D  off=LOFF%0D  noread=ERROR  separator=,  codeid=honeywell
ack=%06  alive=HEARTBEAT  silent_s=30  ping=KEYENCE%0D
%XX is one byte, + a space; an empty value switches off what the preset has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import parse_qsl

from gateway.config import ConfigProblem
from gateway.readers.scanner_lines import FRAMINGS
from gateway.readers.scanner_presets import CODE_IDS, PRESETS
from gateway.readers.scanner_talk import Preset

_BAUD = 115_200
_BAUDS = range(300, 4_000_001)
_LONGEST = 256  # bytes of one option
_BYTES = {
    "on": "on",
    "off": "off",
    "separator": "separator",
    "ack": "ack",
    "ping": "ping",
    "alive": "alive",
}
_KNOWN = (*_BYTES, "noread", "framing", "codeid", "baud", "silent_s", "preset")

_T = TypeVar("_T")


@dataclass(frozen=True)
class Options:
    """silent_s: after so many seconds without a byte the scanner counts as gone; None: it may be silent."""

    preset: Preset
    baud: int = _BAUD
    silent_s: float | None = None


def options(query: str, url: str) -> Options:
    """What `query` says; ConfigProblem, with `url` in it, where it says what there is not."""
    given = dict(parse_qsl(query, keep_blank_values=True, encoding="latin-1"))
    for name, value in given.items():
        if name not in _KNOWN:
            raise ConfigProblem(f"{url}: no option {name!r}: write {', '.join(sorted(_KNOWN))}")
        if len(value) > _LONGEST:
            raise ConfigProblem(f"{url}: {name}: {_LONGEST} bytes at most")
        if not all(ord(each) <= 0xFF for each in value):
            raise ConfigProblem(f"{url}: {name}: write %XX for each byte of {value!r}")
    preset = _one_of(PRESETS, given, "preset", url) or PRESETS["generic"]
    changes = {to: given[name].encode("latin-1") for name, to in _BYTES.items() if name in given}
    preset = replace(preset, **changes)  # type: ignore[arg-type]  # all of them are bytes
    framing = _one_of(FRAMINGS, given, "framing", url)
    if framing is not None:
        preset = replace(preset, framing=framing)
    if "noread" in given:
        text = given["noread"].encode("latin-1")
        preset = replace(preset, no_read=(text,) if text else ())
    ids = _one_of(CODE_IDS, given, "codeid", url)
    if ids is not None:
        preset = replace(preset, code_ids=ids)
    baud = int(_number(given, "baud", _BAUD, url))
    if baud not in _BAUDS:
        raise ConfigProblem(f"{url}: baud: write baud=9600 or baud=115200")
    silent_s = _number(given, "silent_s", 0.0, url)
    return Options(preset, baud, silent_s or None)


def _one_of(known: Mapping[str, _T], given: Mapping[str, str], name: str, url: str) -> _T | None:
    if name not in given:
        return None
    found = known.get(given[name])
    if found is None:
        raise ConfigProblem(f"{url}: {name}: write {name}={', '.join(sorted(known))}")
    return found


def _number(given: Mapping[str, str], name: str, default: float, url: str) -> float:
    text = given.get(name, "")
    if not text:
        return default
    if not text.replace(".", "", 1).isdecimal() or len(text) > 9:
        raise ConfigProblem(f"{url}: {name}: {text!r} is no number")
    return float(text)
