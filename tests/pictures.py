"""Pictures of codes that are drawn, not photographed."""

import numpy as np

from gateway.optics.found import Gray


def drawn(modules: Gray, scale: int = 4, quiet: int = 10) -> Gray:
    """Modules (0 dark, 255 light) with a quiet zone, `scale` pixels each; bars twice as high."""
    tall = np.repeat(modules, 2, axis=0) if modules.shape[0] * 2 < modules.shape[1] else modules
    light = np.pad(tall, quiet, constant_values=255)
    return np.asarray(light.repeat(scale, axis=0).repeat(scale, axis=1), np.uint8)
