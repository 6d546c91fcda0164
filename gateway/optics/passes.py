"""The passes of the cascade, cheapest and most fruitful first. Each is a name and what to do for it.

Regions before the whole picture: measured on 400 rendered 1080p frames, a region's pass takes 1 to 3 ms and reads
nine codes of ten; the whole frame in every way takes 50 ms and reads four.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import zip_longest
from typing import NamedTuple

from gateway.optics import dotpeen, zbar, zxing
from gateway.optics.background import PLAIN, Level, evened, levelled, sharper
from gateway.optics.bars import banded, sharpened, strip
from gateway.optics.crop import Crop, box, whole
from gateway.optics.found import Corners, Found, Gray
from gateway.optics.localise import Bars, Matrix, regions

Seen = tuple[list[Found], list[Corners]]
Covered = Callable[[float, float], bool]

_SMALL = 600_000  # pixels: up to here the whole picture costs no more than its regions
_REGIONS = 6  # of a kind, at least
_DOTS = 2  # regions that may hold dot-peened codes, before the others had their turn
_MERGED = (2.5, 4.0)  # pixels, sigma of the blur that dots are merged by
_DOUBLED = 2_000_000  # pixels that zbar looks at, and that are enlarged
_LARGEST = 8_000_000  # pixels of a region, as it is levelled
_PEENED = 1_000_000  # pixels of a region that may hold dot-peened codes
_MATRIX = ("qr", "datamatrix")
_LEVELS = (
    PLAIN,
    Level(1.5, 27, 1.0, 3, 3),
    Level(1.0, 35, 1.2, 2, 2),
    Level(0.75, 21, 0.7, 2, 1.6),
    Level(2.0, 41, 2.0, 3, 4),
    Level(0.5, 27, 0.0, 1, 1.5),
)
"""In this order 355, 372, 381 of 400 crops of rendered codes; the rest are for other sizes of module."""


class _How(NamedTuple):
    """How a strip is made: how much enlarged, the height of a band, and the rest as gateway.optics.bars has it."""

    scale: float
    rows: int
    window: int
    sigma: float
    sharpen: float


_STRIP = _How(3, 12, 61, 4, 2)
_HARDER_STRIPS = (_How(4, 24, 121, 6, 3), _How(2, 8, 41, 3, 1), _How(4, 12, 81, 6, 3))


class Pass(NamedTuple):
    """What is tried."""

    name: str
    run: Callable[[], Seen]


def glancing(
    image: Gray, symbologies: Sequence[str], covered: Covered, count: int
) -> Iterator[Pass]:
    """The strongest regions, once each; the whole picture, reduced where it is large, when they held nothing."""
    bars, matrices = regions(image)
    for one, other in _ranked(bars[: 1 + count], matrices[: 2 + count]):
        if other is not None and not covered(*other.middle):  # a quarter of what a strip costs
            yield from _levels(image, other, symbologies, _LEVELS[:1])
        if one is not None and not covered(*one.middle):
            yield from _strips(image, one, symbologies)
    crop = whole(image).scaled(0.5) if image.size > _SMALL else whole(image)
    yield Pass("fast", partial(_plain, crop, symbologies, "fast"))


def looking(
    image: Gray, symbologies: Sequence[str], covered: Covered, count: int
) -> Iterator[Pass]:
    """Everything that is worth its time. covered: whether a code was read there; count: codes that are looked for."""
    all_of_it = whole(image)
    small = image.size <= _SMALL
    if small:
        yield Pass("whole", partial(_thorough, all_of_it, symbologies, "whole"))
    most = max(_REGIONS, 2 * count)
    bars, matrices = regions(image)
    bars, matrices = bars[:most], matrices[:most]

    def left() -> list[Matrix]:
        return [each for each in matrices if not covered(*each.middle)]

    for number, (one, other) in enumerate(_ranked(bars, matrices)):
        if other is not None and not covered(*other.middle):
            yield from _levels(image, other, symbologies, _LEVELS[:1])
        if one is not None and not covered(*one.middle):
            yield from _strips(image, one, symbologies)
        if number + 1 == _DOTS:
            yield from _dots(image, left()[:_DOTS], symbologies)
    if max(len(bars), len(matrices)) < _DOTS:
        yield from _dots(image, left(), symbologies)
    for other in left():
        yield from _levels(image, other, symbologies, _LEVELS[1:3])
    for one in bars:
        if not covered(*one.middle):
            yield from _harder_strips(image, one, symbologies)
    if not small:
        yield Pass("fast", partial(_plain, all_of_it, symbologies, "fast"))
        yield Pass("whole", partial(_thorough, all_of_it, symbologies, "whole"))
    yield from _dots(image, left()[_DOTS : _DOTS + count], symbologies)
    for other in left():
        yield from _levels(image, other, symbologies, _LEVELS[3:])
    if image.size <= _DOUBLED:
        even, double = Crop(evened(image), all_of_it.back), all_of_it.scaled(2)
        yield Pass("even", partial(_both, even, symbologies, "even"))
        yield Pass("zbar", partial(_zbar, all_of_it, symbologies, "whole"))
        yield Pass("double", partial(_both, double, symbologies, "double"))
        sharp = Crop(sharper(double.pixels), double.back)
        yield Pass("sharp", partial(_both, sharp, symbologies, "sharp"))
    if small:
        yield Pass("triple", partial(_both, all_of_it.scaled(3), symbologies, "triple"))


def _ranked(
    bars: Sequence[Bars], matrices: Sequence[Matrix]
) -> Iterator[tuple[Bars | None, Matrix | None]]:
    """The strongest of each, the second of each, and so on."""
    return zip_longest(bars, matrices)


def _thorough(crop: Crop, symbologies: Sequence[str], how: str) -> Seen:
    seen = zxing.read(
        crop.pixels, symbologies, how, rotate=True, downscale=True, invert=True, errors=True
    )
    return crop.placed(seen.found), [crop.corners(each) for each in seen.unreadable]


def _plain(crop: Crop, symbologies: Sequence[str], how: str) -> Seen:
    return crop.placed(zxing.read(crop.pixels, symbologies, how, rotate=True).found), []


def _zbar(crop: Crop, symbologies: Sequence[str], how: str) -> Seen:
    return crop.placed(zbar.read(crop.pixels, symbologies, how)), []


def _both(crop: Crop, symbologies: Sequence[str], how: str) -> Seen:
    found, unreadable = _thorough(crop, symbologies, how)
    return found + _zbar(crop, symbologies, how)[0], unreadable


def _strips(image: Gray, bars: Bars, symbologies: Sequence[str]) -> Iterator[Pass]:
    words = [each for each in symbologies if each not in _MATRIX]
    if words:
        yield Pass("strip", partial(_strip, image, bars, words, _STRIP))


def _harder_strips(image: Gray, bars: Bars, symbologies: Sequence[str]) -> Iterator[Pass]:
    words = [each for each in symbologies if each not in _MATRIX]
    if not words:
        return
    yield Pass("bands", lambda: _scan(banded(strip(image, bars, 2), 8), words, "bands"))
    for number, how in enumerate(_HARDER_STRIPS):
        yield Pass("defocus", partial(_strip, image, bars, words, how, f"defocus {number}"))


def _strip(image: Gray, bars: Bars, words: Sequence[str], how: _How, name: str = "strip") -> Seen:
    level = strip(image, bars, how.scale)
    return _scan(sharpened(level, how.rows, how.window, how.sigma, how.sharpen), words, name)


def _scan(crop: Crop, symbologies: Sequence[str], how: str) -> Seen:
    """Both engines on a level strip."""
    found = zxing.read(crop.pixels, symbologies, how).found
    return crop.placed(found + zbar.read(crop.pixels, symbologies, how)), []


def _levels(
    image: Gray,
    matrix: Matrix,
    symbologies: Sequence[str],
    levels: Sequence[Level],
) -> Iterator[Pass]:
    words = [each for each in symbologies if each in _MATRIX]
    if not words:
        return
    crop = box(image, matrix.left, matrix.top, matrix.right, matrix.bottom)
    for level in levels:
        if crop.pixels.size * level.scale**2 <= _LARGEST:
            yield Pass("level", partial(_level, crop, level, words))


def _level(crop: Crop, level: Level, words: Sequence[str]) -> Seen:
    scaled = crop.scaled(level.scale)
    flat = levelled(scaled.pixels, level)
    seen = zxing.read(
        flat, words, f"level {level.scale} {level.window}", rotate=True, black_white=True
    )
    return scaled.placed(seen.found), []


def _dots(image: Gray, matrices: Sequence[Matrix], symbologies: Sequence[str]) -> Iterator[Pass]:
    if "datamatrix" not in symbologies:
        return
    for matrix in matrices:
        crop = box(image, matrix.left, matrix.top, matrix.right, matrix.bottom)
        if crop.pixels.size > _PEENED:
            continue
        yield Pass("dots", partial(_peened, crop))
        for sigma in _MERGED:
            yield Pass("merged", partial(_merged, crop, sigma))


def _peened(crop: Crop) -> Seen:
    return dotpeen.read(crop), []


def _merged(crop: Crop, sigma: float) -> Seen:
    dots = dotpeen.merged(crop, sigma)
    how = f"merged {sigma}"
    seen = zxing.read(dots.pixels, ("datamatrix",), how, rotate=True, invert=True, black_white=True)
    return dots.placed(seen.found), []
