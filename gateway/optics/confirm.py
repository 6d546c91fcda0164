"""A second opinion: what an engine other than the one that read a code makes of the same place."""

from collections.abc import Callable, Iterable, Iterator

import cv2

from gateway.optics import dmtx, zbar
from gateway.optics.background import levelled
from gateway.optics.bars import sharpened, strip
from gateway.optics.crop import Crop, box
from gateway.optics.found import ONE_D, Found, Gray
from gateway.optics.localise import regions

_MARGIN = 0.25  # of the code's size, around it: its quiet zone and some
_GS = b"\x1d"
_GS1 = ("]Q3", "]d2")  # FNC1: OpenCV refuses it, libdmtx loses it


def second_engine(symbology: str, aim: str = "") -> str:
    """ "" where there is a second engine for zxing's word `symbology`, else why not, and what to do."""
    if aim in _GS1:
        return f"no second engine reads GS1's {symbology} right: print the link, without FNC1"
    if symbology == "QRCode":
        return ""
    if symbology == "DataMatrix":
        return dmtx.available()
    if symbology in ONE_D:
        return zbar.available()
    return f"no second engine reads {symbology}"


def confirm(image: Gray, found: Found) -> tuple[str, ...]:
    """Names of the other engines that read the same bytes there: "opencv" (QR), "dmtx", "zbar".

    GS1 Data Matrix and GS1 QR are confirmed by none.
    """
    if found.aim in _GS1:
        return ()
    xs, ys = zip(*found.corners, strict=True) if found.corners else ((), ())
    if not xs:
        return ()
    margin = max(max(xs) - min(xs), max(ys) - min(ys)) * _MARGIN + 8
    there = box(image, min(xs) - margin, min(ys) - margin, max(xs) + margin, max(ys) + margin)
    if not there.pixels.size:
        return ()
    if found.symbology == "QRCode":
        return ("opencv",) if _reads(_opencv, _matrices(there), found.data) else ()
    if found.symbology == "DataMatrix" and _GS not in found.data:
        return ("dmtx",) if _reads(dmtx.read, _matrices(there), found.data) else ()
    if found.symbology in ONE_D and found.engine != "zbar":
        data = found.data.replace(_GS, b"")
        return ("zbar",) if _reads(_zbar, _bars(there), data) else ()
    return ()


def _reads(engine: Callable[[Gray], list[bytes]], images: Iterable[Gray], data: bytes) -> bool:
    return any(data in engine(image) for image in images)


def _matrices(there: Crop) -> Iterator[Gray]:
    """The crop as it is, then what makes it plainer."""
    yield there.pixels
    yield levelled(there.pixels)
    yield there.scaled(2).pixels


def _bars(there: Crop) -> Iterator[Gray]:
    yield there.pixels
    for bars in regions(there.pixels)[0][:2]:
        yield sharpened(strip(there.pixels, bars, 3), 12, 61, 4, 2).pixels


def _opencv(image: Gray) -> list[bytes]:
    try:
        data, _, _ = cv2.QRCodeDetector().detectAndDecodeBytes(image)
    except cv2.error:  # FNC1, and some shapes (opencv #27807)
        return []
    return [data]


def _zbar(image: Gray) -> list[bytes]:
    words = ("code128", "ean13", "ean8", "upca")
    return [each.data.replace(_GS, b"") for each in zbar.read(image, words)]
