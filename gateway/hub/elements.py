"""One element of a passport document, by its path (EN 18222, "Fine-granular life cycle API").

A path is segments with slashes between ("materials/0/name"), or of the JSONPath of RFC 9535 the names and indexes
("$.materials[0]['name']"; "materials.name" without the "$" is the same). A name is a member's, or the elementId of an
element in `elements` or in a list (EN 18223, expanded form).
"""

import re
from collections.abc import Sequence
from typing import Any

from edge.errors import Malformed
from gateway.hub.raw_route import decoded

Place = str | int

_DEEPEST = 32  # steps; a document has no more levels
_LONGEST = 2000  # characters
_STEP = re.compile(
    r"""\.?([^\W\d][\w-]*) | \[(\d{1,6})\] | \['((?:[^'\\]|\\.)*)'\] | \["((?:[^"\\]|\\.)*)"\]""",
    re.VERBOSE,
)
_DOTTED = re.compile(r"[^\W\d][\w-]*[.\[].*")


def steps(path: str) -> list[Place]:
    """The steps of a path that stands percent-encoded in a URL. Raises Malformed."""
    if len(path) > _LONGEST:
        raise Malformed(f"an element's path has at most {_LONGEST} characters")
    parts = [decoded(part) for part in path.split("/") if part]
    if len(parts) == 1 and (parts[0].startswith("$") or _DOTTED.fullmatch(parts[0])):
        return _jsonpath(parts[0].removeprefix("$"))
    if not 0 < len(parts) <= _DEEPEST:
        raise Malformed(f"an element's path has 1 to {_DEEPEST} steps")
    return list(parts)


def find(document: Any, path: Sequence[Place]) -> list[Place] | None:
    """The members and indexes that lead to the element; None where there is no such element."""
    found: list[Place] = []
    for step in path:
        down = _down(document, step)
        if down is None:
            return None
        for each in down:
            document = document[each]
        found += down
    return found


def at(document: Any, places: Sequence[Place]) -> Any:
    """What stands there."""
    for each in places:
        document = document[each]
    return document


def replaced(document: Any, places: Sequence[Place], value: Any) -> Any:
    """A copy of the document with another value there."""
    if not places:
        return value
    copy: Any = dict(document) if isinstance(document, dict) else list(document)
    copy[places[0]] = replaced(document[places[0]], places[1:], value)
    return copy


def _down(value: Any, step: Place) -> list[Place] | None:
    if isinstance(value, dict):
        if step in value:
            return [step]
        inner = value.get("elements")
        found = _by_id(inner, step)
        return None if found is None else ["elements", found]
    if isinstance(value, list):
        if isinstance(step, int) or (step.isascii() and step.isdigit() and len(step) <= 6):
            return [int(step)] if int(step) < len(value) else None
        found = _by_id(value, step)
        return None if found is None else [found]
    return None


def _by_id(items: Any, name: Place) -> int | None:
    if not isinstance(items, list) or not isinstance(name, str):
        return None
    for place, each in enumerate(items):
        if isinstance(each, dict) and each.get("elementId") == name:
            return place
    return None


def _jsonpath(text: str) -> list[Place]:
    found: list[Place] = []
    at = 0
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None or len(found) == _DEEPEST:
            raise Malformed(
                f"an element's path is names and indexes, {_DEEPEST} at most: {text[at : at + 20]!r} is neither"
            )
        name, index, single, double = step.groups()
        found.append(
            int(index) if index else name or re.sub(r"\\(.)", r"\1", single or double or "")
        )
        at = step.end()
    if not found:
        raise Malformed("an element's path has at least one step")
    return found
