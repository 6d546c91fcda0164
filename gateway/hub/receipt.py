"""The hub's receipt: what it holds of a journal, told to its gateway. Read by gateway/sync/receipt.py."""

import json
from dataclasses import dataclass

_MOST_NAMED = 4096  # conflicts, and ranges that are missing
_HASH = 32


@dataclass(frozen=True, slots=True)
class Receipt:
    """Every row of `journal` up to `watermark` is held durably, or stands in a gap; hash: of that row, b"" for none.

    stored, duplicates, conflicts (seqs that are held with other content): of the batch that this answers.
    missing: ranges below the highest row held. forked: the batch does not continue what is held. refused: why nothing
    is taken from this gateway, or not this batch.
    """

    journal: bytes
    watermark: int
    stored: int = 0
    duplicates: int = 0
    conflicts: tuple[int, ...] = ()
    missing: tuple[tuple[int, int], ...] = ()
    forked: bool = False
    refused: str | None = None
    hash: bytes = b""

    def to_json(self) -> bytes:
        """The receipt as it is sent over every transport."""
        said = {
            "journal": self.journal.hex(),
            "watermark": self.watermark,
            "hash": self.hash.hex() if len(self.hash) == _HASH else "",
            "stored": self.stored,
            "duplicates": self.duplicates,
            "conflicts": self.conflicts[:_MOST_NAMED],
            "missing": self.missing[:_MOST_NAMED],
            "forked": self.forked,
            "refused": self.refused,
        }
        return json.dumps(said, separators=(",", ":")).encode()
