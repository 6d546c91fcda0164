"""A pallet: hundreds of tags as one list of verdicts and one summary, judged from words read in the inventory round.

In the journal a pallet is, in one commit, a "verdict" row for each tag, by which its product is found at the hub, and
one "pallet" row: counts, the tags that are not green in full (64 at most), what is missing or unexpected (128 names
at most), and the SHA-256 that all of its rows bear. So a pallet row has less than 64 KiB however much lies there, and
nothing is sent twice: a stub stands in the row of a tag that is not green, a green one's is with whoever wrote it.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from edge import gen2, rain
from edge import tid as tids
from gateway.model import Capture, Sighting
from gateway.records import Encoder
from gateway.stations.despatch import name_of
from gateway.stations.result import AMBER, GREEN, RED, Result, Signal
from gateway.stations.verify import Seen, account, judged
from gateway.stations.window import BROKEN, Passage

PARTIAL = "partial"  # outcome of a tag of which not enough was read
COLOURS = (GREEN, AMBER, RED)

_MOST_IN_FULL = 64
_MOST_NAMES = 128
_NAMED = 3  # in a sentence
_PALLET_ID = 16  # bytes of the digest that a tag's row bears


@dataclass(frozen=True)
class Item:
    """One tag of a pallet, judged. outcome: verified | not_verified | partial. is_whole: enough of it was read."""

    sighting: Sighting
    seen: Seen
    outcome: str
    signal: Signal
    is_whole: bool = True

    @property
    def name(self) -> str:
        """What it is called on a despatch advice."""
        return name_of(self.sighting.epc, self.sighting.pc)

    def row(self, pallet: bytes) -> tuple[bytes, str, dict[str, Any]]:
        """(uid, product, body) of its verdict row; pallet: the digest."""
        body = account(self.seen) | {
            "outcome": self.outcome,
            "colour": self.signal.colour,
            "antenna": self.sighting.antenna,
            "pallet": pallet[:_PALLET_ID],
        }
        if self.signal.colour == GREEN:
            body.pop("stub", None)
        if self.seen.stub is not None and self.seen.is_trusted:
            body["seen_seq"] = self.seen.stub.seq
        return self.seen.capture.id, self._product, body

    def result(self) -> Result:
        """What a station answers of it."""
        seen = self.seen
        return Result(
            self.outcome,
            seen.capture.id or self.sighting.epc,
            self.signal,
            product=self._product,
            verdict=seen.verdict,
            stub=seen.stub,
            seq=seen.stub.seq if seen.stub else None,
            slot=seen.slot,
            link=seen.carrier.link,
        )

    def in_full(self) -> dict[str, Any]:
        """It as one entry of the pallet's row."""
        body: dict[str, Any] = {
            "epc": self.sighting.epc,
            "name": self.name,
            "tid": self.seen.capture.id,
            "outcome": self.outcome,
            "colour": self.signal.colour,
            "reason": self.signal.sentence,
        }
        if self.seen.verdict is not None:
            body["verdict"] = self.seen.verdict.as_dict()
        return body

    @property
    def _product(self) -> str:
        return self.seen.product or (self.name if self.seen.carrier.link is not None else "")


@dataclass(frozen=True)
class Advice:
    """What was expected: the names of a despatch advice; `fault`: why there is none."""

    names: frozenset[str] = frozenset()
    fault: str = ""


@dataclass(frozen=True)
class Pallet:
    """All that was found out about a pallet.

    passage: what was read, and what ended it. advice: None where nothing in particular was expected.
    """

    items: tuple[Item, ...]
    passage: Passage
    advice: Advice | None = None
    digest: bytes = field(init=False)

    def __post_init__(self) -> None:
        told = sorted(
            [i.sighting.epc, i.seen.capture.id, i.outcome, i.signal.colour] for i in self.items
        )
        whole = [
            told,
            sorted(self.advice.names) if self.advice is not None else None,
            self.passage.opened_at,
        ]
        object.__setattr__(self, "digest", sha256(Encoder()(whole)).digest())

    def count(self, colour: str) -> int:
        """How many tags have this colour; those read in part count as PARTIAL alone."""
        if colour == PARTIAL:
            return sum(item.outcome == PARTIAL for item in self.items)
        return sum(i.signal.colour == colour and i.outcome != PARTIAL for i in self.items)

    @property
    def missing(self) -> list[str]:
        """Who was expected and was not seen, sorted."""
        if self.advice is None or self.advice.fault:
            return []
        return sorted(self.advice.names - {item.name for item in self.items})

    @property
    def unexpected(self) -> list[str]:
        """Who was seen and not expected, sorted; a name as often as it was seen too much."""
        if self.advice is None or self.advice.fault:
            return []
        left, found = set(self.advice.names), []
        for name in (item.name for item in self.items):
            if name in left:
                left.remove(name)
            else:
                found.append(name)
        return sorted(found)

    @property
    def signal(self) -> Signal:
        """Green where every tag is, and all that was expected is there and nothing else."""
        n = {each: self.count(each) for each in (*COLOURS, PARTIAL)}
        text = f"{len(self.items)} tags: {n[GREEN]} green, {n[AMBER]} amber, {n[RED]} red"
        if n[PARTIAL]:
            text += f", {n[PARTIAL]} read in part"
        missing, unexpected = self.missing, self.unexpected
        colour = GREEN
        if n[AMBER] or n[PARTIAL] or not self.items:
            colour = AMBER
        if self.passage.outcome == BROKEN or self.passage.beyond:
            colour = AMBER
            text += f"; not all was read (ended by: {self.passage.reason})"
        if self.advice is not None and self.advice.fault:
            colour = AMBER
            text += f"; the despatch advice is of no use: {self.advice.fault}"
        elif self.advice is not None:
            text += f"; {_counted(missing, 'missing')}, {_counted(unexpected, 'unexpected')}"
        if n[RED] or missing or unexpected:
            colour = RED
        return Signal(colour, text)

    def body(self) -> dict[str, Any]:
        """The body of its journal row."""
        not_green = [item for item in self.items if item.signal.colour != GREEN]
        not_green.sort(key=lambda item: (item.signal.colour != RED, item.sighting.epc))
        signal = self.signal
        body: dict[str, Any] = {
            "outcome": "verified" if signal.colour == GREEN else "not_verified",
            "colour": signal.colour,
            "reason": signal.sentence,
            "closed_by": self.passage.reason,
            "opened_at": round(self.passage.opened_at, 3),
            "closed_at": round(self.passage.closed_at, 3),
            "digest": self.digest,
            "tags": len(self.items),
            "beyond": self.passage.beyond,
            "not_green": [item.in_full() for item in not_green[:_MOST_IN_FULL]],
        }
        body |= {colour: self.count(colour) for colour in (*COLOURS, PARTIAL)}
        if self.advice is not None:
            missing, unexpected = self.missing, self.unexpected
            body |= {
                "expected": len(self.advice.names),
                "missing": missing[:_MOST_NAMES],
                "missing_count": len(missing),
                "unexpected": unexpected[:_MOST_NAMES],
                "unexpected_count": len(unexpected),
            }
        return body


def _counted(names: list[str], what: str) -> str:
    """How many are that, and who the first of them are."""
    if not names:
        return f"0 {what}"
    more = ", ..." if len(names) > _NAMED else ""
    return f"{len(names)} {what} ({', '.join(names[:_NAMED])}{more})"


def capture(reader: str, sighting: Sighting) -> Capture:
    """What a sighting brought of a tag, as if it had been read singly."""
    image = gen2.Image()
    if sighting.tid:
        image.put(gen2.place(gen2.TID, 0), sighting.tid)
    pc = sighting.pc or gen2.pc_word(len(sighting.epc) // gen2.WORD)
    image.put(gen2.PC_PLACE, pc.to_bytes(gen2.WORD, "big"))
    image.put(gen2.EPC_PLACE, sighting.epc)
    image.put(gen2.place(gen2.USER, 0), sighting.user)
    return Capture(reader, "rain", tids.identity(sighting.tid), image, sighting.seen_at)


def is_enough(seen: Seen) -> bool:
    """Whether what was read decides: all that leads to the current stub, and where that is not green, all of it."""
    image = seen.capture.image
    assert isinstance(image, gen2.Image)
    if seen.verdict is not None and seen.verdict.is_green():
        return True
    if not image.tid or seen.carrier.faults or rain.next_read(image) is not None:
        return False
    return seen.verdict is None or rain.next_read(image, whole=True) is None


def item(sighting: Sighting, seen: Seen, is_whole: bool) -> Item:
    """A tag with its answer; is_whole: whether enough of it was read, or a single read brought no more.

    What looks red stays so even where not all was read: better looked at once too often.
    """
    if not is_whole and (not seen.capture.id or not _is_red(seen)):
        signal = Signal(AMBER, "not all that counts was read of it")
        return Item(sighting, seen, PARTIAL, signal, False)
    if seen.verdict is None:
        sentence = f"no passport on this tag: {seen.tag.describe()}"
        return Item(sighting, seen, "not_verified", Signal(RED, sentence), is_whole)
    return Item(sighting, seen, *judged(seen.verdict, bool(seen.memory)), is_whole)


def _is_red(seen: Seen) -> bool:
    """Whether what was read so far is worse than unknown."""
    return seen.verdict is not None and seen.verdict.colour() == RED
