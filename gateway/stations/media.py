"""What differs between the media for the jobs: a Tag, as it was read, answers for its own."""

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from edge import carrier, chips, mini, plan, slots, stub, type2
from edge.chips import Chip
from edge.trust import TrustList
from edge.verify import Verdict, verify_mini
from gateway.model import Capture
from gateway.stations.orders import Order
from gateway.stations.post import Check, Seal

if TYPE_CHECKING:
    from gateway.stations.write import Intent

NFC = "nfc"  # Capture.medium

SLOTS, SINGLE, MINI = "slots", "single", "mini"  # profiles: two slots, one, a detached signature
DETACHED = (MINI,)
COUNT = {SLOTS: 2, SINGLE: 1}

Carrier = carrier.Carrier
Pages = list[tuple[int, bytes]]  # (page, 4 bytes)


class Tag(Protocol):
    """A tag as far as it was read. Plans raise DoesNotFit, type2.Locked; Malformed where it is another chip's.

    kind: of a stub's claim 7. unit: bytes of a page. carrier: what stands there.
    """

    medium: str
    kind: int
    unit: int
    carrier: Carrier

    def describe(self) -> str:
        """What stands there beside a stub, as one line."""

    def unfit(self) -> str:
        """Why no stub can be bound to this tag; "" where one can."""

    def foreign(self, order: Order) -> str:
        """What stands there that only an order to overwrite may take away; "" for nothing."""

    def is_named(self, order: Order) -> bool:
        """Whether what stands beside the stub is what the order wants there."""

    def address(self, order: Order, seal: Seal) -> str:
        """The link that is to stand beside the order's stub. DoesNotFit."""

    def room(self, intent: "Intent", count: int) -> int:
        """Bytes in each of `count` slots beside the intent's link; 0 where they have no place."""

    def detached(self, intent: "Intent", seal: Seal) -> "Intent":
        """The same intent in the profile for tags without a slot, signed."""

    def verify_detached(
        self, over: bytes, signature: bytes, trust: TrustList | None, check: Check, now: int
    ) -> Verdict:
        """The verdict on a detached signature; over: what it is of, as Carrier.uri_record."""

    def bears(self, intent: "Intent") -> bool:
        """Whether the intent's link stands there."""

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
    assert isinstance(capture.image, type2.Image)
    return NfcTag(capture.image, capture.id)


class NfcTag:
    """A Type 2 tag. The link is the first record of its NDEF message."""

    medium = NFC
    kind = stub.NFC
    unit = type2.PAGE

    def __init__(self, image: type2.Image, uid: bytes) -> None:
        self.carrier = carrier.carrier(image, uid)
        self._image = image
        self._uid = uid

    def describe(self) -> str:
        found = self.carrier
        words = {
            "blank": "it is empty",
            "unformatted": "it is not formatted for NDEF",
            "link": f"it holds only the link {found.link}",
            "foreign": "it holds another program's content",
            "slots": "its slots hold no stub",
            "mini": f"it holds the signed link {found.link}",
        }
        return words[found.state]

    def unfit(self) -> str:
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

    def address(self, order: Order, seal: Seal) -> str:
        return order.link

    def room(self, intent: "Intent", count: int) -> int:
        layout = slots.largest_layout(self._chip, intent.link, count, intent.type)
        return layout.room if layout is not None else 0

    def detached(self, intent: "Intent", seal: Seal) -> "Intent":
        uri, key = mini.uri_record(intent.link), seal.key
        record = mini.record(uri, self.kind, self._uid, key.alg, key.kid, key.sign)
        return replace(intent, profile=MINI, uri_record=uri, stub=record.payload)

    def verify_detached(
        self, over: bytes, signature: bytes, trust: TrustList | None, check: Check, now: int
    ) -> Verdict:
        return verify_mini(over, signature, self.kind, self._uid, trust, check, now)

    def bears(self, intent: "Intent") -> bool:
        return self.carrier.link == intent.link

    def strange(self, intent: "Intent") -> str:
        if self.carrier.link in (None, intent.link, intent.link_before):
            return ""
        return f"the link {self.carrier.link}"

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
        return plan.format(chip, self._image)

    @property
    def _chip(self) -> Chip:
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
