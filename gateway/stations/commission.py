"""Commission: a work order becomes the first stub on a tag, in the best layout that the tag has room for."""

from dataclasses import dataclass, replace

from edge import stub as stubs
from edge.errors import DoesNotFit
from gateway.model import Target
from gateway.records import LINK
from gateway.stations import media, verify, write
from gateway.stations.carriers import TAGS
from gateway.stations.orders import Claims, Order, gtin_serial
from gateway.stations.post import Post, Seal
from gateway.stations.result import Refusal, Result
from gateway.stations.verify import Seen

_GROWTH = {stubs.SEQ: 1, stubs.PREV: bytes(16), stubs.STEP: 1}  # what an update adds at least


@dataclass(frozen=True)
class Known:
    """What the journal knows of a product: its newest stub's link16 (b"": none) and seq, and the tag that carries it.

    uid: b"" where no tag does; is_open: that tag's write has not been finished, and may hold the stub or not.
    """

    uid: bytes = b""
    is_open: bool = False
    link: bytes = b""
    seq: int = 0


async def commission_one(post: Post, target: Target, order: Order) -> Result:
    """Commission one tag, or answer why not; raises TagGone where the tag leaves before anything is written."""
    started = post.ticks()
    seen = await verify.see(post, target, whole=True)
    decided = decide(order, seen, known(post, order.product), post.seal())
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
    last = post.journal.last_result(product)
    content = last.content() if last else {}
    link = content.get(LINK) or _link(content.get("stub", b""))
    found = Known(last.uid if last else b"", False, link, content.get("seq", 0))
    for row in post.journal.open_intents():
        if row.product == product:
            content = row.content()
            return Known(row.uid, True, _link(content["stub"]), content["seq"])
    return found


def decide(order: Order, seen: Seen, known: Known, seal: Seal) -> write.Work | Refusal:
    """What to do with a tag that was read whole."""
    tag, chip = seen.tag, seen.carrier.chip
    unfit = tag.unfit(order)
    if unfit or chip is None:
        return Refusal("refused", unfit)
    asked = [each for each in order.carriers if each in TAGS]
    if asked and tag.medium not in asked:
        text = f"this is no tag for {order.product}: its order asks for {asked[0]}"
        return Refusal("refused", text)
    hindrance = _standing(order, seen, seal) or _elsewhere(order, seen, known)
    if hindrance is not None:
        return hindrance
    claims: Claims = {stubs.VERSION: 1, stubs.ISSUED_AT: seal.now, stubs.SEQ: 0} | order.claims
    claims[stubs.CARRIER] = [tag.kind, seen.capture.id]
    if known.link:  # a replacement goes on where the product's history stands
        claims |= {stubs.SEQ: known.seq + 1, stubs.PREV: known.link}
    gtin, serial = gtin_serial(claims[stubs.PRODUCT])
    intent = write.Intent(
        act=write.COMMISSIONED,
        profile=media.SINGLE,
        chip=chip.name,
        link="",
        type=seal.record_type,
        stub=b"",
        seq=0,
        slot=0,
        product=order.product,
        gtin=gtin,
        serial=serial,
        digest=order.digest or b"",
        before=stubs.link16(seen.stub.raw) if seen.stub else b"",
        link_before=seen.carrier.link or "",
        lock=order.lock,
        order_row=order.row,
        medium=tag.medium,
        epc_before=tag.epc,
    )
    try:
        link, epc = tag.address(order, seal)
        intent = _filled(replace(intent, link=link, epc=epc), order, tag, claims, seal)
        return write.decided(intent, seen, seal, order.document)
    except DoesNotFit as why:
        return Refusal("refused", f"{why}, or use a larger tag")


def profile_for(tag: media.Tag, intent: write.Intent, order: Order, claims: Claims) -> str:
    """The profile that this tag has room for: two slots, one slot, or one without; raises DoesNotFit.

    Room for an update comes before two slots; a tag that will be locked needs none.
    """
    size = stubs.size(claims)
    later = size if intent.lock else stubs.size(claims | _GROWTH)
    for profile, count in media.COUNT.items():
        if tag.room(intent, count) >= later:
            return profile
    return media.SINGLE if tag.room(intent, 1) >= size else tag.without_slots(order)


def _filled(
    intent: write.Intent, order: Order, tag: media.Tag, claims: Claims, seal: Seal
) -> write.Intent:
    """The intent with its signed bytes: a stub, or a detached signature where no stub fits; raises DoesNotFit."""
    profile = profile_for(tag, intent, order, claims)
    if profile in media.DETACHED:
        return tag.detached(replace(intent, profile=profile), seal)
    signed = stubs.encode(claims, seal.key.alg, seal.key.kid, seal.key.sign)
    return replace(intent, profile=profile, stub=signed, seq=stubs.decode(signed).seq)


def _standing(order: Order, seen: Seen, seal: Seal) -> Refusal | None:
    """What already stands on the tag, where that forbids to write it."""
    if _is_of_product(order, seen, seal):
        return _already(order, seen)
    if order.overwrite:
        return None
    remedy = "use another tag, or order overwrite"
    if seen.stub is not None and seen.verdict is not None:
        if seen.verdict.binding == "mismatch":
            return Refusal("refused", f"its stub was written for another tag: {remedy}")
        if seen.verdict.integrity != "bad_signature":
            return Refusal("refused", f"this tag carries {seen.product}: {remedy}")
    foreign = seen.tag.foreign(order)
    return Refusal("refused", f"{foreign}: {remedy}") if foreign else None


def _already(order: Order, seen: Seen) -> Refusal:
    """The answer to a tag that carries the order's product: a green one only for the order's own passport."""
    assert seen.verdict is not None
    if seen.stub is not None and order.digest not in (None, seen.stub.digest):
        text = f"this tag carries {order.product} with another passport: update it"
        return Refusal("duplicate", text)
    if not seen.tag.is_named(order):
        text = (
            f"this tag carries {order.product} under {seen.tag.mark}: format it to give it another"
        )
        return Refusal("duplicate", text)
    doubt = "" if seen.verdict.is_green() else f", but {seen.verdict.why()}"
    return Refusal("already", f"already commissioned: {order.product}{doubt}")


def _is_of_product(order: Order, seen: Seen, seal: Seal) -> bool:
    """Whether the tag carries the order's product, by a stub or mini record that nothing speaks against.

    A signature that no key of the trust list made says nothing; without a list, any counts.
    """
    found = seen.verdict
    if found is None or found.integrity not in ("valid", "not_checked"):
        return False
    if found.integrity == "not_checked" and seal.trust is not None:
        return False
    if seen.stub is not None:
        of_product = stubs.is_same_product(seen.stub.product, order.claims[stubs.PRODUCT])
        return of_product and found.binding == "match"
    return seen.carrier.mini is not None and seen.tag.is_named(order)


def _elsewhere(order: Order, seen: Seen, known: Known) -> Refusal | None:
    """Where the journal says that the product has its tag."""
    if not known.uid or order.overwrite:
        return None
    if known.is_open:
        text = f"{order.product} is half written on tag {known.uid.hex()}: show that tag"
        return Refusal("duplicate", text)
    if known.uid != seen.capture.id:
        return Refusal("duplicate", f"{order.product} is on tag {known.uid.hex()} already")
    text = f"{order.product} was on this tag and is gone from it: order overwrite to write it anew"
    return Refusal("refused", text)


def _link(stub: bytes) -> bytes:
    return stubs.link16(stub) if stub else b""
