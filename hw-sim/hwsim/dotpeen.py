"""Data Matrix codes pricked into brushed metal, as a camera with a ring light has them; a seeded set of them."""

from collections.abc import Iterator

import cv2
import numpy as np

from hwsim.degrade import Lens, Light, expose, light
from hwsim.surface import Picture, Plane, grain, surface, uneven
from hwsim.symbols import Code, symbol

ROWS, COLUMNS = 1080, 1920
FILLS = (0.55, 0.75, 0.95)


def dotpeened(seed: int, n: int = 200) -> Iterator[tuple[Picture, Code]]:
    """`n` pictures of 1080 x 1920 with one dot-peened Data Matrix each: yields (picture, code).

    Dots of .55, .75 and .95 of their cell in turn, jittered, under uneven light. Picture i depends on the seed
    and on i alone.
    """
    for number in range(n):
        yield dotpeened_picture(seed, number)


def dotpeened_picture(seed: int, number: int) -> tuple[Picture, Code]:
    """Picture `number` of the set."""
    rng = np.random.default_rng((seed, number, 2))
    fill = FILLS[number % 3]
    code = Code("DataMatrix", f"P{rng.integers(10**7):07d}S{rng.integers(10**6):06d}")
    cell = rng.uniform(6.5, 15)
    level = rng.uniform(80, 165)
    plane = surface(rng, "metal", ROWS, COLUMNS, level)
    x, y = rng.uniform(0.25, 0.75) * COLUMNS, rng.uniform(0.3, 0.7) * ROWS
    turn = np.radians(rng.uniform(-45, 45) if rng.random() < 0.5 else rng.normal(0, 4))
    prick(rng, plane, code, (x, y), cell, fill, float(turn))
    lamp = Light(
        uneven=rng.uniform(0.05, 0.25),
        glare=rng.uniform(20, 90) if rng.random() < 0.4 else 0.0,
        glare_at=(x + rng.normal(0, 120), y + rng.normal(0, 80)),
        glare_px=(rng.uniform(80, 300), rng.uniform(20, 80)),
        glare_deg=rng.uniform(-20, 20),
    )
    light(rng, plane, lamp)
    return expose(rng, plane, Lens(rng.uniform(0.8, 2.25), rng.uniform(2, 8))), code


def prick(
    rng: np.random.Generator,
    plane: Plane,
    code: Code,
    at: tuple[float, float],
    cell: float,
    fill: float,
    turn: float,
) -> None:
    """Press the dots of a Data Matrix into `plane`, in place: a dark pit each, with a bright rim towards the lamp.

    at: its middle, and cell: the width of a module, in pixels; fill: of a cell, a dot's; turn: clockwise, in radians.
    """
    modules = symbol(code)
    count = modules.shape[0]
    cos, sin = np.cos(turn), np.sin(turn)
    lamp = rng.uniform(0, 2 * np.pi)
    depth = rng.uniform(0.45, 0.9)
    sign = -1.0 if rng.random() < 0.7 else 1.0
    jitter = rng.uniform(0.02, 0.07)
    half = int(np.ceil(cell * count * 0.75)) + 4
    top, left = int(at[1]) - half, int(at[0]) - half
    pits = np.zeros((2 * half, 2 * half), np.uint8)
    rims = np.zeros_like(pits)
    for row, column in np.argwhere(modules):
        u, v = (np.array((column, row)) + 0.5 - count / 2 + rng.normal(0, jitter, 2)) * cell
        x, y = half + u * cos - v * sin, half + u * sin + v * cos
        radius = cell * fill / 2 * rng.normal(1, 0.06)
        strength = rng.normal(1, 0.12)
        _dot(pits, x, y, radius, strength)
        _dot(
            rims,
            x + np.cos(lamp) * radius * 0.55,
            y + np.sin(lamp) * radius * 0.55,
            radius * 0.4,
            strength,
        )
    size = 2 * half
    wear = 1 + 0.15 * uneven(rng, size, size, 5) + 0.1 * grain(rng, size, size)
    change = sign * depth / 160 * (pits * wear - 1.1 * rims)
    inside = plane[max(top, 0) : top + size, max(left, 0) : left + size]
    inside *= np.maximum(
        1 + change[max(0, -top) :, max(0, -left) :][: inside.shape[0], : inside.shape[1]], 0.05
    )


def _dot(plane: Picture, x: float, y: float, radius: float, strength: float) -> None:
    """A filled circle of value 160, to a sixteenth of a pixel."""
    middle = (round(x * 16), round(y * 16))
    cv2.circle(plane, middle, max(8, round(radius * 16)), 160 * strength, -1, cv2.LINE_AA, 4)
