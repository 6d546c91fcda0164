"""Verify: from a Capture to what stands on the carrier and what it is worth (steps 3 to 5 of the walk)."""

from dataclasses import dataclass
from typing import Any

from edge import gen2
from edge.errors import Malformed
from edge.stub import GS1, PRODUCT, Stub, decode, link16
from edge.trust import TrustList
from edge.verify import Verdict, verify, verify_best
from gateway.model import Capture, Target
from gateway.stations import media
from gateway.stations.nfctag import NfcTag
from gateway.stations.orders import gtin_serial, product_name
from gateway.stations.post import Check, Post
from gateway.stations.raintag import RainTag
from gateway.stations.result import GREEN, Result, Signal


@dataclass(frozen=True)
class Seen:
    """A tag as it was understood: verdict None where it holds nothing of ours, stub None in a detached profile.

    memory: the stub that this gateway's journal has for a tag on which only the EPC stands; b"" for every other.
    """

    capture: Capture
    tag: media.Tag
    verdict: Verdict | None = None
    slot: int | None = None
    stub: Stub | None = None
    memory: bytes = b""

    @property
    def carrier(self) -> media.Carrier:
        """What stands on the tag."""
        return self.tag.carrier

    @property
    def product(self) -> str:
        """The journal's name of the product that the stub claims."""
        return product_name(self.stub.claims[PRODUCT]) if self.stub else ""

    @property
    def is_ours(self) -> bool:
        """Whether a stub stands there that is validly signed for this very tag, by whomever."""
        found = self.verdict
        return found is not None and (found.integrity, found.binding) == ("valid", "match")

    @property
    def is_trusted(self) -> bool:
        """Whether the stub is one that no forger or copyist can have put there."""
        return self.is_ours and self.verdict is not None and self.verdict.key == "trusted"

    @property
    def successor(self) -> Stub | None:
        """The stub in the other slot that goes on where the current one stands: what a key unknown to us signed."""
        for slot, raw in self.carrier.stubs:
            found = _decoded(raw)
            if self.stub is None or slot == self.slot or found is None:
                continue
            if found.prev == link16(self.stub.raw) and found.carrier == self.stub.carrier:
                return found
        return None

    @property
    def hints_torn(self) -> bool:
        """Whether the hints do not lead to the current stub, so that a reader reads more than it must."""
        return self.is_ours and self.stub is not None and self.carrier.hinted != self.slot


def look(
    capture: Capture,
    trust: TrustList | None,
    check: Check,
    now: int,
    known_seq: int | None = None,
    memory: bytes = b"",
) -> Seen:
    """Understand a capture; now: Unix seconds; known_seq: the highest seq ever seen of the product.

    memory: judged where only the EPC stands on the tag.
    """
    tag = _tag(capture)
    found = tag.carrier
    if found.mini is not None and found.uri_record is not None:
        verdict = tag.verify_detached(found.uri_record, found.mini, trust, check, now)
        return Seen(capture, tag, verdict)
    if found.state == "epc" and memory:
        verdict, stub = verify(
            memory, trust, check, now, tag.kind, capture.id, found.link, known_seq=known_seq
        )
        if verdict.link != "match":  # all that the tag itself says
            verdict.link = "mismatch"
        return Seen(capture, tag, verdict, None, stub, memory)
    if not found.stubs:
        return Seen(capture, tag)
    slot, verdict, stub = verify_best(
        found.stubs,
        trust,
        check,
        now,
        kind=tag.kind,
        id=capture.id,
        link=found.link,
        known_seq=known_seq,
    )
    is_gs1 = stub is not None and stub.product[0] == GS1
    if tag.epc and found.link is not None and is_gs1 and verdict.link == "not_checked":
        verdict.link = "mismatch"  # the EPC of a thing of another kind
    return Seen(capture, tag, verdict, slot, stub)


async def see(post: Post, target: Target, whole: bool = False, memory: bytes | None = None) -> Seen:
    """Read a tag (both slots: `whole`) and understand it; raises TagGone.

    memory: the stub of a tag on which only the EPC stands, None: what the journal has.
    Where the stub that the hints led to is anything but green, the other slot may hold a better one: both are read.
    """
    seen = understand(post, await post.reader.read(target, whole=whole), memory)
    verdict = seen.verdict
    if whole or verdict is None or verdict.is_green():
        return seen
    return await see(post, target, whole=True, memory=memory)


def understand(post: Post, capture: Capture, memory: bytes | None = None) -> Seen:
    """A capture in the light of all that the post knows; memory: as `see` has it."""
    if memory is None:
        memory = post.remembered(capture.id) if capture.medium == media.RAIN else b""
    seen = look(capture, post.trust, post.check, int(post.now()), memory=memory)
    return _look_again(post, seen)


async def verify_one(post: Post, target: Target) -> Result:
    """Verify one tag and record the verdict; raises TagGone."""
    started = post.ticks()
    seen = await see(post, target)
    if seen.verdict is None:
        signal = Signal("red", f"no passport on this tag: {seen.tag.describe()}")
        return await told(post, seen, started, "not_verified", signal)
    return await told(post, seen, started, *judged(seen.verdict, bool(seen.memory)))


def judged(verdict: Verdict, from_memory: bool = False) -> tuple[str, Signal]:
    """(outcome, Signal) that a verdict stands for; from_memory: the tag itself holds no stub."""
    colour, why = verdict.colour(), verdict.why()
    if from_memory:
        why += ", from this gateway's memory: the tag holds its EPC alone"
    if colour == GREEN:
        return "verified", Signal(colour, f"verified: {why}")
    return "not_verified", Signal(colour, f"not verified: {why}")


async def told(post: Post, seen: Seen, started: float, outcome: str, signal: Signal) -> Result:
    """Record what was seen as a verdict row, and answer."""
    elapsed_s = post.ticks() - started
    body = account(seen) | {
        "outcome": outcome,
        "colour": signal.colour,
        "elapsed_ms": round(elapsed_s * 1000, 1),
    }
    if seen.stub is not None and seen.is_trusted:
        body["seen_seq"] = seen.stub.seq
    row = await post.record("verdict", seen.capture.id, seen.product, body)
    return Result(
        outcome,
        seen.capture.id,
        signal,
        product=seen.product,
        verdict=seen.verdict,
        stub=seen.stub,
        seq=seen.stub.seq if seen.stub else None,
        slot=seen.slot,
        link=seen.carrier.link,
        elapsed_s=post.ticks() - started,
        journal_seq=row.seq if row else None,
        hints_torn=seen.hints_torn,
    )


def account(seen: Seen) -> dict[str, Any]:
    """What was seen, as the body of a journal row."""
    body: dict[str, Any] = {"reader": seen.capture.reader, "state": seen.carrier.state}
    body["medium"] = seen.tag.medium
    if seen.verdict is not None:
        body["verdict"] = seen.verdict.as_dict()
    if seen.carrier.link is not None:
        body["link"] = seen.carrier.link
    if seen.tag.epc:
        body["epc"] = seen.tag.epc
    if seen.memory:
        body["from_memory"] = True
    if seen.stub is not None:
        gtin, serial = gtin_serial(seen.stub.claims[PRODUCT])
        body |= {"stub": seen.stub.raw, "seq": seen.stub.seq, "slot": seen.slot}
        body |= {"gtin": gtin, "serial": serial}
    elif seen.carrier.mini is not None:
        body["stub"] = seen.carrier.mini
    return body


def _tag(capture: Capture) -> media.Tag:
    if isinstance(capture.image, gen2.Image):
        return RainTag(capture.image, capture.id)
    return NfcTag(capture.image, capture.id)


def _decoded(raw: bytes) -> Stub | None:
    try:
        return decode(raw)
    except Malformed:
        return None


def _look_again(post: Post, seen: Seen) -> Seen:
    """The same capture in the light of what the journal knows of its product."""
    known = post.known_seq(seen.product)
    if known is None:
        return seen
    return look(seen.capture, post.trust, post.check, int(post.now()), known, seen.memory)
