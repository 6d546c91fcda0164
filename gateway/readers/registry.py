"""Reader URLs (cli.md) to readers. A new kind of reader is one file beside this one, and one line here."""

from collections.abc import Callable
from urllib.parse import parse_qsl

from gateway.config import ConfigProblem
from gateway.readers.port import TagPort, TagReader
from gateway.readers.reader import Reader


class UsageProblem(ConfigProblem):
    """What the operator wrote names no reader; the text says what does."""


def open_reader(url: str, name: str | None = None) -> TagReader:
    """The reader at `url`, not yet open, called `name` or else by its URL; UsageProblem where that is none."""
    scheme, colon, rest = url.partition(":")
    if not colon or not rest:
        raise UsageProblem(f"{url!r} is no reader: write pn532:/dev/ttyUSB0 or nfcpy:usb:072f:2200")
    make = _SCHEMES.get(scheme)
    if make is None:
        known = ", ".join(sorted(_SCHEMES))
        raise UsageProblem(f"{scheme}: not built yet: this version knows {known}")
    return Reader(name or url, make(rest))


def _pn532(rest: str) -> TagPort:
    from gateway.readers.hsu import BAUD
    from gateway.readers.pn532 import Pn532

    path, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    baud = options.pop("baud", str(BAUD))
    if options or not path:
        raise UsageProblem(f"pn532:{rest}: write pn532:PATH or pn532:PATH?baud=115200")
    try:
        return Pn532(path, int(baud))
    except ValueError as why:
        raise UsageProblem(f"pn532:{rest}: {why}") from why


def _nfcpy(rest: str) -> TagPort:
    try:
        from gateway.readers.nfcpy import Nfcpy
    except ModuleNotFoundError as why:
        raise UsageProblem(f"nfcpy:{rest}: {why}: install tagwright[nfcpy]") from why
    return Nfcpy(rest)


_SCHEMES: dict[str, Callable[[str], TagPort]] = {"nfcpy": _nfcpy, "pn532": _pn532}
