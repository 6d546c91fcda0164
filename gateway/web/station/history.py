"""What happened: rows of the journal by a filter, newest first, and a product's whole life, oldest first.

GET /history.json?station=&kind=&outcome=&colour=&product=&uid=&from=&to=&before=&limit=
    {"rows": [...], "next": the `before` of what follows, or null}
GET /product.json?product=&after=
    {"product", "rows": [...], "next": the `after` of what follows, or null}

from, to: Unix seconds, or the gateway's local time as a form has it; product: of /history.json a part of its name, of
/product.json the whole; uid: hex. Looking is done in small steps, between which stations have their turn, and ends
after so many rows: `next` may be there where `rows` is empty. A parameter that cannot be read is a 400.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.journal import Journal
from gateway.journal_asked import Asked
from gateway.records import Records
from gateway.web.station.shown import Shown, shown

MOST = 500  # rows of one answer

_USUAL = 100
_STEP = 250  # rows that are looked at in one go: some 6 ms
_MOST_STEPS = 800
_LIFE = 1000  # rows of a product in one answer
_LONGEST = 512  # characters of a parameter
_SET_NS = 86_400_000_000_000  # by so much the clock may have been set: rows lie in their order, times nearly
_LAST_SECOND = 4_102_444_800  # the year 2100
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,9})?", re.ASCII)
_LARGEST = (1 << 63) - 1


class Unreadable(Exception):
    """A parameter of the request is wrong. name: which."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name


ANYTHING = Asked()


@dataclass(frozen=True)
class Filter:
    """asked: what the journal itself can tell; outcome, colour: of the row as it is shown, "" for any."""

    asked: Asked = ANYTHING
    outcome: str = ""
    colour: str = ""
    before: int = _LARGEST
    limit: int = _USUAL

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filter":
        """The filter of a query string. Unreadable."""
        uid = text(query, "uid").replace(" ", "").replace(":", "")
        try:
            tag = bytes.fromhex(uid)
        except ValueError:
            raise Unreadable("uid", f"{uid[:40]!r} is not hexadecimal") from None
        return cls(
            Asked(
                kind=text(query, "kind"),
                station=text(query, "station"),
                uid=tag,
                named=text(query, "product"),
                from_ns=_ns(query, "from"),
                until_ns=_ns(query, "to"),
            ),
            text(query, "outcome"),
            text(query, "colour"),
            whole(query, "before", _LARGEST, _LARGEST),
            max(1, whole(query, "limit", _USUAL, MOST)),
        )

    def fits(self, row: Shown) -> bool:
        """Whether a row that is as asked is shown."""
        return self.outcome in ("", row["outcome"]) and self.colour in ("", row["colour"])


async def history(journal: Journal, wanted: Filter) -> dict[str, Any]:
    """The answer of /history.json."""
    found: list[Shown] = []
    last = min(journal.head(), wanted.before - 1)
    if wanted.asked.until_ns is not None:
        last = min(last, _row_at(journal, wanted.asked.until_ns + _SET_NS, last))
    step = last if wanted.asked.uid else _STEP  # there is an index
    for _ in range(_MOST_STEPS):
        newest = journal.before(last, 1)
        if not newest or _is_over(newest[0].at_ns, wanted):
            return {"rows": found, "next": None}
        first = max(1, newest[0].seq - step + 1)
        rows = journal.matching(first, last, wanted.asked, _STEP)
        for row in rows:
            told = shown(row)
            if not wanted.fits(told):
                continue
            found.append(told)
            if len(found) == wanted.limit:
                return {"rows": found, "next": row.seq if row.seq > 1 else None}
        last = rows[-1].seq - 1 if len(rows) == _STEP else first - 1
        await asyncio.sleep(0)
    return {"rows": found, "next": last + 1 if last else None}


def life(records: Records, product: str, after: int) -> dict[str, Any]:
    """The answer of /product.json."""
    rows = records.life(product, after, _LIFE)
    following = rows[-1].seq if len(rows) == _LIFE else None
    return {"product": product, "rows": [shown(row) for row in rows], "next": following}


def text(query: Mapping[str, str], name: str) -> str:
    """A parameter's text without space around it, "" where there is none. Unreadable."""
    found = query.get(name, "").strip()
    if len(found) > _LONGEST:
        raise Unreadable(name, f"{_LONGEST} characters at most")
    return found


def whole(query: Mapping[str, str], name: str, usual: int, most: int) -> int:
    """A parameter that is a whole number from 0 on; `most` where it is larger. Unreadable."""
    found = text(query, name)
    if not found:
        return usual
    if not (found.isascii() and found.isdigit() and len(found) < 20):
        raise Unreadable(name, "a whole number is asked for")
    return min(int(found), most)


def _ns(query: Mapping[str, str], name: str) -> int | None:
    found = text(query, name)
    if not found:
        return None
    try:
        seconds = float(found) if _NUMBER.fullmatch(found) else _local(found)
    except (ValueError, OverflowError):
        seconds = -1.0
    if not 0 <= seconds <= _LAST_SECOND:
        raise Unreadable(name, "seconds since 1970, or 2026-11-23T14:05, are asked for")
    return round(seconds * 1e9)


def _local(found: str) -> float:
    """What a form's field for a time says, in the gateway's own time zone."""
    return datetime.fromisoformat(found).timestamp()


def _is_over(at_ns: int, wanted: Filter) -> bool:
    return wanted.asked.from_ns is not None and at_ns < wanted.asked.from_ns - _SET_NS


def _row_at(journal: Journal, at_ns: int, last: int) -> int:
    """About the last row up to `last` that is not younger."""
    first = 0
    while first < last:
        middle = (first + last + 1) // 2
        row = journal.before(middle, 1)
        if row and row[0].at_ns > at_ns:
            last = min(row[0].seq, middle) - 1
        else:
            first = middle
    return first
