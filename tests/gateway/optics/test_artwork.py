"""Artwork: the dots of a file are the modules of its symbol: SVG, PNG and ZPL, each read by a few lines of its own."""

import re
import struct
import xml.etree.ElementTree as ET
import zlib
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from edge.errors import DoesNotFit, Malformed
from gateway.optics import font, zxing
from gateway.optics.artwork import artwork
from gateway.optics.label import Label
from gateway.optics.symbol import Symbol, Symbology, symbol

TEXT = "https://id.example.com/01/09520123456788/21/A1"
LINES = ("(01) 09520123456788", "(21) A1", "id.example.com")
Dark = npt.NDArray[np.bool_]


def label(symbology: Symbology = "qr", **more: object) -> Label:
    return replace(Label(symbol(TEXT, symbology), LINES), **more)  # type: ignore[arg-type]


def dark(made: Symbol) -> Dark:
    return np.array([list(row) for row in made.rows], dtype=bool)


def read(picture: Dark, symbology: str) -> list[bytes]:
    gray = np.where(picture, 0, 255).astype(np.uint8)
    return [each.data for each in zxing.read(gray, (symbology,)).found]


def from_svg(file: bytes) -> tuple[ET.Element, Dark]:
    """The root of an SVG, and the dark modules that its path covers."""
    root = ET.fromstring(file)
    path = root.find("{http://www.w3.org/2000/svg}path")
    assert path is not None
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", path.attrib["d"])
    assert "".join(f"M{x} {y}h{n}v1h-{m}z" for x, y, n, m in runs) == path.attrib["d"]
    size = max(int(y) for _, y, _, _ in runs) + 1
    found = np.zeros((size, size), bool)
    for x, y, length, back in runs:
        assert length == back
        found[int(y), int(x) : int(x) + int(length)] = True
    return root, found


def from_png(file: bytes) -> tuple[dict[bytes, bytes], Dark]:
    """The chunks of a PNG whose checksums are right, and its black pixels."""
    assert file[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(file):
        length = int.from_bytes(file[at : at + 4], "big")
        kind, data = file[at + 4 : at + 8], file[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + data) == int.from_bytes(file[at + 8 + length : at + 12 + length])
        chunks[kind] = data
        at += 12 + length
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour) == (1, 0)
    stride = (width + 7) // 8 + 1
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, stride)
    assert not rows[:, 0].any()  # filter type None
    return chunks, np.unpackbits(rows[:, 1:], axis=1)[:, :width] == 0


def from_zpl(file: bytes) -> tuple[int, int, Dark, list[str]]:
    """Print width, label length, the dots of the graphic field where it is put, and the text fields."""
    format = file.decode()
    assert format.startswith("^XA\n") and format.endswith("^XZ\n") and "^CI28" in format
    width, length = (int(re.findall(rf"\^{name}(\d+)", format)[0]) for name in ("PW", "LL"))
    x, y, *counts, data = re.findall(
        r"\^FO(\d+),(\d+)\^GFA,(\d+),(\d+),(\d+),([0-9A-F]+)\^FS", format
    )[0]
    sent, field, a_row = map(int, counts)
    assert sent == field == len(data) // 2
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(data), np.uint8).reshape(-1, a_row), axis=1)
    dots = np.zeros((length, width), bool)
    right = min(width, int(x) + bits.shape[1])
    assert not bits[:, right - int(x) :].any()
    dots[int(y) : int(y) + len(bits), int(x) : right] = bits[:, : right - int(x)] == 1
    fields = re.findall(r"\^A0N,\d+,\d+\^FH_\^FD(.*?)\^FS", format)
    texts = [
        re.sub(rb"_([0-9A-F]{2})", lambda hit: bytes.fromhex(hit[1].decode()), each.encode())
        for each in fields
    ]
    return width, length, dots, [each.decode() for each in texts]


@pytest.mark.parametrize("symbology", ["qr", "datamatrix"])
def test_an_svg_has_the_modules_in_exact_millimetres(symbology: Symbology) -> None:
    made = label(symbology)
    found = artwork(made, "svg", 0.4, None)
    root, modules = from_svg(found.data)
    assert (modules == dark(made.symbol)).all()
    width = (made.symbol.columns + 2 * made.symbol.quiet) * 0.4
    assert found.size_mm[0] >= width
    assert root.attrib["width"] == f"{round(found.size_mm[0], 4):g}mm"
    assert root.attrib["viewBox"].split()[2] == root.attrib["width"].removesuffix("mm")
    quiet = round(made.symbol.quiet * 0.4, 4)
    path = root.find("{http://www.w3.org/2000/svg}path")
    assert path is not None
    assert path.attrib["transform"] == f"translate({quiet:g} {quiet:g}) scale(0.4)"
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == list(LINES)


def test_an_svg_for_a_printer_has_whole_dots() -> None:
    found = artwork(label(), "svg", 0.4, 300)
    assert (found.dots, found.module_mm) == (5, pytest.approx(5 * 25.4 / 300))


@pytest.mark.parametrize("symbology", ["qr", "datamatrix"])
@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_a_png_has_whole_pixels_a_module(symbology: Symbology, dpi: int) -> None:
    made = label(symbology)
    found = artwork(made, "png", 0.4, dpi)
    chunks, picture = from_png(found.data)
    assert found.dots is not None
    quiet = made.symbol.quiet * found.dots
    size = made.symbol.columns * found.dots
    drawn = np.kron(dark(made.symbol), np.ones((found.dots, found.dots), bool))
    assert (picture[quiet : quiet + size, quiet : quiet + size] == drawn).all()
    assert not picture[:quiet].any() and not picture[:, :quiet].any()
    assert not picture[quiet + size : size + 2 * quiet, : size + 2 * quiet].any()
    assert picture[size + 2 * quiet :].any()  # the text
    per_metre, _, unit = struct.unpack(">IIB", chunks[b"pHYs"])
    assert (unit, round(per_metre * 0.0254)) == (1, dpi)
    assert read(picture, symbology) == [TEXT.encode()]


@pytest.mark.parametrize("symbology", ["qr", "datamatrix"])
@pytest.mark.parametrize("dpi", [152, 203, 300, 600])
@pytest.mark.parametrize("where", ["below", "right", "none"])
def test_a_zpl_graphic_field_holds_the_modules(symbology: Symbology, dpi: int, where: str) -> None:
    made = label(symbology, where=where)
    found = artwork(made, "zpl", 0.4, dpi)
    width, length, dots, texts = from_zpl(found.data)
    assert (width, length) == tuple(round(mm * dpi / 25.4) for mm in found.size_mm)
    assert found.dots is not None
    quiet = made.symbol.quiet * found.dots
    size = made.symbol.columns * found.dots
    drawn = np.kron(dark(made.symbol), np.ones((found.dots, found.dots), bool))
    assert (dots[quiet : quiet + size, quiet : quiet + size] == drawn).all()
    assert dots.sum() == drawn.sum()
    assert texts == ([] if where == "none" else list(LINES))
    assert read(dots, symbology) == [TEXT.encode()]


def test_text_that_would_be_markup_or_a_command_stays_text() -> None:
    line = "<b>&\"'^XA~JA_5E\\ Größe 5 µm"
    made = label(lines=(line,))
    root, _ = from_svg(artwork(made, "svg", 0.4, None).data)
    assert [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")] == [line]
    file = artwork(made, "zpl", 0.4, 203).data
    assert file.count(b"^XA") == 1 and b"~" not in file
    assert from_zpl(file)[3] == [line]


@pytest.mark.parametrize("format", ["svg", "png", "zpl"])
def test_the_same_label_is_the_same_file(format: str) -> None:
    one, other = (artwork(label(), format, 0.4, 203).data for _ in range(2))  # type: ignore[arg-type]
    assert one == other


@pytest.mark.parametrize("where", ["below", "right"])
def test_a_line_is_never_drawn_wider_than_it_was_laid_out(where: str) -> None:
    made = label(lines=("W" * 40,), where=where)
    _, picture = from_png(artwork(made, "png", 0.4, 300).data)
    assert not picture[:, -1].any()


def test_what_no_head_prints_and_what_needs_a_resolution_is_said() -> None:
    with pytest.raises(ValueError, match="203"):
        artwork(label(), "zpl", 0.4, 250)
    with pytest.raises(ValueError, match="dpi"):
        artwork(label(), "png", 0.4, None)


def test_a_picture_beyond_64_megapixels_is_not_made() -> None:
    with pytest.raises(DoesNotFit, match="smaller modules") as why:
        artwork(label(), "png", 20, 5000)
    assert why.value.excess > 0


def test_a_user_is_told_size_version_modules_and_the_least_size() -> None:
    told = artwork(label(), "png", 0.4, 300).as_dict()
    assert told["symbology"] == "qr" and told["version"] == "3" and told["level"] == "M"
    assert told["modules"] == [29, 29] and told["quiet_zone"] == 4
    assert told["module_mm"] == 0.4233 and told["dots"] == 5 and told["dpi"] == 300
    assert told["symbol_mm"] == [15.66, 15.66] and told["least_mm"] == [14.65, 14.65]
    assert told["distance_mm"] == 123 and told["advice"] == []


def test_letters_are_drawn_or_refused_and_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(font, "_HAS_ALL_LETTERS", False)
    assert artwork(label(), "png", 0.4, 300).data
    with pytest.raises(Malformed, match="SVG or ZPL"):
        artwork(label(lines=("Größe",)), "png", 0.4, 300)
    assert artwork(label(lines=("Größe",)), "zpl", 0.4, 300).data
