"""The EPCIS registrar: rows that reach the ledger are events at the hub, once, however the clerk comes to them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from epcis_hub import NOW_NS
from epcis_rows import PLACES, Written, advised, on_pallet, pallet, told, updated, verdict
from hub_register import Source, hub

from gateway.epcis.places import Places, Site
from gateway.hub import clerk as clerks
from gateway.hub.clerk import Clerk, reset
from gateway.hub.database import Database
from gateway.hub.epcis_registrar import EpcisRegistrar
from gateway.hub.ledger import Ledger

Scene = Callable[[Database, Ledger, Clerk], Awaitable[None]]


def play(where: str, scene: Scene, places: Places = PLACES, most_rows: int | None = None) -> None:
    async def all_of_it() -> None:
        registrar = EpcisRegistrar(places, lambda: NOW_NS)
        async with hub(where, more=[registrar], most_rows=most_rows) as (database, ledger, clerk):
            await scene(database, ledger, clerk)

    asyncio.run(all_of_it())


def source(rows: Sequence[Written], gateway: str = "plant-1") -> Source:
    found = Source(gateway)
    for n, row in enumerate(rows):
        found.tell(row.kind, row.uid, row.name, n, "line-1", **row.content)
    return found


async def kept(database: Database) -> list[tuple[str, str]]:
    """(type, bizStep) of what is held, by time."""
    query = "SELECT type, biz_step FROM epcis_events ORDER BY event_us, type, biz_step, disposition"
    return [(kind, step) for kind, step in await database.fetch(query)]


ROWS = (verdict("green"), updated(c10=2), *(on_pallet(f"S{n}") for n in range(4)), pallet(4))
KEPT = [
    ("ObjectEvent", "inspecting"),
    ("ObjectEvent", "shipping"),
    ("AggregationEvent", "packing"),
    ("ObjectEvent", "inspecting"),
]


@pytest.mark.parametrize("most_rows", [None, 1, 3])
def test_rows_are_events_wherever_the_clerk_stops(
    database_place: str, most_rows: int | None
) -> None:
    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        await source(ROWS).send(ledger)
        await clerk.settled()
        assert await kept(database) == KEPT
        assert await database.fetch("SELECT seq FROM epcis_open") == []
        query = "SELECT count(*) FROM epcis_things WHERE uri LIKE 'https://id.gs1.org/01/04012345678901/21/S%'"
        ((things,),) = await database.fetch(query)
        assert (
            things == 2 * 4 + 2
        )  # the pallet's and the inspected ones; SN-0001 is one thing with two events

    play(database_place, scene, most_rows=most_rows)


def test_the_ids_are_those_that_the_gateway_s_own_sink_sends(database_place: str) -> None:
    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        row = updated(c10=4)
        line = Source("plant-1")
        found = line.tell(row.kind, row.uid, row.name, 0.123456789, "line-1", **row.content)
        await line.send(ledger)
        await clerk.settled()
        (event,) = await database.fetch("SELECT event, journal, row_seq FROM epcis_events")
        (expected,) = told(row)
        assert found.at_ns // 1_000_000 == 1_790_000_000_123
        assert f'"eventID":"{expected["eventID"]}"' in event[0]
        assert event[1:] == (1, 1)

    play(database_place, scene)


def test_a_register_made_anew_keeps_the_events_wherever_the_gateway_stands_now(
    database_place: str,
) -> None:
    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        await source(ROWS).send(ledger)
        await clerk.settled()
        before = await database.fetch("SELECT event FROM epcis_events ORDER BY key")
        await reset(database)
        moved = Places(Site("https://id.gs1.org/414/4012345000016"))
        own = clerks.registrars()
        await Clerk(database, [*own, EpcisRegistrar(moved, lambda: NOW_NS + 1)]).settled()
        assert await database.fetch("SELECT event FROM epcis_events ORDER BY key") == before

    play(database_place, scene)


def test_two_gateways_that_did_the_same_are_two_events(database_place: str) -> None:
    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        for name in ("plant-1", "plant-2"):
            await source([verdict("green"), on_pallet("A"), advised(1)], name).send(ledger)
        await clerk.settled()
        assert len(await kept(database)) == 6

    play(database_place, scene)
