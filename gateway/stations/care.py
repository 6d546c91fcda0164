"""Care of a tag: emptying it, and making it read-only for ever. Both on explicit order alone."""

from collections.abc import Awaitable, Callable
from functools import partial

from edge import type2
from gateway.model import DeviceTrouble, TagRefused, Target
from gateway.stations import verify, write
from gateway.stations.media import NAMELESS
from gateway.stations.post import Post
from gateway.stations.result import AMBER, GREEN, Refusal, Result, Signal
from gateway.stations.verify import Seen


async def format_one(post: Post, target: Target) -> Result:
    """Leave an NDEF tag without a message; what was torn on it is void. Raises TagGone where it leaves before that."""
    started = post.ticks()
    seen = await verify.see(post, target, whole=True)
    chip = seen.carrier.chip or await post.reader.chip()
    if chip is None or not seen.capture.id:
        why = "no tag that can be formatted here: its chip is unknown" if chip is None else NAMELESS
        return await write.refuse(post, seen, Refusal("refused", why), seen.product, started)
    try:
        pages = seen.tag.format(chip)
    except type2.Locked as why:
        refusal = Refusal("refused", f"this tag is locked ({why})")
        return await write.refuse(post, seen, refusal, seen.product, started)
    await post.reader.single_out(target)
    for row in post.journal.open_intents(target.uid) if post.journal else ():
        intent = write.Intent.of_row(row)
        await write.void(post, target.uid, row, intent, "the tag was ordered to be emptied")
    return await _carry_out(
        post,
        target,
        seen,
        "formatted",
        partial(post.reader.write, pages, post.access_password),
        started,
        memory=b"",
    )


async def lock_one(post: Post, target: Target) -> Result:
    """Lock every page for ever. Raises TagGone where the tag leaves before anything is written."""
    started = post.ticks()
    seen = await verify.see(post, target, whole=True)
    chip = seen.carrier.chip or await post.reader.chip()
    if chip is None or not seen.capture.id:
        why = "no tag that can be locked here: its chip is unknown" if chip is None else NAMELESS
        return await write.refuse(post, seen, Refusal("refused", why), seen.product, started)
    await post.reader.single_out(target)
    lock = partial(post.reader.lock, seen.capture, post.access_password)
    return await _carry_out(post, target, seen, "locked", lock, started)


async def _carry_out(
    post: Post,
    target: Target,
    seen: Seen,
    act: str,
    write_it: Callable[[], Awaitable[int]],
    started: float,
    memory: bytes | None = None,
) -> Result:
    """memory: as in verify.see."""
    try:
        written = await write_it()
        after = await verify.see(post, target, memory=memory)
    except TagRefused as why:
        refusal = Refusal("refused", write.refused(why))
        return await write.refuse(post, seen, refusal, seen.product, started)
    except DeviceTrouble as why:
        signal = Signal(AMBER, f"half {act}: show the tag again ({why})")
        return Result("torn", target.uid, signal, product=seen.product)
    elapsed_s = post.ticks() - started
    body = verify.account(after) | {
        "act": act,
        "pages_written": written,
        "elapsed_ms": round(elapsed_s * 1000, 1),
    }
    row = await post.record("result", target.uid, "", body)  # no stub was written for any product
    return Result(
        act,
        target.uid,
        Signal(GREEN, act),
        product=seen.product,
        verdict=after.verdict,
        stub=after.stub,
        seq=after.stub.seq if after.stub else None,
        slot=after.slot,
        link=after.carrier.link,
        pages_written=written,
        elapsed_s=post.ticks() - started,
        journal_seq=row.seq if row else None,
    )
