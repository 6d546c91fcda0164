"""The trust list on flash: found key by key, for a list of 1,000 does not fit the memory.

Of the list in force there are two files, named by its number: the signed list as it came, and its index, a head and
for each entry its kid (8 bytes) and where in the list it stands (4). The highest number ever seen is in State, and
is written last: until then the list before it is in force.
"""

import os

from edge import cbor, cose, ed25519, envelope, trust
from edge.errors import Malformed
from reader import files, segments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from edge.trust import Entry
    from reader.state import State

_PREPARED = 4  # keys whose tables are kept, about 3 kB each
_PIECE = 512  # bytes that are hashed in one turn, or written
_ROW = 12  # bytes of an index row
_ROWS = 96  # where they begin, behind the head
_HEAD_SIZE = 17  # of a signed list: tag, array, protected header, no unprotected one
_TAIL = 66  # its signature
_NUMBER = "trust"  # in State


class Trust:
    """number: of the list in force, 0 for none; issued, not_after: its times, Unix seconds."""

    def __init__(self, folder: "str", root: "bytes", state: "State") -> None:
        """root: the 32 bytes of the key that signs lists, which stays the attribute; b"": none is trusted."""
        files.make_folder(folder)
        self._folder = folder
        self.root = root
        self._state = state
        self._prepared: "list[ed25519.PreparedKey]" = []
        self.load()

    def load(self) -> None:
        """Put in force what stands on flash under this root; files of no use are removed."""
        self.number = self.issued = self.not_after = self._count = 0
        self._last: "tuple[bytes | None, list[Entry]]" = (None, [])
        number = self._state.get(_NUMBER)
        path = self._path(number)
        head = segments.data_at(path + ".keys", 0) if files.size(path + ".keys") > 0 else b""
        if head:
            root, count, size, issued, not_after = cbor.decode(head)
            whole = files.size(path) == size and files.size(path + ".keys") == _ROWS + count * _ROW
            if whole and root == self.root:
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
        prepared = self._prepare(key)
        yield 0
        return (yield from _turned(prepared.steps(message, signature)))

    def install(self, path: "str") -> "Generator[int, None, None]":
        """Put the signed list in the file `path` in force, in turns; the file is moved away.

        Raises edge.trust.BadSignature, Malformed for what edge.trust would not read or is older than one that
        was seen, DeviceTrouble. Then the list before is in force.
        """
        size = files.size(path)
        start = files.part(path, 0, 64)
        at = _payload_at(start, size, self.root)
        tail = files.part(path, size - _TAIL, _TAIL)
        if tail[:2] != b"\x58\x40":
            raise Malformed("trust list: no signature at its end")
        check = self._prepare(self.root).begin(tail[2:])
        check.update(cose.to_be_signed(start[3:16], b"")[:-1] + start[_HEAD_SIZE:at])
        for piece in range(at, size - _TAIL, _PIECE):
            check.update(files.part(path, piece, min(_PIECE, size - _TAIL - piece)))
            yield 0
        if not (yield from _turned(check.steps())):
            raise trust.BadSignature("trust list: not signed by this root key")
        number, issued, not_after, count, at = _opened(files.part(path, at, 48), at)
        if number < self._state.get(_NUMBER) or number <= self.number:
            raise Malformed(f"trust list: {number} is older than what was seen")
        index = self._path(number) + ".keys"
        head = segments.framed(cbor.encode([self.root, count, size, issued, not_after]))
        files.write(index, (head, bytes(_ROWS - len(head))))
        before = (b"", b"")
        rows = b""
        for left in range(count - 1, -1, -1):
            row, raw = files.item(path, at, size - _TAIL)
            entry = trust.entry(row)
            if not before < (entry.kid, entry.key) or cbor.encode(trust.row(entry)) != raw:
                raise Malformed("trust list: entries out of order, or defaults written out")
            before = (entry.kid, entry.key)
            rows += entry.kid + at.to_bytes(4, "big")
            at += len(raw)
            if len(rows) >= _PIECE or not left:
                files.write(index, (rows,), "ab")
                rows = b""
            yield 0
        if at != size - _TAIL:
            raise Malformed("trust list: bytes after its entries")
        os.rename(path, self._path(number))
        self._state.set(_NUMBER, number)
        self.load()

    def _found(self, kid: "bytes") -> "list[Entry]":
        path = self._path(self.number)
        end = files.size(path)
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if files.part(path + ".keys", _ROWS + middle * _ROW, 8) < kid:
                low = middle + 1
            else:
                high = middle
        found = []
        while low < self._count:
            row = files.part(path + ".keys", _ROWS + low * _ROW, _ROW)
            if row[:8] != kid:
                break
            found.append(trust.entry(files.item(path, int.from_bytes(row[8:], "big"), end)[0]))
            low += 1
        return found

    def _prepare(self, key: "bytes") -> "ed25519.PreparedKey":
        """The key with its table; the one used longest ago makes room."""
        kept = [each for each in self._prepared if each.key == key]
        if not kept:
            self._prepared = self._prepared[1 - _PREPARED :]
            kept = [ed25519.PreparedKey(key)]
        self._prepared = [each for each in self._prepared if each.key != key] + kept
        return kept[0]

    def _path(self, number: "int") -> "str":
        return f"{self._folder}/{number}"


def _payload_at(start: "bytes", size: "int", root: "bytes") -> "int":
    """Where the payload of a signed list of `size` bytes begins; it ends _TAIL bytes before the end."""
    try:
        alg = envelope.alg(start)
    except KeyError:
        raise Malformed("trust list: must have alg and kid protected, and no other header")
    if not cose.alg_allowed(alg, root):
        raise trust.BadSignature("trust list: no root key for it in settings")
    rest = size - _HEAD_SIZE - _TAIL
    for width in (1, 2, 3, 5):
        head = cbor.head(0x40, max(0, rest - width))
        if len(head) == width and start[_HEAD_SIZE - 1 :].startswith(b"\xa0" + head):
            return _HEAD_SIZE + width
    raise Malformed("trust list: must be tagged and carry its payload, and nothing else")


def _opened(data: "bytes", base: "int") -> "tuple[int, int, int, int, int]":
    """number, issued, not_after, how many entries, and where the first begins. data: from offset `base` on."""
    fields, at = files.array(data, 0)
    numbers: "list[Any]" = []
    for _ in range(3):
        number, at = cbor.first(data, at)
        numbers.append(number)
    if fields != 4 or [type(each) for each in numbers] != [int, int, int] or min(numbers) < 0:
        raise Malformed("trust list: must be [number, issued, not_after, entries]")
    count, at = files.array(data, at)
    return numbers[0], numbers[1], numbers[2], count, base + at


def _turned(steps: "Generator[None, None, bool]") -> "Generator[int, None, bool]":
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value is True
        yield 0
