"""Labels: the size of a code with a signed stub, and who reads it as printed, in the hand before a phone.

The picture is 1080p as a phone's preview; a label counts as read where one of three pictures of it was, for a phone
looks at more. The peers are zxing-cpp and OpenCV's plain detector, of the same pictures.
"""

import time
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
import segno
import zxingcpp

from edge import printed
from gateway.optics import printsize
from gateway.optics.artwork import artwork
from gateway.optics.label import Label, readable
from gateway.optics.symbol import Symbol, smallest
from hwsim.surface import Picture
from tests import phone
from tests.bench.size import Size
from tests.bench.table import Named, Row, progress
from tests.label_scene import in_hand

_BASE = "https://id.example.com/01/09520123456788/21/"
_STUB = 200  # bytes
_MODULE_MM = 0.4
_PICTURES = 3  # of each label
_NEAR_MM = 150.0

Reads = Callable[[Sequence[Picture]], list[list[str]]]


def rows(size: Size) -> Iterator[Row]:
    """Symbols of random stubs, then pictures of them; all on one core."""
    cv2.setNumThreads(1)
    labels = size.of(8, 60)
    rng = np.random.default_rng(size.seed)
    stubs = [b"\xd2\x84" + rng.bytes(_STUB - 2) for _ in range(labels)]
    links = [f"{_BASE}AB{number:08d}" for number in range(labels)]
    yield from _sizes(links, stubs)
    symbols = [
        smallest([printed.join(link, stub, form) for form in printed.FORMS], "qr")
        for link, stub in zip(links, stubs, strict=True)
    ]
    yield from _read("15 cm away", symbols, _NEAR_MM, size.seed, True)
    if size.full:
        told = printsize.distance_mm(symbols[0], _MODULE_MM)
        yield from _read(f"{told / 10:.0f} cm away as told", symbols, told, size.seed, False)
    yield _speed(symbols)


def _sizes(links: Sequence[str], stubs: Sequence[bytes]) -> Iterator[Row]:
    for symbology, what in (("qr", "QR version at level M"), ("datamatrix", "Data Matrix columns")):
        ours, plain = [], []
        for link, stub in zip(links, stubs, strict=True):
            texts = [printed.join(link, stub, form) for form in printed.FORMS]
            made = smallest(texts, symbology)
            ours.append(int(made.version) if symbology == "qr" else made.columns)
            plain.append(_segno(texts[0]) if symbology == "qr" else _zxing(texts[0]))
        peer = "segno, base64url" if symbology == "qr" else "zxing, base64url"
        yield Row(
            f"{what}: link of {len(links[0])} characters, {_STUB}-byte stub",
            max(ours),
            "largest",
            (peer, max(plain)),
            at_most=13 if symbology == "qr" else None,
            note=f"the largest of {len(links)} random stubs, {_MODULE_MM} mm a module",
        )


def _read(
    where: str, symbols: Sequence[Symbol], away_mm: float, seed: int, bar: bool
) -> Iterator[Row]:
    pictures = []
    for number, symbol in enumerate(symbols):
        progress(f"label {number + 1} of {len(symbols)}, {where}")
        pictures += [
            in_hand(symbol, _MODULE_MM, away_mm, seed, _PICTURES * number + each)
            for each in range(_PICTURES)
        ]
    texts = [symbol.text for symbol in symbols]
    plain = _shares(_opencv(pictures), texts)
    contestants: list[tuple[str, Reads]] = [("zxing-cpp", _zxing_reads)]
    if phone.is_there():
        contestants.append(("WeChat", phone.reads))
    for name, reads in contestants:
        labels, single = _shares(reads(pictures), texts)
        yield Row(
            f"{_MODULE_MM} mm modules, {where}, read by {name}",
            labels,
            "%",
            ("OpenCV", plain[0]),
            at_least=100 if bar else None,
            note=f"{single:.0f} % of {len(pictures)} pictures, OpenCV {plain[1]:.0f} %",
        )
    if not phone.is_there():
        progress("")
        yield Row(
            "a phone's decoder is not there: ./run bench unpacks it", 0, at_least=1 if bar else None
        )


def _shares(found: list[list[str]], texts: Sequence[str]) -> tuple[float, float]:
    """Percent of the labels, and of the pictures, that were read as they are; anything else read is an error."""
    right = []
    for number, each in enumerate(found):
        assert set(each) <= {texts[number // _PICTURES], ""}, each
        right.append(texts[number // _PICTURES] in each)
    labels = [any(right[at : at + _PICTURES]) for at in range(0, len(right), _PICTURES)]
    return 100 * sum(labels) / len(labels), 100 * sum(right) / len(right)


def _speed(symbols: Sequence[Symbol]) -> Row:
    """Symbol, proof and PNG at 300 dpi."""
    started = time.perf_counter()
    for symbol in symbols:
        again = smallest([symbol.text], "qr")
        artwork(Label(again, readable(again.text)), "png", _MODULE_MM, 300)
    took = time.perf_counter() - started
    started = time.perf_counter()
    for symbol in symbols:
        segno.make(symbol.text, error="m", micro=False)
    theirs = time.perf_counter() - started
    peer: Named = ("segno, symbol alone", len(symbols) / theirs)
    return Row("labels made, read back and drawn as PNG", len(symbols) / took, "a second", peer)


def _segno(text: str) -> int:
    return int(segno.make(text, error="m", micro=False, boost_error=False).version)


def _zxing(text: str) -> int:
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix)
    return int(made.to_image(scale=1, add_quiet_zones=False).shape[1])


def _zxing_reads(pictures: Sequence[Picture]) -> list[list[str]]:
    return [[each.text for each in zxingcpp.read_barcodes(picture)] for picture in pictures]


def _opencv(pictures: Sequence[Picture]) -> list[list[str]]:
    detector = cv2.QRCodeDetector()
    return [[detector.detectAndDecode(picture)[0]] for picture in pictures]
