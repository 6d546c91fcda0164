"""EPCs on MicroPython; sources of the bytes in tests/edge/test_epc.py."""

from expect import raises

from edge import epc
from edge.errors import DoesNotFit, Malformed, Truncated

E3 = (
    ("3066C4409047E140075BCD15", "urn:epc:tag:sgtin-96:3.95060001343.05.123456789"),
    (
        "3666C4409047E159B2C2BF100000000000000000000000000000",
        "urn:epc:tag:sgtin-198:3.95060001343.05.32a%2Fb",
    ),
    ("F73795211411234538566CB0AFC4", None),
    ("FB342CDE795211411234538566CB0AFC4000", None),
    ("311BA1B300CE0A6A83000000", "urn:epc:tag:sscc-96:0.952012.03456789123"),
    ("3376451FD40C0E400000162E", "urn:epc:tag:grai-96:3.9521141.12345.5678"),
    ("3476451FD40000000000162E", "urn:epc:tag:giai-96:3.9521141.5678"),
    (
        "3876451FD59B2C2BF10000000000000000000000000000000000",
        "urn:epc:tag:giai-202:3.9521141.32a%2Fb",
    ),
)


def test_the_standards_examples_are_decoded_and_encoded():
    for wire, tag_uri in E3:
        raw = bytes.fromhex(wire)
        found = epc.decode(raw)
        assert found.encode() == raw
        assert found.tag_uri == tag_uri
        if tag_uri is None:
            assert epc.from_uri(found.link, "", 3) == found
            assert found.product == [0, 79521141123453, "32a/b"]
        else:
            assert epc.from_uri(tag_uri) == found
            assert epc.from_uri(found.uri, found.scheme, found.filter) == found
        for cut in range(1, 12):
            raises(Truncated, epc.decode, raw[:cut])


def test_links_are_made_of_every_key():
    links = [epc.decode(bytes.fromhex(wire)).link for wire, _ in E3]
    assert links[1] == "https://id.gs1.org/01/09506000134352/21/32a%2Fb"
    assert links[3] == "https://id.gs1.org/01/79521141123453/21/32a%2Fb?17=220630"
    assert links[4] == "https://id.gs1.org/00/095201234567891235"
    assert links[5] == "https://id.gs1.org/8003/095211411234545678"
    assert links[6] == "https://id.gs1.org/8004/95211415678"


def test_a_serial_takes_the_shortest_of_six_encodings():
    for serial, words in (
        ("9" * 20, 9),
        ("DEADBEEF", 7),
        ("deadbeef", 7),
        ("GHIGHIGHIGHI", 9),
        ("Ghi_ghi-GHI", 9),
        ("a/b.c", 7),
        ("/" * 20, 14),
    ):
        made = epc.sgtin_plus(9520123456788, serial)
        assert len(made.encode()) == 2 * words, (serial, len(made.encode()))
        assert epc.decode(made.encode()) == made


def test_a_product_gets_the_first_scheme_that_its_chip_holds():
    assert epc.for_product(9520123456788, "12345", 6, ("952012",)).scheme == "sgtin-96"
    assert epc.for_product(9520123456788, "12345", 6).scheme == "sgtin+"
    assert epc.for_product(9520123456788, "/" * 20, 13, ("952012",)).scheme == "sgtin-198"
    raises(DoesNotFit, epc.for_product, 9520123456788, "/" * 20, 13)
    raises(Malformed, epc.for_product, 9520123456789, "1", 8)


def test_what_is_no_epc_is_malformed():
    for wire in ("", "00", "E2003412", "F790", "3100" + "FF" * 10, "3C" + "00" * 11):
        raises(Malformed, epc.decode, bytes.fromhex(wire))
    for uri in ("urn:epc:tag:sgtin-96:3.1.2.3", "urn:epc:id:sgtin:0614141.812345.1", "x"):
        raises(Malformed, epc.from_uri, uri)
