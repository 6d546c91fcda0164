"""Tear: the power is cut at every write of an update, at any bit of the page being programmed; then the tag is read.

Our reader and an unmodified nfcpy must each find the stub before or the stub after, valid. The peer: nfcpy's own way
of writing an NDEF message anew. A sample of torn tags goes back to the station, which must finish each.
"""

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from random import Random

import ndef
import nfc.tag

from edge import chips, plan, slots
from edge.carrier import carrier, stub_in
from edge.trust import TrustList
from edge.verify import verify_best
from gateway.keys import verifier
from gateway.model import TagGone
from tests.bench import repairs
from tests.bench.line import UID, Line, Nfcpy, Ours, Plan, line
from tests.bench.passports import KIND, LINK, NOW, Issuer
from tests.bench.size import Size
from tests.bench.table import Row, progress

_RECORD = "urn:nfc:ext:" + slots.DEFAULT_TYPE.decode()
_NFCPY_EVERY = 4  # torn tags that nfcpy reads, too, in a quick run
_WHOLE = 0xFFFFFFFF


@dataclass(frozen=True)
class Update:
    """One update of one tag: the memory before it, its plan, and the stubs before and after."""

    chip: str
    name: str
    memory: bytes
    plan: Plan
    old: bytes
    new: bytes
    trust: TrustList

    def is_whole(self, stubs: list[tuple[int, bytes]], link: str | None) -> bool:
        """Whether the old or the new stub is the current one of these, and green."""
        _, verdict, found = verify_best(stubs, self.trust, verifier, NOW, KIND, UID, link)
        return found is not None and found.raw in (self.old, self.new) and verdict.is_green()


def rows(size: Size) -> Iterator[Row]:
    """Quick: NTAG215, 4 patterns a write, nfcpy reads every fourth. Full: NTAG216 too, 64 patterns, nfcpy reads all."""
    patterns = size.of(4, 64)
    names = ("ntag215", "ntag216") if size.full else ("ntag215",)
    issuer = Issuer()
    updates = [update for name in names for update in _updates(name, issuer)]
    torn = partial(_torn, patterns=patterns, seed=size.seed, every=1 if size.full else _NFCPY_EVERY)
    peer_lost, peer_torn = _nfcpys_own_way(issuer, min(patterns, 2), size.seed)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for update, seen in zip(updates, pool.imap(torn, updates), strict=True):
            yield Row(
                f"{update.chip}, {update.name}: {len(update.plan)} writes x {patterns} patterns, lost",
                seen["lost"],
                f"of {seen['torn']:,}",
                peer=(f"of {peer_torn} by nfcpy's way", peer_lost),
                at_most=0,
                note=f"the new stub was found {seen['new']:,} times, else the old one",
            )
            yield Row(
                "  ditto, read by nfcpy", seen["nfcpy lost"], f"of {seen['nfcpy']:,}", at_most=0
            )
    yield from repairs.rows(names, size)


def _updates(name: str, issuer: Issuer) -> Iterator[Update]:
    """The first update of a tag, into an empty slot; and the third, over the stub before the last."""
    stubs = issuer.chain(4)
    chip = chips.by_name(name)
    with line(name) as at, Ours(at) as ours:
        ours.detect()
        ours.write(plan.commission(chip, ours.read(True), LINK, stubs[0]))
        for seq, about in ((1, "into an empty slot"), (2, ""), (3, "over an older stub")):
            image = ours.read(True)
            layout = slots.layout_of(image)
            assert layout is not None
            pages = plan.update(layout, image, seq % 2, stubs[seq], seq)
            if about:
                yield Update(
                    name, about, at.memory, pages, stubs[seq - 1], stubs[seq], issuer.trust
                )
            ours.write(pages)


def _torn(update: Update, patterns: int, seed: int, every: int) -> Counter[str]:
    """Tear the update at every write, `patterns` times each; what was found afterwards."""
    random = Random(seed)
    seen: Counter[str] = Counter(dict.fromkeys(("torn", "lost", "new", "nfcpy", "nfcpy lost"), 0))
    with (
        line(update.chip) as at,
        line(update.chip) as other,
        Ours(at) as ours,
        Nfcpy(other) as theirs,
    ):
        for number in range(len(update.plan)):
            for mask in _masks(patterns, random):
                _tear(at, ours, update, number, mask)
                stubs, link = _read(ours)
                seen["torn"] += 1
                seen["lost"] += not update.is_whole(stubs, link)
                seen["new"] += update.new in [stub for _, stub in stubs]
                if seen["torn"] % every == 0:
                    other.memory = at.memory
                    seen["nfcpy"] += 1
                    seen["nfcpy lost"] += not update.is_whole(*_parsed(theirs.message()))
            progress(f"{update.chip}, {update.name}: write {number} of {len(update.plan)}")
    return seen


def _masks(count: int, random: Random) -> list[int]:
    """Which bits reach their new value: none, all, then any."""
    return [0, _WHOLE, *(random.getrandbits(32) for _ in range(count))][:count]


def _tear(at: Line, ours: Ours, update: Update, number: int, mask: int) -> None:
    """Carry the update out until the power is cut within its write `number` (from 0)."""
    memory = bytearray(update.memory)
    for page, data in update.plan[:number]:
        memory[4 * page : 4 * page + 4] = data
    at.memory = bytes(memory)
    at.arrive()
    ours.detect()
    at.tear(1, mask)
    try:
        ours.write(update.plan[number:])
    except TagGone:
        at.arrive()
        return
    raise RuntimeError("the tear did not happen")


def _read(ours: Ours) -> tuple[list[tuple[int, bytes]], str | None]:
    ours.detect()
    found = carrier(ours.read(), UID)
    return found.stubs, found.link


def _parsed(message: bytes) -> tuple[list[tuple[int, bytes]], str | None]:
    """(stubs, link) of an NDEF message, by ndeflib and the layout of the slots record."""
    records = list(ndef.message_decoder(message)) if message else []
    if len(records) != 2 or records[1].type != _RECORD:
        return [], None
    data = records[1].data
    count = data[3]
    room = (len(data) - 4 - 4 * count) // count
    first = 4 + 4 * count
    stubs = [(slot, stub_in(data[first + slot * room :][:room])) for slot in range(count)]
    return [(slot, stub) for slot, stub in stubs if stub is not None], records[0].iri


def _nfcpys_own_way(issuer: Issuer, patterns: int, seed: int) -> tuple[int, int]:
    """(lost, torn): nfcpy writes the next stub as the message's second record, torn at each write in turn."""
    old, new = (
        b"".join(ndef.message_encoder([ndef.UriRecord(LINK), ndef.Record(_RECORD, "", stub)]))
        for stub in issuer.chain(2)
    )
    random, lost, torn, number = Random(seed), 0, 0, 0
    with line("ntag215") as at, Nfcpy(at) as theirs:
        _rewrite(theirs, old)
        before = at.memory
        while True:
            number += 1
            for mask in _masks(patterns, random):
                at.memory = before
                at.arrive()
                at.tear(number, mask)
                if _rewrite(theirs, new):
                    return lost, torn
                at.arrive()
                lost += theirs.message() not in (old, new)
                torn += 1
                progress(f"nfcpy's own way: write {number}, {lost} of {torn} lost")


def _rewrite(theirs: Nfcpy, message: bytes) -> bool:
    """Whether nfcpy came to the end of it."""
    tag = theirs.detect()
    assert tag is not None and tag.ndef is not None
    try:
        tag.ndef.octets = message
    except nfc.tag.TagCommandError:
        return False
    return True
