"""Messages and parameters. Golden bytes: a report recorded by EdgeX, others by hand from "Binary Encoding for LLRP"."""

from collections.abc import Callable

import pytest

from edge.errors import Malformed, Truncated
from gateway.llrp import codec
from gateway.llrp.codec import decode, decode_body, encode, status
from gateway.llrp.layout import Bits
from gateway.llrp.message import Element, Message, Parameter
from tests.llrp_messages import MESSAGES, refused
from tests.llrp_messages import status as ok

REPORT = bytes.fromhex(  # ROAccessReport-001 of EdgeX, with a head
    "043d00000029 00000001 00f0001f 8d3000abcdef00000000000003 810001 86d0 820005a9e4bef862e0"
)
DELETE = bytes.fromhex("0415 0000000e 0000002a 00000007")


def heads_of(message: Element) -> list[str]:
    return [each.name for each in message.parameters]


def body(*hexes: str) -> bytes:
    return bytes.fromhex("".join(hexes).replace(" ", ""))


def test_a_message_is_encoded_to_its_bytes() -> None:
    assert encode(Message("DELETE_ROSPEC", ROSpecID=7, id=42)) == DELETE
    assert encode(Message("KEEPALIVE_ACK", id=1, version=2)).hex() == "08480000000a00000001"


def test_a_message_is_decoded_from_its_bytes() -> None:
    message = decode(DELETE)
    assert (message.name, message.type, message.id, message.version) == ("DELETE_ROSPEC", 21, 42, 1)
    assert message.number("ROSpecID") == 7


def test_a_recorded_report_is_decoded() -> None:
    report = decode(REPORT)["TagReportData"]
    assert report["EPC_96"].data("EPC").hex() == "3000abcdef00000000000003"
    assert report["PeakRSSI"].number("PeakRSSI") == -48
    assert report["FirstSeenTimestampUTC"].number("Microseconds") == 1594174805140192
    assert report.get("LastSeenTimestampUTC") is None


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: each.name)
def test_every_message_comes_back_as_it_went(message: Message) -> None:
    data = encode(message)
    assert decode(data) == message
    assert encode(decode(data)) == data


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: each.name)
def test_a_message_cut_anywhere_is_refused(message: Message) -> None:
    data = encode(message)
    for end in range(len(data)):
        with pytest.raises(Malformed):
            decode(data[:end])


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: each.name)
def test_a_body_cut_anywhere_is_refused_or_is_another_message(message: Message) -> None:
    whole = encode(message)[10:]
    for end in range(len(whole)):
        try:
            found = decode_body(message.type, 1, 1, whole[:end])
        except Malformed as why:
            assert str(why).startswith((message.name, "CUSTOM_MESSAGE"))
        else:
            assert encode(found)[10:] == whole[:end]


def test_trailing_bytes_are_refused() -> None:
    with pytest.raises(Malformed, match="DELETE_ROSPEC: 14 bytes by its head, not 15"):
        decode(DELETE + b"\0")
    with pytest.raises(Malformed, match="DELETE_ROSPEC: 1 bytes too long"):
        decode_body(21, 1, 1, bytes(5))


def test_parameters_stay_in_the_order_received() -> None:
    data = body("00f0 0016 86d0 810001 8d") + bytes(12)
    report = decode_body(61, 1, 1, data)["TagReportData"]
    assert heads_of(report) == ["PeakRSSI", "AntennaID", "EPC_96"]
    assert encode(decode_body(61, 1, 1, data))[10:] == data


def test_a_parameter_may_be_repeated_and_all_of_them_are_found() -> None:
    data = body("00f0 000a 86d0 86d1 86d2")
    report = decode_body(61, 1, 1, data)["TagReportData"]
    assert [each.number("PeakRSSI") for each in report.all("PeakRSSI")] == [-48, -47, -46]
    assert encode(decode_body(61, 1, 1, data))[10:] == data


def test_an_unknown_parameter_is_carried_untouched() -> None:
    data = body("03e7 0007 010203", "00f0 0006 86d0")
    message = decode_body(61, 1, 1, data)
    [unknown] = message.all("Unknown")
    assert (unknown.number("Type"), unknown.data("Data")) == (999, b"\1\2\3")
    assert encode(message)[10:] == data


def test_an_unknown_vendors_parameter_is_carried_untouched() -> None:
    data = body("03ff 000e 00001234 00000007 abcd")
    message = decode_body(61, 1, 1, data)
    custom = message["Custom"]
    assert (custom.number("VendorIdentifier"), custom.number("ParameterSubtype")) == (0x1234, 7)
    assert custom.data("Data") == b"\xab\xcd"
    assert encode(message)[10:] == data


def test_an_unknown_message_is_carried_untouched() -> None:
    data = bytes.fromhex("07bb0000000c00000009abcd")
    message = decode(data)
    assert (message.name, message.type, message.data("Data")) == (
        "UNKNOWN_MESSAGE",
        955,
        b"\xab\xcd",
    )
    assert encode(message) == data


def test_a_vendors_message_is_known_by_vendor_and_subtype() -> None:
    assert decode_body(1023, 1, 1, body("0000651a 15 00000000")).name == "IMPINJ_ENABLE_EXTENSIONS"
    assert decode_body(1023, 1, 1, body("0000651a ff 00")).name == "CUSTOM_MESSAGE"


def test_a_vendors_parameter_that_does_not_fit_its_row_is_carried_untouched() -> None:
    data = body("03ff 000d 0000651a 00000017 00")  # ImpinjInventorySearchMode of one byte
    message = decode_body(61, 1, 1, data)
    assert heads_of(message) == ["Custom"]
    assert encode(message)[10:] == data


def test_a_vendors_parameter_with_bits_that_its_row_does_not_know_is_carried_untouched() -> None:
    data = body("03ff 0010 000000a1 000002c4 10000001")  # MotoTagReportContentSelector
    message = decode_body(61, 1, 1, data)
    assert heads_of(message) == ["Custom"]
    assert encode(message)[10:] == data


def test_an_unknown_tv_parameter_ends_it_for_its_length_is_unknown() -> None:
    with pytest.raises(Malformed, match="RO_ACCESS_REPORT: TagReportData at 10: TV .* 99 at 14"):
        decode_body(61, 1, 1, body("00f0 0006 e300"))


def test_reserved_bits_are_ignored_and_sent_as_zero() -> None:
    message = decode_body(3, 1, 1, b"\xff")
    assert message.flag("ResetToFactoryDefault") is True
    assert encode(message)[10:] == b"\x80"


def test_bit_arrays_keep_their_length_in_bits() -> None:
    epc = decode_body(61, 1, 1, body("00f0 000c 00f1 0008 000d fff8"))["TagReportData"]["EPCData"]
    assert epc.bits("EPC") == Bits(13, b"\xff\xf8")
    assert Parameter("EPCData", EPC=b"\xff\xf8").bits("EPC") == Bits(16, b"\xff\xf8")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("00f0 0003", "TagReportData at 10: a length of 3"),
        ("00f0 0000 0000", "TagReportData at 10: a length of 0"),
        ("00f0 0010 86d0", "TagReportData at 10: 16 bytes long, 6 are left"),
        ("00f0 ffff", "TagReportData at 10: 65535 bytes long, 4 are left"),
        ("00f0 00", "3 bytes at 10 are no parameter"),
        ("00f0 0005 86", "TagReportData at 10: PeakRSSI at 14: 0 bytes are left for PeakRSSI"),
        ("00f0 0008 00f1 0008", "TagReportData at 10: EPCData at 14: 8 bytes long, 4 are left"),
        (
            "00f0 000a 00f1 0006 0008",
            "TagReportData at 10: EPCData at 14: EPC of 1 bytes, 0 are left",
        ),
        ("00f0 000b 00f1 0007 0000 ff", "TagReportData at 10: EPCData at 14: 1 bytes too long"),
        ("03ff 0008 0000 0000", "Custom at 10: 4 bytes are left for VendorIdentifier, Param"),
        ("03e7 0003 00", "parameter of type 999 at 10: a length of 3"),
    ],
)
def test_a_wrong_length_is_refused_with_its_place(data: str, text: str) -> None:
    with pytest.raises(Malformed, match=f"^RO_ACCESS_REPORT: {text}"):
        decode_body(61, 1, 1, body(data))


def test_what_ends_too_early_is_truncated() -> None:
    with pytest.raises(Truncated):
        decode_body(61, 1, 1, body("00f0 0010 86d0"))
    with pytest.raises(Truncated):
        decode(DELETE[:9])


def test_a_text_that_is_no_utf8_is_refused() -> None:
    with pytest.raises(Malformed, match="LLRPStatus at 10: ErrorDescription is no UTF-8"):
        decode_body(100, 1, 1, body("011f 000a 0064 0002 c328"))


def test_nesting_has_a_ceiling() -> None:
    data = b""
    for _ in range(2000):
        data = body("0121") + (8 + len(data)).to_bytes(2) + bytes(4) + data
    with pytest.raises(Malformed, match="ERROR_MESSAGE.*nested more than 16 deep"):
        decode_body(100, 1, 1, data)


def test_the_number_of_parameters_has_a_ceiling() -> None:
    data = body("86d0") * (codec.MOST_PARAMETERS + 1)
    assert len(decode_body(61, 1, 1, data[2:]).parameters) == codec.MOST_PARAMETERS
    with pytest.raises(Malformed, match="RO_ACCESS_REPORT: more than 65536 parameters"):
        decode_body(61, 1, 1, data)


def test_a_parameter_that_is_missing_from_a_message_is_the_peers_fault() -> None:
    with pytest.raises(Malformed, match="READER_EVENT_NOTIFICATION has no ReaderEventNotif"):
        decode_body(63, 1, 1, b"")["ReaderEventNotificationData"]


def test_parameters_are_put_in_the_standards_order() -> None:
    boundary = Parameter(
        "ROBoundarySpec", Parameter("ROSpecStopTrigger"), Parameter("ROSpecStartTrigger")
    )
    assert [each.name for each in boundary.parameters] == [
        "ROSpecStartTrigger",
        "ROSpecStopTrigger",
    ]


def test_a_vendors_parameter_stands_where_a_custom_may() -> None:
    mode = Parameter("ImpinjInventorySearchMode", InventorySearchMode=1)
    assert Parameter("C1G2InventoryCommand", mode)["ImpinjInventorySearchMode"] == mode


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (lambda: Parameter("ROSpek"), "no parameter 'ROSpek'"),
        (lambda: Message("ADD_ROSPEK"), "no message 'ADD_ROSPEK'"),
        (lambda: Parameter("ROSpec"), "ROSpec takes a ROBoundarySpec"),
        (lambda: Parameter("C1G2Read", Bank=1), "C1G2Read: no field 'Bank': known are OpSpecID,"),
        (lambda: Message("GET_ROSPECS", ok()), "GET_ROSPECS takes no LLRPStatus"),
        (
            lambda: Message("ADD_ROSPEC_RESPONSE", ok(), ok()),
            "ADD_ROSPEC_RESPONSE takes no second LLRPStatus",
        ),
        (
            lambda: encode(Message("DELETE_ROSPEC", ROSpecID=1 << 32)),
            "DELETE_ROSPEC: one of ROSpecID is out of range",
        ),
        (
            lambda: encode(Message("GET_READER_CAPABILITIES", RequestedData="all")),
            "GET_READER_CAPABILITIES: RequestedData does not take 'all'",
        ),
        (lambda: encode(Message("GET_ROSPECS", id=1 << 32)), "GET_ROSPECS: no id 4294967296"),
        (lambda: encode(Message("GET_ROSPECS", version=8)), "GET_ROSPECS: .* no version 8"),
        (lambda: of_write(MB=4), "C1G2Write: MB does not take 4"),
        (lambda: of_write(WriteData=b"abc"), "C1G2Write: WriteData .words. does not take b'abc'"),
        (lambda: of_write(AccessPassword="secret"), "C1G2Write: AccessPassword does not take that"),
        (lambda: of_write(WriteData=bytes(131072)), "C1G2Write: WriteData is too long"),
        (lambda: of_write(WriteData=bytes(131070)), "C1G2Write: 131081 bytes are too many"),
    ],
)
def test_a_wrong_message_of_ours_is_a_value_error(made: Callable[[], object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        made()


def of_write(**fields: int | str | bytes) -> bytes:
    tag = Parameter("C1G2TagSpec", Parameter("C1G2TargetTag"))
    command = Parameter("AccessCommand", tag, Parameter("C1G2Write", **fields))
    spec = Parameter("AccessSpec", Parameter("AccessSpecStopTrigger"), command)
    return encode(Message("ADD_ACCESSSPEC", spec))


def test_no_password_is_shown() -> None:
    shown = repr(MESSAGES)
    for secret in (0xCAFEF00D, 0xDEADBEEF):
        assert str(secret) not in shown
        assert f"{secret:x}" not in shown
    assert shown.count("Password=***") > 10


def test_what_is_written_to_the_reserved_bank_is_not_shown() -> None:
    for name in ("C1G2Write", "C1G2BlockWrite"):
        assert "beef" not in repr(Parameter(name, MB=0, WriteData=b"\xbe\xef"))
        assert "beef" in repr(Parameter(name, MB=3, WriteData=b"\xbe\xef"))


def test_what_is_not_understood_is_not_shown_for_it_may_be_a_password() -> None:
    custom = Parameter("Custom", VendorIdentifier=1, ParameterSubtype=2, Data=b"\xbe\xef")
    assert repr(custom) == "Custom(VendorIdentifier=1, ParameterSubtype=2, Data=<2 bytes>)"


def test_a_message_cannot_be_changed() -> None:
    message = decode(DELETE)
    with pytest.raises(AttributeError):
        message.id = 3  # type: ignore[misc]
    with pytest.raises(TypeError):
        message.fields["ROSpecID"] = 3  # type: ignore[index]


def test_the_status_of_a_response_is_a_code_its_name_and_what_is_said() -> None:
    assert status(Message("ADD_ROSPEC_RESPONSE", ok())) == (0, "M_Success", "")
    said = status(Message("ERROR_MESSAGE", refused()))
    assert (said.code, said.name) == (100, "M_ParameterError")
    assert said.description == (
        "no such antenna; field 2: A_Invalid; ROSpec: P_FieldError, field 1: A_OutOfRange"
    )


def test_a_message_without_a_status_has_none() -> None:
    with pytest.raises(Malformed, match="ADD_ROSPEC_RESPONSE has no LLRPStatus"):
        status(decode_body(30, 1, 1, b""))
