"""NDEF messages, against the NFC Forum's examples; ndeflib is the witness in tests/witness."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import ndef
from edge.errors import Malformed, Truncated
from edge.ndef import Record

# URI RTD 1.0, table 4 "Example" (http://www.nfc.com) and appendix A.2 (tel:+35891234567)
NFC_COM = bytes.fromhex("d1010855016e66632e636f6d")
PHONE = bytes.fromhex("d1010d55052b3335383931323334353637")
TWO = bytes.fromhex("91010255046151010354026465")  # a URI record and a text record, short

records = st.builds(
    Record,
    st.sampled_from((ndef.WELL_KNOWN, ndef.MIME, ndef.ABSOLUTE_URI, ndef.EXTERNAL)),
    st.binary(min_size=1, max_size=20),
    st.binary(max_size=8),
    st.binary(max_size=300),
)


@pytest.mark.parametrize(
    ("message", "uri"), [(NFC_COM, "http://www.nfc.com"), (PHONE, "tel:+35891234567")]
)
def test_the_uri_rtds_examples_read_and_write(message: bytes, uri: str) -> None:
    (record,) = ndef.decode(message)
    assert ndef.uri_of(record) == uri
    assert ndef.encode([ndef.uri_record(uri)]) == message


def test_the_longest_abbreviation_is_written() -> None:
    assert ndef.uri_record("https://www.example.com").payload == b"\x02example.com"
    assert ndef.uri_record("https://example.com").payload == b"\x04example.com"
    assert ndef.uri_record("urn:epc:id:sgtin:1").payload == b"\x1esgtin:1"
    assert ndef.uri_record("ftp://ftp.example.com").payload == b"\x08example.com"
    assert ndef.uri_record("ni:///sha-256;x").payload == b"\x00ni:///sha-256;x"


@pytest.mark.parametrize("code", range(36))
def test_every_abbreviation_reads(code: int) -> None:
    uri = ndef.uri_of(Record(ndef.WELL_KNOWN, b"U", b"", bytes((code,)) + b"x"))
    assert uri is not None and uri.endswith("x")


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x24x", b"\xffx", b"\x04\xff", b"\x04a\x00", b"\x04\xed\xa0\x80", b"\x04\xc0\x80"],
)
def test_a_uri_that_breaks_its_rtd_is_malformed(payload: bytes) -> None:
    with pytest.raises(Malformed):
        ndef.uri_of(Record(ndef.WELL_KNOWN, b"U", b"", payload))


def test_other_records_have_no_uri() -> None:
    assert ndef.uri_of(Record(ndef.WELL_KNOWN, b"T", b"", b"\x02dex")) is None
    assert ndef.uri_of(Record(ndef.EXTERNAL, b"U", b"", b"\x04x")) is None


def test_a_record_of_256_bytes_is_long() -> None:
    assert ndef.encode([Record(ndef.EXTERNAL, b"a:b", b"", bytes(255))])[:3] == b"\xd4\x03\xff"
    assert ndef.encode([Record(ndef.EXTERNAL, b"a:b", b"", bytes(256))])[:6] == bytes.fromhex(
        "c40300000100"
    )


def test_the_first_record_is_given_as_it_stands() -> None:
    assert ndef.first_record_bytes(TWO) == TWO[:6]
    assert ndef.first_record_bytes(TWO[:6]) == TWO[:6]


@pytest.mark.parametrize(
    "message",
    [
        "51010255046151010354026465",  # no MB on the first
        "91010255046191010354026465",  # MB on the second
        "d1010255046151010354026465",  # ME on the first
        "b101025504615601000000",  # a chunk
        "f101025504",  # a lone first chunk
        "d6000161",  # TNF 6 outside of chunks
        "d7010155",  # TNF 7
        "d0010055",  # an empty record with a type
        "d0000161",  # an empty record with a payload
        "d8000001",  # an empty record with an id
        "d1000161",  # well-known without a type
        "d5010155",  # unknown with a type
        "d10102550461ff",  # bytes after the message
    ],
)
def test_what_breaks_the_record_rules_is_malformed(message: str) -> None:
    with pytest.raises(Malformed):
        ndef.decode(bytes.fromhex(message))


@pytest.mark.parametrize(
    "message", [NFC_COM, PHONE, TWO, bytes.fromhex("c40300000003613a62010203")]
)
def test_a_cut_at_any_offset_is_truncated(message: bytes) -> None:
    ndef.decode(message)
    for cut in range(len(message)):
        with pytest.raises(Truncated):
            ndef.decode(message[:cut])


@pytest.mark.parametrize("message", [NFC_COM, TWO])
def test_trailing_bytes_are_malformed(message: bytes) -> None:
    with pytest.raises(Malformed):
        ndef.decode(message + b"\x00")


def test_a_length_of_4_gib_takes_no_memory() -> None:
    with pytest.raises(Truncated):
        ndef.decode(bytes.fromhex("c101ffffffff55") + bytes(40))


def test_a_message_has_at_most_32_records() -> None:
    record = Record(ndef.WELL_KNOWN, b"T", b"", b"")
    assert len(ndef.decode(ndef.encode([record] * 32))) == 32
    with pytest.raises(Malformed):
        ndef.decode(ndef.encode([record] * 33))


def test_a_message_without_a_record_is_our_bug() -> None:
    with pytest.raises(ValueError):
        ndef.encode([])


def test_headers_tell_where_records_stand_before_the_payload_is_read() -> None:
    spans = list(ndef.spans(TWO[:10], len(TWO)))
    assert [(span.start, span.payload_at, span.end, span.last) for span in spans] == [
        (0, 4, 6, False),
        (6, 10, 13, True),
    ]


@given(st.lists(records, min_size=1, max_size=5))
def test_messages_read_back(message: list[Record]) -> None:
    assert ndef.decode(ndef.encode(message)) == message


@given(st.binary(max_size=80))
def test_any_bytes_are_a_message_or_malformed(message: bytes) -> None:
    try:
        found = ndef.decode(message)
    except Malformed:
        return
    assert found
    for record in found:
        try:
            ndef.uri_of(record)
        except Malformed:
            continue


@given(st.text(max_size=60))
def test_any_text_is_a_uri_or_malformed(text: str) -> None:
    try:
        record = ndef.uri_record(text)
    except UnicodeEncodeError:
        return
    try:
        assert ndef.uri_of(record) == text
    except Malformed:
        assert any(ord(letter) < 0x20 or ord(letter) == 0x7F for letter in text)
