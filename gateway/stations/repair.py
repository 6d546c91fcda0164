"""Repair: a tag whose write was torn is finished, or its intent voided, when it is next seen.

With an open intent the tag shows one of four things: the intended stub (finish what is left), the stub that stood
before (write again), no valid stub (write again), or another valid stub or link, which someone has put there since
(void). A tag without an intent needs at most its hint pages put right.
"""

from dataclasses import dataclass

from edge import chips, plan
from edge import stub as stubs
from edge.errors import DoesNotFit

from gateway.journal import Row
from gateway.model import DeviceTrouble, Target
from gateway.stations import verify, write
from gateway.stations.post import Post
from gateway.stations.result import Result, Signal
from gateway.stations.verify import Seen


@dataclass(frozen=True)
class Void:
    """Why an intent will not be carried out."""

    reason: str


async def repair_one(post: Post, target: Target, row: Row) -> Result:
    """Finish or void the open intent `row` of this tag; raises TagGone where it leaves before it was read."""
    started = post.ticks()
    intent = write.Intent.of_row(row)
    seen = await verify.see(post, target, whole=True)
    decided = decide(intent, seen)
    if isinstance(decided, Void):
        return await write.void(post, target.uid, row, decided.reason, intent)
    return await write.carry_out(post, target, row, intent, decided, started, repaired=True)


def decide(intent: write.Intent, seen: Seen) -> write.Pages | Void:
    """The pages that are left to write (none: only the result is missing), or why the intent is void.

    seen: the tag read whole.
    """
    if intent.stands(seen):
        return intent.pages(seen.capture.image)
    if seen.is_ours and seen.stub is not None:
        if stubs.link16(seen.stub.raw) != intent.before:
            return Void(f"this tag carries {seen.product}, seq {seen.stub.seq}, since then")
    try:
        pages = intent.pages(seen.capture.image)
    except DoesNotFit as why:
        return Void(f"this tag was laid out anew: {why}")
    strange = seen.carrier.link not in (None, intent.link, intent.link_before)
    if strange and len(pages) > 1:  # one page: it is the torn one, and reads as if it were a link
        return Void(f"this tag was given the link {seen.carrier.link} since then")
    refusal = write.locked(seen.capture.image, chips.by_name(intent.chip), pages)
    return Void(refusal.sentence) if refusal else pages


async def mend_hints(post: Post, target: Target, seen: Seen) -> Result | None:
    """Rewrite hint pages that are torn or name another stub; None where they are right. Raises TagGone."""
    pages = hint_pages(seen)
    if not pages:
        return None
    started = post.ticks()
    try:
        written = await post.reader.write(pages)
    except DeviceTrouble as why:
        signal = Signal("amber", f"the hints are torn: show the tag again ({why})")
        return Result("torn", target.uid, signal, product=seen.product)
    elapsed_s = post.ticks() - started
    body = verify.account(seen) | {
        "reason": "hints",
        "pages_written": written,
        "elapsed_ms": round(elapsed_s * 1000, 1),
    }
    row = await post.record("repair", target.uid, seen.product, body)
    return Result(
        "repaired",
        target.uid,
        Signal("green", f"hints put right: {seen.product}"),
        product=seen.product,
        verdict=seen.verdict,
        stub=seen.stub,
        seq=seen.stub.seq if seen.stub else None,
        slot=seen.slot,
        link=seen.carrier.link,
        pages_written=written,
        elapsed_s=post.ticks() - started,
        journal_seq=row.seq if row else None,
    )


def hint_pages(seen: Seen) -> write.Pages:
    """The hint page to write for the current stub; [] where it is right, or the tag is not ours or was not read."""
    layout, stub = seen.carrier.layout, seen.stub
    if layout is None or stub is None or not seen.is_ours or seen.slot is None:
        return []
    if seen.carrier.hinted == seen.slot:
        return []
    return plan.update(layout, seen.capture.image, seen.slot, stub.raw, stub.seq)
