"""How a value of JSON is checked: small checks, and those that are made of others.

A check is called with the place of a value and the value; it raises Malformed, which names the place, or returns.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from edge.errors import Malformed

Check = Callable[[str, Any], None]

URIS, ANY, NONE = "uris", "any", "none"  # how fields that are not listed may be called

_SHOWN = 80  # characters of a value in a refusal

# RFC 3986: scheme, then what may stand behind it; an authority with user, host and port.
_CHAR = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_HOST = r"(?:\[[0-9A-Fa-f:.]{2,45}\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)"
_USER = r"(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?"
_PATH = rf"(?://{_USER}{_HOST}(?::[0-9]*)?(?:/{_CHAR}*)*|/(?:{_CHAR}+(?:/{_CHAR}*)*)?|{_CHAR}+(?:/{_CHAR}*)*)?"
_URI = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.-]*:{_PATH}(?:\?(?:{_CHAR}|[/?])*)?(?:#(?:{_CHAR}|[/?])*)?"
)
_TIME = re.compile(
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)


def is_uri(text: str) -> bool:
    """Whether it is a URI of RFC 3986, with its scheme."""
    return _URI.fullmatch(text) is not None


def uri(at: str, value: Any) -> None:
    """A URI of RFC 3986, with its scheme."""
    if not isinstance(value, str) or not _URI.fullmatch(value):
        raise Malformed(f"{at} {shown(value)} is no URI")


def anything(at: str, value: Any) -> None:
    """Whatever it is."""


@dataclass(frozen=True)
class Fields:
    """What an object must and may hold. others: how all other fields may be called; NONE: there may be none."""

    checks: Mapping[str, Check]
    required: tuple[str, ...] = ()
    others: str = URIS


def fields(required: str = "", others: str = URIS, **checks: Check) -> Fields:
    """Fields whose names are also Python's; required: names, with a space between them."""
    return Fields(checks, tuple(required.split()), others)


def check_object(at: str, value: Any, fields: Fields) -> None:
    """An object of these fields."""
    if not isinstance(value, dict):
        raise Malformed(f"{at} {shown(value)} is no object")
    for name in fields.required:
        if name not in value:
            raise Malformed(f"{at} needs {name}")
    for name, each in value.items():
        check = fields.checks.get(name)
        if check is not None:
            check(f"{at}.{name}", each)
        elif fields.others == NONE:
            raise Malformed(f"{at} may not hold {shown(name)}")
        elif fields.others == URIS and not _URI.fullmatch(name):
            raise Malformed(f"{at} may hold {shown(name)} only with the prefix of a namespace")


def object_of(fields: Fields) -> Check:
    """The check of an object of these fields."""
    return lambda at, value: check_object(at, value, fields)


def listed(check: Check, least: int = 0) -> Check:
    """A list of at least so many."""

    def each(at: str, value: Any) -> None:
        if not isinstance(value, list) or len(value) < least:
            raise Malformed(f"{at} must be a list" + (f" of at least {least}" if least else ""))
        for number, item in enumerate(value):
            check(f"{at}[{number}]", item)

    return each


def each_once(check: Check, least: int = 0) -> Check:
    """A list of strings, none of them twice."""
    check_list = listed(check, least)

    def each(at: str, value: Any) -> None:
        check_list(at, value)
        if len(set(value)) < len(value):
            raise Malformed(f"{at} names something twice")

    return each


def word(words: frozenset[str], refused: re.Pattern[str]) -> Check:
    """A bare word of a vocabulary, or a URI that is not the vocabulary's own in an old spelling."""

    def check(at: str, value: Any) -> None:
        if isinstance(value, str) and value in words:
            return
        if not isinstance(value, str) or not _URI.fullmatch(value) or refused.match(value):
            raise Malformed(f"{at} {shown(value)} is no word of the vocabulary, and no other's URI")

    return check


def matching(pattern: re.Pattern[str], what: str) -> Check:
    """A text that the whole pattern matches; what: as a refusal calls it."""

    def check(at: str, value: Any) -> None:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise Malformed(f"{at} {shown(value)} is no {what}")

    return check


def one_of(*words: str) -> Check:
    """One of these words."""

    def check(at: str, value: Any) -> None:
        if value not in words:
            raise Malformed(f"{at} {shown(value)} must be {' or '.join(words)}")

    return check


def time(at: str, value: Any) -> None:
    """A date-time with a zone (RFC 3339)."""
    if isinstance(value, str):
        upper = value.upper()
        if _TIME.fullmatch(upper):
            try:
                datetime.fromisoformat(upper.replace("Z", "+00:00"))
            except ValueError:
                pass  # 30 February, or the year 0
            else:
                return
    raise Malformed(f"{at} {shown(value)} is no date-time with a zone (RFC 3339)")


def text(at: str, value: Any) -> None:
    """A text."""
    if not isinstance(value, str):
        raise Malformed(f"{at} {shown(value)} is no text")


def number(at: str, value: Any) -> None:
    """A number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed(f"{at} {shown(value)} is no number")


def truth(at: str, value: Any) -> None:
    """true or false."""
    if not isinstance(value, bool):
        raise Malformed(f"{at} {shown(value)} is neither true nor false")


def shown(value: Any) -> str:
    """A value, or its beginning, for a refusal."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
