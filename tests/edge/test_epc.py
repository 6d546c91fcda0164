"""EPCs. Golden bytes: GS1 EPC Tag Data Standard 2.3, annex E.3 "Summary Examples of All EPC schemes", and E.1 and E.2.

E.3 prints SGTIN-96's EPC URI with the serial of E.1 stuck to its own ("1234567896789"): an erratum, seen by its three
other lines. Its '++' schemes are not decoded here. urn:epc:tag:sgtin-96:3.0614141.812345.6789 is TDS 1.x's example.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import epc
from edge.epc import Epc
from edge.errors import DoesNotFit, Malformed, Truncated
from edge.gs1 import CSET82, check_digit

E3 = [
    (
        "3066C4409047E140075BCD15",
        Epc("sgtin-96", 3, ("95060001343", "05", "123456789")),
        "urn:epc:tag:sgtin-96:3.95060001343.05.123456789",
        "https://id.gs1.org/01/09506000134352/21/123456789",
    ),
    (
        "3066C4409047E14000001A85",  # E.1, E.2
        Epc("sgtin-96", 3, ("95060001343", "05", "6789")),
        "urn:epc:tag:sgtin-96:3.95060001343.05.6789",
        "https://id.gs1.org/01/09506000134352/21/6789",
    ),
    (
        "3074257BF7194E4000001A85",
        Epc("sgtin-96", 3, ("0614141", "812345", "6789")),
        "urn:epc:tag:sgtin-96:3.0614141.812345.6789",
        "https://id.gs1.org/01/80614141123458/21/6789",
    ),
    (
        "3666C4409047E159B2C2BF100000000000000000000000000000",
        Epc("sgtin-198", 3, ("95060001343", "05", "32a/b")),
        "urn:epc:tag:sgtin-198:3.95060001343.05.32a%2Fb",
        "https://id.gs1.org/01/09506000134352/21/32a%2Fb",
    ),
    (
        "F73795211411234538566CB0AFC4",
        Epc("sgtin+", 3, ("79521141123453", "32a/b")),
        None,
        "https://id.gs1.org/01/79521141123453/21/32a%2Fb",
    ),
    (
        "FB342CDE795211411234538566CB0AFC4000",
        Epc("dsgtin+", 3, ("79521141123453", "32a/b", "17", "220630")),
        None,
        "https://id.gs1.org/01/79521141123453/21/32a%2Fb?17=220630",
    ),
    (
        "311BA1B300CE0A6A83000000",
        Epc("sscc-96", 0, ("952012", "03456789123")),
        "urn:epc:tag:sscc-96:0.952012.03456789123",
        "https://id.gs1.org/00/095201234567891235",
    ),
    (
        "3376451FD40C0E400000162E",
        Epc("grai-96", 3, ("9521141", "12345", "5678")),
        "urn:epc:tag:grai-96:3.9521141.12345.5678",
        "https://id.gs1.org/8003/095211411234545678",
    ),
    (
        "3476451FD40000000000162E",
        Epc("giai-96", 3, ("9521141", "5678")),
        "urn:epc:tag:giai-96:3.9521141.5678",
        "https://id.gs1.org/8004/95211415678",
    ),
    (
        "3876451FD59B2C2BF10000000000000000000000000000000000",
        Epc("giai-202", 3, ("9521141", "32a/b")),
        "urn:epc:tag:giai-202:3.9521141.32a%2Fb",
        "https://id.gs1.org/8004/952114132a%2Fb",
    ),
]
NOT_HERE = [  # sound EPCs of E.3 whose schemes name no product, asset or shipping unit, or hold a hostname
    "3276451FD46072000000162E",  # SGLN-96
    "F90095201234567891235000",  # SSCC+
    "FD3795211411234538566CB0AFC525065F1876F0D996D800",  # SGTIN++
    "3776451FD40C0E59B2C2BF1000000000000000000000",  # GRAI-170
    "FA3952114132E83C2BF10000",  # GIAI+
    "2D76451FD4499602D2000000",  # GSRN-96
]


def bits(*fields: tuple[int, int]) -> bytes:
    """(value, width) side by side, in whole words: written here by text, as the standard draws it."""
    text = "".join(f"{value:0{width}b}" for value, width in fields)
    text += "0" * (-len(text) % 16)
    return int(text, 2).to_bytes(len(text) // 8, "big")


@pytest.mark.parametrize(("wire", "value", "tag_uri", "link"), E3)
def test_the_standards_examples_are_decoded_and_encoded(
    wire: str, value: Epc, tag_uri: str | None, link: str
) -> None:
    decoded = epc.decode(bytes.fromhex(wire))
    assert decoded == value
    assert hash(decoded) == hash(value)
    assert repr(decoded) == repr(value)
    assert decoded.encode() == bytes.fromhex(wire)
    assert decoded.tag_uri == tag_uri
    assert decoded.link == link
    if tag_uri is None:
        assert decoded.uri == link.partition("?")[0]
        assert epc.from_uri(link, filter=3) == decoded
    else:
        assert decoded.uri == tag_uri.replace(":tag:", ":id:").replace(
            f"{value.scheme}:{value.filter}.", value.scheme.partition("-")[0] + ":"
        )
        assert epc.from_uri(tag_uri) == decoded
        assert epc.from_uri(decoded.uri, value.scheme, value.filter) == decoded


@pytest.mark.parametrize("wire", NOT_HERE)
def test_schemes_that_are_not_read_here_are_malformed_not_misread(wire: str) -> None:
    with pytest.raises(Malformed, match="not known here"):
        epc.decode(bytes.fromhex(wire))


@pytest.mark.parametrize("header", [0x00, 0x2F, 0x3A, 0xE2, 0xFF])
def test_an_unprogrammed_or_foreign_epc_is_malformed(header: int) -> None:
    with pytest.raises(Malformed, match=f"header {header:02x} is not known"):
        epc.decode(bytes((header,)) + bytes(11))
    with pytest.raises(Malformed, match="missing"):
        epc.decode(b"")


def test_a_product_is_gtin_and_serial_and_other_keys_are_none() -> None:
    found = [epc.decode(bytes.fromhex(wire)).product for wire, _, _, _ in E3]
    assert found == [
        [0, 9506000134352, "123456789"],
        [0, 9506000134352, "6789"],
        [0, 80614141123458, "6789"],
        [0, 9506000134352, "32a/b"],
        [0, 79521141123453, "32a/b"],
        [0, 79521141123453, "32a/b"],
        None,
        None,
        None,
        None,
    ]
    nothing = epc.decode(bits((0x30, 8), (1, 3), (6, 3), (0, 20), (0, 24), (7, 38)))
    assert nothing.uri == "urn:epc:id:sgtin:000000.0000000.7"
    assert nothing.product is None
    assert nothing.link is None


@pytest.mark.parametrize(("wire", "value", "tag_uri", "link"), E3)
def test_cut_anywhere_before_its_last_bit_an_epc_is_truncated(
    wire: str, value: Epc, tag_uri: str | None, link: str
) -> None:
    raw = bytes.fromhex(wire)
    used = {"sgtin-198": 25, "giai-202": 26, "dsgtin+": 17}.get(value.scheme, len(raw))
    for cut in range(1, used):
        with pytest.raises(Truncated):
            epc.decode(raw[:cut])


@pytest.mark.parametrize(("wire", "value", "tag_uri", "link"), E3)
def test_what_a_longer_pc_word_adds_is_left_alone(
    wire: str, value: Epc, tag_uri: str | None, link: str
) -> None:
    assert epc.decode(bytes.fromhex(wire) + bytes(4)) == value
    assert epc.decode(bytes.fromhex(wire) + b"\xff\xff") == value


def test_the_data_toggle_of_an_sgtin_plus_is_read_over_and_never_written() -> None:
    aidc = bits(
        (0xF7, 8), (1, 1), (3, 3), (0x79521141123453, 56), (0, 3), (2, 5), (42, 7), (0x17, 8)
    )
    assert epc.decode(aidc) == Epc("sgtin+", 3, ("79521141123453", "42"))
    assert epc.decode(aidc).encode()[1] == 0x37


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (bits((0x30, 8), (1, 3), (7, 3), (0, 82)), "partition 7 is reserved"),
        (bits((0x30, 8), (1, 3), (6, 3), (1000000, 20), (0, 62)), "more than 6 digits"),
        (bits((0x30, 8), (1, 3), (6, 3), (1, 20), (10000000, 24), (0, 38)), "more than 7 digits"),
        (bits((0x33, 8), (0, 3), (0, 3), (1, 40), (1, 4), (0, 38)), "more than 0 digits"),
        (bits((0x31, 8), (0, 3), (6, 3), (1, 20), (1, 38), (1, 24)), "24 bits should be zero"),
        (bits((0x36, 8), (0, 3), (6, 3), (1, 20), (1, 24), (0, 140)), "1 to 20 characters"),
        (bits((0x36, 8), (0, 3), (6, 3), (1, 20), (1, 24), (0x23, 7), (0, 133)), "set 82"),
        (bits((0x36, 8), (0, 3), (6, 3), (1, 20), (1, 24), (0x41, 7), (1, 133)), "behind the end"),
        (bits((0x38, 8), (0, 3), (0, 3), (1, 40), (0x41, 7), (1, 141)), "behind the end"),
        (
            bits((0x38, 8), (0, 3), (0, 3), (1, 40), *[(0x41, 7)] * 19, (0, 15)),
            "1 to 18 characters",
        ),
        (bits((0xF7, 8), (0, 4), (0x79521141123454, 56), (0, 3), (1, 5), (1, 4)), "no GTIN"),
        (bits((0xF7, 8), (0, 4), (0x7952114112345A, 56), (0, 3), (1, 5), (1, 4)), "decimal digits"),
        (bits((0xF7, 8), (0, 4), (0x79521141123453, 56), (0, 3), (0, 5), (0, 8)), "0 characters"),
        (
            bits((0xF7, 8), (0, 4), (0x79521141123453, 56), (0, 3), (21, 5), (0, 90)),
            "21 characters",
        ),
        (bits((0xF7, 8), (0, 4), (0x79521141123453, 56), (0, 3), (1, 5), (10, 4)), "1 digits"),
        (bits((0xF7, 8), (0, 4), (0x79521141123453, 56), (6, 3), (1, 5), (0, 16)), "6 is reserved"),
        (bits((0xF7, 8), (0, 4), (0x79521141123453, 56), (4, 3), (1, 5), (0x23, 7)), "set 82"),
        (
            bits((0xF7, 8), (0, 4), (0x79521141123453, 56), (5, 3), (1, 5), (0, 16)),
            "no URN Code 40",
        ),
        (bits((0xF7, 8), (0, 4), (0x79521141123453, 56), (5, 3), (1, 5), (64001, 16)), "no URN Co"),
        (bits((0xF7, 8), (0, 4), (0x79521141123453, 56), (5, 3), (1, 5), (1602, 16)), "behind its"),
        (bits((0xF7, 8), (0, 4), (0x79521141123453, 56), (5, 3), (2, 5), (1601, 16)), "set 82"),
        (bits((0xFB, 8), (0, 4), (7, 4), (22, 7), (6, 4), (30, 5), (0, 80)), "7 is reserved"),
        (bits((0xFB, 8), (0, 4), (4, 4), (100, 7), (6, 4), (30, 5), (0, 80)), "more than 2"),
        (bits((0xFB, 8), (0, 4), (4, 4), (22, 7), (13, 4), (1, 5), (0, 80)), "is none"),
        (bits((0xFB, 8), (0, 4), (4, 4), (22, 7), (2, 4), (30, 5), (0, 80)), "220230 is none"),
    ],
)
def test_a_value_that_its_scheme_does_not_allow_is_malformed(raw: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        epc.decode(raw)


@pytest.mark.parametrize(
    ("partition", "prefix_bits"), list(enumerate((40, 37, 34, 30, 27, 24, 20)))
)
def test_every_partition_of_every_scheme_is_the_standards(partition: int, prefix_bits: int) -> None:
    digits = 12 - partition
    prefix = "9" * digits
    at = (int(prefix), prefix_bits)
    for header, scheme, body, width in (
        (0x30, "sgtin-96", 44, 13),
        (0x33, "grai-96", 44, 12),
    ):
        reference = "8" * (width - digits)
        raw = bits(
            (header, 8),
            (5, 3),
            (partition, 3),
            at,
            (int(reference or "0"), body - prefix_bits),
            (1, 38),
        )
        made = Epc(scheme, 5, (prefix, reference, "1"))
        assert epc.decode(raw) == made
        assert made.encode() == raw
    reference = "8" * (17 - digits)
    raw = bits((0x31, 8), (5, 3), (partition, 3), at, (int(reference), 58 - prefix_bits), (0, 24))
    assert epc.decode(raw) == epc.from_uri(f"urn:epc:id:sscc:{prefix}.{reference}", "sscc-96", 5)
    largest = (1 << 82 - prefix_bits) - 1
    raw = bits((0x34, 8), (5, 3), (partition, 3), at, (largest, 82 - prefix_bits))
    assert epc.decode(raw) == epc.giai96(prefix, str(largest), 5)
    with pytest.raises(Malformed, match="must be below"):
        epc.giai96(prefix, str(largest + 1))
    longest = 30 - digits
    text = [(0x7A, 7)] * longest
    raw = bits((0x38, 8), (5, 3), (partition, 3), at, *text, (0, 188 - prefix_bits - 7 * longest))
    assert epc.decode(raw) == epc.giai202(prefix, "z" * longest, 5)
    with pytest.raises(Malformed, match=f"1 to {longest} characters"):
        epc.giai202(prefix, "z" * (longest + 1))


@pytest.mark.parametrize("ai", ["11", "13", "15", "16", "17", "7006", "7007"])
def test_every_date_of_a_dsgtin_plus_comes_back(ai: str) -> None:
    made = epc.dsgtin_plus(79521141123453, "1", ai, "280200", 2)
    assert epc.decode(made.encode()) == made
    assert made.link == f"https://id.gs1.org/01/79521141123453/21/1?{ai}=280200"
    assert epc.from_uri(made.link, filter=2) == made
    assert (
        epc.from_uri(made.link, "sgtin+", 2).encode()
        == epc.sgtin_plus(79521141123453, "1", 2).encode()
    )
    kind = ["11", "13", "15", "16", "17", "7006", "7007"].index(ai)
    assert made.encode()[1] == 2 << 4 | kind


def test_constructors_take_what_a_barcode_says() -> None:
    assert epc.sgtin96(9506000134352, "6789", 11, 3).encode().hex() == "3066c4409047e14000001a85"
    assert epc.sgtin198(9506000134352, "32a/b", 11, 3).encode().hex()[:24] == E3[3][0].lower()[:24]
    assert epc.sscc96("095201234567891235", 6).encode().hex() == E3[6][0].lower()
    assert epc.grai96("9521141123454", "5678", 7, 3).encode().hex() == E3[7][0].lower()
    assert epc.giai96("9521141", "5678", 3).encode().hex() == E3[8][0].lower()
    assert epc.giai202("9521141", "32a/b", 3).encode().hex() == E3[9][0].lower()


@pytest.mark.parametrize(
    "make",
    [
        lambda: epc.sgtin96(9506000134353, "1", 7),
        lambda: epc.sgtin96(9506000134352, "01", 7),
        lambda: epc.sgtin96(9506000134352, "A", 7),
        lambda: epc.sgtin96(9506000134352, "", 7),
        lambda: epc.sgtin96(9506000134352, str(1 << 38), 7),
        lambda: epc.sgtin96(9506000134352, "1", 5),
        lambda: epc.sgtin96(9506000134352, "1", 13),
        lambda: epc.sgtin96(9506000134352, "1", 7, 8),
        lambda: epc.sgtin198(9506000134352, "a" * 21, 7),
        lambda: epc.sgtin198(9506000134352, "#", 7),
        lambda: epc.sgtin_plus(9506000134353, "1"),
        lambda: epc.sgtin_plus(-1, "1"),
        lambda: epc.sgtin_plus(79521141123453 + 10**14, "1"),
        lambda: epc.sgtin_plus(9506000134352, ""),
        lambda: epc.sgtin_plus(9506000134352, "é"),
        lambda: epc.dsgtin_plus(9506000134352, "1", "12", "220630"),
        lambda: epc.dsgtin_plus(9506000134352, "1", "17", "220631"),
        lambda: epc.dsgtin_plus(9506000134352, "1", "17", "2206"),
        lambda: epc.dsgtin_plus(9506000134352, "1", "17", "22063x"),
        lambda: epc.sscc96("095201234567891236", 6),
        lambda: epc.sscc96("95201234567891235", 6),
        lambda: epc.grai96("9521141123455", "1", 7),
        lambda: epc.giai96("95211", "1"),
        lambda: epc.giai96("9521141", "A"),
        lambda: epc.giai202("9521141", ""),
        lambda: epc.giai202("952114x", "1"),
    ],
)
def test_what_no_scheme_can_hold_is_malformed(make: object) -> None:
    with pytest.raises(Malformed):
        make()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("uri", "scheme"),
    [
        ("", ""),
        ("urn:epc:tag:sgtin-96", ""),
        ("urn:epc:tag:sgtin-96:3.0614141.812345", ""),
        ("urn:epc:tag:sgtin-96:8.0614141.812345.6789", ""),
        ("urn:epc:tag:sgtin-96:3.0614141.812345.06789", ""),
        ("urn:epc:tag:sgtin-96:3.0614141.81234.6789", ""),
        ("urn:epc:tag:sgtin-64:3.0614141.812345.6789", ""),
        ("urn:epc:tag:sgtin-198:3.0614141.812345.a/b", ""),
        ("urn:epc:tag:sgtin-198:3.0614141.812345.a%2", ""),
        ("urn:epc:tag:sgtin-198:3.0614141.812345.%23", ""),
        ("urn:epc:tag:sgtin-198:3.0614141.812345.é", ""),
        ("urn:epc:tag:sscc-96:0.952012.03456789123.1", ""),
        ("urn:epc:id:sgtin:0614141.812345.6789", ""),
        ("urn:epc:id:sgtin:0614141.812345.6789", "sscc-96"),
        ("urn:epc:idpat:sgtin:0614141.812345.*", "sgtin-96"),
        ("x urn:epc:tag:sgtin-96:3.0614141.812345.6789", ""),
        ("https://id.gs1.org/01/09506000134352", ""),
        ("https://id.gs1.org/01/09506000134352/21/1", "sgtin-96"),
        ("https://id.gs1.org/01/09506000134352/21/1", "dsgtin+"),
        ("https://id.gs1.org/01/09506000134352/21/1?17=220631", ""),
        ("https://id.gs1.org/01/09506000134352/21/1?17=220630&11=220630", ""),
        ("https://id.gs1.org/8004/95211415678", ""),
    ],
)
def test_what_is_no_epc_uri_is_malformed(uri: str, scheme: str) -> None:
    with pytest.raises(Malformed):
        epc.from_uri(uri, scheme)


def test_a_serial_may_hold_dots_and_anything_that_is_escaped() -> None:
    uri = "urn:epc:id:sgtin:0614141.812345.a.b.%22%25%26%2F%3C%3E%3F!'()*"
    made = epc.from_uri(uri, "sgtin-198")
    assert made.parts == ("0614141", "812345", "a.b.\"%&/<>?!'()*")
    assert made.uri == uri
    assert epc.from_uri("urn:epc:tag:sgtin-198:0.0614141.812345.%2f").parts[2] == "/"


def test_a_serial_that_a_browser_would_drop_has_no_link() -> None:
    assert epc.sgtin_plus(9506000134352, "..").link is None
    assert epc.sgtin_plus(9506000134352, "..").uri.endswith("/21/..")


PREFIXES = ("4012345", "952012", "9520123")


@pytest.mark.parametrize(
    ("serial", "words", "prefixes", "scheme"),
    [
        ("12345", 6, PREFIXES, "sgtin-96"),
        ("12345", 6, (), "sgtin+"),
        ("12345", 31, PREFIXES, "sgtin-96"),
        ("0123", 6, PREFIXES, "sgtin+"),
        ("A1", 6, PREFIXES, "sgtin+"),
        ("A1", 8, (), "sgtin+"),
        ("a/b", 7, PREFIXES, "sgtin+"),
        (str(1 << 38), 8, PREFIXES, "sgtin+"),
        ("a/b" * 6 + "a/", 14, PREFIXES, "sgtin+"),
        ("a/b" * 6 + "a/", 13, PREFIXES, "sgtin-198"),
    ],
)
def test_a_product_gets_the_first_scheme_that_its_chip_holds(
    serial: str, words: int, prefixes: tuple[str, ...], scheme: str
) -> None:
    made = epc.for_product(9520123456788, serial, words, prefixes)
    assert made.scheme == scheme
    assert len(made.encode()) <= 2 * words
    assert epc.decode(made.encode()).product == [0, 9520123456788, serial]
    if scheme != "sgtin+":
        assert made.parts[0] == "9520123"  # the longest that is known


@pytest.mark.parametrize(
    ("serial", "words", "prefixes", "excess"),
    [
        ("a/b" * 6 + "a/", 13, (), 2),
        ("a/b" * 6 + "a/", 12, PREFIXES, 2),
        ("A1", 5, PREFIXES, 2),
    ],
)
def test_a_product_that_fits_in_no_scheme_is_told_with_the_remedy(
    serial: str, words: int, prefixes: tuple[str, ...], excess: int
) -> None:
    with pytest.raises(DoesNotFit, match="take a shorter serial") as caught:
        epc.for_product(9520123456788, serial, words, prefixes)
    assert caught.value.excess == excess


def test_what_is_no_product_is_malformed() -> None:
    with pytest.raises(Malformed):
        epc.for_product(9520123456789, "1", 8)
    with pytest.raises(Malformed):
        epc.for_product(9520123456788, "#", 8, PREFIXES)


gtins = st.integers(1, 10**13 - 1).map(lambda n: int(f"{n:013d}" + check_digit(f"{n:013d}")))
serials = st.text(CSET82, min_size=1, max_size=20)
numbers = st.integers(0, (1 << 38) - 1).map(str)


@settings(max_examples=300)
@given(gtins, serials, numbers, st.integers(6, 12), st.integers(0, 7))
def test_any_product_comes_back_from_every_scheme(
    gtin: int, serial: str, number: str, prefix_digits: int, filter: int
) -> None:
    for made in (
        epc.sgtin96(gtin, number, prefix_digits, filter),
        epc.sgtin198(gtin, serial, prefix_digits, filter),
        epc.sgtin_plus(gtin, serial, filter),
        epc.dsgtin_plus(gtin, serial, "17", "991231", filter),
    ):
        raw = made.encode()
        assert len(raw) % 2 == 0
        assert epc.decode(raw) == made
        assert made.product == [0, gtin, made.parts[2] if "-" in made.scheme else serial]
        if made.tag_uri is not None:
            assert epc.from_uri(made.tag_uri) == made
            assert epc.from_uri(made.uri, made.scheme, filter) == made


@settings(max_examples=800)
@given(
    st.sampled_from([0x30, 0x31, 0x33, 0x34, 0x36, 0x38, 0xF7, 0xFB]),
    st.binary(max_size=34),
)
def test_any_bytes_are_an_epc_or_malformed_and_what_is_one_is_encoded_again(
    header: int, rest: bytes
) -> None:
    raw = bytes((header,)) + rest
    try:
        found = epc.decode(raw)
    except Malformed:
        return
    again = found.encode()
    assert epc.decode(again) == found
    assert found.uri
    if header < 0xF0:  # a '+' scheme may have been encoded less tightly, and have its toggle set
        used = {"sgtin-198": 198, "giai-202": 202}.get(found.scheme, 96)
        assert int.from_bytes(again, "big") >> 8 * len(again) - used == (
            int.from_bytes(raw, "big") >> 8 * len(raw) - used
        )
