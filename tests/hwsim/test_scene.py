"""Pictures of codes: where they lie, how dark they are, and the seeded sets that must not change."""

import numpy as np
import pytest
import zxingcpp

from hwsim.degrade import Lens, Light
from hwsim.dotpeen import dotpeened, dotpeened_picture
from hwsim.scene import COLUMNS, ROWS, Placed, Scene, degraded, degraded_scene, drawn, render
from hwsim.symbols import Code

QR = Code("QRCode", "https://id.example.com/01/09506000134352/21/1")
DEGRADED = [
    b"https://id.example.com/01/09506006707901/21/805002923",
    b"010950600132304510L7742\x1d21774204180",
    b"010950600792834321237720964",
    b"9506009711790",
]
DEGRADED_MEANS = [125.7, 51.8, 109.6, 73.3]
DOTPEENED = [b"P1476021S452214", b"P4138580S859057", b"P8907248S655000"]
DOTPEENED_MEANS = [96.3, 146.5, 93.7]
PLAIN = {"clutter": 0, "lamp": Light(), "lens": Lens()}


def only(picture: np.ndarray) -> zxingcpp.Barcode:
    (found,) = zxingcpp.read_barcodes(picture)
    return found


def middle(found: zxingcpp.Barcode) -> tuple[float, float]:
    at = found.position
    corners = (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
    return sum(each.x for each in corners) / 4, sum(each.y for each in corners) / 4


@pytest.mark.parametrize("rotation_deg", [0, 30, 90, -135])
def test_a_label_lies_where_it_is_placed_and_as_it_is_turned(rotation_deg: float) -> None:
    scene = Scene((Placed(QR, 300, 200, 4.0, rotation_deg),), rows=400, columns=600, **PLAIN)
    found = only(render(scene))
    assert found.bytes == QR.data
    assert middle(found) == pytest.approx((300, 200), abs=3)
    assert (found.orientation - rotation_deg + 180) % 360 - 180 == pytest.approx(0, abs=2)


def test_a_tilted_label_is_narrower_across_its_axis_and_nearer_on_one_side() -> None:
    flat = drawn(np.random.default_rng(), Placed(QR, 300, 200, 4.0))[2]
    tilted = drawn(np.random.default_rng(), Placed(QR, 300, 200, 4.0, tilt_deg=45))[2]
    assert tilted.shape[0] / flat.shape[0] == pytest.approx(np.cos(np.radians(45)), abs=0.05)
    widths = (tilted[..., 1] > 0.5).sum(axis=1)
    assert widths[5] > widths[-6]


def test_ink_and_paper_have_their_gray_and_a_small_module_its_mean() -> None:
    label = Placed(QR, 300, 200, 6.0, dark=70, bright=140, grain=0)
    picture = render(Scene((label,), rows=400, columns=600, level=100, **PLAIN))
    part = picture[120:280, 220:380]
    assert (part.min(), part.max()) == (70, 140)


def test_blur_motion_noise_and_glare_each_leave_their_mark() -> None:
    label = Placed(QR, 300, 200, 6.0)
    clear = render(Scene((label,), rows=400, columns=600, **PLAIN)).astype(int)

    def other(label: Placed = label, **changed: Light | Lens) -> np.ndarray:
        return render(Scene((label,), rows=400, columns=600, **{**PLAIN, **changed})).astype(int)

    edges = abs(np.diff(clear, axis=1)).mean()
    assert abs(np.diff(other(lens=Lens(blur_px=2)), axis=1)).mean() < edges / 1.5
    moved = other(label=Placed(QR, 300, 200, 6.0, motion_px=8))
    assert abs(np.diff(moved, axis=1)).mean() < abs(np.diff(moved, axis=0)).mean()
    noise = other(lens=Lens(noise=5)) - clear
    assert noise[:40].std() == pytest.approx(5, rel=0.1)
    glare = other(lamp=Light(glare=60, glare_at=(500, 100), glare_px=(40, 20))) - clear
    assert glare[100, 500] == pytest.approx(60, abs=2) and abs(glare[300, 100]) <= 1


def test_a_picture_of_the_degraded_set_depends_on_the_seed_and_its_number_alone() -> None:
    number = 2
    picture, code = list(degraded(7, number + 1))[number]
    assert picture.shape == (ROWS, COLUMNS) and picture.dtype == np.uint8
    alone = degraded_scene(7, number)
    assert alone.labels[0].code == code
    assert (render(alone, (7, number, 1)) == picture).all()
    assert degraded_scene(8, number) != alone


def test_the_degraded_set_is_of_four_symbologies_and_as_hard_as_it_was() -> None:
    labels = [degraded_scene(5, number).labels[0] for number in range(400)]
    names = [label.code.symbology for label in labels]
    assert names[:4] == ["QRCode", "DataMatrix", "Code128", "EAN13"]
    assert names == names[:4] * 100
    contrast = [(label.bright - label.dark) / 255 for label in labels]
    assert min(contrast) >= 0.2 and max(contrast) <= 0.75
    assert np.mean(contrast) == pytest.approx(0.475, abs=0.02)
    turned = np.abs([label.rotation_deg for label in labels])
    tilted = np.array([label.tilt_deg for label in labels])
    assert 42 < turned.max() <= 45 and 40 < tilted.max() <= 45


def test_the_sets_stay_as_they_are() -> None:
    """Who tunes a decoder compares with what was measured before: contents and mean gray of pictures of seed 5."""
    shown = [(code.data, round(float(picture.mean()), 1)) for picture, code in degraded(5, 4)]
    assert [data for data, _ in shown] == DEGRADED
    assert [mean for _, mean in shown] == pytest.approx(DEGRADED_MEANS, abs=0.3)
    peened = [(code.data, round(float(picture.mean()), 1)) for picture, code in dotpeened(5, 3)]
    assert [data for data, _ in peened] == DOTPEENED
    assert [mean for _, mean in peened] == pytest.approx(DOTPEENED_MEANS, abs=0.3)


def test_a_dot_peened_picture_depends_on_the_seed_and_its_number_alone() -> None:
    *_, (picture, code) = dotpeened(5, 2)
    alone, same = dotpeened_picture(5, 1)
    assert same == code and (alone == picture).all()
    assert code.symbology == "DataMatrix"
