"""The last tag that was read, for other programs: as JSON. A gateway makes lines to read and other files of it."""

import json

from edge import stub, type2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from reader.jobs import Result


def as_json(result: "Result") -> "str":
    """One object: uid, chip, state, link, product, slot, claims by name, verdict, colour, why, faults, pages.

    Bytes are hex; keys of maps are text; what is not known is null. pages: what was read, each run by its first page.
    """
    image = result.image
    facts = _facts(result)
    first = [page for page in image.pages() if not image.has(page - 1, 1)]
    facts["pages"] = {page: image.run(page, type2.PAGES) for page in first}
    return json.dumps(_plain(facts))


def _facts(result: "Result") -> "dict[str, Any]":
    seen, verdict, found = result.carrier, result.verdict, result.stub
    return {
        "uid": result.uid,
        "chip": seen.chip.name if seen.chip is not None else None,
        "state": seen.state,
        "link": result.link,
        "product": result.product or None,
        "slot": result.slot,
        "claims": {_name(key): value for key, value in found.claims.items()} if found else None,
        "verdict": verdict.as_dict() if verdict is not None else None,
        "colour": verdict.colour() if verdict is not None else None,
        "why": verdict.why() if verdict is not None else None,
        "faults": seen.faults,
    }


def _name(key: "int") -> "str":
    return stub.NAMES[key] if key < len(stub.NAMES) else str(key)


def _plain(value: "Any") -> "Any":  # portable: as deep as edge.cbor reads
    """As JSON can say it."""
    if type(value) is dict:
        return {_said(key): _plain(each) for key, each in value.items()}
    if type(value) is list or type(value) is tuple:
        return [_plain(each) for each in value]
    if value is None or value is True or value is False or type(value) in (int, str):
        return value
    return _said(value)


def _said(value: "Any") -> "str":
    """As a person reads it."""
    if value is None:
        return "-"
    if type(value) is bytes:
        return value.hex()
    if type(value) is dict or type(value) is list:
        return json.dumps(_plain(value))
    return str(value)
