"""Where batches begin and end, and what stands in them: the journal's rows as the uplink takes them."""

from gateway.journal import Journal, Row
from gateway.sync.batch import MOST_ROWS, Batch, Piece, branch_of, encode, end, pieces_for
from gateway.sync.flight import Flight, Leg

_LEAST_ROWS = 64  # of a batch, while another one is under way
_MOST_LEGS = 1024  # that are not confirmed
_CUTS = 8  # made in one go
_UNKNOWN = bytes(32)  # for a hash that stands neither here nor in a receipt; what follows is a gap


class Cutter:
    """Cuts a journal into batches. gateway: the name that the hub shows. most_rows: of a batch."""

    def __init__(self, journal: Journal, gateway: str, most_rows: int = MOST_ROWS) -> None:
        self._journal = journal
        self._gateway = gateway
        self._ceiling = self._most_rows = most_rows
        self._told = (0, b"")  # a row's hash as the hub has told it
        self._read: dict[int, list[Piece]] = {}  # what waits, so that it is not read twice
        self.begin(0)

    def begin(self, confirmed: int, hash: bytes = b"") -> None:
        """What is cut from now on follows row `confirmed`; hash: that row's, where the hub has told it."""
        self.branch = branch_of(self._journal, confirmed + 1)
        self._told = (confirmed, hash)

    def cuts(self, flight: Flight, window: int) -> list[tuple[int, int]]:
        """(first, last) of batches behind the flight's end: as many as can be sent soon.

        A small one is cut only where nothing else is under way: rows gather meanwhile, and travel together.
        """
        found: list[tuple[int, int]] = []
        head, after = self._journal.head(), flight.end
        waiting = {leg.first for leg in flight.waiting}
        self._read = {first: read for first, read in self._read.items() if first in waiting}
        while (
            after < head
            and len(found) < _CUTS
            and len(flight.waiting) + len(found) < window
            and len(flight) < _MOST_LEGS
        ):
            pieces = pieces_for(self._journal, after, self._most_rows, self.branch.last)
            if not pieces:
                break
            is_small = end(pieces[-1]) == head and len(pieces) < min(_LEAST_ROWS, self._most_rows)
            if is_small and (flight.flying or flight.waiting or found):
                break
            found.append((after + 1, end(pieces[-1])))
            self._read[after + 1] = pieces
            after = found[-1][1]
        return found

    def batch(self, leg: Leg) -> Batch | None:
        """What the leg brings; None where the rows are no longer as they were cut: some have become part of a gap."""
        pieces = self._read.pop(leg.first, None) or self.pieces(leg)
        if not pieces or end(pieces[-1]) != leg.last:
            return None
        before = self._hash(leg.first - 1)
        if before is None:
            if isinstance(pieces[0], Row):
                return None
            before = _UNKNOWN
        withheld = {} if leg.replay else self._journal.quarantined(leg.first, leg.last)
        branch = branch_of(self._journal, leg.first) if leg.replay else self.branch
        return encode(self._gateway, branch, before, pieces, withheld)

    def pieces(self, leg: Leg) -> list[Piece]:
        """The leg's rows and gaps; the last gap may reach beyond it."""
        most = min(leg.last - leg.first + 1, MOST_ROWS)
        found = self._journal.pieces(leg.first - 1, most)
        return [piece for piece in found if piece[0] <= leg.last]

    def is_withheld(self, seq: int) -> bool:
        """Whether this row was set aside."""
        return bool(self._journal.quarantined(seq, seq))

    def shrink(self, rows: int) -> None:
        """Batches of at most so many rows from now on."""
        self._most_rows = max(1, rows)

    def grow(self) -> None:
        """A batch was taken: the next ones may be larger."""
        self._most_rows = min(self._most_rows * 2, self._ceiling)

    def _hash(self, seq: int) -> bytes | None:
        try:
            return self._journal.hash_at(seq)
        except LookupError:
            told, hash = self._told
            return hash if told == seq and hash else None
