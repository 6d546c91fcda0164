"""Update: the next stub of a tag's chain goes into the slot that is not current; the claims not named carry over.

Of a RAIN tag with its EPC alone the stub stands in the journal: the next one is journaled, and the tag left as it is.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edge import stub as stubs
from edge.errors import Malformed
from gateway.model import Target
from gateway.stations import media, verify, write
from gateway.stations.orders import Claims, gtin_serial
from gateway.stations.post import Post, Seal
from gateway.stations.result import Refusal, Result
from gateway.stations.verify import Seen

_STATIONS_OWN = (
    stubs.VERSION,
    stubs.PRODUCT,
    stubs.ISSUED_AT,
    stubs.SEQ,
    stubs.PREV,
    stubs.CARRIER,
)
_PROFILES = {0: media.EPC, 1: media.SINGLE, 2: media.SLOTS}  # by slots


async def update_one(post: Post, target: Target, changes: Mapping[int, Any]) -> Result:
    """Update one tag with `changes` (claim key -> value, None drops the claim), or answer why not.

    Raises TagGone where the tag leaves before anything is written, Malformed for changes that no stub may have.
    """
    started = post.ticks()
    seen = await verify.see(post, target, whole=True)
    decided = decide(changes, seen, post.seal())
    if isinstance(decided, write.Work):
        return await write.write(post, target, seen, decided, started)
    if decided.outcome == "already":
        assert seen.verdict is not None
        signal = replace(verify.judged(seen.verdict)[1], sentence=decided.sentence)
        return await verify.told(post, seen, started, "already", signal)
    return await write.refuse(post, seen, decided, seen.product, started)


def decide(changes: Mapping[int, Any], seen: Seen, seal: Seal) -> write.Work | Refusal:
    """What to do with a tag that was read whole."""
    taboo = sorted(set(changes) & set(_STATIONS_OWN))
    if taboo:
        raise Malformed(
            f"claim {taboo[0]} ({stubs.NAMES[taboo[0]]}) cannot be changed by an update"
        )
    chip, layout = seen.carrier.chip, seen.carrier.layout
    if seen.carrier.mini is not None:
        return Refusal("refused", f"not updated: {seen.tag.mark} is signed there, and no claims")
    has_place = layout is not None or seen.memory
    if seen.stub is None or seen.verdict is None or chip is None or not has_place:
        return Refusal("refused", f"nothing to update: {seen.tag.describe()}")
    if not seen.verdict.is_green():
        return Refusal("refused", f"not updated: {seen.verdict.why()}")
    if seen.successor is not None:
        text = (
            f"its other slot holds seq {seen.successor.seq}, signed by a key that is not known here"
        )
        return Refusal("refused", f"not updated: {text}: fetch the newest trust list")
    claims: Claims = _changed(seen.stub.claims, changes)
    if claims == seen.stub.claims:
        return Refusal("already", f"already so: {seen.product}, seq {seen.stub.seq}")
    claims |= {
        stubs.ISSUED_AT: seal.now,
        stubs.SEQ: seen.stub.seq + 1,
        stubs.PREV: stubs.link16(seen.stub.raw),
        stubs.CARRIER: [seen.tag.kind, seen.capture.id],
    }
    size = stubs.size(claims)
    if layout is not None and size > layout.room:
        return Refusal(
            "refused", f"{size - layout.room} bytes too many for this tag's slot: drop claims"
        )
    gtin, serial = gtin_serial(seen.stub.product)
    intent = write.Intent(
        act=write.UPDATED,
        profile=_PROFILES[layout.slot_count if layout is not None else 0],
        chip=chip.name,
        link=seen.carrier.link or "",
        type=layout.type if layout is not None else b"",
        stub=stubs.encode(claims, seal.key.alg, seal.key.kid, seal.key.sign),
        seq=seen.stub.seq + 1,
        slot=1 - (seen.slot or 0) if layout is not None and layout.slot_count == 2 else 0,
        product=seen.product,
        gtin=gtin,
        serial=serial,
        digest=claims.get(stubs.DIGEST, b""),
        before=stubs.link16(seen.stub.raw),
        link_before=seen.carrier.link or "",
        medium=seen.tag.medium,
        epc=seen.tag.epc,
        epc_before=seen.tag.epc,
    )
    return write.decided(intent, seen, seal)


def _changed(claims: Mapping[int, Any], changes: Mapping[int, Any]) -> Claims:
    """The claims after the changes, defaults left out as in a stub."""
    found = {**claims, **changes}
    defaults = {stubs.GRANULARITY: stubs.ITEM, stubs.STATUS: stubs.ACTIVE}
    return {
        key: value
        for key, value in found.items()
        if value is not None and not (key in defaults and defaults[key] == value)
    }
