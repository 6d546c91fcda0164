"""The translator: the rows of one journal in, in order of seq; their EPCIS events out.

A pallet's tags come as rows of their own, before the pallet's: they are kept until that has come. Who must not forget
them goes back to `since` when it begins anew, or keeps `open` elsewhere.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from gateway.epcis import pallet_map, station_map
from gateway.epcis.pallet_map import Item
from gateway.epcis.places import Places

MOST_OPEN = 64  # pallets; the oldest goes out without its row, which was lost then
MOST_ITEMS = 100_000  # of all open pallets together
LONGEST_NS = (
    3_600_000_000_000  # between a pallet's last tag and its own row, which stand in one commit
)

_PALLET_ID = 16  # bytes


class Held(NamedTuple):
    """An item of a pallet whose row has not come yet, and where and when it was seen."""

    seq: int
    at_ns: int
    station: str
    item: Item


class Translator:
    """One journal's. gateway: the name that it has in the events."""

    def __init__(
        self, gateway: str, places: Places, open: Mapping[bytes, list[Held]] | None = None
    ) -> None:
        """open: what another translator of this journal had open."""
        self.open: dict[bytes, list[Held]] = dict(open or {})
        self._gateway = gateway
        self._places = places

    @property
    def since(self) -> int | None:
        """The first seq of the pallets that are open; None where none is."""
        return min((held[0].seq for held in self.open.values()), default=None)

    def events(
        self,
        seq: int,
        at_ns: int,
        kind: str,
        station: str,
        uid: bytes,
        name: str,
        content: Mapping[str, Any],
        is_timed: bool = True,
    ) -> list[dict[str, Any]]:
        """What follows from the next row; arguments as station_map.event has them."""
        late = self._overflow(at_ns) if self.open else []
        if kind == "pallet":
            return late + self._pallet(at_ns, station, content, is_timed)
        pallet = content.get("pallet")
        if kind == "verdict" and isinstance(pallet, bytes) and len(pallet) == _PALLET_ID:
            item = pallet_map.item(content, name)
            if item is not None:
                self.open.setdefault(pallet, []).append(Held(seq, at_ns, station, item))
            return late
        found = station_map.event(
            kind, content, at_ns, self._gateway, station, uid, name, self._places, is_timed=is_timed
        )
        return late if found is None else [*late, found]

    def _pallet(
        self, at_ns: int, station: str, content: Mapping[str, Any], is_timed: bool
    ) -> list[dict[str, Any]]:
        digest = content.get("digest")
        held = self.open.pop(digest[:_PALLET_ID], []) if isinstance(digest, bytes) else []
        items = [each.item for each in held]
        return pallet_map.events(
            content, at_ns, self._gateway, station, items, self._places, is_timed=is_timed
        )

    def _overflow(self, at_ns: int) -> list[dict[str, Any]]:
        """The items of the oldest pallet, where it is too old or they are too many."""
        oldest = next(iter(self.open))
        held = self.open[oldest]
        is_few = len(self.open) <= MOST_OPEN and sum(map(len, self.open.values())) < MOST_ITEMS
        if is_few and at_ns - held[-1].at_ns < LONGEST_NS:
            return []
        del self.open[oldest]
        last = held[-1]
        items = [each.item for each in held]
        return pallet_map.events({}, last.at_ns, self._gateway, last.station, items, self._places)
