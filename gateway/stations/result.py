"""What a station answers: a Result, and the Signal that a lamp, a page or a terminal shows for it."""

from dataclasses import dataclass

from edge.stub import Stub
from edge.verify import Verdict

GREEN, AMBER, RED = "green", "amber", "red"


@dataclass(frozen=True)
class Signal:
    """colour: "green", "amber" or "red"; sentence: for the person at the line. Green is durable."""

    colour: str
    sentence: str


@dataclass(frozen=True)
class Result:
    """One tag's (or one order's) outcome; what was not found out is None or empty.

    outcome: commissioned | updated | repaired | voided | formatted | locked | verified | not_verified | read |
    already | duplicate | refused | torn | gone; of RAIN portals arrived | moved | departed, tags | empty | broken (what
    passed a light barrier), partial | pallet; of code readers no_read | partial | too_many | no_match | repeated (see
    cycle.Outcome), and read | verified | not_verified | refused; of tag and code bound | incomplete; of labels
    passed | failed.
    uid: or the TID's identity, b"" of a code. pages_written: pages, or words. link: on RAIN the EPC's.
    journal_seq: the durable row that says so. order_row, column: of the work order. elapsed_s: from sight to durable.
    hints_torn: the tag's hint pages do not lead to its current stub.
    """

    outcome: str
    uid: bytes
    signal: Signal
    product: str = ""
    verdict: Verdict | None = None
    stub: Stub | None = None
    seq: int | None = None
    slot: int | None = None
    link: str | None = None
    pages_written: int = 0
    elapsed_s: float = 0.0
    journal_seq: int | None = None
    order_row: int = 0
    column: str = ""
    hints_torn: bool = False


@dataclass(frozen=True)
class Refusal:
    """Why a tag is not written, in a sentence; `outcome`: "refused", "duplicate", "already" or "incomplete"."""

    outcome: str
    sentence: str
