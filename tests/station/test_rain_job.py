"""Job files over RAIN tags: a row a tag, torn ones finished later, several in the field never mixed up."""

import pytest
from production_line import BASE
from rain_line import RainLine

from edge import epc
from gateway.stations.job import JobRun, with_options
from gateway.stations.orders import orders
from gateway.stations.result import Result
from gateway.stations.resultfile import ResultFile

pytestmark = pytest.mark.anyio

IDLE_S = 0.05
GTIN = "09520123456788"
THREE = b"gtin,serial,digest,total_10\n" + b"".join(
    b"09520123456788,S%d,%s,1240\n" % (n, b"%02x" % n * 32) for n in (1, 2, 3)
)


class Job:
    """A job at a line; each tag that was served is taken away and the next ones are shown."""

    def __init__(self, line: RainLine) -> None:
        self.line = line
        self.path = line.folder / "job.result.csv"

    async def run(
        self, *shown: tuple[int, ...], tear: int | None = None, overwrite: bool = False
    ) -> list[Result]:
        """Show these sets of tags one after the other; tear: in which of them a write is cut."""
        left = list(shown)
        found: list[Result] = []

        async def next_tags() -> None:
            self.line.take()
            assert await self.line.reader.target(0.001) is None
            if left:
                for number in left.pop(0):
                    self.line.add(number)
                if tear == len(shown) - len(left) - 1:
                    self.line.fault("tear", at=9)

        await next_tags()
        with ResultFile(self.path) as results:
            items = list(with_options(orders(THREE, BASE), overwrite, lock=False))
            async for result in JobRun(self.line.post, items, results, 0, IDLE_S).run():
                found.append(result)
                await next_tags()
        self.line.take()
        return found

    def lines(self) -> list[list[str]]:
        return [row.split(",") for row in self.path.read_text().splitlines()[1:]]


async def test_each_row_gets_a_tag_and_a_line(rain: RainLine) -> None:
    job = Job(rain)
    found = await job.run((1,), (2,), (3,))
    assert [(each.outcome, each.order_row) for each in found] == [
        ("commissioned", 1),
        ("commissioned", 2),
        ("commissioned", 3),
    ]
    assert job.lines()[0][:5] == ["1", GTIN, "S1", rain.id(1).hex(), "commissioned"]
    for number in (1, 2, 3):
        assert epc.decode(rain.tag(number).epc).product == [0, int(GTIN), f"S{number}"]
    assert await Job(rain).run() == []


async def test_a_torn_row_waits_for_its_tag_while_the_others_go_on(rain: RainLine) -> None:
    job = Job(rain)
    found = await job.run((1,), (2,), (3,), (2,), tear=1)
    assert [(each.outcome, each.uid) for each in found] == [
        ("commissioned", rain.id(1)),
        ("torn", rain.id(2)),
        ("commissioned", rain.id(3)),
        ("repaired", rain.id(2)),
    ]
    assert [row[0] for row in job.lines()] == ["1", "3", "2"]


async def test_of_two_tags_in_the_field_none_gets_the_row(rain: RainLine) -> None:
    job = Job(rain)
    found = await job.run((1, 2), (2,), (1,))
    assert [(each.outcome, each.order_row) for each in found] == [
        ("gone", 0),
        ("commissioned", 1),
        ("commissioned", 2),
    ]
    assert "2 tags in the field" in found[0].signal.sentence
    assert [row[3] for row in job.lines()] == [rain.id(2).hex(), rain.id(1).hex()]


async def test_a_locked_tag_costs_no_row(rain: RainLine) -> None:
    rain.tag(1).locks |= 0b11 << 4 | 0b11
    job = Job(rain)
    found = await job.run((1,), (2,), (3,), (4,))
    assert [each.outcome for each in found] == ["refused", *["commissioned"] * 3]
    assert len(job.lines()) == 3


async def test_a_tag_that_was_unheard_for_a_while_does_not_get_the_next_row(
    rain: RainLine,
) -> None:
    found = await Job(rain).run((1,), (1,), overwrite=True)
    assert [each.outcome for each in found] == ["commissioned", "refused"]
    assert "row 1 of the job" in found[1].signal.sentence
    found = await Job(rain).run((1,), (2,), (1,), (3,), overwrite=True)  # also on the next run
    assert [each.outcome for each in found] == [
        "refused",
        "commissioned",
        "refused",
        "commissioned",
    ]
    for number in (1, 2, 3):
        assert epc.decode(rain.tag(number).epc).product == [0, int(GTIN), f"S{number}"]
