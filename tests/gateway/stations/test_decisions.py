"""What to do with a capture, decided without a device: tag memory in, a plan or a refusal out."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from production_line import BASE, GTIN, NOW, SECOND_UID, UID, order

from edge import chips, plan, type2
from edge import stub as stubs
from edge.errors import Malformed
from edge.trust import Entry, TrustList
from gateway.keys import DeviceKey, verifier
from gateway.model import Capture
from gateway.stations import commission, media, repair, update, write
from gateway.stations.commission import Known
from gateway.stations.orders import Order
from gateway.stations.post import Seal
from gateway.stations.result import Refusal
from gateway.stations.verify import Seen, look

KEY = DeviceKey.generate()
TRUST = TrustList(1, NOW - 9, NOW + 9, (Entry(KEY.kid, KEY.public),))
SEAL = Seal(KEY, TRUST, verifier, NOW)
NTAG215, NTAG216 = chips.by_name("NTAG215"), chips.by_name("NTAG216")
SMALL = {10: 1240}
LARGE = {10: 1240, 41: 1066340, 42: 148840, 43: 7000400, 44: 124420, 45: 40, 51: 40}

UNKNOWN = Known()
LINK = b"x" * 16

Tag = type2.Image


def blank(uid: bytes = UID, chip: chips.Chip = NTAG216) -> Tag:
    """A tag as delivered (NTAG213/215/216, "Content at delivery")."""
    check = 0x88 ^ uid[0] ^ uid[1] ^ uid[2]
    head = uid[:3] + bytes((check,)) + uid[3:] + bytes((uid[3] ^ uid[4] ^ uid[5] ^ uid[6], 0x48))
    memory = head + bytes(2) + chip.cc + chip.factory
    return Tag(memory + bytes(4 * (chip.user_last + 1) - len(memory)))


def seen(tag: Tag, uid: bytes = UID, trust: TrustList | None = TRUST) -> Seen:
    return look(Capture("reader", "nfc", uid, tag, NOW), trust, verifier, NOW)


def after(tag: Tag, pages: write.Pages) -> Tag:
    made = tag.copy()
    for page, data in pages:
        made.put(page, data)
    return made


def decide(
    what: Order, tag: Tag, known: Known = UNKNOWN, seal: Seal = SEAL
) -> write.Work | Refusal:
    return commission.decide(what, seen(tag), known, seal)


def work(what: Order, tag: Tag | None = None, known: Known = UNKNOWN) -> write.Work:
    decided = decide(what, tag or blank(), known)
    assert isinstance(decided, write.Work), decided
    return decided


def written(what: Order, tag: Tag | None = None) -> Tag:
    """The tag after this order was carried out on it."""
    tag = tag or blank()
    return after(tag, work(what, tag).pages)


def foreign() -> Tag:
    return after(blank(), plan.link_only(NTAG216, blank(), "https://elsewhere.example"))


def linked() -> Tag:
    return after(blank(), plan.link_only(NTAG216, blank(), order().link))


def copied() -> Tag:
    decided = commission.decide(order("A9"), seen(blank(), SECOND_UID), UNKNOWN, SEAL)
    assert isinstance(decided, write.Work)
    return after(blank(), decided.pages)


def forged() -> Tag:
    tag = written(order("A9")).copy()
    stub = seen(tag).stub
    assert stub is not None
    first = seen(tag).carrier.layout.slot_first_pages[0]  # type: ignore[union-attr]
    page = first + len(stub.raw) // 4 - 4
    tag.put(page, bytes(b ^ 1 for b in tag.get(page, 1)))
    return tag


def locked() -> Tag:
    tag = blank()
    tag.put(2, tag.get(2, 1)[:2] + b"\xff\xff")
    return tag


def no_cc() -> Tag:
    tag = blank()
    tag.put(3, bytes(4))
    return tag


@pytest.mark.parametrize(
    ("tag", "overwrite", "outcome", "words"),
    [
        (blank, False, "work", ""),
        (linked, False, "work", ""),
        (lambda: written(order()), False, "already", "already commissioned"),
        (lambda: written(order()), True, "already", "already commissioned"),
        (lambda: written(order("A9")), False, "refused", "09520123456788/A9"),
        (lambda: written(order("A9")), True, "work", ""),
        (foreign, False, "refused", "https://elsewhere.example"),
        (foreign, True, "work", ""),
        (copied, True, "work", ""),
        (forged, False, "refused", "overwrite"),
        (forged, True, "work", ""),
        (locked, True, "refused", "locked"),
        (no_cc, True, "refused", "capability container"),
    ],
)
def test_what_stands_on_a_tag_decides_whether_it_is_written(
    tag: Callable[[], Tag], overwrite: bool, outcome: str, words: str
) -> None:
    decided = decide(order(overwrite=overwrite), tag())
    assert (decided.outcome if isinstance(decided, Refusal) else "work") == outcome
    if isinstance(decided, Refusal):
        assert words in decided.sentence


@pytest.mark.parametrize(
    ("known", "overwrite", "outcome"),
    [
        (Known(), False, "work"),
        (Known(SECOND_UID, link=LINK), False, "duplicate"),
        (Known(SECOND_UID, is_open=True), False, "duplicate"),
        (Known(UID, link=LINK), False, "refused"),
        (Known(SECOND_UID, link=LINK, seq=4), True, "work"),
        (Known(SECOND_UID, is_open=True), True, "work"),
    ],
)
def test_what_the_journal_knows_decides_whether_a_product_is_written(
    known: Known, overwrite: bool, outcome: str
) -> None:
    decided = decide(order(overwrite=overwrite), blank(), known)
    assert (decided.outcome if isinstance(decided, Refusal) else "work") == outcome
    if isinstance(decided, write.Work) and known.link:
        assert decided.intent.seq == known.seq + 1
        made = stubs.decode(decided.intent.stub)
        assert made.prev == known.link


@pytest.mark.parametrize(
    ("chip", "totals", "lock", "profile"),
    [
        ("NTAG216", LARGE, False, media.SLOTS),
        ("NTAG215", SMALL, False, media.SLOTS),
        ("NTAG215", LARGE, False, media.SINGLE),
        ("NTAG215", LARGE, True, media.SLOTS),
        ("MF0UL21", SMALL, False, "nothing"),
    ],
)
def test_the_layout_is_the_best_that_leaves_room_for_an_update(
    chip: str, totals: dict[int, int], lock: bool, profile: str
) -> None:
    what = order(totals=totals, lock=lock)
    decided = commission.decide(what, seen(blank(chip=chips.by_name(chip))), Known(), SEAL)
    if isinstance(decided, Refusal):
        assert profile == "nothing"
        assert "too many" in decided.sentence
        return
    assert decided.intent.profile == profile


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (None, "not in the trust list"),
        ({"revoked_since": NOW - 5}, "revoked"),
        ({"roles": ("auditor",)}, "may not sign"),
        ({"gtin_prefixes": ("871",)}, "may not sign"),
    ],
)
def test_what_readers_would_not_trust_is_not_written(
    entry: dict[str, object] | None, words: str
) -> None:
    entries = () if entry is None else (Entry(KEY.kid, KEY.public, **entry),)  # type: ignore[arg-type]
    seal = replace(SEAL, trust=TrustList(2, NOW - 9, NOW + 9, entries))
    decided = decide(order(), blank(), seal=seal)
    assert isinstance(decided, Refusal)
    assert words in decided.sentence


def test_a_trust_list_past_its_date_does_not_stop_the_line() -> None:
    old = TrustList(1, NOW - 9, NOW - 5, TRUST.entries)
    assert isinstance(decide(order(), blank(), seal=replace(SEAL, trust=old)), write.Work)


def test_an_intent_is_what_its_journal_row_says() -> None:
    intent = work(order(lock=True)).intent
    assert write.Intent(**intent.body()) == intent


@pytest.mark.parametrize(
    ("changes", "outcome", "words"),
    [
        ({stubs.STEP: 1}, "work", ""),
        ({stubs.STATUS: 1}, "work", ""),
        ({stubs.STATUS: 0}, "already", "already so"),
        ({stubs.TOTALS: {10: 1240, 41: 162640}}, "already", "already so"),
        ({}, "already", "already so"),
        ({stubs.OPERATOR: "x" * 250}, "refused", "bytes too many"),
    ],
)
def test_the_changes_decide_whether_a_tag_is_updated(
    changes: dict[int, object], outcome: str, words: str
) -> None:
    decided = update.decide(changes, seen(written(order())), SEAL)
    assert (decided.outcome if isinstance(decided, Refusal) else "work") == outcome
    if isinstance(decided, Refusal):
        assert words in decided.sentence


@pytest.mark.parametrize("changes", [{stubs.STEP: 99}, {stubs.PRODUCT: [2, "did:x"]}, {99: 1}])
def test_changes_that_no_stub_may_have_are_malformed(changes: dict[int, object]) -> None:
    with pytest.raises(Malformed):
        update.decide(changes, seen(written(order())), SEAL)


@pytest.mark.parametrize("tag", [blank, foreign, linked, copied, forged])
def test_what_is_not_green_is_not_updated(tag: Callable[[], Tag]) -> None:
    assert isinstance(update.decide({stubs.STEP: 1}, seen(tag()), SEAL), Refusal)


def test_every_prefix_of_a_plan_is_repaired_to_the_same_tag() -> None:
    tag = written(order("A9", totals=LARGE))
    job = work(order(overwrite=True), tag)
    whole = after(tag, job.pages)
    for cut in range(len(job.pages) + 1):
        torn = after(tag, job.pages[:cut])
        pages = repair.decide(job.intent, look_by_own(torn))
        assert not isinstance(pages, repair.Void), cut
        assert job.intent.stands(seen(after(torn, pages)))
        assert seen(after(torn, pages)).verdict.is_green()  # type: ignore[union-attr]
        if cut == len(job.pages):
            assert pages == []
            assert torn.get(0, 226) == whole.get(0, 226)


def test_an_intent_is_void_where_another_stub_or_link_stands() -> None:
    intent = work(order()).intent
    assert isinstance(repair.decide(intent, look_by_own(written(order("A9")))), repair.Void)
    assert isinstance(repair.decide(intent, look_by_own(foreign())), repair.Void)
    assert not isinstance(repair.decide(intent, look_by_own(blank())), repair.Void)
    assert isinstance(repair.decide(intent, look_by_own(locked())), repair.Void)


def test_a_torn_stub_of_a_key_that_no_list_names_is_not_taken_for_a_whole_one() -> None:
    tag = written(order(totals=SMALL), blank(chip=NTAG215))
    decided = update.decide({stubs.STEP: 1}, seen(tag), SEAL)
    assert isinstance(decided, write.Work)
    torn = after(tag, decided.pages[:-6])
    found = look(Capture("r", "nfc", UID, torn, NOW), SEAL.own_trust, verifier, NOW)
    nobody = replace(SEAL, trust=None)
    assert found.stub is not None
    assert found.stub.seq == 0
    assert look(found.capture, nobody.own_trust, verifier, NOW).stub.seq == 0  # type: ignore[union-attr]
    pages = repair.decide(decided.intent, found)
    assert not isinstance(pages, repair.Void)
    assert decided.intent.stands(seen(after(torn, pages)))


def look_by_own(tag: Tag) -> Seen:
    return seen(tag, trust=SEAL.own_trust)


def test_the_link_below_a_base_names_the_product() -> None:
    assert order().link == f"{BASE}/01/{GTIN:014d}/21/A1"
