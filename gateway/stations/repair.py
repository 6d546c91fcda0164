"""Repair: a tag whose write was torn is finished, or its intent voided, when it is next seen.

With an open intent the tag shows one of four things: the intended stub (finish what is left), the stub that stood
before (write again), no valid stub (write again), or another valid stub or link, which someone has put there since
(void). A tag without an intent needs at most its hint pages put right.
"""

from dataclasses import dataclass

from edge import stub as stubs
from edge import type2
from edge.errors import DoesNotFit, Malformed
from gateway.model import Target
from gateway.records import Row
from gateway.stations import verify, write
from gateway.stations.media import Pages
from gateway.stations.post import Post, Seal
from gateway.stations.result import Result
from gateway.stations.verify import Seen


@dataclass(frozen=True)
class Void:
    """Why an intent will not be carried out."""

    reason: str


async def repair_one(post: Post, target: Target, row: Row) -> Result:
    """Finish or void the open intent `row` of this tag; raises TagGone where it leaves before it was read."""
    started = post.ticks()
    intent = write.Intent.of_row(row)
    elsewhere = _elsewhere(post, row)
    if elsewhere:
        return await write.void(post, target.uid, row, intent, elsewhere)
    seen = _in_own_light(await verify.see(post, target, whole=True), post.seal())
    decided = decide(intent, seen)
    if isinstance(decided, Void):
        return await write.void(post, target.uid, row, intent, decided.reason)
    return await write.carry_out(post, target, row, intent, decided, started, repaired=True)


def decide(intent: write.Intent, seen: Seen) -> Pages | Void:
    """The pages that are left to write (none: only the result is missing), or why the intent is void.

    seen: the tag read whole, judged by a trust list that holds the key which signed the intent.
    """
    if intent.stands(seen):
        return _last_pages(intent, seen)
    if seen.is_ours and seen.stub is not None and stubs.link16(seen.stub.raw) != intent.before:
        return Void(f"this tag carries {seen.product}, seq {seen.stub.seq}, since then")
    try:
        pages = intent.pages(seen.tag)
    except (DoesNotFit, Malformed) as why:
        return Void(f"this tag was laid out anew since then: {why}")
    except type2.Locked as why:
        return Void(f"this tag was locked since then: {why}")
    strange = seen.tag.strange(intent, pages)
    if strange:
        return Void(f"this tag was given {strange} since then")
    return pages


async def mend_hints(post: Post, target: Target) -> bool:
    """Put hint pages right that do not lead to the current stub, and record it; whether there was anything to do.

    Raises TagGone, TagRefused: what was written stands, the rest is done on the next sight.
    """
    started = post.ticks()
    seen = _in_own_light(await verify.see(post, target, whole=True), post.seal())
    pages = hint_pages(seen)
    if not pages:
        return False
    written = await post.reader.write(pages, post.access_password)
    body = verify.account(seen) | {
        "reason": "hints",
        "pages_written": written,
        "elapsed_ms": round((post.ticks() - started) * 1000, 1),
    }
    await post.record("repair", target.uid, seen.product, body)
    return True


def hint_pages(seen: Seen) -> Pages:
    """The pages that make the hints lead to the current stub; [] where they do, or the tag is not to be mended.

    seen: the tag read whole. The other slot keeps the stub that the current one follows, or one that follows it
    under a key that we do not know; all else in it is voided.
    """
    layout, current = seen.carrier.layout, seen.stub
    if not seen.hints_torn or layout is None or current is None or seen.slot is None:
        return []
    if seen.successor is not None:
        return []
    pages: Pages = []
    try:
        for slot in range(layout.slot_count):
            raw = dict(seen.carrier.stubs).get(slot, b"")
            if slot == seen.slot:
                more = seen.tag.mend(slot, current.raw, current.seq)
            elif current.seq > 0 and stubs.link16(raw) == current.prev:
                more = seen.tag.mend(slot, raw, current.seq - 1)
            else:
                more = seen.tag.clear(slot)
            pages += more
    except type2.Locked:
        return []
    return pages


def _elsewhere(post: Post, row: Row) -> str:
    """Where the product of an intent was written since, by an order to overwrite; "" where nowhere else."""
    last = post.journal.last_result(row.product) if post.journal else None
    if last is None or last.seq < row.seq or last.uid == row.uid:
        return ""
    return f"{row.product} was written to tag {last.uid.hex()} since then"


def _last_pages(intent: write.Intent, seen: Seen) -> Pages:
    """What is left where the stub stands: its hint at most, for that comes last; nothing once locking has begun."""
    if seen.carrier.layout is None or seen.slot is None:
        return []
    try:
        return seen.tag.mend(seen.slot, intent.stub, intent.seq)
    except type2.Locked:
        return []


def _in_own_light(seen: Seen, seal: Seal) -> Seen:
    """The same capture, our own signatures told from torn ones even where no trust list names our key."""
    return verify.look(seen.capture, seal.own_trust, seal.check, seal.now, memory=seen.memory)
