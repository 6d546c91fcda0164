"""The resolver's part of the OpenAPI document. A table."""

from typing import Any

from gateway.hub import linkset
from gateway.hub.openapi import (
    JSON,
    PathItems,
    answer,
    content,
    operation,
    parameter,
    ref,
    refusals,
)

_QUALIFIER = {"type": "string", "minLength": 1, "maxLength": 20}
_KEYS = {
    "gtin": parameter(
        "gtin", "GTIN-8, -12, -13 or -14", {"type": "string", "pattern": "^[0-9]{8,14}$"},
        example="09520123456788",
    ),
    "cpv": parameter("cpv", "Consumer product variant (AI 22)", _QUALIFIER, example="2A"),
    "lot": parameter("lot", "Batch or lot (AI 10)", _QUALIFIER, example="L1"),
    "serial": parameter("serial", "Serial number (AI 21)", _QUALIFIER, example="A1"),
    "tpx": parameter(
        "tpx", "A third party's serial number (AI 235)", {**_QUALIFIER, "maxLength": 28}, example="X1"
    ),
    "hex": parameter("hex", "EPC in hex", example="30164596f40c0e5cbe991a83"),
    "base64url": parameter("base64url", "EPC in base64url", example="MBZFlvQMDly-mRqD"),
}  # fmt: skip
_ASKING = [
    parameter(
        "linkType", "linkset, gs1:NAME or the URI of a link type", where="query", example="gs1:pip"
    ),
    parameter("context", "A context that a link may have", where="query"),
    parameter("Accept", "What the client would rather have", where="header"),
    parameter("Accept-Language", "In which language", where="header"),
    parameter(
        "Tagwright-As",
        "An authority's page as a lesser role sees it",
        {"enum": ["legitimate_interest"]},
        where="header",
    ),
]
_ANSWERS = {
    "200": {
        "description": "The product's page, its passport's public part, or the linkset",
        "content": {
            **content({"type": "string"}, "text/html"),
            **content({"type": "object"}, JSON),
            **content(ref("Linkset"), linkset.MEDIA_TYPE),
            **content({"type": "object"}, "application/ld+json"),
        },
        "headers": {"Link": {"description": "Where the linkset is", "schema": {"type": "string"}}},
    },
    "300": answer("Several links fit alike", ref("Linkset"), linkset.MEDIA_TYPE),
    "304": answer("The client has it"),
    "307": answer("The link that fits best", headers={"Location": "Where it leads"}),
    **{
        status: {
            **refused,
            "content": {**refused["content"], **content({"type": "string"}, "text/html")},
        }
        for status, refused in refusals(400, 404, 406).items()
    },
    **refusals(503),
}
_FORMS = (
    ("model", "/01/{gtin}"),
    ("lot", "/01/{gtin}/10/{lot}"),
    ("item", "/01/{gtin}/21/{serial}"),
    ("itemOfLot", "/01/{gtin}/10/{lot}/21/{serial}"),
    ("variant", "/01/{gtin}/22/{cpv}"),
    ("lotOfVariant", "/01/{gtin}/22/{cpv}/10/{lot}"),
    ("itemOfVariant", "/01/{gtin}/22/{cpv}/21/{serial}"),
    ("itemOfLotOfVariant", "/01/{gtin}/22/{cpv}/10/{lot}/21/{serial}"),
    ("itemOfThirdParty", "/01/{gtin}/235/{tpx}"),
    ("epcHex", "/eh{hex}"),
    ("epcBase64", "/ex{base64url}"),
)


def _form(name: str, path: str) -> dict[str, Any]:
    keys = [said for key, said in _KEYS.items() if f"{{{key}}}" in path]
    return {
        "parameters": keys,
        "get": operation(
            f"resolve_{name}",
            "Resolve a GS1 Digital Link",
            _ANSWERS,
            tag="links",
            parameters=_ASKING,
        ),
        "options": operation(
            f"preflight_{name}", "What may be asked", {"204": answer("Allow and CORS")}, tag="links"
        ),
    }


PATHS: PathItems = {
    **{path: _form(name, path) for name, path in _FORMS},
    "/.well-known/gs1resolver": {
        "get": operation(
            "describeResolver",
            "The resolver description file",
            {
                "200": answer(
                    "GS1-Conformant Resolver Standard 1.2",
                    {"type": "object", "required": ["resolverRoot", "supportedPrimaryKeys"]},
                )
            },
            tag="links",
        ),
        "options": operation(
            "preflight_description",
            "What may be asked",
            {"204": answer("Allow and CORS")},
            tag="links",
        ),
    },
}
