"""What stands before the simulated camera: codes side by side, a belt, photographs, files that say it."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp

from hwsim import stagefile
from hwsim.degrade import Lens, Light
from hwsim.scene import Placed, Scene
from hwsim.stage import (
    Belt,
    Conveyor,
    Numbered,
    Photographs,
    Sensor,
    Still,
    codes,
    laid_out,
)
from hwsim.symbols import Code

ROWS, COLUMNS = 480, 640
QUIET = Scene(rows=ROWS, columns=COLUMNS, clutter=0, lamp=Light(), lens=Lens())


def read(picture: np.ndarray) -> dict[bytes, tuple[int, int]]:
    """What zxing-cpp finds, and where its top left corner is."""
    return {
        each.bytes: (each.position.top_left.x, each.position.top_left.y)
        for each in zxingcpp.read_barcodes(np.ascontiguousarray(picture))
    }


def test_codes_lie_side_by_side_and_all_can_be_read() -> None:
    texts = ["qr:ONE", "datamatrix:TWO", "code128:THREE", "ean13:4006381333931", "qr:FIVE"]
    labels = laid_out(codes(texts), 1080, 1920)
    found = read(Still(replace(QUIET, rows=1080, columns=1920, labels=labels), 0).picture(1, 0))
    assert set(found) == {b"ONE", b"TWO", b"THREE", b"4006381333931", b"FIVE"}
    assert found[b"ONE"][0] < found[b"TWO"][0] < found[b"THREE"][0]
    assert found[b"ONE"][1] < found[b"FIVE"][1]


def test_no_codes_are_an_empty_place() -> None:
    assert laid_out([], ROWS, COLUMNS) == ()


def test_each_numbered_picture_carries_its_number() -> None:
    view = Numbered(Still(QUIET, 0))
    for number in (1, 2, 99_999):
        assert set(read(view.picture(number, 0))) == {str(number).encode()}


def test_a_belt_carries_each_item_past_at_its_speed_under_its_own_number() -> None:
    label = Placed(Code("QRCode", "item {n}"), 0, 240, 4.0)
    belt = Belt(speed_px_s=200, every_s=2, shutter_s=0)
    view = Conveyor(replace(QUIET, labels=(label,)), belt, 0)
    at_1s, at_2s, at_4s = (read(view.picture(1, now)) for now in (1.0, 2.0, 4.0))
    assert set(at_1s) == {b"item 0"} and view.seen(1.0) == ["item 0"]
    assert at_2s[b"item 0"][0] - at_1s[b"item 0"][0] == pytest.approx(200, abs=2)
    assert at_2s[b"item 0"][1] == pytest.approx(at_1s[b"item 0"][1], abs=1)
    assert set(at_4s) == {b"item 1"}
    assert view.seen(4.5) == ["item 1", "item 2"]


def test_a_belt_that_is_fast_for_its_shutter_smears() -> None:
    label = Placed(Code("QRCode", "item {n}"), 0, 240, 4.0)
    scene = replace(QUIET, labels=(label,))
    still = Conveyor(scene, Belt(200, 2, shutter_s=0), 0).picture(1, 1.0)
    smeared = Conveyor(scene, Belt(200, 2, shutter_s=0.05), 0).picture(1, 1.0)
    assert read(still) and not read(smeared)


def test_photographs_come_in_the_order_of_their_names_and_fit(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "b.png"), np.full((100, 100), 200, np.uint8))
    cv2.imwrite(str(tmp_path / "a.png"), np.full((2000, 1000), 50, np.uint8))
    (tmp_path / "notes.txt").write_text("no picture")
    view = Photographs(tmp_path, ROWS, COLUMNS)
    first, second = view.picture(1, 0.5), view.picture(2, 1.5)
    assert (view.seen(0.5), view.seen(1.5), view.seen(2.5)) == (["a.png"], ["b.png"], ["a.png"])
    assert first.shape == second.shape == (ROWS, COLUMNS)
    assert (first == 50).sum() == ROWS * ROWS // 2 and (second == 200).sum() == 100 * 100


def test_a_folder_without_a_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no picture"):
        Photographs(tmp_path, ROWS, COLUMNS)
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(ValueError, match="is no picture"):
        Photographs(tmp_path, ROWS, COLUMNS)


def test_the_sensors_noise_has_its_sigma_and_is_another_in_each_picture() -> None:
    flat = np.full((ROWS, COLUMNS), 100, np.uint8)
    sensor = Sensor(ROWS, COLUMNS, 6.0, 0)
    one, two = sensor.expose(flat).astype(int), sensor.expose(flat).astype(int)
    assert (one - 100).std() == pytest.approx(6, rel=0.1) and abs(one.mean() - 100) < 0.5
    assert (one - two).std() > 6
    assert Sensor(ROWS, COLUMNS, 0.0, 0).expose(flat) is flat


def write(folder: Path, text: str) -> Path:
    path = folder / "scene.toml"
    path.write_text(text)
    return path


def test_a_file_says_what_is_before_the_camera(tmp_path: Path) -> None:
    text = """
        [scene]
        ground = "card"
        clutter = 0
        [lamp]
        glare = 30
        glare_at = [100, 50]
        [lens]
        blur_px = 0.7
        [[label]]
        code = "datamatrix:A"
        x = 200
        rotation_deg = 45
        [[label]]
        code = "qr:B"
        module_px = 3
    """
    found = read(stagefile.view(write(tmp_path, text), ROWS, COLUMNS, 0).picture(1, 0))
    assert set(found) == {b"A", b"B"} and found[b"A"][0] < 250 < found[b"B"][0]


def test_a_file_may_have_a_code_pricked_into_the_part(tmp_path: Path) -> None:
    text = '[scene]\nground = "metal"\nclutter = 0\n[[label]]\ncode = "datamatrix:P1S1"\nmodule_px = 12\npeened = 0.75'
    picture = stagefile.view(write(tmp_path, text), ROWS, COLUMNS, 0).picture(1, 0.0)
    assert read(picture) == {}  # dots are no modules: that is what makes them hard
    merged = cv2.morphologyEx(picture, cv2.MORPH_CLOSE, np.ones((7, 7)))
    assert b"P1S1" in {**read(merged), **read(cv2.GaussianBlur(picture, (0, 0), 5))}


def test_a_file_with_a_belt_is_a_belt(tmp_path: Path) -> None:
    path = write(tmp_path, '[[label]]\ncode = "qr:{n}"\n[belt]\nspeed_px_s = 100')
    view = stagefile.view(path, ROWS, COLUMNS, 0)
    assert view.seen(3.2) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[scenes]", "a scene has no 'scenes': write scene"),
        ("[scene]\nlevle = 3", r"\[scene\] has no 'levle': write level"),
        ("[scene]\nlevel = 'high'", r"\[scene\] level: 'high' is not a number"),
        ("[scene]\nclutter = 1.5", r"\[scene\] clutter: 1.5 is not a whole number"),
        ("[scene]\nground = 'lava'", "known are belt"),
        ("[scene]\nrows = 5", "has no 'rows'"),
        ("[lamp]\nglare_at = [1]", "is not two numbers"),
        ("[[label]]\nx = 3", "has no code"),
        ("[[label]]\ncode = 'x:y'", r"\[\[label\]\] 1: code 'x:y'"),
        ("label = 3", r"write \[\[label\]\]"),
        ("scene = 3", "is no table"),
        ("[belt]", "a belt needs a code"),
        ("[[label]]\ncode='qr:1'\n[belt]\nspeed_px_s = 0", "above 0"),
        ("[[label]]\ncode='qr:1'\npeened=0.7", "a Data Matrix"),
        ("[[label]]\ncode='datamatrix:1'\npeened=0.7\nx=-5", "its middle in the picture"),
        ("[[label]]\ncode='datamatrix:1'\npeened=0.7\n[belt]", "does not move"),
        ("[[label]", "Expected|expected"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_name_and_place(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(ValueError, match=r"scene\.toml: .*(" + words + ")"):
        stagefile.view(write(tmp_path, text), ROWS, COLUMNS, 0)
