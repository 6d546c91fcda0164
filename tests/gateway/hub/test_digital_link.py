"""Digital Links of requests: what they identify, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from edge.errors import Malformed
from gateway.hub.digital_link import ProductKey, decompress, parse, parse_uri

G = "09520123456788"


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (f"01/{G}", ProductKey(G)),
        ("01/9520123456788", ProductKey(G)),
        ("01/614141123452", ProductKey("00614141123452")),
        ("01/96385074", ProductKey("00000096385074")),
        (f"01/{G}/", ProductKey(G)),
        (f"01/{G}/21/A1", ProductKey(G, serial="A1")),
        (f"01/{G}/10/L/21/A1/", ProductKey(G, lot="L", serial="A1")),
        (f"01/{G}/22/V/10/L/21/A%2F1", ProductKey(G, "V", "L", "A/1")),
        (f"01/{G}/21/%41%31", ProductKey(G, serial="A1")),
        (f"01/{G}/235/T%22", ProductKey(G, tpx='T"')),
    ],
)
def test_a_path_names_a_product(path: str, key: ProductKey) -> None:
    assert parse(path) == key
    assert parse(key.path) == key


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (f"01/{G[:-1]}9", "check digit"),
        ("01/123456789", "8, 12, 13 or 14"),
        ("01/", "01/GTIN"),
        ("01", "01/GTIN"),
        (f"01/{G}/21", "01/GTIN"),
        (f"01/{G}/21/", "01/GTIN"),
        (f"01/{G}/21/A/10/L", "order"),
        (f"01/{G}/21/A/21/B", "order"),
        (f"01/{G}/17/261231", "cannot stand"),
        (f"01/{G}/235/T/21/A", "cannot stand"),
        (f"01/{G}/21/" + "A" * 21, "cannot stand"),
        (f"01/{G}/21/%", "percent"),
        (f"01/{G}/21/%C3%A9", "ASCII"),
        (f"01/{G}/21/A%20B", "cannot stand"),
        (f"01/{G}/21/A//", "01/GTIN"),
        ("01/" + "1" * 600, "at most"),
    ],
)
def test_what_is_no_digital_link_is_refused_with_a_reason(path: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        parse(path)


def test_the_levels_of_a_request_are_those_of_the_standard() -> None:
    key = parse(f"01/{G}/22/V/10/L/21/S")
    tails = ("/21/S", "/22/V/10/L", "/10/L", "/22/V", "")
    assert key.anchors == tuple(f"01/{G}{tail}" for tail in tails)
    assert parse(f"01/{G}/235/T").anchors == (f"01/{G}/235/T", f"01/{G}")
    assert parse(f"01/{G}/10/L%2F").anchors == (f"01/{G}/10/L%2F", f"01/{G}")


@pytest.mark.parametrize(
    ("tail", "granularity"), [("", "model"), ("/22/V", "model"), ("/10/L", "batch"), ("/235/T", "item")]
)  # fmt: skip
def test_what_a_key_names_is_a_model_a_batch_or_an_item(tail: str, granularity: str) -> None:
    assert parse(f"01/{G}{tail}").granularity == granularity


# GS1 Digital Link URI: Compression Technical Standard for EPC binary strings, the two worked examples
@pytest.mark.parametrize("text", ["eh30164596f40c0e5cbe991a83", "exMBZFlvQMDly-mRqD"])
def test_a_compressed_link_is_that_of_the_standard(text: str) -> None:
    assert decompress(text) == ProductKey("09528765123457", serial="123456789123")


@given(some.text("0123456789abcdefgh-_+=", max_size=90))
def test_a_compressed_link_is_a_product_or_malformed(text: str) -> None:
    for alphabet in ("eh", "ex"):
        try:
            key = decompress(alphabet + text)
        except Malformed:
            continue
        assert parse(key.path) == key


@given(some.text(max_size=80) | some.text("0123456789/%AF", max_size=80).map(lambda t: "01/" + t))
def test_noise_is_a_product_or_malformed(text: str) -> None:
    try:
        assert parse(parse(text).path) == parse(text)
    except Malformed:
        pass


def test_a_uri_is_a_digital_link_another_identifier_or_a_wrong_one() -> None:
    assert parse_uri(f"https://x.example/some/01/{G}/21/A1?17=261231#s") == ProductKey(
        G, serial="A1"
    )
    for other in (
        "did:web:x.example",
        "https://x.example/p/1",
        f"01/{G}",
        "urn:epc:id:sgtin:1.2.3",
        "",
    ):
        assert parse_uri(other) is None
    with pytest.raises(Malformed, match="check digit"):
        parse_uri(f"https://x.example/01/{G[:-1]}0")
