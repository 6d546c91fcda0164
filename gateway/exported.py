"""A tag that a handheld sent (firmware/reader/export.py: one JSON object), as lines to read or a Flipper Zero's file.

What came over the link is of any shape: ValueError where it is none. No text of it may command a terminal.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from edge import chips

Tag = Mapping[str, Any]

_LARGEST = 1 << 12  # pages: more than any chip has
_PAGE = 4  # bytes

# flipperzero-firmware, documentation/file_formats/NfcFileFormats.md, "NTAG/Ultralight"
_FLIPPER = {"MF0UL11": "Mifare Ultralight 11", "MF0UL21": "Mifare Ultralight 21"}


def parsed(text: str) -> Tag:
    """The object, its `pages` by number: {page: 4 bytes}."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    if not isinstance(found, dict) or not isinstance(found.get("pages"), dict):
        raise ValueError("it is no tag")
    pages = {}
    for first, data in found["pages"].items():
        if not str(first).isdecimal() or not isinstance(data, str):
            raise ValueError(f"its pages from {first!r} on are none")
        raw = bytes.fromhex(data)
        count = len(raw) // _PAGE
        if int(first) + count > _LARGEST:
            raise ValueError(f"its pages from {first!r} on are too many")
        for n in range(count):
            pages[int(first) + n] = raw[n * _PAGE : (n + 1) * _PAGE]
    return found | {"pages": pages}


def lines(tag: Tag) -> Iterator[str]:
    """All of it, a fact a line, then the pages in hex and as text."""
    for name in ("uid", "chip", "state", "link", "product", "slot", "colour", "why"):
        yield f"{name}: {_said(tag.get(name))}"
    for name in ("verdict", "claims"):
        facts: Any = tag.get(name)
        for key in sorted(facts) if isinstance(facts, dict) else ():
            yield f"{name}.{_said(key)}: {_said(facts[key])}"
    faults = tag.get("faults")
    for fault in faults if isinstance(faults, list) else ():
        yield f"fault: {_said(fault)}"
    for page, data in sorted(tag["pages"].items()):
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)
        yield f"page {page:3}: {data.hex(' ')}  {text}"


def flipper(tag: Tag) -> Iterator[str]:
    """The lines of a Flipper NFC device file, version 4. ValueError where the tag told no chip.

    A page that was not read is zeros there, as are the signature and counters.
    """
    name = tag.get("chip")
    chip = chips.by_name(name) if isinstance(name, str) else None
    if chip is None:
        raise ValueError(f"uid {_said(tag.get('uid'))}: its chip is not known, so it makes no file")
    pages = tag["pages"]
    yield "Filetype: Flipper NFC device"
    yield "Version: 4"
    yield "Device type: NTAG/Ultralight"
    yield "UID: " + _spaced(bytes.fromhex(str(tag.get("uid"))))
    yield "ATQA: 00 44"
    yield "SAK: 00"
    yield "Data format version: 2"
    yield "NTAG/Ultralight type: " + _FLIPPER.get(chip.name, chip.name)
    yield "Signature: " + _spaced(bytes(32))
    yield "Mifare version: " + _spaced(chip.version)
    for n in range(3):
        yield f"Counter {n}: 0"
        yield f"Tearing {n}: 00"
    yield f"Pages total: {chip.pages}"
    yield f"Pages read: {sum(page < chip.pages for page in pages)}"
    for page in range(chip.pages):
        yield f"Page {page}: {_spaced(pages.get(page, bytes(_PAGE)))}"
    yield "Failed authentication attempts: 0"


def _said(value: object) -> str:
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value)
    return "".join(each if each.isprintable() else "?" for each in text)


def _spaced(data: bytes) -> str:
    return data.hex(" ").upper()
