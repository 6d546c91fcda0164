"""The values that pass between a reader, a station and the journal, and what can go wrong with a device."""

from dataclasses import dataclass

from edge.type2 import Image


@dataclass(frozen=True)
class Target:
    """A tag in the field, by its UID."""

    uid: bytes


@dataclass(frozen=True)
class Capture:
    """What a reader saw: medium "nfc", id the UID, image the tag memory as far as it was read.

    seen_at: Unix seconds of the gateway's clock; a reader's own clock is never trusted.
    """

    reader: str
    medium: str
    id: bytes
    image: Image
    seen_at: float


class DeviceTrouble(Exception):
    """A device, not the data, is at fault; the text says which, and what to do."""


class ReaderGone(DeviceTrouble):
    """The reader does not answer or was unplugged."""


class ReaderBusy(DeviceTrouble):
    """Another program holds the reader."""


class TagGone(DeviceTrouble):
    """The tag left the field; `page` is the page that was being read or written, if any."""

    def __init__(self, text: str, page: int | None = None) -> None:
        super().__init__(text)
        self.page = page


class TagRefused(DeviceTrouble):
    """The tag answered NAK (locked, password, or a page that it lacks) at `page`."""

    def __init__(self, text: str, page: int) -> None:
        super().__init__(text)
        self.page = page
