"""Codes of the camera simulator, read by programs that are not ours."""

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from witness import require

from hwsim.symbols import BARS, Code, parse, symbol

GS = b"\x1d"
CODES = [
    ("qr:https://id.example.com/01/09506000134352/21/1", "zbarimg"),
    ("code128:LOT-123", "zbarimg"),
    ("ean13:4006381333931", "zbarimg"),
    ("datamatrix:https://id.example.com/01/09506000134352/21/1", "dmtxread"),
]


@pytest.mark.witness
@pytest.mark.parametrize(("text", "program"), CODES)
def test_a_program_that_is_not_ours_reads_each_symbology(
    tmp_path: Path, text: str, program: str
) -> None:
    require(shutil.which(program), program)
    modules = symbol(parse(text))
    if parse(text).symbology in BARS:
        modules = np.repeat(modules, 60, axis=0)
    path = tmp_path / "code.png"
    picture = np.where(np.pad(modules, 12), 0, 255).astype(np.uint8)
    cv2.imwrite(str(path), np.kron(picture, np.ones((4, 4), np.uint8)))
    options = ["--raw", "-q"] if program == "zbarimg" else ["-N1"]
    read = subprocess.run([program, *options, str(path)], capture_output=True, check=True)
    assert read.stdout.strip() == parse(text).data


def test_data_of_an_element_string_is_what_readers_tell() -> None:
    code = parse("gs1-datamatrix:(01)09506000134352(10)LOT7(21)SER1")
    assert code.data == b"010950600013435210LOT7" + GS + b"21SER1"
    assert Code("QRCode", b"\xd2\x84").data == b"\xd2\x84"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "qr",
        "qr:",
        "aztec:1",
        "ean13:4006381333932",
        "ean13:400638133393",
        "gs1-ean13:4006381333931",
        "gs1-qr:hello",
        "gs1-datamatrix:(01)12",
        "qr:" + "x" * 5000,
    ],
)
def test_what_is_no_code_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(ValueError, match="^code "):
        parse(text)
