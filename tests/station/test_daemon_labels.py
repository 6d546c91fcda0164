"""The daemon behind a printer: a camera's pictures of labels, read by two engines and held against the orders."""

from pathlib import Path

import pytest

from gateway.config import ConfigProblem, ReaderConfig
from gateway.daemon import serve
from gateway.journal import Journal
from gateway.optics.label import Label
from gateway.optics.png import png
from gateway.optics.symbol import symbol
from gateway.stations.result import Result
from tests.production_line import GTIN
from tests.station.test_daemon_codes import config, first

pytestmark = pytest.mark.anyio

CSV = f"gtin,serial,digest\n{GTIN:014d},A1,{bytes(range(32)).hex()}\n"


async def test_a_printed_label_passes_and_that_of_another_product_does_not(tmp_path: Path) -> None:
    pictures, orders = tmp_path / "pictures", tmp_path / "orders.csv"
    pictures.mkdir()
    orders.write_text(CSV)
    eye = ReaderConfig(name="printer", url=f"camera:{pictures}", job="print", orders=orders)
    found, text = config(tmp_path, eye)
    for number, held in enumerate((text, text.partition("#")[0].replace("A1", "B2")), 1):
        (pictures / f"{number}.png").write_bytes(png(Label(symbol(held, "qr")), 6, 300))
    (name, result), (_, second) = await first(found, 2)
    assert (name, result.outcome, result.signal.colour) == ("printer", "passed", "green"), result
    assert (second.outcome, second.signal.colour) == ("failed", "red")
    assert f"no order for {GTIN:014d}/B2" in second.signal.sentence
    lines = (tmp_path / "orders.labels.csv").read_text().splitlines()
    assert [line.split(",")[:5] for line in lines[1:]] == [
        ["1", f"{GTIN:014d}", "A1", "", "passed"]
    ]
    async with Journal(tmp_path / "daemon.db") as journal:
        rows = [row for row in journal.after(0, 20) if row.kind == "label"]
    assert [row.content()["confirmed_by"] for row in rows] == [["opencv"], ["opencv"]]


async def test_orders_that_are_none_are_named_with_their_reader(tmp_path: Path) -> None:
    orders = tmp_path / "labels.csv"
    orders.write_text("row,product,digest,kid,link,text\n")
    eye = ReaderConfig(name="printer", url=f"camera:{tmp_path}", job="print", orders=orders)
    found, _ = config(tmp_path, eye)
    with pytest.raises(ConfigProblem, match=r"reader printer: orders: .*labels\.csv: .*column"):
        await serve(found, None, _nobody)
    orders.unlink()
    with pytest.raises(ConfigProblem, match=r"reader printer: orders: cannot read .*labels\.csv"):
        await serve(found, None, _nobody)


def _nobody(name: str, result: Result) -> None:
    raise AssertionError(f"{name}: {result}")
