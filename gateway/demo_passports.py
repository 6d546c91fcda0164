"""The passports of the demo's products: an order's document with the header that a hub asks for, as it is published.

Of the sample's first product more is told (samples/passports.json), so that its page has something of everything.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from edge import stub
from gateway.stations.orders import Order
from gateway.stations.passport import canonical

_HEADER = {
    "granularity": "item",
    "dppSchemaVersion": "EN 18223:2026",
    "dppStatus": "active",
    "lastUpdated": "2026-11-02T08:00:00Z",
}


def complete(order: Order) -> Order:
    """The order with its document as it is published, the same each time; one that brought none stays as it is."""
    if order.document is None:
        return order
    said = json.loads(order.document)
    more = _more().get(said["product"]["name"], {})
    document = canonical(
        {
            **_HEADER,
            "digitalProductPassportId": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, order.link)}",
            "uniqueProductIdentifier": order.link,
            "economicOperatorId": said["product"]["manufacturer"],
            **said,
            **more,
            "variables": {**more.get("variables", {}), **said["variables"]},
        }
    )
    claims = {**order.claims, stub.DIGEST: sha256(document).digest()}
    return replace(order, claims=claims, document=document)


@cache
def _more() -> Mapping[str, Mapping[str, Any]]:
    """Name of a product -> members of its passport."""
    raw = files("gateway").joinpath("samples", "passports.json").read_bytes()
    found: Mapping[str, Mapping[str, Any]] = json.loads(raw)
    return found
