"""The reports' and the inspector's part of the OpenAPI document. A table."""

from typing import Any

from gateway.hub.openapi import PathItems, answer, body, operation, parameter, refusals
from gateway.hub.reports import DECISIONS, KINDS, STATES

_LARGEST = (1 << 63) - 1
_PAGE = answer("The page", {"type": "string"}, "text/html")
_NUMBER = {"type": "integer", "minimum": 1, "maximum": _LARGEST}
_TEXT = {"type": "string"}
_OR_NULL = {"type": ["string", "null"]}
_LANGUAGE = parameter("lang", "The page's language", _TEXT, where="query", example="de")
_LINK = parameter(
    "link",
    "01/GTIN/21/SERIAL with its slashes: the path of an item's Digital Link",
    {"type": "string", "minLength": 1},
    example="01/09520123456788/21/A1",
)
_REPORT = {
    "type": "object",
    "required": ["number", "product", "kind", "day", "text", "at", "state", "decided_at"],
    "properties": {
        "number": _NUMBER,
        "product": _TEXT | {"description": "The path of its Digital Link"},
        "kind": {"enum": list(KINDS)},
        "day": {"type": "string", "format": "date"},
        "text": _TEXT | {"description": "As it was sent: foreign; empty once refused or removed"},
        "at": {"type": "string", "format": "date-time"},
        "state": {"enum": list(STATES)},
        "decided_at": _OR_NULL,
        "decided_by": _OR_NULL,
    },
}
_FIELDS: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "day", "text", "token"],
    "properties": {
        "kind": {"enum": list(KINDS)},
        "day": {"type": "string", "format": "date"},
        "text": {"type": "string", "maxLength": 500},
        "token": _TEXT | {"description": "Of the form that GET answers with; good once"},
    },
}


def _pages(*statuses: int) -> dict[str, Any]:
    """Refusals that are pages."""
    return {
        status: {**said, "content": _PAGE["content"]}
        for status, said in refusals(*statuses).items()
    }


PATHS: PathItems = {
    "/report/{link}": {
        "get": operation(
            "showReportForm",
            "The form by which anybody reports a repair or hand-over of an item",
            {"200": _PAGE, **_pages(404), **refusals(503)},
            tag="products",
            parameters=[_LINK, _LANGUAGE],
        ),
        "post": operation(
            "sendReport",
            "Report a repair or hand-over, without an account",
            {
                "303": answer("It is kept, pending", headers={"Location": "The product's page"}),
                **_pages(400, 404, 413, 415, 422, 429),
                **refusals(503),
            },
            tag="products",
            parameters=[_LINK, _LANGUAGE],
            request=body(_FIELDS, "application/x-www-form-urlencoded"),
        ),
    },
    "/inspect": {
        "get": operation(
            "showInspector",
            "The page where an inspector's credential opens what a product's public page leaves out",
            {"200": _PAGE},
            tag="products",
            parameters=[
                _LANGUAGE,
                parameter("link", "The Digital Link that it begins with", _TEXT, where="query"),
            ],
        )
    },
    "/v1/reports": {
        "get": operation(
            "listReports",
            "Repairs and hand-overs as people reported them, newest first.",
            {
                "200": answer(
                    "A page",
                    {
                        "type": "object",
                        "required": ["reports", "next"],
                        "properties": {
                            "reports": {"type": "array", "items": _REPORT},
                            "next": {"type": ["integer", "null"]},
                        },
                    },
                ),
                **refusals(400, 401, 403, 503),
            },
            tag="products",
            parameters=[
                parameter("state", "only these", {"enum": list(STATES)}, where="query"),
                parameter("before", "the `next` of the page before", _NUMBER, where="query"),
                parameter("limit", "reports of a page", _NUMBER | {"maximum": 1000}, where="query"),
            ],
            secured=True,
        )
    },
    "/v1/reports/{number}": {
        "post": operation(
            "decideReport",
            "Accept, refuse or remove a report; one that is refused or removed loses its text.",
            {"200": answer("The report", _REPORT), **refusals(400, 401, 403, 404, 409, 503)},
            tag="products",
            parameters=[parameter("number", "the report's", _NUMBER)],
            request=body(
                {
                    "type": "object",
                    "required": ["state"],
                    "properties": {"state": {"enum": list(DECISIONS)}},
                    "additionalProperties": False,
                }
            ),
            secured=True,
        )
    },
}
