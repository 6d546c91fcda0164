"""Parts of a picture know where they come from."""

import numpy as np
import pytest

from gateway.optics import zxing
from gateway.optics.crop import Crop, box, orientation, whole
from gateway.optics.found import Corners, Gray
from tests.pictures import drawn

MODULES = zxing.matrix("PLACE", "datamatrix")
CODE = drawn(MODULES)  # four pixels a module, from (40, 40) on
SIDE = 4 * len(MODULES)


def scene(x: int, y: int) -> Gray:
    picture = np.full((600, 800), 200, np.uint8)
    picture[y : y + CODE.shape[0], x : x + CODE.shape[1]] = CODE
    return picture


def corners(crop: Crop) -> Corners:
    (found,) = crop.placed(zxing.read(crop.pixels, ("datamatrix",), rotate=True).found)
    return found.corners


def near(one: Corners, other: Corners) -> bool:
    return bool(np.abs(np.array(one) - np.array(other)).max() <= 3)


@pytest.mark.parametrize("scale", [0.5, 1, 2, 3])
def test_a_code_in_a_scaled_part_is_placed_in_the_picture(scale: float) -> None:
    picture = scene(300, 200)
    at = corners(whole(picture))
    assert near(at, ((340, 240), (340 + SIDE, 240), (340 + SIDE, 240 + SIDE), (340, 240 + SIDE)))
    assert near(corners(box(picture, 280, 190, 450, 370).scaled(scale)), at)


def test_a_module_keeps_its_size_in_the_picture() -> None:
    crop = whole(scene(300, 200)).scaled(2)
    (found,) = crop.placed(zxing.read(crop.pixels, ("datamatrix",)).found)
    assert found.module_px == pytest.approx(4, rel=0.1)


def test_a_part_ends_where_the_picture_does() -> None:
    crop = box(scene(0, 0), -100, -100, 10_000, 50)
    assert crop.pixels.shape == (51, 800)
    assert crop.corners(((3, 4),)) == ((3, 4),)


def test_orientation_is_clockwise() -> None:
    assert orientation(((0, 0), (10, 0), (10, 10), (0, 10))) == 0
    assert orientation(((0, 0), (0, 10), (-10, 10), (-10, 0))) == 90
    assert orientation(((0, 0), (10, -10))) == -45
    assert orientation(()) == 0
