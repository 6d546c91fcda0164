"""A symbol: the modules of a QR Code or Data Matrix that a carrier's text makes, read back before anyone sees it.

ISO/IEC 18004 (QR Code), "Quiet zone": 4 modules on each side; ISO/IEC 16022 (Data Matrix), "Quiet zone": 1 module.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edge.errors import DoesNotFit, Malformed
from gateway.optics import zxing
from gateway.optics.found import Gray

Symbology = Literal["qr", "datamatrix"]

LEVEL = "M"  # of QR Code's error correction: about 15 % of the codewords
_QUIET = {"qr": 4, "datamatrix": 1}  # modules
_MOST = {"qr": 2331, "datamatrix": 1556}  # bytes that the largest symbol holds, QR at level M
_PROOF_PX = 4  # pixels a module, where a symbol is read back


@dataclass(frozen=True)
class Symbol:
    """rows: the modules, a byte each, 1 dark; without the quiet zone, which is `quiet` modules on each side."""

    text: str
    symbology: Symbology
    rows: tuple[bytes, ...]

    @property
    def columns(self) -> int:
        """Modules across."""
        return len(self.rows[0])

    @property
    def version(self) -> str:
        """QR Code "1" to "40"; Data Matrix rows x columns, "64x64"."""
        if self.symbology == "qr":
            return str((self.columns - 17) // 4)
        return f"{len(self.rows)}x{self.columns}"

    @property
    def level(self) -> str:
        """Of QR Code's error correction; Data Matrix has but one, ECC 200."""
        return LEVEL if self.symbology == "qr" else "ECC200"

    @property
    def quiet(self) -> int:
        """Modules on each side that stay light."""
        return _QUIET[self.symbology]

    @property
    def modules(self) -> int:
        """How many modules it has, dark and light."""
        return len(self.rows) * self.columns

    def picture(self, module_px: int) -> Gray:
        """The symbol with its quiet zone, so many whole pixels a module: 0 dark, 255 light."""
        dark = np.array([list(row) for row in self.rows], dtype=np.uint8)
        framed = np.pad(dark, self.quiet)
        return np.kron(1 - framed, np.full((module_px, module_px), 255, dtype=np.uint8))


def symbol(text: str, symbology: Symbology) -> Symbol:
    """The smallest symbol of `text`, QR at level M; zxing-cpp has read it back to the same bytes.

    Raises Malformed where the text is not printable ASCII, as a link is; DoesNotFit where no symbol is large enough.
    """
    if not text or not text.isascii() or not text.isprintable():
        raise Malformed(f"{text[:40]!r} is not printable ASCII, as a link is")
    most = _MOST[symbology]
    if len(text) > 2 * most:  # digits alone take less than half a byte each
        raise DoesNotFit(_too_long(text, symbology), len(text) - most)
    try:
        light = zxing.matrix(text, symbology, LEVEL)
    except ValueError as why:
        raise DoesNotFit(_too_long(text, symbology), max(1, len(text) - most)) from why
    made = Symbol(text, symbology, tuple(bytes(row) for row in (light == 0).astype(np.uint8)))
    _prove(made)
    return made


def smallest(texts: Iterable[str], symbology: Symbology) -> Symbol:
    """The symbol with the fewest modules of the same thing spelled in several ways; the first of equals.

    Raises as `symbol`, where no spelling fits.
    """
    made: list[Symbol] = []
    trouble: DoesNotFit | None = None
    for text in texts:
        try:
            made.append(symbol(text, symbology))
        except DoesNotFit as why:
            trouble = why
    if not made:
        raise trouble or ValueError("no spelling was given")
    return min(made, key=lambda each: each.modules)


def _prove(made: Symbol) -> None:
    seen = zxing.read(made.picture(_PROOF_PX), (made.symbology,), "proof")
    if [each.data for each in seen.found] != [made.text.encode()]:
        raise ValueError(f"{made.symbology} {made.version} of {made.text!r} is not read back")


def _too_long(text: str, symbology: Symbology) -> str:
    return f"{len(text)} characters fit no {symbology}: shorten the link, or leave claims out"
