"""Write: a journaled intent is carried out on the tag, read back, verified, and journaled as a result.

Whatever stops it half way (the tag leaves, the reader is unplugged, the process is killed) leaves the intent open,
and `repair` finishes or voids it when the tag is next seen.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from edge import type2
from edge.verify import Verdict, verify
from gateway.model import (
    DeviceTrouble,
    LowPower,
    TagGone,
    TagLocked,
    TagRefused,
    TagTooSmall,
    Target,
    WrongPassword,
)
from gateway.records import Row
from gateway.stations.media import DETACHED, EPC, NFC, UNIT, Pages, Tag
from gateway.stations.post import Post, Seal
from gateway.stations.result import AMBER, GREEN, RED, Refusal, Result, Signal
from gateway.stations.verify import Seen, account, see

COMMISSIONED, UPDATED = "commissioned", "updated"  # acts

_REFUSED: dict[type[DeviceTrouble], str] = {
    TagRefused: "the tag refuses the write",
    TagLocked: "locked",
    TagTooSmall: "too small",
    WrongPassword: "wrong password",
    LowPower: "too little power",
}
_DAY = 86400  # seconds that another's clock may be ahead of ours


@dataclass(frozen=True)
class Intent:
    """What is to stand on a tag, whole: enough to redo the write after a crash, from the journal alone.

    act: the outcome word of the finished write. profile: media's word. stub: the signed bytes; of a detached
    signature, uri_record is what it is over.
    digest: of the passport, b"" for none.
    before: link16 of the stub that stood there, b"" for none; link_before: the link, "" for none.
    medium: of the Capture. epc, epc_before: on RAIN, as link and link_before on NFC.
    """

    act: str
    profile: str
    chip: str
    link: str
    type: bytes
    stub: bytes
    seq: int
    slot: int
    product: str
    gtin: str
    serial: str
    digest: bytes
    uri_record: bytes = b""
    before: bytes = b""
    link_before: str = ""
    lock: bool = False
    order_row: int = 0
    medium: str = NFC
    epc: bytes = b""
    epc_before: bytes = b""

    @classmethod
    def of_row(cls, row: Row) -> "Intent":
        """The intent that a journal row holds; what an older version did not write has its default."""
        content = row.content()
        return cls(**{name: content[name] for name in cls.__dataclass_fields__ if name in content})

    def body(self) -> dict[str, Any]:
        """The intent as the body of a journal row."""
        return asdict(self)

    def pages(self, tag: Tag) -> Pages:
        """The page writes that bring the tag to what is intended, in safe order; [] where it stands.

        Raises type2.Locked, DoesNotFit; Malformed where the tag is another chip's.
        """
        if self.act == UPDATED and tag.carrier.layout is not None:
            return tag.update(self.slot, self.stub, self.seq)
        return tag.commission(self)

    def stands(self, seen: Seen) -> bool:
        """Whether the tag holds, as current, the very bytes that were signed for it."""
        if not seen.tag.bears(self) or self.profile == EPC:
            return seen.tag.bears(self)
        if self.profile in DETACHED:
            return seen.carrier.mini == self.stub
        return seen.stub is not None and seen.stub.raw == self.stub

    def verdict(self, seal: Seal, seen: Seen) -> Verdict:
        """What a reader will say of it, told before it is written."""
        tag, id = seen.tag, seen.capture.id
        if self.profile in DETACHED:
            return tag.verify_detached(self.uri_record, self.stub, seal.trust, seal.check, seal.now)
        return verify(self.stub, seal.trust, seal.check, seal.now, tag.kind, id, self.link or None)[
            0
        ]


@dataclass(frozen=True)
class Work:
    """A decision to write: the intent, the pages that it takes now, and the passport to keep with it."""

    intent: Intent
    pages: Pages
    document: bytes | None = None


def decided(
    intent: Intent, seen: Seen, seal: Seal, document: bytes | None = None
) -> Work | Refusal:
    """The work that an intent is on this tag; a refusal where the tag is locked, or readers would not trust it."""
    latest = max(
        seal.trust.issued if seal.trust else 0,
        seen.stub.issued_at if seen.is_trusted and seen.stub else 0,
    )
    if seal.now + _DAY < latest:
        return Refusal("refused", "not written, for this gateway's clock is days behind: set it")
    if seal.trust is not None:
        verdict = intent.verdict(seal, seen)
        if verdict.key not in ("trusted", "expired_list") or verdict.colour() == RED:
            return Refusal("refused", f"not written, for readers would say: {verdict.why()}")
    try:
        return Work(intent, intent.pages(seen.tag), document)
    except type2.Locked as why:
        return Refusal("refused", f"this tag is locked ({why}): use another tag")


async def write(post: Post, target: Target, seen: Seen, work: Work, started: float) -> Result:
    """Journal the intent, carry it out, journal the result. A tag that leaves ends as "torn", intent open.

    Raises SeveralTags before anything is journaled.
    """
    await post.reader.single_out(target)
    body = work.intent.body() | {"reader": seen.capture.reader, "pages": len(work.pages)}
    if work.document is not None:
        body["document"] = work.document
    row = await post.record("intent", target.uid, work.intent.product, body)
    if row is None:
        raise ValueError(f"{post.name} keeps no journal: it must not write")
    return await carry_out(post, target, row, work.intent, work.pages, started)


async def carry_out(
    post: Post,
    target: Target,
    row: Row,
    intent: Intent,
    pages: Pages,
    started: float,
    repaired: bool = False,
) -> Result:
    """Write `pages` for the open intent `row`, read back, verify, lock if ordered, close the intent.

    A tag that refuses the first write, or is locked or too small for what is left, voids the intent; refused
    otherwise, and where only the lock is left, it is torn. The outcome is "refused" where the tag said why,
    else "voided". A tag that can never be locked is done without, and amber.
    """
    written, is_written, not_locked = 0, False, ""
    try:
        written = await post.reader.write(pages, post.access_password)
        is_written = True
        seen = await see(post, target, memory=intent.stub if intent.profile == EPC else None)
        if not intent.stands(seen):
            return torn(target.uid, intent, written, "what was read back is not what was written")
        if intent.lock:
            try:
                written += await post.reader.lock(seen.capture, post.access_password)
            except TagLocked as why:
                not_locked = f"it cannot be locked: {why}"
    except DeviceTrouble as why:
        if isinstance(why, TagGone | TagRefused):
            written = written or _before(why.page, pages, UNIT[intent.medium])
        if isinstance(why, TagRefused) and not is_written and _is_final(why, written, repaired):
            voided = await void(post, target.uid, row, intent, refused(why))
            return replace(voided, outcome="refused") if type(why) is not TagRefused else voided
        return torn(target.uid, intent, written, refused(why))
    assert seen.verdict is not None
    elapsed_s = post.ticks() - started
    body = account(seen) | {
        "intent": row.seq,
        "act": intent.act,
        "profile": intent.profile,
        "stub": intent.stub,
        "seq": intent.seq,
        "slot": intent.slot,
        "gtin": intent.gtin,
        "serial": intent.serial,
        "digest": intent.digest,
        "order_row": intent.order_row,
        "locked": intent.lock and not not_locked,
        "pages_written": written,
        "elapsed_ms": round(elapsed_s * 1000, 1),
        "repaired": repaired,
    }
    if not_locked:
        body["reason"] = not_locked
    closed = await post.record("result", target.uid, intent.product, body)
    outcome = "repaired" if repaired else intent.act
    colour, doubt = seen.verdict.colour(), ""
    if colour != GREEN:
        doubt = seen.verdict.why()
    elif not_locked:
        colour, doubt = AMBER, not_locked
    return Result(
        outcome,
        target.uid,
        Signal(colour, f"{outcome}: {intent.product}" + (f", but {doubt}" if doubt else "")),
        product=intent.product,
        verdict=seen.verdict,
        stub=seen.stub,
        seq=intent.seq,
        slot=intent.slot,
        link=seen.carrier.link,
        pages_written=written,
        elapsed_s=post.ticks() - started,
        journal_seq=closed.seq if closed else None,
        order_row=intent.order_row,
        hints_torn=seen.hints_torn,
    )


def torn(uid: bytes, intent: Intent, written: int, why: str) -> Result:
    """The answer where a write stopped half way; its intent stays open."""
    return Result(
        "torn",
        uid,
        Signal(AMBER, f"torn: show the tag again ({why})"),
        product=intent.product,
        seq=intent.seq,
        slot=intent.slot,
        link=intent.link,
        pages_written=written,
        order_row=intent.order_row,
    )


async def void(post: Post, uid: bytes, row: Row, intent: Intent, reason: str) -> Result:
    """Close an intent that will not be carried out, and say why."""
    body = {"intent": row.seq, "reason": reason, "gtin": intent.gtin, "serial": intent.serial}
    closed = await post.record("void", uid, intent.product, body)
    return Result(
        "voided",
        uid,
        Signal(RED, reason),
        product=intent.product,
        seq=intent.seq,
        journal_seq=closed.seq if closed else None,
        order_row=intent.order_row,
    )


async def refuse(
    post: Post, seen: Seen, refusal: Refusal, product: str, started: float, order_row: int = 0
) -> Result:
    """Record that a tag was not written, and say why."""
    body = account(seen) | {"outcome": refusal.outcome, "reason": refusal.sentence}
    row = await post.record("refused", seen.capture.id, product, body)
    return Result(
        refusal.outcome,
        seen.capture.id,
        Signal(RED, refusal.sentence),
        product=product,
        verdict=seen.verdict,
        stub=seen.stub,
        seq=seen.stub.seq if seen.stub else None,
        slot=seen.slot,
        link=seen.carrier.link,
        elapsed_s=post.ticks() - started,
        journal_seq=row.seq if row else None,
        order_row=order_row,
        hints_torn=seen.hints_torn,
    )


def refused(why: DeviceTrouble) -> str:
    """What ended a write, for the person at the line."""
    word = _REFUSED.get(type(why))
    return f"{word}: {why}" if word else str(why)


def _is_final(why: TagRefused, written: int, repaired: bool) -> bool:
    """Whether the tag will never take the write; a torn one may when it is nearer, or its password is given."""
    if isinstance(why, TagLocked | TagTooSmall):
        return True
    return not written and not (repaired and isinstance(why, LowPower | WrongPassword))


def _before(page: int | None, pages: Pages, unit: int) -> int:
    """How many pages or words of the plan come before `page`."""
    done = 0
    for first, data in pages:
        count = len(data) // unit
        if page is not None and first <= page < first + count:
            return done + page - first
        done += count
    return 0
