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

_PALLET_ID = 16  # bytes


class Held(NamedTuple):
    """An item of a pallet whose row has not come yet, and where and when it was seen."""

    seq: int
    at_ns: int
    station: str
    item: Item


class Translator:
    """One journal's. gateway: the name that it has in the events."""

    def __init__(self, gateway: str, places: Places) -> None:
        self.open: dict[bytes, list[Held]] = {}
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
        if kind == "pallet":
            return self._pallet(at_ns, station, content, is_timed)
        pallet = content.get("pallet")
        if kind == "verdict" and isinstance(pallet, bytes) and len(pallet) == _PALLET_ID:
            item = pallet_map.item(content, name)
            if item is None:
                return []
            self.open.setdefault(pallet, []).append(Held(seq, at_ns, station, item))
            return self._overflow()
        found = station_map.event(
            kind, content, at_ns, self._gateway, station, uid, name, self._places, is_timed=is_timed
        )
        return [] if found is None else [found]

    def _pallet(
        self, at_ns: int, station: str, content: Mapping[str, Any], is_timed: bool
    ) -> list[dict[str, Any]]:
        digest = content.get("digest")
        held = self.open.pop(digest[:_PALLET_ID], []) if isinstance(digest, bytes) else []
        items = [each.item for each in held]
        return pallet_map.events(
            content, at_ns, self._gateway, station, items, self._places, is_timed=is_timed
        )

    def _overflow(self) -> list[dict[str, Any]]:
        if len(self.open) <= MOST_OPEN and sum(map(len, self.open.values())) <= MOST_ITEMS:
            return []
        oldest = min(self.open, key=lambda pallet: self.open[pallet][0].seq)
        held = self.open.pop(oldest)
        return pallet_map.events(
            {},
            held[-1].at_ns,
            self._gateway,
            held[-1].station,
            [each.item for each in held],
            self._places,
        )
