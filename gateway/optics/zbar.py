"""ZBar: the second engine of EAN, UPC and Code 128. It mangles QR content (64 of 69 binary symbols): not used."""

from collections.abc import Sequence
from types import ModuleType

from gateway.optics.found import Corners, Found, Gray

_TYPES = {
    "code128": ("CODE128",),
    "ean13": ("EAN13",),
    "ean8": ("EAN8",),
    "upca": ("EAN13", "UPCA"),
    "upce": ("UPCE",),
}
_WORDS = {
    "CODE128": ("Code128", ""),
    "EAN13": ("EAN13", "]E0"),
    "EAN8": ("EAN8", "]E4"),
    "UPCA": ("EAN13", "]E0"),
}
_DEGREES = {"UP": 0.0, "RIGHT": 90.0, "DOWN": 180.0, "LEFT": 270.0}


def available() -> str:
    """ "" where the library is there, else what is missing and what to do."""
    return "" if _library() else "libzbar is missing: apt install libzbar0"


def read(image: Gray, symbologies: Sequence[str], how: str = "zbar") -> list[Found]:
    """One pass over `image`; nothing where none of `symbologies` is one that ZBar is trusted with, or it is missing.

    ZBar tells a GS1-128 from a plain Code 128 by nothing: the aim of Code 128 is left empty.
    """
    library = _library()
    names = sorted({name for each in symbologies for name in _TYPES.get(each, ())})
    if library is None or not names:
        return []
    kinds = [library.ZBarSymbol[name] for name in names]
    found = []
    for each in library.decode(image, symbols=kinds):
        if each.type not in _WORDS:
            continue
        symbology, aim = _WORDS[each.type]
        data = b"0" + each.data if each.type == "UPCA" else bytes(each.data)
        if symbology == "EAN13" and "ean13" not in symbologies:
            if not data.startswith(b"0"):
                continue
            symbology = "UPCA"
        found.append(
            Found(
                data=data,
                aim=aim,
                symbology=symbology,
                corners=_corners(each.rect),
                orientation_deg=_DEGREES.get(each.orientation, 0.0),
                engine="zbar",
                how=how,
            )
        )
    return found


def _library() -> ModuleType | None:
    try:
        from pyzbar import pyzbar
    except (ImportError, OSError):
        return None
    module: ModuleType = pyzbar
    return module


def _corners(rect: tuple[int, int, int, int]) -> Corners:
    left, top, width, height = rect
    return (left, top), (left + width, top), (left + width, top + height), (left, top + height)
