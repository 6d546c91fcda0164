"""Picture files, read; and photographs that others took."""

from pathlib import Path

import pytest

from edge.errors import Malformed
from gateway.optics import zxing
from gateway.optics.picture import gray
from gateway.optics.read import read_picture
from tests.photographs import photographs, pictures_without_a_code
from tests.pictures import drawn


def png(tmp_path: Path, text: str) -> bytes:
    import cv2

    path = tmp_path / "code.png"
    assert cv2.imwrite(str(path), drawn(zxing.matrix(text, "qr")))
    return path.read_bytes()


def test_a_file_is_read_hard_and_lightly(tmp_path: Path) -> None:
    data = png(tmp_path, "https://example.com/01/09520123456788")
    for hard in (False, True):
        (found,) = read_picture(data, hard=hard).found
        assert found.data == b"https://example.com/01/09520123456788"
    assert read_picture(data, ("ean13",)).found == ()


def test_what_is_no_picture_is_malformed() -> None:
    with pytest.raises(Malformed):
        read_picture(b"not a picture")


@pytest.mark.witness
def test_photographs_say_what_is_beside_them() -> None:
    some = photographs()[4::20]
    read = wrong = alone = 0
    for photo in some:
        data = photo.path.read_bytes()
        found = read_picture(data).found
        right = any(photo.tells(each.data) for each in found)
        read += right
        wrong += bool(found) and not right
        alone += any(
            photo.tells(each.data)
            for each in zxing.read(
                gray(data), ("qr", "datamatrix", "code128", "ean13", "upca"),
                rotate=True, downscale=True, invert=True,
            ).found
        )  # fmt: skip
    assert read > alone
    assert wrong == 0
    assert read >= 0.85 * len(some)


@pytest.mark.witness
def test_nothing_is_read_where_there_is_no_code() -> None:
    for path in pictures_without_a_code()[::12]:
        assert read_picture(path.read_bytes()).found == (), path
