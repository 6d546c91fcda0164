"""The EPCIS sink, against our own hub and against a repository that follows a script."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import epcis_rows
import pytest
from epcis_hub import room
from epcis_repository import Reply, Repository, running
from epcis_rows import Written, on_pallet, pallet, result, updated, verdict

from gateway.config import ConfigProblem, EpcisConfig
from gateway.epcis.vocabulary import CONTEXT
from gateway.hub import serve
from gateway.journal import Journal, JournalFull
from gateway.sync.epcis import SINK, EpcisSink

PATIENCE_S = 30.0
PROBLEM = b'{"type": "epcisException:ValidationException", "title": "no", "status": 400, "detail": "bad word"}'
JSON = {"Content-Type": "application/problem+json"}
REFUSED = {"type": "epcisException:ValidationException", "status": 400, "detail": "bad word"}
KNOWN = {"type": "epcisException:ResourceAlreadyExistsException", "status": 409, "detail": "known"}

Scene = Callable[[Journal, EpcisSink], Awaitable[None]]


def commissioned(serial: str) -> Written:
    content = result("commissioned", serial=serial)
    return Written("result", content, epcis_rows.UID, f"{content['gtin']}/{serial}")


def serials(events: list[dict[str, Any]]) -> list[str]:
    return [event["epcList"][0].rpartition("/")[2] for event in events]


async def write(journal: Journal, *rows: Written) -> None:
    await asyncio.gather(
        *[journal.append(row.kind, "line-1", row.uid, row.name, row.content) for row in rows]
    )


class Pauses:
    """In the place of asyncio.sleep: counts, and lets others have their turn."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await asyncio.sleep(0)


async def sink_run(
    journal: Journal, url: str, scene: Callable[[EpcisSink, Pauses], Awaitable[None]], **more: Any
) -> None:
    """Run a sink until the scene is over."""
    pauses = Pauses()
    sink = EpcisSink(
        journal,
        EpcisConfig(url=url, **more),
        "plant-1",
        pause=pauses,
        uniform=lambda low, high: high,
    )
    running = asyncio.create_task(sink.run())
    playing = asyncio.create_task(scene(sink, pauses))
    try:
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.wait([running, playing], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        playing.result()
    finally:
        for task in (running, playing):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def play(tmp_path: Path, repository: Repository, *rows: Written) -> tuple[Journal, Pauses]:
    """Rows to a scripted repository, until all are confirmed; the journal stays open for questions."""
    seen: list[Pauses] = []

    async def all_of_it() -> Journal:
        journal = Journal(tmp_path / "journal.db")
        await write(journal, *rows)

        async def scene(sink: EpcisSink, pauses: Pauses) -> None:
            seen.append(pauses)
            await sink.confirmed(journal.head())
            assert sink.trouble is None

        async with running(repository):
            await sink_run(journal, repository.url, scene)
        return journal

    return asyncio.run(all_of_it()), seen[0]


ROWS = [commissioned(f"S{n}") for n in range(8)]


def test_events_are_stored_in_one_capture_and_the_job_is_asked_for_until_it_is_over(
    tmp_path: Path,
) -> None:
    repository = Repository(deque([Reply(202, after=3)]))
    journal, pauses = play(tmp_path, repository, *ROWS)
    assert serials(list(repository.held.values())) == [f"S{n}" for n in range(8)]
    assert (repository.sizes, repository.looks) == ([8], 4)
    assert pauses.asked == [0.1, 0.2, 0.4]
    assert (journal.cursor(SINK), journal.aside()) == (8, [])
    journal.close()


@pytest.mark.parametrize("note", ["set_aside", "move_cursor"])
def test_a_journal_that_is_full_for_a_while_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, note: str
) -> None:
    keep = getattr(Journal, note)
    tries: list[int] = []

    async def full(journal: Journal, *said: object) -> None:
        tries.append(len(tries))
        if len(tries) < 3:
            raise JournalFull("the disk is full")
        await keep(journal, *said)

    monkeypatch.setattr(Journal, note, full)
    repository = Repository(deque([Reply(400, JSON, PROBLEM), Reply(400, JSON, PROBLEM)]))
    journal, _ = play(tmp_path, repository, *ROWS[:2])
    assert len(tries) >= 3
    assert [each.seq for each in journal.aside()] == [1]
    assert journal.cursor(SINK) == 2
    journal.close()


def test_a_capture_is_a_document_of_events_with_what_they_mean(tmp_path: Path) -> None:
    documents: list[Any] = []
    repository = Repository()
    take = repository.handle

    def listen(method: str, path: str, body: bytes) -> Reply:
        documents.extend([json.loads(body)] if body else [])
        return take(method, path, body)

    repository.handle = listen  # type: ignore[method-assign]
    play(tmp_path, repository, commissioned("S1"))[0].close()
    (whole,) = documents
    assert whole["@context"][0] == CONTEXT
    assert (whole["type"], whole["schemaVersion"]) == ("EPCISDocument", "2.0")
    post = next(each for each in repository.heard if "gs1-epcis-version" in each)
    assert post["gs1-epcis-version"] == post["gs1-cbv-version"] == "2.0"
    assert post["gs1-extensions"] == "tagwright=https://tagwright.org/ns/epcis/"
    assert post["gs1-capture-error-behaviour"] == "rollback"


@pytest.mark.parametrize(
    "options", [{"GS1-EPCIS-Capture-Limit": "3"}, {"GS1-EPCIS-Capture-File-Size-Limit": "3000"}]
)
def test_captures_keep_within_the_limits_that_are_told(
    tmp_path: Path, options: dict[str, str]
) -> None:
    repository = Repository(options=options)
    play(tmp_path, repository, *ROWS)[0].close()
    assert max(repository.sizes) <= 3
    assert serials(list(repository.held.values())) == [f"S{n}" for n in range(8)]


def test_a_capture_that_is_too_large_is_split(tmp_path: Path) -> None:
    def answer(events: list[dict[str, Any]]) -> Reply:
        return Reply(413) if len(events) > 2 else Reply(202)

    repository = Repository(answer=answer)
    journal, _ = play(tmp_path, repository, *ROWS)
    assert sorted(repository.sizes) == [2, 2, 2, 2, 4, 4, 8]
    assert (len(repository.held), journal.aside()) == (8, [])
    journal.close()


def test_a_413_tells_its_limits(tmp_path: Path) -> None:
    repository = Repository(deque([Reply(413, {"GS1-EPCIS-Capture-Limit": "1"})]))
    play(tmp_path, repository, *ROWS)[0].close()
    assert repository.sizes == [8] + [1] * 8


def test_an_event_that_is_too_large_alone_is_set_aside(tmp_path: Path) -> None:
    def answer(events: list[dict[str, Any]]) -> Reply:
        return Reply(413) if "S3" in serials(events) else Reply(202)

    repository = Repository(answer=answer)
    journal, _ = play(tmp_path, repository, *ROWS)
    assert len(repository.held) == 7
    assert [(each.sink, each.seq) for each in journal.aside()] == [(SINK, 4)]
    journal.close()


def bad(word: str, refusal: Reply) -> Callable[[list[dict[str, Any]]], Reply]:
    return lambda events: refusal if word in serials(events) else Reply(202)


@pytest.mark.parametrize(
    "refusal",
    [Reply(202, fails=REFUSED), Reply(400, JSON, PROBLEM), Reply(422, JSON, PROBLEM)],
    ids=["job", "400", "422"],
)
def test_an_event_that_is_refused_is_found_by_halving_and_the_others_go_on(
    tmp_path: Path, refusal: Reply
) -> None:
    repository = Repository(answer=bad("S5", refusal))
    journal, _ = play(tmp_path, repository, *ROWS)
    assert sorted(serials(list(repository.held.values()))) == [f"S{n}" for n in range(8) if n != 5]
    ((sink, seq, _, reason, _),) = journal.aside()
    assert (sink, seq) == (SINK, 6)
    assert "bad word" in reason
    assert journal.quarantined() == {}  # for the hub nothing is wrong with it
    journal.close()


@pytest.mark.parametrize(
    "known", [Reply(409), Reply(202, fails=KNOWN), Reply(201)], ids=["409", "job", "201"]
)
def test_an_event_that_stands_there_already_is_a_success(tmp_path: Path, known: Reply) -> None:
    repository = Repository(answer=bad("S2", known))
    journal, _ = play(tmp_path, repository, *ROWS)
    assert len(repository.held) >= 7
    assert (journal.cursor(SINK), journal.aside()) == (8, [])
    journal.close()


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(0),
        Reply(500, {}, b"oops"),
        Reply(503),
        Reply(401),
        Reply(403),
        Reply(404),
        Reply(400, {"Content-Type": "text/html"}, b"<html>a proxy's word</html>"),
        Reply(202, lost=True),
        Reply(202, {"Location": ""}),
        Reply(202, {"Location": "http://[x"}),
        Reply(301, {"Location": "http://example.com"}),
    ],
    ids=lambda reply: f"{reply.status}{reply.headers.get('Location', '')}{' lost' * reply.lost}",
)
def test_trouble_is_waited_out_and_the_same_is_sent_again(tmp_path: Path, trouble: Reply) -> None:
    repository = Repository(deque([trouble] * 3))
    journal, pauses = play(tmp_path, repository, *ROWS)
    assert repository.sizes == [8] * 4
    assert (len(repository.held), journal.aside()) == (8, [])
    assert pauses.asked == [0.5, 1.0, 2.0]
    journal.close()


@pytest.mark.parametrize(
    "location", ["capture/0", "/epcis/capture/0", "https://other.example/epcis/capture/0"]
)
def test_a_job_is_asked_for_on_the_repository_s_own_host(tmp_path: Path, location: str) -> None:
    repository = Repository(deque([Reply(202, {"Location": location})]))
    play(tmp_path, repository, *ROWS)[0].close()
    assert repository.looks == 1


def test_a_repository_that_asks_for_time_gets_it(tmp_path: Path) -> None:
    repository = Repository(deque([Reply(429, {"Retry-After": "7"})]))
    journal, pauses = play(tmp_path, repository, *ROWS)
    assert pauses.asked == [7.0]
    journal.close()


def test_a_job_that_never_ends_is_given_up_and_sent_again(tmp_path: Path) -> None:
    repository = Repository(deque([Reply(202, after=10_000)]))
    journal, _ = play(tmp_path, repository, *ROWS)
    assert repository.sizes == [8, 8]
    journal.close()


def test_trouble_is_told_while_it_lasts(tmp_path: Path) -> None:
    async def all_of_it() -> None:
        async with Journal(tmp_path / "journal.db") as journal:
            await write(journal, *ROWS)
            told: list[str | None] = []

            async def scene(sink: EpcisSink, pauses: Pauses) -> None:
                while not sink.trouble:
                    await asyncio.sleep(0)
                told.append(sink.trouble)

            await sink_run(journal, "http://127.0.0.1:1", scene)
            assert told[0] is not None
            assert "127.0.0.1:1" in told[0]

    asyncio.run(all_of_it())


def test_it_goes_on_where_it_was_and_a_pallet_is_not_torn(tmp_path: Path) -> None:
    repository = Repository()

    async def all_of_it() -> None:
        async with running(repository), Journal(tmp_path / "journal.db") as journal:
            await write(journal, commissioned("S1"), on_pallet("A"), on_pallet("B"))

            async def first(sink: EpcisSink, pauses: Pauses) -> None:
                await sink.confirmed(1)

            await sink_run(journal, repository.url, first)
            assert journal.cursor(SINK) == 1  # the pallet is open
            await write(journal, pallet(2), commissioned("S2"))

            async def second(sink: EpcisSink, pauses: Pauses) -> None:
                await sink.confirmed(5)

            await sink_run(journal, repository.url, second)

    asyncio.run(all_of_it())
    kinds = [(event["type"], event["bizStep"]) for event in repository.held.values()]
    assert kinds == [
        ("ObjectEvent", "commissioning"),
        ("AggregationEvent", "packing"),
        ("ObjectEvent", "inspecting"),
        ("ObjectEvent", "commissioning"),
    ]
    together = list(repository.held.values())[1]
    assert [epc.rpartition("/")[2] for epc in together["childEPCs"]] == ["A", "B"]


@pytest.mark.parametrize("last", [commissioned("S1"), pallet(2)], ids=["row", "pallet"])
def test_a_row_that_was_set_aside_is_offered_again_when_it_is_released(
    tmp_path: Path, last: Written
) -> None:
    refuses = True

    def answer(events: list[dict[str, Any]]) -> Reply:
        kinds = {event["bizStep"] for event in events}
        return (
            Reply(202, fails=REFUSED)
            if refuses and kinds & {"commissioning", "packing"}
            else Reply(202)
        )

    repository = Repository(answer=answer)

    async def all_of_it() -> None:
        nonlocal refuses
        async with running(repository), Journal(tmp_path / "journal.db") as journal:
            await write(journal, on_pallet("A"), on_pallet("B"), last)

            async def refused(sink: EpcisSink, pauses: Pauses) -> None:
                while not journal.aside():
                    await asyncio.sleep(0)

            await sink_run(journal, repository.url, refused)
            assert [each.seq for each in journal.aside()] == [3]
            refuses = False
            await journal.release([3], SINK)
            await write(journal, verdict("green"))

            async def released(sink: EpcisSink, pauses: Pauses) -> None:
                while journal.aside() or len(repository.held) < 2:
                    await asyncio.sleep(0)

            await sink_run(journal, repository.url, released)

    asyncio.run(all_of_it())
    steps = {event["bizStep"] for event in repository.held.values()}
    assert steps & {"commissioning", "packing"}


@pytest.mark.parametrize("answered", [Reply(503), Reply(202, fails=REFUSED)], ids=["away", "no"])
def test_a_row_that_was_released_stays_set_aside_until_it_is_taken(
    tmp_path: Path, answered: Reply
) -> None:
    repository = Repository(answer=lambda events: answered)

    async def all_of_it() -> None:
        async with running(repository), Journal(tmp_path / "journal.db") as journal:
            await write(journal, commissioned("S1"))
            await journal.set_aside(1, "no", SINK)
            await journal.move_cursor(SINK, 1)
            await journal.release([1], SINK)

            async def offered(sink: EpcisSink, pauses: Pauses) -> None:
                while not repository.sizes or not (sink.trouble or not journal.replays(SINK)):
                    await asyncio.sleep(0)

            await sink_run(journal, repository.url, offered)
            assert [each.seq for each in journal.aside()] == [1]

    asyncio.run(all_of_it())


def test_our_own_hub_takes_all_of_it_once(tmp_path: Path, database_place: str) -> None:
    rows = [row for rows in epcis_rows.ROWS.values() for row in rows]

    async def all_of_it() -> None:
        async with room(database_place) as hub, serve.running(hub.app) as url:
            async with Journal(tmp_path / "journal.db") as journal:
                for row in rows:
                    await write(journal, row)

                async def scene(sink: EpcisSink, pauses: Pauses) -> None:
                    await sink.confirmed(journal.head())

                places = {"location": epcis_rows.GLN, "presence": True}
                await sink_run(journal, url, scene, **places)
                found = await hub.events("perPage=1000")
                await journal.move_cursor(SINK, 0)
                await sink_run(journal, url, scene, **places)
                assert journal.aside() == []
            assert await hub.events("perPage=1000") == found
            steps = [event["bizStep"] for event in found]
            assert steps.count("commissioning") == 2
            assert steps.count("repairing") == 2
            assert {"arriving", "departing", "killing", "destroying", "packing"} <= set(steps)

    asyncio.run(all_of_it())


def test_what_the_configuration_lacks_is_told(tmp_path: Path) -> None:
    async def all_of_it() -> None:
        async with Journal(tmp_path / "journal.db") as journal:
            with pytest.raises(ConfigProblem, match=r"epcis\.url is missing"):
                EpcisSink(journal, EpcisConfig(), "plant-1")
            missing = EpcisConfig(url="http://x", token_file=tmp_path / "none")
            with pytest.raises(ConfigProblem, match=r"epcis\.token_file"):
                EpcisSink(journal, missing, "plant-1")

    asyncio.run(all_of_it())


def test_rows_that_are_no_events_only_move_the_cursor(tmp_path: Path) -> None:
    repository = Repository()
    journal, _ = play(tmp_path, repository, *epcis_rows.NO_EVENTS.values(), updated(c10=2))
    assert repository.sizes == [1]
    journal.close()
