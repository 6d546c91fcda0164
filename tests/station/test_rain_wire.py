"""A whole RAIN station on its real wire: our driver, the simulated device, and tags that leave in between."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
from hwsim.air import AirClock
from hwsim.gen2chips import by_name
from hwsim.gen2tag import RainTag, make
from hwsim.m100 import FAULTS, M100
from hwsim.port import SerialPort
from hwsim.raincontrol import RainControl
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField

pytestmark = pytest.mark.anyio

NEAR_DBM = -30.0


class Wire:
    """A post at a reader, and what stands before the reader."""

    def __init__(self, post: Post, port: SerialPort) -> None:
        self.post = post
        self.port = port

    def arrive(self, tag: RainTag) -> None:
        self.port.do({"do": "arrive", "tag": tag.chip.key, "tid": tag.tid.hex()})

    def leave(self) -> None:
        self.port.do({"do": "leave"})

    async def serve(self, job: Job) -> Result:
        """At a station of its own, so that no tag is known to it."""
        result = await Station(self.post, 0).serve(job, 10)
        assert result is not None
        return result


@asynccontextmanager
async def m100(folder: Path) -> AsyncIterator[Wire]:
    clock, faults = AirClock(), RainFaults(1, FAULTS)
    field = RainField(clock, faults, antennas=1, fading_db=0.0)
    device = M100(field, clock)
    key, time = DeviceKey.generate(), Time()
    trusted = TrustList(1, NOW - 86400, NOW + 86400, (Entry(key.kid, key.public),))
    with SerialPort(device, RainControl(field, device, NEAR_DBM)) as port:
        reader = open_reader(f"m100:{port.path}?power_dbm=26")
        async with Journal(folder / "journal.db") as journal, reader:
            yield Wire(Post("dock", reader, journal, trusted, time.now, time.ticks, key), port)


@pytest.mark.parametrize("chip", ["monzax8k", "higgs9", "m730"])
async def test_a_tag_is_commissioned_and_read_back_over_a_serial_module(
    tmp_path: Path, chip: str
) -> None:
    tag = make(by_name(chip), Random(1))
    async with m100(tmp_path) as wire:
        wire.arrive(tag)
        result = await wire.serve(commissioning(order()))
        assert (result.outcome, result.signal.colour) == ("commissioned", "green")
        assert result.uid == tid.identity(tag.tid)


async def test_a_tag_torn_before_a_serial_module_is_finished_when_it_is_back(
    tmp_path: Path,
) -> None:
    tag = make(by_name("monzax2k"), Random(1))
    async with m100(tmp_path) as wire:
        wire.arrive(tag)
        wire.port.do({"do": "fault", "name": "tear", "args": {"at": 40}})
        torn = await wire.serve(commissioning(order()))
        assert (torn.outcome, torn.uid) == ("torn", tid.identity(tag.tid))
        wire.arrive(tag)
        result = await wire.serve(verify_one)
        assert (result.outcome, result.signal.colour) == ("repaired", "green")
