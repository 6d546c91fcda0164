"""Counts, bars and takt: as if every row had been counted when it came, also after a start."""

import asyncio
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from station_pages import UID, site, verdict

from gateway.web.station.charts import charts
from gateway.web.station.pages import SECTIONS, moment
from gateway.web.station.shown import Shown
from gateway.web.station.tally import KEPT_S, Tally
from gateway.web.words import words

pytestmark = pytest.mark.anyio

NOON = time.mktime((2026, 11, 23, 12, 0, 0, 0, 0, -1))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def answer(at: float, colour: str = "green", **more: Any) -> Shown:
    row: Shown = {"seq": round(at), "at": at, "kind": "verdict", "station": "dock", "uid": ""}
    row |= {"outcome": "verified", "colour": colour, "why": "", "answer": True, "ends": False}
    return row | more


def counted(rows: list[Shown], start: int) -> Tally:
    """A tally that was begun when rows[start] came."""
    tally = Tally(now=lambda: NOON)
    for row in rows[start:]:
        tally.add(row)
    for row in rows[:start][::-1]:
        tally.add_before(row)
    return tally


def test_counts_bars_and_takt_are_the_same_wherever_the_gateway_was_started() -> None:
    rng, at, rows = Random(7), NOON - 3600, []
    for n in range(200):
        at += rng.choice((1.0, 5.0, 30.0))
        uid = bytes([n // 2]).hex()
        rows.append(answer(at, rng.choice(("green", "green", "amber", "red")), uid=uid))
        if rng.random() < 0.3:
            at += 0.5
            rows.append(answer(at, "green", uid=uid, kind="bind", outcome="bound", ends=True))
    rows = [each | {"seq": seq} for seq, each in enumerate(rows, 1)]
    whole = counted(rows, 0)
    for start in (1, len(rows) // 2, len(rows)):
        part = counted(rows, start)
        assert part.today() == whole.today()
        assert part.throughput(2)["bars"] == whole.throughput(2)["bars"]
        assert part.throughput(2)["outcomes"] == whole.throughput(2)["outcomes"]
        assert part.takt_s("dock") == whole.takt_s("dock")
        assert [each["seq"] for each in part.recent] == [each["seq"] for each in whole.recent]


def test_takt_is_the_mean_of_the_last_intervals_and_a_pause_is_none() -> None:
    tally = Tally(now=lambda: NOON)
    for at in (0, 10, 20, 4000, 4010, 4030):
        tally.add(answer(NOON - 5000 + at))
    assert tally.takt_s("dock") == 12.5
    assert tally.takt_s("gate") is None


def test_the_codes_beside_a_tag_make_one_answer_with_it() -> None:
    tally = Tally({"camera"}, now=lambda: NOON)
    tally.add(answer(NOON - 9, uid=UID.hex()))
    tally.add(answer(NOON - 8.5, station="camera", kind="code"))
    tally.add(answer(NOON - 8, "amber", uid=UID.hex(), kind="bind", ends=True))
    assert tally.today() == {"green": 0, "amber": 1, "red": 0}
    assert [each["kind"] for each in tally.recent] == ["bind"]


def test_a_new_day_begins_at_nought() -> None:
    now = [NOON]
    tally = Tally(now=lambda: now[0])
    tally.add(answer(NOON))
    now[0] += 86_400
    assert tally.today() == {"green": 0, "amber": 0, "red": 0}
    tally.add(answer(now[0]))
    assert tally.today("dock")["green"] == 1
    assert sum(bar["green"] for bar in tally.throughput(48)["bars"]) == 2


def test_what_is_older_than_the_charts_reach_is_forgotten() -> None:
    now = [NOON]
    tally = Tally(now=lambda: now[0])
    for n in range(2000):
        now[0] = NOON + n * KEPT_S / 1000
        tally.add(answer(now[0], outcome=f"word {n}"))
    assert len(tally._buckets) <= 1003
    assert len(tally._words) == 200


@pytest.mark.parametrize(("hours", "interval"), [(1, 300), (8, 900), (24, 900), (168, 3600)])
def test_a_chart_has_bars_without_a_hole(hours: int, interval: int) -> None:
    tally = Tally(now=lambda: NOON)
    tally.add(answer(NOON - 1))
    found = tally.throughput(hours)
    bars = found["bars"]
    assert found["interval_s"] == interval and len(bars) == hours * 3600 // interval
    assert [bar["at"] for bar in bars] == list(range(found["from"], found["until"], interval))
    assert sum(bar["green"] for bar in bars) == 1
    assert found["outcomes"] == [{"colour": "green", "outcome": "verified", "why": "", "count": 1}]


async def test_a_page_counts_what_was_before_it_and_what_comes(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        await asyncio.gather(*[verdict(at.journal) for _ in range(250)])
    async with site(tmp_path) as at:
        await verdict(at.journal, "red")
        async with asyncio.timeout(10):
            while at.page.tally.today() != {"green": 250, "amber": 0, "red": 1}:
                await asyncio.sleep(0)
        found = await at.get("/throughput.json?hours=1")
        assert sum(bar["green"] + bar["red"] for bar in found["bars"]) == 251
        board = await at.get("/board.json")
        assert board["counts"]["green"] == 250 and len(board["recent"]) == 20
        assert board["readers"][0]["counts"]["red"] == 1


@pytest.mark.parametrize(("language", "said"), [("en", "2.5 s"), ("de", "2,5 s"), ("nl", "2,5 s")])
def test_the_charts_say_the_takt_with_the_decimal_mark_of_their_language(
    language: str, said: str
) -> None:
    tally = Tally(now=lambda: NOON)
    for at in (0, 2, 5):
        tally.add(answer(NOON - 10 + at))
    drawn = charts(tally.throughput(1), words(language, *SECTIONS), moment)
    assert said in str(drawn["columns"]) and said in str(drawn["summary"])
