"""The strict codec against RFC 8949's own examples, cbor2, and bytes that no encoder made."""

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge import cbor
from edge.cbor import Tag
from edge.errors import Malformed, Truncated

# RFC 8949, Appendix A, in its order; what is no part of our subset stands in REFUSED.
EXAMPLES = [
    ("00", 0),
    ("01", 1),
    ("0a", 10),
    ("17", 23),
    ("1818", 24),
    ("1819", 25),
    ("1864", 100),
    ("1903e8", 1000),
    ("1a000f4240", 1000000),
    ("1b000000e8d4a51000", 1000000000000),
    ("1bffffffffffffffff", 18446744073709551615),
    ("c249010000000000000000", Tag(2, bytes.fromhex("010000000000000000"))),
    ("3bffffffffffffffff", -18446744073709551616),
    ("c349010000000000000000", Tag(3, bytes.fromhex("010000000000000000"))),
    ("20", -1),
    ("29", -10),
    ("3863", -100),
    ("3903e7", -1000),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("c074323031332d30332d32315432303a30343a30305a", Tag(0, "2013-03-21T20:04:00Z")),
    ("c11a514b67b0", Tag(1, 1363896240)),
    ("d74401020304", Tag(23, b"\x01\x02\x03\x04")),
    ("d818456449455446", Tag(24, b"dIETF")),
    (
        "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
        Tag(32, "http://www.example.com"),
    ),
    ("40", b""),
    ("4401020304", b"\x01\x02\x03\x04"),
    ("60", ""),
    ("6161", "a"),
    ("6449455446", "IETF"),
    ("62225c", '"\\'),
    ("62c3bc", "\u00fc"),
    ("63e6b0b4", "\u6c34"),
    ("64f0908591", "\U00010151"),
    ("80", []),
    ("83010203", [1, 2, 3]),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("98190102030405060708090a0b0c0d0e0f101112131415161718181819", list(range(1, 26))),
    ("a0", {}),
    ("a201020304", {1: 2, 3: 4}),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ("826161a161626163", ["a", {"b": "c"}]),
    (
        "a56161614161626142616361436164614461656145",
        {"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"},
    ),
]

# The rest of Appendix A: floats, undefined, other simple values, indefinite lengths.
REFUSED = """
    f90000 f98000 f93c00 fb3ff199999999999a f93e00 f97bff fa47c35000 fa7f7fffff fb7e37e43c8800759c
    f90001 f90400 f9c400 fbc010666666666666 f97c00 f97e00 f9fc00 fa7f800000 fa7fc00000 faff800000
    fb7ff0000000000000 fb7ff8000000000000 fbfff0000000000000 f7 f0 f8ff c1fb41d452d9e2000000
    5f42010243030405ff 7f657374726561646d696e67ff 9fff 9f018202039f0405ffff 9f01820203820405ff
    83018202039f0405ff 83019f0203ff820405
    9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff
    bf61610161629f0203ffff 826161bf61626163ff bf6346756ef563416d7421ff
"""

NOT_DETERMINISTIC = {
    "1700": "trailing byte",
    "1817": "23 in two bytes",
    "190018": "24 in three bytes",
    "1a0000ffff": "65535 in five bytes",
    "1b00000000ffffffff": "2^32 - 1 in nine bytes",
    "3817": "-24 in two bytes",
    "580100": "a short string with a long head",
    "9801f6": "a short array with a long head",
    "b80101f6": "a short map with a long head",
    "d81200": "tag 18 with a long head",
    "a2020001 00": "keys out of order",
    "a201000100": "one key twice",
    "a2200001 00": "a negative key before an unsigned one",
    "a26162006161 00": "text keys out of order",
    "a2616100616100": "one text key twice",
    "a2626161006162 00": "length-first order of RFC 7049 turned round: b after aa",
    "a220001864 00": "the order of RFC 7049",
    "a1190017 00": "a key of three bytes that needs one",
    "a1181700": "a key of two bytes that needs one",
    "a1001817": "a value of two bytes that needs one",
    "a1001900ff": "a value of three bytes that needs two",
    "a1001a0000ffff": "a value of five bytes that needs three",
    "a1001b00000000ffffffff": "a value of nine bytes that needs five",
    "a18000": "an array as a key",
    "a1a000": "a map as a key",
    "a1f500": "True as a key",
    "a1f600": "nil as a key",
    "a1c10000": "a tagged key",
    "61ff": "a byte that UTF-8 never has",
    "62c080": "overlong NUL",
    "63e08080": "overlong in three bytes",
    "64f0808080": "overlong in four bytes",
    "63eda080": "a surrogate",
    "64f4908080": "past U+10FFFF",
    "62c328": "a second byte that is none",
    "61c3": "half a character",
    "1c": "reserved head",
    "fe": "reserved simple head",
    "ff": "a break alone",
    "f818": "a reserved simple value",
}

keys = st.one_of(
    st.integers(-(2**64), 2**64 - 1), st.text(max_size=5), st.binary(max_size=5), st.integers(0, 60)
)
scalars = st.one_of(
    st.integers(-(2**64), 2**64 - 1),
    st.integers(-300, 70000),
    st.booleans(),
    st.none(),
    st.text(),
    st.binary(max_size=40),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(keys, inner, max_size=5),
        st.builds(Tag, st.integers(24, 2**64 - 1).filter(lambda n: n not in CBOR2_TAGS), inner),
    ),
    max_leaves=12,
)
# Tags whose content cbor2 interprets; what it makes of them is no matter of ours.
CBOR2_TAGS = {25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799}


@pytest.mark.parametrize(("text", "value"), EXAMPLES)
def test_the_examples_of_rfc_8949_decode_and_encode_to_the_byte(text: str, value: object) -> None:
    data = bytes.fromhex(text)
    decoded = cbor.decode(data)
    assert decoded == value
    assert type(decoded) is type(value)
    assert cbor.encode(value) == data


@pytest.mark.parametrize("text", REFUSED.split())
def test_the_examples_outside_the_subset_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        cbor.decode(bytes.fromhex(text))


def test_appendix_a_is_whole() -> None:
    assert len(EXAMPLES) + len(REFUSED.split()) == 81


@pytest.mark.parametrize(("text", "why"), NOT_DETERMINISTIC.items())
def test_what_the_encoder_would_not_produce_is_refused(text: str, why: str) -> None:
    with pytest.raises(Malformed):
        cbor.decode(bytes.fromhex(text))


def test_keys_sort_bytewise_as_encoded() -> None:
    assert cbor.encode({-1: 0, 100: 0}).hex() == "a218640020 00".replace(" ", "")
    mixed = {"b": 0, b"z": 1, 1000: 2, "aa": 3, -1: 4, 5: 5, b"": 6}
    assert cbor.encode(mixed).hex() == "a705051903e802200440064 17a016162006261610 3".replace(
        " ", ""
    )
    assert cbor.decode(cbor.encode(mixed)) == mixed


def test_true_and_one_do_not_meet_as_keys() -> None:
    with pytest.raises(ValueError, match="key"):
        cbor.encode({True: 0})
    assert cbor.decode(cbor.encode([True, 1, False, 0])) == [True, 1, False, 0]
    assert [type(v) for v in cbor.decode(b"\x84\xf5\x01\xf4\x00")] == [bool, int, bool, int]


@pytest.mark.parametrize("value", [1.5, {1}, 2**64, -(2**64) - 1, {None: 1}, {(1,): 1}, "\ud800"])
def test_what_has_no_encoding_is_a_bug_of_the_caller(value: object) -> None:
    with pytest.raises(ValueError):
        cbor.encode(value)


@pytest.mark.parametrize(("opener", "wrap"), [(b"\x81", list), (b"\xa1\x00", dict), (b"\xd2", Tag)])
def test_nesting_ends_at_eight_levels(opener: bytes, wrap: type) -> None:
    assert cbor.encode(cbor.decode(opener * 8 + b"\x00")) == opener * 8 + b"\x00"
    with pytest.raises(Malformed, match="levels"):
        cbor.decode(opener * 9 + b"\x00")
    deep: object = 0
    for _ in range(9):
        deep = {list: [deep], dict: {0: deep}, Tag: Tag(18, deep)}[wrap]
    with pytest.raises(ValueError, match="levels"):
        cbor.encode(deep)


@pytest.mark.parametrize(
    "head", ["5a7fffffff", "7bffffffffffffffff", "9a7fffffff", "bbffffffffffffffff"]
)
def test_a_length_beyond_the_input_is_refused_before_anything_is_allocated(head: str) -> None:
    with pytest.raises(Truncated):
        cbor.decode(bytes.fromhex(head) + b"\x00" * 20)


def test_the_ceiling_holds() -> None:
    whole = cbor.encode(bytes(cbor.CEILING - 3))
    assert len(whole) == 4096
    assert cbor.decode(whole) == bytes(4093)
    with pytest.raises(Malformed, match="4096"):
        cbor.decode(cbor.encode(bytes(4094)))
    assert cbor.decode(cbor.encode(bytes(5000)), ceiling=6000) == bytes(5000)


def test_any_bytes_like_input_gives_bytes() -> None:
    for data in (bytearray(b"\x43abc"), memoryview(b"\x43abc")):
        assert cbor.decode(data) == b"abc"  # type: ignore[arg-type]
        assert type(cbor.decode(data)) is bytes  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [text for text, _ in EXAMPLES])
def test_every_cut_is_truncated_and_every_tail_is_refused(text: str) -> None:
    data = bytes.fromhex(text)
    for end in range(len(data)):
        with pytest.raises(Truncated):
            cbor.decode(data[:end])
    with pytest.raises(Malformed):
        cbor.decode(data + b"\x00")


@given(values)
@example({0: 1, 24: 255, 25: 256, 256: 65535, 257: 65536, 65536: 2**32, 2**32: 2**32 - 1})
def test_cbor2_decodes_what_we_encode(value: object) -> None:
    data = cbor.encode(value)
    assert _as_cbor2(cbor2.loads(data)) == _as_cbor2(value)
    assert cbor.decode(data) == value


@given(st.dictionaries(st.integers(0, 23), scalars, max_size=10))
def test_cbor2_encodes_a_map_with_short_keys_to_our_bytes(value: dict[int, object]) -> None:
    assert cbor2.dumps(value, canonical=True) == cbor.encode(value)


@given(st.binary(max_size=60))
def test_random_bytes_are_refused_or_stand_for_themselves(data: bytes) -> None:
    _accepts_only_its_own(data)


@given(values, st.data())
def test_a_damaged_item_is_refused_or_stands_for_itself(value: object, draw: st.DataObject) -> None:
    data = bytearray(cbor.encode(value))
    for _ in range(draw.draw(st.integers(1, 3))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    _accepts_only_its_own(bytes(data))


@given(st.binary(max_size=6))
def test_our_utf8_is_pythons(raw: bytes) -> None:
    try:
        raw.decode()
        good = True
    except UnicodeDecodeError:
        good = False
    assert cbor.is_utf8(raw) == good


def test_our_utf8_is_pythons_for_every_start_of_a_character() -> None:
    edges = (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF)
    for first in range(0x80, 0x100):
        for second in edges:
            for tail in (b"", b"\x80", b"\x80\x80", b"\xbf\x00", b"\x80\xc0"):
                raw = bytes((first, second)) + tail
                assert cbor.is_utf8(raw) == (raw.decode("utf-8", "ignore").encode() == raw)


def _accepts_only_its_own(data: bytes) -> None:
    try:
        value = cbor.decode(data)
    except Malformed:
        return
    assert cbor.encode(value) == data


def _as_cbor2(value: object) -> object:
    """Both sides in one shape: tags as triples, which also keeps True apart from 1."""
    if isinstance(value, Tag):
        return ("tag", value.number, _as_cbor2(value.value))
    if isinstance(value, cbor2.CBORTag):
        return ("tag", value.tag, _as_cbor2(value.value))
    if isinstance(value, dict):
        return {key: _as_cbor2(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_cbor2(inner) for inner in value]
    return (type(value), value)
