"""What gateway/llrp/reports.py must say of a body, by way of the generic codec; and bodies for it and the bench."""

from collections.abc import Iterable
from random import Random
from typing import Any

from edge.errors import Malformed
from gateway.llrp import codec
from gateway.llrp.layout import Bits, Value
from gateway.llrp.message import Message, Parameter
from gateway.llrp.reports import RO_ACCESS_REPORT, Custom, OpResult, TagReport
from gateway.llrp.rows import PARAMETER_BY_NAME
from tests.llrp_messages import UTC_US, par

PLAIN = {
    "EPC_96": ("epc", "EPC"),
    "C1G2_PC": ("pc", "PC_Bits"),
    "C1G2_CRC": ("crc", "CRC"),
    "AntennaID": ("antenna", "AntennaID"),
    "PeakRSSI": ("rssi_dbm", "PeakRSSI"),
    "ChannelIndex": ("channel", "ChannelIndex"),
    "FirstSeenTimestampUTC": ("first_seen_us", "Microseconds"),
    "FirstSeenTimestampUptime": ("first_seen_us", "Microseconds"),
    "LastSeenTimestampUTC": ("last_seen_us", "Microseconds"),
    "LastSeenTimestampUptime": ("last_seen_us", "Microseconds"),
    "TagSeenCount": ("count", "TagCount"),
    "ROSpecID": ("rospec_id", "ROSpecID"),
    "AccessSpecID": ("access_spec_id", "AccessSpecID"),
}


def by_the_codec(body: bytes) -> list[TagReport]:
    """The same by the generic codec. Malformed where that refuses it, and where a report has no EPC."""
    message = codec.decode_body(RO_ACCESS_REPORT, 0, 1, body)
    return [_report(each) for each in message.all("TagReportData")]


def body_of(reports: Iterable[Parameter]) -> bytes:
    return codec.encode(Message("RO_ACCESS_REPORT", *reports))[codec.HEAD :]


def usual(count: int, read_bytes: int = 0, seed: int = 1) -> bytes:
    """The body that most readers send: EPC-96, ROSpec, antenna, RSSI, first and last seen, count; and a read result."""
    random = Random(seed)
    reports = []
    for number in range(count):
        inner = [
            par("EPC_96", EPC=random.randbytes(12)),
            par("ROSpecID", ROSpecID=1),
            par("AntennaID", AntennaID=1 + number % 4),
            par("PeakRSSI", PeakRSSI=-random.randrange(30, 80)),
            par("FirstSeenTimestampUTC", Microseconds=UTC_US + number),
            par("LastSeenTimestampUTC", Microseconds=UTC_US + 2 * number),
            par("TagSeenCount", TagCount=1 + number),
        ]
        if read_bytes:
            data = random.randbytes(read_bytes)
            inner.append(par("C1G2ReadOpSpecResult", OpSpecID=1, ReadData=data))
        reports.append(par("TagReportData", *inner))
    return body_of(reports)


def _report(parameter: Parameter) -> TagReport:
    found: dict[str, Any] = {}
    results: list[OpResult] = []
    custom: list[Custom] = []
    for each in parameter.parameters:
        if each.name in PLAIN:
            field, value = PLAIN[each.name]
            found[field] = each.fields[value]
        elif each.name == "EPCData":
            found["epc"] = each.bits("EPC").data
        elif each.name.endswith("OpSpecResult") and each.name.startswith("C1G2"):
            results.append(_result(each))
        elif PARAMETER_BY_NAME[each.name].type == 1023:
            custom.append(_custom(each))
    if "epc" not in found:
        raise Malformed("no EPC")
    return TagReport(**found, results=tuple(results), custom=tuple(custom))


def _result(each: Parameter) -> OpResult:
    fields = dict(each.fields)
    result, id = fields.pop("Result"), fields.pop("OpSpecID")
    assert isinstance(result, int) and isinstance(id, int)
    data, words = b"", 0
    for value in fields.values():
        data, words = (value, 0) if isinstance(value, bytes) else (b"", _int(value))
    kind = each.name.removeprefix("C1G2").removesuffix("OpSpecResult")
    return OpResult(kind, id, result, data, words)


def _custom(each: Parameter) -> Custom:
    row = PARAMETER_BY_NAME[each.name]
    if not row.vendor:
        ids = each.number("VendorIdentifier"), each.number("ParameterSubtype")
        return Custom(*ids, each.data("Data"))
    whole = body_of([each])
    return Custom(row.vendor, row.subtype, whole[12:])


def _int(value: Value) -> int:
    assert isinstance(value, int) and not isinstance(value, Bits)
    return value
