"""A code station whole: triggers from a PLC or a station beside, rows before answers, a reader that comes and goes."""

import asyncio
import socket
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from code_line import LINK, CodeLine, PlcPeer, ScriptedReader, code_line, connected, gone, running
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import CodesConfig, ConfigProblem
from gateway.journal import JournalFull
from gateway.model import ReaderGone, Wanted
from gateway.readers.codeport import DeviceState
from gateway.records import Row
from gateway.stations.codejob import Answer, Judged
from gateway.stations.codepost import CodePost
from gateway.stations.codestation import CodeStation
from gateway.stations.codewatch import Keep
from gateway.stations.cycle import Outcome
from gateway.stations.plc import MOST_CLIENTS, MOST_UNANSWERED, Plc
from gateway.stations.result import Signal

pytestmark = pytest.mark.anyio

CODE = LINK.encode()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_plc_triggers_and_is_told_the_code(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line, running(line) as peer:
        peer.say(b"T\r\n")
        await line.reader.triggered.wait()
        line.reader.see(CODE)
        assert await peer.line() == CODE
        result = await line.results.get()
        assert (result.outcome, result.product) == ("read", "09520123456788/A1")
        (row,) = line.rows()
        assert (row.kind, row.station, row.seq) == ("code", "st 1", result.journal_seq)
        assert row.product == "09520123456788/A1"
        body = row.content()
        assert body["outcome"] == "read"
        assert body["link"] == LINK
        assert body["codes"][0]["data"] == CODE
        assert line.reader.log == ["trigger", "release"]


async def test_no_answer_is_given_before_the_row_is_durable(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line, running(line) as peer:
        line.journal.gate.clear()
        peer.say(b"T\n")
        answer = asyncio.create_task(peer.line())
        await line.reader.triggered.wait()
        line.reader.see(CODE)
        await line.journal.reached.wait()
        other = await connected(line)  # the loop goes round meanwhile
        assert not answer.done()
        assert line.results.empty()
        assert line.journal.head() == 0
        line.journal.gate.set()
        assert await answer == CODE
        assert line.journal.head() == 1
        await other.leave()


async def test_a_trigger_without_a_code_is_answered_and_its_picture_kept(tmp_path: Path) -> None:
    async with (
        code_line(tmp_path, timeout_s=0.01, archive=tmp_path) as line,
        running(line) as peer,
    ):
        line.reader.image = "no_read-1.jpg"
        peer.say(b"T\r")
        assert await peer.line() == b"NOREAD"
        body = line.last()
        assert (body["outcome"], body["codes"]) == ("no_read", [])
        assert body["image"] == "no_read-1.jpg"
        assert line.reader.log == ["trigger", "keep no_read", "release"]
        assert line.station.rate.recent == 0.0


async def test_of_a_code_that_is_refused_the_picture_is_kept(tmp_path: Path) -> None:
    async with code_line(tmp_path, archive=tmp_path) as line, running(line) as peer:
        line.reader.image = "refused-1.jpg"
        peer.say(b"T\r")
        await line.reader.triggered.wait()
        line.reader.see(b"https://me@id.example.com/01/09520123456788/21/A1")
        assert await peer.line() == b"REFUSED"
        assert line.last()["image"] == "refused-1.jpg"


async def test_a_reader_that_is_away_is_an_answer_at_once(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line, running(line) as peer:
        line.reader.away = gone()
        peer.say(b"T\r\n")
        assert await peer.line() == b"NOREAD"
        assert line.last()["reason"] == "the cable was pulled"
        line.reader.away = None
        peer.say(b"T\r\n")
        while len(line.reader.wants) < 2:
            await line.turns()
        line.reader.see(CODE)
        assert await peer.line() == CODE


async def test_a_reader_that_goes_in_mid_cycle_is_named_as_the_reason(tmp_path: Path) -> None:
    async with code_line(tmp_path, timeout_s=0.01) as line, running(line) as peer:
        line.reader.state = DeviceState("stalled", "no picture for 5 s")
        peer.say(b"T\r\n")
        assert await peer.line() == b"NOREAD"
        assert line.last()["reason"] == "the reader is stalled: no picture for 5 s"


async def test_a_level_trigger_is_answered_once_when_it_goes_off(tmp_path: Path) -> None:
    async with code_line(tmp_path, trigger="level") as line, running(line) as peer:
        peer.say(b"ON\r\n")
        await line.reader.triggered.wait()
        peer.say(b"OFF\r\nOFF\r\n")
        assert await peer.line() == b"NOREAD"
        peer.say(b"ON\r\n")
        await line.reader.triggered.wait()
        line.reader.see(CODE)
        assert await peer.line() == CODE
        peer.say(b"OFF\r\nT\r\n")
        await line.reader.triggered.wait()
        line.reader.see(b"https://id.example.com/01/09520123456788/21/A2")
        assert (await peer.line()).endswith(b"/A2")
        assert len(line.rows()) == 3


async def test_a_plc_that_hangs_up_lets_go_of_its_level(tmp_path: Path) -> None:
    async with code_line(tmp_path, trigger="level") as line, running(line) as peer:
        peer.say(b"ON\r\n")
        await line.reader.triggered.wait()
        await peer.leave()
        assert (await line.results.get()).outcome == "no_read"
        assert line.reader.log[-1] == "release"


async def test_one_plc_does_not_end_the_level_of_another(tmp_path: Path) -> None:
    async with code_line(tmp_path, trigger="level") as line, running(line) as first:
        second = await connected(line)
        first.say(b"ON\r\n")
        await line.reader.triggered.wait()
        second.say(b"ON\r\nOFF\r\n")
        await second.leave()
        first.say(b"OFF\r\n")
        assert await first.line() == b"NOREAD"
        assert [(await line.results.get()).signal.sentence for _ in range(2)] == [
            "no read: no code was read",
            "no read: it came while trigger 1 ran",
        ]


async def test_triggers_that_come_too_fast_are_each_answered_in_order(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line, running(line) as peer:
        peer.say(b"T\r\nT\r\nT\r\n")
        await line.reader.triggered.wait()
        while line.station.triggers < 3:
            await line.turns()
        line.reader.see(CODE)
        assert [await peer.line() for _ in range(3)] == [CODE, b"NOREAD", b"NOREAD"]
        assert [row.content()["trigger"] for row in line.rows()] == [1, 2, 3]


async def test_what_no_plc_triggered_is_told_to_each(tmp_path: Path) -> None:
    async with code_line(tmp_path, trigger="presentation") as line, running(line) as first:
        second = await connected(line)
        await line.all_connected(2)
        line.reader.see(CODE)
        assert await first.line() == CODE
        assert await second.line() == CODE
        assert line.reader.log == []  # nobody told it to look hard


async def test_a_plc_that_says_nonsense_or_floods_is_left(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line, running(line) as peer:
        peer.say(b"GET / HTTP/1.1\r\n\r\n")
        assert await peer.line() == b""
        endless = await connected(line)
        endless.say(bytes(100_000))
        assert await endless.line() == b""
        flood = await connected(line)
        flood.say(b"ON\r\n" * (MOST_UNANSWERED + 1))
        lines = []
        while answer := await flood.line():
            lines.append(answer)
        assert len(lines) <= MOST_UNANSWERED
        for _ in range(MOST_UNANSWERED):  # each was a trigger all the same
            assert (await line.results.get()).outcome == "no_read"
        assert line.plc.clients == []


async def test_no_more_plcs_than_a_few_are_served(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line, running(line):
        peers = [await connected(line) for _ in range(MOST_CLIENTS)]
        assert await peers[-1].line() == b"BUSY"
        assert await peers[-1].line() == b""


async def test_an_address_that_another_listens_at_is_said(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line, running(line), code_line(tmp_path / "b") as other:
        other.plc.port = line.plc.port
        with pytest.raises(ConfigProblem, match=r"reader\.codes\.plc: cannot listen at 127"):
            await other.run()


async def test_where_nothing_can_be_recorded_the_plc_hears_of_no_code(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line, running(line) as peer:
        line.journal.trouble = JournalFull("the journal is full")
        peer.say(b"T\r\n")
        await line.reader.triggered.wait()
        line.reader.see(CODE)
        assert await peer.line() == b"ERROR"
        assert line.task is not None
        with pytest.raises(JournalFull):
            await line.task


async def test_a_station_beside_asks_once_without_a_run(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line:
        asked = asyncio.create_task(line.station.once(Wanted(2, (CODE,), confirm=True), 30.0))
        await line.reader.triggered.wait()
        line.reader.see(CODE, b"4006381333931")
        outcome = await asked
        assert [each.data for each in outcome.codes] == [CODE, b"4006381333931"]
        wanted = Wanted(2, (CODE,), confirm=True, beyond=True)  # one more would be another's
        assert line.reader.wants == [wanted]
        assert line.reader.log == ["open", "trigger", "release"]
        assert len(line.rows()) == 1


async def test_a_station_beside_asks_once_during_a_run(tmp_path: Path) -> None:
    async with code_line(tmp_path, trigger="presentation") as line, running(line):
        line.reader.see(CODE)
        assert (await line.results.get()).outcome == "read"
        both = [asyncio.create_task(line.station.once(Wanted(), 30.0)) for _ in range(2)]
        await line.reader.triggered.wait()
        while line.station.triggers < 3:
            await line.turns()
        line.reader.see(CODE)
        words = [(await each).word for each in both]
        assert words == ["read", "no_read"]
        assert [row.content()["trigger"] for row in line.rows()] == [1, 2, 3]


async def test_once_is_answered_where_the_reader_is_away(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line:
        line.reader.away = gone()
        outcome = await line.station.once(Wanted(), 30.0)
        assert (outcome.word, outcome.reason) == ("no_read", "the cable was pulled")
        line.reader.away = None
        assert (await line.station.once(Wanted(), 0.01)).word == "no_read"
        assert len(line.rows()) == 2


async def test_once_is_answered_where_the_reader_ends(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line:
        asked = asyncio.create_task(line.station.once(Wanted(), 30.0))
        await line.reader.triggered.wait()
        line.reader.fail(gone())
        assert (await asked).reason == "the reader has ended"


async def test_who_waits_when_the_station_ends_is_told(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line:
        async with running(line):
            asked = asyncio.create_task(line.station.once(Wanted(), 30.0))
            await line.reader.triggered.wait()
        with pytest.raises(ReaderGone, match="has ended"):
            await asked
        assert line.reader.log[-1] == "release"
        assert line.rows() == []


async def test_who_waits_is_told_also_where_the_station_ends_in_mid_row(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line:
        async with running(line):
            line.journal.gate.clear()
            asked = asyncio.create_task(line.station.once(Wanted(), 30.0))
            await line.reader.triggered.wait()
            line.reader.see(CODE)
            await line.journal.reached.wait()
        with pytest.raises(ReaderGone, match="has ended"):
            async with asyncio.timeout(20):
                await asked


async def test_a_plc_that_comes_when_the_station_ends_takes_no_place(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line:
        async with running(line):
            await line.all_connected(1)
            (client,) = line.plc._clients
        line.plc._accept(asyncio.StreamReader(), client._writer)
        assert line.plc.clients == []


async def test_a_run_waits_for_who_asks_once_and_goes_on_after_it(tmp_path: Path) -> None:
    async with code_line(tmp_path, trigger="presentation") as line:
        asked = asyncio.create_task(line.station.once(Wanted(), 30.0))
        await line.reader.triggered.wait()
        async with asyncio.TaskGroup() as tasks:
            run = tasks.create_task(line.run())
            line.reader.see(CODE)
            assert (await asked).word == "read"
            line.reader.see(b"4006381333931")
            assert (await line.results.get()).outcome == "read"
            run.cancel()


async def test_once_that_cannot_be_recorded_says_so(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line:
        line.journal.trouble = JournalFull("the journal is full")
        with pytest.raises(JournalFull):
            await line.station.once(Wanted(), 0.01)


async def test_a_reader_that_takes_no_trigger_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.stations.codewatch._COMMAND_S", 0.01)
    async with code_line(tmp_path) as line, running(line) as peer:
        line.reader.deaf = True
        peer.say(b"T\r\n")
        assert await peer.line() == b"NOREAD"
        assert "takes no trigger" in line.last()["reason"]


async def test_a_code_that_reads_like_an_answer_is_none(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line, running(line) as peer:
        await told(line.reader, peer, b"NOREAD", b"REFUSED")
        await told(line.reader, peer, b"A\r\nB", b"REFUSED")
        await told(line.reader, peer, b"A\tB", b"REFUSED")


async def test_people_are_told_what_the_plc_is(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line, running(line) as peer:
        await told(line.reader, peer, b"NOREAD", b"REFUSED")
        result = await line.results.get()
        assert (result.outcome, result.signal.colour) == ("refused", "red")
        assert line.last()["colour"] == "red"


async def test_what_codes_are_held_against_besides_has_the_last_word(tmp_path: Path) -> None:
    async def check(
        outcome: Outcome, judged: Sequence[Judged], keep: Keep
    ) -> tuple[Answer, Row | None] | None:
        if not judged:
            return None
        word = "passed" if judged[0].read.data == CODE else "failed"
        row = await line.station.post.record("label 1", {"outcome": word}, kind="label")
        colour = "green" if word == "passed" else "red"
        return Answer(word, Signal(colour, word), "label 1", judged[0]), row

    async with code_line(tmp_path, timeout_s=0.05, duplicate_s=0) as line, running(line) as peer:
        line.station.check = check
        await told(line.reader, peer, CODE, CODE)
        await told(line.reader, peer, b"https://id.example.com/other", b"FAILED")
        peer.say(b"T\n")
        assert await peer.line() == b"NOREAD"
        kinds = [row.kind for row in line.rows()]
        assert kinds == ["code", "label", "code", "label", "code"]
        passed, failed = [await line.results.get() for _ in range(2)]
        assert (passed.outcome, passed.signal.colour, passed.journal_seq) == ("passed", "green", 2)
        assert (failed.outcome, failed.journal_seq) == ("failed", 4)


async def test_a_plc_that_waits_for_an_answer_is_told_nothing_else(tmp_path: Path) -> None:
    async with code_line(tmp_path, trigger="presentation") as line, running(line) as peer:
        await line.all_connected(1)
        line.journal.gate.clear()
        line.reader.see(b"A")
        await line.journal.reached.wait()
        peer.say(b"T\n")
        while not line.plc.unanswered:
            await line.turns()
        line.journal.gate.set()
        await line.reader.triggered.wait()
        line.reader.see(b"B")
        assert await peer.line() == b"B"


async def test_a_plc_that_is_switched_off_is_found_out_by_tcp(tmp_path: Path) -> None:
    async with code_line(tmp_path) as line, running(line):
        await line.all_connected(1)
        (client,) = line.plc._clients
        connection = client._writer.get_extra_info("socket")
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 10


@pytest.mark.parametrize("jump_s", [-3600, 3600])
async def test_a_clock_that_is_set_in_a_trigger_costs_it_nothing(
    tmp_path: Path, jump_s: float
) -> None:
    set_by = 0.0
    async with code_line(tmp_path) as line:
        post = replace(line.station.post, now=lambda: time.time() + set_by)
        line.station = CodeStation(post, line.station.rules, line.plc)
        async with running(line) as peer:
            peer.say(b"T\n")
            await line.reader.triggered.wait()
            set_by = jump_s
            line.reader.see(CODE, at=post.now())
            assert await peer.line() == CODE


@pytest.mark.parametrize("jump_s", [-3600, 3600])
async def test_a_clock_that_is_set_makes_nothing_new_of_what_lies_in_view(
    tmp_path: Path, jump_s: float
) -> None:
    set_by = 0.0
    async with code_line(tmp_path, trigger="presentation", duplicate_s=60) as line:
        post = replace(line.station.post, now=lambda: time.time() + set_by)
        line.station = CodeStation(post, line.station.rules, line.plc)
        async with running(line):
            line.reader.see(b"A", at=post.now())
            await line.results.get()
            set_by = jump_s
            line.reader.see(b"A", at=post.now())
            line.reader.see(b"B", at=post.now())
            await line.results.get()
            assert [row.content()["codes"][0]["data"] for row in line.rows()] == [b"A", b"B"]


async def test_what_could_not_be_recorded_is_new_when_it_can(tmp_path: Path) -> None:
    async with code_line(tmp_path, trigger="presentation", duplicate_s=60) as line:
        async with running(line):
            line.journal.trouble = JournalFull("the journal is full")
            line.reader.see(CODE)
            assert line.task is not None
            await asyncio.wait([line.task])
        line.journal.trouble, line.plc.port = None, 0
        async with running(line):
            line.reader.see(CODE)
            assert (await line.results.get()).outcome == "read"


async def test_what_a_reader_complains_of_is_the_reason_for_its_no_read(tmp_path: Path) -> None:
    async with code_line(tmp_path, timeout_s=0.01) as line, running(line) as peer:
        line.reader.state = DeviceState("open", "it refuses a command: ER,LON,22")
        peer.say(b"T\r\n")
        assert await peer.line() == b"NOREAD"
        assert line.last()["reason"] == "the reader is open: it refuses a command: ER,LON,22"


async def told(reader: ScriptedReader, peer: PlcPeer, message: bytes, answer: bytes) -> None:
    peer.say(b"T\r\n")
    await reader.triggered.wait()
    reader.see(message)
    assert await peer.line() == answer


DEEDS = st.sampled_from(["T", "ON", "OFF", "see A", "see B", "old", "no read", "away", "back"])


@settings(max_examples=25)
@given(st.lists(DEEDS, max_size=25))
def test_a_plc_has_one_answer_to_each_trigger_whatever_happens(deeds: list[str]) -> None:
    asyncio.run(answered(deeds))


async def answered(deeds: list[str]) -> None:
    reader, plc = ScriptedReader(), Plc("127.0.0.1:0")
    post = CodePost("st 1", reader, None, None, time.time, time.monotonic, job="read")
    rules = CodesConfig(trigger="single", timeout_s=0.005, duplicate_s=0.01)
    line = CodeLine(reader, None, CodeStation(post, rules, plc), plc, None)  # type: ignore[arg-type]
    async with running(line) as peer:
        for deed in deeds:
            match deed:
                case "see A" | "see B":
                    reader.see(deed[-1:].encode())
                case "old":
                    reader.see(b"OLD", at=1.0)
                case "no read":
                    reader.see(no_read=True)
                case "away" | "back":
                    reader.away = gone() if deed == "away" else None
                case _:
                    peer.say(deed.encode() + b"\n")
            await line.turns()
        peer.say(b"OFF\n")
        answers = [await peer.line() for deed in deeds if deed in ("T", "ON")]
        assert set(answers) <= {b"A", b"B", b"NOREAD", b"REPEATED"}
        reader.away = None
        while reader.triggered.is_set():
            await line.turns()
        peer.say(b"ON\n")
        await reader.triggered.wait()
        reader.see(b"LAST")
        assert await peer.line() == b"LAST"
