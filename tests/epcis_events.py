"""EPCIS events as other systems write them, after the examples of the EPCIS and CBV standards, in words of our own."""

from typing import Any

from gateway.epcis.vocabulary import CONTEXT

EXAMPLE = {"example": "https://ns.example.org/epcis/"}
OTHERS_CONTEXT = [CONTEXT, EXAMPLE]
WHEN = {"eventTime": "2026-06-08T18:11:16.5+02:00", "eventTimeZoneOffset": "+02:00"}

RECEIVED: dict[str, Any] = {
    "type": "ObjectEvent",
    **WHEN,
    "eventID": "urn:uuid:6f0b9f9e-2a3e-4c0b-8f2f-0a5d4c6b7e81",
    "epcList": ["urn:epc:id:sgtin:0614141.107346.2018", "https://id.gs1.org/00/106141412345678908"],
    "action": "OBSERVE",
    "bizStep": "receiving",
    "disposition": "in_progress",
    "readPoint": {"id": "urn:epc:id:sgln:0614141.07346.1234"},
    "bizLocation": {"id": "https://id.gs1.org/414/0614141073467"},
    "bizTransactionList": [
        {"type": "po", "bizTransaction": "http://transaction.acme.example/po/12345678"},
        {"bizTransaction": "urn:epcglobal:cbv:bt:0614141073467:1152"},
    ],
    "sourceList": [{"type": "possessing_party", "source": "urn:epc:id:pgln:4012345.00225"}],
    "destinationList": [
        {"type": "location", "destination": "https://id.gs1.org/414/0614141073467"}
    ],
    "example:myField": "of another system",
    "certificationInfo": "https://accreditation.example.com/cert/1",
}
MADE: dict[str, Any] = {
    "type": "ObjectEvent",
    **WHEN,
    "epcList": [],
    "quantityList": [
        {"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 200.5, "uom": "KGM"},
        {"epcClass": "https://id.gs1.org/01/04012345678901"},
    ],
    "action": "ADD",
    "bizStep": "https://ref.gs1.org/cbv/BizStep-commissioning",
    "persistentDisposition": {"set": ["completeness_verified"], "unset": ["completeness_inferred"]},
    "ilmd": {"example:bestBefore": "2027-03-15", "cbvmda:lotNumber": "LOTABCD"},
    "recordTime": "2026-06-08T18:11:17Z",
}
PACKED: dict[str, Any] = {
    "type": "AggregationEvent",
    **WHEN,
    "parentID": "urn:epc:id:sscc:0614141.1234567890",
    "childEPCs": ["urn:epc:id:sgtin:0614141.107346.2017"],
    "childQuantityList": [{"epcClass": "urn:epc:idpat:sgtin:4012345.098765.*", "quantity": 10}],
    "action": "ADD",
    "bizStep": "packing",
    "disposition": "container_closed",
    "readPoint": {"id": "urn:epc:id:sgln:0614141.00777.0", "example:dock": "7"},
}
MIXED: dict[str, Any] = {
    "type": "TransformationEvent",
    **WHEN,
    "inputEPCList": ["urn:epc:id:sgtin:4012345.011122.25"],
    "inputQuantityList": [{"epcClass": "urn:epc:class:lgtin:0614141.077777.987", "quantity": 30}],
    "outputEPCList": ["urn:epc:id:sgtin:4012345.077889.25"],
    "transformationID": "urn:epc:id:gdti:0614141.06012.1234",
    "bizStep": "creating_class_instance",
    "ilmd": {},
}
ORDERED: dict[str, Any] = {
    "type": "TransactionEvent",
    **WHEN,
    "bizTransactionList": [
        {"type": "inv", "bizTransaction": "urn:epc:id:gdti:0614141.00002.PO-123"}
    ],
    "parentID": "urn:epc:id:sscc:0614141.1234567890",
    "epcList": ["urn:epc:id:sgtin:0614141.107346.2017", "urn:epc:id:sgtin:0614141.107346.2017"],
    "action": "DELETE",
}
FITTED: dict[str, Any] = {
    "type": "AssociationEvent",
    **WHEN,
    "parentID": "urn:epc:id:grai:4012345.55555.987",
    "childEPCs": ["urn:epc:id:giai:4000001.12345"],
    "action": "ADD",
    "bizStep": "assembling",
}
SENSED: dict[str, Any] = {
    "type": "ObjectEvent",
    **WHEN,
    "action": "OBSERVE",
    "bizStep": "sensor_reporting",
    "readPoint": {"id": "https://id.gs1.org/414/9521321000010/254/4711"},
    "sensorElementList": [
        {
            "sensorMetadata": {
                "time": "2026-06-08T18:11:00.000Z",
                "deviceID": "https://id.gs1.org/8004/4000001111",
                "rawData": "https://example.org/8004/401234599999",
                "example:furtherMetaData": "x",
            },
            "sensorReport": [
                {"type": "Temperature", "value": 26.0, "uom": "CEL", "sDev": 0.1},
                {"type": "AbsoluteHumidity", "minValue": 12, "maxValue": 13.5, "uom": "A93"},
                {"type": "Speed", "component": "x", "value": -1, "stringValue": "slow"},
                {"type": "example:own", "booleanValue": True, "hexBinaryValue": "F0F0F0"},
                {"type": "Illuminance", "exception": "ALARM_CONDITION", "uriValue": "geo:1,2"},
            ],
            "example:furtherSensorData": [{"example:type": "1"}],
        }
    ],
}
DECLARED: dict[str, Any] = {
    **RECEIVED,
    "errorDeclaration": {
        "declarationTime": "2026-06-09T08:00:00Z",
        "reason": "incorrect_data",
        "correctiveEventIDs": ["urn:uuid:6f0b9f9e-2a3e-4c0b-8f2f-0a5d4c6b7e82"],
        "example:vendor": "x",
    },
}
OWN_KIND: dict[str, Any] = {"type": "example:Fumigation", **WHEN, "anything": [1, {"goes": None}]}

EVENTS = (*(RECEIVED, MADE, PACKED, MIXED, ORDERED, FITTED, SENSED, DECLARED, OWN_KIND),)


def document(*events: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An EPCISDocument of another system."""
    return {
        "@context": OTHERS_CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-06-08T18:12:00Z",
        "epcisBody": {"eventList": list(events)},
        **more,
    }


def answer(*events: dict[str, Any]) -> dict[str, Any]:
    """An EPCISQueryDocument of another system."""
    results = {"eventList": list(events)}
    return {
        "@context": OTHERS_CONTEXT,
        "type": "EPCISQueryDocument",
        "epcisBody": {"queryResults": {"queryName": "SimpleEventQuery", "resultsBody": results}},
    }
