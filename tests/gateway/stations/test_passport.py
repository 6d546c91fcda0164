"""Rows to passports: rounding, identity, and what is refused. All real rows are accounted for, by reason."""

import hashlib
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from edge import gs1, stub
from gateway.stations import passport
from gateway.stations.orders import Order, OrderError, orders
from gateway.stations.passport import Unfit

ROOT = Path(__file__).resolve().parents[3]
ROW = {
    "manufacturer": "Northbeam",
    "name": "Kestrel 13",
    "gwp_total": "214",
    "gwp_manufacturing_ratio": "0.76",
    "gwp_transport_ratio": "0.04",
    "gwp_use_ratio": "0.19",
    "gwp_eol_ratio": "0.01",
    "lifetime": "4",
    "weight": "1.24",
    "comment": "",
}


def test_the_totals_are_grams_and_tenths_of_years() -> None:
    made = passport.passport(ROW, "R1")
    assert made.totals == {
        10: 1240,
        41: 162640,
        42: 8560,
        43: 40660,
        44: 2140,
        45: 40,
        51: 40,
    }


def test_halves_are_rounded_to_even() -> None:
    row = ROW | {"gwp_total": "0.01", "weight": "0.0025", "lifetime": "1.25"}
    row |= {"gwp_manufacturing_ratio": "0.75", "gwp_transport_ratio": "0.05"}
    found = passport.passport(row, "R1").totals
    assert (found[41], found[42]) == (8, 0)  # 7.5 and 0.5 g
    assert (found[10], found[45]) == (2, 12)  # 2.5 g and 12.5 tenths


def test_the_digest_is_of_the_document_as_published() -> None:
    made = passport.passport(ROW, "R1")
    assert made.digest == hashlib.sha256(made.document).digest()
    tree = json.loads(made.document)
    assert made.document == passport.canonical(tree)
    assert b": " not in made.document.split(b"Kestrel")[0]
    assert tree["product"] == {
        "gtin": gs1.gtin14(made.gtin),
        "serial": "R1",
        "manufacturer": "Northbeam",
        "name": "Kestrel 13",
    }
    assert "comment" not in tree["reported"]


def test_canonical_json_sorts_and_keeps_utf8() -> None:
    assert passport.canonical({"b": 1, "a": "é ”"}) == '{"a":"é ”","b":1}'.encode()


def test_a_model_keeps_its_gtin_under_the_test_prefix() -> None:
    first = passport.example_gtin("Northbeam", "Kestrel 13")
    assert first == passport.example_gtin("Northbeam", "Kestrel 13")
    assert first != passport.example_gtin("Northbeam", "Kestrel 15")
    assert gs1.gtin14(first).startswith("0952")
    assert gs1.is_gtin(first)


def test_a_missing_weight_leaves_the_mass_out() -> None:
    assert 10 not in passport.passport(ROW | {"weight": " "}, "R1").totals


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("manufacturer", " ", "empty"),
        ("gwp_manufacturing_ratio", "", "empty"),
        ("gwp_transport_ratio", "n/a", "not a number"),
        ("gwp_use_ratio", "-0.1", "not a share"),
        ("gwp_eol_ratio", "1.01", "not a share"),
        ("gwp_eol_ratio", "nan", "not a number"),
        ("gwp_use_ratio", "0.21001", "sum to 1.02001"),
        ("gwp_use_ratio", "0.16", "sum to 0.97"),
        ("gwp_total", "0", "not above 0"),
        ("gwp_total", "1000000.1", "at most 1000000"),
        ("gwp_total", "1e99", "at most 1000000"),
        ("gwp_total", "9" * 5000, "not a number"),
        ("gwp_total", "inf", "not a number"),
        ("gwp_total", "٣", "not a number"),
        ("lifetime", "", "empty"),
        ("lifetime", "0", "not above 0"),
        ("lifetime", "50.1", "at most 50"),
        ("weight", "0", "not above 0"),
        ("weight", "10001", "at most 10000"),
        ("weight", "heavy", "not a number"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_column(
    column: str, cell: str, reason: str
) -> None:
    with pytest.raises(Unfit, match=reason) as refusal:
        passport.passport(ROW | {column: cell}, "R1")
    named = passport.SUM_COLUMN if reason.startswith("sum") else column
    assert refusal.value.column == named
    assert len(refusal.value.reason) < 120


def test_shares_may_miss_one_by_the_tolerance_and_no_more() -> None:
    assert passport.passport(ROW | {"gwp_use_ratio": "0.21"}, "R1")
    assert passport.passport(ROW | {"gwp_use_ratio": "0.17"}, "R1")


@pytest.mark.parametrize("needed", ["method", "list_version"])
def test_a_variable_without_method_or_list_version_does_not_go_on_a_tag(needed: str) -> None:
    variables = json.loads(passport.passport(ROW, "R1").document)["variables"]
    del variables["B1.2"][needed]
    with pytest.raises(Unfit, match=needed):
        passport.totals(variables)


def test_every_real_row_is_an_order_or_refused_with_its_reason() -> None:
    found = list(orders(_real_rows(), "https://id.example.com"))
    made = [each for each in found if isinstance(each, Order)]
    refused = [each for each in found if isinstance(each, OrderError)]
    assert (len(made), len(refused), len(found)) == (331, 895, 1226)
    assert Counter((each.column, each.reason.split(" ")[0]) for each in refused) == {
        ("gwp_manufacturing_ratio", "empty"): 469,
        ("gwp_manufacturing_ratio", "7.76"): 1,
        ("gwp_transport_ratio", "empty"): 271,
        ("gwp_use_ratio", "empty"): 1,
        ("gwp_eol_ratio", "empty"): 41,
        (passport.SUM_COLUMN, "the"): 111,
        ("lifetime", "empty"): 1,
    }
    assert len({each.product for each in made}) == 331
    claims = {stub.VERSION: 1, stub.ISSUED_AT: 1_790_000_000, stub.SEQ: 0}
    sizes = [stub.size({**claims, stub.CARRIER: [1, bytes(7)], **each.claims}) for each in made]
    assert (min(sizes), max(sizes)) == (188, 199)


def test_the_sample_in_the_package_has_ten_products_and_two_rows_that_are_refused() -> None:
    raw = (ROOT / "gateway" / "samples" / "products.csv").read_bytes()
    found = list(orders(raw, "https://id.example.com"))
    refused = [(each.row, each.column) for each in found if isinstance(each, OrderError)]
    assert len(found) == 12
    assert refused == [(11, "gwp_transport_ratio"), (12, passport.SUM_COLUMN)]


def _real_rows() -> bytes:
    folder = Path(os.environ.get("TAGWRIGHT_DATA") or ROOT.parent / "shared" / "data")
    path = folder / "boavizta-data-us.csv"
    if not path.is_file():
        pytest.skip(f"no real rows in {folder}: set TAGWRIGHT_DATA")
    return path.read_bytes()
