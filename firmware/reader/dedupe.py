"""Which tags were seen a short while ago, so that a batch counts each once."""

import binascii
from array import array

_ROOM = 256  # two places for each of 128 tags
_MASK = 0x3FFFFFFF  # a small integer of a 32-bit MicroPython: 12 days in ms


class Recent:
    """The last 128 tags; window_ms: how long one counts as seen after it was last in the field."""

    def __init__(self, window_ms: "int") -> None:
        self._window = window_ms
        self._seen = array("i", bytes(4 * _ROOM))  # at once: a table that grows finds no room
        self._next = 0

    def has(self, uid: "bytes", now_ms: "int") -> "bool":
        """Whether this tag was seen within the window; if so, it begins anew."""
        key = _key(uid)
        seen = self._seen
        for at in range(0, _ROOM, 2):
            if seen[at] == key and (now_ms - seen[at + 1]) & _MASK <= self._window:
                seen[at + 1] = now_ms & _MASK
                return True
        return False

    def add(self, uid: "bytes", now_ms: "int") -> None:
        """One that `has` did not know is seen now; where there are too many, the first that came goes."""
        at = self._next
        self._seen[at] = _key(uid)
        self._seen[at + 1] = now_ms & _MASK
        self._next = (at + 2) % _ROOM


def _key(uid: "bytes") -> "int":
    return binascii.crc32(uid) & _MASK | 1
