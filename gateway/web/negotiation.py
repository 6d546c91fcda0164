"""What a client would rather have: Accept, and Accept-Language, by their q-values (RFC 9110, section 12.5).

A header that is absent, empty or beyond its ceiling asks for nothing; an element that cannot be read is left out, as
the RFC lets a server do. Nothing here raises.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_LONGEST = 2048  # characters of a header that are worth reading
_MOST = 40  # elements of it

_ELEMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_Q = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
_RANGE = re.compile(r"(?:\*/\*|[\w!#$&^.+-]+/(?:\*|[\w!#$&^.+-]+))", re.ASCII)
_LANGUAGE = re.compile(r"(?:\*|[A-Za-z]{1,8}(?:-(?:[A-Za-z0-9]{1,8}|\*))*)")


@dataclass(frozen=True, slots=True)
class _Weighed:
    name: str  # lower case
    quality: float


class Accept:
    """An Accept header. Media types are compared without parameters: none of ours has any."""

    def __init__(self, header: str | None) -> None:
        self._ranges = [each for each in _elements(header) if _RANGE.fullmatch(each.name)]

    def quality(self, media_type: str) -> float:
        """0 (not acceptable) to 1, by the most specific range that names it; 1 where nothing is asked for."""
        return self._weighed(media_type)[0]

    def best(self, offers: Sequence[str]) -> str | None:
        """The offer that is wanted most; None: none is acceptable.

        Of those that are wanted alike, one that is named before one that only a "*" takes, then the first.
        """
        best = max(offers, key=self._weighed, default=None)  # max() takes the first of equals
        return best if best is not None and self.quality(best) > 0 else None

    def _weighed(self, media_type: str) -> tuple[float, int]:
        if not self._ranges:
            return 1.0, 0
        name = media_type.lower()
        for near, wanted in enumerate((name, f"{name.partition('/')[0]}/*", "*/*")):
            found = [each.quality for each in self._ranges if each.name == wanted]
            if found:
                return max(found), -near
        return 0.0, 0


class Languages:
    """An Accept-Language header."""

    def __init__(self, header: str | None) -> None:
        self._ranges = [each for each in _elements(header) if _LANGUAGE.fullmatch(each.name)]

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def quality(self, tag: str) -> tuple[float, int]:
        """(0 to 1, how near): "de" for "de-CH" is near, and so is "de-CH" for "de" (RFC 4647, lookup and filtering)."""
        name = tag.lower()
        found = (0.0, 0)
        for each in self._ranges:
            near = _nearness(each.name, name)
            if near and near > found[1]:
                found = (each.quality, near)
        return found


@lru_cache(maxsize=256)
def accept_of(header: str | None) -> Accept:
    """The same header is read once: clients of one make send one."""
    return Accept(header)


@lru_cache(maxsize=256)
def languages_of(header: str | None) -> Languages:
    """As accept_of."""
    return Languages(header)


def _nearness(wanted: str, tag: str) -> int:
    if wanted == tag:
        return 4
    if tag.startswith(wanted + "-"):
        return 3
    if wanted.startswith(tag + "-"):
        return 2
    return int(wanted == "*")


def _elements(header: str | None) -> list[_Weighed]:
    if not header or len(header) > _LONGEST:
        return []
    found = []
    for element in _ELEMENT.findall(header)[:_MOST]:
        name, *parameters = (part.strip() for part in element.split(";"))
        quality: float | None = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            key = key.strip().lower()
            if key == "q":
                quality = float(value) if _Q.fullmatch(value.strip()) else None
                break  # what follows q belongs to no range
            if key not in ("charset", ""):
                quality = None  # a range of another representation than ours
        if name and quality is not None:
            found.append(_Weighed(name.lower(), quality))
    return found
