"""A whole RAIN station on its real wire: our driver, the simulated device, and tags that leave in between."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

import pytest
from production_line import NOW, Time, commissioning, order

from edge import tid
from edge.trust import Entry, TrustList
from gateway.journal import Journal
from gateway.keys import DeviceKey
from gateway.readers.registry import open_reader
from gateway.stations.post import Post
from gateway.stations.result import Result
from gateway.stations.station import Job, Station
from gateway.stations.verify import verify_one
from hwsim import llrp_faults
from hwsim import m100 as m100_sim
from hwsim.air import AirClock
from hwsim.gen2chips import by_name
from hwsim.gen2tag import RainTag, make
from hwsim.llrp_control import LlrpControl
from hwsim.llrp_host import LlrpHost
from hwsim.llrp_reader import LlrpReader
from hwsim.port import SerialPort
from hwsim.raincontrol import RainControl
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField

pytestmark = pytest.mark.anyio

NEAR_DBM = -30.0

Do = Callable[[dict[str, object]], dict[str, object]]
Device = Callable[[], AbstractContextManager[tuple[str, Do]]]


class Wire:
    """A post at a reader; do: what happens to the tags before it."""

    def __init__(self, post: Post, do: Do) -> None:
        self.post = post
        self.do = do

    def arrive(self, tag: RainTag) -> None:
        self.do({"do": "arrive", "tag": tag.chip.key, "tid": tag.tid.hex(), "rssi_dbm": NEAR_DBM})

    async def serve(self, job: Job) -> Result:
        """At a station of its own, so that no tag is known to it."""
        result = await Station(self.post, 0).serve(job, 10)
        assert result is not None
        return result


@contextmanager
def m100() -> Iterator[tuple[str, Do]]:
    """A serial module: its URL, and its control."""
    clock, faults = AirClock(), RainFaults(1, m100_sim.FAULTS)
    field = RainField(clock, faults, antennas=1, fading_db=0.0)
    device = m100_sim.M100(field, clock)
    with SerialPort(device, RainControl(field, device)) as port:
        yield f"m100:{port.path}?power_dbm=26", port.do


@contextmanager
def llrp() -> Iterator[tuple[str, Do]]:
    """A fixed reader, ditto."""
    field = RainField(AirClock(), RainFaults(1, llrp_faults.FAULTS), fading_db=0.0)
    reader = LlrpReader(field)
    with LlrpHost([reader], LlrpControl([reader])) as host:
        yield f"llrp://127.0.0.1:{host.port}?antenna=1,2", host.do


WIRES = pytest.mark.parametrize("device", [m100, llrp])


@asynccontextmanager
async def wired(folder: Path, device: Device) -> AsyncIterator[Wire]:
    key, time = DeviceKey.generate(), Time()
    trusted = TrustList(1, NOW - 86400, NOW + 86400, (Entry(key.kid, key.public),))
    with device() as (url, do):
        reader = open_reader(url)
        async with Journal(folder / "journal.db") as journal, reader:
            yield Wire(Post("dock", reader, journal, trusted, time.now, time.ticks, key), do)


@WIRES
@pytest.mark.parametrize("chip", ["monzax8k", "higgs9", "m730", "fram4k"])
async def test_a_tag_is_commissioned_and_read_back(
    tmp_path: Path, device: Device, chip: str
) -> None:
    tag = make(by_name(chip), Random(1))
    async with wired(tmp_path, device) as wire:
        wire.arrive(tag)
        result = await wire.serve(commissioning(order()))
        assert (result.outcome, result.signal.colour) == ("commissioned", "green")
        assert result.uid == tid.identity(tag.tid)


@WIRES
async def test_a_torn_tag_is_finished_when_it_is_back(tmp_path: Path, device: Device) -> None:
    tag = make(by_name("monzax2k"), Random(1))
    async with wired(tmp_path, device) as wire:
        wire.arrive(tag)
        wire.do({"do": "fault", "name": "tear", "args": {"at": 40}})
        torn = await wire.serve(commissioning(order()))
        assert (torn.outcome, torn.uid) == ("torn", tid.identity(tag.tid))
        wire.arrive(tag)
        result = await wire.serve(verify_one)
        assert (result.outcome, result.signal.colour) == ("repaired", "green")
