"""History and a product's life: what is asked for and nothing else, in pages that meet without a gap."""

import asyncio
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

import pytest
from station_pages import UID, Site, site, verdict

from gateway.journal_asked import Asked
from gateway.records import Row
from gateway.web.headers import CSP
from gateway.web.station import history
from gateway.web.words import words

HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"  # as a browser asks

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def filled(at: Site, count: int) -> list[dict[str, Any]]:
    """Rows of all sorts; returns them as the page shows them, newest first."""
    rng, appended = Random(5), []
    for n in range(count):
        colour, station = rng.choice(("green", "red")), rng.choice(("dock", "gate"))
        outcome = "verified" if colour == "green" else "not_verified"
        product, uid = f"0952012345678{n % 3}/A{n % 7}", bytes([4, n % 5])
        kind, body = rng.choice(("verdict", "refused")), {"outcome": outcome, "colour": colour}
        appended.append(at.journal.append(kind, station, uid, product, body))
    await asyncio.gather(*appended)
    found: list[dict[str, Any]] = (await at.get(f"/history.json?limit={history.MOST}"))["rows"]
    assert [each["seq"] for each in found] == list(range(count, 0, -1))
    return found


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("station=gate", lambda row: row["station"] == "gate"),
        ("kind=refused", lambda row: row["kind"] == "refused"),
        ("outcome=verified", lambda row: row["outcome"] == "verified"),
        ("colour=red&station=dock", lambda row: (row["colour"], row["station"]) == ("red", "dock")),
        ("product=/A3", lambda row: row["product"].endswith("/A3")),
        ("uid=04:02", lambda row: row["uid"] == "0402"),
        ("uid=0402&outcome=verified", lambda row: row["uid"] + row["outcome"] == "0402verified"),
        ("product=nothing", lambda row: False),
    ],
)
async def test_pages_of_a_filter_meet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str, fits: Any
) -> None:
    monkeypatch.setattr(history, "_STEP", 10)
    monkeypatch.setattr(history, "_MOST_STEPS", 3)
    async with site(tmp_path) as at:
        every = await filled_all(at)
        found: list[int] = []
        before: int | None = 1 << 62
        while before is not None:
            page = await at.get(f"/history.json?{query}&limit=4&before={before}")
            assert len(page["rows"]) <= 4 and (page["next"] is None or page["next"] < before)
            found += [each["seq"] for each in page["rows"]]
            before = page["next"]
        assert found == [each["seq"] for each in every if fits(each)]


async def filled_all(at: Site) -> list[dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "_MOST_STEPS", 100)
        return await filled(at, 80)


async def test_a_search_takes_few_rows_at_once_and_waits_for_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_STEP", 10)
    async with site(tmp_path) as at:
        await asyncio.gather(*[verdict(at.journal) for _ in range(60)])
        asked: list[tuple[str, int]] = []
        looked = at.journal.matching

        def matching(first: int, last: int, wanted: Asked, *more: int) -> list[Row]:
            found = looked(first, last, wanted, *more)
            asked.append((wanted.named, len(found)))
            return found

        monkeypatch.setattr(at.journal, "matching", matching)
        search = f"/history.json?uid={UID.hex()}&colour=red&product="
        found = await asyncio.gather(*[at.get(search + each) for each in "095"])
        assert found == [{"rows": [], "next": None}] * 3
        assert max(rows for _, rows in asked) == 10
        assert len(list(groupby(name for name, _ in asked))) == 3


async def test_a_span_of_time_is_found_also_in_a_long_journal(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        await asyncio.gather(*[verdict(at.journal) for _ in range(300)])
        every = (await at.get("/history.json?limit=300"))["rows"]
        first, last = every[200]["at"], every[100]["at"]
        found = await at.get(f"/history.json?from={first}&to={last}&limit=500")
        assert found["next"] is None
        wanted = [each["seq"] for each in every if first <= each["at"] <= last]
        assert set(wanted) >= {each["seq"] for each in found["rows"]} and found["rows"]
        assert (await at.get("/history.json?to=1000"))["rows"] == []
        found = await at.get("/history.json?from=2026-01-01T00:00&to=2099-01-01")
        assert found["rows"]


async def test_rows_that_were_given_back_are_passed_over(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        for _ in range(9):
            await verdict(at.journal)
        await at.journal.confirm(6)
        await at.journal.trim(0)
        found = await at.get("/history.json")
        assert [each["seq"] for each in found["rows"]] == [9, 8, 7]
        assert found["next"] is None


async def test_a_products_life_is_told_from_its_beginning(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        await verdict(at.journal)
        await at.journal.append("refused", "dock", UID, "other/1", {"reason": "x"})
        await verdict(at.journal, "red")
        found = await at.get("/product.json?product=09520123456788/A1")
        assert [(each["seq"], each["colour"]) for each in found["rows"]] == [
            (1, "green"),
            (3, "red"),
        ]
        assert found["next"] is None
        assert (await at.get("/product.json?product="))["rows"] == []


async def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    async with site(tmp_path) as at, at.client() as client:
        for query in ("uid=xyz", "from=yesterday", "from=nan", "to=-1", "before=x", "limit=1.5"):
            answer = await client.get(f"/history.json?{query}")
            assert answer.status_code == 400
            assert answer.json()["error"].startswith(query.partition("=")[0])


@pytest.mark.parametrize(
    ("path", "status", "about", "way"),
    [
        ("/charts?hours=abc", 400, "charts.hours", "/charts?lang=de"),
        (f"/charts?station={'x' * 513}", 400, "filter.station", "/charts?lang=de"),
        (f"/product?product={'x' * 513}", 400, "filter.product", "/product?lang=de"),
        ("/configuration?", 403, "role.engineer", "/?lang=de"),
        ("/nowhere?", 404, "fault.missing", "/?lang=de"),
    ],
)
async def test_a_person_is_told_in_words_what_cannot_be_shown(
    tmp_path: Path, path: str, status: int, about: str, way: str
) -> None:
    async with site(tmp_path) as at, at.client() as client:
        answer = await client.get(f"{path}&lang=de", headers={"Accept": HTML})
        assert (answer.status_code, answer.headers["content-language"]) == (status, "de")
        assert answer.headers["content-security-policy"] == CSP
        german = words("de", "station")
        name = german(f"station.{about}")
        said = {
            400: german("station.filter.fault", name=name),
            403: german("station.fault.role", role=name),
            404: name,
        }[status]
        assert said in answer.text and f'href="{way}"' in answer.text
        answer = await client.get(path)
        assert (answer.status_code, list(answer.json())) == (status, ["error"])
        answer = await client.get("/throughput.json?hours=abc", headers={"Accept": HTML})
        assert "hours" in answer.json()["error"]
