"""GS1 keys in URIs: one canonical form, however they are spelled."""

import pytest

from gateway.epcis.identifiers import canonical, fault, gtin_link, key

LINK = "https://id.gs1.org"


@pytest.mark.parametrize(
    ("uri", "link"),
    [
        ("urn:epc:id:sgtin:4012345.067890.77", f"{LINK}/01/04012345678901/21/77"),
        ("urn:epc:id:sgtin:4012345.067890.a%2Fb(1)", f"{LINK}/01/04012345678901/21/a%2Fb%281%29"),
        ("urn:epc:id:sscc:0614141.1234567890", f"{LINK}/00/106141412345678908"),
        ("urn:epc:id:sgln:0614141.07346.0", f"{LINK}/414/0614141073467"),
        ("urn:epc:id:sgln:0614141.07346.1234", f"{LINK}/414/0614141073467/254/1234"),
        ("urn:epc:id:pgln:0614141.07346", f"{LINK}/417/0614141073467"),
        ("urn:epc:id:grai:4012345.55555.987", f"{LINK}/8003/04012345555554987"),
        ("urn:epc:id:giai:4000001.12345", f"{LINK}/8004/400000112345"),
        ("urn:epc:id:gdti:0614141.06012.1234", f"{LINK}/253/06141410601221234"),
        ("urn:epc:id:cpi:0614141.5PQ7%2FZ43.12345", f"{LINK}/8010/06141415PQ7%2FZ43/8011/12345"),
        ("urn:epc:id:itip:4012345.012345.01.02.987", f"{LINK}/8006/040123451234560102/21/987"),
        ("urn:epc:class:lgtin:4012345.067890.L1", f"{LINK}/01/04012345678901/10/L1"),
        ("urn:epc:idpat:sgtin:4012345.067890.*", f"{LINK}/01/04012345678901"),
        (
            "https://example.com/a/01/04012345678901/10/L/21/S?x=1#f",
            f"{LINK}/01/04012345678901/21/S",
        ),
        ("https://example.com/gtin/4012345678901/ser/S", f"{LINK}/01/04012345678901/21/S"),
        ("http://example.com/01/04012345678901/22/V", f"{LINK}/01/04012345678901"),
        ("https://id.gs1.org/414/4012345000009/254/A%2FB", f"{LINK}/414/4012345000009/254/A%2FB"),
    ],
)
def test_a_key_has_one_canonical_link(uri: str, link: str) -> None:
    assert canonical(uri) == link
    assert canonical(link) == link


@pytest.mark.parametrize(
    "uri",
    [
        "did:web:example.com:item:1",
        "https://example.com/01/05/story",
        "https://example.com/01/04012345678901/99/x",
        "https://example.com/01/04012345678901/21/123456789012345678901",
        "https://example.com",
        "urn:epc:id:sgtin:4012345.067890",
        "urn:epc:id:sgtin:4012345.0678901.7",
        "urn:epc:id:sscc:0614141.12345",
        "urn:epc:id:unheard:1.2.3",
        "urn:epc:idpat:sgtin:4012345.067890.7",
        "urn:epc:id:sgtin:ä.ö.ü",
        "urn:epc:raw:96.x0123",
        "",
    ],
)
def test_other_uris_stay_as_they_are(uri: str) -> None:
    assert key(uri) is None
    assert canonical(uri) == uri
    assert fault(uri) == ""


@pytest.mark.parametrize(
    ("uri", "right"),
    [
        ("https://id.gs1.org/00/040123450000000013", "6"),
        ("https://example.com/01/04012345678902/21/S", "1"),
        ("https://example.com/gtin/4012345678902", "1"),
        ("https://id.gs1.org/414/4012345000008/254/X", "9"),
        ("https://id.gs1.org/8003/04012345555550987", "4"),
    ],
)
def test_a_wrong_check_digit_is_told_with_the_right_one(uri: str, right: str) -> None:
    assert fault(uri).endswith(f"should be {right}")


def test_keys_without_a_check_digit_have_none_to_be_wrong() -> None:
    assert fault("https://id.gs1.org/8004/4000001ABC") == ""
    assert fault("urn:epc:id:sgtin:4012345.067890.77") == ""


def test_a_serial_is_percent_encoded_in_a_link() -> None:
    assert gtin_link("04012345678901", "A/B") == "https://id.gs1.org/01/04012345678901/21/A%2FB"
