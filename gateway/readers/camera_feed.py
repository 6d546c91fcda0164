"""What a camera's sources give: pictures, bad ones, and why there are none any more."""

from collections.abc import Generator
from typing import NamedTuple, TypeAlias

from gateway.optics.found import Gray

LARGEST = 16 << 20  # bytes of a picture file: 20 megapixels as a JPEG of good quality
QUIET_S = 3.0  # a camera that sends nothing for so long is stalled
WHOLE_S = 10.0  # or no whole picture


class Bad(NamedTuple):
    """A picture that came, and why it cannot be used."""

    why: str


Content: TypeAlias = bytes | Gray | Bad
"""A picture file as it came, to be decoded when it is looked at; or a picture."""

Feed: TypeAlias = Generator[Content | None, None, None]
"""Blocks until the next picture, for half a minute at most. None: the camera is there, and has no picture now."""


class Lost(Exception):
    """No pictures any more. word: "gone" or "stalled"; the text says where, why and what to do; no password."""

    def __init__(self, word: str, text: str) -> None:
        super().__init__(text)
        self.word = word


class Picture(NamedTuple):
    """number: from 1, as they come. at: Unix seconds of its arrival."""

    number: int
    at: float
    content: Content
