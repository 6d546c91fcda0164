"""The PN532 on SPI as a port like a UART: what is read is a frame, or nothing yet (NXP UM0701-02, 6.2.5).

Each transfer begins with its kind: data write 01, status read 02, data read 03. The chip takes and gives bytes least
bit first, which the SPI of few processors can: they are turned round here.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_WRITE, _STATUS, _READ = b"\x80", b"\x40\x00", b"\xc0"  # as on the wire, most bit first
_READY = 0x80
_HEAD = 6  # bytes: a whole ACK, or up to TFI; of an extended frame up to LENM
_NIBBLES = b"\x00\x08\x04\x0c\x02\x0a\x06\x0e\x01\x09\x05\x0d\x03\x0b\x07\x0f"


class SpiPort:
    """transfer(bytes) -> as many bytes, mode 0, most bit first, at most 5 MHz; select(True) pulls NSS low."""

    def __init__(
        self, transfer: "Callable[[bytes], bytes]", select: "Callable[[bool], object]"
    ) -> None:
        self._transfer = transfer
        self._select = select

    def write(self, data: "bytes") -> "None":
        """A frame, or what wakes the chip."""
        self._select(True)
        self._transfer(_WRITE + turned(data))
        self._select(False)

    def read(self, n_max: "int") -> "bytes":
        """The frame that the chip has ready, whole; b"" where it has none. n_max: 275, the longest, or more."""
        self._select(True)
        status = self._transfer(_STATUS)
        self._select(False)
        if not status[1] & _READY:
            return b""
        self._select(True)
        self._transfer(_READ)
        head = turned(self._transfer(bytes(_HEAD)))
        rest = min(_left(head), n_max - _HEAD)
        tail = turned(self._transfer(bytes(rest))) if rest > 0 else b""
        self._select(False)
        return head + tail


def turned(data: "bytes") -> "bytes":
    """Each byte with its bits in the other order."""
    return bytes([_NIBBLES[byte & 15] << 4 | _NIBBLES[byte >> 4] for byte in data])


def _left(head: "bytes") -> "int":
    """Bytes of a frame behind its first six; what is no frame has none."""
    if head[:3] != b"\x00\x00\xff" or head[3:5] in (b"\x00\xff", b"\xff\x00"):
        return 0
    if head[3:5] == b"\xff\xff":
        return -1
    return head[3] + 1
