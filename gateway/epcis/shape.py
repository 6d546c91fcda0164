"""The shape of EPCIS 2.0 JSON: accepts what GS1's JSON schema accepts of a document and an event, and refuses the rest.

GS1 EPCIS 2.0, "EPCIS-JSON-Schema.json" (draft-07, with formats).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from edge.errors import Malformed
from gateway.epcis import vocabulary
from gateway.epcis.fields import (
    ANY,
    NONE,
    Check,
    Fields,
    anything,
    check_object,
    each_once,
    fields,
    listed,
    matching,
    number,
    object_of,
    one_of,
    shown,
    text,
    time,
    truth,
    uri,
    word,
)

QUERY_DOCUMENT = "EPCISQueryDocument"  # the type of what answers a query

_OFFSET = re.compile(r"[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00)")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*")
_UOM = re.compile(r"[A-Z0-9]{2,3}")
_HEX = re.compile(r"[A-Fa-f0-9]+")
_OLD_CBV = re.compile(r"urn:epcglobal:cbv|https?://ns\.gs1\.org/cbv/")
_WEB_VOC = re.compile(r"https?://(www\.)?gs1\.org/voc/")


def document(whole: Any) -> None:
    """An EPCISDocument or EPCISQueryDocument without a look at its events, which `event` checks one by one."""
    is_answer = isinstance(whole, dict) and whole.get("type") == QUERY_DOCUMENT
    check_object("document", whole, _QUERY_DOCUMENT if is_answer else _DOCUMENT)


def event(at: str, value: Any) -> None:
    """One event; at: what it is called in a refusal."""
    if not isinstance(value, dict):
        raise Malformed(f"{at} is no object")
    kind = value.get("type")
    if not isinstance(kind, str):
        raise Malformed(f"{at} needs a type")
    fields = _EVENTS.get(kind)
    if fields is None:  # a type of somebody's own
        uri(f"{at}.type", kind)
        check_object(at, value, _OTHER_EVENT)
        return
    check_object(at, value, fields)
    for rule in _RULES[kind]:
        rule(at, value)


def _context(at: str, value: Any) -> None:
    if isinstance(value, dict):
        return
    if not isinstance(value, list):
        uri(at, value)
        return
    for place, each in enumerate(value):
        if not isinstance(each, dict):
            uri(f"{at}[{place}]", each)
        if each in value[:place]:
            raise Malformed(f"{at} names something twice")


def _certification(at: str, value: Any) -> None:
    if isinstance(value, list):
        listed(uri)(at, value)
    else:
        uri(at, value)


def _attribute(at: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | dict):
        raise Malformed(f"{at} {shown(value)} is no number, text or object")


_ELEMENT = fields(
    required="id",
    others=ANY,
    id=uri,
    attributes=listed(object_of(fields(required="id", others=ANY, id=uri, attribute=_attribute))),
    children=listed(uri),
)
_VOCABULARY = fields(
    required="type", others=ANY, type=uri, vocabularyElementList=listed(object_of(_ELEMENT))
)
_MASTER_DATA = fields(others=ANY, vocabularyList=listed(object_of(_VOCABULARY)))
_header = object_of(fields(epcisMasterData=object_of(_MASTER_DATA)))
_body = object_of(fields(required="eventList", others=ANY, eventList=listed(anything)))

_DOCUMENT = Fields(
    {
        "@context": _context,
        "type": one_of("EPCISDocument"),
        "id": uri,
        "schemaVersion": matching(_VERSION, "version"),
        "creationDate": time,
        "epcisHeader": _header,
        "epcisBody": _body,
        "instanceIdentifier": text,
        "sender": text,
        "receiver": text,
    },
    ("@context", "type", "schemaVersion", "creationDate", "epcisBody"),
)

_results = object_of(
    fields(
        required="eventList",
        eventList=listed(anything),
        vocabularyList=listed(object_of(_VOCABULARY)),
    )
)
_query_results = object_of(
    fields(
        required="queryName resultsBody",
        queryName=text,
        subscriptionID=text,
        resultsBody=_results,
    )
)
_QUERY_DOCUMENT = Fields(
    {
        "@context": _context,
        "type": one_of(QUERY_DOCUMENT),
        "id": uri,
        "schemaVersion": matching(_VERSION, "version"),
        "creationDate": time,
        "epcisBody": object_of(fields(required="queryResults", queryResults=_query_results)),
    },
    ("@context", "type", "epcisBody"),
)

_ERROR = fields(
    required="declarationTime",
    declarationTime=time,
    reason=word(vocabulary.ERROR_REASONS, _OLD_CBV),
    correctiveEventIDs=listed(uri),
)
_COMMON: dict[str, Check] = {
    "@context": _context,
    "type": anything,
    "eventTime": time,
    "recordTime": time,
    "eventTimeZoneOffset": matching(_OFFSET, "zone offset from -14:00 to +14:00"),
    "eventID": uri,
    "certificationInfo": _certification,
    "errorDeclaration": object_of(_ERROR),
}
_QUANTITY = fields(
    required="epcClass",
    others=NONE,
    epcClass=uri,
    quantity=number,
    uom=matching(_UOM, "unit of UN/ECE Recommendation 20"),
)
_PLACE = object_of(fields(required="id", others=ANY, id=uri))
_DISPOSITION = word(vocabulary.DISPOSITIONS, _OLD_CBV)
_SOURCE_TYPE = word(vocabulary.SOURCE_DEST_TYPES, _OLD_CBV)
_DEVICE: dict[str, Check] = dict.fromkeys(
    ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules"), uri
) | {"time": time}
_REPORT = Fields(
    _DEVICE
    | dict.fromkeys(("microorganism", "chemicalSubstance", "coordinateReferenceSystem"), uri)
    | dict.fromkeys(("value", "minValue", "maxValue", "meanValue"), number)
    | dict.fromkeys(("sDev", "percRank", "percValue"), number)
    | {
        "type": word(vocabulary.MEASUREMENTS, _WEB_VOC),
        "exception": word(vocabulary.ALERTS, _WEB_VOC),
        "component": word(vocabulary.COMPONENTS, _OLD_CBV),
        "stringValue": text,
        "booleanValue": truth,
        "hexBinaryValue": matching(_HEX, "hex"),
        "uriValue": uri,
        "uom": text,
    },
    ("type",),
)
_SENSOR = fields(
    required="sensorReport",
    sensorMetadata=object_of(Fields(_DEVICE | {"startTime": time, "endTime": time})),
    sensorReport=listed(object_of(_REPORT), 1),
)
_WHERE_AND_WHY: dict[str, Check] = {
    "bizStep": word(vocabulary.BIZ_STEPS, _OLD_CBV),
    "disposition": _DISPOSITION,
    "readPoint": _PLACE,
    "bizLocation": _PLACE,
    "bizTransactionList": listed(
        object_of(
            fields(
                required="bizTransaction",
                others=NONE,
                bizTransaction=uri,
                type=word(vocabulary.BIZ_TRANSACTION_TYPES, _OLD_CBV),
            )
        )
    ),
    "sourceList": listed(
        object_of(fields(required="type source", others=NONE, type=_SOURCE_TYPE, source=uri))
    ),
    "destinationList": listed(
        object_of(
            fields(required="type destination", others=NONE, type=_SOURCE_TYPE, destination=uri)
        )
    ),
    "sensorElementList": listed(object_of(_SENSOR)),
}
_ACTION = {"action": one_of(*vocabulary.ACTIONS)}
_ILMD = {"ilmd": object_of(fields())}
_PERSISTENT = {
    "persistentDisposition": object_of(
        fields(others=NONE, set=each_once(_DISPOSITION, 1), unset=each_once(_DISPOSITION, 1))
    )
}
_CHILDREN: dict[str, Check] = {
    "parentID": uri,
    "childEPCs": listed(uri),
    "childQuantityList": listed(object_of(_QUANTITY)),
}
_WHEN = ("type", "eventTime", "eventTimeZoneOffset")
_BASE = _COMMON | _WHERE_AND_WHY
_EPCS = {"epcList": each_once(uri), "quantityList": listed(object_of(_QUANTITY))}
_EVENTS = {
    "ObjectEvent": Fields(_BASE | _EPCS | _ACTION | _PERSISTENT | _ILMD, (*_WHEN, "action")),
    "AggregationEvent": Fields(_BASE | _CHILDREN | _ACTION, (*_WHEN, "action")),
    "AssociationEvent": Fields(_BASE | _CHILDREN | _ACTION, (*_WHEN, "action", "parentID")),
    "TransactionEvent": Fields(
        _BASE | _EPCS | _ACTION | {"epcList": listed(uri), "parentID": uri},
        (*_WHEN, "action", "bizTransactionList"),
    ),
    "TransformationEvent": Fields(
        _BASE
        | _PERSISTENT
        | _ILMD
        | dict.fromkeys(("inputEPCList", "outputEPCList"), each_once(uri))
        | dict.fromkeys(("inputQuantityList", "outputQuantityList"), listed(object_of(_QUANTITY)))
        | {"transformationID": uri},
        _WHEN,
    ),
}
_OTHER_EVENT = Fields(_COMMON, _WHEN, ANY)


def _object_event(at: str, value: Mapping[str, Any]) -> None:
    is_sensed = bool(value.get("sensorElementList")) and "readPoint" in value
    if "epcList" not in value and not value.get("quantityList") and not is_sensed:
        raise Malformed(
            f"{at} needs an epcList, a quantityList, or a sensorElementList with a readPoint"
        )
    if "ilmd" in value and value["action"] != "ADD":
        raise Malformed(f"{at} may hold ilmd only where its action is ADD")


def _with_children(at: str, value: Mapping[str, Any]) -> None:
    some = value.get("childEPCs") or value.get("childQuantityList")
    if not some and value["action"] != "DELETE":
        raise Malformed(f"{at} needs childEPCs or a childQuantityList")


def _transaction(at: str, value: Mapping[str, Any]) -> None:
    if not value["bizTransactionList"]:
        raise Malformed(f"{at} needs a bizTransaction")
    if "epcList" not in value and not value.get("quantityList") and value["action"] != "DELETE":
        raise Malformed(f"{at} needs an epcList or a quantityList")


def _transformation(at: str, value: Mapping[str, Any]) -> None:
    inputs = value.get("inputEPCList") or value.get("inputQuantityList")
    outputs = value.get("outputEPCList") or value.get("outputQuantityList")
    if not ((inputs and outputs) or ("transformationID" in value and (inputs or outputs))):
        raise Malformed(f"{at} needs inputs and outputs, or one of them with a transformationID")


def _persistent(at: str, value: Mapping[str, Any]) -> None:
    found = value.get("persistentDisposition")
    if found is not None and not found:
        raise Malformed(f"{at}.persistentDisposition needs set or unset")


_RULES: dict[str, tuple[Callable[[str, Mapping[str, Any]], None], ...]] = {
    "ObjectEvent": (_persistent, _object_event),
    "AggregationEvent": (_with_children,),
    "AssociationEvent": (_with_children,),
    "TransactionEvent": (_transaction,),
    "TransformationEvent": (_persistent, _transformation),
}
