"""The rows of gateway/llrp/tables.py and vendors.py, read once: by number and by name."""

from collections.abc import Iterator
from typing import NamedTuple

from gateway.llrp import tables, vendors
from gateway.llrp.layout import Layout

CUSTOM = 1023  # the type of a vendor's messages and parameters
UNKNOWN_MESSAGE = "UNKNOWN_MESSAGE"
UNKNOWN_PARAMETER = "Unknown"


class Place(NamedTuple):
    """What may stand at one place among a row's parameters: any of `names`, at least and at most so often."""

    names: frozenset[str]
    least: int
    most: int | None


class Row(NamedTuple):
    """One message or parameter. vendor, subtype: of a custom one, else 0; tv: one byte of head, and no length."""

    name: str
    type: int
    layout: Layout
    places: tuple[Place, ...]
    vendor: int = 0
    subtype: int = 0
    tv: bool = False


def _rows(table: str, vendor: int = 0, tv: bool = False) -> Iterator[Row]:
    for line in table.replace("\n  ", " ").strip().splitlines():
        head, fields, *children = line.split("|")
        number, name = head.split()
        places = tuple(map(_place, children[0].split())) if children else ()
        if vendor:
            yield Row(name, CUSTOM, Layout(fields), places, vendor, int(number))
        else:
            yield Row(name, int(number), Layout(fields), places, tv=tv)


def _place(text: str) -> Place:
    name = text.rstrip("?+*")
    least, most = {"?": (0, 1), "+": (1, None), "*": (0, None)}.get(text[len(name) :], (1, 1))
    return Place(frozenset(tables.CHOICES.get(name, name).split()), least, most)


def _customs(of: dict[int, str]) -> list[Row]:
    return [row for vendor, table in of.items() for row in _rows(table, vendor)]


# What has no row of its own is carried in these: a head that was understood, and bytes that were not.
UNKNOWN = Row(UNKNOWN_PARAMETER, 0, Layout("Type:u16 Data:rest"), ())
UNKNOWN_FRAME = Row(UNKNOWN_MESSAGE, 0, Layout("Type:u16 Data:rest"), ())

_messages = list(_rows(tables.MESSAGES))
_custom_messages = _customs(vendors.MESSAGES)
_tvs = list(_rows(tables.TV_PARAMETERS, tv=True))
_tlvs = list(_rows(tables.TLV_PARAMETERS))
_custom_parameters = _customs(vendors.PARAMETERS)

MESSAGE_BY_TYPE = {row.type: row for row in _messages}
MESSAGE_BY_NAME = {row.name: row for row in (*_messages, *_custom_messages, UNKNOWN_FRAME)}
CUSTOM_MESSAGES = {(row.vendor, row.subtype): row for row in _custom_messages}
TV_BY_TYPE = {row.type: row for row in _tvs}
TLV_BY_TYPE = {row.type: row for row in _tlvs}
PARAMETER_BY_NAME = {row.name: row for row in (*_tvs, *_tlvs, *_custom_parameters, UNKNOWN)}
CUSTOM_PARAMETERS = {(row.vendor, row.subtype): row for row in _custom_parameters}

# The type of the response to a request of this type; those that are not answered are left out.
RESPONSE = {
    row.type: MESSAGE_BY_NAME[row.name + "_RESPONSE"].type
    for row in _messages
    if row.name + "_RESPONSE" in MESSAGE_BY_NAME
} | {CUSTOM: CUSTOM}

# The types that answer a request; others that a reader sends have ids of its own.
ANSWERS = frozenset({*RESPONSE.values(), MESSAGE_BY_NAME["ERROR_MESSAGE"].type})


def message_name(type: int) -> str:
    """The standard's name of a message type, or its number."""
    row = MESSAGE_BY_TYPE.get(type)
    return row.name if row else f"message of type {type}"
