"""A registry pointer: what a registry is told of a passport, as the CIRPASS-2 mock registry's schema has it."""

import re
from typing import Any

from edge.errors import Malformed

PRODUCT = "upi"
_URL = re.compile(r"https?://[^\s\x00-\x20]{1,2040}")
_CODE = re.compile(r"[0-9]{4,10}")
_TEXTS = {PRODUCT: 200, "reoId": 50}
_URLS = ("liveURL", "backupURL")
_MOST_FACILITIES, _LONGEST_FACILITY = 100, 250


def checked(said: object) -> dict[str, Any]:
    """A parsed pointer. Raises Malformed, which names the member."""
    if not isinstance(said, dict):
        raise Malformed("a registry pointer is an object")
    for name, longest in _TEXTS.items():
        value = said.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= longest:
            raise Malformed(f"{name} must be text of 1 to {longest} characters")
    for name in _URLS:
        value = said.get(name)
        if not isinstance(value, str) or not _URL.fullmatch(value):
            raise Malformed(f"{name} must be an https or http URL")
    code = said.get("commodityCode")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise Malformed("commodityCode must be 4 to 10 digits")
    _check_facilities(said.get("facilitiesId"))
    level = said.get("granularityLevel")
    if level not in ("MODEL", "BATCH", "ITEM"):
        raise Malformed("granularityLevel must be MODEL, BATCH or ITEM")
    if ("deactivated" in said) != (level == "ITEM"):
        raise Malformed("deactivated belongs to an ITEM, and to nothing else")
    if said.get("deactivated") not in (None, True, False):
        raise Malformed("deactivated must be true, false or null")
    return said


def _check_facilities(said: object) -> None:
    if not isinstance(said, list) or not 0 < len(said) <= _MOST_FACILITIES:
        raise Malformed(f"facilitiesId must be a list of 1 to {_MOST_FACILITIES}")
    if not all(isinstance(each, str) and len(each) <= _LONGEST_FACILITY for each in said):
        raise Malformed(
            f"each of facilitiesId must be text of {_LONGEST_FACILITY} characters at most"
        )
    if len(set(said)) != len(said):
        raise Malformed("facilitiesId names a facility twice")
