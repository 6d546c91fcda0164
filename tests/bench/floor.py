"""What the air and the EEPROM take at the least, from the standards: no reader and no program can be faster.

ISO/IEC 14443-3 type A at 106 kbit/s; NTAG21x frames; 4.1 ms a page (NTAG203 data sheet, programming time).
"""

_BIT_MS = 128 / 13560
_FRAME_DELAY_MS = (1236 + 1172) / 13560  # before the tag's answer, and after it
_FIELD_ON_MS = 5.0  # ISO/IEC 14443-3, the time a tag may take to be ready
_PAGE_MS = 4.1
_ACK_BITS = 4


def exchange(sent: int, received: int) -> float:
    """ms of one exchange of so many bytes, CRC included in both."""
    return _frames(9 * sent, 9 * received)


def select() -> float:
    """ms from the field's rise to a selected tag with a UID of 7 bytes."""
    wake = _frames(7, 18)
    level = exchange(2, 5) + exchange(9, 3)
    return _FIELD_ON_MS + wake + 2 * level


def read(pages: int) -> float:
    """ms of one FAST_READ of so many pages."""
    return exchange(5, 4 * pages + 2)


def write(pages: int) -> float:
    """ms of so many WRITEs, each with its programming time."""
    return pages * (_frames(9 * 8, _ACK_BITS) + _PAGE_MS)


def _frames(sent_bits: int, received_bits: int) -> float:
    return (sent_bits + 3 + received_bits + 2) * _BIT_MS + _FRAME_DELAY_MS
