"""The trust list on flash: found key by key, for a list of 1,000 does not fit the memory.

Of the list in force there are two files, named by its number: the signed list as it came, and its index, a head and
for each entry its kid (8 bytes) and where in the list it stands (4). The highest number ever seen, of each root, is in
State, and is written last: until then the list before it is in force.
"""

import os

from edge import cbor, ed25519, trust
from edge.errors import Malformed
from reader import files, segments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TypeVar

    from edge.trust import Entry
    from reader.state import State

    T = TypeVar("T")

ROW = 12  # bytes of an index row
ROWS = 96  # where they begin, behind the head


class Trust:
    """number: of the list in force, 0 for none; issued, not_after: its times, Unix seconds.

    seen: the name in State of the highest number under this root; another root numbers its lists anew.
    """

    def __init__(self, folder: "str", root: "bytes", state: "State") -> None:
        """root: the 32 bytes of the key that signs lists; b"": none is trusted. root and state stay attributes."""
        files.make_folder(folder)
        self._folder = folder
        self.root = root
        self.state = state
        # An int: on MicroPython hex() of no bytes is no text.
        self.seen = f"trust{int.from_bytes(root[:4], 'big')}"
        # Who issued a stub, and the handheld's own: their tables have their room while the heap is whole.
        self._prepared = [ed25519.PreparedKey(b""), ed25519.PreparedKey(b"")]
        self.load()

    def load(self) -> None:
        """Put in force what stands on flash under this root; files of no use are removed."""
        self.number = self.issued = self.not_after = self._count = 0
        self._last: "tuple[bytes | None, list[Entry]]" = (None, [])
        number = self.state.get(self.seen)
        path = self.path(number)
        head = segments.data_at(path + ".keys", 0) if files.size(path + ".keys") > 0 else b""
        if head:
            root, count, crc, issued, not_after = cbor.decode(head)
            whole = files.size(path + ".keys") == ROWS + count * ROW and files.size(path) > 0
            if whole and root == self.root and files.checksum(path) == crc:
                self.number, self.issued, self.not_after = number, issued, not_after
                self._count = count
        for name in os.listdir(self._folder):
            if not self.number or name.split(".")[0] != str(number):
                files.remove(f"{self._folder}/{name}")

    def find(self, kid: "bytes | None") -> "list[Entry]":
        """Every entry of the list in force with this kid: two keys may share one."""
        if kid is None or not self.number:
            return []
        if self._last[0] != kid:
            self._last = (kid, self._found(kid))
        return self._last[1]

    def check(
        self, key: "bytes", message: "bytes", signature: "bytes"
    ) -> "Generator[int, None, bool]":
        """Whether `signature` is that key's for `message`, in turns. P-256 is not verified here: False."""
        if len(key) != 32:
            return False
        prepared = self.prepare(key)
        yield 0
        return (yield from turned(prepared.steps(message, signature))) is True

    def install(self, path: "str") -> "Generator[int, None, None]":
        """Put the signed list in the file `path` in force, in turns; the file is moved away.

        Raises edge.trust.BadSignature, Malformed for what edge.trust would not read or is older than one that
        was seen, DeviceTrouble. Then the list before is in force.
        """
        from reader import trust_file

        return trust_file.install(self, path)

    def prepare(self, key: "bytes") -> "ed25519.PreparedKey":
        """The key with its table; the one used longest ago makes room."""
        first, last = self._prepared
        if last.key != key:
            if first.key != key:
                first.take(key)
            self._prepared = [last, first]
        return self._prepared[1]

    def path(self, number: "int") -> "str":
        """Of the list with this number."""
        return f"{self._folder}/{number}"

    def _found(self, kid: "bytes") -> "list[Entry]":
        path = self.path(self.number)
        end = files.size(path)
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if files.part(path + ".keys", ROWS + middle * ROW, 8) < kid:
                low = middle + 1
            else:
                high = middle
        found = []
        while low < self._count:
            row = files.part(path + ".keys", ROWS + low * ROW, ROW)
            if row[:8] != kid:
                break
            try:
                found.append(trust.entry(files.item(path, int.from_bytes(row[8:], "big"), end)[0]))
            except Malformed:  # damaged since the start: a gateway sends it again
                self.number = 0
                return []
            low += 1
        return found


def turned(steps: "Generator[None, None, T]") -> "Generator[int, None, T]":
    """What edge.ed25519 does step by step, as turns; its result."""
    while True:
        try:
            next(steps)
            next(steps)  # a turn of everything else takes a tenth of a step
        except StopIteration as end:
            found: "T" = end.value
            return found
        yield 0
