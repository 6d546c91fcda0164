"""Writes: the next stub of a passport, and the first one on a blank tag.

Intent on flash, pages, read back, result on flash. What stops a write half way leaves the intent open, and it is
finished, or void, when the tag is seen again. The current stub of a tag with two slots is never touched.
"""

from edge import carrier, chips, cose, plan, slots, stub, type2, verify
from edge.errors import DoesNotFit, Malformed
from reader import jobs, ui
from reader.errors import DeviceTrouble, TagRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from reader.jobs import Checks, Job, Request, Result
    from reader.station import Kit

    Body = dict[str, Any]
    Work = Generator[Request, Any, tuple[Body, plan.Plan]]

STEPS = {"received": 3, "repaired": 4, "transferred": 6}  # values of claim 10

_LEAST_NOW = 1700000000  # a clock before this was never set


class Refused(Exception):
    """Why a tag is not written."""


def write_entry(kit: "Kit", which: "str", code: "str" = "") -> "Job":
    """The next stub with the step `which` of STEPS; code: of the repair, for the record."""

    def work(seen: "Result", checks: "Checks") -> "Work":
        return _next(kit, seen, checks, which, code)

    return _write(kit, which, work)


def format_tag(kit: "Kit") -> "Job":
    """The next order onto a blank tag; it is used up unless the tag refuses the first page."""

    def work(seen: "Result", checks: "Checks") -> "Work":
        return _first(kit, seen, checks)

    return _write(kit, "format", work)


def _write(kit: "Kit", mode: "str", work: "Callable[[Result, Checks], Work]") -> "Job":
    """A tag whose last write was torn is finished, and no more than that."""
    started = kit.clock.ms()
    checks = jobs.Checks(kit.trust)
    seen = yield from jobs.first(kit, checks, True)
    if seen is None:
        return None
    torn = kit.outbox.open_intent(seen.uid)
    try:
        yield from _more(seen, seen.carrier.chip, False)
        if torn is not None:
            seq, body = torn
            try:
                yield from _more(seen, chips.by_name(body["chip"]), seen.carrier.layout is None)
                pages = _left(seen, body)
            except (Refused, type2.Locked, DoesNotFit, Malformed) as why:
                yield from _void(seen, seq, body, str(why))
            else:
                if pages:
                    yield from _trusted(kit, seen, checks, body["stub"], body["link"])
                return (yield from _carry_out(kit, seen, checks, seq, body, pages, started, True))
        body, pages = yield from work(seen, checks)
    except (Refused, type2.Locked, DoesNotFit, Malformed) as why:
        body = jobs.account(seen, mode)
        body["outcome"] = "refused"
        body["reason"] = str(why)
        yield ("record", "refused", seen.uid, seen.product, body)
        return _no(seen, str(why))
    body["mode"] = mode
    seq = yield ("record", "intent", seen.uid, _product(body), body)
    return (yield from _carry_out(kit, seen, checks, seq, body, pages, started, False))


def _next(kit: "Kit", seen: "Result", checks: "Checks", which: "str", code: "str") -> "Work":
    chip, layout, current = seen.carrier.chip, seen.carrier.layout, seen.stub
    if chip is None or layout is None or current is None or seen.slot is None:
        raise Refused(jobs.STANDS[seen.carrier.state])
    if seen.verdict and not seen.verdict.is_green():
        raise Refused(seen.verdict.why())
    before = stub.link16(current.raw)
    for slot, raw in seen.carrier.stubs:
        if slot != seen.slot and _goes_on(raw, before, checks):
            raise Refused("the other slot goes on under an unknown key: fetch the trust list")
    claims = dict(current.claims)
    claims.pop(stub.OPERATOR, None)
    claims[stub.STEP] = STEPS[which]
    claims[stub.SEQ] = current.seq + 1
    claims[stub.PREV] = before
    signed = yield from _signed(kit, seen, checks, claims, seen.link)
    body = {
        "act": "updated",
        "stub": signed,
        "seq": current.seq + 1,
        "slot": 1 - seen.slot if layout.slot_count == 2 else 0,
        "slots": layout.slot_count,
        "chip": chip.name,
        "link": seen.link,
        "type": layout.type,
        "before": before,
        "code": code,
    }
    return body, _left(seen, body)


def _first(kit: "Kit", seen: "Result", checks: "Checks") -> "Work":
    chip = seen.carrier.chip
    if seen.carrier.state not in ("blank", "unformatted"):
        raise Refused(jobs.STANDS[seen.carrier.state])
    if chip is None:
        chip = chips.by_version((yield ("version",)))
        if chip is None:
            raise Refused("no chip that is known")
        yield from _more(seen, chip, True)
        held = seen.image.run(chip.user_first, chip.user_last + 1)
        if held != bytes((chip.user_last + 1 - chip.user_first) * type2.PAGE):
            raise Refused(jobs.STANDS["foreign"])
    while True:
        order = kit.orders.peek()
        if order is None:
            raise Refused("no order is left")
        number, link, claims = order
        claims = dict(claims)
        claims[stub.VERSION] = 1
        claims[stub.SEQ] = 0
        claims[stub.ISSUED_AT] = 0
        stub.check(claims)
        if kit.outbox.known_seq(stub.product_name(claims[stub.PRODUCT])) is None:
            break
        kit.orders.take(number)  # it was written, or begun, and then the power failed
    signed = yield from _signed(kit, seen, checks, claims, link)
    later = dict(claims)
    later[stub.SEQ] = 1
    later[stub.PREV] = bytes(16)
    later[stub.STEP] = 4
    try:
        count = slots.plan_layout(chip, link, stub.size(later)).slot_count
    except DoesNotFit:
        count = 1
    body = {
        "act": "commissioned",
        "stub": signed,
        "seq": 0,
        "slot": 0,
        "slots": count,
        "chip": chip.name,
        "link": link,
        "type": slots.DEFAULT_TYPE,
        "before": b"",
        "order": number,
    }
    return body, _left(seen, body)


def _signed(
    kit: "Kit", seen: "Result", checks: "Checks", claims: "dict[int, Any]", link: "str | None"
) -> "Generator[Request, Any, bytes]":
    """The stub of `claims` for this tag, by the device's key; Refused where readers would not trust it."""
    key, now = kit.key, kit.clock.now()
    if now < _LEAST_NOW:
        raise Refused("the clock is not set: hand in")
    claims[stub.ISSUED_AT] = max(now, claims[stub.ISSUED_AT])
    claims[stub.CARRIER] = [stub.NFC, seen.uid]
    if stub.OPERATOR not in claims and not _is_of(key.operator, checks.find(key.kid)):
        claims[stub.OPERATOR] = key.operator
    drafts: "list[bytes]" = []

    def sign(data: "bytes") -> "bytes":
        drafts.append(data)
        return bytes(cose.SIGNATURE_SIZE)

    raw = stub.encode(claims, cose.ED25519, key.kid, sign)
    signature: "bytes" = yield ("sign", drafts[0])
    raw = raw[: -cose.SIGNATURE_SIZE] + signature
    yield from _trusted(kit, seen, checks, raw, link)
    return raw


def _trusted(
    kit: "Kit", seen: "Result", checks: "Checks", raw: "bytes", link: "str | None"
) -> "Generator[Request, Any, None]":
    """Refused where readers would not trust the stub `raw` on this tag."""
    trust: "Any" = checks

    def judge() -> "Any":
        now = kit.clock.now()
        return verify.verify(raw, trust, checks.check, now, stub.NFC, seen.uid, link)

    verdict, _ = yield from checks.settle(judge)
    if verdict.key == "unknown":
        raise Refused("this handheld's key is not in the trust list")
    if not verdict.is_green():
        raise Refused("readers would say: " + verdict.why())


def _is_of(operator: "str", entries: "list[Any]") -> "bool":
    """Whether the trust list says already that the key is this operator's."""
    return operator in ["", entries[0].operator if entries else ""]


def _left(seen: "Result", body: "Body") -> "plan.Plan":
    """The pages that are left to write of an intent; raises where it is not to be carried out on this tag."""
    layout, signed, slot = seen.carrier.layout, body["stub"], body["slot"]
    current = seen.stub
    if seen.is_ours and current is not None and current.raw != signed:
        is_before = stub.link16(current.raw) == body["before"]
        if not is_before or (body["slots"] == 2 and seen.slot == slot):
            raise Refused("this tag carries another stub since then")
    for at, raw in seen.carrier.stubs:
        if at == slot and _is_others(raw, body):
            raise Refused("this tag goes on under another key since then")
    if layout is not None:
        if (seen.link, layout.slot_count) != (body["link"], body["slots"]):
            raise Refused("this tag was laid out anew since then")
        if layout.slot_count == 2:
            return plan.update(layout, seen.image, slot, signed, body["seq"])
        return plan.rewrite_single(layout, seen.image, signed, body["seq"])
    chip, count = chips.by_name(body["chip"]), body["slots"]
    if body["act"] == "updated" and count == 2:
        raise Refused("this tag was erased since then")
    if not seen.image.has(0, type2.AREA_PAGE):
        raise Refused("it cannot be read")
    pages = plan.commission(chip, seen.image, body["link"], signed, body["type"], count)
    if seen.carrier.state not in ("blank", "unformatted"):
        ours = slots.plan_layout(chip, body["link"], len(signed), body["type"], count)
        for page, _ in pages:
            if page != ours.commit_page and (body["act"] != "updated" or page < ours.magic_page):
                raise Refused(f"{jobs.STANDS[seen.carrier.state]} since then")
    return pages


def _carry_out(
    kit: "Kit",
    seen: "Result",
    checks: "Checks",
    seq: "int",
    body: "Body",
    pages: "plan.Plan",
    started: "int",
    is_torn: "bool",
) -> "Job":
    """Write, read back, and close the intent `seq`; a tag that refuses its first page is let alone."""
    written = 0
    seen.image, seen.carrier, seen.stub = type2.Image(), carrier.Carrier(seen.uid), None
    try:
        while pages:
            yield ("write",) + pages[0]
            pages.pop(0)  # there is to be room for what is read back
            written += 1
            if written == 1:
                _use_up(kit, body)
        back = yield from jobs.look(kit, seen.uid, checks, True)
    except DeviceTrouble as why:
        is_first = type(why) is TagRefused and pages and not written and not is_torn
        if is_first and not (yield from _is_written(pages[0])):
            yield from _void(seen, seq, body, str(why))
            return _no(seen, str(why))
        _use_up(kit, body)
        return _again(seen, str(why))
    if not _stands(back, body):
        return _again(back, "what was read back is not what was written")
    account = jobs.account(back, body["mode"])
    for name in ("act", "stub", "seq", "slot", "code", "order"):
        if name in body:
            account[name] = body[name]
    account["intent"] = seq
    account["pages_written"] = written
    account["repaired"] = is_torn
    account["elapsed_ms"] = kit.clock.ms() - started
    yield ("record", "result", seen.uid, _product(body), account)
    what = (_product(body), body["mode"] + " " + body.get("code", ""))
    if back.verdict is not None and back.verdict.is_green():
        back.screen = ui.Screen("tick", "DONE", what, None, "ok", "green")
    elif back.verdict is not None:
        back.screen = ui.of_verdict(back.verdict, what[0], what[1:])
    return back


def _use_up(kit: "Kit", body: "Body") -> None:
    if "order" in body:
        kit.orders.take(body["order"])


def _is_written(page: "tuple[int, bytes]") -> "Generator[Request, Any, bool]":
    """Whether a page that was refused stands all the same, or may: the answer was lost, then."""
    try:
        found: "bytes" = yield ("pages", page[0], 1)
    except DeviceTrouble:
        return True
    return found[: type2.PAGE] == page[1]


def _stands(back: "Result", body: "Body") -> "bool":
    try:
        return not _left(back, body)
    except (Refused, type2.Locked, DoesNotFit, Malformed):
        return False


def _more(
    seen: "Result", chip: "chips.Chip | None", whole: "bool"
) -> "Generator[Request, Any, None]":
    """Read what plans hold to beside the slots: the dynamic lock bits, and all that is written; `whole`."""
    if chip is None:
        return
    pages = [(chip.dynamic_lock_page, 1)]
    if whole:
        pages.append((chip.user_first, chip.user_last + 1 - chip.user_first))
    for first, count in pages:
        if first is not None and not seen.image.has(first, count):
            data = yield ("pages", first, count)
            seen.image.put(first, data[: min(len(data) // type2.PAGE, count) * type2.PAGE])


def _goes_on(raw: "bytes", before: "bytes", checks: "Checks") -> "bool":
    """Whether this is a stub that follows the current one, by a key that the trust list does not know."""
    try:
        found = stub.decode(raw)
    except Malformed:
        return False
    return found.prev == before and not checks.find(found.kid)


def _is_others(raw: "bytes", body: "Body") -> "bool":
    """Whether this is a stub as late as the intent's or later, and by another key."""
    try:
        found = stub.decode(raw)
    except Malformed:
        return False
    return found.seq >= body["seq"] and found.kid != stub.decode(body["stub"]).kid


def _void(seen: "Result", seq: "int", body: "Body", why: "str") -> "Generator[Request, Any, None]":
    said = {"intent": seq, "reason": why, "mode": body["mode"]}
    yield ("record", "void", seen.uid, _product(body), said)


def _product(body: "Body") -> "str":
    return stub.product_name(stub.decode(body["stub"]).product)


def _no(seen: "Result", why: "str") -> "Result":
    seen.screen = ui.of_trouble(why, "NO")
    return seen


def _again(seen: "Result", why: "str") -> "Result":
    seen.screen = ui.of_trouble("not finished: show the tag again", "AGAIN", (why,))
    return seen
