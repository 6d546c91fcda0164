"""A report's form as a browser sends it: its fields, and what is wrong with them."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from urllib.parse import parse_qsl

from gateway.hub import reports, results
from gateway.hub.results import Problem as Unanswered
from gateway.hub.screening import screened
from gateway.web import report as pages
from gateway.web.report import Problem

MEDIA_TYPE = "application/x-www-form-urlencoded"
CEILING = 32 << 10  # bytes
_MOST_FIELDS = 20
_LONGEST_OTHER = 100  # characters of a field that is no text
_OLDEST = 1900  # year
_FURTHEST = timedelta(hours=14)  # by which a day begins earlier somewhere than in UTC


class Typed(NamedTuple):
    """A form's fields as they were typed; what is missing is ""."""

    kind: str
    day: str
    text: str
    token: str


def read(raw: bytes) -> Typed:
    """The form's fields; what is missing is "". Raises results.Problem."""
    try:
        said = dict(
            parse_qsl(
                raw.decode("ascii"),
                keep_blank_values=True,
                errors="replace",
                max_num_fields=_MOST_FIELDS,
            )
        )
    except ValueError as e:
        raise Unanswered(results.BAD, f"the form's fields cannot be read: {e}") from e
    text = said.get("text", "").replace("\r\n", "\n").replace("\0", "\ufffd").strip()
    kind, day, token = (
        said.get(name, "").strip()[:_LONGEST_OTHER] for name in ("kind", "day", "token")
    )
    return Typed(kind, day, text, token)


def problems(typed: Typed, last: date) -> list[Problem]:
    """Why this cannot be taken; last: the day that may be reported at the latest."""
    found = []
    if typed.kind not in reports.KINDS:
        found.append(Problem("kind", "kind"))
    day = _day(typed.day)
    if day is None:
        found.append(Problem("day", "day"))
    elif day > last:
        found.append(Problem("day", "day_future"))
    if typed.kind == reports.REPAIR and not typed.text:
        found.append(Problem("text", "empty"))
    if len(typed.text) > pages.LONGEST:
        filled = {"most": pages.LONGEST, "n": len(typed.text)}
        return [*found, Problem("text", "long", filled=filled)]
    return found + [Problem("text", each.kind, each.said) for each in screened(typed.text)]


def latest(now_ns: int) -> date:
    """The day that it is where it is latest."""
    return (datetime.fromtimestamp(now_ns // 10**9, UTC) + _FURTHEST).date()


def _day(text: str) -> date | None:
    """ "2026-03-31"; None: it is none, or lies too far back."""
    try:
        day = date.fromisoformat(text) if len(text) == len("2026-03-31") else None
    except ValueError:
        return None
    return day if day is not None and day.year >= _OLDEST else None
