"""A moment as a client states it: RFC 3339 with its zone, or a day, which ends at midnight UTC."""

import re
from datetime import UTC, datetime, timedelta

from edge.errors import Malformed

_FORM = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d{0,9})?([Zz]|[+\- ]\d\d:\d\d))?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_NS = (1 << 63) - 1
_DAY_NS = 86_400 * 1_000_000_000


def parsed_ns(text: str) -> int:
    """Nanoseconds since 1970; of a day its last one. Raises Malformed.

    A '+' that a query made a space is read as '+'. What lies beyond 1970 to 2262 is the nearest of these.
    """
    found = _FORM.fullmatch(text.strip()) if len(text) < 50 else None
    if found is None:
        raise Malformed(
            f"{text[:40]!r} is no time: 2026-11-22T10:00:00Z, or with another zone, or 2026-11-22"
        )
    day, time, fraction, zone = found.groups()
    zone = "+00:00" if zone in (None, "Z", "z") else zone.replace(" ", "+")
    try:
        at = datetime.fromisoformat(f"{day}T{time or '00:00:00'}{zone}") - _EPOCH
    except (ValueError, OverflowError) as e:
        raise Malformed(f"{text[:40]!r} is no time: {e}") from e
    at_ns = at // timedelta(seconds=1) * 1_000_000_000
    at_ns += int((fraction or "0").ljust(9, "0")) if time else _DAY_NS - 1
    return min(max(at_ns, 0), _LATEST_NS)
