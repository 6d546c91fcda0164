"""The OpenAPI path items of gateway/hub/pages.py. A table."""

from typing import Any

from gateway.hub.alarms import KINDS
from gateway.hub.openapi import PathItems, answer, body, operation, parameter, refusals

_LARGEST = (1 << 63) - 1
_HEX = {"type": "string", "pattern": "^([0-9a-f]{2})*$"}
_TIME = {"type": "string", "format": "date-time"}
_COUNT = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}


def _object(**properties: Any) -> dict[str, Any]:
    """An object that has all of these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _several(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


_STUB = _object(
    seq=_COUNT,
    uid=_HEX,
    sha256=_HEX,
    kid=_or_null(_HEX),
    stub=_HEX,
    claims={"type": ["object", "null"]},
    written={"type": "boolean", "description": "By a gateway of this hub, not only seen by one"},
)
_EVENT = _object(
    journal=_HEX,
    gateway=_TEXT,
    seq=_COUNT,
    at=_TIME,
    kind=_TEXT,
    station=_TEXT,
    uid=_HEX,
    product=_TEXT,
    content={"type": "object"},
)
_SIGHTING = _object(
    at=_TIME,
    clock_synchronised={"type": "boolean"},
    place=_TEXT,
    product=_TEXT,
    act={"enum": ["seen", "written", "freed"]},
    journal=_HEX,
    seq=_COUNT,
)
_JOURNAL = _object(
    journal=_HEX,
    gateway=_TEXT,
    watermark=_COUNT,
    rows=_COUNT,
    withheld=_COUNT,
    conflicts=_COUNT,
    gaps=_COUNT,
    registered=_COUNT,
    received_at=_TIME,
)
_ALARM = _object(
    number={"type": "integer", "minimum": 1},
    at=_TIME,
    kind={"enum": list(KINDS)},
    subject=_TEXT,
    text=_TEXT,
    journal=_or_null(_HEX),
    seq=_or_null(_COUNT),
    closed_at=_or_null(_TIME),
    acknowledged_at=_or_null(_TIME),
    acknowledged_by=_or_null(_TEXT),
)
_PRODUCT = _object(gtin=_TEXT, serial=_TEXT, stubs=_several(_STUB), events=_several(_EVENT))
_TAG = _object(uid=_HEX, product=_TEXT, place=_TEXT, seen_at=_TIME, sightings=_several(_SIGHTING))
_NUMBER = {"type": "integer", "minimum": 1, "maximum": _LARGEST}

_FILE = parameter("name", "a file's name, with the hash of what it holds", example="base.0.css")

PATHS: PathItems = {
    "/static/{name}": {
        "get": operation(
            "readAsset",
            "A style, script or picture of the pages",
            {
                "200": answer("The file", None, "text/css", "text/javascript", "image/svg+xml"),
                "404": answer("There is none", None, "text/plain"),
            },
            parameters=(_FILE,),
        )
    },
    "/": {
        "get": operation(
            "showFront",
            "How much there is, and what came last, as a page",
            {"200": answer("The page", {"type": "string"}, "text/html")} | refusals(503),
            tag="products",
        )
    },
    "/v1/products/{gtin}/{serial}": {
        "get": operation(
            "readProduct",
            "The signed stubs of a product, and its history as gateways reported it.",
            {"200": answer("The product", _PRODUCT), **refusals(400, 401, 403, 404, 503)},
            tag="products",
            parameters=(
                parameter("gtin", "GTIN of 8, 12, 13 or 14 digits", example="09520123456788"),
                parameter("serial", "its serial", example="A1"),
            ),
            secured=True,
        )
    },
    "/v1/tags/{uid}": {
        "get": operation(
            "readTag",
            "Where a UID or TID was seen, and with what product.",
            {"200": answer("The tag", _TAG), **refusals(400, 401, 403, 404, 503)},
            tag="products",
            parameters=(parameter("uid", "UID or TID in hex", example="04a1b2c3d4e5f6"),),
            secured=True,
        )
    },
    "/v1/journals": {
        "get": operation(
            "listJournals",
            "How far each gateway's journal has come.",
            {"200": answer("The journals", _several(_JOURNAL)), **refusals(401, 403, 503)},
            tag="gateways",
            secured=True,
        )
    },
    "/v1/alarms": {
        "get": operation(
            "listAlarms",
            "What a person should look at, open and closed, newest first.",
            {
                "200": answer(
                    "A page", _object(alarms=_several(_ALARM), next=_or_null({"type": "integer"}))
                ),
                **refusals(400, 401, 403, 503),
            },
            tag="gateways",
            parameters=(
                parameter("before", "the `next` of the page before", _NUMBER, where="query"),
                parameter("limit", "alarms of a page", _NUMBER | {"maximum": 1000}, where="query"),
            ),
            secured=True,
        )
    },
    "/v1/alarms/{number}": {
        "post": operation(
            "acknowledgeAlarm",
            "Say that a person has seen an alarm; it stays open until it is explained.",
            {"200": answer("The alarm", _ALARM), **refusals(400, 401, 403, 404, 503)},
            tag="gateways",
            parameters=(parameter("number", "the alarm's", _NUMBER),),
            request=body(_object(acknowledged={"const": True}) | {"additionalProperties": False}),
            secured=True,
        )
    },
}
