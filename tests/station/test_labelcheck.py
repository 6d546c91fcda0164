"""Labels just printed: passed by two engines, by what was ordered and by their grade, or failed with every reason."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from code_line import GTIN, CodeLine, code_line, running

from edge import printed
from gateway.keys import DeviceKey
from gateway.model import CodeRead, Quality
from gateway.stations import labels
from gateway.stations.labelcheck import LabelCheck
from gateway.stations.orders import Order, OrderError, orders
from gateway.stations.post import Seal
from gateway.stations.result import Result
from gateway.stations.resultfile import ResultFile

pytestmark = pytest.mark.anyio

BASE = "https://id.example.com"
CSV = "gtin,serial,digest,total_41\n" + "".join(
    f"{GTIN:014d},S{n},{f'{n:02x}' * 32},5\n" for n in (1, 2, 3)
)
GOOD = Quality(contrast=0.8, unused_correction=0.9, module_px=4.0)


@dataclass
class Printer:
    """A camera behind a printer of the three orders. `check` it with the labels in one picture."""

    line: CodeLine
    orders: list[Order]
    path: Path

    def label(self, number: int = 1, key: DeviceKey | None = None, **claims: Any) -> CodeRead:
        """The label of an order as a good camera reads it; claims: other than ordered, by key."""
        order = self.orders[number - 1]
        changed = {int(name[1:]): value for name, value in claims.items()}
        order = replace(order, claims={**order.claims, **changed})
        seal = Seal(key or self.line.key, None, lambda *_: True, int(time.time()))
        return self.read(labels.label(order, seal, printed.BASE64URL))

    def read(self, text: str) -> CodeRead:
        return CodeRead(
            "cam",
            text.encode(),
            "]Q1",
            "QRCode",
            time.time(),
            quality=GOOD,
            engine="zxing",
            confirmed_by=("opencv",),
        )

    async def check(self, *codes: CodeRead) -> Result:
        """The answer to a trigger by which these are read."""
        self.line.peers[0].say(b"T\r\n")
        await self.line.reader.triggered.wait()
        self.line.reader.see(*codes, no_read=not codes)
        return await self.line.results.get()

    def lines(self) -> list[list[str]]:
        return [row.split(",")[:5] for row in self.path.read_text().splitlines()[1:]]

    async def answer(self) -> bytes:
        """What the PLC is answered."""
        return await self.line.peers[0].line()


def tampered(text: str) -> str:
    """The text with another character within its signature."""
    return f"{text[:-20]}{'B' if text[-20] == 'A' else 'A'}{text[-19:]}"


@asynccontextmanager
async def printer(folder: Path, csv: str = CSV, **rules: object) -> AsyncIterator[Printer]:
    found = [each for each in orders(csv.encode(), BASE) if isinstance(each, Order)]
    path = folder / "orders.labels.csv"
    async with code_line(folder, "print", **rules) as line:
        with ResultFile(path) as results:
            line.station.check = LabelCheck(line.station.post, found, results, "B")
            async with running(line):
                yield Printer(line, found, path)


async def test_a_label_as_it_was_ordered_passes(tmp_path: Path) -> None:
    async with printer(tmp_path) as at:
        label = at.label(2)
        result = await at.check(label)
        assert (result.outcome, result.signal.colour) == ("passed", "green")
        assert result.product == f"{GTIN:014d}/S2"
        assert await at.answer() == label.data
        row = at.line.rows()[-1]
        assert (row.seq, row.kind, row.product) == (result.journal_seq, "label", result.product)
        said = row.content()
        assert (said["outcome"], said["grade"], said["confirmed_by"]) == ("passed", "A", ["opencv"])
        assert said["verdict"]["key"] == "trusted"
        assert at.lines() == [["2", f"{GTIN:014d}", "S2", "", "passed"]]
        assert [each.kind for each in at.line.rows()] == ["code", "label"]


async def test_of_a_label_that_fails_the_picture_is_kept(tmp_path: Path) -> None:
    async with printer(tmp_path, archive=tmp_path) as at:
        at.line.reader.image = "failed-1.jpg"
        assert (await at.check(replace(at.label(), confirmed_by=()))).outcome == "failed"
        assert at.line.last()["image"] == "failed-1.jpg"
        assert at.line.reader.log[-1] == "keep failed"


async def test_a_label_fails_with_every_reason(tmp_path: Path) -> None:
    async with printer(tmp_path, duplicate_s=0) as at:
        poor = replace(at.label(), confirmed_by=(), quality=GOOD._replace(contrast=0.2))
        result = await at.check(poor)
        assert (result.outcome, result.signal.colour) == ("failed", "red")
        assert at.line.last()["faults"] == [
            "QRCode: no second engine reads the same there: print it anew",
            "QRCode: grade D, B at least: see to ribbon, heat and speed",
        ]
        assert await at.answer() == b"FAILED"
        assert at.lines() == [["1", f"{GTIN:014d}", "S1", "", "failed"]]
        assert (await at.check(at.label())).outcome == "passed"
        assert at.lines()[-1][4] == "passed"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda at: at.label(key=DeviceKey.generate()), "the signing key is not in the trust list"),
        (lambda at: at.label(_3=bytes(32)), "another passport than the order's"),
        (lambda at: at.label(_11={41: 7}), "other than the order: totals"),
        (lambda at: at.label(_7=[1, b"\4\1\2\3\4\5\6"]), "was not asked"),
        (lambda at: at.read(at.orders[0].link), "no code on it holds a stub"),
        (lambda at: at.read(tampered(at.label().data.decode())), "changed after it was signed"),
        (lambda at: at.read(f"{BASE}/01/{GTIN:014d}/21/S9"), f"no order for {GTIN:014d}/S9"),
        (lambda at: at.read("some text"), "no code names an item"),
        (lambda at: replace(at.label(), quality=None), "grade F"),
        (
            lambda at: replace(at.label(), symbology="Aztec", confirmed_by=()),
            "no second engine reads Aztec",
        ),
        (
            lambda at: at.read(
                at.label().data.decode().replace("id.example.com", "id.example.net")
            ),
            "its link is https://id.example.net",
        ),
    ],
)
async def test_a_label_that_is_not_as_ordered_fails(
    tmp_path: Path, change: Any, words: str
) -> None:
    async with printer(tmp_path) as at:
        result = await at.check(change(at))
        assert (result.outcome, result.signal.colour) == ("failed", "red")
        assert words in result.signal.sentence


async def test_two_labels_in_one_picture_fail(tmp_path: Path) -> None:
    async with printer(tmp_path, most=2, count=2) as at:
        result = await at.check(at.label(1), at.label(2))
        assert result.outcome == "failed"
        assert "its codes name 2 orders" in result.signal.sentence


async def test_a_second_label_of_one_product_fails(tmp_path: Path) -> None:
    async with printer(tmp_path, duplicate_s=0) as at:
        assert (await at.check(at.label())).outcome == "passed"
        result = await at.check(at.label())
        assert result.outcome == "failed"
        assert "passed before: there are two" in result.signal.sentence
        assert [row[4] for row in at.lines()] == ["passed"]
    async with printer(tmp_path, duplicate_s=0) as at:  # the station was started anew
        assert (await at.check(at.label())).outcome == "failed"


async def test_a_label_whose_line_a_kill_has_cut_is_judged_anew(tmp_path: Path) -> None:
    async with printer(tmp_path, duplicate_s=0) as at:
        await at.check(at.label())
    at.path.write_text(at.path.read_text()[:-5])
    async with printer(tmp_path, duplicate_s=0) as at:
        assert (await at.check(at.label())).outcome == "passed"


async def test_where_nothing_was_read_the_cycle_answers(tmp_path: Path) -> None:
    async with printer(tmp_path) as at:
        result = await at.check()
        assert result.outcome == "no_read"
        assert await at.answer() == b"NOREAD"
        assert at.lines() == []


async def test_the_result_file_of_other_orders_is_refused(tmp_path: Path) -> None:
    async with printer(tmp_path) as at:
        await at.check(at.label())
    with pytest.raises(OrderError, match="row 1 is of other orders"):
        async with printer(tmp_path, CSV.replace("S1", "T1")):
            pass
