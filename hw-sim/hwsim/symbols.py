"""Codes and their modules: QR by segno while it is small, Data Matrix, Code 128 and EAN-13 by zxing-cpp's writer."""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import segno
import zxingcpp

Modules = npt.NDArray[np.bool_]
"""Rows and columns of a symbol without its quiet zone; True is dark. One row for a bar code."""

WORDS = {"qr": "QRCode", "datamatrix": "DataMatrix", "code128": "Code128", "ean13": "EAN13"}
QUIET = {"QRCode": 4, "DataMatrix": 2, "Code128": 10, "EAN13": 11}
"""Modules of quiet zone that the standards ask for; Data Matrix's one is doubled."""
BARS = {"Code128": 45, "EAN13": 70}
"""Height of the bars in modules."""

_FORMATS = {
    "DataMatrix": zxingcpp.BarcodeFormat.DataMatrix,
    "Code128": zxingcpp.BarcodeFormat.Code128,
    "EAN13": zxingcpp.BarcodeFormat.EAN13,
}
_SEGNO = 120  # characters: it takes 60 ms for a symbol of version 10, zxing's writer 2
_ELEMENT = re.compile(r"\((\d{2,4})\)([^(]*)")
_PREDEFINED = {
    *("00", "01", "02", "03", "04", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20"),
    *("31", "32", "33", "34", "35", "36", "41"),
}  # no FNC1 after these (GS1 General Specifications, "Element strings with predefined length")


@dataclass(frozen=True)
class Code:
    """One code. symbology: QRCode, DataMatrix, Code128 or EAN13; text: its content.

    gs1: `text` is an element string with its AIs in brackets, "(01)09506000134352(21)SER1", and the symbol
    begins with FNC1. modules: the rows of a symbol that was made elsewhere, a byte each, 1 dark.
    """

    symbology: str
    text: str | bytes
    gs1: bool = False
    modules: tuple[bytes, ...] = ()

    @property
    def data(self) -> bytes:
        """What a reader must tell: without brackets, FNC1 between elements as 0x1D."""
        if isinstance(self.text, bytes):
            return self.text
        if not self.gs1:
            return self.text.encode()
        elements = _ELEMENT.findall(self.text)
        last = len(elements) - 1
        parts = [
            ai + value + ("\x1d" if number < last and ai[:2] not in _PREDEFINED else "")
            for number, (ai, value) in enumerate(elements)
        ]
        return "".join(parts).encode()


@lru_cache(maxsize=256)
def symbol(code: Code) -> Modules:
    """The modules of a code; ValueError where its content does not go into that symbology."""
    if code.modules:
        return np.array([list(row) for row in code.modules], bool)
    if code.symbology == "QRCode" and not code.gs1 and len(code.text) <= _SEGNO:
        matrix = segno.make(code.text, error="m", micro=False, boost_error=False).matrix
        return np.array(matrix, bool)
    if code.symbology == "QRCode":
        options = {"gs1": True} if code.gs1 else {"ec_level": "M"}
        made = zxingcpp.create_barcode(code.text, zxingcpp.BarcodeFormat.QRCode, **options)
    elif code.symbology in _FORMATS:
        options = {"gs1": True} if code.gs1 else {}
        if code.symbology == "DataMatrix":
            options["force_square"] = True
        made = zxingcpp.create_barcode(code.text, _FORMATS[code.symbology], **options)
    else:
        raise ValueError(f"no symbology {code.symbology!r}: known are {', '.join(WORDS.values())}")
    image = np.array(made.to_image(scale=1, add_quiet_zones=False))
    return np.asarray((image if code.symbology not in BARS else image[:1]) == 0, np.bool_)


def number(value: int) -> Modules:
    """The modules of a QR code of a number, made in a tenth of a millisecond."""
    made = zxingcpp.create_barcode(str(value), zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    return np.asarray(np.array(made.to_image(scale=1, add_quiet_zones=False)) == 0, np.bool_)


def parse(text: str) -> Code:
    """A code as options and commands have it: "qr:TEXT", "datamatrix:TEXT", "code128:TEXT", "ean13:DIGITS".

    "gs1-" before the symbology: TEXT is an element string with brackets.
    """
    word, _, content = text.partition(":")
    name = WORDS.get(word.removeprefix("gs1-"))
    code = Code(name or "", content, word.startswith("gs1-"))
    if not content or name is None or (code.gs1 and name == "EAN13"):
        raise ValueError(f"code {text!r}: write {', '.join(f'{each}:TEXT' for each in WORDS)}")
    if name == "EAN13" and not re.fullmatch("[0-9]{13}", content):
        raise ValueError(f"code {text!r}: EAN-13 has 13 digits")
    try:
        symbol(code)
    except ValueError as why:
        raise ValueError(f"code {text!r}: {why}") from why
    return code
