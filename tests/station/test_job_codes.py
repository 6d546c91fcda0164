"""Jobs whose products carry codes: rows that are incomplete until these are read, over runs, tears and kills."""

from dataclasses import replace
from typing import Any

import pytest
from bind_line import BindLine, datamatrix, qr
from code_line import gone
from production_line import BASE, GTIN, Line

from edge import gs1
from gateway.model import CodeRead
from gateway.stations.job import JobRun
from gateway.stations.orders import OrderError, orders
from gateway.stations.result import Result
from gateway.stations.resultfile import ResultFile

pytestmark = pytest.mark.anyio

IDLE_S = 0.3
DIGEST = "ab" * 32

BATTERY = f"gtin,serial,digest,sector\n09520123456788,S1,{DIGEST},battery\n"
Shown = tuple[int, CodeRead | None]


def rows(count: int = 1) -> str:
    """Orders of the products S1, S2, ..., each of which must carry a QR."""
    each = [f'09520123456788,S{n},{DIGEST},"nfc,qr"\n' for n in range(1, count + 1)]
    return "gtin,serial,digest,carriers\n" + "".join(each)


def uid(number: int) -> bytes:
    return bytes((4, number)) + bytes(5)


def code(serial: str) -> CodeRead:
    return qr(gs1.link(BASE, GTIN, serial))


class Job:
    """A job beside a code reader; each tag that was served is taken away and the next one is shown, with its code."""

    def __init__(self, line: Line, text: str | None = None, is_blind: bool = False) -> None:
        self.bench = BindLine(line)
        self.line = line
        self.items = list(orders((text or rows()).encode(), BASE))
        self.path = line.folder / "job.result.csv"
        self.sight = None if is_blind else self.bench.sight

    async def run(
        self, *shown: Shown, requires: tuple[str, ...] = (), tear: int = 0
    ) -> list[Result]:
        """Show these tags, each with the code beside it; tear: the write of the first tag that is cut."""
        left = list(shown)
        found: list[Result] = []

        def next_tag() -> None:
            if left:
                number, beside = left.pop(0)
                self.bench.eye.lay(*([beside] if beside else []))
                self.line.show(uid(number))

        next_tag()
        if tear:
            self.line.fault("tear", at=tear)
        with ResultFile(self.path) as results:
            run = JobRun(
                self.line.post, self.items, results, 0, IDLE_S, sight=self.sight, requires=requires
            )
            async for result in run.run():
                found.append(result)
                if self.bench.eye.log or not self.sight or result.outcome == "torn":
                    self.line.take()
                    await run._station.left()  # one tag may be shown twice in a row
                    next_tag()
        self.line.take()
        return found

    def outcomes(self) -> list[tuple[str, str]]:
        return [(row[0], row[4]) for row in self.lines()]

    def lines(self) -> list[list[str]]:
        return [row.split(",") for row in self.path.read_text().splitlines()[1:]]


def told(found: list[Result]) -> list[tuple[str, int, str]]:
    return [(each.outcome, each.order_row, each.signal.colour) for each in found]


async def test_the_code_beside_the_tag_picks_the_order(line: Line) -> None:
    job = Job(line, rows(3))
    found = await job.run((1, code("S2")), (2, code("S3")), (3, code("S1")))
    assert told(found) == [
        ("commissioned", 2, "green"),
        ("commissioned", 3, "green"),
        ("commissioned", 1, "green"),
    ]
    assert [row[:5:2] for row in job.lines()] == [
        ["2", "S2", "commissioned"],
        ["3", "S3", "commissioned"],
        ["1", "S1", "commissioned"],
    ]
    assert line.kinds().count("bind") == 3
    assert await Job(line, rows(3)).run() == []


async def test_a_row_is_incomplete_until_its_qr_is_read(line: Line) -> None:
    job = Job(line, rows(2))
    found = await job.run((1, datamatrix(f"01{GTIN:014d}21S1")), (2, code("S2")), (1, code("S1")))
    assert told(found) == [
        ("incomplete", 1, "amber"),
        ("commissioned", 2, "green"),
        ("commissioned", 1, "green"),
    ]
    assert job.outcomes() == [("1", "incomplete"), ("2", "commissioned"), ("1", "commissioned")]
    column, reason = job.lines()[0][5:7]
    assert column == "carriers"
    assert "no qr among the 1 codes" in reason
    assert line.kinds().count("intent") == 2


async def test_an_incomplete_row_goes_on_in_the_next_run(line: Line) -> None:
    await Job(line).run((1, datamatrix(f"01{GTIN:014d}21S1")))
    job = Job(line)
    found = await job.run((1, code("S1")))
    assert told(found) == [("incomplete", 1, "amber"), ("commissioned", 1, "green")]
    assert uid(1).hex() in found[0].signal.sentence
    assert job.outcomes() == [("1", "incomplete"), ("1", "commissioned")]
    assert await Job(line).run() == []


async def test_nothing_is_written_beside_an_item_whose_code_is_not_read(line: Line) -> None:
    job = Job(line)
    found = await job.run((1, None))
    assert told(found) == [("incomplete", 0, "amber")]
    assert "intent" not in line.kinds()
    job = Job(line)
    job.bench.eye.away = gone("the camera was unplugged")
    (result,) = await job.run((1, code("S1")))
    assert "the camera was unplugged" in result.signal.sentence


async def test_nothing_is_written_beside_an_item_of_no_order(line: Line) -> None:
    job = Job(line, rows(2))
    found = await job.run((1, code("S9")), (1, code("S1")), (2, code("S1")))
    assert [each.outcome for each in found] == ["refused", "commissioned", "refused"]
    assert "no order for 09520123456788/S9" in found[0].signal.sentence
    assert "row 1 of the job" in found[2].signal.sentence
    assert job.outcomes() == [("1", "commissioned")]


async def test_an_item_with_another_code_does_not_complete_a_row(line: Line) -> None:
    job = Job(line)
    found = await job.run((1, datamatrix(f"01{GTIN:014d}21S1")), (1, code("S2")), (1, code("S1")))
    assert told(found) == [
        ("incomplete", 1, "amber"),
        ("incomplete", 1, "red"),
        ("commissioned", 1, "green"),
    ]
    assert "S1, the code 09520123456788/S2" in found[1].signal.sentence


async def test_a_battery_does_not_finish_without_its_qr(line: Line) -> None:
    found = await Job(line, BATTERY).run((1, datamatrix(f"01{GTIN:014d}21S1")), (1, code("S1")))
    assert told(found) == [("incomplete", 1, "amber"), ("commissioned", 1, "green")]
    stub = (await line.verify(uid(1))).stub
    assert stub is not None
    assert stub.claims[12] == [1, {}]


async def test_without_a_code_reader_the_rows_wait_and_a_later_run_completes_them(
    line: Line,
) -> None:
    blind = Job(line, rows(3), is_blind=True)
    found = await blind.run((1, None), (2, None), (3, None))
    assert told(found) == [("incomplete", row, "amber") for row in (1, 2, 3)]
    assert "no camera or scanner" in found[0].signal.sentence
    found = await Job(line, rows(3)).run((3, code("S3")), (1, code("S1")), (2, code("S2")))
    assert [each.order_row for each in found if each.outcome == "commissioned"] == [3, 1, 2]
    assert line.kinds().count("intent") == 3


async def test_what_the_station_requires_holds_for_every_row(line: Line) -> None:
    text = f"gtin,serial,digest\n09520123456788,S1,{DIGEST}\n"
    job = Job(line, text)
    found = await job.run(
        (1, code("S1")), (1, datamatrix(f"01{GTIN:014d}21S1")), requires=("datamatrix",)
    )
    assert [each.outcome for each in found] == ["incomplete", "incomplete"]
    assert "no link" in found[1].signal.sentence
    link = gs1.link(BASE, GTIN, "S1")
    found = await Job(line, text).run((1, datamatrix(link, "]d1")), requires=("datamatrix",))
    assert found[-1].outcome == "commissioned"


async def test_a_code_that_is_asked_for_later_is_read_before_a_row_counts_as_done(
    line: Line,
) -> None:
    text = f"gtin,serial,digest\n09520123456788,S1,{DIGEST}\n"
    dumb = qr(f"01{GTIN:014d}21S1".encode(), "]Q3")  # a QR, but no link that a phone opens
    found = await Job(line, text).run((1, dumb))
    assert told(found) == [("commissioned", 1, "green")]
    assert await Job(line, text).run() == []
    job = Job(line)  # the same order, which now lists a QR
    found = await job.run((1, dumb), (1, code("S1")))
    assert told(found) == [
        ("incomplete", 1, "amber"),
        ("incomplete", 1, "amber"),
        ("commissioned", 1, "green"),
    ]
    assert job.outcomes()[-1] == ("1", "commissioned")
    assert await Job(line).run() == []


async def test_the_incomplete_row_of_another_job_is_not_taken_for_ones_own(line: Line) -> None:
    await Job(line).run((1, datamatrix(f"01{GTIN:014d}21S1")))
    with pytest.raises(OrderError, match="row 1 is of another job"):
        await Job(line, rows().replace("S1", "T1")).run()


async def test_a_torn_row_is_finished_and_needs_its_code_then(line: Line) -> None:
    job = Job(line)
    found = await job.run((1, code("S1")), (1, None), (1, code("S1")), tear=9)
    assert [each.outcome for each in found] == ["torn", "incomplete", "commissioned"]
    assert job.outcomes() == [("1", "incomplete"), ("1", "commissioned")]


class Killed(Exception):
    """The process ends here."""


def killing(line: Line, kind: str, after: bool) -> Any:
    """The line's post, whose process is killed before or after the first row of this kind is durable."""
    journal = line.journal

    class Journal:
        def __getattr__(self, name: str) -> Any:
            return getattr(journal, name)

        async def append(self, what: str, *more: Any) -> Any:
            if what == kind and not after:
                raise Killed
            row = await journal.append(what, *more)
            if what == kind:
                raise Killed
            return row

    return replace(line.post, journal=Journal())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "after", "first"),
    [
        ("intent", False, None),
        ("intent", True, None),
        ("result", False, None),
        ("result", True, "incomplete"),
        ("bind", False, "incomplete"),
        ("bind", True, "commissioned"),
    ],
)
async def test_a_row_goes_on_wherever_the_process_was_killed(
    line: Line, kind: str, after: bool, first: str | None
) -> None:
    killed = Job(line)
    post, line.post = line.post, killing(line, kind, after)
    with pytest.raises(Killed):
        await killed.run((1, code("S1")))
    line.post = post
    line.take()
    assert killed.outcomes() == []
    job = Job(line)
    found = await job.run((1, code("S1")), (1, code("S1")), (1, code("S1")))
    if first is not None:
        assert (found[0].outcome, found[0].order_row) == (first, 1)
    done = [row for row in job.lines() if row[0] == "1"][-1]
    assert done[3:5] in ([uid(1).hex(), "commissioned"], [uid(1).hex(), "repaired"])
    binds = [row for row in line.journal.after(0, 100) if row.kind == "bind"]
    assert [row.content()["outcome"] for row in binds] == ["bound"]
    assert line.journal.open_intents() == []
    assert (await line.verify(uid(1))).product == f"{GTIN:014d}/S1"
