"""A Type 2 tag as the jobs see it: its link is the first record of its NDEF message."""

from dataclasses import replace
from typing import TYPE_CHECKING

from edge import carrier, chips, mini, plan, slots, stub, type2
from edge.trust import TrustList
from edge.verify import Verdict, verify_mini
from gateway.stations.media import COUNT, MINI, NFC, Chip, Pages
from gateway.stations.orders import Order
from gateway.stations.post import Check, Seal

if TYPE_CHECKING:
    from gateway.stations.write import Intent


class NfcTag:
    """See media.Tag."""

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

    def strange(self, intent: "Intent", pages: Pages) -> str:
        """A single page that is left is the torn one, and reads as if it were a link."""
        if len(pages) <= 1 or self.carrier.link in (None, intent.link, intent.link_before):
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
