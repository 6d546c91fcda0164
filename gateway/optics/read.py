"""A picture file, read: what `tagwright code decode` says of it."""

from collections.abc import Sequence

from gateway.config_tables import SYMBOLOGIES
from gateway.model import Wanted
from gateway.optics.cascade import Cascade, Reading
from gateway.optics.picture import gray

BUDGET_MS = 2000  # one picture that somebody waits for


def read_picture(
    data: bytes, symbologies: Sequence[str] = SYMBOLOGIES, hard: bool = True
) -> Reading:
    """The codes in a JPEG, PNG, WebP or BMP file; hard: the whole cascade. Malformed as gateway.optics.picture says."""
    image = gray(data)
    cascade = Cascade(symbologies, BUDGET_MS)
    if hard:
        return cascade.look(image, Wanted(count=64))
    return cascade.glance(image)
