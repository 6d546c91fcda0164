"""What a gateway sends whole (a trust list, orders, an update), taken in pieces and across any break of the link.

The part that is here lies in one file, named by what it is of: whoever comes back is asked for the rest of it.
"""

import hashlib
import os

from edge.errors import Malformed
from reader import files
from reader.errors import DeviceTrouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Turns = Generator[int, None, None]
    Install = Callable[[str], Turns]

_PIECE = 512  # bytes that are hashed in one turn
_LARGEST = 1 << 19  # bytes; no flash here holds more beside what it runs


class Download:
    """One at a time. installs: what -> a generator function of a file's path, which makes the file's content count.

    An install may move the file away; it yields ms and raises Malformed or DeviceTrouble where it refuses it.
    """

    def __init__(self, folder: "str", installs: "dict[str, Install]") -> None:
        files.make_folder(folder)
        self._folder = folder
        self._installs = installs
        self._size = 0
        self._work: "Turns | None" = None
        self._refusal: "tuple[str, bool, str] | None" = None
        self.what = ""
        self.sha256 = b""

    @property
    def offset(self) -> "int":
        """Of the first byte that is missing; -1 where nothing is."""
        have = files.size(self._path)
        return max(0, have) if self.what and have < self._size else -1

    def offered(self, what: "str", size: "int", sha256: "bytes") -> "bool":
        """Whether it is taken: then `offset` says from where on. One that is being installed goes first."""
        if self._work is not None or what not in self._installs or not 0 < size <= _LARGEST:
            return False
        self.what = what
        self.sha256 = sha256
        self._size = size
        for name in os.listdir(self._folder):
            if not self._path.endswith("/" + name):
                files.remove(f"{self._folder}/{name}")
        return True

    def rest(self) -> None:
        """The gateway has left: its part stays until it is offered again, or something else is."""
        if self._work is None:
            self.what = ""

    def take(self, what: "str", offset: "int", data: "bytes") -> None:
        """The bytes at `offset`; what was not asked for is left out. Where it fails, `turn` tells, and it is over."""
        if not data or what != self.what or offset != self.offset:
            return
        if offset + len(data) > self._size:
            return
        try:
            files.write(self._path, (data,), "ab")
        except DeviceTrouble as why:
            self._refusal = (what, False, str(why))
            self._forget()

    def turn(self) -> "tuple[str, bool, str] | None":
        """To be called often: (what, whether it counts now, why not) once it is whole; None while it is not."""
        refusal, self._refusal = self._refusal, None
        if refusal or not self.what or self.offset >= 0:
            return refusal
        what = self.what
        why = ""
        try:
            if self._work is None:
                self._work = self._installed()
            next(self._work)
            return None
        except StopIteration:
            pass
        except (Malformed, DeviceTrouble, OSError, MemoryError) as refusal:
            why = str(refusal) or "failed"
        self._work = None
        self._forget()
        return what, not why, why

    @property
    def _path(self) -> "str":
        return f"{self._folder}/{self.what}-{self.sha256[:8].hex()}"

    def _installed(self) -> "Turns":
        found = hashlib.sha256()
        with open(self._path, "rb") as file:
            while True:
                data = file.read(_PIECE)
                if not data:
                    break
                found.update(data)
                yield 0
        if found.digest() != self.sha256:
            raise Malformed("damaged on its way")
        yield from self._installs[self.what](self._path)

    def _forget(self) -> None:
        files.remove(self._path)
        self.what = ""
