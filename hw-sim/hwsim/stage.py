"""What stands before a simulated camera: codes that lie still, a belt that carries them past, photographs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from hwsim import symbols
from hwsim.degrade import Lens
from hwsim.scene import Placed, Scene, drawn, paste, render
from hwsim.surface import Picture, Plane, grain
from hwsim.symbols import BARS, QUIET, Code, parse, symbol

_LARGEST_MODULE_PX = 6.0
_SHARE = 0.7  # of its place, that a code takes
_MOST_CODES = 64
_NUMBER_PX = 6.0  # a module of the code with the picture's number
_PHOTOS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")


class View(Protocol):
    """What the camera sees; without the sensor's noise."""

    def picture(self, number: int, now_s: float) -> Picture:
        """Rows and columns of gray at a moment; not to be written to."""

    def seen(self, now_s: float) -> list[str]:
        """The codes that are to be seen."""


class Still:
    """A scene in which nothing moves."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._picture = render(replace(scene, lens=Lens(scene.lens.blur_px)), seed)
        self._codes = [_text(label.code) for label in scene.labels]

    def picture(self, number: int, now_s: float) -> Picture:
        return self._picture

    def seen(self, now_s: float) -> list[str]:
        return self._codes


class Numbered:
    """Another view, and in its lower right corner a QR code with the picture's number in decimal digits."""

    def __init__(self, view: View) -> None:
        self._view = view

    def picture(self, number: int, now_s: float) -> Picture:
        picture = self._view.picture(number, now_s).copy()
        modules = np.pad(symbols.number(number), QUIET["QRCode"])
        size = round(_NUMBER_PX * modules.shape[0])
        rows, columns = picture.shape
        if size > min(rows, columns):
            raise ValueError(f"the number takes {size} pixels: make the picture larger")
        ink = np.where(modules, 30, 220).astype(np.uint8)
        at = rows - size - (rows - size) // 8, columns - size - (columns - size) // 8
        picture[at[0] : at[0] + size, at[1] : at[1] + size] = cv2.resize(
            ink, (size, size), interpolation=cv2.INTER_NEAREST
        )
        return picture

    def seen(self, now_s: float) -> list[str]:
        return self._view.seen(now_s)


@dataclass(frozen=True)
class Belt:
    """speed_px_s: to the right. every_s: from one item to the next. shutter_s: how long each picture is exposed."""

    speed_px_s: float = 600.0
    every_s: float = 1.5
    shutter_s: float = 0.0005


class Conveyor:
    """A belt that carries the labels of a scene past in turn; "{n}" in a code is the item's number.

    An item's middle is at the left edge at `every_s` times its number, the first at 0.
    """

    def __init__(self, scene: Scene, belt: Belt, seed: int) -> None:
        if not scene.labels:
            raise ValueError("a belt needs a code: --code, or [[label]] in the scene")
        if any(label.peened for label in scene.labels):
            raise ValueError("a dot-peened part does not move: leave [belt] out")
        self._scene, self._belt, self._seed = scene, belt, seed
        ground = replace(scene, labels=(), lens=Lens(scene.lens.blur_px))
        self._ground = render(ground, seed)
        self._drawn: dict[int, tuple[int, int, Plane]] = {}

    def item(self, number: int) -> Placed:
        """Item `number`, its middle at the left edge."""
        label = self._scene.labels[number % len(self._scene.labels)]
        code = label.code
        if isinstance(code.text, str):
            code = replace(code, text=code.text.replace("{n}", str(number)))
        smear = self._belt.speed_px_s * self._belt.shutter_s
        return replace(label, code=code, x=0.0, motion_px=smear, motion_deg=0.0)

    def picture(self, number: int, now_s: float) -> Picture:
        picture = self._ground.copy()
        rows = self._scene.rows
        within = self._within(now_s)
        self._drawn = {each: self._draw(each) for each in within}
        for each in within:
            left, top, ink = self._drawn[each]
            left += round((now_s - each * self._belt.every_s) * self._belt.speed_px_s)
            right, below = left + ink.shape[1], top + ink.shape[0]
            inside = picture[max(0, top) : min(rows, below), max(0, left) : max(0, right)]
            plane = inside.astype(np.float32)
            paste(plane, min(0, left), min(0, top), ink)
            inside[:] = np.clip(plane, 0, 255)
        return picture

    def seen(self, now_s: float) -> list[str]:
        """The codes of the items whose middle is in the picture."""
        columns, belt = self._scene.columns, self._belt
        return [
            _text(self.item(each).code)
            for each in self._within(now_s)
            if 0 <= (now_s - each * belt.every_s) * belt.speed_px_s < columns
        ]

    def _within(self, now_s: float) -> list[int]:
        """The items that may touch the picture."""
        belt, columns = self._belt, self._scene.columns
        newest = int((now_s + columns / belt.speed_px_s / 2) // belt.every_s)
        oldest = int((now_s - 1.5 * columns / belt.speed_px_s) // belt.every_s)
        return list(range(max(0, oldest), newest + 1))

    def _draw(self, number: int) -> tuple[int, int, Plane]:
        if number in self._drawn:
            return self._drawn[number]
        left, top, ink = drawn(np.random.default_rng((self._seed, number)), self.item(number))
        blur = self._scene.lens.blur_px
        return left, top, np.asarray(cv2.GaussianBlur(ink, (0, 0), blur) if blur else ink)


class Photographs:
    """The pictures of a folder by their names, in a round; ValueError where there are none."""

    def __init__(self, folder: Path, rows: int, columns: int, each_s: float = 1.0) -> None:
        self._size = rows, columns
        self._each_s = each_s
        self._paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _PHOTOS)
        if not self._paths:
            raise ValueError(f"{folder}: there is no picture ({', '.join(_PHOTOS)})")
        for path in self._paths:
            if not cv2.haveImageReader(str(path)):
                raise ValueError(f"{path} is no picture")
        self._last: tuple[Path, Picture] | None = None

    def picture(self, number: int, now_s: float) -> Picture:
        path = self._path(now_s)
        if self._last is None or self._last[0] != path:
            self._last = path, self._fit(path)
        return self._last[1]

    def seen(self, now_s: float) -> list[str]:
        """The file's name: what is in it we do not know."""
        return [self._path(now_s).name]

    def _path(self, now_s: float) -> Path:
        return self._paths[int(now_s / self._each_s) % len(self._paths)]

    def _fit(self, path: Path) -> Picture:
        """The photograph in the middle; made smaller where it is too large, never larger."""
        read = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if read is None:
            raise ValueError(f"{path} cannot be decoded")
        photo = np.asarray(read, np.uint8)
        rows, columns = self._size
        scale = min(1.0, rows / photo.shape[0], columns / photo.shape[1])
        if scale < 1:
            size = int(photo.shape[1] * scale), int(photo.shape[0] * scale)
            photo = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
        picture = np.full(self._size, 110, np.uint8)
        top, left = (rows - photo.shape[0]) // 2, (columns - photo.shape[1]) // 2
        picture[top : top + photo.shape[0], left : left + photo.shape[1]] = photo
        return picture


class Sensor:
    """Noise, another in each picture. sigma: in gray levels."""

    def __init__(self, rows: int, columns: int, sigma: float, seed: int) -> None:
        self._random = np.random.default_rng((seed, 3))
        noise = sigma * grain(self._random, rows + 64, columns + 64)
        self._more = np.clip(noise, 0, 255).astype(np.uint8)
        self._less = np.clip(-noise, 0, 255).astype(np.uint8)
        self._sigma = sigma

    def expose(self, picture: Picture) -> Picture:
        """What it delivers of a picture."""
        if not self._sigma:
            return picture
        y, x = self._random.integers(0, 64, 2)
        rows, columns = picture.shape
        part = np.s_[y : y + rows, x : x + columns]
        return np.asarray(
            cv2.subtract(cv2.add(picture, self._more[part]), self._less[part]), np.uint8
        )


def laid_out(codes: Sequence[Code], rows: int, columns: int) -> tuple[Placed, ...]:
    """Labels for codes, side by side, as large as there is room for."""
    across = ceil(sqrt(len(codes))) if codes else 1
    down = ceil(len(codes) / across)
    labels = []
    for number, code in enumerate(codes):
        modules = symbol(code)
        high, wide = modules.shape
        quiet = 2 * QUIET[code.symbology] + 2
        high = BARS.get(code.symbology, int(high)) + quiet
        place = columns / across / (wide + quiet), rows / down / high
        row, column = divmod(number, across)
        labels.append(
            Placed(
                code,
                x=(column + 0.5) * columns / across,
                y=(row + 0.5) * rows / down,
                module_px=min(_LARGEST_MODULE_PX, _SHARE * min(place)),
            )
        )
    return tuple(labels)


def codes(texts: Sequence[str]) -> list[Code]:
    """The codes of "qr:TEXT" and so on; ValueError where one is none."""
    if len(texts) > _MOST_CODES:
        raise ValueError(f"{len(texts)} codes: {_MOST_CODES} have room in a picture")
    return [parse(text) for text in texts]


def _text(code: Code) -> str:
    return code.text if isinstance(code.text, str) else code.text.hex()
