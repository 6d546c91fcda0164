"""The EPCIS part of the OpenAPI document. A table."""

from typing import Any

from gateway.epcis.vocabulary import ACTIONS, EVENT_TYPES
from gateway.hub.epcis_filter import DEFAULT_A_PAGE, MOST_A_PAGE, NAMES
from gateway.hub.epcis_http import BEHAVIOUR, JSON_TYPES
from gateway.hub.openapi import PathItems, answer, body, operation, parameter, refusals

_OBJECT: dict[str, Any] = {"type": "object"}
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
_JOB: dict[str, Any] = {
    "type": "object",
    "required": ["captureID", "createdAt", "running", "success", "captureErrorBehaviour", "errors"],
    "properties": {
        "captureID": {"type": "string"},
        "createdAt": {"type": "string", "format": "date-time"},
        "finishedAt": {"type": "string", "format": "date-time"},
        "running": {"type": "boolean"},
        "success": {"type": "boolean"},
        "captureErrorBehaviour": {"enum": ["rollback", "proceed"]},
        "errors": {"type": "array", "items": _PROBLEM},
    },
}
_EPCIS_DOCUMENT: dict[str, Any] = {
    "type": "object",
    "description": "GS1 EPCIS 2.0, EPCISDocument",
    "required": ["@context", "type", "schemaVersion", "creationDate", "epcisBody"],
    "properties": {
        "type": {"enum": ["EPCISDocument"]},
        "schemaVersion": {"type": "string"},
        "creationDate": {"type": "string", "format": "date-time"},
        "epcisBody": {
            "type": "object",
            "required": ["eventList"],
            "properties": {"eventList": {"type": "array", "items": _OBJECT}},
        },
    },
}
_QUERY_DOCUMENT: dict[str, Any] = {
    "type": "object",
    "description": "GS1 EPCIS 2.0, EPCISQueryDocument",
    "required": ["@context", "type", "epcisBody"],
    "properties": {
        "type": {"enum": ["EPCISQueryDocument"]},
        "epcisBody": {
            "type": "object",
            "required": ["queryResults"],
            "properties": {
                "queryResults": {
                    "type": "object",
                    "required": ["queryName", "resultsBody"],
                    "properties": {
                        "queryName": {"type": "string"},
                        "resultsBody": {
                            "type": "object",
                            "required": ["eventList"],
                            "properties": {"eventList": {"type": "array", "items": _OBJECT}},
                        },
                    },
                }
            },
        },
    },
}
_DOCUMENT: dict[str, Any] = {"oneOf": [_EPCIS_DOCUMENT, _QUERY_DOCUMENT]}
_EVENT: dict[str, Any] = {
    "type": "object",
    "description": "An EPCIS 2.0 event with its @context",
    "required": ["@context", "type", "eventTime", "eventTimeZoneOffset"],
}
_QUERY: dict[str, Any] = {
    "type": "object",
    "required": ["name", "query"],
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Za-z0-9._~-]{1,128}$"},
        "query": {"type": "object", "description": "The parameters of GET /events"},
    },
}
_PROBLEM_JSON = "application/problem+json"
_VERSIONS = {"GS1-EPCIS-Version": "2.0", "GS1-CBV-Version": "2.0"}
_LIMITS = {
    "GS1-EPCIS-Capture-Limit": "Most events of one capture",
    "GS1-EPCIS-Capture-File-Size-Limit": "Most bytes of one capture",
    BEHAVIOUR: "rollback, where a capture asks for nothing else",
}
_NEXT = {"Link": 'The next page, rel="next", where there is one'}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "eventType": {"type": "string", "examples": list(EVENT_TYPES)},
    "EQ_action": {"enum": list(ACTIONS)},
    "orderBy": {"enum": ["eventTime", "recordTime"]},
    "orderDirection": {"enum": ["ASC", "DESC"]},
    "perPage": {
        "type": "integer",
        "minimum": 1,
        "maximum": MOST_A_PAGE,
        "default": DEFAULT_A_PAGE,
    },
    "eventCountLimit": {"type": "integer", "minimum": 1},
    "maxEventCount": {"type": "integer", "minimum": 1},
    "EXISTS_errorDeclaration": {"type": "boolean"},
    "GE_eventTime": {"type": "string", "format": "date-time"},
    "LT_eventTime": {"type": "string", "format": "date-time"},
    "GE_recordTime": {"type": "string", "format": "date-time"},
    "LT_recordTime": {"type": "string", "format": "date-time"},
}


def _refused(*statuses: int) -> dict[str, Any]:
    """Problems; whoever may not ask at all is answered as everywhere at the hub."""
    found = refusals(401, 403)
    for status, said in refusals(406, 503, *statuses).items():
        found[status] = answer(said["description"], _PROBLEM, _PROBLEM_JSON)
    return found


def _asked(name: str) -> dict[str, Any]:
    return parameter(
        name,
        "GS1 EPCIS 2.0, SimpleEventQuery",
        _SCHEMAS.get(name, {"type": "string"}),
        where="query",
    )


def _options(name: str, headers: dict[str, str]) -> dict[str, Any]:
    return operation(
        name,
        "Versions and limits",
        {"204": answer("In the headers", headers=_VERSIONS | {"Allow": "Methods"} | headers)},
        tag="epcis",
    )


_PAGE = [_asked("perPage"), _asked("nextPageToken")]
_ID = parameter("id", "eventID, percent-encoded", {"type": "string", "minLength": 1})
_CAPTURE = parameter("id", "captureID", {"type": "string", "minLength": 1})
_NAME = parameter("name", "Name of the query", {"type": "string", "minLength": 1})
_BEHAVIOUR = parameter(
    BEHAVIOUR,
    "rollback: all events or none; proceed: those that can be kept",
    {"enum": ["rollback", "proceed"], "default": "rollback"},
    where="header",
)

PATHS: PathItems = {
    "/capture": {
        "options": _options("CaptureOptions", _LIMITS),
        "post": operation(
            "Capture",
            "Keep the events of a document",
            {
                "202": answer("The job", headers=_LIMITS | {"Location": "Where the job is"}),
                **_refused(400, 413, 415),
            },
            tag="epcis",
            parameters=[_BEHAVIOUR],
            request=body(_DOCUMENT, *JSON_TYPES),
            secured=True,
        ),
        "get": operation(
            "ListCaptures",
            "Capture jobs, newest first",
            {
                "200": answer("Jobs", {"type": "array", "items": _JOB}, *JSON_TYPES, headers=_NEXT),
                **_refused(400),
            },
            tag="epcis",
            parameters=_PAGE,
            secured=True,
        ),
    },
    "/capture/{id}": {
        "options": _options("CaptureJobOptions", {}) | {"parameters": [_CAPTURE]},
        "get": operation(
            "ReadCapture",
            "A capture job",
            {"200": answer("The job", _JOB, *JSON_TYPES), **_refused(404)},
            tag="epcis",
            parameters=[_CAPTURE],
            secured=True,
        ),
    },
    "/events": {
        "options": _options("EventsOptions", {}),
        "get": operation(
            "QueryEvents",
            "Events by what is asked of them",
            {
                "200": answer("A page of events", _QUERY_DOCUMENT, *JSON_TYPES, headers=_NEXT),
                **_refused(400, 413),
            },
            tag="epcis",
            parameters=[_asked(name) for name in NAMES],
            secured=True,
        ),
        "post": operation(
            "CaptureEvent",
            "Keep one event",
            {
                "201": answer("It is kept", headers={"Location": "Where it is read"}),
                **_refused(400, 409, 413, 415),
            },
            tag="epcis",
            request=body(_EVENT, *JSON_TYPES),
            secured=True,
        ),
    },
    "/events/{id}": {
        "options": _options("EventOptions", {}) | {"parameters": [_ID]},
        "get": operation(
            "ReadEvent",
            "One event",
            {
                "200": answer("The event, declared wrong or not", _QUERY_DOCUMENT, *JSON_TYPES),
                **_refused(404),
            },
            tag="epcis",
            parameters=[_ID],
            secured=True,
        ),
    },
    "/queries": {
        "options": _options("QueriesOptions", {}),
        "get": operation(
            "ListQueries",
            "Named queries",
            {
                "200": answer("Queries", {"type": "array", "items": _QUERY}, *JSON_TYPES),
                **_refused(),
            },
            tag="epcis",
            secured=True,
        ),
        "post": operation(
            "CreateQuery",
            "Keep a query under a name",
            {
                "201": answer("It is kept", headers={"Location": "Where it is read"}),
                **_refused(400, 409, 413, 415),
            },
            tag="epcis",
            request=body(_QUERY, *JSON_TYPES),
            secured=True,
        ),
    },
    "/queries/{name}": {
        "options": _options("QueryOptions", {}) | {"parameters": [_NAME]},
        "get": operation(
            "ReadQuery",
            "A named query",
            {"200": answer("The query", _QUERY, *JSON_TYPES), **_refused(404)},
            tag="epcis",
            parameters=[_NAME],
            secured=True,
        ),
        "delete": operation(
            "DeleteQuery",
            "Forget a named query",
            {"204": answer("It is gone"), **_refused(404)},
            tag="epcis",
            parameters=[_NAME],
            secured=True,
        ),
    },
    "/queries/{name}/events": {
        "options": _options("QueryEventsOptions", {}) | {"parameters": [_NAME]},
        "get": operation(
            "RunQuery",
            "The events that a named query asks for",
            {
                "200": answer("A page of events", _QUERY_DOCUMENT, *JSON_TYPES, headers=_NEXT),
                **_refused(400, 404, 413),
            },
            tag="epcis",
            parameters=[_NAME, *_PAGE],
            secured=True,
        ),
    },
}
