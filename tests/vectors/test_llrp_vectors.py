"""Messages that a real reader sent (an Impinj R420), as bodies and as JSON: EdgeX device-rfid-llrp-go, testdata.

Its JSON has names of its own, holds a parameter of one field as that field's value, and a list of them as a list.
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from witness import vectors

from gateway.llrp import rows
from gateway.llrp.codec import decode_body, encode
from gateway.llrp.layout import Value
from gateway.llrp.message import Element, Parameter
from gateway.llrp.reports import reports

pytestmark = pytest.mark.witness

MESSAGES = {
    "CloseConnectionResponse-000": "CLOSE_CONNECTION_RESPONSE",
    "GetAccessSpecsResponse-000": "GET_ACCESSSPECS_RESPONSE",
    "GetROSpecsResponse-000": "GET_ROSPECS_RESPONSE",
    "GetReaderCapabilitiesResponse-000": "GET_READER_CAPABILITIES_RESPONSE",
    "GetReaderConfigResponse-000": "GET_READER_CONFIG_RESPONSE",
    "ReaderEventNotification-000": "READER_EVENT_NOTIFICATION",
    **{f"roAccessReports/ROAccessReport-00{n}": "RO_ACCESS_REPORT" for n in range(1, 10)},
}

# Theirs: ours, where they differ in more than a plural.
NAMES = {
    "Status": "StatusCode",
    "MaxSupportedAntennas": "MaxNumberOfAntennaSupported",
    "HasUTCClock": "HasUTCClockCapability",
    "DeviceManufacturer": "DeviceManufacturerName",
    "Model": "ModelName",
    "FirmwareVersion": "ReaderFirmwareVersion",
    "ReceiveSensitivities": "ReceiveSensitivityTableEntry",
    "ReceiveSensitivity": "ReceiveSensitivityValue",
    "AirProtocolIDs": "ProtocolID",
    "SupportsEventsAndReportHolding": "SupportsEventAndReportHolding",
    "MaxPriorityLevelSupported": "MaxNumPriorityLevelsSupported",
    "ClientRequestedOpSpecTimeout": "ClientRequestOpSpecTimeout",
    "MaxROSpecs": "MaxNumROSpecs",
    "MaxSpecsPerROSpec": "MaxNumSpecsPerROSpec",
    "MaxInventoryParameterSpecsPerAISpec": "MaxNumInventoryParameterSpecsPerAISpec",
    "MaxAccessSpecs": "MaxNumAccessSpecs",
    "MaxOpSpecsPerAccessSpec": "MaxNumOpSpecsPerAccessSpec",
    "TransmitPowerLevels": "TransmitPowerLevelTableEntry",
    "Frequencies": "Frequency",
    "C1G2RFModes": "UHFC1G2RFModeTable",
    "UHFC1G2RFModeTableEntries": "UHFC1G2RFModeTableEntry",
    "ModeID": "ModeIdentifier",
    "DivideRatio": "DRValue",
    "IsEPCHagConformant": "EPCHAGTCConformance",
    "Modulation": "MValue",
    "SpectralMask": "SpectralMaskIndicator",
    "BackscatterDataRate": "BDRValue",
    "PIERatio": "PIEValue",
    "MinTariTime": "MinTariValue",
    "MaxTariTime": "MaxTariValue",
    "StepTariTime": "StepTariValue",
    "SupportsBlockErase": "CanSupportBlockErase",
    "SupportsBlockWrite": "CanSupportBlockWrite",
    "SupportsBlockPermalock": "CanSupportBlockPermalock",
    "SupportsTagRecommissioning": "CanSupportTagRecommissioning",
    "SupportsUMIMethod2": "CanSupportUMIMethod2",
    "SupportsXPC": "CanSupportXPC",
    "MaxSelectFiltersPerQuery": "MaxNumSelectFiltersPerQuery",
    "TransmitPowerIndex": "TransmitPower",
    "RFControl": "C1G2RFControl",
    "RFModeID": "ModeIndex",
    "SingulationControl": "C1G2SingulationControl",
    "KeepAliveSpec": "KeepaliveSpec",
    "ReaderEventType": "EventType",
    "NotificationEnabled": "NotificationState",
    "EnableInventoryParamSpecID": "EnableInventoryParameterSpecID",
    "CRCEnabled": "EnableCRC",
    "PCBitsEnabled": "EnablePCBits",
    "XPCBitsEnabled": "EnableXPCBits",
    "Enabled": "Config",
    "Data": "GPOData",
    "EPC96": "EPC_96",
    "FirstSeenUTC": "FirstSeenTimestampUTC",
}
WITHIN = {  # theirs: ours, by the parameter
    "ROReportSpec": {"Trigger": "ROReportTrigger"},
    "KeepaliveSpec": {"Trigger": "KeepaliveTriggerType", "Interval": "PeriodicTriggerValue"},
    "GPIPortCurrentState": {"Port": "GPIPortNum"},
    "GPOWriteData": {"Port": "GPOPortNumber"},
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_recorded_message_has_the_values_of_its_json(name: str) -> None:
    message, _ = recorded(name)
    compare(message, json.loads(file(name, "json").read_text()))


@pytest.mark.parametrize("name", MESSAGES)
def test_a_recorded_message_is_encoded_to_its_bytes(name: str) -> None:
    message, body = recorded(name)
    assert encode(message)[10:] == body


@pytest.mark.parametrize("name", [each for each in MESSAGES if each.startswith("ro")])
def test_a_recorded_report_is_read_on_the_fast_path(name: str) -> None:
    [report] = reports(file(name, "bytes").read_bytes())
    [theirs] = json.loads(file(name, "json").read_text())["TagReportData"]
    assert report.epc == base64.b64decode(theirs["EPC96"]["EPC"])
    assert report.antenna == theirs["AntennaID"]
    assert report.rssi_dbm == theirs["PeakRSSI"]
    assert report.first_seen_us == theirs["FirstSeenUTC"]
    assert (report.last_seen_us, report.pc, report.results, report.custom) == (None, None, (), ())


def file(name: str, kind: str) -> Path:
    return vectors("llrp") / f"{name}.{kind}"


def recorded(name: str) -> tuple[Element, bytes]:
    body = file(name, "bytes").read_bytes()
    return decode_body(rows.MESSAGE_BY_NAME[MESSAGES[name]].type, 1, 1, body), body


def compare(ours: Element, theirs: dict[str, Any]) -> None:
    """Everything of theirs is ours, and everything of ours is theirs."""
    fields, parameters = dict(ours.fields), list(ours.parameters)
    for key, value in theirs.items():
        if is_absent(key, value):
            continue
        name = WITHIN.get(ours.name, {}).get(key) or NAMES.get(key, key)
        if name in fields:
            assert is_same(fields.pop(name), value), f"{ours.name}.{name}"
            continue
        found = named(parameters, name)
        for each, inner in zip(found, value if isinstance(value, list) else [value], strict=True):
            parameters.remove(each)
            compare(each, inner if isinstance(inner, dict) else {next(iter(each.fields)): inner})
    assert (fields, parameters) == ({}, []), ours.name


def named(parameters: list[Parameter], name: str) -> list[Parameter]:
    """Those of that name, which theirs may give as a plural."""
    names = {name, name.removesuffix("s"), name.removesuffix("ies") + "y"}
    return [each for each in parameters if each.name in names]


def is_absent(key: str, value: Any) -> bool:
    """What a message does not have is null there, its uptime 0, and its EPCData one of no bits."""
    return value in (None, {"EPCNumBits": 0, "EPC": None}) or (key, value) == ("Uptime", 0)


def is_same(ours: Value, theirs: Any) -> bool:
    if isinstance(ours, bytes):
        return ours == base64.b64decode(theirs)
    return ours == (tuple(theirs) if isinstance(theirs, list) else theirs)
