"""Job files: both shapes, and hostile ones, which yield orders or OrderError and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import stub
from gateway.stations.orders import Order, OrderError, gtin_serial, orders, product_name

BASE = "https://id.example.com"
DIGEST = "ab" * 32
HEADER = "gtin,serial,digest,total_41,total_10\n"
ROW = f"09520123456788,A1,{DIGEST},1000,\n"
PRODUCTS = (
    "manufacturer,name,gwp_total,gwp_manufacturing_ratio,gwp_transport_ratio,"
    "gwp_use_ratio,gwp_eol_ratio,lifetime\n"
)


def only(text: str | bytes) -> Order | OrderError:
    raw = text if isinstance(text, bytes) else text.encode()
    (found,) = orders(raw, BASE)
    return found


def test_a_work_order_has_its_claims_and_its_link() -> None:
    found = only(HEADER + ROW)
    assert isinstance(found, Order)
    assert found.claims == {
        stub.PRODUCT: [0, 9520123456788, "A1"],
        stub.DIGEST: bytes.fromhex(DIGEST),
        stub.TOTALS: {41: 1000},
    }
    assert found.link == f"{BASE}/01/09520123456788/21/A1"
    assert (found.row, found.product) == (1, "09520123456788/A1")


def test_batch_operator_and_a_link_of_ones_own_are_taken_over() -> None:
    text = f"serial,batch,gtin,link,operator,digest\nA1,B7,9520123456788,https://x.example/1,NL-ACME,{DIGEST}\n"
    found = only(text)
    assert isinstance(found, Order)
    assert found.claims[stub.PRODUCT] == [0, 9520123456788, "B7", "A1"]
    assert found.claims[stub.OPERATOR] == "NL-ACME"
    assert found.link == "https://x.example/1"
    assert found.product == "09520123456788/B7/A1"
    assert gtin_serial(found.claims[stub.PRODUCT]) == ("09520123456788", "A1")


def test_a_product_row_brings_its_passport_along() -> None:
    found = only(PRODUCTS + "Halden,Dock 4,88,0.5,0.1,0.3,0.1,5\n")
    assert isinstance(found, Order)
    assert found.document is not None
    assert b"Dock 4" in found.document
    assert found.claims[stub.PRODUCT][2] == "R1"


def test_a_byte_order_mark_empty_lines_and_crlf_do_no_harm() -> None:
    text = "\ufeff" + HEADER.replace("\n", "\r\n") + "\r\n" + ROW.replace("\n", "\r\n") + "\n\n"
    assert isinstance(only(text), Order)


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        (b"", "", "empty"),
        (b"\n\n", "", "empty"),
        (b"gtin,serial\n", "digest", "missing"),
        (b"name\n", "manufacturer", "missing"),
        (b"gtin,serial,digest,serial\n", "serial", "twice"),
        (b"gtin,serial,digest,total_99\n", "total_99", "no such column"),
        (b"gtin,serial,digest,colour\n", "colour", "no such column"),
        (b"gtin,serial,digest\xff\n", "", "UTF-8"),
        (HEADER.encode("utf-16"), "", "UTF-8"),
        (b"gtin\0,serial,digest\n", "", "UTF-8"),
        (b'gtin,"serial,digest\n', "", "no CSV"),
        (b",".join([b"x%d" % n for n in range(200)]), "", "UTF-8 text"),
    ],
)
def test_a_file_that_is_no_job_file_is_refused_as_a_whole(
    text: bytes, column: str, reason: str
) -> None:
    with pytest.raises(OrderError, match=reason) as refusal:
        list(orders(text, BASE))
    assert (refusal.value.row, refusal.value.column) == (0, column)


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (b"09520123456789,A1,%s,1,1", "gtin", "check digit"),
        (b"12,A1,%s,1,1", "gtin", "must be 8, 12, 13 or 14 digits"),
        (b"09520123456788,,%s,1,1", "serial", "empty"),
        (b"09520123456788,\xc3\xa9,%s,1,1", "serial", "set 82"),
        (b"09520123456788,A1,zz,1,1", "digest", "hex"),
        (b"09520123456788,A1,%s,1.5,1", "total_41", "whole number"),
        (b"09520123456788,A1,%s,-1,1", "total_41", "whole number"),
        (b"09520123456788,A1,%s,999999999999999999,1", "", "totals"),
        (b"09520123456788,A1,%s,1", "", "4 cells under 5 columns"),
        (b"09520123456788,A1,%s,1,1,1", "", "6 cells under 5 columns"),
        (b"09520123456788,A\x001,%s,1,1", "serial", "NUL"),
        (b"09520123456788,A\xff1,%s,1,1", "serial", "UTF-8"),
        (b"09520123456788," + b"A" * 5000 + b",%s,1,1", "serial", "4096"),
        (b'09520123456788,"A"1,%s,1,1', "", "no CSV"),
        (b"09520123456788," + b"A" * 200_000 + b",%s,1,1", "", "no CSV"),
    ],
)
def test_a_row_that_is_no_order_is_told_and_the_rest_goes_on(
    row: bytes, column: str, reason: str
) -> None:
    row = row.replace(b"%s", DIGEST.encode())
    raw = HEADER.encode() + ROW.encode() + row + b"\n" + ROW.replace("A1", "A3").encode()
    first, second, third = orders(raw, BASE)
    assert isinstance(first, Order)
    assert isinstance(second, OrderError)
    assert (second.row, second.column) == (2, column)
    assert reason in second.reason
    assert isinstance(third, Order)
    assert third.row == 3


def test_a_file_beyond_the_ceiling_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(OrderError, match="larger than 64 MiB"):
        list(orders(bytes((64 << 20) + 1), BASE))


@given(st.binary(max_size=400))
def test_any_bytes_are_orders_or_order_errors(raw: bytes) -> None:
    for text in (raw, HEADER.encode() + raw, PRODUCTS.encode() + raw):
        _drain(text)


@given(st.lists(st.text(max_size=30), min_size=8, max_size=8))
def test_any_cells_are_an_order_or_an_order_error(cells: list[str]) -> None:
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    _drain((PRODUCTS + quoted).encode("utf-8", "surrogatepass"))
    _drain((HEADER + ",".join(quoted.split(",")[:5])).encode("utf-8", "surrogatepass"))


def _drain(raw: bytes) -> None:
    try:
        for found in orders(raw, BASE):
            assert isinstance(found, Order | OrderError)
    except OrderError as why:
        assert why.row == 0


@pytest.mark.parametrize(
    ("product", "name"),
    [
        ([0, 9520123456788, "A1"], "09520123456788/A1"),
        ([0, 9520123456788, "B", "A1"], "09520123456788/B/A1"),
        ([1, "https://x.example/1"], "https://x.example/1"),
        ([2, "did:web:x.example"], "did:web:x.example"),
        (None, ""),
    ],
)
def test_each_scheme_has_its_name_in_the_journal(product: object, name: str) -> None:
    assert product_name(product) == name


def test_an_order_lists_its_carriers_and_its_sector() -> None:
    found = only(
        f'gtin,serial,digest,carriers,sector\n09520123456788,A1,{DIGEST},"nfc,qr",Battery\n'
    )
    assert isinstance(found, Order)
    assert found.carriers == ("nfc", "qr")
    assert found.claims[stub.SECTOR] == [1, {}]


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("carriers", "nfc+rain", "one tag a product"),
        ("carriers", "sticker", "'sticker' is no carrier"),
        ("sector", "toys", "no sector profile 'toys'"),
        ("link", "http://id.example.com/01/09520123456788/21/A1", "must be https"),
        ("link", "https://id.example.com:8443/p/1", "port 8443"),
        ("link", "https://id.example.com@x.example/p/1", "user-info"),
        ("link", "https://id.example.com/p/1#s=x", "must have no fragment"),
        ("link", "https://xn--exmple-cua.com/p/1", "punycode"),
        ("link", "https://ex\u00e4mple.com/p/1", "U+00E4"),
        ("link", "https://id.example.com/01/09520123456788", "names no serial"),
        ("link", "https://id.example.com/01/09520123456788/21/B2", "names another product"),
        ("link", "https://other.example/p/1", "host other.example is not one of id.example.com"),
        ("link", "https://id.example.com/" + "a" * 2048, "2048 at most"),
    ],
)
def test_the_pre_flight_refuses_a_row_with_its_column_and_reason(
    column: str, cell: str, reason: str
) -> None:
    text = f"gtin,serial,digest,{column}\n09520123456788,A1,{DIGEST},{cell}\n"
    (found,) = orders(text.encode(), BASE, ("id.example.com",))
    assert isinstance(found, OrderError)
    assert (found.row, found.column) == (1, column)
    assert reason in found.reason


def test_a_base_that_fails_the_pre_flight_refuses_the_file() -> None:
    with pytest.raises(OrderError, match="links would begin with https://other.example"):
        orders((HEADER + ROW).encode(), "https://other.example", ("id.example.com",))
