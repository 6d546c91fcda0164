"""Print: our labels are read by programs that we did not write, as printed and as rendered; and theirs by ours."""

import os
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
import segno
import zxingcpp
from witness import ROOT, require

from edge import printed
from gateway.optics.artwork import Format, artwork
from gateway.optics.label import Label, readable
from gateway.optics.read import read_picture
from gateway.optics.symbol import Symbol, Symbology, smallest, symbol
from hwsim.surface import Picture
from tests import phone
from tests.label_scene import in_hand

pytestmark = pytest.mark.witness

LINK = "https://id.example.com/01/09520123456788/21/AB12345678"
STUB = b"\xd2\x84" + np.random.default_rng(1).bytes(198)
_RENDERER = ROOT / ".cache" / "zpl"  # where ./run puts npm's zpl-renderer-js
_RENDER = """
const fs = require("node:fs");
const { ready } = require("zpl-renderer-js");
ready.then(async ({ api }) => {
  const [file, out, dpmm] = process.argv.slice(1);
  const zpl = fs.readFileSync(file, "utf8");
  const [width, length] = ["PW", "LL"].map((name) => +RegExp("\\\\^" + name + "(\\\\d+)").exec(zpl)[1]);
  const png = await api.zplToBase64Async(zpl, width / dpmm, length / dpmm, +dpmm);
  fs.writeFileSync(out, Buffer.from(png, "base64"));
  process.exit(0);
});
"""


def made(symbology: Symbology) -> Symbol:
    return smallest([printed.join(LINK, STUB, form) for form in printed.FORMS], symbology)


def drawn(folder: Path, label: Label, format: Format, dpi: int | None) -> Path:
    out = folder / f"label.{format}"
    out.write_bytes(artwork(label, format, 0.4, dpi).data)
    return out


def gray(file: Path) -> Picture:
    found = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    assert found is not None
    if found.ndim == 3 and found.shape[2] == 4:  # paper behind what is transparent
        found = 255 - found[..., 3:] + found[..., :3] * (found[..., 3:] // 255)
    return np.asarray(found if found.ndim == 2 else found[..., 0], np.uint8)


def read_by_zxing(picture: Picture) -> list[str]:
    return [each.text for each in zxingcpp.read_barcodes(picture)]


def dots(picture: Picture, symbol: Symbol, size: int) -> Picture:
    """The part of a picture where the symbol stands, a module being `size` dots; 0 and 255."""
    quiet = symbol.quiet * size
    here = picture[quiet : quiet + symbol.columns * size, quiet : quiet + symbol.columns * size]
    return np.where(here < 128, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_zbarimg_reads_our_qr(tmp_path: Path, dpi: int) -> None:
    require(shutil.which("zbarimg"), "zbarimg (zbar-tools)")
    label = Label(made("qr"), readable(LINK))
    told = subprocess.run(
        ["zbarimg", "-q", "--raw", drawn(tmp_path, label, "png", dpi)], capture_output=True
    )
    assert told.stdout.decode() == label.symbol.text + "\n"


@pytest.mark.parametrize("dpi", [203, 300])
def test_dmtxread_reads_our_data_matrix(tmp_path: Path, dpi: int) -> None:
    require(shutil.which("dmtxread"), "dmtxread (dmtx-utils)")
    label = Label(made("datamatrix"), readable(LINK))
    told = subprocess.run(
        ["dmtxread", "-N1", "-m20000", drawn(tmp_path, label, "png", dpi)], capture_output=True
    )
    assert told.stdout.decode() == label.symbol.text


@pytest.mark.parametrize("symbology", ["qr", "datamatrix"])
def test_librsvg_draws_our_svg_as_our_modules(tmp_path: Path, symbology: Symbology) -> None:
    require(shutil.which("rsvg-convert"), "rsvg-convert (librsvg2-bin)")
    label = Label(made(symbology), readable(LINK))
    out = tmp_path / "label.png"
    svg = drawn(tmp_path, label, "svg", 254)  # 4 dots of 0.1 mm a module, exactly
    subprocess.run(["rsvg-convert", "--dpi-x=254", "--dpi-y=254", svg, "-o", out], check=True)
    picture = gray(out)
    ours = label.symbol.picture(4)
    assert (dots(picture, label.symbol, 4) == dots(ours, label.symbol, 4)).all()
    assert read_by_zxing(picture) == [label.symbol.text]


@pytest.mark.parametrize(("dpi", "dots_a_mm"), [(203, 8), (300, 12)])
@pytest.mark.parametrize("symbology", ["qr", "datamatrix"])
def test_a_zpl_renderer_prints_our_modules(
    tmp_path: Path, symbology: Symbology, dpi: int, dots_a_mm: int
) -> None:
    require(shutil.which("node"), "node")
    require((_RENDERER / "node_modules").is_dir(), "zpl-renderer-js (npm)")
    label = Label(made(symbology), (*readable(LINK), "a^b~c_5E Größe"), "right")
    out = tmp_path / "label.png"
    zpl = drawn(tmp_path, label, "zpl", dpi)
    subprocess.run(
        ["node", "-e", _RENDER, zpl, out, str(dots_a_mm)],
        env={**os.environ, "NODE_PATH": str(_RENDERER / "node_modules")},
        check=True,
        timeout=60,
    )
    picture = gray(out)
    size = artwork(label, "zpl", 0.4, dpi).dots
    assert size is not None
    ours = label.symbol.picture(size)
    assert (dots(picture, label.symbol, size) == dots(ours, label.symbol, size)).all()
    beside = ours.shape[1]
    assert (picture[:, beside:] < 128).any(), "the text"
    assert not (picture[: ours.shape[0], beside - label.symbol.quiet * size : beside] < 128).any()
    assert read_by_zxing(picture) == [label.symbol.text]


def test_a_phones_decoder_reads_our_label_in_the_hand() -> None:
    require(phone.is_there(), "a build of OpenCV with WeChat's detector")
    label = made("qr")
    assert int(label.version) <= 13
    pictures = [in_hand(label, 0.4, 150, 1, number) for number in (1, 2, 3)]
    found = phone.reads(pictures)
    assert [label.text] in found  # a phone looks again and again
    assert all(each in ([label.text], []) for each in found)
    assert [read_by_zxing(each) for each in pictures] == [[label.text]] * 3


@pytest.mark.parametrize("name", ["QRCODE", "DATAMATRIX"])
def test_we_read_what_zint_makes(tmp_path: Path, name: str) -> None:
    require(shutil.which("zint"), "zint")
    text = printed.join(LINK, STUB, printed.BASE64URL)
    out = tmp_path / "zint.png"
    subprocess.run(
        ["zint", f"--barcode={name}", f"--data={text}", "--quietzones", "-o", out], check=True
    )
    assert [each.data for each in read_picture(out.read_bytes()).found] == [text.encode()]


@pytest.mark.parametrize("level", ["l", "m", "q", "h"])
def test_we_read_what_segno_makes(tmp_path: Path, level: str) -> None:
    text = printed.join(LINK, STUB, printed.BASE32)
    out = tmp_path / "segno.png"
    segno.make(text, error=level, micro=False).save(str(out), scale=3)
    assert [each.data for each in read_picture(out.read_bytes()).found] == [text.encode()]


def test_a_symbol_of_ours_is_the_symbol_of_segno_where_both_take_one_mode() -> None:
    """Two encoders that share no code: the same digits, version, level and mask make the same modules."""
    digits = "01095201234567882112345"
    ours = symbol(digits, "qr")
    masks = [
        segno.make(digits, error="m", micro=False, boost_error=False, mask=mask).matrix
        for mask in range(8)
    ]
    assert ours.rows in [tuple(bytes(row) for row in each) for each in masks]
