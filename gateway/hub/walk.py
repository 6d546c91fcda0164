"""The walk through the items of a batch: each is checked as it is read, and follows from the one before.

[seq, at_ns, kind, station, uid, product, body, hash], [seq, hash] for a row that the gateway withholds, or
[first, last, reason, hash] for rows that it no longer has (version 2).
"""

from dataclasses import dataclass
from hashlib import sha256
from struct import Struct

from edge.errors import Malformed
from gateway.hub.items import BYTES, TEXT, number, signed, string, unsigned
from gateway.records import Gap, Row

_LARGEST = (1 << 63) - 1  # SQLite's and PostgreSQL's integers
_LONGEST_TEXT = 512  # characters of a name of ours
_LONGEST_UID = 64  # bytes
_HASH = 32
_HASH_HEAD = b"\x58\x20"
_NANOSECONDS = Struct(">Q")


@dataclass(frozen=True, slots=True)
class Withheld:
    """A row of which the gateway sends only the hash, since the hub refused what it says."""

    seq: int
    hash: bytes


Item = Row | Withheld | Gap


def changed(seq: int) -> Malformed:
    return Malformed(f"row {seq} does not follow from the row before: it was changed")


def _form(seq: int) -> Malformed:
    return Malformed(f"row {seq} is not of the form that the protocol states")


class Walk:
    """Where the walk through the items stands. seq: the next one's.

    unproven: what the first row's hash covers beside the hash before, which comes later.
    """

    def __init__(self, data: bytes, at: int, seq: int) -> None:
        self.data = data
        self.at = at
        self.seq = seq
        self.rows: list[Item] = []
        self.odd: list[int] = []
        self.unproven: bytes | None = None
        self._last: bytes | None = None
        self._names = b"\xff"  # the row before's kind and station, as sent: most rows repeat them
        self._kind = self._station = ""
        self._is_odd = False

    def item(self, last: int, version: int) -> None:
        """Read one item; `last`: of the batch."""
        head = self.data[self.at]
        if head == 0x88:
            self._row()
        elif head == 0x82:
            self._withheld()
        elif head == 0x84 and version > 1:
            self._gap(last)
        else:
            raise _form(self.seq)

    def _row(self) -> None:
        """The hot path: what most rows are is read in place, without a call for each column."""
        data, seq = self.data, self.seq
        start = self.at + 1
        said, at = unsigned(data, start, 0)
        if said != seq:
            raise _form(seq)
        if data[at] == 0x1B:
            (at_ns,) = _NANOSECONDS.unpack_from(data, at + 1)
            if at_ns < 1 << 32:
                raise _form(seq)
            at += 9
        else:
            at_ns, at = signed(data, at)
        if data.startswith(self._names, at):
            at += len(self._names)
        else:
            at = self._read_names(at)
        size = data[at] - BYTES
        if 0 <= size < 24:
            end = at + 1 + size
            uid, at = data[at + 1 : end], end
        else:
            uid, at = string(data, at, BYTES)
        size = data[at] - TEXT
        if 0 <= size < 24:
            end = at + 1 + size
            product, at = data[at + 1 : end].decode(), end
        else:
            product, at = string(data, at, TEXT)
        body, at = string(data, at, BYTES)
        end = at + 34
        hash = data[at + 2 : end]
        if (
            not data.startswith(_HASH_HEAD, at)
            or len(hash) != _HASH
            or len(uid) > _LONGEST_UID
            or len(product) > _LONGEST_TEXT
        ):
            raise _form(seq)
        if not body or body[0] & 0xE0 != 0xA0:
            raise Malformed(f"row {seq}: a body must be a map with text keys")
        if self._last is None:
            self.unproven = b"\x87" + data[start:at]
        elif sha256(self._last + b"\x87" + data[start:at]).digest() != hash:
            raise changed(seq)
        if self._is_odd or "\0" in product or at_ns > _LARGEST or at_ns < -_LARGEST:
            self.odd.append(seq)
        self.rows.append(Row(seq, at_ns, self._kind, self._station, uid, product, body, hash))
        self.seq, self._last, self.at = seq + 1, hash, end

    def _read_names(self, at: int) -> int:
        kind, behind = string(self.data, at, TEXT)
        station, behind = string(self.data, behind, TEXT)
        if max(len(kind), len(station)) > _LONGEST_TEXT:
            raise _form(self.seq)
        self._names, self._kind, self._station = self.data[at:behind], kind, station
        self._is_odd = "\0" in kind + station
        return behind

    def _withheld(self) -> None:
        seq, at = number(self.data, self.at + 1)
        hash, at = string(self.data, at, BYTES)
        if seq != self.seq or len(hash) != _HASH:
            raise _form(self.seq)
        self.rows.append(Withheld(seq, hash))
        self._pass(seq, hash, at)

    def _gap(self, most: int) -> None:
        first, at = number(self.data, self.at + 1)
        last, at = number(self.data, at)
        reason, at = string(self.data, at, TEXT)
        hash, at = string(self.data, at, BYTES)
        if not (first == self.seq <= last <= most and len(hash) == _HASH and _is_word(reason)):
            raise _form(self.seq)
        self.rows.append(Gap(first, last, reason, hash))
        self._pass(last, hash, at)

    def _pass(self, seq: int, hash: bytes, at: int) -> None:
        self.seq, self._last, self.at = seq + 1, hash, at


def _is_word(text: str) -> bool:
    return text.isalpha() and len(text) <= _LONGEST_TEXT
