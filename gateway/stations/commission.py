"""Commission: a work order becomes the first stub on a tag, in the best layout that the tag has room for."""

from dataclasses import dataclass, replace

from edge import chips, mini, slots
from edge import stub as stubs
from edge.errors import DoesNotFit

from gateway.keys import DeviceKey
from gateway.model import Target
from gateway.stations import verify, write
from gateway.stations.orders import Order, gtin_serial
from gateway.stations.post import Post
from gateway.stations.result import Refusal, Result
from gateway.stations.verify import Seen


@dataclass(frozen=True)
class Known:
    """What the journal knows of the order's product: its newest stub, and the tag that carries it.

    uid: b"" where no tag does; is_open: that tag's write has not been finished. stub: b"" where none is known.
    """

    uid: bytes = b""
    is_open: bool = False
    stub: bytes = b""
    seq: int = 0


async def commission_one(post: Post, target: Target, order: Order) -> Result:
    """Commission one tag, or answer why not; raises TagGone where the tag leaves before anything is written."""
    started = post.ticks()
    seen = await verify.see(post, target, whole=True)
    decided = decide(
        order, seen, known(post, order.product), post.signer(), int(post.now()), post.record_type
    )
    if isinstance(decided, write.Work):
        return await write.write(post, target, seen, decided, started)
    if decided.outcome == "already":
        assert seen.verdict is not None
        signal = replace(verify.judged(seen.verdict)[1], sentence=decided.sentence)
        result = await verify.told(post, seen, started, "already", signal)
        return replace(result, product=order.product, order_row=order.row)
    return await write.refuse(post, seen, decided, order.product, started, order.row)


def known(post: Post, product: str) -> Known:
    """What the post's journal knows of a product."""
    if post.journal is None:
        return Known()
    for row in post.journal.open_intents():
        if row.product == product:
            return Known(row.uid, is_open=True)
    last = post.journal.last_result(product)
    if last is None:
        return Known()
    content = last.content()
    return Known(last.uid, stub=content.get("stub", b""), seq=content.get("seq", 0))


def decide(
    order: Order, seen: Seen, known: Known, key: DeviceKey, now: int, record_type: bytes
) -> write.Work | Refusal:
    """What to do with a tag that was read whole. now: Unix seconds, the stub's issued_at."""
    chip = seen.carrier.chip
    if chip is None:
        return Refusal(
            "refused", "no tag that can be written here: its capability container is unknown"
        )
    hindrance = _standing(order, seen) or _elsewhere(order, seen, known)
    if hindrance is not None:
        return hindrance
    claims = {stubs.VERSION: 1, stubs.ISSUED_AT: now, stubs.SEQ: 0} | order.claims
    claims[stubs.CARRIER] = [stubs.NFC, seen.capture.id]
    if known.stub and not known.is_open:  # a replacement goes on where the product's chain stood
        claims |= {stubs.SEQ: known.seq + 1, stubs.PREV: stubs.link16(known.stub)}
    try:
        intent = _drafted(order, seen, chip, claims, key, record_type)
    except DoesNotFit as why:
        return Refusal("refused", str(why))
    pages = intent.pages(seen.capture.image)
    return write.locked(seen.capture.image, chip, pages) or write.Work(
        intent, pages, order.document
    )


def _standing(order: Order, seen: Seen) -> Refusal | None:
    """What already stands on the tag, where that forbids to write it."""
    if _is_of_product(order, seen) and seen.is_ours:
        return Refusal("already", f"already commissioned: {order.product}")
    if order.overwrite:
        return None
    remedy = "use another tag, or order overwrite"
    if seen.stub is not None and seen.verdict is not None:
        if seen.verdict.binding == "mismatch":
            return Refusal("refused", f"its stub was written for another tag: {remedy}")
        if seen.verdict.integrity == "valid":
            return Refusal("refused", f"this tag carries {seen.product}: {remedy}")
    state = seen.carrier.state
    if state == "blank" or (state == "link" and seen.carrier.link == order.link):
        return None
    return Refusal("refused", f"{verify.describe(seen.carrier)}: {remedy}")


def _is_of_product(order: Order, seen: Seen) -> bool:
    if seen.stub is not None:
        return stubs.is_same_product(seen.stub.product, order.claims[stubs.PRODUCT])
    return seen.carrier.mini is not None and seen.carrier.link == order.link


def _elsewhere(order: Order, seen: Seen, known: Known) -> Refusal | None:
    """Where the journal says that the product has its tag."""
    if not known.uid or order.overwrite:
        return None
    if known.is_open:
        return Refusal(
            "duplicate", f"{order.product} is half written on tag {known.uid.hex()}: show that tag"
        )
    if known.uid != seen.capture.id:
        return Refusal("duplicate", f"{order.product} is on tag {known.uid.hex()} already")
    return Refusal(
        "refused",
        f"{order.product} was on this tag and is gone from it: order overwrite to write it anew",
    )


def _drafted(
    order: Order,
    seen: Seen,
    chip: chips.Chip,
    claims: dict[int, object],
    key: DeviceKey,
    record_type: bytes,
) -> write.Intent:
    """The intent in the first of two slots, one slot, mini that fits; raises DoesNotFit where none does."""
    gtin, serial = gtin_serial(claims[stubs.PRODUCT])
    intent = write.Intent(
        act="commissioned",
        profile=write.SLOTS,
        chip=chip.name,
        link=order.link,
        type=record_type,
        stub=b"",
        seq=int(str(claims[stubs.SEQ])),
        slot=0,
        product=order.product,
        gtin=gtin,
        serial=serial,
        before=stubs.link16(seen.stub.raw) if seen.stub else b"",
        link_before=seen.carrier.link or "",
        lock=order.lock,
        order_row=order.row,
    )
    try:
        layout = slots.plan_layout(chip, order.link, stubs.size(claims), record_type)
    except DoesNotFit as too_large:
        return _mini(intent, seen.capture.id, key, too_large)
    signed = stubs.encode(claims, key.alg, key.kid, key.sign)
    profile = write.SLOTS if layout.slot_count == 2 else write.SINGLE
    return replace(intent, profile=profile, stub=signed)
