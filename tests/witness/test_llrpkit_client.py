"""llrpkit (PyPI, MIT), unmodified, before our simulated reader: it inventories, reads, writes and kills."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from witness import require

from hwsim.air import AirClock
from hwsim.gen2chips import by_name
from hwsim.gen2tag import RESERVED, USER, RainTag, make
from hwsim.llrp_control import LlrpControl
from hwsim.llrp_faults import FAULTS
from hwsim.llrp_host import LlrpHost
from hwsim.llrp_reader import LlrpReader
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField

try:
    from llrpkit.exceptions import LLRPConnectionError
    from llrpkit.reader import Reader
except ImportError:
    Reader = None

pytestmark = pytest.mark.witness

CHIPS = ("monzax8k", "m730", "ucode8", "higgs9")


class Bench:
    """One reader with tags before it."""

    def __init__(self) -> None:
        field = RainField(AirClock(), RainFaults(0, FAULTS))
        self.tags = [make(by_name(chip), field.faults.random) for chip in CHIPS]
        for tag in self.tags:
            field.arrive(tag, rssi_dbm=-45.0)
        self.reader = LlrpReader(field, rate=500.0)
        self.host = LlrpHost([self.reader], LlrpControl([self.reader]))

    @property
    def tag(self) -> RainTag:
        return self.tags[0]


def with_llrpkit(work: Callable[[Any, Bench], Awaitable[None]]) -> Bench:
    """Run `work` with a connected llrpkit Reader."""
    require(Reader, "llrpkit")

    async def run(bench: Bench) -> None:
        async with Reader("127.0.0.1", bench.host.port) as reader:
            await work(reader, bench)

    bench = Bench()
    with bench.host:
        asyncio.run(run(bench))
    return bench


def test_it_finds_an_r420_and_enables_its_extensions() -> None:
    async def work(reader: Any, bench: Bench) -> None:
        assert (reader.model_number, reader.firmware) == (2001002, "5.14.0.240")
        assert reader.impinj_extensions_enabled
        powers = reader.capabilities.transmit_powers
        assert (len(powers), powers[1], powers[81]) == (81, 10.0, 30.0)
        assert len(reader.capabilities.modes) == 10

    with_llrpkit(work)


def test_it_inventories_every_tag_with_its_tid() -> None:
    async def work(reader: Any, bench: Bench) -> None:
        seen = {}
        async for tag in reader.inventory(duration=5.0, include_tid=True):
            seen[tag.epc] = tag
            if len(seen) == len(CHIPS):
                break
        assert set(seen) == {tag.epc for tag in bench.tags}
        for tag in bench.tags:
            assert seen[tag.epc].tid == tag.tid[:12]
            assert seen[tag.epc].antenna == 1
            assert seen[tag.epc].rssi_dbm == pytest.approx(-45.0, abs=12.0)

    with_llrpkit(work)


def test_it_writes_reads_and_renames_a_tag() -> None:
    async def work(reader: Any, bench: Bench) -> None:
        epc = bench.tag.epc
        data = bytes(range(64))
        wrote = await reader.write_memory(bank="user", word_pointer=7, data=data, target_epc=epc)
        assert (wrote.status, wrote.words_written) == ("Success", 32)
        read = await reader.read_memory(bank="user", word_pointer=7, word_count=32, target_epc=epc)
        assert read.data == data
        tid = await reader.read_memory(bank="tid", target_epc=epc)
        assert tid.data == bench.tag.tid
        renamed = await reader.write_epc("30" * 12, target_epc=epc)
        assert renamed.ok
        assert bench.tag.epc == b"\x30" * 12

    bench = with_llrpkit(work)
    assert bench.tag.banks[USER][14:78] == bytes(range(64))


def test_it_is_told_why_something_failed() -> None:
    async def work(reader: Any, bench: Bench) -> None:
        bench.tag.banks[RESERVED][:8] = bytes.fromhex("1111111122222222")
        epc = bench.tag.epc
        beyond = await reader.write_memory(word_pointer=511, data=bytes(4), target_epc=epc)
        assert beyond.status == "Tag_Memory_Overrun_Error"
        locked = await reader.write_memory(bank="tid", data=bytes(2), target_epc=epc)
        assert locked.status == "Tag_Memory_Locked_Error"
        wrong = await reader.write_memory(data=bytes(2), target_epc=epc, access_password=1)
        assert wrong.status == "No_Response_From_Tag"
        killed = await reader.kill_tag(kill_password=0x11111111, target_epc=epc)
        assert killed.ok

    assert with_llrpkit(work).tag.killed


def test_it_sees_inputs_and_sets_outputs() -> None:
    async def work(reader: Any, bench: Bench) -> None:
        await reader.set_gpi_enabled(2, True)
        await reader.set_gpo(3, True)
        bench.host.do({"do": "gpi", "port": 2, "level": True})
        found = await reader.get_gpio()
        assert found.gpis == {1: "disabled", 2: "high", 3: "disabled", 4: "disabled"}
        assert found.gpos == {1: False, 2: False, 3: True, 4: False}

    with_llrpkit(work)


def test_a_second_client_is_refused() -> None:
    async def work(reader: Any, bench: Bench) -> None:
        with pytest.raises(LLRPConnectionError, match="refused"):
            await Reader("127.0.0.1", bench.host.port).connect()
        await reader.get_config()

    with_llrpkit(work)
