"""A second opinion: what an engine other than the one that read a code makes of the same place."""

import cv2
import numpy as np

from gateway.optics import dmtx, zbar
from gateway.optics.found import ONE_D, Found, Gray

_MARGIN = 0.25  # of the code's size, around it: its quiet zone and some
_GS = b"\x1d"


def second_engine(symbology: str) -> str:
    """ "" where there is a second engine for zxing's word `symbology`, else why not, and what to do."""
    if symbology == "QRCode":
        return ""
    if symbology == "DataMatrix":
        return dmtx.available()
    if symbology in ONE_D:
        return zbar.available()
    return f"no second engine reads {symbology}"


def confirm(image: Gray, found: Found) -> tuple[str, ...]:
    """Names of the other engines that read the same bytes there: "opencv" (QR), "dmtx", "zbar".

    GS1 Data Matrix and GS1 QR are confirmed by none: libdmtx loses FNC1, and OpenCV refuses it.
    """
    there = _crop(image, found)
    if there is None:
        return ()
    if found.symbology == "QRCode" and found.aim != "]Q3":
        return ("opencv",) if found.data in _opencv(there) else ()
    if found.symbology == "DataMatrix" and found.aim != "]d2" and _GS not in found.data:
        return ("dmtx",) if found.data in dmtx.read(there) else ()
    if found.symbology in ONE_D and found.engine != "zbar":
        words = ("code128", "ean13", "ean8", "upca")
        read = {(each.symbology, each.data) for each in zbar.read(there, words)}
        return ("zbar",) if (found.symbology, found.data.replace(_GS, b"")) in read else ()
    return ()


def _opencv(image: Gray) -> list[bytes]:
    try:
        data, _, _ = cv2.QRCodeDetector().detectAndDecodeBytes(image)
    except cv2.error:  # FNC1, and some shapes (opencv #27807)
        return []
    return [data]


def _crop(image: Gray, found: Found) -> Gray | None:
    corners = np.array(found.corners, np.int32).reshape(-1, 2)
    if len(corners) < 3:
        return None
    left, top, wide, high = cv2.boundingRect(corners)
    margin = int(max(wide, high) * _MARGIN) + 8
    there = image[
        max(top - margin, 0) : top + high + margin, max(left - margin, 0) : left + wide + margin
    ]
    return np.ascontiguousarray(there) if there.size else None
