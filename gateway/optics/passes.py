"""The passes of the cascade, cheapest and most fruitful first. Each is a name and what to do for it.

Regions before the whole picture: measured on 400 rendered 1080p frames, a region's pass takes 1 to 3 ms and reads
nine codes of ten; the whole frame in every way takes 50 ms and reads four.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import zip_longest
from typing import NamedTuple

from gateway.optics import dotpeen, zbar, zxing
from gateway.optics.background import levelled
from gateway.optics.bars import banded, sharpened, strip
from gateway.optics.crop import Crop, box, whole
from gateway.optics.found import Corners, Found, Gray
from gateway.optics.localise import Bars, Matrix, regions

Seen = tuple[list[Found], list[Corners]]
Covered = Callable[[float, float], bool]

_SMALL = 600_000  # pixels: up to here the whole picture costs no more than its regions
_REGIONS = 6  # of a kind, at least
_DOTS = 3  # regions that may hold dot-peened codes
_MATRIX = ("qr", "datamatrix")
_LEVELS = ((1.0, 0.8, 2.0), (1.5, 1.2, 3.0), (0.75, 0.7, 2.0), (2.0, 2.0, 3.0), (0.5, 0.0, 1.5))
"""scale, sigma of the noise filter and sharpening; in this order 172, 182, 187, 188, 189 of 200 codes."""


class Pass(NamedTuple):
    """What is tried."""

    name: str
    run: Callable[[], Seen]


def glancing(image: Gray, symbologies: Sequence[str]) -> Iterator[Pass]:
    """The strongest regions, once each; then the whole picture, reduced where it is large."""
    bars, matrices = regions(image)
    for one, other in _ranked(bars[:2], matrices[:3]):
        if one is not None:
            yield from _strips(image, one, symbologies, hard=False)
        if other is not None:
            yield from _levels(image, other, symbologies, _LEVELS[:1])
    crop = whole(image).scaled(0.5) if image.size > _SMALL else whole(image)
    yield Pass("fast", lambda: _zxing(crop, symbologies, "fast"))


def looking(
    image: Gray, symbologies: Sequence[str], covered: Covered, count: int
) -> Iterator[Pass]:
    """Everything that is worth its time. covered: whether a code was read there; count: codes that are looked for."""
    all_of_it = whole(image)
    if image.size <= _SMALL:
        yield Pass("whole", lambda: _thorough(all_of_it, symbologies, "whole"))
    most = max(_REGIONS, 2 * count)
    bars, matrices = regions(image)
    bars, matrices = bars[:most], matrices[:most]
    for one, other in _ranked(bars, matrices):
        if one is not None and not covered(*one.middle):
            yield from _strips(image, one, symbologies, hard=False)
        if other is not None and not covered(*_middle(other)):
            yield from _levels(image, other, symbologies, _LEVELS[:1])
    for other in matrices:
        if not covered(*_middle(other)):
            yield from _levels(image, other, symbologies, _LEVELS[1:3])
    for one in bars:
        if not covered(*one.middle):
            yield from _strips(image, one, symbologies, hard=True)
    if "datamatrix" in symbologies:
        for other in matrices[: max(_DOTS, count)]:
            if not covered(*_middle(other)):
                yield from _dots(image, other)
    if image.size > _SMALL:
        yield Pass("fast", lambda: _zxing(all_of_it, symbologies, "fast"))
        yield Pass("whole", lambda: _thorough(all_of_it, symbologies, "whole"))
    for other in matrices:
        if not covered(*_middle(other)):
            yield from _levels(image, other, symbologies, _LEVELS[3:])
    if image.size <= 8 * _SMALL:
        yield Pass("double", lambda: _zxing(all_of_it.scaled(2), symbologies, "double"))
    yield Pass("zbar", lambda: (all_of_it.placed(zbar.read(image, symbologies, "whole")), []))


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


def _zxing(crop: Crop, symbologies: Sequence[str], how: str, black_white: bool = False) -> Seen:
    seen = zxing.read(crop.pixels, symbologies, how, black_white=black_white)
    return crop.placed(seen.found), []


def _strips(image: Gray, bars: Bars, symbologies: Sequence[str], hard: bool) -> Iterator[Pass]:
    words = [each for each in symbologies if each not in _MATRIX]
    if not words:
        return
    if not hard:
        yield Pass("strip", lambda: _both(sharpened(strip(image, bars), 12), words, "strip"))
        return
    yield Pass("bands", lambda: _both(banded(strip(image, bars, 2), 8), words, "bands"))
    yield Pass(
        "defocus",
        lambda: _both(sharpened(strip(image, bars, 4), 24, 6, 3), words, "defocus"),
    )


def _both(crop: Crop, symbologies: Sequence[str], how: str) -> Seen:
    seen = zxing.read(crop.pixels, symbologies, how).found
    seen += zbar.read(crop.pixels, symbologies, how)
    return crop.placed(seen), []


def _levels(
    image: Gray,
    matrix: Matrix,
    symbologies: Sequence[str],
    levels: Sequence[tuple[float, float, float]],
) -> Iterator[Pass]:
    words = [each for each in symbologies if each in _MATRIX]
    if not words:
        return
    crop = box(image, matrix.left, matrix.top, matrix.right, matrix.bottom)
    for level in levels:
        yield Pass("level", partial(_level, crop, level, words))


def _level(crop: Crop, level: tuple[float, float, float], words: Sequence[str]) -> Seen:
    scale, smooth, sharpen = level
    scaled = crop.scaled(scale)
    flat = Crop(levelled(scaled.pixels, smooth, sharpen), scaled.back)
    return _zxing(flat, words, f"level {scale}", black_white=True)


def _dots(image: Gray, matrix: Matrix) -> Iterator[Pass]:
    crop = box(image, matrix.left, matrix.top, matrix.right, matrix.bottom)
    yield Pass("dots", lambda: (dotpeen.read(crop), []))
    for sigma in (2.5, 4.0):
        yield Pass("merged", partial(_merged, crop, sigma))


def _merged(crop: Crop, sigma: float) -> Seen:
    dots = dotpeen.merged(crop, sigma)
    seen = zxing.read(
        dots.pixels, ("datamatrix",), f"merged {sigma}", invert=True, black_white=True
    )
    return dots.placed(seen.found), []


def _middle(matrix: Matrix) -> tuple[float, float]:
    return (matrix.left + matrix.right) / 2, (matrix.top + matrix.bottom) / 2
