"""The letter of a process indicator, for whoever has the numbers already; where they come from: quality.py."""

from gateway.model import Quality

_CONTRAST = (("A", 0.50), ("B", 0.35), ("C", 0.25), ("D", 0.15))
_CORRECTION = (
    ("A", 0.62),
    ("B", 0.50),
    ("C", 0.37),
    ("D", 0.25),
)  # ISO/IEC 15415, unused error correction
_MODULE = (("A", 2.5), ("B", 2.0), ("C", 1.5), ("D", 1.0))  # pixels


def grade(quality: Quality, symbology: str) -> str:
    """ "A" to "F", the worst of what is known: contrast, unused error correction, pixels a module.

    A from contrast .50, correction .62, 2.5 pixels on; B .35, .50, 2.0; C .25, .37, 1.5; D .15, .25, 1.0.
    """
    known = [
        _letter(value, scale)
        for value, scale in (
            (quality.contrast, _CONTRAST),
            (quality.unused_correction, _CORRECTION),
            (quality.module_px, _MODULE),
        )
        if value is not None
    ]
    return max(known, default="F")


def _letter(value: float, scale: tuple[tuple[str, float], ...]) -> str:
    return next((letter for letter, least in scale if value >= least), "F")
