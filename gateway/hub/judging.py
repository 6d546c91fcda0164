"""What the hub's own stubs of a product are worth by its trust list: its verdict on the record, not on a tag.

No tag was read here, so of a stub that is bound to one the binding is not checked, and its page says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.errors import Malformed
from edge.stub import Stub, decode
from edge.trust import TrustList
from edge.verify import Verdict, verify_best
from gateway.hub.products import StoredStub
from gateway.keys import verifier

_MOST = 8  # of the newest stubs, which are held against one another


@dataclass(frozen=True, slots=True)
class Judged:
    """stub: the one that counts, the newest that is valid. verdict: None for a reason, which `why` names.

    known_seq: of the newest valid stub, where all that are held stand on one tag.
    """

    stub: Stub | None = None
    verdict: Verdict | None = None
    why: str = ""
    known_seq: int | None = None


def judge(stubs: Sequence[StoredStub], trust: TrustList | None, now: int, link: str) -> Judged:
    """The verdict on a product's stubs, in order of seq. now: Unix seconds; link: the product's Digital Link.

    why: "no_stub"; "mini" where its tags have the mini profile alone; "no_list".
    """
    found = [each for each in map(_decoded, stubs[-_MOST:]) if each is not None]
    if not found:
        return Judged(why="mini" if stubs else "no_stub")
    if trust is None:
        return Judged(found[-1], None, "no_list")
    held = [(place, each.raw) for place, each in enumerate(found)]
    place, verdict, _ = verify_best(held, trust, verifier, now, link=link)
    best = found[place or 0]
    is_alone = len({each.uid for each in stubs}) == 1
    known = best.seq if is_alone and verdict.integrity == "valid" else None
    return Judged(best, verdict, "", known)


def _decoded(held: StoredStub) -> Stub | None:
    try:
        return decode(held.raw)
    except Malformed:
        return None  # a mini record
