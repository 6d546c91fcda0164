"""What goes wrong on the line of an LLRP reader, by name and on purpose; beside what `hwsim.rainfaults` does to tags.

drop:after=10               the connection breaks when the tenth message comes (sent=10: ... has been sent)
half:at=3                   the third message from now is sent by half, then nothing more
silence:after=5             five more messages are sent, then nothing, and the connection stays (after=0: at once)
no_keepalive                everything works, but no KEEPALIVE is sent
clock:year=1970             the reader's clock is of that year
lie:kind=length,at=2        the second message from now says a length that is too short
lie:kind=huge               ... a length of 4 GiB
lie:kind=type               before it stands a message of a type that there is not
lie:kind=parameter          before it stands a report with a parameter that runs past its end
lie:kind=flood,count=10000  before it stand so many reports
"""

import calendar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hwsim.llrp_bytes import HEADER, message, tlv
from hwsim.rainfaults import TAG_FAULTS, Fault

if TYPE_CHECKING:
    from hwsim.llrp_reader import LlrpReader

_UNKNOWN_TYPE = 999
_REPORT, _TAG_REPORT_DATA = 61, 240
_KEEPALIVE = 62
_KINDS = ("length", "huge", "type", "parameter", "flood")


class LlrpFault(Fault):
    """Every hook, doing nothing."""

    def received(self, reader: "LlrpReader") -> None:
        """A message has come; called before the reader answers it."""

    def sending(self, reader: "LlrpReader", data: bytes) -> bytes:
        """What goes out instead of this message."""
        return data


@dataclass
class Drop(LlrpFault):
    after: int = 0
    sent: int = 0

    def __post_init__(self) -> None:
        if not self.after and not self.sent:
            self.after = 1

    def received(self, reader: "LlrpReader") -> None:
        if self.after:
            self.after -= 1
            if not self.after:
                self.done = reader.aborting = True

    def sending(self, reader: "LlrpReader", data: bytes) -> bytes:
        if self.sent:
            self.sent -= 1
            if not self.sent:
                self.done = reader.aborting = True
        return data


@dataclass
class Half(LlrpFault):
    at: int = 1

    def sending(self, reader: "LlrpReader", data: bytes) -> bytes:
        self.at -= 1
        if self.at > 0:
            return data
        self.done = True
        reader.mute()
        return data[: len(data) // 2]


@dataclass
class Silence(LlrpFault):
    after: int = 0

    def received(self, reader: "LlrpReader") -> None:
        if not self.after:
            self.done = True
            reader.mute()

    def sending(self, reader: "LlrpReader", data: bytes) -> bytes:
        if self.after > 0:
            self.after -= 1
            return data
        self.done = True
        reader.mute()
        return b""


@dataclass
class NoKeepalive(LlrpFault):
    def sending(self, reader: "LlrpReader", data: bytes) -> bytes:
        return b"" if HEADER.unpack_from(data)[0] & 0x3FF == _KEEPALIVE else data


@dataclass
class WrongClock(LlrpFault):
    year: int = 1970

    def __post_init__(self) -> None:
        _microseconds(self.year)

    def received(self, reader: "LlrpReader") -> None:
        self._set(reader)

    def sending(self, reader: "LlrpReader", data: bytes) -> bytes:
        self._set(reader)
        return data

    def _set(self, reader: "LlrpReader") -> None:
        if not self.done:
            self.done = True
            set_year(reader, self.year)


@dataclass
class Lie(LlrpFault):
    kind: str = "length"
    at: int = 1
    count: int = 10_000

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(f"lie: kind is {', '.join(_KINDS)}")

    def sending(self, reader: "LlrpReader", data: bytes) -> bytes:
        self.at -= 1
        if self.at > 0:
            return data
        self.done = True
        version = reader.version
        first, length, number = HEADER.unpack_from(data)
        if self.kind == "length":
            return HEADER.pack(first, length - 3, number) + data[HEADER.size :]
        if self.kind == "huge":
            return HEADER.pack(first, 0xFFFFFFFF, number) + data[HEADER.size :]
        if self.kind == "type":
            return message(_UNKNOWN_TYPE, 0, b"", version) + data
        if self.kind == "parameter":
            past = tlv(_TAG_REPORT_DATA, b"\x8d" + bytes(12))[:2] + b"\xff\xff\x8d" + bytes(12)
            return message(_REPORT, 0, past, version) + data
        report = message(_REPORT, 0, tlv(_TAG_REPORT_DATA, b"\x8d" + bytes(12)), version)
        return report * self.count + data


def set_year(reader: "LlrpReader", year: int) -> None:
    """The reader's clock shows the first of January of that year, now."""
    reader.utc_us_at_0 = _microseconds(year) - int(reader.now_s * 1e6)


def _microseconds(year: int) -> int:
    """Until that year began; ValueError where no reader's clock can be there."""
    if not 1970 <= year <= 9999:
        raise ValueError(f"year {year}: 1970 to 9999")
    return calendar.timegm((year, 1, 1, 0, 0, 0)) * 1_000_000


LINE_FAULTS: dict[str, type[Fault]] = {
    "drop": Drop,
    "half": Half,
    "silence": Silence,
    "no_keepalive": NoKeepalive,
    "clock": WrongClock,
    "lie": Lie,
}
FAULTS = {**TAG_FAULTS, **LINE_FAULTS}
