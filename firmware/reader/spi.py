"""The PN532 on SPI as a port like a UART: what is read is a frame, or nothing yet (NXP UM0701-02, 6.2.5).

Each transfer begins with its kind: data write 01, status read 02, data read 03. The chip takes and gives bytes least
bit first, which the SPI of few processors can: they are turned round here.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_WRITE, _STATUS, _READ = b"\x80", b"\x40\x00", b"\xc0"  # as on the wire, most bit first
_READY = 0x80
_HEAD = 6  # bytes: a whole ACK, and more than any other frame's length
_EXTENDED = 8  # bytes of an extended frame before TFI
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
        if status[1] != _READY:  # FF where no chip is
            return b""
        self._select(True)
        self._transfer(_READ)
        frame = b""
        size = _HEAD
        while len(frame) < min(size, n_max):
            frame += turned(self._transfer(bytes(min(size, n_max) - len(frame))))
            size = _size(frame)
        self._select(False)
        return frame


def turned(data: "bytes") -> "bytes":
    """Each byte with its bits in the other order."""
    return bytes([_NIBBLES[byte & 15] << 4 | _NIBBLES[byte >> 4] for byte in data])


def _size(frame: "bytes") -> "int":
    """Bytes of the frame that begins so, as far as it tells; what is no frame ends with its head."""
    if frame[:3] != b"\x00\x00\xff" or frame[3:5] in (b"\x00\xff", b"\xff\x00"):
        return _HEAD
    if frame[3:5] != b"\xff\xff":
        return frame[3] + 7
    if len(frame) < _EXTENDED:
        return _EXTENDED
    return (frame[5] << 8 | frame[6]) + 10
