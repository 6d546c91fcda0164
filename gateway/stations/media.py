"""What differs between the media for the jobs: a Tag, as it was read, answers for its own."""

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from edge import (
    bare,
    carrier,
    chips,
    epc,
    gen2,
    gen2chips,
    mini,
    plan,
    rain,
    rainplan,
    slots,
    stub,
    type2,
    userbank,
)
from edge.errors import DoesNotFit
from edge.trust import TrustList
from edge.verify import Verdict, verify_mini
from gateway.model import Capture
from gateway.stations.orders import Order
from gateway.stations.post import Check, Seal

if TYPE_CHECKING:
    from gateway.stations.write import Intent

NFC, RAIN = "nfc", "rain"  # Capture.medium

SLOTS, SINGLE = "slots", "single"  # profiles with whole stubs
MINI, BARE = "mini", "bare"  # a detached signature alone, on NFC and on RAIN
EPC = "epc"  # an EPC alone: the stub stays in the journal, and in the hub
DETACHED = (MINI, BARE)
COUNT = {SLOTS: 2, SINGLE: 1}
UNIT = {NFC: type2.PAGE, RAIN: gen2.WORD}  # bytes of what a plan counts

NAMELESS = "its TID has no serial number, by which it would be told from others: use another tag"
_TORN_WORDS = 2

# First bytes of what is no EPC yet (TDS, "EPC binary coding header values"): unprogrammed, or the TID at delivery.
_UNPROGRAMMED = (b"", b"\x00", b"\xe2")

Carrier = carrier.Carrier | rain.Carrier
Chip = chips.Chip | gen2chips.Chip
Pages = list[tuple[int, bytes]]  # (page, 4 bytes), or (place, words)


class Tag(Protocol):
    """A tag as far as it was read. Plans raise DoesNotFit, type2.Locked; Malformed where it is another chip's.

    medium: of its Capture. kind: of a stub's claim 7.
    """

    medium: str
    kind: int

    @property
    def carrier(self) -> Carrier:
        """What stands there."""

    @property
    def epc(self) -> bytes:
        """The EPC; b"" on NFC."""

    @property
    def mark(self) -> str:
        """The link or EPC, in words."""

    def describe(self) -> str:
        """What stands there beside a stub, as one line."""

    def unfit(self, order: Order) -> str:
        """Why the order's stub cannot be bound to this tag; "" where it can."""

    def foreign(self, order: Order) -> str:
        """What stands there that only an order to overwrite may take away; "" for nothing."""

    def is_named(self, order: Order) -> bool:
        """Whether what stands beside the stub is what the order wants there."""

    def address(self, order: Order, seal: Seal) -> tuple[str, bytes]:
        """(link, EPC) that are to stand beside the order's stub. DoesNotFit."""

    def room(self, intent: "Intent", count: int) -> int:
        """Bytes in each of `count` slots beside the intent's link; 0 where they have no place."""

    def without_slots(self, order: Order) -> str:
        """The profile for a tag where the order's stub has no place. DoesNotFit."""

    def detached(self, intent: "Intent", seal: Seal) -> "Intent":
        """The same intent, of a profile in DETACHED, signed."""

    def verify_detached(
        self, over: bytes, signature: bytes, trust: TrustList | None, check: Check, now: int
    ) -> Verdict:
        """The verdict on a detached signature; over: what it is of, as Carrier.uri_record."""

    def bears(self, intent: "Intent") -> bool:
        """Whether the intent's link or EPC stands there."""

    def strange(self, intent: "Intent") -> str:
        """What stands there that neither the intent nor what was there before it explains; "" for nothing."""

    def commission(self, intent: "Intent") -> Pages:
        """The plan of a first write."""

    def update(self, slot: int, signed: bytes, seq: int) -> Pages:
        """The plan that puts a stub into a slot of the tag's two, which is not current, or its only one."""

    def mend(self, slot: int, signed: bytes, seq: int) -> Pages:
        """The plan that puts a slot and its hint right, while the stub that is whole in it stays so."""

    def clear(self, slot: int) -> Pages:
        """The plan that voids a slot which is not current."""

    def format(self, chip: Chip) -> Pages:
        """The plan that empties the tag."""


def tag(capture: Capture) -> Tag:
    """What was read, as the tag of its medium."""
    if isinstance(capture.image, gen2.Image):
        return RainTag(capture.image, capture.id)
    return NfcTag(capture.image, capture.id)


class NfcTag:
    """A Type 2 tag. The link is the first record of its NDEF message."""

    medium = NFC
    kind = stub.NFC
    epc = b""

    def __init__(self, image: type2.Image, uid: bytes) -> None:
        self.carrier = carrier.carrier(image, uid)
        self._image = image
        self._uid = uid

    @property
    def mark(self) -> str:
        return f"the link {self.carrier.link}"

    def describe(self) -> str:
        found = self.carrier
        words = {
            "blank": "it is empty",
            "unformatted": "it is not formatted for NDEF",
            "link": f"it holds only {self.mark}",
            "foreign": "it holds another program's content",
            "slots": "its slots hold no stub",
            "mini": f"it holds the signed link {found.link}",
        }
        return words[found.state]

    def unfit(self, order: Order) -> str:
        if self.carrier.chip is None:
            return "it has no capability container of a known chip: format it, or use another tag"
        return ""

    def foreign(self, order: Order) -> str:
        if self.carrier.state == "blank":
            return ""
        if self.carrier.state == "link":
            if not self._has_link_alone():
                return "it holds another program's records beside a link"
            if self.is_named(order):
                return ""
        return self.describe()

    def is_named(self, order: Order) -> bool:
        return self.carrier.link == order.link

    def address(self, order: Order, seal: Seal) -> tuple[str, bytes]:
        return order.link, b""

    def room(self, intent: "Intent", count: int) -> int:
        layout = slots.largest_layout(self._chip, intent.link, count, intent.type)
        return layout.room if layout is not None else 0

    def without_slots(self, order: Order) -> str:
        return MINI

    def detached(self, intent: "Intent", seal: Seal) -> "Intent":
        uri, key = mini.uri_record(intent.link), seal.key
        record = mini.record(uri, self.kind, self._uid, key.alg, key.kid, key.sign)
        return replace(intent, uri_record=uri, stub=record.payload)

    def verify_detached(
        self, over: bytes, signature: bytes, trust: TrustList | None, check: Check, now: int
    ) -> Verdict:
        return verify_mini(over, signature, self.kind, self._uid, trust, check, now)

    def bears(self, intent: "Intent") -> bool:
        return self.carrier.link == intent.link

    def strange(self, intent: "Intent") -> str:
        if self.carrier.link in (None, intent.link, intent.link_before):
            return ""
        return self.mark

    def commission(self, intent: "Intent") -> Pages:
        chip, link = chips.by_name(intent.chip), intent.link
        if intent.profile == MINI:
            return plan.commission_mini(chip, self._image, link, intent.stub, intent.type)
        count = COUNT[intent.profile]
        return plan.commission(chip, self._image, link, intent.stub, intent.type, count)

    def update(self, slot: int, signed: bytes, seq: int) -> Pages:
        if self._layout.slot_count == 1:
            return plan.rewrite_single(self._layout, self._image, signed, seq)
        return self.mend(slot, signed, seq)

    def mend(self, slot: int, signed: bytes, seq: int) -> Pages:
        return plan.update(self._layout, self._image, slot, signed, seq)

    def clear(self, slot: int) -> Pages:
        return plan.clear(self._layout, self._image, slot)

    def format(self, chip: Chip) -> Pages:
        assert isinstance(chip, chips.Chip)
        return plan.format(chip, self._image)

    @property
    def _chip(self) -> chips.Chip:
        assert self.carrier.chip is not None  # or it is unfit
        return self.carrier.chip

    @property
    def _layout(self) -> slots.Layout:
        assert self.carrier.layout is not None
        return self.carrier.layout

    def _has_link_alone(self) -> bool:
        """Whether the message on the tag is a link and nothing beside it."""
        record = self.carrier.uri_record
        found = type2.message_span(self._image)
        return record is not None and found is not None and found[2] - found[1] == len(record)


class RainTag:
    """A tag in EPC Gen2. Its EPC names the product; the link is the EPC's GS1 Digital Link and is not written.

    A product without GTIN and serial has no EPC: it takes a tag with room for a slot, and the EPC stays as it is.
    """

    medium = RAIN
    kind = stub.RAIN

    def __init__(self, image: gen2.Image, tid: bytes) -> None:
        self.carrier = rain.carrier(image, tid)
        self.epc = image.epc
        self._image = image
        self._tid = tid

    @property
    def mark(self) -> str:
        known = self.carrier.epc
        return f"the EPC {known.uri if known is not None else self.epc.hex()}"

    def describe(self) -> str:
        words = {
            "blank": "it is empty",
            "foreign": "its USER bank holds another program's content",
            "epc": f"it holds only {self.mark}",
            "bare": f"it holds {self.mark} and what may be its signature",
            "slots": "its slots hold no stub",
        }
        return words[self.carrier.state]

    def unfit(self, order: Order) -> str:
        if not self._tid:
            return NAMELESS
        if self.carrier.chip is None:
            return f"the chip with the TID {self._image.tid.hex()} is unknown: use another tag"
        if _epc_product(order) is None and self.carrier.link is not None:
            return f"its EPC names a GS1 product, and {order.product} is none: use another tag"
        if _epc_product(order) is None and not self.epc:
            return f"it has no EPC, and {order.product} has none to write: use another tag"
        return ""

    def foreign(self, order: Order) -> str:
        if self.carrier.state in ("foreign", "bare", "slots"):
            return self.describe()
        if self.is_named(order) or self.epc[:1] in _UNPROGRAMMED:
            return ""
        if self.carrier.epc is None:
            return f"{self.mark} is another program's"
        return self.describe()

    def is_named(self, order: Order) -> bool:
        product, named = _epc_product(order), self.carrier.epc
        if product is None:
            return True
        return (
            named is not None and named.product is not None and tuple(named.product[1:]) == product
        )

    def address(self, order: Order, seal: Seal) -> tuple[str, bytes]:
        product = _epc_product(order)
        if product is None or self.is_named(order):
            return self.carrier.link or "", self.epc
        made = epc.for_product(*product, self._chip.epc_words, seal.company_prefixes)
        return made.link or "", made.encode()

    def room(self, intent: "Intent", count: int) -> int:
        layout = userbank.largest_layout(self._chip, count)
        return layout.room if layout is not None else 0

    def without_slots(self, order: Order) -> str:
        if _epc_product(order) is None:
            raise DoesNotFit(f"{order.product} has no EPC, and its stub does not fit this tag", 0)
        has_room = gen2.WORD * self._chip.user_words >= userbank.BARE
        return BARE if has_room else EPC

    def detached(self, intent: "Intent", seal: Seal) -> "Intent":
        signature = bare.sign(intent.epc, self._tid, seal.key.sign)
        return replace(intent, uri_record=intent.epc, stub=signature)

    def verify_detached(
        self, over: bytes, signature: bytes, trust: TrustList | None, check: Check, now: int
    ) -> Verdict:
        return bare.verify_bare(signature, over, self._tid, trust, check, now)

    def bears(self, intent: "Intent") -> bool:
        return self.epc == intent.epc

    def strange(self, intent: "Intent") -> str:
        """What was torn is neither old nor new, up to the two words that a chip programs at once."""
        old, new = (_words(each) for each in (intent.epc_before, intent.epc))
        strange = [
            n
            for n, word in enumerate(_words(self.epc))
            if word not in (*old[n : n + 1], *new[n : n + 1])
        ]
        return self.mark if len(strange) > _TORN_WORDS else ""

    def commission(self, intent: "Intent") -> Pages:
        if intent.profile == EPC:
            return rainplan.epc_only(self._chip, self._image, intent.epc)
        if intent.profile == BARE:
            return rainplan.commission_bare(self._chip, self._image, intent.epc, intent.stub)
        count = COUNT[intent.profile]
        return rainplan.commission(self._chip, self._image, intent.epc, intent.stub, count)

    def update(self, slot: int, signed: bytes, seq: int) -> Pages:
        if self._layout.slot_count == 1:
            return rainplan.rewrite_single(self._layout, self._image, signed, seq)
        return self.mend(slot, signed, seq)

    def mend(self, slot: int, signed: bytes, seq: int) -> Pages:
        return rainplan.update(self._layout, self._image, slot, signed, seq)

    def clear(self, slot: int) -> Pages:
        return rainplan.clear(self._layout, self._image, slot)

    def format(self, chip: Chip) -> Pages:
        assert isinstance(chip, gen2chips.Chip)
        return rainplan.format(chip, self._image)

    @property
    def _chip(self) -> gen2chips.Chip:
        assert self.carrier.chip is not None  # or it is unfit
        return self.carrier.chip

    @property
    def _layout(self) -> userbank.Layout:
        assert self.carrier.layout is not None
        return self.carrier.layout


def _epc_product(order: Order) -> tuple[int, str] | None:
    """(GTIN, serial) of the order's product; None where it has none."""
    product = order.claims[stub.PRODUCT]
    return (product[1], product[-1]) if product[0] == stub.GS1 else None


def _words(epc: bytes) -> list[bytes]:
    return [epc[at : at + gen2.WORD] for at in range(0, len(epc), gen2.WORD)]
