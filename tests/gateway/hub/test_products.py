"""Questions to the register that no page asks in full."""

import asyncio
from pathlib import Path

import pytest
from hub_register import GTIN, Source, alarmed, hub, signed

from gateway.hub.batch import Withheld
from gateway.hub.products import Products


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database may be: a file, and a URL."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return str(tmp_path / "hub.db")


def test_the_latest_events_are_those_that_arrived_last_of_whatever_journal(where: str) -> None:
    north, south = Source("north"), Source("south")
    for n in range(3):
        north.tell("presence", at_s=100 - n)
        south.tell("presence", at_s=n)

    async def play() -> None:
        async with hub(where) as (database, ledger, _):
            await north.send_these(ledger, north.rows[:2])
            await south.send(ledger)
            withheld = Withheld(3, north.rows[2].hash)
            await north.send_these(ledger, [withheld])
            latest = await Products(database).latest(5)
            assert [(each.gateway, each.seq) for each in latest] == [
                ("north", 3),
                ("south", 3),
                ("south", 2),
                ("south", 1),
                ("north", 2),
            ]
            assert (latest[0].kind, latest[0].content) == ("withheld", {})
            assert len(await Products(database).latest(2)) == 2

    asyncio.run(play())


def test_what_nobody_told_of_has_no_history(where: str) -> None:
    async def play() -> None:
        async with hub(where) as (database, _, clerk):
            await clerk.settled()
            products = Products(database)
            assert await products.stubs("x") == []
            assert await products.events("x") == []
            assert await products.latest(9) == []
            assert await products.journals() == []
            assert await products.tag(b"x") is None
            assert set((await products.counts()).values()) == {0}

    asyncio.run(play())


def test_a_long_history_is_answered_by_its_newest_part(where: str) -> None:
    source = Source("line")
    source.wrote(signed(0))
    for n in range(1200):
        source.tell("presence", b"", f"{GTIN}/A1", at_s=n + 1)

    async def play() -> None:
        async with hub(where) as (database, ledger, clerk):
            await source.send(ledger)
            await clerk.settled()
            events = await Products(database).events(f"{GTIN}/A1")
            assert [each.seq for each in events] == list(range(202, 1202))

    asyncio.run(play())


def test_a_label_that_was_read_is_in_the_history_and_not_in_the_chain_of_the_tag(
    where: str,
) -> None:
    source = Source("line")
    source.wrote(signed(0))
    label = signed(0, key=1)  # on print there is no tag: its number says nothing of the chain
    said = {"gtin": GTIN, "serial": "A1", "stub": label, "seq": 0, "verdict": {}}
    source.tell("code", b"", f"{GTIN}/LOT/A1", at_s=1, outcome="read", **said)

    async def play() -> None:
        async with hub(where) as (database, ledger, clerk):
            await source.send(ledger)
            await clerk.settled()
            products = Products(database)
            history = await products.events(f"{GTIN}/A1")
            assert [each.kind for each in history] == ["result", "code"]
            assert [each.raw for each in await products.stubs(f"{GTIN}/A1")] == [signed(0)]
            assert await alarmed(database) == []

    asyncio.run(play())
