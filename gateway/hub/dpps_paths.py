"""The passports' part of the OpenAPI document. A table."""

from typing import Any

from gateway.hub import merge_patch
from gateway.hub.openapi import (
    JSON,
    PathItems,
    answer,
    body,
    operation,
    parameter,
    ref,
    refusals,
)

_ID = parameter(
    "id", "digitalProductPassportId, percent-encoded", {"type": "string", "minLength": 1}
)
_PRODUCT = parameter(
    "pid",
    "uniqueProductIdentifier, percent-encoded: a Digital Link, a DID, ...",
    {"type": "string", "minLength": 1, "maxLength": 500},
    example="https://id.example.org/01/09520123456788/21/A1",
)
_PATH = parameter(
    "path",
    "materials/0/name, or $.materials[0].name; a name is a member's or an elementId",
    {"type": "string", "minLength": 1},
    example="materials",
)
_DATE = parameter(
    "date",
    "The moment, RFC 3339 with its zone; or a day, which ends at midnight UTC",
    {"type": "string"},
    where="query",
    example="2026-11-22T10:00:00Z",
) | {"required": True}
_IF_MATCH = parameter("If-Match", "ETag of the version that is changed", where="header")
_IF_NONE_MATCH = parameter("If-None-Match", "ETag of what the client has", where="header")

_HEADERS = {
    "ETag": "SHA-256 of the document as it is answered",
    "Repr-Digest": "The same of this body (RFC 9530)",
    "Tagwright-Withheld": "Classes of data that are left out for who asks",
}
_PASSPORT = answer("The passport, as far as who asks may see it", ref("Passport"), headers=_HEADERS)
_UNCHANGED = answer("The client has it")
_ELEMENT = answer("The element", {"description": "Any JSON"}, headers=_HEADERS)
_PATCH = body({"description": "RFC 7396"}, merge_patch.MEDIA_TYPE, JSON)


def _refused(*statuses: int) -> dict[str, Any]:
    return refusals(*statuses, schema="Refusal")


_READING = _refused(400, 404, 503)
_CHANGING = _refused(400, 401, 403, 404, 412, 413, 415, 503)


def _element(name: str, what: str) -> dict[str, Any]:
    return {
        "get": operation(
            f"Read{name}",
            f"One {what} of a passport",
            {"200": _ELEMENT, "304": _UNCHANGED, **_READING},
            tag="passports",
            parameters=[_ID, _PATH, _IF_NONE_MATCH],
        ),
        "patch": operation(
            f"Update{name}",
            f"Change one {what}: a new version is in force",
            {"200": _ELEMENT, **_CHANGING},
            tag="passports",
            parameters=[_ID, _PATH, _IF_MATCH],
            request=_PATCH,
            secured=True,
        ),
    }


PATHS: PathItems = {
    "/v1/dpps": {
        "post": operation(
            "CreateDPP",
            "Publish a passport",
            {
                "201": answer(
                    "It is in force",
                    ref("Result"),
                    headers={"Location": "Where it is read", "ETag": _HEADERS["ETag"]},
                ),
                **_refused(400, 401, 403, 409, 413, 415, 503),
            },
            tag="passports",
            request=body(ref("Passport")),
            secured=True,
        )
    },
    "/v1/dpps/{id}": {
        "get": operation(
            "ReadDPPById",
            "The passport in force",
            {"200": _PASSPORT, "304": _UNCHANGED, **_READING},
            tag="passports",
            parameters=[_ID, _IF_NONE_MATCH],
        ),
        "patch": operation(
            "UpdateDPP",
            "Change a passport (RFC 7396): a new version is in force, the old one is kept",
            {"200": _PASSPORT, **_CHANGING},
            tag="passports",
            parameters=[_ID, _IF_MATCH],
            request=_PATCH,
            secured=True,
        ),
        "delete": operation(
            "DeleteDPPById",
            "Withdraw a passport: its history is kept",
            {"204": answer("It is no longer in force"), **_refused(401, 403, 404, 412, 503)},
            tag="passports",
            parameters=[_ID, _IF_MATCH],
            secured=True,
        ),
    },
    "/v1/dpps/{id}/elements/{path}": _element("DataElement", "element"),
    "/v1/dpps/{id}/collections/{path}": _element("DataElementCollection", "collection of elements"),
    "/v1/dppsByProductId/{pid}": {
        "get": operation(
            "ReadDPPByProductId",
            "The passport of a product",
            {"200": _PASSPORT, "304": _UNCHANGED, **_READING},
            tag="passports",
            parameters=[_PRODUCT, _IF_NONE_MATCH],
        )
    },
    "/v1/dppsByProductIdAndDate/{pid}": {
        "get": operation(
            "ReadDPPVersionByProductIdAndDate",
            "What the passport of a product said at a moment",
            {"200": _PASSPORT, "304": _UNCHANGED, **_READING},
            tag="passports",
            parameters=[_PRODUCT, _DATE, _IF_NONE_MATCH],
        )
    },
    "/v1/dppsByProductIds": {
        "post": operation(
            "ReadDPPIdsByProductIds",
            "The passports' ids of at most 100 products; those that have none are left out",
            {"200": answer("payload: dppIdentifiers, byProductId", ref("Result"))}
            | _refused(400, 413, 415, 503),
            tag="passports",
            request=body(
                {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 100,
                    "items": {"type": "string", "minLength": 1, "maxLength": 500},
                }
            ),
        )
    },
    "/v1/registerDPP": {
        "post": operation(
            "PostNewDPPToRegistry",
            "Keep a registry pointer to a passport of this hub",
            {"201": answer("payload: registrationId, sha256 of the version", ref("Result"))}
            | _refused(400, 401, 403, 404, 413, 415, 503),
            tag="passports",
            request=body(ref("RegistryPointer")),
            secured=True,
        )
    },
}
