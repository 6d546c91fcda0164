"""The clerk, on both engines: what follows from rows, whoever sends them and however they come."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Any

import pytest
from hub_register import GTIN, UID, Source, alarmed, everything, hub, signed

from edge.errors import Malformed
from gateway.hub import clerk as clerks
from gateway.hub.alarms import CHAIN_GAP, CONFLICT, FORK, TOO_FAST, TWO_PRODUCTS
from gateway.hub.batch import Withheld
from gateway.hub.clerk import Clerk, registrars, reset
from gateway.hub.clones import Travel
from gateway.hub.database import Database, Session
from gateway.hub.ledger import Ledger
from gateway.hub.products import Products
from gateway.hub.register import Entry, Registrar
from gateway.records import Gap

Play = Callable[[Database, Ledger, Clerk], Awaitable[None]]
NAME = f"{GTIN}/A1"
OTHER = bytes.fromhex("04ffffffffffff")


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest) -> Any:
    """Where an empty database may be: a file, and a URL."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return request.getfixturevalue("tmp_path") / "hub.db"


def play(
    where: Any,
    scene: Play,
    travel: Travel | None = None,
    more: Sequence[Registrar] = (),
    most_rows: int | None = None,
) -> None:
    async def all_of_it() -> None:
        async with hub(where, travel, more, most_rows) as (database, ledger, clerk):
            await scene(database, ledger, clerk)

    asyncio.run(all_of_it())


def test_a_product_has_its_stubs_in_order_and_its_rows_by_time(where: Any) -> None:
    first = signed(0)
    second = signed(1, first)
    line, dock = Source("line"), Source("dock")
    line.wrote(first, at_s=1)
    dock.saw(first, at_s=2)
    line.wrote(second, at_s=3, act="updated")
    line.wrote(signed(0, serial="B2"), OTHER, "B2", at_s=4)

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        await dock.send(ledger)
        await line.send(ledger)
        await clerk.settled()
        products = Products(database)
        stubs = await products.stubs(NAME)
        assert [each.raw for each in stubs] == [first, second]
        assert [(each.sha256, each.uid, each.written) for each in stubs] == [
            (sha256(raw).digest(), UID, True) for raw in (first, second)
        ]
        events = await products.events(NAME)
        assert [(e.gateway, e.seq, e.kind) for e in events] == [
            ("line", 1, "result"),
            ("dock", 1, "verdict"),
            ("line", 2, "result"),
        ]
        assert await products.events(NAME, 1) == events[-1:]
        counts = await products.counts()
        assert (counts["events"], counts["stubs"], counts["products"]) == (4, 3, 2)
        assert counts["rows_to_register"] == 0
        assert await alarmed(database) == []

    play(where, scene)


def test_two_gateways_that_go_on_from_the_same_stub_fork_its_chain(where: Any) -> None:
    root = signed(0)
    north, south = Source("north"), Source("south")
    north.wrote(root)
    north.wrote(signed(1, root, key=1), at_s=10)
    south.wrote(signed(1, root, key=2), at_s=20)

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        for each in (north, south):
            await each.send(ledger)
            await clerk.settled()
        assert await alarmed(database) == [(FORK, NAME)]
        ((text, seq),) = await database.fetch("SELECT text, seq FROM alarms")
        assert (text, seq) == ("two different stubs are number 1", 1)
        await south.send_these(ledger, south.rows)
        await clerk.settled()
        assert await alarmed(database) == [(FORK, NAME)]

    play(where, scene)


def test_a_stub_that_follows_an_unknown_one_is_a_gap_until_that_turns_up(where: Any) -> None:
    root = signed(0)
    second = signed(1, root)
    early, late = Source("early"), Source("late")
    early.wrote(root)
    early.wrote(signed(2, second), at_s=30)
    late.wrote(second, at_s=20)

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        await early.send(ledger)
        await clerk.settled()
        assert await alarmed(database) == [(CHAIN_GAP, NAME)]
        await late.send(ledger)
        await clerk.settled()
        assert await alarmed(database) == []
        assert await alarmed(database, is_open=False) == [(CHAIN_GAP, NAME)]

    play(where, scene)


def test_a_stub_that_others_wrote_is_known_once_it_was_seen_under_a_trusted_key(
    where: Any,
) -> None:
    theirs, untrusted = signed(3, signed(2, signed(1, signed(0)))), signed(7, signed(6, signed(0)))
    source = Source("dock")
    source.saw(theirs)
    source.wrote(signed(4, theirs), at_s=1)
    row = source.saw(untrusted, at_s=2, serial="Z")
    source.rows.pop()
    source.tell("verdict", row.uid, row.product, 2, stub=untrusted, gtin=GTIN, serial="A1")

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        await source.send_these(ledger, source.rows[:2])
        await clerk.settled()
        assert await alarmed(database) == [(CHAIN_GAP, NAME)], "stub 3's own past is not known"
        assert [s.written for s in await Products(database).stubs(NAME)] == [False, True]

    play(where, scene)


def test_a_mini_record_has_no_chain(where: Any) -> None:
    source = Source("line")
    source.wrote(b"mini 1", seq=0)
    source.wrote(b"mini 2", seq=0, at_s=1)

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        await source.send(ledger)
        await clerk.settled()
        assert await alarmed(database) == []
        assert len(await Products(database).stubs(NAME)) == 2

    play(where, scene)


def test_a_tag_with_two_products_is_told_unless_one_was_given_up(where: Any) -> None:
    cloned, reused, formatted = b"\x04clone", b"\x04reuse", b"\x04forma"
    source = Source("line")
    for uid in (cloned, reused, formatted):
        source.wrote(signed(0, serial="A" + uid.hex(), uid=UID), uid, "A" + uid.hex())
    source.tell("intent", reused, f"{GTIN}/B", 5, act="commissioned", before=bytes(16))
    source.tell("intent", cloned, f"{GTIN}/B", 5, act="commissioned", before=b"", link_before="")
    source.tell("result", formatted, "", 6, act="formatted")
    for uid in (cloned, reused, formatted):
        source.wrote(signed(0, serial="B" + uid.hex(), uid=UID), uid, "B" + uid.hex(), at_s=7)

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        await source.send(ledger)
        await clerk.settled()
        assert await alarmed(database) == [(TWO_PRODUCTS, cloned.hex())]

    play(where, scene)


def test_two_products_are_explained_by_the_gateway_that_is_late(where: Any) -> None:
    first, second = Source("first"), Source("second")
    first.wrote(signed(0), at_s=1)
    first.tell("result", UID, "", 2, act="formatted")
    second.wrote(signed(0, serial="B"), UID, "B", at_s=3)

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        await first.send_these(ledger, first.rows[:1])
        await second.send(ledger)
        await clerk.settled()
        assert await alarmed(database) == [(TWO_PRODUCTS, UID.hex())]
        await first.send_these(ledger, first.rows[1:])
        await clerk.settled()
        assert await alarmed(database) == []
        found = await Products(database).tag(UID)
        assert found is not None
        assert (found.product, found.place) == (f"{GTIN}/B", "second")
        assert [each.act for each in found.sightings] == ["written", "freed", "written"]

    play(where, scene)


TRAVEL = Travel({"north": (53.5511, 9.9937), "south": (51.9244, 4.4777)})


@pytest.mark.parametrize("late", ["north", "south"])
def test_a_tag_at_two_places_at_once_is_told_whoever_sends_first(where: Any, late: str) -> None:
    sources = {name: Source(name) for name in ("north", "south")}
    sources["north"].wrote(signed(0), at_s=0)
    sources["north"].saw(signed(0), at_s=90_000)
    sources["south"].saw(signed(0), at_s=90_060)
    sources["south"].saw(signed(0), OTHER, at_s=90_060)

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        for name in sorted(sources, key=lambda name: name == late):
            await sources[name].send(ledger)
            await clerk.settled()
        assert await alarmed(database) == [(TOO_FAST, UID.hex())]

    play(where, scene, TRAVEL)


def test_a_clock_that_is_not_set_accuses_nobody(where: Any) -> None:
    north, south = Source("north"), Source("south")
    north.saw(signed(0), clock=[0, 0, bytes(16), 5])
    south.saw(signed(0), at_s=1, clock=[0, 0, bytes(16), -1])

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        await north.send(ledger)
        await south.send(ledger)
        await clerk.settled()
        assert await alarmed(database) == []
        found = await Products(database).tag(UID)
        assert found is not None
        assert [(each.place, each.is_timed) for each in found.sightings] == [
            ("south", False),
            ("north", True),
        ]

    play(where, scene, TRAVEL)


def test_a_withheld_row_is_registered_when_its_content_comes(where: Any) -> None:
    source = Source("line")
    for n in range(3):
        source.wrote(signed(0, serial=f"S{n}"), bytes([4, n, 0, 0]), f"S{n}", at_s=n)

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        one, two, three = source.rows
        await source.send_these(ledger, [one, Withheld(two.seq, two.hash), three])
        await clerk.settled()
        products = Products(database)
        assert (await products.counts())["products"] == 2
        assert await products.stubs(f"{GTIN}/S1") == []
        await source.send_these(ledger, [two])
        await clerk.settled()
        assert [each.seq for each in await products.events(f"{GTIN}/S1")] == [2]
        assert (await products.counts())["products"] == 3
        assert await database.fetch("SELECT * FROM late_rows") == []
        before = await everything(database)
        await reset(database)
        await clerk.settled()
        assert await everything(database) == before

    play(where, scene)


def test_content_that_comes_before_the_clerk_does_is_registered_once(where: Any) -> None:
    source = Source("line")
    source.wrote(signed(0))

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        await source.send_these(ledger, [Withheld(1, source.rows[0].hash)])
        await source.send_these(ledger, source.rows)
        await clerk.settled()
        assert len(await Products(database).events(NAME)) == 1
        assert await database.fetch("SELECT * FROM late_rows") == []

    play(where, scene)


def test_gaps_are_passed(where: Any) -> None:
    source = Source("line")
    for n in range(6):
        source.wrote(signed(0, serial=f"S{n}"), bytes([4, n, 0, 0]), f"S{n}")

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        rows = source.rows
        await source.send_these(ledger, [rows[0], Gap(2, 4, "dropped", rows[3].hash), rows[4]])
        await clerk.settled()
        (journal,) = await Products(database).journals()
        assert (journal.watermark, journal.registered, journal.gaps, journal.rows) == (5, 5, 1, 2)
        await source.send_these(ledger, [Gap(6, 6, "trimmed", rows[5].hash)])
        await clerk.settled()
        (journal,) = await Products(database).journals()
        assert journal.registered == 6

    play(where, scene)


def test_rows_without_sense_stop_nothing(where: Any) -> None:
    source = Source("line")
    nonsense: list[dict[str, Any]] = [
        {"stub": 5},
        {"stub": b""},
        {"stub": bytes(5000)},
        {"stub": b"\xd2\x84"},
        {"gtin": "x" * 600, "serial": "y"},
        {"gtin": "a\0b", "serial": "c\0d", "stub": b"mini"},
        {"gtin": [1], "serial": {}},
        {"seq": -5, "stub": b"mini 2"},
        {"seq": 1 << 63, "stub": b"mini 3"},
        {"seq": "one", "stub": b"mini 4"},
        {"act": [], "verdict": 7, "before": {}},
        {"clock": "noon"},
        {"clock": [1 << 70, -1, b"", 0]},
        {"clock": [1, 1, bytes(16), -7]},
    ]
    for kind in ("result", "verdict", "intent", "presence", "repair", "refused", "what\0ever"):
        for said in nonsense:
            source.tell(kind, UID, f"{GTIN}/A1", **({"seen_seq": 1} | said))
            source.tell(kind, bytes(64), "p" * 512, -9e9, "s" * 512, **said)
    source.wrote(signed(0))

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        await source.send(ledger)
        await clerk.settled()
        (journal,) = await Products(database).journals()
        assert journal.registered == journal.watermark == len(source.rows)
        assert signed(0) in [each.raw for each in await Products(database).stubs(NAME)]

    play(where, scene, TRAVEL)


def test_other_content_under_a_held_number_is_an_alarm_for_each_run(where: Any) -> None:
    source, clone = Source("line"), Source("line")
    for n in range(5):
        source.wrote(signed(0, serial=f"S{n}"), bytes([4, n, 0, 0]), f"S{n}")
    clone.wrote(signed(0, serial="S0"), bytes([4, 0, 0, 0]), "S0")
    for n in range(3):
        clone.tell("presence", n=n)

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        await source.send(ledger)
        receipt = await clone.send(ledger)
        assert receipt.conflicts == (2, 3, 4)
        await clerk.settled()
        await clerk.settled()
        assert await alarmed(database) == [(CONFLICT, "line")]
        ((text, seq),) = await database.fetch("SELECT text, seq FROM alarms")
        assert "rows 2 to 4 of journal" in text
        assert seq == 2

    play(where, scene)


class _Dies(Exception):
    """Stands for whatever ends a clerk."""


class _Deadly:
    """A registrar that ends its clerk at the `nth` row."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.deadly = 0

    async def enter(self, session: Session, entries: Sequence[Entry]) -> None:
        if any(each.row.seq == self.deadly for each in entries):
            raise _Dies
        self.seen += [each.row.seq for each in entries]


def test_a_clerk_that_dies_in_the_middle_leaves_nothing_half(where: Any) -> None:
    deadly = _Deadly()
    source = Source("line")
    for n in range(10):
        source.wrote(signed(0, serial=f"S{n}"), bytes([4, n, 0, 0]), f"S{n}")

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        await source.send(ledger)
        deadly.deadly = 7
        with pytest.raises(_Dies):
            await clerk.settled()
        assert deadly.seen == [1, 2, 3, 4]
        for table in ("product_events", "stubs", "tags", "tag_history", "products"):
            assert await database.fetch(f"SELECT count(*) FROM {table}") == [(4,)]
        (journal,) = await Products(database).journals()
        assert journal.registered == 4
        deadly.deadly = 0
        await clerk.settled()
        assert deadly.seen == list(range(1, 11))
        assert await database.fetch("SELECT count(*) FROM tag_history") == [(10,)]

    play(where, scene, more=[deadly], most_rows=4)


class _Picky:
    """A registrar that cannot enter some rows."""

    def __init__(self, *refused: int) -> None:
        self.refused = set(refused)
        self.entered: list[int] = []

    async def enter(self, session: Session, entries: Sequence[Entry]) -> None:
        for each in entries:
            if each.row.seq in self.refused:
                raise Malformed(f"row {each.row.seq}")
        self.entered += [each.row.seq for each in entries]


def test_an_entry_that_cannot_be_entered_is_left_out_and_counted(where: Any) -> None:
    picky = _Picky(5, 6, 17)
    source = Source("line")
    for n in range(20):
        source.wrote(signed(0, serial=f"S{n}"), bytes([4, n, 0, 0]), f"S{n}")

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        await source.send(ledger)
        await clerk.settled()
        assert picky.entered == [n for n in range(1, 21) if n not in picky.refused]
        counts = await Products(database).counts()
        assert (counts["rows_without_sense"], counts["stubs"]) == (3, 17)

    play(where, scene, more=[picky], most_rows=8)


def story() -> list[Source]:
    """Gateways that fork chains, leave gaps, share and clone tags."""
    sources = [Source(f"gw{n}") for n in range(4)]
    for n in range(12):
        stubs = [signed(0, serial=f"S{n}")]
        for step in range(1, 5):
            stubs.append(signed(step, stubs[-1], f"S{n}"))
        for step, raw in enumerate(stubs):
            at_s, uid = 100 * step + n, bytes([4, n % 9, 0, 0])
            if n != 3 or step != 2:
                sources[(n + step) % 4].wrote(raw, uid, f"S{n}", at_s)
            sources[(n + step + 1) % 4].saw(raw, uid, f"S{n}", at_s + n)
        sources[n % 4].wrote(signed(4, stubs[3], f"S{n}", key=9), UID, f"S{n}", 700)
        sources[n % 3].tell("presence", bytes([4, n, 0, 0]), "", 300 + n, act="arrived")
    return sources


def test_every_order_of_journals_makes_the_same_register(where: Any) -> None:
    sources = story()
    travel = Travel(min_travel_s=3)

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        for each in sources:
            await each.send_these(ledger, each.rows[:9])
        await clerk.settled()
        for each in sources:
            await each.send_these(ledger, each.rows[9:])
            await clerk.settled()
        first = await everything(database)
        kinds = {kind for kind, *_ in first["alarms"]}
        assert kinds == {FORK, TWO_PRODUCTS, TOO_FAST}, "a scene in which all happens"
        async with database.transaction() as session:
            await session.execute("UPDATE clerk SET visited_ns = -journal")
        await reset(database)
        assert (await Products(database).counts())["rows_to_register"] == sum(
            len(each.rows) for each in sources
        )
        await clerk.settled()
        assert await everything(database) == first

    play(where, scene, travel, most_rows=7)


def test_clerks_beside_each_other_make_what_one_alone_makes(where: Any) -> None:
    sources = story()
    travel = Travel(min_travel_s=3)

    async def scene(database: Database, ledger: Ledger, clerk: Clerk) -> None:
        for each in sources:
            await each.send(ledger)
        await clerk.settled()
        alone = await everything(database)
        for _ in range(3):
            await reset(database)
            several = [Clerk(database, registrars(travel), most_rows=5) for _ in range(4)]
            await asyncio.gather(*[each.settled() for each in several])
            assert await everything(database) == alone

    play(where, scene, travel, most_rows=5)


def test_a_running_clerk_is_woken_by_the_ledger(
    where: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clerks, "_POLL_S", 3600.0)
    entered = asyncio.Event()

    class Telling:
        async def enter(self, session: Session, entries: Sequence[Entry]) -> None:
            entered.set()

    async def scene(database: Database, ledger: Ledger, _: Clerk) -> None:
        source = Source("line")
        running = asyncio.create_task(Clerk(database, [Telling()], grown=ledger.grown).run())
        for _ in range(3):
            source.wrote(signed(0))
            entered.clear()
            await source.send(ledger)
            await asyncio.wait_for(entered.wait(), 60)
        running.cancel()
        await asyncio.wait([running])

    play(where, scene)


def test_a_journal_with_much_to_do_does_not_keep_the_others_waiting(where: Any) -> None:
    order: list[int] = []

    class Watching:
        async def enter(self, session: Session, entries: Sequence[Entry]) -> None:
            order.extend(dict.fromkeys(each.journal for each in entries))

    async def scene(database: Database, ledger: Ledger, _: Clerk) -> None:
        busy, idle = Source("busy"), Source("idle")
        for n in range(40):
            busy.tell("presence", n=n)
        idle.tell("presence")
        await busy.send(ledger)
        await idle.send(ledger)
        await Clerk(database, [Watching()], most_rows=4).settled()
        assert set(order[:3]) == {1, 2}

    play(where, scene, most_rows=4)


def test_a_body_larger_than_a_portion_goes_alone(
    where: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.hub.portion._MOST_BYTES", 3000)
    sizes: list[int] = []

    class Weighing:
        async def enter(self, session: Session, entries: Sequence[Entry]) -> None:
            sizes.append(len(entries))

    async def scene(database: Database, ledger: Ledger, _: Clerk) -> None:
        source = Source("line")
        for size in (1000, 1000, 9000, 10, 10):
            source.tell("presence", x=bytes(size))
        await source.send(ledger)
        await Clerk(database, [Weighing()]).settled()
        assert sizes == [2, 1, 2]

    play(where, scene)
