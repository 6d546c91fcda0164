"""What differs between the media for the jobs: what each asks of a tag, and answers in its own way.

The two tags are gateway/stations/nfctag.py's and raintag.py's.
"""

from typing import TYPE_CHECKING, Protocol

from edge import carrier, chips, gen2, gen2chips, rain, type2
from edge.trust import TrustList
from edge.verify import Verdict
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

    def strange(self, intent: "Intent", pages: Pages) -> str:
        """What stands there that neither the intent nor what was there before it explains; "" for nothing.

        pages: that are left to write.
        """

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
