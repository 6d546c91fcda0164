"""EPCIS documents: events with the context that says what their words mean; and JSON text in and out.

GS1 EPCIS 2.0, "JSON / JSON-LD syntax"; a query's answer is an EPCISQueryDocument.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from edge.errors import Malformed
from gateway.epcis.vocabulary import CONTEXT, KNOWN_PREFIXES, NAMESPACE, PREFIX

VERSION = "2.0"  # as the headers and documents have it
EXTENSIONS = f"{PREFIX}={NAMESPACE}"  # ours, as the header GS1-Extensions tells them

OWN_CONTEXT: tuple[Any, ...] = (
    CONTEXT,
    {PREFIX: NAMESPACE, "cbvmda": KNOWN_PREFIXES["cbvmda"]},  # the hash's programs look here alone
)

_DEEPEST = 32  # levels of lists and objects
_LARGEST = 10**30  # what a number may be
_MOST_CONTEXTS = 64


def document(events: Sequence[Mapping[str, Any]], created: str) -> dict[str, Any]:
    """An EPCISDocument of events whose extension fields are ours; created: a date-time."""
    return {
        "@context": list(OWN_CONTEXT),
        "type": "EPCISDocument",
        "schemaVersion": VERSION,
        "creationDate": created,
        "epcisBody": {"eventList": list(events)},
    }


def query_document(events: Sequence[Mapping[str, Any]], query: str, created: str) -> dict[str, Any]:
    """The answer to a query; events of other systems bring a context of their own."""
    return {
        "@context": list(OWN_CONTEXT),
        "type": "EPCISQueryDocument",
        "schemaVersion": VERSION,
        "creationDate": created,
        "epcisBody": {
            "queryResults": {"queryName": query, "resultsBody": {"eventList": list(events)}}
        },
    }


def parts(context: Any) -> list[Any]:
    """A checked @context as a list, without the parts that all of our documents have. Raises Malformed."""
    found = context if isinstance(context, list) else [context]
    if len(found) > _MOST_CONTEXTS:
        raise Malformed(f"@context has more than {_MOST_CONTEXTS} parts")
    return [each for each in found if each not in OWN_CONTEXT]


def prefixes(context: Iterable[Any]) -> dict[str, str]:
    """Prefix -> namespace, as far as the parts of a context state them themselves."""
    found: dict[str, str] = {}
    for each in (*OWN_CONTEXT, *context):
        if isinstance(each, dict):
            found |= {name: uri for name, uri in each.items() if isinstance(uri, str)}
    return found


def to_json(value: Any) -> str:
    """Compact JSON, keys sorted: the same value makes the same text."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def from_json(data: bytes) -> Any:
    """The value of UTF-8 JSON, at most 32 levels deep, of texts without NUL. Raises Malformed and nothing else."""
    try:
        found = json.loads(data.decode("utf-8"), parse_constant=_refuse)
    except UnicodeDecodeError as why:
        raise Malformed(f"not UTF-8 at byte {why.start}") from why
    except (ValueError, RecursionError) as why:  # also: a number of more than 4300 digits
        raise Malformed(f"no JSON: {why}") from why
    _check_sound(found, 0)
    return found


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _check_sound(value: Any, depth: int) -> None:
    if isinstance(value, str):
        if not value.isprintable() and ("\0" in value or not _is_unicode(value)):
            raise Malformed("a text holds NUL or half a surrogate pair")
    elif isinstance(value, dict | list):
        if depth == _DEEPEST:
            raise Malformed(f"more than {_DEEPEST} levels")
        for each in value:
            _check_sound(each, depth + 1)
        if isinstance(value, dict):
            for each in value.values():
                _check_sound(each, depth + 1)
    elif isinstance(value, int | float) and not -_LARGEST <= value <= _LARGEST:
        raise Malformed(f"a number is beyond {_LARGEST:.0e}")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
