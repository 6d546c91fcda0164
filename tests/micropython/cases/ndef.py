"""Blocks and records on MicroPython; sources of the bytes in tests/edge/test_tlv.py and test_ndef.py."""

from expect import raises

from edge import ndef, tlv
from edge.errors import Malformed, Truncated

NTAG213 = bytes.fromhex("0103a00c340300fe")
NFC_COM = bytes.fromhex("d1010855016e66632e636f6d")
TWO = bytes.fromhex("91010255046151010354026465")


def test_a_delivered_ntag213_has_two_blocks():
    assert list(tlv.blocks(NTAG213)) == [(1, b"\xa0\x0c\x34"), (3, b"")]
    assert list(tlv.blocks(b"\x00\x03\xff\x01\x00" + bytes(256) + b"\xfe\x09")) == [(3, bytes(256))]
    for length in (0, 254, 255, 65534):
        head = tlv.header(tlv.NDEF, length)
        size = len(head) + length
        assert next(tlv.spans(head, size)) == (tlv.NDEF, 0, len(head), size)
    raises(Truncated, list, tlv.blocks(b"\x03\x05\xaa"))
    raises(Malformed, list, tlv.blocks(b"\x03\xff\xff\xff" + bytes(8)))


def test_the_uri_rtds_example_reads_and_writes():
    record = ndef.decode(NFC_COM)[0]
    assert ndef.uri_of(record) == "http://www.nfc.com"
    assert ndef.encode([ndef.uri_record("http://www.nfc.com")]) == NFC_COM
    assert ndef.uri_record("https://www.example.com").payload == b"\x02example.com"
    assert ndef.uri_record("https://example.com").payload == b"\x04example.com"


def test_a_uri_is_strict_utf8():
    good = "https://example.com/\u00e4\u6c34\U00010151"
    assert ndef.uri_of(ndef.uri_record(good)) == good
    for rest in (b"\xc0\x80", b"\xed\xa0\x80", b"\xff", b"\xe6\xb0", b"a\x00", b"\x7f"):
        raises(Malformed, ndef.uri_of, ndef.Record(1, b"U", b"", b"\x04" + rest))
    raises(Malformed, ndef.uri_of, ndef.Record(1, b"U", b"", b"\x24x"))


def test_messages_read_back_and_cuts_are_truncated():
    records = [
        ndef.Record(1, b"U", b"", b"\x04example.com"),
        ndef.Record(4, b"tagwright.org:p", b"id", bytes(300)),
        ndef.Record(5, b"", b"", b"x"),
    ]
    message = ndef.encode(records)
    assert ndef.decode(message) == records
    for cut in range(len(TWO)):
        raises(Truncated, ndef.decode, TWO[:cut])
    raises(Malformed, ndef.decode, TWO + b"\x00")
    assert ndef.first_record_bytes(TWO) == TWO[:6]


def test_what_breaks_the_record_rules_is_malformed():
    for text in (
        "51010255046151010354026465",
        "91010255046191010354026465",
        "f101025504",
        "d6000161",
        "d7010155",
        "d0000161",
        "d1000161",
        "d5010155",
    ):
        raises(Malformed, ndef.decode, bytes.fromhex(text))
