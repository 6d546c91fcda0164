"""A phone's decoder: OpenCV's WeChat detector, of a build that has it, in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

_HOME = (
    Path(__file__).resolve().parent.parent / ".cache" / "wechat"
)  # where ./run unpacks opencv-contrib-python-headless
_READ = """
import json, sys
import cv2, numpy
cv2.setNumThreads(1)
detector = cv2.wechat_qrcode_WeChatQRCode()
for path in sys.argv[1:]:
    texts, _ = detector.detectAndDecode(numpy.load(path))
    print(json.dumps(list(texts)))
"""


def is_there() -> bool:
    """Whether such a build was unpacked."""
    return (_HOME / "cv2").is_dir()


def reads(pictures: Iterable[npt.NDArray[np.uint8]]) -> list[list[str]]:
    """The QR codes that it reads in each picture. Raises CalledProcessError where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, picture in enumerate(pictures):
            paths.append(str(Path(folder) / f"{number}.npy"))
            np.save(paths[-1], picture)
        told = subprocess.run(
            [sys.executable, "-c", _READ, *paths],
            env={**os.environ, "PYTHONPATH": str(_HOME)},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
    return [json.loads(line) for line in told.stdout.splitlines()]
