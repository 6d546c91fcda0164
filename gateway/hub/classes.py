"""Who sees which element of a passport: its map of access classes, and the view of it that is left.

A map is {JSON pointer (RFC 6901): class}. A segment "*" stands for every member or item, and an item of a list is also
found by its elementId (EN 18223). A class counts for what the pointer names and for all below it; where several
count, a caller needs them all. The header is always public.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from edge.errors import Malformed
from gateway.hub.access import CLASSES, PUBLIC

MEMBER = "accessClasses"
WITHHELD = "withheld"
HEADER = frozenset(
    {
        "digitalProductPassportId",
        "uniqueProductIdentifier",
        "granularity",
        "dppSchemaVersion",
        "dppStatus",
        "lastUpdated",
        "economicOperatorId",
        "facilityId",
        "contentSpecificationId",
        "contentSpecificationIds",
    }
)
_MOST = 1000  # pointers of one map
_LONGEST = 1000  # characters of a pointer
_ANY = "*"


class _Step:
    """A place in the map: the class named here ("" for none), and the steps below."""

    __slots__ = ("below", "name")

    def __init__(self) -> None:
        self.name = ""
        self.below: dict[str, _Step] = {}


def checked(said: object, where: str = MEMBER) -> dict[str, str]:
    """A map of access classes as it stands in a document or a configuration. Raises Malformed."""
    if not isinstance(said, dict) or len(said) > _MOST:
        raise Malformed(f"{where} must be an object of {_MOST} pointers at most")
    for pointer, name in said.items():
        if not isinstance(name, str) or name not in CLASSES:
            raise Malformed(f"{where}: {str(name)[:40]!r} is none of {', '.join(sorted(CLASSES))}")
        segments(pointer, where)
    return said


def segments(pointer: str, where: str = MEMBER) -> list[str]:
    """The reference tokens of a JSON pointer. Raises Malformed."""
    if (pointer and not pointer.startswith("/")) or len(pointer) > _LONGEST:
        raise Malformed(f"{where}: {pointer[:40]!r} is no JSON pointer: it begins with '/'")
    found = []
    for token in pointer.split("/")[1:]:
        if any(piece[:1] not in ("0", "1") for piece in token.split("~")[1:]):
            raise Malformed(f"{where}: {pointer[:40]!r} has a '~' without 0 or 1")
        found.append(token.replace("~1", "/").replace("~0", "~"))
    return found


def view(
    document: Mapping[str, Any], maps: Iterable[Mapping[str, str]], seen: Collection[str]
) -> Mapping[str, Any]:
    """What a caller who sees the classes `seen` may read of a document.

    Where the caller sees all of it, that is `document` itself. Else it is a copy without what is not his, without the
    map (which would name it), and with "withheld": the classes of what is left out.
    """
    top = _Step()
    hidden: set[str] = set()
    for each in maps:
        for pointer, name in each.items():
            if name != PUBLIC and name not in seen:
                _put(top, pointer, name)
                hidden.add(name)
    if not hidden:
        return document
    left_out: set[str] = set()
    found = {}
    for key, value in document.items():
        if key == MEMBER:
            left_out |= {name for name in value.values() if name in hidden}
        elif key in HEADER:
            found[key] = value
        elif not _is_hidden(steps := _down([top], key), left_out, top):
            found[key] = _pruned(value, steps, left_out)
    if not left_out:
        return document
    return {**found, WITHHELD: sorted(left_out)}


def _pruned(value: Any, steps: list[_Step], left_out: set[str]) -> Any:
    if not steps or not isinstance(value, dict | list):
        return value
    if isinstance(value, dict):
        return {
            key: _pruned(each, below, left_out)
            for key, each in value.items()
            if not _is_hidden(below := _down(steps, key), left_out)
        }
    found = []
    for place, each in enumerate(value):
        below = _down(steps, str(place))
        named = each.get("elementId") if isinstance(each, dict) else None
        if isinstance(named, str):
            below += [step.below[named] for step in steps if named in step.below]
        if not _is_hidden(below, left_out):
            found.append(_pruned(each, below, left_out))
    return found


def _is_hidden(steps: list[_Step], left_out: set[str], *more: _Step) -> bool:
    names = {step.name for step in (*steps, *more)} - {""}
    left_out |= names
    return bool(names)


def _down(steps: list[_Step], key: str) -> list[_Step]:
    return [step.below[each] for step in steps for each in (key, _ANY) if each in step.below]


def _put(top: _Step, pointer: str, name: str) -> None:
    step = top
    for segment in segments(pointer):
        step = step.below.setdefault(segment, _Step())
    step.name = name
