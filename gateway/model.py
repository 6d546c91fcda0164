"""The values that pass between a reader, a station and the journal, and what can go wrong with a device."""

from dataclasses import dataclass
from typing import NamedTuple

from edge import gen2, type2


@dataclass(frozen=True)
class Target:
    """A tag in the field, by its UID or its TID's identity."""

    uid: bytes


class Sighting(NamedTuple):
    """One RAIN tag as one report tells it. epc: as on the tag, whole words; pc: its PC word, 16 bits.

    tid, user: words read in the same round, b"" where they were not asked for or did not come. seen_at: Unix seconds
    of the gateway's clock. count: how often the reader saw it since its last report.
    """

    epc: bytes
    tid: bytes
    antenna: int
    rssi_dbm: float
    seen_at: float
    count: int = 1  # type: ignore[assignment]  # a sighting has no use for tuple.count
    pc: int = 0
    user: bytes = b""


class GpiChange(NamedTuple):
    """A general purpose input of a reader changed, for example a light barrier's."""

    port: int
    level: bool
    at: float  # Unix seconds of the gateway's clock


class Select(NamedTuple):
    """Which RAIN tags are meant: those whose memory `bank`, from `bit` on, is `mask` (whole bytes)."""

    bank: int
    bit: int
    mask: bytes


def by_tid(tid: bytes) -> Select:
    """The tag with this TID."""
    return Select(gen2.TID, 0, tid)


def by_epc(epc: bytes) -> Select:
    """The tags with this EPC, which begins at bit 20h of its bank."""
    return Select(gen2.EPC, 0x20, epc)


@dataclass(frozen=True)
class Inventory:
    """How to look for tags. antennas: numbers from 1, none: all; power_dbm: None for the reader's own setting.

    tid: read the TID of each tag in the same round; user_words: and so many words of its USER bank.
    session: Gen2 session 0-3; population: how many tags are expected; select: only these tags.
    gpi: the input that starts and ends the looking (high: look), None: always.
    """

    antennas: tuple[int, ...] = ()
    power_dbm: float | None = None
    tid: bool = True
    user_words: int = 0
    session: int = 1
    population: int = 32
    select: Select | None = None
    gpi: int | None = None


@dataclass(frozen=True)
class Capture:
    """What a reader saw: medium "nfc", id the UID, image the tag memory; or "rain", the TID's identity, the banks.

    seen_at: Unix seconds of the gateway's clock; a reader's own clock is never trusted.
    """

    reader: str
    medium: str
    id: bytes
    image: type2.Image | gen2.Image  # as far as it was read
    seen_at: float


class Quality(NamedTuple):
    """How well a code came out in one picture: a process indicator of this camera, no ISO/IEC 15415 or 29158 grade.

    contrast, unused_correction: shares of 1; module_px: pixels a module; None where not known.
    """

    contrast: float | None = None
    unused_correction: float | None = None
    module_px: float | None = None


@dataclass(frozen=True)
class CodeRead:
    """One code as a camera or scanner read it.

    data: the message's bytes as they are encoded, FNC1 as GS (0x1D), without AIM identifier. aim: "]Q1", "" where
    the device tells none. symbology: zxing's word ("QRCode", "DataMatrix", "Code128", "EAN13"), "" unknown.
    seen_at: Unix seconds of the gateway's clock. position: corners in pixels, clockwise from the symbol's own top left.
    orientation_deg: clockwise, 0 upright. engine: "zxing", "zbar", "scanner". agreed: frames or passes that read it.
    confirmed_by: other engines that read the same bytes there, where they were asked. frame: its number, from 1.
    """

    reader: str
    data: bytes
    aim: str
    symbology: str
    seen_at: float
    position: tuple[tuple[int, int], ...] = ()
    orientation_deg: float | None = None
    decode_ms: float = 0.0
    quality: Quality | None = None
    engine: str = "scanner"
    agreed: int = 1
    confirmed_by: tuple[str, ...] = ()
    frame: int = 0


class Look(NamedTuple):
    """What a code reader says at once: the codes of one picture, or one message of a scanner.

    codes: that count (what still waits for agreement is left out). at: Unix seconds, of the picture's arrival.
    no_read: the device itself ended its read cycle without a code. unreadable: codes that were located, not decoded.
    """

    at: float
    codes: tuple[CodeRead, ...] = ()
    no_read: bool = False
    unreadable: int = 0
    frame: int = 0


@dataclass(frozen=True)
class Wanted:
    """What a trigger looks for. count: distinct codes that are enough. expected: values of which one sight counts.

    confirm: a second engine must look at what was read, too (print-verify). beyond: look a little longer for codes
    beyond count, that a second item beside the one is seen.
    """

    count: int = 1
    expected: tuple[bytes, ...] = ()
    confirm: bool = False
    beyond: bool = False


class DeviceTrouble(Exception):
    """A device, not the data, is at fault; the text says which, and what to do."""


class ReaderGone(DeviceTrouble):
    """The reader does not answer or was unplugged."""


class ReaderBusy(DeviceTrouble):
    """Another program holds the reader."""


class CannotDo(DeviceTrouble):
    """This reader has not what was asked of it (an antenna, a power, a filter); the text says what it has."""


class TagGone(DeviceTrouble):
    """The tag left the field; `page` is the page (RAIN: the place, edge.gen2) being read or written, if any."""

    def __init__(self, text: str, page: int | None = None) -> None:
        super().__init__(text)
        self.page = page


class TagRefused(DeviceTrouble):
    """The tag answered NAK (locked, password, or a page that it lacks) at `page`."""

    def __init__(self, text: str, page: int) -> None:
        super().__init__(text)
        self.page = page


class TagLocked(TagRefused):
    """The words at that place are locked, or permalocked, against this access."""


class TagTooSmall(TagRefused):
    """The bank ends before that place (Gen2: memory overrun)."""


class WrongPassword(TagRefused):
    """The tag did not accept the access or kill password; the text never tells it."""


class LowPower(TagRefused):
    """The tag is read but too far away to be written (Gen2: insufficient power)."""
