"""A label in the hand, in front of a phone: 1080p, a field of view of 65 degrees, a hand that is not quite still."""

import math

import numpy as np

from gateway.optics.symbol import Symbol
from hwsim.degrade import Lens, Light
from hwsim.scene import COLUMNS, Placed, Scene, render
from hwsim.surface import KINDS, Picture
from hwsim.symbols import WORDS, Code

_FIELD_DEG = 65.0  # horizontally: a phone's main camera


def module_px(module_mm: float, distance_mm: float) -> float:
    """Pixels a module at that distance."""
    seen_mm = 2 * distance_mm * math.tan(math.radians(_FIELD_DEG / 2))
    return COLUMNS / seen_mm * module_mm


def in_hand(
    symbol: Symbol, module_mm: float, distance_mm: float, seed: int, number: int
) -> Picture:
    """Picture `number`: turned any way, tilted to 30 degrees, a little out of focus, moved in two of five."""
    rng = np.random.default_rng((seed, number))
    module = module_px(module_mm, distance_mm)
    label = Placed(
        Code(WORDS[symbol.symbology], symbol.text, modules=symbol.rows),
        x=rng.uniform(0.4, 0.6) * COLUMNS,
        y=rng.uniform(500, 580),
        module_px=module,
        rotation_deg=rng.uniform(-180, 180),
        tilt_deg=rng.uniform(0, 30),
        tilt_axis_deg=rng.uniform(0, 180),
        motion_px=module * rng.uniform(0, 0.5) if rng.random() < 0.4 else 0.0,
        motion_deg=rng.uniform(0, 180),
    )
    scene = Scene(
        (label,),
        ground=KINDS[rng.integers(len(KINDS))],
        lamp=Light(uneven=rng.uniform(0.02, 0.15)),
        lens=Lens(blur_px=module * rng.uniform(0.1, 0.4), noise=rng.uniform(2, 6)),
    )
    return render(scene, (seed, number, 1))
