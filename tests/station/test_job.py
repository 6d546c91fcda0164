"""Jobs over a simulated line: every row accounted for, once, through tears, stops and kills."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from production_line import Line, order

from gateway.keys import DeviceKey
from gateway.records import JournalTrouble
from gateway.stations.job import JobRun, with_options
from gateway.stations.orders import OrderError, orders
from gateway.stations.result import Result
from gateway.stations.resultfile import Line as Row
from gateway.stations.resultfile import ResultFile

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[2]
BASE = "https://id.example.com"
THREE = b"gtin,serial,digest,total_10\n" + b"".join(
    b"09520123456788,S%d,%s,1240\n" % (n, b"%02x" % n * 32) for n in (1, 2, 3)
)
IDLE_S = 0.3


class Job:
    """A job at a line; each tag that was served is taken away and the next one is shown."""

    def __init__(self, line: Line, raw: bytes = THREE, **options: bool) -> None:
        self.line = line
        self.items = list(
            with_options(orders(raw, BASE), **{"overwrite": False, "lock": False} | options)
        )
        self.path = line.folder / "job.result.csv"

    async def run(self, *uids: bytes, tear: dict[int, int] | None = None) -> list[Result]:
        """Show these tags one after the other; tear: number of the tag -> the write that is cut."""
        left = list(uids)
        found: list[Result] = []

        def next_tag() -> None:
            self.line.take()
            if left:
                at = (tear or {}).get(len(uids) - len(left))
                self.line.show(left.pop(0))
                if at:
                    self.line.fault("tear", at=at)

        next_tag()
        with ResultFile(self.path) as results:
            async for result in JobRun(self.line.post, self.items, results, 0, IDLE_S).run():
                found.append(result)
                if (result.uid and result.pages_written) or result.outcome in ("refused", "torn"):
                    next_tag()
        self.line.take()
        return found

    def lines(self) -> list[list[str]]:
        return [row.split(",") for row in self.path.read_text().splitlines()[1:]]

    def outcomes(self) -> list[tuple[str, str]]:
        return [(row[0], row[4]) for row in self.lines()]


def uid(number: int) -> bytes:
    return bytes((4, number)) + bytes(5)


async def test_each_row_gets_a_tag_and_a_line(line: Line) -> None:
    job = Job(line)
    found = await job.run(uid(1), uid(2), uid(3))
    assert [(each.outcome, each.order_row) for each in found] == [
        ("commissioned", 1),
        ("commissioned", 2),
        ("commissioned", 3),
    ]
    first = job.lines()[0]
    assert first[:5] == ["1", "09520123456788", "S1", uid(1).hex(), "commissioned"]
    assert first[7:10] == ["0", "0", "01" * 32]
    assert job.path.read_text().startswith(
        "row,gtin,serial,uid,outcome,column,reason,seq,slot,digest,at\n"
    )


async def test_a_rerun_skips_what_is_done(line: Line) -> None:
    job = Job(line)
    await job.run(uid(1), uid(2))
    assert job.outcomes() == [("1", "commissioned"), ("2", "commissioned")]
    found = await Job(line).run(uid(3))
    assert [each.order_row for each in found] == [3]
    assert await Job(line).run() == []
    assert [row[0] for row in job.lines()] == ["1", "2", "3"]


async def test_a_refused_row_has_its_line_once_and_is_looked_at_again(line: Line) -> None:
    bad = THREE + b"09520123456788,S4,zz,1\n"
    job = Job(line, bad)
    await job.run(uid(1), uid(2), uid(3))
    assert job.lines()[-1][4:7] == ["refused", "digest", "not 64 hex digits"]
    assert await Job(line, bad).run() == []
    mended = THREE + b"09520123456788,S4," + b"04" * 32 + b",1\n"
    found = await Job(line, mended).run(uid(4))
    assert [(each.outcome, each.order_row) for each in found] == [("commissioned", 4)]
    assert len(job.lines()) == 5


async def test_the_journal_is_the_truth_where_the_result_file_lags(line: Line) -> None:
    job = Job(line)
    await job.run(uid(1), uid(2))
    text = job.path.read_text()
    job.path.write_text(text[: text.rindex("\n2,") + 9])  # the crash cut the last line
    found = await Job(line).run(uid(3))
    assert [(each.outcome, each.order_row, each.uid) for each in found] == [
        ("commissioned", 2, uid(2)),
        ("commissioned", 3, uid(3)),
    ]
    assert [row[:5] for row in job.lines()][1] == [
        "2",
        "09520123456788",
        "S2",
        uid(2).hex(),
        "commissioned",
    ]


async def test_a_torn_row_waits_for_its_tag_while_the_others_go_on(line: Line) -> None:
    job = Job(line)
    found = await job.run(uid(1), uid(2), uid(3), uid(2), tear={1: 9})
    assert [(each.outcome, each.uid[1]) for each in found] == [
        ("commissioned", 1),
        ("torn", 2),
        ("commissioned", 3),
        ("repaired", 2),
    ]
    assert job.outcomes() == [("1", "commissioned"), ("3", "commissioned"), ("2", "repaired")]


async def test_a_torn_row_is_finished_by_the_next_run(line: Line) -> None:
    job = Job(line)
    await job.run(uid(1), uid(2), uid(3), tear={1: 9})
    assert job.outcomes() == [("1", "commissioned"), ("3", "commissioned")]
    found = await Job(line).run(uid(9), uid(2))
    assert [each.outcome for each in found] == ["refused", "repaired"]
    assert job.outcomes()[-1] == ("2", "repaired")


async def test_a_row_whose_torn_tag_was_given_away_gets_another_tag(line: Line) -> None:
    job = Job(line)
    await job.run(uid(1), uid(2), uid(3), tear={2: 9})
    await line.write_elsewhere(uid(3), order("Z"))
    found = await Job(line).run(uid(3), uid(4))
    assert [(each.outcome, each.uid[1]) for each in found] == [("refused", 3), ("commissioned", 4)]
    assert line.kinds().count("void") == 1


async def test_a_product_twice_in_a_file_is_written_once(line: Line) -> None:
    twice = THREE + b"09520123456788,S1," + b"01" * 32 + b",1240\n"
    job = Job(line, twice)
    found = await job.run(uid(1), uid(2), uid(3))
    assert [each.outcome for each in found][-1] == "duplicate"
    assert job.lines()[-1][:5] == ["4", "09520123456788", "S1", uid(1).hex(), "duplicate"]


async def test_a_tag_that_cannot_be_used_costs_no_row(line: Line) -> None:
    job = Job(line)
    await job.run(uid(1))
    found = await Job(line).run(uid(1), uid(2), uid(3))
    assert [(each.outcome, each.uid[1]) for each in found] == [
        ("refused", 1),
        ("commissioned", 2),
        ("commissioned", 3),
    ]


async def test_the_result_file_of_another_job_is_refused(line: Line) -> None:
    await Job(line).run(uid(1))
    other = THREE.replace(b",S1,", b",T1,")
    with pytest.raises(OrderError, match="another job"):
        await Job(line, other).run(uid(2))


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n",
        b"\xff\n",
        b"row,gtin\n",
        b'"\n',
        b"\0" * 20 + b"\n",
        b"one line of another program",
        b"another,program\nends,without a line break",
    ],
)
def test_what_is_no_result_file_is_refused_and_left_as_it_is(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "x.result.csv"
    path.write_bytes(content)
    with pytest.raises(OrderError, match="no result file"):
        ResultFile(path)
    assert path.read_bytes() == content


def test_a_result_file_that_cannot_be_written_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(JournalTrouble, match="none/x.result.csv cannot be written"):
        ResultFile(tmp_path / "none" / "x.result.csv")
    path = tmp_path / "x.result.csv"
    with ResultFile(path) as results, Path("/dev/full").open("ab", buffering=0) as full:
        results._file.close()
        results._file = full
        with pytest.raises(JournalTrouble, match="No space left"):
            results.append(Row("1"))


def test_a_result_file_cut_within_its_header_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "x.result.csv"
    path.write_bytes(b"row,gt")
    with ResultFile(path) as results:
        results.append(Row("1", outcome="refused"))
    with ResultFile(path) as results:
        assert list(results.lines) == [1]


def test_a_line_with_commas_and_breaks_is_read_back_as_it_was(tmp_path: Path) -> None:
    row = Row("7", outcome="refused", column="name", reason='a "b", c\nd')
    with ResultFile(tmp_path / "x.result.csv") as results:
        results.append(row)
    with ResultFile(tmp_path / "x.result.csv") as results:
        assert results.lines == {7: row}


def test_a_killed_job_goes_on_where_it_stopped(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_bytes(
        (ROOT / "gateway" / "samples" / "products.csv").read_bytes()
    )
    DeviceKey.generate().save(tmp_path / "line.key", None)
    with simulator() as (path, do):
        do({"do": "arrive", "tag": "ntag216"})
        tags: list[str] = []
        for kill_at in (3, 4, None):
            with job_process(tmp_path, path) as job:
                assert job.stdout is not None
                for text in job.stdout:
                    event = json.loads(text)
                    if event.get("uid") and event["pages_written"]:
                        tags.append(event["uid"])
                        if len(tags) == kill_at:
                            job.kill()
                            break
                        do({"do": "leave"})
                        do({"do": "arrive", "tag": "ntag216"})
            do({"do": "leave"})
            do({"do": "arrive", "tag": "ntag216"})
        stats = do({"do": "stats"})["stats"]
    rows = (tmp_path / "products.result.csv").read_text().splitlines()[1:]
    assert sorted(int(row.split(",")[0]) for row in rows) == list(range(1, 13))
    assert sum(",commissioned," in row for row in rows) == 10
    assert len({row.split(",")[3] for row in rows}) == 11  # ten tags, and none for the refused
    assert stats["pages_written"] < 11 * 75  # no tag was written twice


@contextmanager
def simulator() -> Iterator[tuple[str, Any]]:
    """(path, do) of a PN532 in a process of its own."""
    command = [sys.executable, "-m", "hwsim", "pn532", "--control"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        source, sink = process.stdout, process.stdin

        def do(what: dict[str, str]) -> Any:
            sink.write(json.dumps(what) + "\n")
            sink.flush()
            return json.loads(source.readline())

        yield json.loads(source.readline())["path"], do
        process.terminate()
        process.communicate()


@contextmanager
def job_process(folder: Path, path: str) -> Iterator[subprocess.Popen[str]]:
    """`tagwright job run` on the folder's products; idle for a second, it ends."""
    command = [sys.executable, "-m", "gateway.cli.main", "job", "run", "products.csv", "--json"]
    command += ["--reader", f"pn532:{path}", "--key", "line.key", "--journal", "journal.db"]
    command += ["--idle", "5"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.wait(timeout=30)
