"""llrpkit, an LLRP client that we did not write, inventories, reads and writes the simulated reader."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from witness import require

from hwsim.air import AirClock
from hwsim.gen2chips import CHIPS
from hwsim.gen2tag import ACCESS_PASSWORD, RESERVED, USER, make
from hwsim.llrp_control import LlrpControl
from hwsim.llrp_faults import FAULTS
from hwsim.llrp_host import LlrpHost
from hwsim.llrp_models import MODELS, MODES
from hwsim.llrp_reader import LlrpReader
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField

try:
    import llrpkit
    from llrpkit.exceptions import LLRPConnectionError, LLRPError
    from llrpkit.reader import Reader
except ImportError:
    llrpkit = None

pytestmark = pytest.mark.witness

END_S = 20
TAGS = 12


class Floor:
    """A simulated reader on a port of this machine, and the tags before its antennas."""

    def __init__(self, model: str = "impinj", antennas: int = 4) -> None:
        self.field = RainField(AirClock(), RainFaults(1, FAULTS), antennas)
        self.reader = LlrpReader(self.field, MODELS[model], mode=MODES["fm0"])
        self.host = LlrpHost([self.reader], LlrpControl([self.reader]))
        self.tags = [make(CHIPS["monzax8k"], self.field.faults.random) for _ in range(TAGS)]
        for number, tag in enumerate(self.tags):
            self.field.arrive(tag, antenna=1 + number % 2, rssi_dbm=-40.0)

    def run(self, use: "Callable[[Reader], Awaitable[object]]") -> None:
        async def connected() -> None:
            async with asyncio.timeout(END_S), Reader("127.0.0.1", self.host.port) as reader:
                await use(reader)

        with self.host:
            asyncio.run(connected())


@pytest.fixture
def floor() -> Floor:
    require(llrpkit, "llrpkit")
    return Floor()


def test_it_learns_what_the_reader_can(floor: Floor) -> None:
    async def look(reader: Reader) -> None:
        assert (reader.model_number, reader.firmware) == (2001002, "5.14.0.240")
        assert reader.is_impinj and reader.impinj_extensions_enabled
        assert reader.max_antennas == 4
        powers = reader.capabilities.transmit_powers
        assert (min(powers.values()), max(powers.values()), len(powers)) == (10.0, 30.0, 81)
        assert [mode.mode_id for mode in reader.capabilities.modes][:5] == [0, 1, 2, 3, 4]
        assert reader.capabilities.hopping

    floor.run(look)


def test_it_sees_every_tag_at_its_antenna_with_its_tid(floor: Floor) -> None:
    async def look(reader: Reader) -> None:
        found: dict[bytes, tuple[int | None, bytes | None]] = {}
        async for tag in reader.inventory(include_tid=True, include_phase=True, duration=END_S):
            assert tag.rssi_dbm is not None and -60 < tag.rssi_dbm < -30
            assert tag.phase_deg is not None and 0 <= tag.phase_deg < 360
            assert tag.seen_count and tag.first_seen_us is not None
            found[tag.epc] = tag.antenna, tag.tid
            if len(found) == TAGS:
                break
        assert found == {
            tag.epc: (1 + number % 2, tag.tid[:12]) for number, tag in enumerate(floor.tags)
        }

    floor.run(look)


def test_its_filter_lets_through_whom_it_names(floor: Floor) -> None:
    chosen = floor.tags[3].epc

    async def look(reader: Reader) -> None:
        stream = reader.inventory(epc_filter=chosen, max_tags=5, duration=END_S)
        assert [tag.epc async for tag in stream] == [chosen] * 5
        others = reader.inventory(
            epc_filter=chosen, filter_action="exclude", max_tags=40, duration=END_S
        )
        seen = {tag.epc async for tag in others}
        assert seen == {tag.epc for tag in floor.tags} - {chosen}

    floor.run(look)


def test_what_it_writes_the_tag_has_and_it_reads_again(floor: Floor) -> None:
    tag, data = floor.tags[5], bytes(range(128))

    async def write(reader: Reader) -> None:
        written = await reader.write_memory(word_pointer=8, data=data, target_epc=tag.epc)
        assert written.ok and written.words_written == 64 and written.epc == tag.epc
        read = await reader.read_memory(word_pointer=8, word_count=64, target_epc=tag.epc)
        assert read.ok and read.data == data
        tid = await reader.read_memory(bank="tid", target_epc=tag.epc)
        assert tid.data == tag.tid

    floor.run(write)
    assert bytes(tag.banks[USER][16:144]) == data
    assert floor.field.clock.words_written == 64


def test_a_new_epc_is_seen_from_then_on(floor: Floor) -> None:
    tag, epc = floor.tags[0], bytes.fromhex("3066c4409047e140075bcd15")

    async def write(reader: Reader) -> None:
        assert (await reader.write_epc(epc, target_epc=tag.epc)).ok
        stream = reader.inventory(epc_filter=epc, max_tags=1, duration=END_S)
        assert [seen.epc async for seen in stream] == [epc]

    floor.run(write)
    assert tag.epc == epc


def test_past_the_end_of_a_bank_nothing_is_written(floor: Floor) -> None:
    tag = floor.tags[0]

    async def write(reader: Reader) -> None:
        result = await reader.write_memory(word_pointer=511, data=b"ABCD", target_epc=tag.epc)
        assert (result.status, result.words_written) == ("Tag_Memory_Overrun_Error", 1)

    floor.run(write)
    assert bytes(tag.banks[USER][-2:]) == b"AB"


def test_a_password_opens_what_is_locked_and_a_wrong_one_does_not(floor: Floor) -> None:
    tag = floor.tags[7]
    tag.banks[RESERVED][:] = bytes.fromhex("0badcafe 00c0ffee")
    tag.locks |= 0b10  # USER: with the password only

    async def write(reader: Reader) -> None:
        for password, status in (
            (0, "Tag_Memory_Locked_Error"),
            (1, "No_Response_From_Tag"),
            (0x00C0FFEE, "Success"),
        ):
            result = await reader.write_memory(
                data=b"mine", target_epc=tag.epc, access_password=password
            )
            assert (password, result.status) == (password, status)

    floor.run(write)
    assert tag.password(ACCESS_PASSWORD) == 0x00C0FFEE and bytes(tag.banks[USER][:4]) == b"mine"


def test_a_killed_tag_is_silent(floor: Floor) -> None:
    tag = floor.tags[1]
    tag.banks[RESERVED][:4] = bytes.fromhex("0badcafe")

    async def kill(reader: Reader) -> None:
        assert (await reader.kill_tag(kill_password=0x0BADCAFE, target_epc=tag.epc)).ok
        seen = {each.epc async for each in reader.inventory(max_tags=60, duration=END_S)}
        assert tag.epc not in seen and len(seen) == TAGS - 1

    floor.run(kill)
    assert tag.killed


def test_an_input_gates_the_inventory_and_outputs_are_set(floor: Floor) -> None:
    async def gate(reader: Reader) -> None:
        stream = reader.inventory(gpi_trigger=2, max_tags=1, duration=END_S)
        waiting = asyncio.ensure_future(anext(stream))
        while not any(each.state for each in floor.reader.operations.rospecs.values()):  # enabled
            await asyncio.sleep(0)
        assert floor.reader.tally.sightings == 0
        await asyncio.to_thread(floor.host.do, {"do": "gpi", "port": 2, "level": True})
        assert (await waiting).epc in {tag.epc for tag in floor.tags}
        await stream.aclose()
        await reader.set_gpo(3, True)
        assert (await reader.get_gpio()).gpos == {1: False, 2: False, 3: True, 4: False}

    floor.run(gate)


def test_a_second_client_is_refused_and_the_first_stays(floor: Floor) -> None:
    async def twice(reader: Reader) -> None:
        with pytest.raises(LLRPConnectionError, match="Client_Initiated"):
            await Reader("127.0.0.1", floor.host.port).connect()
        assert await reader.get_config()

    floor.run(twice)


def test_a_tag_that_leaves_amid_a_write_is_told(floor: Floor) -> None:
    tag = floor.tags[2]
    floor.field.faults.add("tag_leaves", {"after": 10})

    async def write(reader: Reader) -> None:
        result = await reader.write_memory(data=b"ab" * 32, target_epc=tag.epc)
        assert (result.status, result.words_written) == ("No_Response_From_Tag", 10)

    floor.run(write)
    assert bytes(tag.banks[USER][:22]) == b"ab" * 10 + bytes(2)


def test_a_reader_that_drops_the_connection_is_noticed_and_taken_again(floor: Floor) -> None:
    async def twice(reader: Reader) -> None:
        await asyncio.to_thread(floor.host.do, {"do": "drop"})
        with pytest.raises(LLRPError):
            await reader.get_config()
        async with Reader("127.0.0.1", floor.host.port) as again:
            assert await again.get_config()

    floor.run(twice)


@pytest.mark.parametrize("kind", ["length", "huge", "parameter"])
def test_a_lie_ends_the_connection(floor: Floor, kind: str) -> None:
    async def look(reader: Reader) -> None:
        floor.field.faults.add("lie", {"kind": kind})
        with pytest.raises(LLRPError):
            await reader.get_config()

    floor.run(look)


def test_keepalives_come_and_are_answered(floor: Floor) -> None:
    async def idle(reader: Reader) -> None:
        await reader.set_keepalive(20)
        before = floor.field.clock.commands
        while floor.field.clock.commands < before + 3:  # KEEPALIVE_ACKs
            await asyncio.sleep(0)

    floor.run(idle)


def test_a_generic_reader_serves_it_too() -> None:
    require(llrpkit, "llrpkit")
    floor = Floor("generic")

    async def look(reader: Reader) -> None:
        assert not reader.is_impinj
        seen = {tag.epc async for tag in reader.inventory(max_tags=60, duration=END_S)}
        assert seen == {tag.epc for tag in floor.tags}

    floor.run(look)
