"""llrpkit (PyPI, MIT), unmodified, before our simulated reader: it inventories, reads, writes and kills.

And what goes wrong on the way, it notices: a tag that leaves, a reader that lies or drops it.
"""

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
from hwsim.llrp_models import MODELS
from hwsim.llrp_reader import LlrpReader
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField

try:
    from llrpkit.exceptions import LLRPConnectionError, LLRPError
    from llrpkit.reader import Reader
except ImportError:
    Reader = None

pytestmark = pytest.mark.witness

END_S = 20.0
CHIPS = ("monzax8k", "m730", "ucode8", "higgs9")


class Bench:
    """One reader with tags before it, by turns before its antennas 1 and 2."""

    def __init__(self, model: str = "impinj") -> None:
        self.faults = RainFaults(0, FAULTS)
        self.field = RainField(AirClock(), self.faults)
        self.tags = [make(by_name(chip), self.faults.random) for chip in CHIPS]
        for number, tag in enumerate(self.tags):
            self.field.arrive(tag, antenna=1 + number % 2, rssi_dbm=-45.0)
        self.reader = LlrpReader(self.field, MODELS[model], rate=500.0)
        self.host = LlrpHost([self.reader], LlrpControl([self.reader]))

    @property
    def tag(self) -> RainTag:
        return self.tags[0]


def with_llrpkit(work: Callable[[Any, Bench], Awaitable[None]], model: str = "impinj") -> Bench:
    """Run `work` with a connected llrpkit Reader."""
    require(Reader, "llrpkit")

    async def run(bench: Bench) -> None:
        async with asyncio.timeout(END_S), Reader("127.0.0.1", bench.host.port) as reader:
            await work(reader, bench)

    bench = Bench(model)
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


def test_it_inventories_every_tag_at_its_antenna_with_its_tid() -> None:
    async def work(reader: Any, bench: Bench) -> None:
        seen = {}
        async for tag in reader.inventory(duration=END_S, include_tid=True, include_phase=True):
            seen[tag.epc] = tag
            if len(seen) == len(CHIPS):
                break
        assert set(seen) == {tag.epc for tag in bench.tags}
        for number, tag in enumerate(bench.tags):
            found = seen[tag.epc]
            assert found.tid == tag.tid[:12]
            assert found.antenna == 1 + number % 2
            assert found.rssi_dbm == pytest.approx(-45.0, abs=12.0)
            assert 0 <= found.phase_deg < 360
            assert found.seen_count and found.first_seen_us

    with_llrpkit(work)


def test_its_filter_lets_through_whom_it_names_and_its_contrary_the_others() -> None:
    async def work(reader: Any, bench: Bench) -> None:
        chosen = bench.tags[1].epc
        stream = reader.inventory(epc_filter=chosen, max_tags=5, duration=END_S)
        assert [tag.epc async for tag in stream] == [chosen] * 5
        others = reader.inventory(
            epc_filter=chosen, filter_action="exclude", max_tags=30, duration=END_S
        )
        assert {tag.epc async for tag in others} == {tag.epc for tag in bench.tags} - {chosen}

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
        stream = reader.inventory(epc_filter="30" * 12, max_tags=1, duration=END_S)
        assert [seen.epc async for seen in stream] == [b"\x30" * 12]

    bench = with_llrpkit(work)
    assert bench.tag.banks[USER][14:78] == bytes(range(64))


def test_past_the_end_of_a_bank_it_is_told_how_far_it_came() -> None:
    async def work(reader: Any, bench: Bench) -> None:
        beyond = await reader.write_memory(word_pointer=511, data=b"ABCD", target_epc=bench.tag.epc)
        assert (beyond.status, beyond.words_written) == ("Tag_Memory_Overrun_Error", 1)

    assert with_llrpkit(work).tag.banks[USER][-2:] == b"AB"


def test_a_password_opens_what_is_locked_and_a_wrong_one_does_not() -> None:
    async def work(reader: Any, bench: Bench) -> None:
        bench.tag.banks[RESERVED][4:8] = bytes.fromhex("00c0ffee")
        bench.tag.locks |= 0b10  # USER: with the password only
        said = {}
        for password in (0, 1, 0x00C0FFEE):
            result = await reader.write_memory(
                data=b"mine", target_epc=bench.tag.epc, access_password=password
            )
            said[password] = result.status
        assert said == {
            0: "Tag_Memory_Locked_Error",
            1: "No_Response_From_Tag",
            0x00C0FFEE: "Success",
        }
        tid = await reader.write_memory(bank="tid", data=bytes(2), target_epc=bench.tag.epc)
        assert tid.status == "Tag_Memory_Locked_Error"

    assert with_llrpkit(work).tag.banks[USER][:4] == b"mine"


def test_a_killed_tag_is_silent() -> None:
    async def work(reader: Any, bench: Bench) -> None:
        epc = bench.tag.epc
        bench.tag.banks[RESERVED][:4] = bytes.fromhex("0badcafe")
        wrong = await reader.kill_tag(kill_password=1, target_epc=epc)
        assert wrong.status == "No_Response_From_Tag"
        assert (await reader.kill_tag(kill_password=0x0BADCAFE, target_epc=epc)).ok
        seen = {each.epc async for each in reader.inventory(max_tags=30, duration=END_S)}
        assert seen == {tag.epc for tag in bench.tags[1:]}

    assert with_llrpkit(work).tag.killed


def test_a_tag_that_leaves_amid_a_write_is_told() -> None:
    async def work(reader: Any, bench: Bench) -> None:
        bench.faults.add("tag_leaves", {"after": 10})
        result = await reader.write_memory(data=b"ab" * 32, target_epc=bench.tag.epc)
        assert (result.status, result.words_written) == ("No_Response_From_Tag", 10)

    assert with_llrpkit(work).tag.banks[USER][:22] == b"ab" * 10 + bytes(2)


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


def test_an_input_gates_the_inventory() -> None:
    async def work(reader: Any, bench: Bench) -> None:
        stream = reader.inventory(gpi_trigger=2, max_tags=1, duration=END_S)
        waiting = asyncio.ensure_future(anext(stream))
        rospecs = bench.reader.operations.rospecs
        while not any(each.state for each in rospecs.values()):  # until it is enabled
            await asyncio.sleep(0)
        assert bench.reader.tally.sightings == 0
        bench.host.do({"do": "gpi", "port": 2, "level": True})
        assert (await waiting).epc in {tag.epc for tag in bench.tags}
        await stream.aclose()

    with_llrpkit(work)


def test_a_reader_that_drops_the_connection_is_noticed_and_taken_again() -> None:
    async def work(reader: Any, bench: Bench) -> None:
        bench.host.do({"do": "drop"})
        with pytest.raises(LLRPError):
            await reader.get_config()
        async with Reader("127.0.0.1", bench.host.port) as again:
            assert await again.get_config()
            stream = again.inventory(max_tags=30, duration=END_S)
            assert {tag.epc async for tag in stream} == {tag.epc for tag in bench.tags}

    with_llrpkit(work)


@pytest.mark.parametrize("kind", ["length", "huge", "parameter"])
def test_a_lie_ends_the_connection(kind: str) -> None:
    async def work(reader: Any, bench: Bench) -> None:
        bench.host.do({"do": "fault", "name": "lie", "args": {"kind": kind}})
        with pytest.raises(LLRPError):
            await reader.get_config()

    with_llrpkit(work)


def test_keepalives_come_and_are_answered() -> None:
    async def work(reader: Any, bench: Bench) -> None:
        await reader.set_keepalive(20)
        before = bench.field.clock.commands
        while bench.field.clock.commands < before + 3:  # KEEPALIVE_ACKs
            await asyncio.sleep(0)

    with_llrpkit(work)


def test_a_generic_reader_serves_it_too() -> None:
    async def work(reader: Any, bench: Bench) -> None:
        assert not reader.is_impinj
        assert not reader.impinj_extensions_enabled
        stream = reader.inventory(max_tags=30, duration=END_S)
        assert {tag.epc async for tag in stream} == {tag.epc for tag in bench.tags}
        wrote = await reader.write_memory(data=b"abcd", target_epc=bench.tag.epc)
        assert wrote.ok

    assert with_llrpkit(work, "generic").tag.banks[USER][:4] == b"abcd"
