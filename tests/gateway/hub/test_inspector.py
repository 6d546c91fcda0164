"""The inspector's page, and a product's page as a lesser role sees it: it is never more than one's own."""

import asyncio
from pathlib import Path

import httpx2
from hub_rooms import GTIN, HTML, ROOT, passport, rooms
from starlette.applications import Starlette

from gateway.hub import inspector

LESSER = HTML | {"Tagwright-As": "legitimate_interest"}


def test_an_authority_may_see_what_a_lesser_role_sees_and_nobody_sees_more(tmp_path: Path) -> None:
    said = passport(
        repair={"code": "LEGIT-ONLY"},
        inspection={"by": "AUTHORITY-ONLY"},
        accessClasses={"/repair": "legitimate_interest", "/inspection": "authorities"},
    )

    async def play() -> None:
        async with rooms(tmp_path / "hub.db") as at:
            await at.publish(said)
            for client, headers, seen in (
                (at.public, LESSER, ""),
                (at.repairer, LESSER, "LEGIT"),
                (at.authority, LESSER, "LEGIT"),
                (at.authority, HTML, "LEGIT AUTHORITY"),
                (at.authority, HTML | {"Tagwright-As": "manager"}, "LEGIT AUTHORITY"),
                (at.repairer, HTML | {"Tagwright-As": "authority"}, "LEGIT"),
                (at.public, HTML | {"Tagwright-As": "gateway"}, ""),
            ):
                text = (await client.get(f"/01/{GTIN}/21/A1", headers=headers)).text
                assert {each for each in ("LEGIT", "AUTHORITY") if f"{each}-ONLY" in text} == set(
                    seen.split()
                )

    asyncio.run(play())


def test_the_page_is_kept_by_nobody_and_says_its_link_inertly() -> None:
    async def play() -> None:
        transport = httpx2.ASGITransport(app=Starlette(routes=inspector.routes()))
        async with httpx2.AsyncClient(transport=transport, base_url=ROOT) as client:
            evil = '"><script>\u202e\ud800'.encode("utf-8", "surrogatepass").decode("latin-1")
            for link in (f"{ROOT}/01/{GTIN}", evil, "x" * 9000, ""):
                answer = await client.get("/inspect", params={"link": link, "lang": "fr"})
                assert answer.headers["cache-control"] == "no-store"
                assert answer.headers["content-language"] == "fr"
                assert "<script>" not in answer.text
                assert "\u202e" not in answer.text

    asyncio.run(play())
