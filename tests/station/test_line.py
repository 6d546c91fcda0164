"""A line whose readers are stopped and started by hand: between two tags, and without a torn one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.beside import beside
from gateway.config import Config, GatewayConfig, ReaderConfig
from gateway.journal import Journal
from gateway.line import Stations
from gateway.posts import tag_posts
from gateway.stations.ledger import Ledger
from gateway.stations.orderfile import OrderFile
from gateway.stations.result import Result
from gateway.web.station.line import NoSuch, Progress
from hwsim.clock import Clock
from hwsim.faults import Faults
from hwsim.field import Field
from hwsim.pn532 import Pn532
from hwsim.port import PtyPort

pytestmark = pytest.mark.anyio

PATIENCE_S = 10


class Hall:
    """A line with one simulated reader, "dock"."""

    def __init__(self, stations: Stations, journal: Journal, port: PtyPort) -> None:
        self.stations = stations
        self.journal = journal
        self.port = port
        self.told: asyncio.Queue[Result] = asyncio.Queue()

    def show(self, uid: str) -> None:
        self.port.do({"do": "leave"})
        self.port.do({"do": "arrive", "tag": "ntag215", "uid": uid})

    async def answer(self) -> Result:
        async with asyncio.timeout(PATIENCE_S):
            return await self.told.get()

    @property
    def work(self) -> str:
        return self.stations.readers()[0].work


@asynccontextmanager
async def hall(folder: Path) -> AsyncIterator[Hall]:
    clock, faults = Clock(), Faults(1)
    with PtyPort(Pn532(Field(clock, faults), clock, faults)) as port:
        config = Config(
            gateway=GatewayConfig(journal=folder / "journal.db"),
            reader=(ReaderConfig(name="dock", url=f"pn532:{port.path}", dedupe_s=0),),
        )
        async with Journal(config.gateway.journal) as journal:
            posts = tag_posts(config, journal, None, None)

            def tell(name: str, result: Result) -> None:
                found.told.put_nowait(result)

            async with Ledger(tell) as ledger:
                stations = Stations(config, journal, posts, {}, {}, ledger, tell)
                found = Hall(stations, journal, port)

                async def work() -> None:
                    async with asyncio.TaskGroup() as tasks:
                        stations.start_all(tasks)

                async with beside(work(), "line"):
                    yield found
            await posts["dock"].reader.close()


async def test_a_stopped_reader_serves_no_tag_and_goes_on_when_it_is_started(
    tmp_path: Path,
) -> None:
    async with hall(tmp_path) as at:
        at.show("04a1b2c3d4e5f6")
        assert (await at.answer()).uid.hex() == "04a1b2c3d4e5f6"
        await at.stations.stop("dock")
        assert at.work == "stopped"
        head = at.journal.head()
        at.show("04a1b2c3d4e5f7")
        await at.stations.stop("dock")  # harmless
        assert at.journal.head() == head and at.told.empty()
        await at.stations.start("dock")
        await at.stations.start("dock")
        assert at.work == "running"
        assert (await at.answer()).uid.hex() == "04a1b2c3d4e5f7"
        with pytest.raises(NoSuch, match="attic"):
            await at.stations.stop("attic")


async def test_a_tag_that_is_served_is_served_to_its_end(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        place = at.stations._at["dock"]
        for n in range(8):
            async with asyncio.timeout(PATIENCE_S):
                await place.turn.comes()
                at.show(f"04a1b2c3d4e5{n:02x}")
                while place.turn._is_waiting.is_set():
                    await asyncio.sleep(0)
            await at.stations.stop("dock")  # while it is read
            assert (await at.answer()).uid.hex() == f"04a1b2c3d4e5{n:02x}"
            assert at.journal.head() == n + 1
            at.port.do({"do": "leave"})
            await at.stations.start("dock")


async def test_an_intent_is_voided_by_hand(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        body = {"act": "commissioned", "profile": "single", "chip": "ntag215", "link": "x"}
        body |= {"type": b"", "stub": b"", "seq": 0, "slot": 0, "product": "P/1", "gtin": "0"}
        body |= {"serial": "1", "digest": b""}
        row = await at.journal.append("intent", "dock", b"\x04", "P/1", body)
        await at.stations.void(row.seq, "voided by hand (lead)")
        assert at.journal.open_intents() == []
        last = at.journal.tail(1)[0]
        assert (last.kind, last.station, last.product) == ("void", "dock", "P/1")
        assert last.content()["intent"] == row.seq
        with pytest.raises(NoSuch):
            await at.stations.void(row.seq, "again")


def test_an_orders_progress_is_read_as_it_is_written(tmp_path: Path) -> None:
    orders, results = tmp_path / "jobs.csv", tmp_path / "jobs.result.csv"
    reader = ReaderConfig(name="dock", url="pn532:/dev/x", job="commission", orders=orders)
    found = OrderFile.of(reader)
    assert found is not None and found.progress() == Progress("jobs.csv", 0, 0)
    orders.write_text("gtin,serial,digest\n1,a,\n\n1,b,\n1,c,\n1,d,\n")
    results.write_text("row,gtin,serial,uid,outcome,column\n1,1,a,04,commissioned,\n2,1,b,,ref")
    assert found.progress() == Progress("jobs.csv", 4, 1)
    with results.open("a") as file:
        file.write("used,\n3,1,c,05,incomplete,\n")
    assert found.progress() == Progress("jobs.csv", 4, 1, refused=1, waiting=1)
    with results.open("a") as file:
        file.write('2,1,b,06,repaired,"a ""b"""\n')
    assert found.progress() == Progress("jobs.csv", 4, 2, refused=0, waiting=1)
    results.write_text("row,gtin,serial,uid,outcome,column\n")
    assert found.progress() == Progress("jobs.csv", 4, 0)
    assert OrderFile.of(reader.model_copy(update={"job": "verify"})) is None
