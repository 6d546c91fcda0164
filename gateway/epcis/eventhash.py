"""The EPCIS event hash: an eventID that follows from what the event says, however it is written down.

GS1 CBV 2.0, "EPCIS event hash ID": the fields in their canonical order as one string, its SHA-256 as an ni URI
(RFC 6920). recordTime, eventID and errorDeclaration take no part. Two points, where implementations disagree, are kept
as the standard's table has them: sources before destinations, and sensor elements, with their list's name, behind both.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from gateway.epcis.identifiers import canonical
from gateway.epcis.vocabulary import (
    BIZ_TRANSACTION_URIS,
    KNOWN_PREFIXES,
    MEASUREMENT_URIS,
    NAMESPACE,
    PREFIX,
    SOURCE_DEST_URIS,
    URIS,
    web_term,
)

Event = Mapping[str, Any]

OWN = {PREFIX: NAMESPACE}

_NUMBER = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,3})?")
_BEGIN = frozenset("+-.0123456789")  # what a number begins with
_AS_HASHED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_LEFT_OUT = frozenset(
    ("@context", "type", "recordTime", "eventID", "errorDeclaration", "rdfs:comment", "comment")
)
_REPORT = (
    *("type", "exception", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod"),
    *("time", "microorganism", "chemicalSubstance", "value", "component", "stringValue"),
    *("booleanValue", "hexBinaryValue", "uriValue", "minValue", "maxValue", "meanValue", "sDev"),
    *("percRank", "percValue", "uom", "coordinateReferenceSystem"),
)
_METADATA = (
    *("time", "startTime", "endTime", "deviceID", "deviceMetadata", "rawData"),
    *("dataProcessingMethod", "bizRules"),
)
_TIMES = frozenset(("eventTime", "time", "startTime", "endTime"))


def event_id(event: Event, prefixes: Mapping[str, str] = OWN) -> str:
    """ "ni:///sha-256;...?ver=CBV2.0"; prefixes: of the event's extension fields, to their namespaces."""
    return f"ni:///sha-256;{sha256(prehash(event, prefixes).encode()).hexdigest()}?ver=CBV2.0"


def prehash(event: Event, prefixes: Mapping[str, str] = OWN) -> str:
    """What the hash is of. event: checked (gateway/epcis/check.py), or made by us."""
    text = [f"eventType={_expanded(event['type'], prefixes)}"]
    for name, write in _ORDER:
        value = event.get(name)
        if value is not None:
            text.append(write(name, value, prefixes))
    text += _extensions(event, _KNOWN, prefixes)
    return "".join(text)


def millisecond(text: str) -> datetime:
    """A date-time of RFC 3339 in UTC, rounded to milliseconds."""
    at = datetime.fromisoformat(text.upper().replace("Z", "+00:00")).astimezone(UTC)
    return (
        at
        - timedelta(microseconds=at.microsecond)
        + timedelta(milliseconds=round(at.microsecond, -3) // 1000)
    )


def _time(text: str) -> str:
    if _AS_HASHED.fullmatch(text):
        return text
    try:
        at = millisecond(text)
    except (ValueError, OverflowError):  # a leap second, or the year 0 or 10000 somewhere
        return text
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _plain(name: str, value: Any, prefixes: Mapping[str, str]) -> str:
    """A field with one value, or each of several in their order; nothing where it is empty."""
    if isinstance(value, list):
        return "".join(sorted(_plain(name, each, prefixes) for each in value))
    said = _value(name, value, prefixes)
    return f"{name}={said}" if said else ""


def _epcs(name: str, value: list[str], prefixes: Mapping[str, str]) -> str:
    said = "".join(sorted([_plain("epc", each, prefixes) for each in value]))
    return name + said if said else ""


def _quantities(name: str, value: list[Event], prefixes: Mapping[str, str]) -> str:
    fields = ("epcClass", "quantity", "uom")
    said = sorted("quantityElement" + _in_order(each, fields, prefixes) for each in value)
    return name + "".join(said) if said else ""


def _dispositions(name: str, value: Event, prefixes: Mapping[str, str]) -> str:
    said = _in_order(value, ("set", "unset"), prefixes)
    return name + said if said else ""


def _place(name: str, value: Event, prefixes: Mapping[str, str]) -> str:
    said = _in_order(value, ("id",), prefixes)
    return name + said if said else ""


def _typed(field: str, words: Mapping[str, str]) -> Callable[[str, Any, Mapping[str, str]], str]:
    """Writes a list of {"type": one of words or a URI, field: a URI}."""

    def write(name: str, value: list[Event], prefixes: Mapping[str, str]) -> str:
        said = []
        for each in value:
            kind = each.get("type")
            text = "" if kind is None else f"type={_expanded(words.get(kind, kind), prefixes)}"
            said.append(text + _plain(field, each[field], prefixes))
        return name + "".join(sorted(said)) if said else ""

    return write


def _sensors(name: str, value: list[Event], prefixes: Mapping[str, str]) -> str:
    elements = []
    for element in value:
        text = "sensorElement"
        metadata = element.get("sensorMetadata")
        if metadata:
            text += "sensorMetadata" + _in_order(metadata, _METADATA, prefixes)
        text += "".join(
            sorted(
                "sensorReport" + _in_order(report, _REPORT, prefixes)
                for report in element["sensorReport"]
            )
        )
        known = ("sensorMetadata", "sensorReport")
        elements.append(text + "".join(_extensions(element, known, prefixes)))
    return name + "".join(sorted(elements)) if elements else ""


def _ilmd(name: str, value: Event, prefixes: Mapping[str, str]) -> str:
    return name + "".join(_extensions(value, (), prefixes))


_ORDER: tuple[tuple[str, Callable[[str, Any, Mapping[str, str]], str]], ...] = (
    *((name, _plain) for name in ("eventTime", "eventTimeZoneOffset", "certificationInfo")),
    ("parentID", _plain),
    *((name, _epcs) for name in ("epcList", "inputEPCList", "childEPCs")),
    *((name, _quantities) for name in ("quantityList", "childQuantityList", "inputQuantityList")),
    ("outputEPCList", _epcs),
    ("outputQuantityList", _quantities),
    *((name, _plain) for name in ("action", "transformationID", "bizStep", "disposition")),
    ("persistentDisposition", _dispositions),
    *((name, _place) for name in ("readPoint", "bizLocation")),
    ("bizTransactionList", _typed("bizTransaction", BIZ_TRANSACTION_URIS)),
    ("sourceList", _typed("source", SOURCE_DEST_URIS)),
    ("destinationList", _typed("destination", SOURCE_DEST_URIS)),
    ("sensorElementList", _sensors),
    ("ilmd", _ilmd),
)
_KNOWN = frozenset(name for name, _ in _ORDER)


def _in_order(value: Event, names: Iterable[str], prefixes: Mapping[str, str]) -> str:
    """These fields in their order, then all others."""
    text = [_plain(name, value[name], prefixes) for name in names if value.get(name) is not None]
    if len(text) < len(value):
        text += _extensions(value, tuple(names), prefixes)
    return "".join(text)


def _extensions(value: Event, known: Iterable[str], prefixes: Mapping[str, str]) -> list[str]:
    """Whatever else an object says, sorted: each as its full name and its value or what is in it."""
    said = []
    for name, each in value.items():
        if name in known or name in _LEFT_OUT:
            continue
        said += _extension(_full_name(name, prefixes), each, prefixes)
    return sorted(said)


def _extension(name: str, value: Any, prefixes: Mapping[str, str]) -> list[str]:
    if isinstance(value, list):
        return [text for each in value for text in _extension(name, each, prefixes)]
    if isinstance(value, dict):
        return [name + "".join(_extensions(value, (), prefixes))]
    said = _value("", value, prefixes)
    return [f"{name}={said}" if said else name]


def _value(name: str, value: Any, prefixes: Mapping[str, str]) -> str:
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if not isinstance(value, str):
        return _number(repr(value))
    text = value.strip()
    if name in _TIMES:
        return _time(text)
    if name in URIS:
        return _expanded(URIS[name].get(text, web_term(text)), prefixes)
    if name == "type":
        return _expanded(MEASUREMENT_URIS.get(text, text), prefixes)
    if text[:1] in _BEGIN and _NUMBER.fullmatch(text):
        return _number(text)
    return canonical(_expanded(text, prefixes)) if ":" in text else text


def _number(text: str) -> str:
    """A number without leading and trailing zeros, plus sign and exponent."""
    said = f"{Decimal(text):f}"
    if "." in said:
        said = said.rstrip("0").rstrip(".")
    return "0" if said in ("-0", "") else said


def _expanded(text: str, prefixes: Mapping[str, str]) -> str:
    """A compact URI as the whole one."""
    prefix, mark, rest = text.partition(":")
    if not mark:
        return text
    start = prefixes.get(prefix) or KNOWN_PREFIXES.get(prefix)
    return text if start is None else start + rest


def _full_name(name: str, prefixes: Mapping[str, str]) -> str:
    prefix, mark, rest = name.partition(":")
    start = (prefixes.get(prefix) or KNOWN_PREFIXES.get(prefix)) if mark else None
    return name if start is None else f"{{{start}}}{rest}"
