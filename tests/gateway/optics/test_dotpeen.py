"""Dots on a lattice, read as the modules that they stand for."""

import cv2
import numpy as np
import pytest

from gateway.optics import dotpeen, zxing
from gateway.optics.crop import box, whole
from gateway.optics.found import Gray
from gateway.optics.lattice import lattices
from gateway.optics.localise import regions
from hwsim.dotpeen import dotpeened


def dots(text: str, cell: float, turn_deg: float, bright: bool, fill: float = 0.6) -> Gray:
    """A plate of 400 x 400 pixels with one code, its middle in the middle."""
    modules = zxing.matrix(text, "datamatrix") == 0
    plate = np.full((400, 400), 130, np.uint8)
    turn = np.radians(turn_deg)
    for row, column in np.argwhere(modules):
        u, v = (np.array((column, row)) + 0.5 - np.array(modules.shape[::-1]) / 2) * cell
        x, y = 200 + u * np.cos(turn) - v * np.sin(turn), 200 + u * np.sin(turn) + v * np.cos(turn)
        at = (round(x * 16), round(y * 16))
        cv2.circle(plate, at, round(cell * fill * 8), 190 if bright else 70, -1, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(plate, (0, 0), 1), np.uint8)


@pytest.mark.parametrize("bright", [False, True])
@pytest.mark.parametrize("turn", [0, 30, 100, 200, -45])
def test_dots_are_read_whichever_way_they_lie(turn: float, bright: bool) -> None:
    (found,) = dotpeen.read(whole(dots("PART-7", 11, turn, bright)))
    assert (found.data, found.symbology, found.how) == (b"PART-7", "DataMatrix", "dots")
    assert found.module_px == pytest.approx(11, rel=0.03)
    assert (found.orientation_deg - turn + 180) % 360 - 180 == pytest.approx(0, abs=2)
    assert np.hypot(*(np.mean(found.corners, axis=0) - (200, 200))) < 4


@pytest.mark.parametrize("cell", [7, 9, 13, 16])
def test_the_lattice_is_measured(cell: float) -> None:
    first = next(lattices(dots("LATTICE 123", cell, 10, False)))
    assert 0.5 / np.linalg.norm(first.waves, axis=1) ** -1 == pytest.approx(1 / cell, rel=0.02)


def test_dots_in_the_middle_of_a_large_plate_are_read() -> None:
    plate = np.pad(dots("LARGE", 12, 5, False), 200, constant_values=130)
    (found,) = dotpeen.read(whole(plate))
    assert found.data == b"LARGE"
    assert np.hypot(*(np.mean(found.corners, axis=0) - (400, 400))) < 4


def test_nothing_is_read_from_brushed_metal_and_noise() -> None:
    rng = np.random.default_rng(3)
    for _ in range(6):
        noise = rng.integers(0, 256, (260, 260), np.uint8)
        lines = cv2.GaussianBlur(noise, (0, 0), sigmaX=20, sigmaY=0.8)
        assert dotpeen.read(whole(noise)) == []
        assert dotpeen.read(whole(cv2.normalize(lines, None, 0, 255, cv2.NORM_MINMAX))) == []


@pytest.mark.parametrize("shape", [(1, 1), (20, 300), (300, 20), (700, 700)])
def test_a_flat_plate_of_any_size_does_no_harm(shape: tuple[int, int]) -> None:
    assert dotpeen.read(whole(np.full(shape, 100, np.uint8))) == []


def test_most_of_the_peened_set_is_read_and_where_it_lies() -> None:
    read = 0
    for frame, code in dotpeened(5, 9):
        at = regions(frame)[1][0]
        crop = box(frame, at.left, at.top, at.right, at.bottom)
        found = dotpeen.read(crop)
        merged = [dotpeen.merged(crop, sigma) for sigma in (2.5, 4.0)]
        seen = [each.data for each in found]
        for picture in merged:
            seen += [
                each.data
                for each in zxing.read(
                    picture.pixels, ("datamatrix",), rotate=True, invert=True, black_white=True
                ).found
            ]
        assert set(seen) <= {code.data}
        read += bool(seen)
    assert read >= 7
