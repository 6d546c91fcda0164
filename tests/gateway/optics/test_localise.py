"""Where codes may be, in rendered pictures whose codes lie where we put them."""

from math import atan2, degrees

import numpy as np
import pytest

from gateway.optics import zbar, zxing
from gateway.optics.background import levelled
from gateway.optics.bars import banded, sharpened, strip
from gateway.optics.found import Gray
from gateway.optics.localise import Bars, regions
from hwsim.scene import Placed, Scene, degraded, degraded_scene, render
from hwsim.symbols import Code

EAN = Code("EAN13", "4006381333931")


def label(rotation_deg: float = 0, tilt_deg: float = 0, code: Code = EAN) -> Gray:
    placed = Placed(
        code,
        900,
        500,
        module_px=2.4,
        rotation_deg=rotation_deg,
        tilt_deg=tilt_deg,
        tilt_axis_deg=40,
    )
    return render(Scene((placed,)), 5)


def nearest(found: list[Bars]) -> Bars:
    return min(found, key=lambda bars: float(np.hypot(*(bars.middle - (900, 500)))))


@pytest.mark.parametrize("rotation", [-80, -45, -10, 0, 25, 60, 90])
def test_bars_are_found_and_their_direction(rotation: float) -> None:
    bars = nearest(regions(label(rotation))[0])
    assert np.hypot(*(bars.middle - (900, 500))) < 30
    angle = degrees(atan2(bars.across[1], bars.across[0])) - rotation
    assert abs((angle + 90) % 180 - 90) < 2
    assert 95 * 2.4 / 2 < bars.half_width < 95 * 2.4  # quiet zones and the label's edges are in it


@pytest.mark.parametrize(("rotation", "tilt"), [(0, 0), (-30, 0), (20, 45), (77, 30), (180, 10)])
def test_a_strip_is_read_however_the_label_lies(rotation: float, tilt: float) -> None:
    picture = label(rotation, tilt)
    level = strip(picture, nearest(regions(picture)[0]))
    straight = sharpened(level, 12, 61, 4, 2)
    assert set(np.unique(straight.pixels)) <= {0, 255}
    found = straight.placed(zxing.read(straight.pixels, ("ean13",)).found)
    assert [each.data for each in found] == [EAN.data]
    assert np.hypot(*(np.mean(found[0].corners, axis=0) - (900, 500))) < 30
    assert (found[0].orientation_deg - rotation + 180) % 360 - 180 == pytest.approx(0, abs=12)
    assert [each.data for each in zbar.read(banded(level, 8).pixels, ("ean13",))] == [EAN.data]


def test_most_codes_of_the_hard_set_are_among_the_three_strongest_regions() -> None:
    missed = []
    for number, (frame, code) in enumerate(degraded(11, 12)):
        at = degraded_scene(11, number).labels[0]
        bars, matrices = regions(frame)
        if code.symbology in ("QRCode", "DataMatrix"):
            there = any(
                each.left < at.x < each.right and each.top < at.y < each.bottom
                for each in matrices[:3]
            )
        else:
            there = any(float(np.hypot(*(each.middle - (at.x, at.y)))) < 60 for each in bars[:3])
        if not there:
            missed.append(number)
    assert len(missed) <= 1


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (40, 40), (1080, 1920)])
def test_nothing_is_found_where_nothing_is(shape: tuple[int, int]) -> None:
    assert regions(np.full(shape, 128, np.uint8)) == ([], [])


def test_uneven_light_is_taken_out() -> None:
    modules = zxing.matrix("UNEVEN LIGHT", "datamatrix")
    picture = np.pad(modules, 6, constant_values=255).repeat(6, axis=0).repeat(6, axis=1)
    light = np.linspace(0.15, 1, picture.shape[1])
    shaded = ((60 + 0.5 * picture) * light).astype(np.uint8)
    flat = levelled(shaded)
    assert set(np.unique(flat)) == {0, 255}
    (found,) = zxing.read(flat, ("datamatrix",), black_white=True).found
    assert found.data == b"UNEVEN LIGHT"
