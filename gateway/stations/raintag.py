"""A tag in EPC Gen2 as the jobs see it: its EPC names the product, and where a link is asked for that is the EPC's.

A product without GTIN and serial has no EPC: it takes a tag with room for a slot, and the EPC stays as it is.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from edge import bare, epc, gen2, gen2chips, rain, rainplan, stub, userbank
from edge.errors import DoesNotFit
from edge.trust import TrustList
from edge.verify import Verdict
from gateway.stations.media import BARE, COUNT, EPC, NAMELESS, RAIN, Chip, Pages
from gateway.stations.orders import Order
from gateway.stations.post import Check, Seal

if TYPE_CHECKING:
    from gateway.stations.write import Intent

_TORN_WORDS = 2  # which a chip programs at once

# First bytes of what is no EPC yet (TDS, "EPC binary coding header values"): unprogrammed, or the TID at delivery.
_UNPROGRAMMED = (b"", b"\x00", b"\xe2")


class RainTag:
    """See media.Tag."""

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
        if _epc_product(order) is None and not (self.epc and self._is_epc):
            return f"it has no EPC, and {order.product} has none to write: use another tag"
        return ""

    def foreign(self, order: Order) -> str:
        if self.carrier.state in ("foreign", "bare", "slots"):
            return self.describe()
        if not self._is_epc:
            return f"its EPC bank holds another system's number, {self.epc.hex()}"
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
        return self._is_epc and self.epc == intent.epc

    def strange(self, intent: "Intent", pages: Pages) -> str:
        """What was torn is neither old nor new, up to the two words that a chip programs at once.

        A torn PC word ends the EPC too early, or shows words behind it that are nobody's.
        """
        old, new = (_words(each) for each in (intent.epc_before, intent.epc))
        strange = [
            n
            for n, word in enumerate(_words(self.epc)[: max(len(old), len(new))])
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
    def _is_epc(self) -> bool:
        """Whether it is an EPC, and no other system's number, that stands in the EPC bank."""
        return gen2.is_epc(self._image.pc or 0)

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
