"""The parts of a multipart stream (RFC 2046, "Multipart Media Type"), as cameras send it: multipart/x-mixed-replace.

Cameras are careless with it: boundaries with dashes too many, a length that is missing or wrong. With a length a part
is that long; without, it ends where a JPEG ends with what has come, or before the next boundary.
"""

import re

from edge.errors import Malformed

_HEADERS = 8192  # bytes
_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;]{1,200}))', re.I)
_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*([0-9]{1,12})[ \t]*\r?$", re.I | re.M)
_BLANK = re.compile(rb"\r?\n\r?\n")
_END_OF_IMAGE = b"\xff\xd9"  # of a JPEG
_LINE_END = b"\r\n"
_BETWEEN = b"\r\n-"  # a part without a length and its boundary


def boundary(content_type: str) -> bytes:
    """The boundary that a Content-Type names, without dashes before it; Malformed where it names none."""
    found = _BOUNDARY.search(content_type)
    name = (found[1] or found[2]).lstrip("-") if found else ""
    if not name.isascii() or not name:
        raise Malformed("a multipart stream without a boundary")
    return name.encode()


class Multipart:
    """Bytes in, the bodies of whole parts out. largest: bytes of a part; a larger one is skipped and counted."""

    def __init__(self, boundary: bytes, largest: int) -> None:
        self._delimiter = b"--" + boundary
        self._largest = largest
        self._data = bytearray()
        self._looked = 0  # up to there nothing was found
        self._step = self._before
        self._length: int | None = None
        self._is_skipped = False
        self.skipped = 0

    @property
    def held(self) -> int:
        """Bytes that wait for more."""
        return len(self._data)

    def receive(self, data: bytes) -> list[bytes]:
        """The parts that these bytes complete. What is held is one part and `data` at most."""
        self._data += data
        found: list[bytes] = []
        while (part := self._step()) is not None:
            if part:
                found.append(part)
        return found

    def _before(self) -> bytes | None:
        """Before a boundary: None where there is more to come, b"" for the next step."""
        at = self._data.find(self._delimiter)
        if at < 0:
            del self._data[: -len(self._delimiter)]
            return None
        del self._data[: at + len(self._delimiter)]
        self._step = self._headers
        return b""

    def _headers(self) -> bytes | None:
        """Between a boundary and the empty line. Where that is too far, it was no part."""
        blank = _BLANK.search(self._data, 0, _HEADERS)
        if blank is None:
            if len(self._data) < _HEADERS:
                return None
            self._step = self._before
            return b""
        stated = _LENGTH.search(self._data, 0, blank.end())
        self._length = int(stated[1]) if stated else None
        self._is_skipped = False
        self._looked = 0
        del self._data[: blank.end()]
        self._step = self._until_boundary if self._length is None else self._of_length
        return b""

    def _of_length(self) -> bytes | None:
        assert self._length is not None
        if self._length > self._largest:
            self._skip()
        if self._is_skipped:
            gone = min(self._length, len(self._data))
            del self._data[:gone]
            self._length -= gone
            if self._length:
                return None
            self._step = self._before
            return b""
        if len(self._data) < self._length:
            return None
        return self._part(self._length)

    def _until_boundary(self) -> bytes | None:
        at = self._data.find(self._delimiter, self._looked)
        if at < 0 and self._data.endswith((_END_OF_IMAGE, _END_OF_IMAGE + _LINE_END)):
            at = len(self._data)
        if at >= 0:
            return self._part(at)
        self._looked = max(0, len(self._data) - len(self._delimiter))
        if len(self._data) > self._largest:
            self._skip()
            del self._data[: self._looked]
            self._looked = 0
        return None

    def _skip(self) -> None:
        self.skipped += not self._is_skipped
        self._is_skipped = True

    def _part(self, length: int) -> bytes:
        if length > self._largest:
            self._skip()
        part = b"" if self._is_skipped else bytes(self._data[:length])
        del self._data[:length]
        self._step = self._before
        return part if self._length is not None else part.rstrip(_BETWEEN)
