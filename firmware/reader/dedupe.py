"""Which tags were seen a short while ago, so that a batch counts each once."""

import binascii

_ENTRIES = 256
_MASK = 0x3FFFFFFF  # a small integer of a 32-bit MicroPython


class Recent:
    """The last 256 tags; window_ms: how long one counts as seen after it was last in the field."""

    def __init__(self, window_ms: "int") -> None:
        self._window = window_ms
        self._seen: "dict[int, int]" = {}

    def has(self, uid: "bytes", now_ms: "int") -> "bool":
        """Whether this tag was seen within the window; if so, it begins anew."""
        key = binascii.crc32(uid) & _MASK
        last = self._seen.get(key)
        if last is None or now_ms - last > self._window:
            return False
        self._seen[key] = now_ms
        return True

    def add(self, uid: "bytes", now_ms: "int") -> None:
        """It is seen now; the one that was seen longest ago goes where there are too many."""
        key = binascii.crc32(uid) & _MASK
        if key not in self._seen and len(self._seen) >= _ENTRIES:
            oldest = min([(at, each) for each, at in self._seen.items()])
            del self._seen[oldest[1]]
        self._seen[key] = now_ms
