"""Picture files: their size is known before they are decoded; what is no picture is refused."""

import struct

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import Malformed, Truncated
from gateway.optics import picture

KINDS = (".jpg", ".png", ".webp", ".bmp")


def file(kind: str, rows: int = 40, columns: int = 60) -> bytes:
    ramp = np.tile(np.linspace(0, 255, columns).astype(np.uint8), (rows, 1))
    return bytes(cv2.imencode(kind, ramp)[1])


@pytest.mark.parametrize("kind", KINDS)
def test_each_format_tells_its_size_and_is_decoded_to_gray(kind: str) -> None:
    data = file(kind)
    assert picture.size(data) == (60, 40)
    found = picture.gray(data)
    assert found.shape == (40, 60)
    assert found.dtype == np.uint8
    assert int(found[20, 2]) < 30 < 220 < int(found[20, 57])


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_cut_in_its_header_is_truncated_or_malformed(kind: str) -> None:
    data = file(kind)
    for end in range(30):
        with pytest.raises(Malformed):
            picture.gray(data[:end])


def test_lossy_and_lossless_and_extended_webp_tell_their_size() -> None:
    lossless = bytes(cv2.imencode(".webp", np.zeros((7, 9), np.uint8), [64, 101])[1])
    lossy = bytes(cv2.imencode(".webp", np.zeros((7, 9), np.uint8), [64, 50])[1])
    assert {lossless[12:16], lossy[12:16]} == {b"VP8L", b"VP8 "}
    assert picture.size(lossless) == picture.size(lossy) == (9, 7)
    # WebP Container Specification, "Extended File Format": flags, reserved, canvas less one, 24 bits each
    extended = b"RIFF\0\0\0\0WEBPVP8X" + struct.pack("<IB3x", 10, 0) + b"\x08\0\0\x06\0\0"
    assert picture.size(extended) == (9, 7)


@pytest.mark.parametrize("kind", [".png", ".webp", ".bmp"])
def test_more_pixels_than_allowed_are_refused_before_they_are_decoded(kind: str) -> None:
    with pytest.raises(Malformed, match="60 x 40 pixels: at most 2000"):
        picture.gray(file(kind), most_pixels=2000)


def test_a_large_jpeg_comes_reduced() -> None:
    assert picture.gray(file(".jpg", 400, 600), most_pixels=60_000).shape == (200, 300)
    assert picture.gray(file(".jpg", 400, 600), most_pixels=4_000).shape == (50, 75)
    with pytest.raises(Malformed, match="240000 pixels: at most 1000"):
        picture.gray(file(".jpg", 400, 600), most_pixels=1000)


def test_a_header_that_promises_a_huge_picture_is_not_believed() -> None:
    data = bytearray(file(".png"))
    data[16:24] = struct.pack(">II", 100_000, 100_000)
    with pytest.raises(Malformed, match="100000 x 100000"):
        picture.gray(bytes(data))


def test_what_is_none_of_the_four_formats_is_named() -> None:
    with pytest.raises(Malformed, match="no JPEG, PNG, WebP or BMP"):
        picture.gray(b"GIF89a" + bytes(100))
    with pytest.raises(Truncated):
        picture.gray(b"\xff\xd8\xff")


def test_a_file_beyond_the_ceiling_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "MOST_BYTES", 50)
    with pytest.raises(Malformed, match="at most 50"):
        picture.gray(file(".png"))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=8),
)
def test_a_corrupt_file_is_decoded_or_malformed(kind: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(file(kind))
    for at, value in changes:
        data[at % len(data)] = value
    try:
        found = picture.gray(bytes(data), most_pixels=100_000)
    except Malformed:
        return
    assert found.ndim == 2
    assert found.size <= 100_000
