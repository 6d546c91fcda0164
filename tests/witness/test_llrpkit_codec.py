"""llrpkit's codec, generated from the LLRP Toolkit's definitions, against ours: both ways, for every message it knows.

It is of 1.0.1: what came with 1.1 it carries as unknown parameters, and drops from flags that were reserved before.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from witness import require

from gateway.llrp import rows
from gateway.llrp.codec import decode, encode
from gateway.llrp.layout import Bits, Value
from gateway.llrp.message import Element, Message, Parameter
from tests.llrp_messages import MESSAGES

try:
    from llrpkit.protocol import codec as kit
    from llrpkit.protocol import impinj as _impinj  # noqa: F401  # registers Impinj's classes
    from llrpkit.protocol import messages as _messages  # noqa: F401  # and the standard's
except ImportError:
    kit = None

pytestmark = pytest.mark.witness

RENAMED = {  # by llrpkit: ours
    "C1G2UHFRFModeTable": "UHFC1G2RFModeTable",
    "C1G2UHFRFModeTableEntry": "UHFC1G2RFModeTableEntry",
}
SINCE_1_1 = {
    "CanSupportBlockPermalock",
    "CanSupportTagRecommissioning",
    "CanSupportUMIMethod2",
    "CanSupportXPC",
    "EnableXPCBits",
    "S_All",
}
TVS_SINCE_1_1 = {"C1G2_XPCW1", "C1G2_XPCW2", "ClientRequestOpSpecResult"}  # without a length


def without(element: Element, names: set[str]) -> list[Parameter]:
    """Its parameters but these, at any depth."""
    return [
        Parameter(each.name, *without(each, names), **each.fields)
        for each in element.parameters
        if each.name not in names
    ]


KNOWN = [
    Message(each.name, *without(each, TVS_SINCE_1_1), id=each.id, **each.fields)
    for each in MESSAGES
    if "_VERSION" not in each.name and "CLIENT_REQUEST" not in each.name
]


@pytest.mark.parametrize("message", KNOWN, ids=lambda each: each.name)
def test_it_reads_what_we_write(message: Message) -> None:
    require(kit, "llrpkit")
    compare(message, kit.decode_message(encode(message)))


@pytest.mark.parametrize("message", KNOWN, ids=lambda each: each.name)
def test_we_read_what_it_writes(message: Message) -> None:
    require(kit, "llrpkit")
    theirs = kit.decode_message(encode(message)).to_bytes(message.id)
    assert in_their_order(decode(theirs)) == in_their_order(message)


def compare(ours: Element, theirs: Any) -> None:
    """Names, fields and parameters, as far as they have them."""
    kind = type(theirs).__name__
    if kind.startswith("Unknown"):
        assert theirs.payload == payload(ours)
        return
    assert RENAMED.get(kind, kind) == ours.name
    left = {plain(name): (name, value) for name, value in ours.fields.items()}
    for field in dataclasses.fields(theirs):
        if field.name not in {slot.attr for slot in theirs._SLOTS}:
            name, mine = left.pop(plain(field.name))
            value = getattr(theirs, field.name)
            assert value == in_their_form(mine, value), f"{kind}.{name}"
    assert {name for name, _ in left.values()} <= SINCE_1_1
    groups: dict[str, list[Parameter]] = defaultdict(list)
    for each in ours.parameters:
        groups[each.name].append(each)
    for inner in parameters(theirs):
        compare(ours_of(inner, groups), inner)
    assert not any(groups.values())


def parameters(theirs: Any) -> Iterator[Any]:
    for slot in theirs._SLOTS:
        value = getattr(theirs, slot.attr)
        if slot.is_list:
            yield from value
        elif value is not None:
            yield value
    yield from theirs.unbound_params


def ours_of(theirs: Any, groups: dict[str, list[Parameter]]) -> Parameter:
    """The next of ours of that kind."""
    kind = type(theirs).__name__
    if kind == "UnknownParameter":
        return groups[rows.TLV_BY_TYPE[theirs.param_type].name].pop(0)
    if kind == "UnknownCustomParameter":
        row = rows.CUSTOM_PARAMETERS.get((theirs.vendor_id, theirs.subtype))
        return groups[row.name if row else "Custom"].pop(0)
    return groups[RENAMED.get(kind, kind)].pop(0)


def payload(ours: Element) -> bytes:
    """What stands behind the head, and behind vendor and subtype."""
    if ours.name in ("Custom", "CUSTOM_MESSAGE"):
        return ours.data("Data")
    row = rows.PARAMETER_BY_NAME[ours.name]
    return encoded(ours)[12 if row.vendor else 4 :]


def encoded(ours: Element) -> bytes:
    assert isinstance(ours, Parameter)
    frame = object.__new__(Message)
    for name, value in (("name", "RO_ACCESS_REPORT"), ("fields", {}), ("parameters", (ours,))):
        object.__setattr__(frame, name, value)
    for name in ("id", "version"):
        object.__setattr__(frame, name, 1)
    return encode(frame)[10:]


def plain(name: str) -> str:
    return name.replace("_", "").lower()


def in_their_form(value: Value, theirs: Any) -> object:
    """A field's value of ours as llrpkit would hold it."""
    if isinstance(value, Bits):
        return kit.BitStr(*value)
    if isinstance(value, bytes) and isinstance(theirs, list):
        return [int.from_bytes(value[at : at + 2]) for at in range(0, len(value), 2)]
    return list(value) if isinstance(value, tuple) else value


def in_their_order(ours: Element) -> tuple[object, ...]:
    """All that llrpkit keeps, parameters sorted by name."""
    fields = {name: value for name, value in ours.fields.items() if name not in SINCE_1_1}
    inner = sorted(ours.parameters, key=lambda each: each.name)
    return ours.name, fields, [in_their_order(each) for each in inner]
