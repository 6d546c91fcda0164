"""What the hub's OpenAPI document names more than once: schemas, tags and ways to show who asks. A table."""

from typing import Any

TAGS = (
    {"name": "hub", "description": "The hub itself: health, metrics, this document"},
    {"name": "gateways", "description": "Gateways' journals, enrolment"},
    {"name": "products", "description": "What is known of a product"},
    {"name": "passports", "description": "Product passports (EN 18222)"},
    {"name": "links", "description": "GS1 Digital Link resolver and its links"},
    {"name": "epcis", "description": "EPCIS 2.0 capture and queries"},
    {"name": "access", "description": "Who may, and who did"},
)

SECURITY: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The hub's token, or a signed role credential (COSE_Sign1, base64url)",
    },
    "mutualTLS": {"type": "mutualTLS", "description": "A gateway's client certificate"},
}

_CLASS = {"enum": ["public", "legitimate_interest", "authorities"]}
_URL = {"type": "string", "format": "uri", "maxLength": 2048}

SCHEMAS: dict[str, Any] = {
    "Error": {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"type": "string", "description": "One sentence"}},
    },
    "Result": {
        "type": "object",
        "description": "How it went (EN 18222, Result)",
        "required": ["statusCode", "message"],
        "properties": {
            "statusCode": {"type": "string"},
            "message": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["messageType", "text"],
                    "properties": {
                        "messageType": {"enum": ["Info", "Warning", "Error"]},
                        "text": {"type": "string"},
                    },
                },
            },
            "payload": {"description": "What was asked for, where there is such"},
        },
    },
    "Refusal": {
        "description": "A Result, or the sentence of a hub that asks who is there",
        "anyOf": [{"$ref": "#/components/schemas/Result"}, {"$ref": "#/components/schemas/Error"}],
    },
    "Passport": {
        "type": "object",
        "description": "A passport: the header of EN 18223 table 1, and any data beside it",
        "required": [
            "uniqueProductIdentifier",
            "granularity",
            "dppSchemaVersion",
            "dppStatus",
            "economicOperatorId",
        ],
        "properties": {
            "digitalProductPassportId": {"type": "string", "minLength": 1, "maxLength": 500},
            "uniqueProductIdentifier": {"type": "string", "minLength": 1, "maxLength": 500},
            "granularity": {"enum": ["model", "batch", "item"]},
            "dppSchemaVersion": {"type": "string", "minLength": 1, "maxLength": 500},
            "dppStatus": {
                "type": "string",
                "minLength": 1,
                "maxLength": 500,
                "examples": ["active", "inactive", "archived", "invalid"],
            },
            "lastUpdated": {"type": "string", "format": "date-time"},
            "economicOperatorId": {"type": "string", "minLength": 1, "maxLength": 500},
            "facilityId": {"type": "string", "minLength": 1, "maxLength": 500},
            "contentSpecificationIds": {
                "type": "array",
                "maxItems": 100,
                "items": {"type": "string", "minLength": 1, "maxLength": 500},
            },
            "accessClasses": {
                "type": "object",
                "description": "JSON pointer -> the class of what stands there and below it",
                "additionalProperties": _CLASS,
            },
            "withheld": {
                "type": "array",
                "description": "In an answer: classes of data that are left out for who asks",
                "items": _CLASS,
            },
        },
    },
    "RegistryPointer": {
        "type": "object",
        "description": "As the CIRPASS-2 mock registry has it; deactivated belongs to an ITEM alone",
        "required": [
            "upi",
            "reoId",
            "liveURL",
            "backupURL",
            "commodityCode",
            "facilitiesId",
            "granularityLevel",
        ],
        "properties": {
            "upi": {"type": "string", "minLength": 1, "maxLength": 200},
            "reoId": {"type": "string", "minLength": 1, "maxLength": 50},
            "liveURL": _URL,
            "backupURL": _URL,
            "commodityCode": {"type": "string", "pattern": "^[0-9]{4,10}$"},
            "facilitiesId": {
                "type": "array",
                "minItems": 1,
                "maxItems": 100,
                "uniqueItems": True,
                "items": {"type": "string", "maxLength": 250},
            },
            "granularityLevel": {"enum": ["MODEL", "BATCH", "ITEM"]},
            "deactivated": {"type": ["boolean", "null"]},
        },
    },
    "Links": {
        "type": "object",
        "description": "The links of one product, batch or model",
        "required": ["links"],
        "additionalProperties": False,
        "properties": {
            "links": {
                "type": "array",
                "minItems": 1,
                "maxItems": 100,
                "items": {"$ref": "#/components/schemas/Link"},
            },
        },
    },
    "Link": {
        "type": "object",
        "required": ["linkType", "href", "title"],
        "additionalProperties": False,
        "properties": {
            "linkType": {
                "type": "string",
                "description": "gs1:NAME, or the whole URI of a link type",
                "examples": ["gs1:pip", "gs1:dpp", "gs1:instructions"],
            },
            "href": _URL,
            "title": {"type": "string", "minLength": 1, "maxLength": 500},
            "type": {"type": "string", "description": "IANA media type"},
            "hreflang": {"type": "array", "minItems": 1, "items": {"type": "string"}},
            "context": {"type": "array", "minItems": 1, "items": {"type": "string"}},
            "default": {
                "type": "boolean",
                "description": "The one that is taken where nothing else is asked; else it is the first",
            },
        },
    },
    "Linkset": {
        "type": "object",
        "description": "RFC 9264, JSON",
        "required": ["linkset"],
        "additionalProperties": False,
        "properties": {
            "linkset": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["anchor"],
                    "properties": {"anchor": _URL},
                    "additionalProperties": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["href"],
                            "properties": {
                                "href": _URL,
                                "title": {"type": "string"},
                                "type": {"type": "string"},
                                "hreflang": {"type": "array", "items": {"type": "string"}},
                                "context": {"type": "array", "items": {"type": "string"}},
                            },
                        },
                    },
                },
            }
        },
    },
}
