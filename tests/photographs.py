"""Photographs of codes that others took, with what each of them says; and pictures without a code."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from witness import ROOT

KINDS = ("qrcode", "datamatrix", "code128", "ean13", "upca")
_PICTURES = (".png", ".jpg", ".webp")
_ERRATA = {
    "ean13-2/23.webp": b"9784872348880",  # so the digits below the bars; the text has another book's
    "ean13-2/28.webp": b"9784872348880",
    "datamatrix-1/eci.png": b"\xb6\xb6",  # one byte in each of two character sets
    "datamatrix-3/dm-2x2-b.webp": b"",  # nobody could read it: "<unkown>"
}
_SETS = ("utf-8", "latin-1", "shift_jis", "cp1252", "cp437", "big5", "gb18030", "iso8859-5")


class Photograph(NamedTuple):
    """A picture of one code. kind: as in KINDS; says: the content, UTF-8 where it is text."""

    kind: str
    path: Path
    says: bytes

    def tells(self, data: bytes) -> bool:
        """Whether `data` is its content, in whatever character set the code's maker chose."""
        if data == self.says:
            return True
        try:
            text = self.says.decode()
        except UnicodeDecodeError:
            return False
        return any(_encoded(text, each) == data for each in _SETS)


def away() -> str:
    """Why there are no photographs; empty where there are."""
    return "" if _folder().is_dir() else f"no photographs in {_folder()}: set TAGWRIGHT_PHOTOGRAPHS"


def photographs() -> list[Photograph]:
    """All whose content is known; skips the test where there are none."""
    if away():
        pytest.skip(away())
    return [each for kind in KINDS for each in _of(kind)]


def pictures_without_a_code() -> list[Path]:
    """Pictures that hold none; skips the test where there are no photographs."""
    if away():
        pytest.skip(away())
    return sorted(each for each in _folder().glob("falsepositives-*/*") if _is_picture(each))


def _of(kind: str) -> Iterator[Photograph]:
    for path in sorted(_folder().glob(f"{kind}-*/*")):
        if not _is_picture(path):
            continue
        says = _ERRATA.get(f"{path.parent.name}/{path.name}", _beside(path))
        if says:
            yield Photograph(kind, path, says)


def _beside(path: Path) -> bytes:
    """The content as bytes, or as text without the blanks at its ends; empty where no file tells."""
    if path.with_suffix(".bin").is_file():
        return path.with_suffix(".bin").read_bytes()
    text = path.with_suffix(".txt")
    return text.read_bytes() if text.is_file() else b""


def _encoded(text: str, name: str) -> bytes | None:
    try:
        return text.encode(name)
    except UnicodeEncodeError:
        return None


def _is_picture(path: Path) -> bool:
    return path.suffix in _PICTURES


def _folder() -> Path:
    """TAGWRIGHT_PHOTOGRAPHS, else ../shared/data/codes."""
    named = os.environ.get("TAGWRIGHT_PHOTOGRAPHS")
    return Path(named) if named else ROOT.parent / "shared" / "data" / "codes"
