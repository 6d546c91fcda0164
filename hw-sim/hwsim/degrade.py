"""What a lens, a shutter, a lamp and a sensor do to a picture."""

from dataclasses import dataclass

import cv2
import numpy as np

from hwsim.surface import Picture, Plane, grain, uneven


@dataclass(frozen=True)
class Light:
    """uneven: share by which light and shadow change over the picture. glare: gray levels that a lamp's mirror
    image adds in its middle, an ellipse of so many pixels at (x, y)."""

    uneven: float = 0.0
    glare: float = 0.0
    glare_at: tuple[float, float] = (0.0, 0.0)
    glare_px: tuple[float, float] = (200.0, 60.0)
    glare_deg: float = 0.0


@dataclass(frozen=True)
class Lens:
    """blur_px: sigma of the defocus. noise: the sensor's sigma in gray levels."""

    blur_px: float = 0.0
    noise: float = 0.0


def motion(plane: Plane, length_px: float, angle_deg: float) -> Plane:
    """`plane` as it smears along a line while the shutter is open."""
    if length_px < 1:
        return plane
    size = 2 * int(np.ceil(length_px / 2)) + 1
    kernel = np.zeros((size * 8, size * 8), np.float32)
    middle = size * 4
    half = np.array((np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg)))) * length_px * 4
    start, end = (middle - half).round().astype(int), (middle + half).round().astype(int)
    cv2.line(kernel, start.tolist(), end.tolist(), 1.0, 8, cv2.LINE_AA)
    kernel = np.asarray(cv2.resize(kernel, (size, size), interpolation=cv2.INTER_AREA), np.float32)
    kernel /= kernel.sum()
    return np.asarray(cv2.filter2D(plane, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.float32)


def light(rng: np.random.Generator, plane: Plane, lamp: Light) -> None:
    """Light `plane` unevenly, in place."""
    rows, columns = plane.shape
    if lamp.uneven:
        plane *= np.maximum(1 + lamp.uneven * uneven(rng, rows, columns, 4), 0.2)
    if lamp.glare:
        wide, high = lamp.glare_px
        reach = int(3 * max(wide, high))
        x, y = int(lamp.glare_at[0]), int(lamp.glare_at[1])
        left, right = max(0, x - reach), min(columns, x + reach)
        top, bottom = max(0, y - reach), min(rows, y + reach)
        if left >= right or top >= bottom:
            return
        dx = np.arange(left, right, dtype=np.float32)[None, :] - x
        dy = np.arange(top, bottom, dtype=np.float32)[:, None] - y
        cos, sin = np.cos(np.radians(lamp.glare_deg)), np.sin(np.radians(lamp.glare_deg))
        along, across = (dx * cos + dy * sin) / wide, (dy * cos - dx * sin) / high
        plane[top:bottom, left:right] += lamp.glare * np.exp(-(along**2 + across**2) / 2)


def expose(rng: np.random.Generator, plane: Plane, lens: Lens) -> Picture:
    """The picture that the sensor delivers."""
    if lens.blur_px > 0.2:
        cv2.GaussianBlur(plane, (0, 0), lens.blur_px, plane, borderType=cv2.BORDER_REPLICATE)
    if lens.noise:
        noise = grain(rng, *plane.shape)
        cv2.scaleAdd(noise, lens.noise, plane, plane)
    return np.clip(plane, 0, 255).astype(np.uint8)
