"""What a query asks of EPCIS events: its parameters, checked, as conditions in SQL.

GS1 EPCIS 2.0, "SimpleEventQuery" and "REST bindings". Of its parameters those below are understood; every other one
is refused, for an answer that left a condition out would be wrong.
"""

import binascii
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from edge.errors import Malformed
from gateway.epcis import fields
from gateway.epcis.fields import is_uri, shown
from gateway.epcis.identifiers import canonical, key
from gateway.epcis.vocabulary import ACTIONS, EVENT_TYPES, bare
from gateway.hub.database import Value
from gateway.hub.epcis_rows import (
    CLASS,
    EPC,
    INPUT,
    INPUT_CLASS,
    OUTPUT,
    OUTPUT_CLASS,
    PARENT,
    key_of,
    microseconds,
)

MOST_A_PAGE = 1000
DEFAULT_A_PAGE = 30

_MOST_VALUES = 200  # of one parameter
_LONGEST = 2048  # characters of a value
_MOST_COUNT = 1_000_000_000
_FIRST_US, _LAST_US = -(1 << 62), 1 << 62
_BETWEEN_URIS = re.compile(
    r"\||,(?=[A-Za-z][A-Za-z0-9+.-]*:)"
)  # "|" is the standard's, "," is common
_BETWEEN_WORDS = re.compile(r"[|,]")
_COLUMNS = {"eventTime": "event_us", "recordTime": "record_us"}
_CLASSES = (CLASS, INPUT_CLASS, OUTPUT_CLASS)


@dataclass(frozen=True)
class Place:
    """Where a page ended: the time that is ordered by, key and declaration of its last event; how many there were."""

    at_us: int
    key: bytes
    declared: str
    given: int

    def token(self) -> str:
        """It as a nextPageToken."""
        said = json.dumps([self.at_us, self.key.hex(), self.declared, self.given])
        return urlsafe_b64encode(said.encode()).rstrip(b"=").decode()


@dataclass
class Filter:
    """A query. conditions: SQL, each with `values` by their number; limit: events in all, None: no end.

    too_many: the most events that the whole answer may have, None: any number.
    """

    conditions: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    time: str = "event_us"
    descending: bool = True
    per_page: int = DEFAULT_A_PAGE
    limit: int | None = None
    too_many: int | None = None
    place: Place | None = None

    def add(self, condition: str, *values: Value) -> None:
        """condition: with {} for each value."""
        first = len(self.values) + 1
        marks = [f"${place}" for place in range(first, first + len(values))]
        self.conditions.append(condition.format(*marks))
        self.values += values


def parse(parameters: Iterable[tuple[str, str]]) -> Filter:
    """The query of these parameters, in which a name may stand more than once. Raises Malformed and nothing else."""
    asked: dict[str, list[str]] = {}
    for name, value in parameters:
        if len(value) > _LONGEST or "\0" in value:
            raise Malformed(f"{shown(name)} is longer than {_LONGEST} characters, or holds NUL")
        asked.setdefault(name, []).append(value)
    found = Filter()
    for name, values in asked.items():
        understand = _PARAMETERS.get(name)
        if understand is None:
            raise Malformed(f"the parameter {shown(name)} is not known here")
        understand(found, name, values)
    if found.limit is not None and found.too_many is not None:
        raise Malformed("eventCountLimit and maxEventCount cannot be asked for together")
    return found


def place(token: str) -> Place:
    """What a nextPageToken says. Raises Malformed."""
    try:
        said = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        at_us, key_hex, declared, given = said
        if type(at_us) is not int or type(declared) is not str or type(given) is not int:
            raise ValueError
        found = Place(at_us, bytes.fromhex(key_hex), declared, given)
    except (ValueError, TypeError, binascii.Error, RecursionError) as why:
        raise Malformed("this nextPageToken is not of this hub") from why
    if not _FIRST_US < at_us < _LAST_US or not 0 <= given <= _MOST_COUNT or "\0" in declared:
        raise Malformed("this nextPageToken is not of this hub")
    return found


_Understand = Callable[[Filter, str, list[str]], None]


def _words(values: list[str]) -> list[str]:
    return _few([word for value in values for word in _BETWEEN_WORDS.split(value) if word])


def _uris(name: str, values: list[str]) -> list[str]:
    found = _few([uri for value in values for uri in _BETWEEN_URIS.split(value)])
    for uri in found:
        if not is_uri(uri):
            raise Malformed(f"{name}: {shown(uri)} is no URI")
    return found


def _few(values: list[str]) -> list[str]:
    if not 0 < len(values) <= _MOST_VALUES:
        raise Malformed(f"a parameter has 1 to {_MOST_VALUES} values")
    return values


def _one(name: str, values: list[str]) -> str:
    if len(values) != 1:
        raise Malformed(f"{name} may stand once")
    return values[0]


def _number(name: str, values: list[str], most: int) -> int:
    text = _one(name, values)
    if not re.fullmatch(r"[0-9]{1,10}", text) or not 1 <= int(text) <= most:
        raise Malformed(f"{name} is a number from 1 to {most}")
    return int(text)


def _equals(column: str) -> _Understand:
    """A word of the CBV, however spelled, in this column."""
    name_of_field = {"biz_step": "bizStep", "disposition": "disposition"}[column]

    def understand(found: Filter, name: str, values: list[str]) -> None:
        words = [bare(name_of_field, word) for word in _words(values)]
        found.add(f"{column} = ANY({{}})", words)

    return understand


def _one_of(column: str, known: tuple[str, ...]) -> _Understand:
    def understand(found: Filter, name: str, values: list[str]) -> None:
        words = _words(values)
        for word in words:
            if word not in known and not (column == "type" and is_uri(word)):
                raise Malformed(f"{name}: {shown(word)} is none of {', '.join(known)}")
        found.add(f"{column} = ANY({{}})", words)

    return understand


def _at(column: str) -> _Understand:
    def understand(found: Filter, name: str, values: list[str]) -> None:
        found.add(f"{column} = ANY({{}})", [canonical(uri) for uri in _uris(name, values)])

    return understand


def _matches(*roles: str) -> _Understand:
    """URIs of things in these roles; of things, not of classes, an EPC pattern (urn:epc:idpat:...) means all."""

    def understand(found: Filter, name: str, values: list[str]) -> None:
        exact, patterns = [], []
        for uri in _uris(name, values):
            start = None if roles[0] in _CLASSES else _pattern(uri)
            exact.append(canonical(uri)) if start is None else patterns.append(start)
        of_role = f"role IN ({', '.join(repr(role) for role in roles)})"
        either = ["uri = ANY({})"] if exact else []
        given: list[Value] = [exact] if exact else []
        for start in patterns:
            either.append("(uri >= {} AND uri < {})")
            given += [start, start[:-1] + chr(ord(start[-1]) + 1)]
        things = f"SELECT key FROM epcis_things WHERE {of_role} AND ({' OR '.join(either)})"
        found.add(f"key IN ({things})", *given)

    return understand


def _pattern(uri: str) -> str | None:
    """What the links of all things begin with that an EPC pattern means; None where it is none."""
    if not uri.startswith("urn:epc:idpat:"):
        return None
    of_kind = key(uri)
    if of_kind is None:
        raise Malformed(f"{shown(uri)} is no EPC pattern that is known here")
    return of_kind.link + {"01": "/21/", "8006": "/21/", "8010": "/8011/"}.get(of_kind.ai, "")


def _time(column: str, sign: str) -> _Understand:
    def understand(found: Filter, name: str, values: list[str]) -> None:
        text = _one(name, values).replace(" ", "+")  # what a plus sign in a query often becomes
        fields.time(name, text)
        try:
            at_us = microseconds(text)
        except OverflowError as why:
            raise Malformed(f"{name}: {shown(text)} is in no year from 1 to 9999 of UTC") from why
        found.add(f"{column} {sign} {{}}", at_us)

    return understand


def _event_ids(found: Filter, name: str, values: list[str]) -> None:
    found.add("key = ANY({})", [key_of(uri) for uri in _uris(name, values)])


def _is_declared(found: Filter, name: str, values: list[str]) -> None:
    wanted = _one(name, values)
    if wanted not in ("true", "false", ""):
        raise Malformed(f"{name} is true or false")
    found.add("declared = ''" if wanted == "false" else "declared <> ''")


def _order_by(found: Filter, name: str, values: list[str]) -> None:
    column = _COLUMNS.get(_one(name, values))
    if column is None:
        raise Malformed(f"{name} is eventTime or recordTime")
    found.time = column


def _direction(found: Filter, name: str, values: list[str]) -> None:
    word = _one(name, values)
    if word not in ("ASC", "DESC"):
        raise Malformed(f"{name} is ASC or DESC")
    found.descending = word == "DESC"


def _per_page(found: Filter, name: str, values: list[str]) -> None:
    found.per_page = _number(name, values, MOST_A_PAGE)


def _limit(found: Filter, name: str, values: list[str]) -> None:
    found.limit = _number(name, values, _MOST_COUNT)


def _too_many(found: Filter, name: str, values: list[str]) -> None:
    found.too_many = _number(name, values, _MOST_COUNT)


def _next_page(found: Filter, name: str, values: list[str]) -> None:
    found.place = place(_one(name, values))


_PARAMETERS: dict[str, _Understand] = {
    "eventType": _one_of("type", EVENT_TYPES),
    "EQ_action": _one_of("action", ACTIONS),
    "EQ_bizStep": _equals("biz_step"),
    "EQ_disposition": _equals("disposition"),
    "EQ_readPoint": _at("read_point"),
    "EQ_bizLocation": _at("biz_location"),
    "EQ_eventID": _event_ids,
    "EXISTS_errorDeclaration": _is_declared,
    "GE_eventTime": _time("event_us", ">="),
    "LT_eventTime": _time("event_us", "<"),
    "GE_recordTime": _time("record_us", ">="),
    "LT_recordTime": _time("record_us", "<"),
    "MATCH_epc": _matches(EPC),
    "MATCH_parentID": _matches(PARENT),
    "MATCH_inputEPC": _matches(INPUT),
    "MATCH_outputEPC": _matches(OUTPUT),
    "MATCH_epcClass": _matches(CLASS),
    "MATCH_inputEPCClass": _matches(INPUT_CLASS),
    "MATCH_outputEPCClass": _matches(OUTPUT_CLASS),
    "MATCH_anyEPC": _matches(EPC, PARENT, INPUT, OUTPUT),
    "MATCH_anyEPCClass": _matches(*_CLASSES),
    "orderBy": _order_by,
    "orderDirection": _direction,
    "eventCountLimit": _limit,
    "maxEventCount": _too_many,
    "perPage": _per_page,
    "nextPageToken": _next_page,
}
NAMES = tuple(_PARAMETERS)
