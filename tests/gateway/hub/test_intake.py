"""Batches over HTTP: receipts, refusals, and many posts in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
from batches import JOURNAL, batch, batches, rows
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.errors import Malformed
from gateway.hub import intake
from gateway.hub.access import Access, Caller, Guard, Refused
from gateway.hub.batch import CEILING, Batch, decode
from gateway.hub.database import StoreTrouble
from gateway.hub.ledger import Ledger
from gateway.hub.open import open_database
from gateway.hub.receipt import Receipt
from gateway.sync.receipt import receipt_from_json

MINE = rows(10)
OTHER = bytes(range(16, 32))

Play = Callable[[httpx2.AsyncClient], Awaitable[None]]


async def malformed(request: Request, why: Exception) -> Response:
    return JSONResponse({"error": str(why)}, 400)


async def trouble(request: Request, why: Exception) -> Response:
    return JSONResponse({"error": str(why)}, 503)


def with_intake(
    folder: Path, play: Play, token: str | None = None, admission: intake.Admission | None = None
) -> list[Receipt]:
    taken: list[Receipt] = []

    async def all_of_it() -> None:
        database = await open_database(folder / "hub.db")
        app = Starlette(
            routes=intake.routes(Ledger(database), admission, taken.append),
            exception_handlers={Malformed: malformed, StoreTrouble: trouble},
            middleware=[Middleware(Guard, access=Access(token))],
        )
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            await play(client)
        await database.close()

    asyncio.run(all_of_it())
    return taken


async def send(client: httpx2.AsyncClient, data: bytes, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/v1/batches", content=data, headers=named)


def test_a_batch_is_answered_by_a_receipt_that_gateways_can_read(tmp_path: Path) -> None:
    async def play(client: httpx2.AsyncClient) -> None:
        answer = await send(client, batch(MINE), Idempotency_Key=f"{JOURNAL.hex()}/1-10")
        assert answer.json() == {
            "journal": JOURNAL.hex(),
            "watermark": 10,
            "hash": MINE[9][-1].hex(),
            "stored": 10,
            "duplicates": 0,
            "conflicts": [],
            "missing": [],
            "forked": False,
            "refused": None,
        }
        read = receipt_from_json(answer.content)
        assert read is not None
        assert (read.watermark, read.hash, read.stored) == (10, MINE[9][-1], 10)

    (receipt,) = with_intake(tmp_path, play)
    assert receipt.stored == 10


def test_a_gateway_can_ask_what_is_held(tmp_path: Path) -> None:
    async def play(client: httpx2.AsyncClient) -> None:
        await send(client, batch(MINE))
        path = f"/v1/journals/{JOURNAL.hex()}"
        assert (await client.get(path)).json()["watermark"] == 10
        upto = (await client.get(path, params={"upto": 4})).json()
        assert (upto["watermark"], upto["hash"]) == (4, MINE[3][-1].hex())
        nobody = (await client.get(f"/v1/journals/{OTHER.hex()}")).json()
        assert (nobody["watermark"], nobody["hash"]) == (0, "")
        for wrong in ("x", "-1", "1.5", str(1 << 63), "\u0664", "9" * 30):
            assert (await client.get(path, params={"upto": wrong})).status_code == 400
        for wrong in ("00", "zz" * 16, JOURNAL.hex().upper(), f"{JOURNAL.hex()}00"):
            assert (await client.get(f"/v1/journals/{wrong}")).status_code == 400

    with_intake(tmp_path, play)


def test_what_is_no_batch_is_answered_by_a_sentence(tmp_path: Path) -> None:
    async def play(client: httpx2.AsyncClient) -> None:
        noise = await send(client, b"noise")
        assert (noise.status_code, "error" in noise.json()) == (400, True)
        long = await send(client, bytes(CEILING + 1))
        assert (long.status_code, "send fewer rows" in long.json()["error"]) == (413, True)
        key = await send(client, batch(MINE), Idempotency_Key=f"{JOURNAL.hex()}/1-9")
        assert (key.status_code, "must be" in key.json()["error"]) == (400, True)

    assert with_intake(tmp_path, play) == []


def test_who_is_not_known_stores_nothing(tmp_path: Path) -> None:
    async def play(client: httpx2.AsyncClient) -> None:
        assert (await send(client, batch(MINE))).status_code == 401
        assert (await client.get(f"/v1/journals/{JOURNAL.hex()}")).status_code == 401
        good = await send(client, batch(MINE), Authorization="Bearer secret")
        assert good.json()["stored"] == 10

    with_intake(tmp_path, play, "secret")


def test_whose_journal_it_is_is_asked_before_anything_is_stored(tmp_path: Path) -> None:
    class First:
        async def admit(self, who: Caller, gateway: str, journal: bytes) -> None:
            if journal != JOURNAL:
                raise Refused(403, f"journal of {gateway} is another's")

    async def play(client: httpx2.AsyncClient) -> None:
        assert (await send(client, batch(MINE))).status_code == 200
        refused = await send(client, batch(rows(3, before=OTHER), OTHER, OTHER))
        assert (refused.status_code, refused.json()) == (
            403,
            {"error": "journal of gw is another's"},
        )

    (receipt,) = with_intake(tmp_path, play, admission=First())
    assert receipt.journal == JOURNAL


def test_a_batch_of_a_later_version_is_no_word_on_its_rows(tmp_path: Path) -> None:
    async def play(client: httpx2.AsyncClient) -> None:
        refused = await send(client, batch(MINE, version=3))
        assert refused.status_code == 415
        assert "use a newer hub" in refused.json()["error"]

    with_intake(tmp_path, play)


def test_posts_that_come_together_share_a_transaction() -> None:
    groups: list[int] = []
    begun, go = asyncio.Event(), asyncio.Event()

    async def take(some: Sequence[Batch]) -> list[Receipt]:
        groups.append(len(some))
        begun.set()
        await go.wait()
        return [Receipt(each.journal, each.last) for each in some]

    async def play() -> None:
        together = intake.Together(take)
        data = [decode(each) for each in batches(MINE, [2, 2, 2, 2, 2])]
        first = asyncio.create_task(together.take(data[0]))
        await begun.wait()
        others = [asyncio.create_task(together.take(each)) for each in data[1:]]
        await asyncio.sleep(0)
        go.set()
        receipts = await asyncio.gather(first, *others)
        assert [each.watermark for each in receipts] == [2, 4, 6, 8, 10]
        assert groups == [1, 4]
        assert (await together.take(data[0])).watermark == 2

    asyncio.run(play())


def test_a_batch_that_the_database_refuses_holds_up_no_other() -> None:
    bad = decode(batches(MINE, [5, 5])[1])

    async def take(some: Sequence[Batch]) -> list[Receipt]:
        if bad in some:
            raise StoreTrouble("it is refused")
        return [Receipt(each.journal, each.last) for each in some]

    async def play() -> None:
        together = intake.Together(take)
        good = decode(batch(MINE))
        found = await asyncio.gather(
            *(together.take(each) for each in (good, bad, good)), return_exceptions=True
        )
        assert [type(each) for each in found] == [Receipt, StoreTrouble, Receipt]

    asyncio.run(play())


def test_a_post_that_is_given_up_takes_nobody_with_it() -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def take(some: Sequence[Batch]) -> list[Receipt]:
        begun.set()
        await go.wait()
        return [Receipt(each.journal, each.last) for each in some]

    async def play() -> None:
        together = intake.Together(take)
        waiting: list[asyncio.Task[Any]] = [
            asyncio.create_task(together.take(decode(each))) for each in batches(MINE, [5, 5])
        ]
        await begun.wait()
        waiting[0].cancel()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await waiting[0]
        assert (await waiting[1]).watermark == 10

    asyncio.run(play())
