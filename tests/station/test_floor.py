"""The floor and its ledger: what readers report becomes durable rows, in order, and nothing is lost or told early."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from production_line import GTIN, NOW
from rain_line import RainLine
from rain_port import FieldPort

from edge import epc as epcs
from gateway.config import PresenceConfig, ReaderConfig, WindowConfig
from gateway.journal import Journal, JournalFull
from gateway.model import GpiChange, Inventory, ReaderGone, Sighting
from gateway.readers.rain import RainReader
from gateway.stations import floor
from gateway.stations.floor import Floor, movement_entry
from gateway.stations.ledger import Entry, Ledger
from gateway.stations.post import Post
from gateway.stations.presence import Movement
from gateway.stations.result import GREEN, Result, Signal
from hwsim.air import AirClock
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField

pytestmark = pytest.mark.anyio

EPC = epcs.sgtin96(GTIN, "17", 7).encode()
TID = bytes.fromhex("e280119120006867a9e80329")
PATIENCE_S = 20


def entry(post: Post, number: int) -> Entry:
    result = Result("arrived", TID, Signal(GREEN, str(number)))
    return Entry(post, "presence", TID, "", {"number": number}, result)


async def test_rows_are_written_in_order_and_told_when_durable(rain: RainLine) -> None:
    told: list[Result] = []

    def tell(name: str, result: Result) -> None:
        assert result.journal_seq is not None and result.journal_seq <= rain.journal.head()
        told.append(result)

    async with Ledger(tell) as ledger:
        for number in range(2000):
            ledger.write(entry(rain.post, number))
    rows = rain.journal.after(0, 3000)
    assert [row.content()["number"] for row in rows] == list(range(2000))
    assert [each.journal_seq for each in told] == [row.seq for row in rows]


async def test_whoever_writes_more_than_the_disk_takes_waits(rain: RainLine) -> None:
    async with Ledger(lambda *_: None, most_waiting=8) as ledger:
        for number in range(8):
            ledger.write(entry(rain.post, number))
        assert rain.journal.head() == 0
        async with asyncio.timeout(PATIENCE_S):
            await ledger.room()
        assert rain.journal.head() == 8


async def test_what_no_journal_has_room_for_is_told_to_whoever_waits(
    rain: RainLine, tmp_path: Path
) -> None:
    async with Journal(tmp_path / "small.db", max_bytes=1 << 20) as journal:
        post = replace(rain.post, journal=journal)
        with pytest.raises(JournalFull):
            async with Ledger(lambda *_: None) as ledger, asyncio.timeout(PATIENCE_S):
                ledger.write(replace(entry(post, 0), body={"fill": bytes(2_000_000)}))
                await ledger.written()


async def test_telemetry_beyond_its_quota_makes_room_for_itself(
    rain: RainLine, tmp_path: Path
) -> None:
    told: list[Result] = []
    async with Journal(tmp_path / "small.db", max_bytes=1 << 20) as journal:
        post = replace(rain.post, journal=journal)
        async with Ledger(lambda _, result: told.append(result)) as ledger:
            for number in range(200):
                ledger.write(replace(entry(post, number), body={"fill": bytes(10_000)}))
            async with asyncio.timeout(PATIENCE_S):
                while len(told) < 200:
                    await asyncio.sleep(0)
        pieces = journal.pieces(0, 1000)
        assert pieces[0].reason == "dropped"
        assert pieces[-1].seq == journal.head() == 200
        assert journal.verify() is None


class ScriptPort(FieldPort):
    """Reports what a test puts into it; lost where that is ReaderGone."""

    def __init__(self) -> None:
        super().__init__(RainField(AirClock(), RainFaults(1)))
        self.script: asyncio.Queue[list[Sighting | GpiChange] | ReaderGone] = asyncio.Queue()
        self.wants: list[Inventory] = []

    async def watch(self, want: Inventory) -> AsyncGenerator[list[Sighting | GpiChange], None]:
        self.wants.append(want)
        while True:
            self._plugged()
            said = await self.script.get()
            if isinstance(said, ReaderGone):
                self.is_plugged = False
                raise said
            yield said


@dataclass
class Hall:
    """Readers before one floor; its clock stands unless a test moves it."""

    floor: Floor
    ports: dict[str, ScriptPort]
    journal: Journal
    told: list[Result] = field(default_factory=list)
    now: float = NOW
    set_by: float = 0  # the clock

    def report(self, name: str, *said: Sighting | GpiChange) -> None:
        self.ports[name].script.put_nowait(list(said))

    async def until(self, count: int) -> list[Result]:
        """What was told, once that is `count` results."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.told) < count:
                await asyncio.sleep(0.001)
        return self.told

    async def until_up(self, name: str, is_up: bool) -> None:
        """Return when the floor has noticed it."""
        async with asyncio.timeout(PATIENCE_S):
            while self.floor._up[name] is not is_up:
                await asyncio.sleep(0.001)


@asynccontextmanager
async def hall(folder: Path, rain: RainLine, **rules: ReaderConfig) -> AsyncIterator[Hall]:
    ports = {name: ScriptPort() for name in rules}
    told: list[Result] = []
    made: list[Hall] = []

    def now() -> float:
        return made[0].now if made else NOW

    def ticks() -> float:
        return now() - (made[0].set_by if made else 0)

    async with Journal(folder / "hall.db") as journal:
        posts = {
            name: replace(
                rain.post,
                name=name,
                journal=journal,
                reader=RainReader(name, ports[name], now, chance=lambda: 0.0),
            )
            for name in rules
        }
        async with Ledger(lambda name, result: told.append(result)) as ledger:
            made.append(Hall(Floor(posts, rules, ledger, now, ticks), ports, journal, told))
            async with asyncio.TaskGroup() as tasks:
                work = [tasks.create_task(made[0].floor.watch(name)) for name in rules]
                work.append(tasks.create_task(made[0].floor.time()))
                yield made[0]
                for task in work:
                    task.cancel()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floor, "TICK_S", 0.001)


def reader(name: str, window: WindowConfig | None = None, **presence: object) -> ReaderConfig:
    return ReaderConfig(
        name=name,
        url="llrp://host",
        job="presence",
        window=window,
        presence=PresenceConfig(**presence),  # type: ignore[arg-type]
    )


def seen(at: float, antenna: int = 1, rssi: float = -50.0, epc: bytes = EPC) -> Sighting:
    return Sighting(epc, TID, antenna, rssi, NOW + at)


async def test_movements_become_rows_of_the_reader_that_saw_them(
    rain: RainLine, tmp_path: Path
) -> None:
    zones = {"1": "hall"}
    async with hall(
        tmp_path, rain, north=reader("north", zones=zones), south=reader("south", hold_off_s=0)
    ) as here:
        here.report("north", seen(0))
        await here.until(1)
        here.report("south", seen(5, rssi=-40.0))
        await here.until(2)
        here.now = NOW + 60
        await here.until(3)
        assert [each.outcome for each in here.told] == ["arrived", "moved", "departed"]
        assert here.floor.sightings == {"north": 1, "south": 1}
        rows = here.journal.after(0, 10)
    assert [(row.kind, row.station) for row in rows] == [
        ("presence", "north"),
        ("presence", "south"),
        ("presence", "south"),
    ]
    assert {(row.uid, row.product) for row in rows} == {(TID, f"{GTIN:014d}/17")}
    assert rows[1].content() == {
        "act": "moved",
        "reader": "south",
        "zone": "south/1",
        "before": "hall",
        "antenna": 1,
        "epc": EPC,
        "uri": "urn:epc:id:sgtin:9520123.045678.17",
        "rssi_dbm": -40.0,
        "reads": 2,
        "seen_at": NOW + 5.0,
    }


async def test_what_was_decided_is_durable_when_the_floor_ends(
    rain: RainLine, tmp_path: Path
) -> None:
    many = [seen(0, epc=n.to_bytes(12, "big"))._replace(tid=b"") for n in range(3000)]
    async with hall(tmp_path, rain, north=reader("north")) as here:
        here.report("north", *many)
        async with asyncio.timeout(PATIENCE_S):
            while here.floor.sightings["north"] < len(many):
                await asyncio.sleep(0)
    assert len(here.told) == 3000
    records = Journal.open_readonly(tmp_path / "hall.db")
    assert records.head() == 3000
    records.close()


async def test_a_clock_that_is_set_forward_makes_nobody_leave(
    rain: RainLine, tmp_path: Path
) -> None:
    async with hall(tmp_path, rain, north=reader("north")) as here:
        here.report("north", seen(0))
        await here.until(1)
        here.set_by = 1e9
        here.now = NOW + 1e9 + 1
        here.report("north", seen(1e9 + 1, epc=bytes(12))._replace(tid=b""))
        await here.until(2)
        here.now += 60
        await here.until(4)
        left = [row.content() for row in here.journal.after(2, 10)]
    assert [each["act"] for each in left] == ["departed"] * 2
    assert {each["reason"] for each in left} == {"unseen"}
    assert sorted(each["seen_at"] for each in left) == [NOW + 1e9, NOW + 1e9 + 1]


async def test_a_flood_of_new_tags_waits_its_turn_and_other_readers_do_not(
    rain: RainLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(floor, "_MOVEMENTS", (300, 1))
    many = [seen(0, epc=n.to_bytes(12, "big"))._replace(tid=b"") for n in range(3000)]
    async with hall(tmp_path, rain, north=reader("north"), south=reader("south")) as here:
        here.report("north", *many)
        await here.until(512)
        here.report("south", seen(0))
        await here.until(513)
        assert here.told[-1].uid == TID
        assert here.floor.sightings == {"north": 512, "south": 1}


async def test_a_lost_reader_is_reopened_and_its_tags_have_not_left(
    rain: RainLine, tmp_path: Path
) -> None:
    async with hall(tmp_path, rain, north=reader("north"), south=reader("south")) as here:
        here.report("north", seen(0))
        await here.until(1)
        here.ports["north"].script.put_nowait(ReaderGone("unplugged"))
        await here.until_up("north", False)
        here.now = NOW + 600
        here.report("south", seen(600, epc=bytes(12))._replace(tid=b""))
        await here.until(2)
        assert [each.outcome for each in here.told] == ["arrived", "arrived"]
        here.ports["north"].is_plugged = True
        await here.until_up("north", True)
        here.now = NOW + 700
        await here.until(4)
        assert here.told[-1].outcome == "departed"


async def test_a_product_that_passes_without_a_tag_is_told(rain: RainLine, tmp_path: Path) -> None:
    gate = reader("gate", WindowConfig(gpi=2))
    async with hall(tmp_path, rain, gate=gate) as here:
        here.report("gate", GpiChange(2, True, NOW), seen(0.1), GpiChange(2, False, NOW + 1.0))
        here.now = NOW + 2
        await here.until(2)
        here.report("gate", GpiChange(2, True, NOW + 3.0), GpiChange(2, False, NOW + 4.0))
        await asyncio.sleep(0)
        here.now = NOW + 6
        await here.until(3)
        assert sorted(each.outcome for each in here.told) == ["arrived", "empty", "tags"]
        rows = [row for row in here.journal.after(0, 10) if row.kind == "window"]
        assert here.ports["gate"].wants[0].gpi == 2
    assert [row.content()["outcome"] for row in rows] == ["tags", "empty"]
    assert rows[0].content()["epcs"] == [EPC]
    assert rows[0].station == "gate"


async def test_a_window_that_is_open_when_the_reader_is_lost_is_closed(
    rain: RainLine, tmp_path: Path
) -> None:
    gate = reader("gate", WindowConfig(gpi=2))
    async with hall(tmp_path, rain, gate=gate) as here:
        here.report("gate", GpiChange(2, True, NOW))
        await here.until_up("gate", True)
        here.ports["gate"].script.put_nowait(ReaderGone("unplugged"))
        await here.until(1)
        assert (here.told[0].outcome, here.told[0].signal.colour) == ("broken", "amber")
        assert here.journal.tail(1)[0].content()["closed_by"] == "reader"


async def test_a_zone_of_an_antenna_that_the_reader_has_not_is_told(
    rain: RainLine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    zones = {"1": "door", "9": "roof"}
    async with hall(tmp_path, rain, north=reader("north", zones=zones)) as here:
        await here.until_up("north", True)
    assert "zone roof of antenna 9: the reader has the antennas 1 to 4" in caplog.text
    assert "zone door" not in caplog.text


async def test_a_window_that_is_open_at_the_end_is_closed(rain: RainLine, tmp_path: Path) -> None:
    gate = reader("gate", WindowConfig(gpi=2))
    async with hall(tmp_path, rain, gate=gate) as here:
        here.report("gate", GpiChange(2, True, NOW), seen(0))
        await here.until(1)
    assert [each.outcome for each in here.told] == ["arrived", "broken"]


def test_an_epc_of_no_known_scheme_is_recorded_raw(rain_post: Post) -> None:
    raw = b"\x99" * 12
    moved = Movement("arrived", b"", raw, b"", "z", "north", 1, -50.0, 1, NOW, NOW)
    made = movement_entry(rain_post, moved)
    assert (made.uid, made.product, made.body["epc"]) == (b"", "", raw)
    assert "uri" not in made.body
    assert made.result is not None and made.result.uid == raw


def test_a_number_of_another_system_is_no_epc_whatever_it_begins_with(rain_post: Post) -> None:
    iso = 0x3191  # PC word: 6 words, the toggle bit, and an AFI
    moved = Movement("arrived", b"", EPC, b"", "z", "north", 1, -50.0, 1, NOW, NOW, pc=iso)
    made = movement_entry(rain_post, moved)
    assert made.product == "" and "uri" not in made.body
    assert movement_entry(rain_post, moved._replace(pc=0x3000)).product == "09520123456788/17"


@pytest.fixture
def rain_post() -> Post:
    port = ScriptPort()
    reader = RainReader("north", port, lambda: NOW)
    return Post("north", reader, None, None, lambda: NOW, lambda: 0.0)
