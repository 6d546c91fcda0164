"""The EPCIS registrar: rows of the ledger become events, each with the eventID that it keeps for ever."""

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from gateway.epcis.pallet_map import Item
from gateway.epcis.places import Places
from gateway.epcis.translator import Held, Translator
from gateway.hub import epcis_rows, epcis_store
from gateway.hub.batch import Withheld
from gateway.hub.database import Session
from gateway.hub.epcis_rows import Kept
from gateway.hub.epcis_store import Thing
from gateway.hub.register import Entry

_NEWEST = "SELECT max(row_seq) FROM epcis_events WHERE journal = $1"
_KNOWN = "SELECT DISTINCT row_seq FROM epcis_events WHERE journal = $1 AND row_seq = ANY($2)"
_OPEN = "SELECT seq, at_ns, station, pallet, epc, disposition FROM epcis_open WHERE journal = $1"
_SHUT = "DELETE FROM epcis_open WHERE journal = $1"
_OPEN_COLUMNS = ("journal", "seq", "at_ns", "station", "pallet", "epc", "disposition")


class EpcisRegistrar:
    """See Registrar. places: where the gateways stand; clock: wall clock in ns.

    A row that has its events keeps them when it comes again, wherever the gateways stand by then.
    """

    def __init__(
        self, places: Places | None = None, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self._places = places or Places()
        self._clock = clock

    async def enter(self, session: Session, entries: Sequence[Entry]) -> None:
        record_us = self._clock() // 1000
        events: list[Kept] = []
        things: list[Thing] = []
        for journal, some in groupby(sorted(entries, key=_place), key=lambda each: each.journal):
            own = list(some)
            open = await _opened(session, journal)
            was_open = bool(open)
            translator = Translator(own[-1].gateway, self._places, open)
            known = await _known(session, journal, own)
            for entry in own:
                for event in _events(translator, entry, known):
                    kept = epcis_rows.own(event, record_us, journal, entry.row.seq)
                    events.append(kept)
                    things += epcis_rows.things(event, kept.key)
            await _keep_open(session, journal, translator.open, was_open)
        if events:
            await epcis_store.add(session, events)
            await epcis_store.add_things(session, things)


def _place(entry: Entry) -> tuple[int, int]:
    return entry.journal, entry.row.seq


def _events(translator: Translator, entry: Entry, known: set[int]) -> list[dict[str, object]]:
    row = entry.row
    if isinstance(row, Withheld) or entry.content is None:
        return []
    found = translator.events(
        row.seq,
        row.at_ns,
        row.kind,
        row.station,
        row.uid,
        entry.name,
        entry.content,
        entry.is_timed,
    )
    return [] if row.seq in known else found


async def _known(session: Session, journal: int, entries: Sequence[Entry]) -> set[int]:
    """The rows among these that have their events already: after a reset, or of content that came late."""
    ((newest,),) = await session.fetch(_NEWEST, journal)
    seqs = [entry.row.seq for entry in entries]
    if newest is None or newest < seqs[0]:
        return set()
    return {seq for (seq,) in await session.fetch(_KNOWN, journal, seqs)}


async def _opened(session: Session, journal: int) -> dict[bytes, list[Held]]:
    found: dict[bytes, list[Held]] = {}
    for seq, at_ns, station, pallet, epc, disposition in sorted(
        await session.fetch(_OPEN, journal)
    ):
        held = Held(seq, at_ns, station, Item(epc, disposition))
        found.setdefault(bytes(pallet), []).append(held)
    return found


async def _keep_open(
    session: Session, journal: int, open: Mapping[bytes, Sequence[Held]], was_open: bool
) -> None:
    if was_open:
        await session.execute(_SHUT, journal)
    rows = {
        each.seq: (journal, each.seq, each.at_ns, _storable(each.station), pallet, *each.item)
        for pallet, held in open.items()
        for each in held
    }
    if rows:
        await session.copy("epcis_open", _OPEN_COLUMNS, list(rows.values()))


def _storable(text: str) -> str:
    """PostgreSQL has no NUL in texts."""
    return text.replace("\0", "\ufffd")
