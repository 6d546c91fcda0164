"""The log that waits for a gateway: what was appended is durable, and stays until a gateway has acknowledged it.

Segments of about 16 kB (reader/segments.py) are appended to, and removed whole. Each begins with what those before
it hold that still counts, [start, acked, epoch, known] and the open intents, so that a start reads the newest alone.
"""

import hashlib

from edge import cbor, link
from reader import files, segments
from reader.errors import DeviceTrouble, FlashFull

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol

    class Clock(Protocol):
        synced: bool

        def ms(self) -> int: ...
        def now(self) -> int: ...


_SEGMENT = 16384  # bytes after which another begins
_RESERVE = 4096  # bytes that an intent leaves, for its result must find room
_OPEN = 16  # intents without a result that are kept
_KNOWN = 64  # products of which the newest stub's seq is known
_ENTRY = 12  # bytes of each: 8 of a hash, 4 of the seq
_STUB_SEQ = {"result": "seq", "verdict": "seen_seq"}


class Outbox:
    """Records [seq, boot, ms, at | null, kind, uid, product, body], seq from 1 on; at: null while not synced.

    epoch: 4 bytes, another outbox has another, for its seqs mean other records. next: the next record's seq.
    acked: the last one that a gateway holds.
    """

    def __init__(
        self,
        folder: "str",
        random: "Callable[[int], bytes]",
        boot: "int" = 0,
        limit_kb: "int" = 256,
    ) -> None:
        """Mount what stands in `folder`. random(n): n bytes; boot: which start this is; limit_kb: of flash, about."""
        files.make_folder(folder)
        self._folder = folder
        self._random = random
        self._boot = boot
        self._limit = limit_kb * 1024
        self._open: "list[tuple[int, bytes, bytes, int, int]]" = []  # see _note
        self._known = bytearray(_KNOWN * _ENTRY)  # the oldest first
        self._room = 0  # bytes until the newest segment is full
        self._file: "Any" = None  # the newest segment, where it is prepared
        self._place = (0, 0, 0)  # seq; segment, offset: where the next read will begin
        self.next = 1
        self.acked = 0
        self.epoch = b""
        self._starts = segments.starts(folder)
        while self._starts and not self._mount(self._starts[-1]):
            files.remove(self._path(self._starts.pop()))  # torn in its making
            self._room = 0
        self.epoch = self.epoch or random(4)
        self._size = sum([files.size(self._path(start)) for start in self._starts])
        self.acked = max(self.acked, self.first - 1)
        self._trim()

    @property
    def first(self) -> "int":
        """The oldest record that can be read."""
        return self._starts[0] if self._starts else self.next

    @property
    def waiting(self) -> "int":
        """How many records no gateway has acknowledged."""
        return self.next - 1 - self.acked

    def append(
        self, kind: "str", uid: "bytes", product: "str", body: "dict[str, Any]", clock: "Clock"
    ) -> "int":
        """The seq of the record, which is durable. Raises FlashFull, or DeviceTrouble; what stood stands.

        An "intent" is open until a "result" or "void" names its seq as body["intent"]. Raises ValueError beyond
        link.RECORD bytes.
        """
        at = clock.now() if clock.synced else None
        record = [self.next, self._boot, clock.ms(), at, kind, uid, product, body]
        data = cbor.encoded(record)
        if len(data) > link.RECORD:
            raise ValueError(f"a record of {len(data)} bytes")
        size = segments.START + len(data)
        reserve = _RESERVE if kind == "intent" else 0
        if self._size + size + reserve > self._limit:
            raise FlashFull(f"log full: {self.waiting} records wait for a gateway")
        if reserve and len(self._open) == _OPEN and self._open[0][0] > self.acked:
            raise FlashFull(f"{_OPEN} tags unfinished: show them again, or find a gateway")
        is_spent = not self.waiting and self._room < _SEGMENT // 2
        offset = self._begin(data) if is_spent or self._room < size else self._add(data)
        self.next += 1
        self._note(record, self._starts[-1], offset)
        self._trim()
        return self.next - 1

    def read(self, first_seq: "int", max_bytes: "int") -> "list[tuple[int, bytes]]":
        """(seq, record) of records in a row, from `first_seq` on or the next that can be read; [] at the end.

        One at least; as many more as `max_bytes` hold.
        """
        found: "list[tuple[int, bytes]]" = []
        seq = max(first_seq, self.first)
        for n in range(len(self._starts)):
            start = self._starts[n]
            end = self._starts[n + 1] if n + 1 < len(self._starts) else self.next
            if seq >= end:
                continue
            at, offset = start, 0
            if self._place[:2] == (seq, start):
                at, offset = seq, self._place[2]
            room = max_bytes

            def take(offset: "int", data: "bytes") -> "bool":
                nonlocal at, room
                if data[0] != segments.RECORD:
                    return True
                if at == end or (found and len(data) > room):  # noqa: B023 (called in this turn)
                    return False
                if at >= seq:  # noqa: B023
                    found.append((at, data))
                    room -= len(data)
                at += 1
                return True

            offset = segments.scan(self._path(start), offset, take)
            if found:
                self._place = (at, start, offset)
                break
            seq = end  # what stood here is damaged
        return found

    def acknowledged(self, upto: "int") -> None:
        """A gateway holds every record up to seq `upto`: segments that hold nothing else are removed."""
        upto = min(upto, self.next - 1)
        if upto <= self.acked:
            return
        self.acked = upto
        self._trim()
        if not self.waiting and self._room:
            try:
                self._add(cbor.encode(upto))
            except DeviceTrouble:
                pass  # it will be offered, and acknowledged, again

    def goes_on(self, seq: "int", mark: "int") -> "bool":
        """Whether `seq`, with the edge.link.mark of what a gateway holds under it or 0, is the same record here.

        Where it is not, the flash has lost the log's end: from now on the epoch is another.
        """
        if seq <= self.acked:
            return True
        found = self.read(seq, 1)
        if found and (not mark or found[0][0] != seq or link.mark(found[0][1]) == mark):
            return True
        self.epoch = self._random(4)
        self._room = 0
        return False

    def open_intent(self, uid: "bytes") -> "tuple[int, dict[str, Any]] | None":
        """(seq, body) of this tag's newest intent that has no result."""
        for at in range(len(self._open) - 1, -1, -1):
            seq, owner, _, start, offset = self._open[at]
            if owner == uid:
                return seq, cbor.decode(self._record(start, offset))[7]
        return None

    def known_seq(self, product: "str") -> "int | None":
        """The highest seq of the product's stubs that were written or seen, of the latest 64 products.

        0 for each product whose order has an open intent.
        """
        key = _hash(product)
        at = self._known_at(key)
        if at < 0:
            return 0 if key in [each[2] for each in self._open] else None
        return int.from_bytes(self._known[at + 8 : at + _ENTRY], "big")

    def prepare(self) -> None:
        """Have the flash erase now what the next record needs, 50 ms that it then does not take."""
        if self._file is None and self._room:
            self._file = files.ready(self._path(self._starts[-1]))

    def _mount(self, start: "int") -> "bool":
        """Replay a segment; whether it holds a record of its own."""
        self._open = []
        self.next = start

        def replay(offset: "int", data: "bytes") -> "bool":
            if not offset:
                if data[0] != segments.HEAD:
                    return False
                _, self.acked, self.epoch, known = cbor.decode(data)
                self._known = bytearray(_KNOWN * _ENTRY - len(known)) + known
            elif data[0] < 0x20:
                self.acked = cbor.decode(data)
            else:
                self._note(cbor.decode(segments.record_in(data)), start, offset)
                if data[0] == segments.RECORD:
                    self.next += 1
            return True

        end = segments.scan(self._path(start), 0, replay)
        self._room = _SEGMENT - end if end == files.size(self._path(start)) else 0
        return self.next > start

    def _add(self, data: "bytes | bytearray") -> "int":
        """Append to the newest segment; at which offset. After a failure it takes no more."""
        path = self._path(self._starts[-1])
        room, self._room = self._room, 0
        file, self._file = self._file, None
        offset = files.size(path) if file is None else file.tell()
        files.write(path, (segments.start(data), data), "ab", file)
        size = segments.START + len(data)
        self._room = room - size
        self._size += size
        return offset

    def _begin(self, data: "bytes | bytearray") -> "int":
        """A new segment, whose first record `data` is; at which offset that stands."""
        path = self._path(self.next)
        head = cbor.encode([self.next, self.acked, self.epoch, b""])[:-1]
        head += cbor.head(0x40, len(self._known))
        head = segments.start(head, self._known) + head
        places: "list[tuple[int, bytes, bytes, int, int]]" = []
        end = len(head) + len(self._known)

        def parts() -> "Iterator[bytes | bytearray]":
            nonlocal end
            yield head
            yield self._known
            for seq, uid, order, start, offset in self._open:
                again = segments.carried(self._record(start, offset))
                places.append((seq, uid, order, self.next, end))
                end += len(again)
                yield again
            yield segments.start(data)
            yield data

        self._room = 0
        file, self._file = self._file, None
        try:
            if file is not None:
                files.write(path, (), "", file)
            files.write(path, parts())
        except DeviceTrouble:
            files.remove(path)
            raise
        self._open = places
        self._room = _SEGMENT
        self._size += end + segments.START + len(data)
        self._starts.append(self.next)
        return end

    def _note(self, record: "list[Any]", start: "int", offset: "int") -> None:
        """What a record changes in what is open and known. Open: seq, uid, an order's product by hash; where."""
        seq, kind, uid, product, body = record[0], record[4], record[5], record[6], record[7]
        if kind == "intent":
            order = _hash(product) if "order" in body else b""
            self._open = self._open[1 - _OPEN :] + [(seq, uid, order, start, offset)]
        elif kind in ("result", "void"):
            self._open = [each for each in self._open if each[0] != body.get("intent")]
        stub_seq = body.get(_STUB_SEQ.get(kind, ""))
        if kind == "intent" and "order" in body:
            stub_seq = 0  # the order is this tag's until it is void
        if stub_seq is None and kind != "void":
            return
        at, known = self._known_at(_hash(product)), self.known_seq(product)
        if stub_seq is None and known != 0:
            return
        entry = bytes(_ENTRY)
        if stub_seq is not None:
            newest = min(max(stub_seq, known or 0), 0xFFFFFFFF)
            entry = _hash(product) + newest.to_bytes(4, "big")
        at = max(0, at)  # in place: copies of it would not fit
        self._known[at:-_ENTRY] = memoryview(self._known)[at + _ENTRY :]
        self._known[-_ENTRY:] = entry

    def _known_at(self, key: "bytes") -> "int":
        at = self._known.find(key)
        while at > 0 and at % _ENTRY:
            at = self._known.find(key, at + 1)
        return at

    def _trim(self) -> None:
        while len(self._starts) > 1 and self._starts[1] <= self.acked + 1:
            path = self._path(self._starts[0])
            self._size -= files.size(path)
            files.remove(path)
            self._starts = self._starts[1:]

    def _record(self, start: "int", offset: "int") -> "bytes":
        return segments.record_in(segments.data_at(self._path(start), offset))

    def _path(self, start: "int") -> "str":
        return f"{self._folder}/{start:08x}"


def _hash(product: "str") -> "bytes":
    return hashlib.sha256(product.encode()).digest()[:8]
