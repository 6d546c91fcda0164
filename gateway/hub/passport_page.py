"""A passport as a page for people: what anyone may read of it, in lists, without script."""

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from gateway.hub import classes
from gateway.hub.views import page

_HEADER = (
    ("Product", "uniqueProductIdentifier"),
    ("Status", "dppStatus"),
    ("Operator", "economicOperatorId"),
    ("Facility", "facilityId"),
    ("Updated", "lastUpdated"),
    ("Passport", "digitalProductPassportId"),
)
_NOTE = (
    '<p class="note">More of this passport is for those with a legitimate interest, or for authorities:'
    " this page leaves it out.</p>"
)
_CHECKED = '<p class="note">The hub shows what was published, and has checked no signature. The passport as data: '


def html(parts: Iterable[str]) -> str:
    """The page of a passport alone."""
    return page("Product passport", parts)


def parts(said: Mapping[str, Any], url: str) -> list[str]:
    """A passport's view as HTML. url: where it is read as JSON."""
    parts = ["<h1>Product passport</h1>", _list((name, said.get(key)) for name, key in _HEADER)]
    if said.get(classes.WITHHELD):
        parts.append(_NOTE)
    hidden = {*classes.HEADER, classes.MEMBER, classes.WITHHELD}
    for name, value in said.items():
        if name not in hidden:
            parts.append(f"<h2>{escape(_words(name))}</h2>{_said(value)}")
    parts.append(f'{_CHECKED}<a href="{escape(url)}">{escape(url)}</a></p>')
    return parts


def _said(value: Any) -> str:
    """A JSON value as HTML; a passport is no deeper than its parser takes."""
    if isinstance(value, dict):
        return _list((_words(name), each) for name, each in value.items())
    if isinstance(value, list):
        return f"<ul>{''.join(f'<li>{_said(each)}</li>' for each in value)}</ul>"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return escape("-" if value is None else str(value))


def _list(items: Iterator[tuple[str, Any]]) -> str:
    lines = (
        f"<dt>{escape(name)}</dt><dd>{_said(value)}</dd>"
        for name, value in items
        if value is not None
    )
    return f"<dl>{''.join(lines)}</dl>"


def _words(name: str) -> str:
    """A member's name for people: "recycledContent" is "recycled content"."""
    spaced = "".join(f" {char.lower()}" if char.isupper() else char for char in name)
    return spaced.replace("_", " ").strip() if name.isidentifier() and not name.isupper() else name
