"""Pictures of codes on parts, as a camera above a line has them; the seeded set of worn, badly lit ones.

What the set is to measure is in `degraded`; dot-peened codes are in `hwsim.dotpeen`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from hwsim.degrade import Lens, Light, expose, light, motion
from hwsim.dotpeen import dotpeened as dotpeened
from hwsim.dotpeen import prick
from hwsim.surface import KINDS, Picture, Plane, clutter, grain, surface
from hwsim.symbols import BARS, QUIET, Code, Modules, symbol

ROWS, COLUMNS = 1080, 1920
_FOCUS_PX = 2400.0  # a 1/2.3" sensor behind 8 mm
_INDOORS = Light(uneven=0.05)
_GOOD = Lens(blur_px=0.6, noise=2.0)
_LARGEST_PX = 8000  # of a label, each way
_FINER = 2  # samples a pixel, each way, while a label is drawn


@dataclass(frozen=True)
class Placed:
    """A printed label with one code: its middle in pixels, the size of a module, how it lies, ink and paper.

    tilt_deg: how far the label turns away from the camera, about an axis in the picture at tilt_axis_deg.
    motion_px: how far it moves while the shutter is open. dark, bright: gray levels of ink and paper.
    peened: no label, but a Data Matrix pricked into the part, its dots taking that share of their cell; 0: printed. It
    lies flat, and only x, y, module_px and rotation_deg are heeded.
    """

    code: Code
    x: float
    y: float
    module_px: float = 4.0
    rotation_deg: float = 0.0
    tilt_deg: float = 0.0
    tilt_axis_deg: float = 0.0
    motion_px: float = 0.0
    motion_deg: float = 0.0
    dark: float = 35.0
    bright: float = 215.0
    grain: float = 2.0
    peened: float = 0.0


@dataclass(frozen=True)
class Scene:
    """A picture to be taken."""

    labels: tuple[Placed, ...] = ()
    rows: int = ROWS
    columns: int = COLUMNS
    ground: str = "belt"
    level: float = 90.0
    clutter: int = 6
    lamp: Light = _INDOORS
    lens: Lens = _GOOD


def render(scene: Scene, seed: int | tuple[int, ...] = 0) -> Picture:
    """The picture, gray; the same for the same scene and seed. ValueError for what cannot be pricked or drawn."""
    rng = np.random.default_rng(seed)
    plane = surface(rng, scene.ground, scene.rows, scene.columns, scene.level)
    plane = clutter(rng, plane, scene.clutter)
    for label in scene.labels:
        if label.peened:
            _peen(rng, plane, label)
        else:
            paste(plane, *drawn(rng, label))
    light(rng, plane, scene.lamp)
    return expose(rng, plane, scene.lens)


def degraded(seed: int, n: int = 400) -> Iterator[tuple[Picture, Code]]:
    """`n` pictures of 1080 x 1920 with one code each, hard to read: yields (picture, code).

    QR, Data Matrix, Code 128 and EAN-13 in turn. Picture i depends on the seed and on i alone (`degraded_scene`).
    """
    for number in range(n):
        scene = degraded_scene(seed, number)
        yield render(scene, (seed, number, 1)), scene.labels[0].code


def degraded_scene(seed: int, number: int) -> Scene:
    """Picture `number` of the set: contrast .2 to .75, turned and tilted to 45 degrees, blurred, moved, with glare."""
    rng = np.random.default_rng((seed, number))
    name = ("QRCode", "DataMatrix", "Code128", "EAN13")[number % 4]
    code = _content(rng, name)
    module = rng.uniform(*_MODULE_PX[name])
    contrast = rng.uniform(0.2, 0.75) * 255
    bright = rng.uniform(max(contrast + 12, 90), 225)
    x, y = rng.uniform(0.3, 0.7) * COLUMNS, rng.uniform(0.35, 0.65) * ROWS
    label = Placed(
        code,
        x,
        y,
        module_px=module,
        rotation_deg=rng.triangular(-45, 0, 45) if name in BARS else rng.uniform(-45, 45),
        tilt_deg=rng.triangular(0, 0, 45),
        tilt_axis_deg=rng.uniform(0, 180),
        motion_px=module * rng.uniform(0, 1.2) if rng.random() < 0.4 else 0.0,
        motion_deg=rng.normal(0, 12),
        dark=bright - contrast,
        bright=bright,
        grain=rng.uniform(0, 5),
    )
    glare = Light(
        uneven=rng.uniform(0.02, 0.15),
        glare=rng.uniform(20, 90) if rng.random() < 0.4 else 0.0,
        glare_at=(x + rng.normal(0, 90), y + rng.normal(0, 60)),
        glare_px=(rng.uniform(40, 160), rng.uniform(15, 60)),
        glare_deg=rng.uniform(-90, 90),
    )
    return Scene(
        (label,),
        ground=KINDS[rng.integers(4)],
        level=rng.uniform(50, 190),
        clutter=int(rng.integers(0, 10)),
        lamp=glare,
        lens=Lens(blur_px=module * rng.uniform(*_BLUR[name]), noise=rng.uniform(2, 12)),
    )


_MODULE_PX = {
    "QRCode": (3.4, 7.6),
    "DataMatrix": (2.8, 6.0),
    "Code128": (1.6, 3.3),
    "EAN13": (1.3, 2.7),
}
_BLUR = {  # sigma in modules
    "QRCode": (0.10, 0.43),
    "DataMatrix": (0.18, 0.53),
    "Code128": (0.20, 0.56),
    "EAN13": (0.22, 0.62),
}


def _content(rng: np.random.Generator, name: str) -> Code:
    """What lines mark their parts with."""
    body = "0950600" + f"{rng.integers(10**6):06d}"
    gtin = body + _check_digit(body)
    serial = f"{rng.integers(10**9):09d}"
    if name == "EAN13":
        return Code(name, gtin[1:])
    if name == "QRCode":
        return Code(name, f"https://id.example.com/01/{gtin}/21/{serial}")
    if name == "DataMatrix" and rng.random() < 0.5:
        return Code(name, f"(01){gtin}(10)L{serial[:4]}(21){serial}", gs1=True)
    if name == "DataMatrix":
        return Code(name, f"https://id.example.com/01/{gtin}/21/{serial}")
    if rng.random() < 0.5:
        return Code(name, f"(01){gtin}(21){serial}", gs1=True)
    return Code(name, f"LOT-{serial}")


def _check_digit(digits: str) -> str:
    """The last digit of a GTIN (GS1 General Specifications, "Check digit calculations")."""
    total = sum(int(each) * (3, 1)[place % 2] for place, each in enumerate(reversed(digits)))
    return str(-total % 10)


def drawn(rng: np.random.Generator, label: Placed) -> tuple[int, int, Plane]:
    """A label as it is seen: left, top, and rows x columns of (gray times cover, cover 0 to 1)."""
    modules = symbol(label.code)
    if label.code.symbology in BARS:
        modules = np.repeat(modules, BARS[label.code.symbology], axis=0)
    finer = max(1, round(label.module_px * _FINER))
    paper = _paper(rng, label, modules, finer)
    rows, columns = (side / finer * label.module_px for side in paper.shape)
    corners = _corners(label, columns, rows)
    margin = 2 + label.motion_px
    left, top = (np.floor(corners.min(axis=0) - margin)).astype(int)
    right, bottom = (np.ceil(corners.max(axis=0) + margin)).astype(int)
    wide, high = int(right - left), int(bottom - top)
    if max(wide, high) > _LARGEST_PX:
        raise ValueError(f"a label of {wide} x {high} pixels: make its modules smaller")
    source = np.array(
        [(0, 0), (paper.shape[1], 0), (paper.shape[1], paper.shape[0]), (0, paper.shape[0])]
    )
    target = (corners - (left, top)) * _FINER
    turn = cv2.getPerspectiveTransform(
        source.astype(np.float32) - 0.5, target.astype(np.float32) - 0.5
    )
    size = (wide * _FINER, high * _FINER)
    gray = cv2.warpPerspective(paper, turn, size, flags=cv2.INTER_LINEAR, borderValue=0.0)
    cover = cv2.warpPerspective(
        np.ones_like(paper), turn, size, flags=cv2.INTER_LINEAR, borderValue=0.0
    )
    ink = cv2.resize(np.dstack((gray, cover)), (wide, high), interpolation=cv2.INTER_AREA)
    ink = motion(np.asarray(ink, np.float32), label.motion_px, label.motion_deg)
    return int(left), int(top), ink


def paste(plane: Plane, left: int, top: int, ink: Plane) -> None:
    """Lay what `drawn` has made over `plane`, in place; what lies outside is cut off."""
    rows, columns = ink.shape[:2]
    inside = plane[max(top, 0) : max(top + rows, 0), max(left, 0) : max(left + columns, 0)]
    if not inside.size:
        return
    ink = ink[max(0, -top) :, max(0, -left) :][: inside.shape[0], : inside.shape[1]]
    inside *= 1 - ink[..., 1]
    inside += ink[..., 0]


def _peen(rng: np.random.Generator, plane: Plane, label: Placed) -> None:
    rows, columns = plane.shape
    if label.code.symbology != "DataMatrix" or not 0.3 <= label.peened <= 1.2:
        raise ValueError("peened: a Data Matrix, with dots of .3 to 1.2 of their cell")
    if not (0 <= label.x < columns and 0 <= label.y < rows and 2 <= label.module_px <= 100):
        raise ValueError("peened: its middle in the picture, and module_px of 2 to 100")
    turn = float(np.radians(label.rotation_deg))
    prick(rng, plane, label.code, (label.x, label.y), label.module_px, label.peened, turn)


def _paper(rng: np.random.Generator, label: Placed, modules: Modules, finer: int) -> Plane:
    """The label flat: quiet zone, code, a line of print below; `finer` samples a module."""
    quiet = QUIET[label.code.symbology] + 1
    below = 8 if label.code.symbology in BARS else 0
    dark = np.pad(modules, ((quiet, quiet + below), (quiet, quiet)))
    paper = dark.astype(np.uint8).repeat(finer, axis=0).repeat(finer, axis=1)
    if below:
        words = label.code.data.decode("ascii", "replace").replace("\x1d", " ")[:40]
        at = (quiet * finer, (dark.shape[0] - quiet + 1) * finer)
        cv2.putText(paper, words, at, cv2.FONT_HERSHEY_SIMPLEX, finer / 4, 1, max(1, finer // 3))
    plane = np.where(paper, np.float32(label.dark), np.float32(label.bright))
    if label.grain:
        plane += label.grain * grain(rng, *plane.shape)
    return np.asarray(plane, np.float32)


def _corners(label: Placed, columns: float, rows: float) -> Plane:
    """Where the corners of the label come to lie in the picture, from its top left, clockwise."""
    flat = np.array([(-columns, -rows), (columns, -rows), (columns, rows), (-columns, rows)]) / 2
    turn, axis, tilt = np.radians((label.rotation_deg, label.tilt_axis_deg, label.tilt_deg))
    cos, sin = np.cos(turn), np.sin(turn)
    flat = flat @ np.array(((cos, sin), (-sin, cos)))
    along = np.array((np.cos(axis), np.sin(axis)))
    across = np.array((-np.sin(axis), np.cos(axis)))
    off = flat @ across
    leaning = np.outer(flat @ along, along) + np.outer(off * np.cos(tilt), across)
    depth = 1 + off * np.sin(tilt) / _FOCUS_PX
    return np.asarray(leaning / depth[:, None] + (label.x, label.y), np.float32)
