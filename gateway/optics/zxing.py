"""zxing-cpp: the first engine, for every symbology, and the writer of our own symbols."""

from collections.abc import Sequence
from math import dist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import zxingcpp

from gateway.optics.crop import orientation
from gateway.optics.found import Corners, Found, Gray

_F = zxingcpp.BarcodeFormat
_FORMATS = {
    "qr": _F.QRCode,
    "datamatrix": _F.DataMatrix,
    "code128": _F.Code128,
    "ean13": _F.EAN13,
    "ean8": _F.EAN8,
    "upca": _F.UPCA,
    "upce": _F.UPCE,
}
_MODULES = {"EAN13": 95, "UPCA": 95, "EAN8": 67, "UPCE": 51}  # from guard to guard
_GRAY = zxingcpp.Binarizer.LocalAverage
_BLACK_WHITE = zxingcpp.Binarizer.FixedThreshold
_DRAWN = 4  # pixels a module, where modules are drawn to be read


class Seen(NamedTuple):
    """What one pass saw: codes, and the corners of those that it located and could not decode."""

    found: list[Found]
    unreadable: list[Corners]


def formats(symbologies: Sequence[str]) -> zxingcpp.BarcodeFormats:
    """The library's set for the words of configuration."""
    return zxingcpp.BarcodeFormats([_FORMATS[each] for each in symbologies])


def read(
    image: Gray,
    symbologies: Sequence[str],
    how: str = "fast",
    *,
    rotate: bool = False,
    downscale: bool = False,
    invert: bool = False,
    errors: bool = False,
    black_white: bool = False,
) -> Seen:
    """One pass over `image`.

    rotate: 1D at 90 degrees and Data Matrix in every quarter, too. downscale, invert: reduced, light on dark, too; all
    three cost four times as much as none (1080p: 45 against 11 ms). errors: tell what is located and not decoded.
    black_white: `image` has no gray.
    """
    found, unreadable = [], []
    for each in zxingcpp.read_barcodes(
        image,
        formats=formats(symbologies),
        try_rotate=rotate,
        try_downscale=downscale,
        try_invert=invert,
        text_mode=zxingcpp.TextMode.Plain,
        binarizer=_BLACK_WHITE if black_white else _GRAY,
        return_errors=errors,
    ):
        if each.valid:
            found.append(_found(each, how))
        else:
            unreadable.append(_corners(each.position))
    return Seen(found, unreadable)


def read_modules(dark: npt.NDArray[np.bool_], symbology: str, how: str) -> Found | None:
    """The message of a symbol whose modules are known; its corners are nowhere."""
    light = np.where(np.pad(dark, 2), 0, 255).astype(np.uint8)
    drawn = light.repeat(_DRAWN, axis=0).repeat(_DRAWN, axis=1)
    found = zxingcpp.read_barcode(
        drawn,
        formats=formats((symbology,)),
        text_mode=zxingcpp.TextMode.Plain,
        binarizer=_BLACK_WHITE,
        try_rotate=False,
        try_downscale=False,
        try_invert=False,
    )
    return _found(found, how) if found is not None and found.valid else None


def matrix(text: str | bytes, symbology: str, level: str = "M") -> Gray:
    """The modules of the smallest symbol: 0 dark, 255 light, one pixel each, without quiet zone.

    text: bytes become binary data. symbology: as configuration has it. level: L, M, Q or H, of QR alone.
    ValueError where the text does not fit or has a character that the symbology has not.
    """
    options = {"ec_level": level} if symbology == "qr" else {}
    try:
        code = zxingcpp.create_barcode(text, _FORMATS[symbology], **options)
    except (ValueError, RuntimeError) as trouble:
        raise ValueError(f"{symbology}: {trouble}") from None
    return np.array(code.to_image(scale=1, add_quiet_zones=False), dtype=np.uint8)


def _found(code: zxingcpp.Barcode, how: str) -> Found:
    corners = _corners(code.position)
    extra = code.extra if isinstance(code.extra, dict) else {}
    return Found(
        data=code.bytes,
        aim=code.symbology_identifier,
        symbology=code.format.name,
        corners=corners,
        orientation_deg=orientation(corners),
        engine="zxing",
        how=how,
        unused_correction=extra.get("UEC"),
        module_px=_module_px(corners, code.format.name, str(extra.get("Version", ""))),
    )


def _corners(at: zxingcpp.Position) -> Corners:
    return tuple(
        (each.x, each.y) for each in (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
    )


def _module_px(corners: Corners, symbology: str, version: str) -> float | None:
    if symbology in _MODULES:
        columns = _MODULES[symbology]
    elif "x" in version:
        columns = int(version.split("x")[-1])
    elif version.isdigit():
        columns = 17 + 4 * int(version)
    else:
        return None
    return dist(corners[0], corners[1]) / columns
