"""A row of the ledger as registrars see it."""

from typing import Any

import cbor2
import pytest
from hub_register import Source

from gateway.clock import Times
from gateway.hub.batch import Withheld
from gateway.hub.register import LONGEST_NAME, entry, name_of
from gateway.records import Row

BOOT = bytes(range(16))


def test_an_entry_says_what_its_row_says_and_the_times_apart() -> None:
    row = Source("gw").tell("verdict", product="p", gtin="1", serial="2", clock=[9, 8, BOOT, 7])
    found = entry(3, "gw", row)
    assert (found.journal, found.gateway, found.row, found.name) == (3, "gw", row, "1/2")
    assert found.content == {"gtin": "1", "serial": "2"}
    assert found.clock == Times(9, 8, BOOT, 7)


def test_a_row_that_is_withheld_says_nothing() -> None:
    found = entry(3, "gw", Withheld(5, bytes(32)))
    assert (found.name, found.content, found.clock) == ("", None, None)


@pytest.mark.parametrize("body", [b"", b"\x01", b"\xa1\x01\x01", b"\xff", cbor2.dumps([1])])
def test_a_body_that_is_none_leaves_the_columns(body: bytes) -> None:
    row = Source("gw").keep(1, 0, "verdict", "line1", b"", "product", body)
    found = entry(3, "gw", row)
    assert (found.name, found.content) == ("product", None)


@pytest.mark.parametrize(
    ("clock", "is_timed"),
    [
        ([1, 2, BOOT, 0], True),
        ([1, 2, BOOT, 4000], True),
        ([1, 2, BOOT, -1], False),
        (None, True),
        ("noon", True),
        ([1, 2, BOOT, -2], True),
        ([1, 2, BOOT], True),
        ([1, 2, b"", -1], True),
        ([True, 2, BOOT, -1], True),
        ([1 << 64, 2, BOOT, -1], True),
    ],
)
def test_a_clock_counts_as_right_unless_it_says_that_it_is_not_set(
    clock: Any, is_timed: bool
) -> None:
    assert entry(3, "gw", Source("gw").tell("verdict", clock=clock)).is_timed is is_timed


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"gtin": "1", "serial": "2"}, "1/2"),
        ({"gtin": "1", "serial": "a/b"}, "1/a/b"),
        ({"gtin": "1"}, "product"),
        ({"gtin": "", "serial": "2"}, "product"),
        ({"gtin": 1, "serial": "2"}, "product"),
        ({"gtin": "1", "serial": "2\0"}, "product"),
        ({"gtin": "1", "serial": "x" * LONGEST_NAME}, "product"),
    ],
)
def test_the_name_is_gtin_and_serial_or_the_product(said: dict[str, Any], name: str) -> None:
    assert name_of("product", said) == name


def test_what_a_handheld_wrote_happened_before_its_row() -> None:
    row = Row(1, 9_000, "verdict", "hand/ada", b"tag", "", cbor2.dumps({}), bytes(32))
    said = {"handheld": {"at": 5, "synced": True}}
    found = entry(1, "gate", row._replace(body=cbor2.dumps(said)))
    assert found.happened(9_000) == (5_000_000_000, True)
    assert entry(1, "gate", row).happened(9_000) == (9_000, True)
    unknown = entry(1, "gate", row._replace(body=cbor2.dumps({"handheld": {"at": None}})))
    assert unknown.happened(9_000) == (9_000, False)
