"""A batch: consecutive rows and gaps of a journal as one CBOR map, with boundaries that outlive a crash.

    {1: version, 2: gateway, 3: journal id, 4: first seq, 5: last seq, 6: [item, ...], 7: hash before the first,
     8: [id, seq] of the journal that this one goes on from; only where there is one}
    item: [seq, at_ns, kind, station, uid, product, body, hash]; [seq, hash], a row that was set aside;
          [first, last, reason, hash], rows that are no longer there

Deterministic CBOR (RFC 8949, 4.2.1). The same rows make the same bytes, so a resend is byte-identical; its
idempotency key is "JOURNAL/FIRST-LAST", the journal's id in hex.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from gateway.journal import Gap, Records, Row
from gateway.records import Encoder

VERSION = 2
MOST_ROWS = 512

_MOST_BYTES = 512 << 10  # a batch's bodies; one row that is larger travels alone
_OVERHEAD = 120  # bytes of a row beside its body

Piece = Row | Gap


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows `first` to `last` of a journal, as the bytes that are sent; items: how many rows and gaps that is."""

    journal: bytes
    first: int
    last: int
    data: bytes
    items: int

    @property
    def key(self) -> str:
        return f"{self.journal.hex()}/{self.first}-{self.last}"

    def __len__(self) -> int:
        """How many rows and gaps it holds."""
        return self.items


class Branch(NamedTuple):
    """The rows behind `after` that go under `id`; up to `last`, where a newer id takes over.

    origin: the older id that this one goes on from, and `after`.
    """

    id: bytes
    after: int
    last: int | None
    origin: tuple[bytes, int] | None


def branches(records: Records) -> list[Branch]:
    """The branches of a journal, oldest first; those under whose id no row goes are left out."""
    named = records.branches()
    ends: list[int | None] = [after for _, after in named[1:]]
    found = [
        Branch(id, after, last, (named[place - 1][0], after) if place else None)
        for place, ((id, after), last) in enumerate(zip(named, [*ends, None], strict=True))
    ]
    return [each for each in found if each.last != each.after]


def branch_of(records: Records, seq: int) -> Branch:
    """The branch of row `seq`."""
    return next(b for b in reversed(branches(records)) if b.after < seq or not b.after)


def pieces_for(records: Records, after: int, most: int, last: int | None) -> list[Piece]:
    """What one batch holds of the rows behind `after`: at most `most` pieces, none beyond `last`, a bearable size."""
    found = records.pieces(after, most)
    if last is not None:
        found = [piece for piece in found if end(piece) <= last]
    if sum(map(_size, found)) > _MOST_BYTES:
        sizes = accumulate(map(_size, found))
        found = found[: max(1, sum(size <= _MOST_BYTES for size in sizes))]
    return found


def end(piece: Piece) -> int:
    """The last seq that it stands for."""
    return piece.last if isinstance(piece, Gap) else piece.seq


def encode(
    gateway: str, branch: Branch, before: bytes, pieces: Sequence[Piece], withheld: Container[int]
) -> Batch:
    """The batch of consecutive `pieces`; of the rows in `withheld` only seq and hash are sent.

    before: the hash of the row before the first; the journal's first id where there is none.
    """
    said = [
        (piece.seq, piece.hash) if isinstance(piece, Row) and piece.seq in withheld else piece
        for piece in pieces
    ]
    first, last = pieces[0][0], end(pieces[-1])
    whole = {1: VERSION, 2: gateway, 3: branch.id, 4: first, 5: last, 6: said, 7: before}
    if branch.origin is not None:
        whole[8] = branch.origin
    return Batch(branch.id, first, last, Encoder()(whole), len(said))


def _size(piece: Piece) -> int:
    return _OVERHEAD + (len(piece.body) if isinstance(piece, Row) else 0)
