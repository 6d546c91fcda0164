"""A passport document: JSON with the header of EN 18223 table 1, kept and hashed as the bytes that were published."""

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from edge.errors import Malformed
from gateway.hub import classes, digital_link
from gateway.hub.times import rfc3339

CEILING = 1 << 20  # bytes of a document
_DEEPEST = 32  # levels of objects and lists
_LONGEST = 500  # characters of a header field
_MOST_SPECIFICATIONS = 100

ID, PRODUCT, GRANULARITY = "digitalProductPassportId", "uniqueProductIdentifier", "granularity"
UPDATED = "lastUpdated"
FIXED = (ID, PRODUCT, GRANULARITY)  # what no change may change
_GRANULARITIES = ("model", "batch", "item")
_TEXTS = (ID, PRODUCT, "dppSchemaVersion", "dppStatus", "economicOperatorId")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Passport:
    """A document that was read: `raw` as it was published, `said` what it says.

    subject: what the passport is of, "01/GTIN14/.." for a Digital Link, else "=" and the identifier.
    """

    raw: bytes
    said: dict[str, Any]
    id: str
    product: str
    subject: str

    @property
    def sha256(self) -> bytes:
        """Of the bytes as published: claim 3 of a stub."""
        return sha256(self.raw).digest()


def parse(raw: bytes) -> Any:
    """Any JSON value, strictly. Raises Malformed: not UTF-8, too large or deep, a member twice, no finite number."""
    if len(raw) > CEILING:
        raise Malformed(f"a document has at most {CEILING} bytes")
    try:
        text = raw.decode()
        _check_depth(text)
        found = json.loads(
            text, object_pairs_hook=_object, parse_constant=_number, parse_float=_float
        )
    except UnicodeDecodeError as e:
        raise Malformed(f"not UTF-8 at byte {e.start}") from e
    except json.JSONDecodeError as e:
        raise Malformed(f"no JSON: {e.msg} at character {e.pos}") from e
    except ValueError as e:  # an integer of more digits than Python reads
        raise Malformed(f"a number is too long: {e}") from e
    if "\\ud" in text.lower():
        _check_text(found)
    return found


def read(raw: bytes) -> Passport:
    """A whole passport. Raises Malformed, which names the member that is wrong."""
    said = parse(raw)
    if not isinstance(said, dict):
        raise Malformed("a passport is a JSON object")
    for name in _TEXTS:
        _text(said.get(name), name)
    _text(said.get("facilityId", "-"), "facilityId")
    _check_specifications(said)
    if not isinstance(said.get(UPDATED), str) or not _INSTANT.fullmatch(said[UPDATED]):
        raise Malformed(f"{UPDATED} must be a time as RFC 3339 has it, with its zone")
    if classes.WITHHELD in said:
        raise Malformed(f"{classes.WITHHELD} is what an answer says of a view: leave it out")
    classes.checked(said.get(classes.MEMBER, {}))
    product = said[PRODUCT]
    return Passport(raw, said, said[ID], product, _subject(said, product))


def completed(raw: bytes, new_id: str, at_ns: int) -> bytes:
    """A document as published, with its id and time of update where these are missing. Raises Malformed."""
    said = parse(raw)
    if not isinstance(said, dict):
        raise Malformed("a passport is a JSON object")
    if ID in said and UPDATED in said:
        return raw
    return encoded({ID: new_id, UPDATED: rfc3339(at_ns), **said})


def updated(said: dict[str, Any], at_ns: int) -> bytes:
    """A changed document's bytes, with the time of the change."""
    return encoded({**said, UPDATED: rfc3339(at_ns)})


def encoded(said: Any) -> bytes:
    """JSON in UTF-8, without spaces, members in their order."""
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def subject(product: str) -> str:
    """What a product identifier is filed under. Raises Malformed for a Digital Link that is wrong."""
    key = digital_link.parse_uri(product)
    return f"={product}" if key is None else key.anchors[0]


def _subject(said: dict[str, Any], product: str) -> str:
    granularity = said.get(GRANULARITY)
    if not isinstance(granularity, str) or granularity.lower() not in _GRANULARITIES:
        raise Malformed(f"{GRANULARITY} must be one of {', '.join(_GRANULARITIES)}")
    key = digital_link.parse_uri(product)
    if key is not None and key.granularity != granularity.lower():
        raise Malformed(f"{PRODUCT} names a {key.granularity}, {GRANULARITY} says {granularity}")
    return subject(product)


def _check_specifications(said: dict[str, Any]) -> None:
    for name in ("contentSpecificationId", "contentSpecificationIds"):
        found = said.get(name, [])
        if not isinstance(found, list) or len(found) > _MOST_SPECIFICATIONS:
            raise Malformed(f"{name} must be a list of {_MOST_SPECIFICATIONS} at most")
        for each in found:
            _text(each, name)


def _text(said: object, name: str) -> None:
    if not isinstance(said, str) or not 0 < len(said) <= _LONGEST or _CONTROL.search(said):
        raise Malformed(f"{name} must be text of 1 to {_LONGEST} characters")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("an object has a member twice")
    return found


def _number(name: str) -> Any:
    raise Malformed(f"{name} is no JSON")


def _float(text: str) -> float:
    found = float(text)
    if found in (float("inf"), float("-inf")):
        raise Malformed(f"{text[:30]} is no finite number")
    return found


def _check_depth(text: str) -> None:
    """Before it is parsed: what stands in strings counts for nothing."""
    depth = 0
    for bracket in _BRACKETS.finditer(text):
        found = bracket[0]
        if found in "[{":
            depth += 1
            if depth > _DEEPEST:
                raise Malformed(f"a document nests at most {_DEEPEST} deep")
        elif found in "]}":
            depth -= 1


_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)


def _check_text(value: Any) -> None:
    """Raises Malformed where a string holds half of a surrogate pair."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Malformed("a string holds half of a surrogate pair") from None
    elif isinstance(value, dict):
        for key, each in value.items():
            _check_text(key)
            _check_text(each)
    elif isinstance(value, list):
        for each in value:
            _check_text(each)
