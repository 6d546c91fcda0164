"""The registered links' part of the OpenAPI document. A table."""

from typing import Any

from gateway.hub.openapi import PathItems, answer, body, operation, parameter, ref, refusals

_ANCHOR = parameter(
    "anchor",
    "01/GTIN, 01/GTIN/10/LOT, 01/GTIN/21/SERIAL, ... with its slashes",
    {"type": "string", "minLength": 1},
    example="01/09520123456788/21/A1",
)


def _refused(*statuses: int) -> dict[str, Any]:
    return refusals(*statuses, schema="Refusal")


PATHS: PathItems = {
    "/v1/links/{anchor}": {
        "get": operation(
            "readLinks",
            "What is registered at just this anchor",
            {"200": answer("The links", ref("Links")), **_refused(400, 404, 503)},
            tag="links",
            parameters=[_ANCHOR],
        ),
        "put": operation(
            "putLinks",
            "Register links in the place of those before",
            {
                "200": answer("They are changed", ref("Links")),
                "201": answer("They are new", ref("Links")),
                **_refused(400, 401, 403, 413, 415, 503),
            },
            tag="links",
            parameters=[_ANCHOR],
            request=body(ref("Links")),
            secured=True,
        ),
        "delete": operation(
            "deleteLinks",
            "Register none",
            {"204": answer("There are none now"), **_refused(400, 401, 403, 404, 503)},
            tag="links",
            parameters=[_ANCHOR],
            secured=True,
        ),
    },
}
