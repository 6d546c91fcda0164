"""The strict codec where text decoders are lenient, dicts have no order and True is no int."""

from expect import raises

from edge import cbor
from edge.cbor import Tag
from edge.errors import Malformed, Truncated

# RFC 8949, Appendix A; the whole list stands in tests/edge/test_cbor.py.
EXAMPLES = (
    ("1818", 24),
    ("1903e8", 1000),
    ("1a000f4240", 1000000),
    ("1b000000e8d4a51000", 1000000000000),
    ("1bffffffffffffffff", 18446744073709551615),
    ("3bffffffffffffffff", -18446744073709551616),
    ("3903e7", -1000),
    ("f4", False),
    ("f6", None),
    ("c11a514b67b0", Tag(1, 1363896240)),
    ("63e6b0b4", "\u6c34"),
    ("64f0908591", "\U00010151"),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
)


def test_the_examples_of_rfc_8949_decode_and_encode_to_the_byte():
    for text, value in EXAMPLES:
        data = bytes.fromhex(text)
        assert cbor.decode(data) == value, text
        assert cbor.encode(value) == data, text


def test_booleans_stay_booleans():
    for value in (True, False, 1, 0):
        assert type(cbor.decode(cbor.encode(value))) is type(value)
    raises(ValueError, cbor.encode, {True: 0})


def test_keys_are_sorted_whatever_order_a_dict_has():
    many = {}
    for key in (300, -1, 24, 5, 23, 0, 70000):
        many[key] = key
    many["a"] = 1
    many[b"z"] = 2
    data = cbor.encode(many)
    assert data.hex() == (
        "a900000505171718181818"
        + "19012c19012c"
        + "1a000111701a00011170"
        + "2020"
        + "417a02"
        + "616101"
    )
    assert cbor.decode(data) == many


NOT_DETERMINISTIC = """
    1817 190017 1a00000018 1b0000000000000018 3817 580100 a2010000 a20001 f7 f90000 f97e00
    fb3ff199999999999a 9fff bf00ff 5f41ff 1c ff f820 0000 a1f500 a18000 a201000100
"""


def test_what_the_encoder_would_not_produce_is_refused():
    for text in NOT_DETERMINISTIC.split():
        raises(Malformed, cbor.decode, bytes.fromhex(text))


def test_text_is_checked_where_the_platform_does_not():
    for text in (
        "c080",
        "e08080",
        "f0808080",
        "eda080",
        "edbfbf",
        "f4908080",
        "c328",
        "c3",
        "ff",
        "80",
    ):
        raw = bytes.fromhex(text)
        assert not cbor.is_utf8(raw), text
        raises(Malformed, cbor.decode, bytes((0x60 + len(raw),)) + raw)
    for good in ("", "abc", "\u00fc\u6c34\U00010151", "\ud7ff\ue000\uffff"):
        assert cbor.decode(cbor.encode(good)) == good


def test_every_cut_is_truncated():
    data = cbor.encode({0: 1, 1: [0, 9520123456788, "SN-1"], 3: bytes(32), 4: 1795000000, 300: -5})
    for end in range(len(data)):
        raises(Truncated, cbor.decode, data[:end])
    raises(Malformed, cbor.decode, data + b"\x00")


def test_lengths_and_levels_are_capped_before_memory_is_taken():
    for head in ("5a7fffffff", "7bffffffffffffffff", "9a7fffffff", "bbffffffffffffffff"):
        raises(Truncated, cbor.decode, bytes.fromhex(head) + bytes(20))
    for opener in (b"\x81", b"\xa1\x00", b"\xd2"):
        assert cbor.encode(cbor.decode(opener * 8 + b"\x00")) == opener * 8 + b"\x00"
        raises(Malformed, cbor.decode, opener * 9 + b"\x00")
    raises(Malformed, cbor.decode, bytes(5000))


def test_noise_is_malformed_and_nothing_else():
    state = 1
    accepted = 0
    for _ in range(3000):
        noise = bytearray()
        for _ in range(12):
            state = state * 1103515245 + 12345 & 0x7FFFFFFF
            noise.append(state >> 16 & 0xFF)
        data = bytes(noise)[: 1 + state % 12]
        try:
            value = cbor.decode(data)
        except Malformed:
            continue
        accepted += 1
        assert cbor.encode(value) == data
    assert accepted > 20
