"""LLRP's bytes: golden ones written by hand and recorded, and what a client must not send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from witness import vectors

from hwsim.llrp_bytes import (
    LONGEST,
    Bits,
    Frame,
    Frames,
    Malformed,
    Node,
    body_of,
    encode,
    make,
    message,
    message_body,
    parameters,
)
from hwsim.llrp_status import status_of

KEEPALIVE = bytes.fromhex("043e 0000000a 00000001")
# LLRP 1.0.1, "Binary encoding": ENABLE_ROSPEC of ROSpec 5, id 2
ENABLE_ROSPEC = bytes.fromhex("0418 0000000e 00000002 00000005")
GOLDEN = [
    ("8d 3005fb63ac1f3681ec880468", make("EPC-96", EPC=0x3005FB63AC1F3681EC880468)),
    ("86 d0", make("PeakRSSI", PeakRSSI=0xD0)),
    ("00f1 0008 0010 abcd", make("EPCData", EPC=Bits(16, b"\xab\xcd"))),
    (
        "00dc 0009 01 00002710",
        make("KeepaliveSpec", KeepaliveTriggerType=1, PeriodicTriggerValue=10000),
    ),
    (
        "0153 000d 60 0020 0008 ff 0008 30",
        make(
            "C1G2TargetTag",
            MB=1,
            Match=1,
            Pointer=32,
            TagMask=Bits(8, b"\xff"),
            TagData=Bits(8, b"\x30"),
        ),
    ),
    (
        "0155 000f 0001 00000000 c0 0002 0004",
        make("C1G2Read", OpSpecID=1, MB=3, WordPointer=2, WordCount=4),
    ),
    (
        "015b 0011 0002 00000000 c0 0001 0001 1234",
        make("C1G2BlockWrite", OpSpecID=2, MB=3, WordPointer=1, WriteData=b"\x12\x34"),
    ),
]


@pytest.mark.parametrize(("raw", "node"), GOLDEN)
def test_parameters_have_the_bytes_of_the_standard(raw: str, node: Node) -> None:
    assert encode(node) == bytes.fromhex(raw)


def test_messages_come_whole_byte_by_byte_and_with_what_follows() -> None:
    expected = [Frame(1, 62, 1, b""), Frame(1, 24, 2, bytes.fromhex("00000005"))]
    assert list(Frames().receive(KEEPALIVE + ENABLE_ROSPEC)) == expected
    frames = Frames()
    found = [each for byte in KEEPALIVE + ENABLE_ROSPEC for each in frames.receive(bytes((byte,)))]
    assert found == expected
    assert list(Frames().receive(KEEPALIVE + ENABLE_ROSPEC[:-1])) == expected[:1]


@pytest.mark.parametrize("length", [0, 9, LONGEST + 1, 0xFFFFFFFF])
def test_a_length_that_cannot_be_is_malformed(length: int) -> None:
    with pytest.raises(Malformed):
        list(Frames().receive(b"\x04\x3e" + length.to_bytes(4, "big") + bytes(4)))


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("GetReaderCapabilitiesResponse-000", 11),
        ("GetReaderConfigResponse-000", 12),
        ("GetROSpecsResponse-000", 36),
        ("ReaderEventNotification-000", 63),
        ("roAccessReports/ROAccessReport-001", 61),
    ],
)
def test_what_a_real_reader_sent_comes_back_byte_for_byte(name: str, type: int) -> None:
    body = (vectors("llrp") / f"{name}.bytes").read_bytes()
    assert body_of(message_body(Frame(1, type, 0, body))) == body


def test_a_message_cut_anywhere_is_malformed() -> None:
    spec = make("AccessSpecStopTrigger", AccessSpecStopTrigger=1, OperationCountValue=1)
    tag = make(
        "C1G2TagSpec", make("C1G2TargetTag", TagMask=Bits(8, b"\xff"), TagData=Bits(8, b"\1"))
    )
    command = make("AccessCommand", tag, make("C1G2Read", WordCount=1))
    body = encode(make("AccessSpec", spec, command, AccessSpecID=1))
    message_body(Frame(1, 40, 1, body))
    for end in range(len(body)):
        with pytest.raises(Malformed):
            message_body(Frame(1, 40, 1, body[:end]))


@given(st.binary(max_size=200), st.sampled_from([1, 2, 3, 20, 24, 40, 46, 60, 72, 1023]))
def test_any_body_is_read_or_malformed(body: bytes, type: int) -> None:
    try:
        message_body(Frame(1, type, 1, body))
    except Malformed:
        pass


def test_a_negative_rssi_is_negative() -> None:
    (node,) = parameters(bytes.fromhex("86 d0"))
    assert node.number("PeakRSSI") == -48


def refusal(body: bytes, type: int) -> Node:
    with pytest.raises(Malformed) as wrong:
        message_body(Frame(1, type, 1, body))
    return status_of(wrong.value)


def test_a_missing_parameter_is_named() -> None:
    status = refusal(b"", 20)
    assert status.number("StatusCode") == 103
    assert "ROSpec" in str(status.fields["ErrorDescription"])


def test_a_wrong_parameter_in_another_is_named_with_its_way() -> None:
    status = refusal(encode(make("ROSpec", ROSpecID=1)), 20)
    outer = status.one("ParameterError")
    inner = outer.one("ParameterError")
    assert status.number("StatusCode") == 100
    assert (outer.number("ParameterType"), outer.number("ErrorCode")) == (177, 200)
    assert (inner.number("ParameterType"), inner.number("ErrorCode")) == (178, 203)


def test_an_unknown_and_a_foreign_parameter_are_refused() -> None:
    unknown = refusal(bytes(7) + bytes.fromhex("03f0 0004"), 2)
    assert unknown.one("ParameterError").number("ErrorCode") == 207
    foreign = refusal(bytes(7) + encode(make("LLRPStatus")), 2)
    assert foreign.number("StatusCode") == 102


def test_a_parameter_that_runs_past_its_end_is_refused() -> None:
    status = refusal(bytes(7) + bytes.fromhex("03ff 00ff 0000"), 2)
    assert status.one("ParameterError").number("ErrorCode") == 205


def test_a_header_is_ten_bytes() -> None:
    assert message(62, 1) == KEEPALIVE
    assert message(62, 1, version=2)[:2] == bytes.fromhex("083e")
