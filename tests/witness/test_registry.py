"""Registry pointers against the schema of the CIRPASS-2 mock registry: both take and refuse the same."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from jsonschema import Draft202012Validator
from witness import vectors

from edge.errors import Malformed
from gateway.hub import pointer

pytestmark = pytest.mark.witness

RIGHT = {
    "upi": "https://id.example.org/01/09520123456788/21/A1",
    "reoId": "LEI-529900T8BM49AURSDO55",
    "liveURL": "https://id.example.org/01/09520123456788/21/A1",
    "backupURL": "https://backup.example/1",
    "commodityCode": "85176200",
    "facilitiesId": ["GLN-5412345000013"],
    "granularityLevel": "ITEM",
    "deactivated": None,
}
VALUES = (
    some.sampled_from(
        ["MODEL", "BATCH", "ITEM", "item", "", "12345", "123", "https://x.example", "x" * 260]
    )
    | some.none()
    | some.booleans()
    | some.lists(some.sampled_from(["a", "b", "x" * 251]), max_size=3)
)


@given(
    some.dictionaries(some.sampled_from([*RIGHT, "more"]), VALUES, max_size=3),
    some.sets(some.sampled_from([*RIGHT]), max_size=1),
)
def test_what_we_keep_is_what_the_registry_would_take(
    change: dict[str, Any], gone: set[str]
) -> None:
    schema = json.loads((vectors("registry") / "cirpass2-registry.schema.json").read_text())
    said = {name: value for name, value in (RIGHT | change).items() if name not in gone}
    try:
        pointer.checked(said)
        taken = True
    except Malformed:
        taken = False
    assert taken == Draft202012Validator(schema).is_valid(said)
