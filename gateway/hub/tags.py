"""What the register keeps of tags: where each UID or TID was seen, with what product, and what that gives away."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from gateway.hub import alarms, clones
from gateway.hub.alarms import Alarm
from gateway.hub.clones import FREED, SEEN, WRITTEN, Pair, Sighting, Travel
from gateway.hub.database import Session, Value
from gateway.hub.register import Entry
from gateway.hub.times import rfc3339
from gateway.records import Row

_LARGEST = (1 << 63) - 1
_MOST = 1000  # sightings of one tag, the newest, in which another product is looked for

_HISTORY = ("uid", "at_ns", "journal", "seq", "name", "place", "act", "timed")
_SIGHTING = ", ".join(_HISTORY)
_KEEP = (
    "INSERT INTO tags (uid, name, named_ns, place, at_ns, places, names)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (uid) DO UPDATE SET"
    " places = CASE WHEN excluded.places > tags.places THEN excluded.places"
    " WHEN excluded.place <> tags.place THEN 2 ELSE tags.places END,"
    " names = CASE WHEN excluded.names > tags.names THEN excluded.names"
    " WHEN excluded.name <> '' AND tags.name <> '' AND excluded.name <> tags.name THEN 2"
    " ELSE tags.names END,"
    " name = CASE WHEN (excluded.named_ns, excluded.name) > (tags.named_ns, tags.name)"
    " THEN excluded.name ELSE tags.name END,"
    " named_ns = CASE WHEN excluded.named_ns > tags.named_ns THEN excluded.named_ns"
    " ELSE tags.named_ns END,"
    " place = CASE WHEN (excluded.at_ns, excluded.place) > (tags.at_ns, tags.place)"
    " THEN excluded.place ELSE tags.place END,"
    " at_ns = CASE WHEN excluded.at_ns > tags.at_ns THEN excluded.at_ns ELSE tags.at_ns END"
)
_SEVERAL = "SELECT uid, places, names FROM tags WHERE uid = ANY($1) AND places + names > 2"
_NEWEST = (
    f"SELECT {_SIGHTING} FROM (SELECT {_SIGHTING}, row_number() OVER"
    " (PARTITION BY uid ORDER BY at_ns DESC, journal DESC, seq DESC) AS place_in_line"
    " FROM tag_history WHERE uid = ANY($1)) newest WHERE place_in_line <= $2"
)
_AROUND = f"SELECT {_SIGHTING} FROM tag_history WHERE uid = ANY($1) AND at_ns >= $2 AND at_ns <= $3"

_Sightings = dict[bytes, list[Sighting]]


class Tags:
    """The registrar of tags. travel: how fast they may come from place to place."""

    def __init__(self, travel: Travel | None = None) -> None:
        self._travel = travel or Travel()

    async def enter(self, session: Session, entries: Sequence[Entry]) -> None:
        """Enter rows: tags, tag_history, and the alarms of tags that may have been cloned."""
        fresh: _Sightings = defaultdict(list)
        for each in entries:
            found = self._sighting(each)
            if found is not None and isinstance(each.row, Row):
                fresh[each.row.uid].append(found)
        if not fresh:
            return
        await session.execute_many(_KEEP, [_summary(uid, fresh[uid]) for uid in sorted(fresh)])
        history: list[tuple[Value, ...]] = [
            (uid, *each[:-1], int(each.timed)) for uid, several in fresh.items() for each in several
        ]
        await session.copy("tag_history", _HISTORY, history)
        several = await session.fetch(_SEVERAL, list(fresh))
        await self._two_products(session, fresh, [uid for uid, _, names in several if names > 1])
        await self._too_fast(session, fresh, [uid for uid, places, _ in several if places > 1])

    async def _two_products(
        self, session: Session, fresh: _Sightings, uids: Sequence[bytes]
    ) -> None:
        if not uids:
            return
        known = _by_uid(await session.fetch(_NEWEST, uids, _MOST))
        found = [
            _two_products_alarm(uid, pair)
            for uid in sorted(known)
            for pair in clones.two_products(known[uid])
        ]
        await alarms.sound(session, found)
        whole = {uid.hex(): uid for uid in uids if len(known[uid]) < _MOST}
        stands = {alarms.key(each.cause) for each in found}
        explained = {
            cause: max(fresh[whole[subject]]).at_ns
            for subject, cause in await alarms.still_open(session, alarms.TWO_PRODUCTS, list(whole))
            if cause not in stands
        }
        await alarms.close(session, alarms.TWO_PRODUCTS, explained)

    async def _too_fast(self, session: Session, fresh: _Sightings, uids: Sequence[bytes]) -> None:
        reach_ns = self._travel.longest_ns
        if not uids or not reach_ns:
            return
        times = [each.at_ns for uid in uids for each in fresh[uid]]
        first, last = max(min(times) - reach_ns, -_LARGEST), min(max(times) + reach_ns, _LARGEST)
        known = _by_uid(await session.fetch(_AROUND, uids, first, last))
        await alarms.sound(
            session,
            [
                _too_fast_alarm(uid, pair)
                for uid in sorted(known)
                for pair in clones.too_fast(known[uid], self._travel)
            ],
        )

    def _sighting(self, entry: Entry) -> Sighting | None:
        """The row as a sighting of its tag; None where it is none, or of no tag that has a UID."""
        row = entry.row
        if not isinstance(row, Row) or entry.content is None or not row.uid:
            return None
        found = _act(row, entry)
        if found is None:
            return None
        place = self._travel.place(entry.gateway, row.station)
        at_ns, is_timed = entry.happened(row.at_ns)
        return Sighting(at_ns, entry.journal, row.seq, found[1], place, found[0], is_timed)


def _act(row: Row, entry: Entry) -> tuple[str, str] | None:
    """(act, name of the product that it bears) of a row, None where nobody saw the tag then."""
    said = entry.content or {}
    match row.kind:
        case "result" if said.get("act") == "formatted":
            return FREED, ""
        case "result" if row.product:
            return WRITTEN, entry.name
        case "intent" if said.get("act") != "updated" and _is_overwritten(entry):
            return FREED, ""
        case "presence" if said.get("act") != "departed":
            return SEEN, entry.name
        case "repair":
            return SEEN, entry.name
        case "verdict" | "result":
            return SEEN, entry.name if "seen_seq" in said else ""
        case "refused":
            return SEEN, ""
    return None


def _is_overwritten(intent: Entry) -> bool:
    """Whether the gateway saw that the tag bears something, and was told to give that up."""
    said = intent.content or {}
    before = said.get("epc_before")
    return bool(said.get("before") or said.get("link_before") or before != said.get("epc"))


def _summary(uid: bytes, sightings: Sequence[Sighting]) -> tuple[Value, ...]:
    """The row of `tags` that these sightings make."""
    named_ns, name = max(
        ((each.at_ns, each.name) for each in sightings if each.name), default=(0, "")
    )
    at_ns, place = max((each.at_ns, each.place) for each in sightings)
    places = min(2, len({each.place for each in sightings}))
    names = min(2, max(1, len({each.name for each in sightings if each.name})))
    return uid, name, named_ns, place, at_ns, places, names


def _by_uid(rows: Iterable[tuple[bytes, int, int, int, str, str, str, int]]) -> _Sightings:
    found: _Sightings = defaultdict(list)
    for uid, at_ns, journal, seq, name, place, act, timed in rows:
        found[uid].append(Sighting(at_ns, journal, seq, name, place, act, bool(timed)))
    return found


def _two_products_alarm(uid: bytes, pair: Pair) -> Alarm:
    before, after = pair
    text = (
        f"it bore {before.name} at {before.place} ({rfc3339(before.at_ns)}), and bears {after.name}"
        f" at {after.place} ({rfc3339(after.at_ns)}): nobody gave it another product in between"
    )
    cause = "\n".join((uid.hex(), *sorted((before.name, after.name))))
    return _alarm(alarms.TWO_PRODUCTS, cause, uid, text, after)


def _too_fast_alarm(uid: bytes, pair: Pair) -> Alarm:
    before, after = pair
    text = (
        f"with {after.name} it was seen at {before.place} ({rfc3339(before.at_ns)}) and at"
        f" {after.place} ({rfc3339(after.at_ns)}): one tag cannot have been at both"
    )
    cause = "\n".join((uid.hex(), after.name, *sorted((before.place, after.place))))
    return _alarm(alarms.TOO_FAST, cause, uid, text, after)


def _alarm(kind: str, cause: str, uid: bytes, text: str, at: Sighting) -> Alarm:
    return Alarm(kind, cause, uid.hex(), text, at.at_ns, at.journal, at.seq)
