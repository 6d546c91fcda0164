"""Reader URLs (cli.md) to readers. A new kind of reader is one file beside this one, and one line here.

llrp://HOST[:5084], llrps://HOST[:5085] and m100:PATH take antenna=1,2  power_dbm=20  rssi_dbm=-60  tid=HEX  session=0
behind a question mark; llrps:// ca, cert and key (PEM files), m100: baud and region=eu (the band it may use), too.

camera:0, camera:rtsp://HOST/..., camera:http://HOST/video.mjpg, camera:/FOLDER and scanner:/dev/ttyACM0?preset=keyence,
scanner:tcp://HOST:PORT?preset=cognex, scanner:keyboard:/dev/input/by-id/... read codes.

handheld:/dev/ttyACM0[?baud=115200] and handheld:tcp://HOST:PORT, where the gateway listens, hand in what they did.
"""

import difflib
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

from edge import gen2
from gateway.config import CodesConfig, ConfigProblem
from gateway.model import Inventory
from gateway.readers import handheld
from gateway.readers.codeport import CodeReader
from gateway.readers.handheld import Handhelds, Where
from gateway.readers.port import TagReader
from gateway.readers.rain import Choice, RainReader
from gateway.readers.reader import Reader

_RAIN = {
    "antenna": "antenna=1,2",
    "power_dbm": "power_dbm=20",
    "rssi_dbm": "rssi_dbm=-60",
    "tid": "tid=E280...",
    "session": "session=0",
}
_PORTS = {"llrp": 5084, "llrps": 5085}  # IANA: llrp, llrp-tls
_LAST_PORT = 0xFFFF
_SESSIONS = 4
_MOST_ANTENNAS = 255
_CODES = CodesConfig()

CODE_SCHEMES = ("camera", "scanner")
"""Of readers behind gateway/readers/codeport.py."""

_T = TypeVar("_T")


class UsageProblem(ConfigProblem):
    """What the operator wrote names no reader; the text says what does."""


def open_reader(url: str, name: str | None = None) -> TagReader:
    """The reader at `url`, not yet open, called `name` or else by its URL; UsageProblem where that is none."""
    scheme, colon, rest = url.partition(":")
    if not colon or not rest:
        raise UsageProblem(
            f"{url!r} is no reader: write pn532:/dev/ttyUSB0, nfcpy:usb:072f:2200, llrp://host or m100:/dev/ttyUSB1"
        )
    make = _SCHEMES.get(scheme)
    if scheme == handheld.SCHEME:
        raise UsageProblem(
            f"{url}: a handheld does its jobs by itself: name it as a [[reader]], and `tagwright run` collects"
        )
    if scheme in CODE_SCHEMES:
        raise UsageProblem(f"{scheme}: reads codes, and a tag reader is asked for here")
    if make is None:
        known = ", ".join(sorted(_SCHEMES))
        codes = ", ".join(CODE_SCHEMES)
        near = difflib.get_close_matches(scheme, [*_SCHEMES, *CODE_SCHEMES], n=1)
        hint = f": did you mean {near[0]}:?" if near else ""
        raise UsageProblem(
            f"{scheme}: no such kind of reader{hint}: this version knows {known}; for codes {codes}"
        )
    return make(url, rest, name or url)


def open_code_reader(url: str, name: str | None = None, codes: CodesConfig = _CODES) -> CodeReader:
    """The camera or scanner at `url`, not yet open; UsageProblem where that is none. codes: what it shall read."""
    scheme, _, rest = url.partition(":")
    if scheme not in CODE_SCHEMES or not rest:
        raise UsageProblem(
            f"{url!r} reads no codes: write camera:0, camera:http://HOST/video.mjpg or scanner:/dev/ttyACM0"
        )
    if scheme == "camera":
        from gateway.readers.camera import open_camera

        return _of(name or scheme, "URL", open_camera, rest, name or url, codes)  # no password
    from gateway.readers.scanner import open_scanner

    return _of(url, "scanner", open_scanner, rest, name or url, codes)


def open_handhelds(url: str, name: str) -> Handhelds:
    """The handhelds at `url`, not yet open; UsageProblem where that is none."""
    scheme, _, rest = url.partition(":")
    if scheme != handheld.SCHEME or not rest:
        raise UsageProblem(f"{url!r} is no handheld: write handheld:/dev/ttyACM0")
    if not rest.startswith("tcp:"):
        path, options = _options(url, rest, {"baud": "baud=115200"})
        if not path.startswith("/"):
            raise UsageProblem(f"{url}: write handheld:/dev/ttyACM0 or handheld:tcp://0.0.0.0:8478")
        return Handhelds(name, Where(path, baud=_number(url, options, "baud", handheld.BAUD)))
    at, _ = _options(url, rest, {"": "none: it listens there, and handhelds connect"})
    where = urlsplit(at)
    try:
        host, port = where.hostname, where.port
    except ValueError as why:
        raise UsageProblem(f"{url}: {why}") from why
    if not host or port is None or where.path not in ("", "/") or where.username is not None:
        raise UsageProblem(f"{url}: write handheld:tcp://0.0.0.0:8478, where the gateway listens")
    return Handhelds(name, Where(host=host, port=port))


def _pn532(url: str, rest: str, name: str) -> TagReader:
    from gateway.readers.hsu import BAUD
    from gateway.readers.pn532 import Pn532

    path, options = _options(url, rest, {"baud": "baud=115200"})
    if not path:
        raise UsageProblem(f"{url}: write pn532:PATH or pn532:PATH?baud=115200")
    return Reader(name, _of(url, "baud", Pn532, path, _number(url, options, "baud", BAUD)))


def _nfcpy(url: str, rest: str, name: str) -> TagReader:
    try:
        from gateway.readers.nfcpy import Nfcpy
    except ModuleNotFoundError as why:
        raise UsageProblem(f"{url}: {why}: install tagwright[nfcpy]") from why
    return Reader(name, Nfcpy(rest))


def _llrp(url: str, rest: str, name: str) -> TagReader:
    scheme = url.partition(":")[0]
    files = ("ca", "cert", "key") if scheme == "llrps" else ()
    _, options = _options(url, rest, _RAIN | {each: f"{each}=FILE.pem" for each in files})
    where = urlsplit(url)
    try:
        host, port = where.hostname, where.port or _PORTS[scheme]
    except ValueError as why:
        raise UsageProblem(f"{url}: {why}") from why
    if not host or where.path not in ("", "/") or where.username is not None:
        raise UsageProblem(f"{url}: write {scheme}://HOST or {scheme}://HOST:{_PORTS[scheme]}")
    choice = _choice(url, options)
    from gateway.readers.llrp import LlrpPort
    from gateway.readers.llrp_reach import tls_context

    tls = None
    if files:
        paths = [Path(options[each]) if each in options else None for each in files]
        tls = _of(url, "ca, cert, key", tls_context, *paths)
    return RainReader(name, LlrpPort(host, port, tls, name=name), choice=choice)


def _m100(url: str, rest: str, name: str) -> TagReader:
    from gateway.readers.m100 import BAUD, M100Port

    known = _RAIN | {"baud": "baud=115200", "region": "region=eu"}
    path, options = _options(url, rest, known)
    if not path:
        raise UsageProblem(f"{url}: write m100:PATH or m100:PATH?power_dbm=20")
    choice = _choice(url, options)
    baud, region = _number(url, options, "baud", BAUD), options.get("region", "")
    port = _of(url, "region", lambda: M100Port(path, baud, region=region))
    return RainReader(name, port, choice=choice)


def _choice(url: str, options: Mapping[str, str]) -> Choice:
    """Which tags a RAIN reader's options mean, and how to look for them."""
    antennas = tuple(
        _of(url, "antenna", _whole, each) for each in options.get("antenna", "").split(",") if each
    )
    session = _number(url, options, "session", 0)
    if not all(0 < each <= _MOST_ANTENNAS for each in antennas):
        raise UsageProblem(f"{url}: antenna: antennas are numbered from 1")
    if session not in range(_SESSIONS):
        raise UsageProblem(f"{url}: session: Gen2 has the sessions 0 to 3")
    return Choice(
        Inventory(
            antennas=antennas,
            power_dbm=_decibels(url, options, "power_dbm"),
            session=session,
        ),
        rssi_dbm=_decibels(url, options, "rssi_dbm"),
        tid=_of(url, "tid", _words, options.get("tid", "")),
    )


def _options(url: str, rest: str, known: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """(what stands before the question mark, the options behind it)."""
    path, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    wrong = sorted(set(options) - set(known))
    if wrong:
        raise UsageProblem(f"{url}: no option {wrong[0]!r}: write {', '.join(known.values())}")
    return path, options


def _number(url: str, options: Mapping[str, str], name: str, default: int) -> int:
    return _of(url, name, _whole, options[name]) if name in options else default


def _decibels(url: str, options: Mapping[str, str], name: str) -> float | None:
    return _of(url, name, _finite, options[name], _RAIN[name]) if name in options else None


def _whole(text: str) -> int:
    """ValueError says it in our words, as those below."""
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is no whole number") from None


def _finite(text: str, as_in: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"{text!r} is no number of dBm: write {as_in}")
    return found


def _words(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        raise ValueError(f"{text!r} is not hex: write its digits, {_RAIN['tid']}") from None
    if len(found) % gen2.WORD:
        raise ValueError(f"{text} is no whole number of words: write 4 hex digits for each")
    return found


def _of(url: str, option: str, make: Callable[..., _T], *values: object) -> _T:
    """What `make` makes of an option; UsageProblem where that is a ValueError or a file that cannot be read."""
    try:
        return make(*values)
    except (ValueError, OSError) as why:
        raise UsageProblem(f"{url}: {option}: {why}") from why


_SCHEMES: dict[str, Callable[[str, str, str], TagReader]] = {
    "llrp": _llrp,
    "llrps": _llrp,
    "m100": _m100,
    "nfcpy": _nfcpy,
    "pn532": _pn532,
}
