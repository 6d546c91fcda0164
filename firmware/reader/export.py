"""The last tag that was read, for other programs: JSON, lines to read, and a Flipper Zero's .nfc file."""

import json

from edge import stub, type2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from reader.jobs import Result

# flipperzero-firmware, documentation/file_formats/NfcFileFormats.md, "NTAG/Ultralight"
_FLIPPER = {"MF0UL11": "Mifare Ultralight 11", "MF0UL21": "Mifare Ultralight 21"}


def as_json(result: "Result") -> "str":
    """One object: uid, chip, state, link, product, slot, claims by name, verdict, colour, why, faults, pages.

    Bytes are hex; keys of maps are text; what is not known is null. pages: what was read, each run by its first page.
    """
    image = result.image
    facts = _facts(result)
    first = [page for page in image.pages() if not image.has(page - 1, 1)]
    facts["pages"] = {page: image.run(page, type2.PAGES) for page in first}
    return json.dumps(_plain(facts))


def lines(result: "Result") -> "Iterator[str]":
    """The same as lines to read."""
    facts = _facts(result)
    for name in ("uid", "chip", "state", "link", "product", "slot", "colour", "why"):
        yield f"{name}: {_said(facts[name])}"
    for name in ("verdict", "claims"):
        for key, value in sorted((facts[name] or {}).items()):
            yield f"{name}.{key}: {_said(value)}"
    for fault in facts["faults"]:
        yield f"fault: {fault}"
    for page in result.image.pages():
        data = result.image.get(page, 1)
        text = "".join([chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data])
        yield f"page {page:3}: {data.hex(' ')}  {text}"


def flipper(result: "Result") -> "Iterator[str]":
    """The lines of a Flipper NFC device file, version 4; nothing for a chip that is not known.

    A page that was not read is zeros there, as are the signature and counters.
    """
    chip = result.carrier.chip
    if chip is None:
        return
    yield "Filetype: Flipper NFC device"
    yield "Version: 4"
    yield "Device type: NTAG/Ultralight"
    yield "UID: " + _spaced(result.uid)
    yield "ATQA: 00 44"
    yield "SAK: 00"
    yield "Data format version: 2"
    yield "NTAG/Ultralight type: " + _FLIPPER.get(chip.name, chip.name)
    yield "Signature: " + _spaced(bytes(32))
    yield "Mifare version: " + _spaced(chip.version)
    for n in range(3):
        yield f"Counter {n}: 0"
        yield f"Tearing {n}: 00"
    image = result.image
    yield f"Pages total: {chip.pages}"
    yield f"Pages read: {len(image.pages())}"
    for page in range(chip.pages):
        data = image.get(page, 1) if image.has(page, 1) else bytes(type2.PAGE)
        yield f"Page {page}: {_spaced(data)}"
    yield "Failed authentication attempts: 0"


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


def _spaced(data: "bytes") -> "str":
    return data.hex(" ").upper()
