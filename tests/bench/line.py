"""A simulated PN532 in this process, one tag before it, and both drivers on its serial port: ours and nfcpy's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import nfc
import nfc.clf.pn532
import nfc.clf.transport
import nfc.tag

from edge.carrier import next_read
from edge.type2 import Image
from gateway.readers.pn532 import Pn532
from hwsim.chips import CHIPS
from hwsim.clock import Clock
from hwsim.faults import Tear
from hwsim.field import Field
from hwsim.ntag import Tag
from hwsim.pn532 import Pn532 as Chip
from hwsim.port import PtyPort

UID = bytes.fromhex("04a1b2c3d4e5f6")
BYTE_MS = 10 / 115.2  # on the wire: 10 bits at 115200 baud
_ATTEMPTS = 5

Plan = list[tuple[int, bytes]]


@dataclass(frozen=True)
class Spent:
    """What an operation cost. wire_ms is counted from the bytes at 115200 baud, at whatever rate the driver went."""

    wire_ms: float
    air_ms: float  # field and EEPROM
    commands: int
    pages: int

    @property
    def ms(self) -> float:
        return self.wire_ms + self.air_ms


class Line:
    """One reader and one tag. Use `line()`; `memory` may be set between two operations."""

    def __init__(self, chip: str, uid: bytes = UID) -> None:
        self.clock = Clock()
        self.field = Field(self.clock)
        self.tag = Tag(CHIPS[chip], uid)
        self.port = PtyPort(Chip(self.field, self.clock))
        self.arrive()

    @property
    def memory(self) -> bytes:
        return bytes(self.tag.memory)

    @memory.setter
    def memory(self, content: bytes) -> None:
        self.tag.memory[:] = content

    def arrive(self) -> None:
        """The tag is back at the reader, with no fault armed."""
        self.field.faults.armed.clear()
        self.field.leave()
        self.field.arrive(self.tag)

    def tear(self, number: int, mask: int) -> None:
        """Cut the power at the `number`-th write from now, when only the bits of `mask` are programmed."""
        self.field.faults.armed.append(Tear(at=number, bits=f"{mask:08x}"))

    def spent(self) -> Spent:
        """The cost since the last call."""
        clock = self.clock
        traffic = clock.bytes_in + clock.bytes_out
        found = Spent(
            traffic * BYTE_MS,
            (clock.rf_us + clock.eeprom_us) / 1e3,
            clock.commands,
            clock.pages_written,
        )
        clock.reset()
        return found


class Ours:
    """The gateway's own driver, open."""

    def __init__(self, line: Line) -> None:
        self.port = Pn532(line.port.path)
        self.port.open()

    def __enter__(self) -> "Ours":
        return self

    def __exit__(self, *_: object) -> None:
        self.port.close()

    def detect(self) -> None:
        """Select the tag in the field."""
        if self.port.wait(1.0) is None:
            raise RuntimeError("the tag was not found")

    def read(self, whole: bool = False) -> Image:
        """What a station reads: the pages that lead to the current stub, or all."""
        image = Image()
        while (step := next_read(image, whole)) is not None:
            image.put(step[0], self.port.read(*step))
        return image

    def write(self, plan: Plan) -> None:
        for page, data in plan:
            self.port.write(page, data)


class Nfcpy:
    """nfcpy, unmodified, on the same port."""

    def __init__(self, line: Line) -> None:
        tty = nfc.clf.transport.TTY(line.port.path)
        self._clf = nfc.ContactlessFrontend()
        self._clf.device = nfc.clf.pn532.init(tty)
        self._clf.device._path = line.port.path

    def __enter__(self) -> "Nfcpy":
        return self

    def __exit__(self, *_: object) -> None:
        self._clf.close()

    def detect(self) -> "nfc.tag.Tag | None":
        """The tag in the field as nfcpy's own tag class, None where it finds none."""
        target = self._clf.sense(nfc.clf.RemoteTarget("106A"))
        return nfc.tag.activate(self._clf, target) if target is not None else None

    def message(self) -> bytes:
        """The NDEF message on the tag, empty where nfcpy sees none.

        nfcpy gives up where the simulator's thread gets no processor for 0.1 s, so it is asked again.
        """
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._message()
            except OSError:
                continue
        return self._message()

    def _message(self) -> bytes:
        tag = self.detect()
        return tag.ndef.octets if tag is not None and tag.ndef is not None else b""


@contextmanager
def line(chip: str) -> Iterator[Line]:
    """A Line whose reader serves in a thread until the end."""
    made = Line(chip)
    with made.port:
        yield made
