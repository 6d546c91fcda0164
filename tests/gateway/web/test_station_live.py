"""The live stream: every row once and in order, from the journal, whatever happens to server, browser and rows."""

import asyncio
import time
from pathlib import Path

import httpx2
import pytest
from station_pages import PATIENCE_S, StillLine, events, rows, site, verdict

from gateway.config import Config
from gateway.hub.serve import running
from gateway.journal import Journal
from gateway.web.person import Person
from gateway.web.station import live
from gateway.web.station.app import StationPage

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_the_board_comes_first_and_then_each_row_at_once(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        await verdict(at.journal)
        async with at.live() as stream:
            first = await anext(stream)
            assert (first.name, first.id) == ("board", "1")
            assert first.data["seq"] == 1
            assert [each["name"] for each in first.data["readers"]] == ["dock"]
            waits = []
            for _ in range(10):
                seq = await verdict(at.journal)
                durable = time.perf_counter()
                assert await rows(stream, 1) == [seq]
                waits.append(time.perf_counter() - durable)
            assert sorted(waits)[5] < 0.05, waits


async def test_a_page_that_comes_back_after_the_server_restarted_has_no_gap_and_no_double(
    tmp_path: Path,
) -> None:
    seen = []
    async with site(tmp_path) as at, at.live() as stream:
        assert (await anext(stream)).name == "board"
        for _ in range(3):
            await verdict(at.journal)
        seen += await rows(stream, 3)
        await verdict(at.journal)  # which this page may not have had when the server ends
    async with Journal(tmp_path / "journal.db") as journal:
        await verdict(journal)
    async with site(tmp_path) as at, at.live(after=seen[-1]) as stream:
        first = await anext(stream)
        assert (first.name, first.id, first.data["seq"]) == ("board", "3", 5)
        assert "recent" not in first.data
        await verdict(at.journal)
        seen += await rows(stream, 3)
    assert seen == [1, 2, 3, 4, 5, 6]


async def test_what_was_given_back_meanwhile_is_told_as_a_gap(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        for _ in range(5):
            await verdict(at.journal)
        await at.journal.confirm(4)
        assert await at.journal.trim(0) == 4
        async with at.live(after=1) as stream:
            assert (await anext(stream)).name == "board"
            gap = await anext(stream)
            assert (gap.name, gap.id) == ("gap", "4")
            assert (gap.data["first"], gap.data["last"], gap.data["reason"]) == (2, 4, "trimmed")
            assert await rows(stream, 1) == [5]


async def test_a_page_of_a_journal_that_was_longer_begins_anew(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        await verdict(at.journal)
        async with at.live(after=900) as stream:
            first = await anext(stream)
            assert first.id == "1" and "recent" in first.data


async def test_a_stream_ends_when_who_looks_on_may_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "ASKED_S", 0.05)
    people: list[Person | None] = [Person("Kim", "operator")]
    async with Journal(tmp_path / "journal.db") as journal:
        page = StationPage(journal, StillLine(), Config(), who=lambda request: people[0])
        async with (
            running(page.app) as url,
            httpx2.AsyncClient(base_url=url, trust_env=False) as client,
            client.stream("GET", "/live") as answer,
        ):
            stream = events(answer.aiter_lines())
            assert (await anext(stream)).name == "board"
            people[0] = None
            async with asyncio.timeout(PATIENCE_S):
                assert [event async for event in stream if event.name == "row"] == []
            page.close()


async def test_another_sites_page_has_no_stream_and_no_search(tmp_path: Path) -> None:
    async with site(tmp_path) as at, at.client() as client:
        led = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
        had = {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
        for where in ("cross-site", "same-site"):
            said = {"sec-fetch-site": where}
            for path in ("/live", "/history.json", "/", "/charts"):
                assert (await client.get(path, headers=said | had)).status_code == 403
            assert (await client.get("/", headers=said | led)).status_code == 200
        own = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
        assert (await client.get("/board.json", headers=own)).status_code == 200


async def test_an_id_that_is_none_counts_as_none(tmp_path: Path) -> None:
    async with site(tmp_path) as at, at.client() as client:
        await verdict(at.journal)
        for said in ("x", "-1", "1e3", "9" * 40, "\u0663"):
            async with client.stream("GET", "/live", params={"after": said}) as answer:
                assert (await anext(events(answer.aiter_lines()))).id == "1", said


async def test_many_pages_at_different_places_each_have_every_row(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        many = live.KEPT + 3 * live.PAGE_ROWS
        await asyncio.gather(*[verdict(at.journal) for _ in range(many)])

        async def whole(after: int) -> None:
            async with at.live(after=after) as stream:
                assert await rows(stream, many + 5 - after) == list(range(after + 1, many + 6))

        pages = [asyncio.create_task(whole(after)) for after in (0, 1, many // 2, many - 1)]
        for _ in range(5):
            await verdict(at.journal)
        await asyncio.gather(*pages)


async def test_a_page_that_does_not_read_holds_nobody_up_and_loses_nothing(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(at.url.rpartition(":")[2]))
        writer.write(b"GET /live?after=0 HTTP/1.1\r\nHost: x\r\n\r\n")
        await writer.drain()
        reason = "x" * 400
        for _ in range(12):
            await asyncio.gather(*[verdict(at.journal, reason=reason) for _ in range(250)])
        async with at.live(after=2_990) as stream:
            assert await rows(stream, 10) == list(range(2_991, 3_001))
        found, wanted = b"", b"id: 3000\n"
        async with asyncio.timeout(20):
            while wanted not in found[-4096:]:
                found += await reader.read(1 << 16)
        assert found.count(b"event: row\n") == 3_000
        writer.close()


async def test_what_has_no_row_is_told_once_and_never_again(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        async with at.live() as stream:
            await anext(stream)
            at.page.notices.add(1.0, "dock", b"\x04", "torn", "amber", "torn: show it again", "P")
            told = await anext(stream)
            assert (told.name, told.id, told.data["outcome"]) == ("told", "", "torn")
        async with at.live() as stream:
            assert (await anext(stream)).name == "board"
            await verdict(at.journal)
            assert (await anext(stream)).name == "row"


async def test_the_board_comes_again_when_something_changed(tmp_path: Path) -> None:
    async with site(tmp_path) as at, at.live() as stream:
        await anext(stream)
        await at.line.stop("dock")
        event = await anext(stream)
        assert (event.name, event.id) == ("board", "")
        assert event.data["readers"][0]["work"] == "stopped"


async def test_who_asks_for_the_head_alone_holds_no_stream(tmp_path: Path) -> None:
    async with site(tmp_path) as at, at.client() as client:
        answer = await client.head("/live")
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"].startswith("text/event-stream")


async def test_streams_end_with_the_server(tmp_path: Path) -> None:
    async with site(tmp_path) as at, at.live() as stream:
        await anext(stream)
        at.page.close()
        async with asyncio.timeout(2):
            assert [event async for event in stream if event.name == "row"] == []


async def test_there_are_not_more_streams_than_a_gateway_can_bear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST", 2)
    async with site(tmp_path) as at, at.live() as one, at.live() as another:
        await anext(one)
        await anext(another)
        async with at.client() as client:
            assert (await client.get("/live")).status_code == 503


async def test_a_guest_is_not_told_who_did_what(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        said = {"act": "stop", "about": "dock", "name": "Kim", "role": "lead", "allowed": True}
        await at.journal.append("audit", "page", b"", "", said)
        assert (await at.get("/history.json", "operator"))["rows"][0]["about"]["name"] == "Kim"
        for path in ("/history.json", "/history", "/history.json?kind=audit"):
            async with at.client("guest") as client:
                assert "Kim" not in (await client.get(path)).text
        async with at.live(after=0) as stream:
            assert (await anext(stream)).name == "board"
            row = await anext(stream)
            assert (row.data["kind"], row.data["about"]) == ("audit", {})
