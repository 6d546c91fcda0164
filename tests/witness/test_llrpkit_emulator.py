"""llrpkit's emulator, unmodified, before our reader: an LLRP reader that we did not write.

It speaks 1.0.1 alone and hangs up on what it does not know, has no ENABLE_EVENTS_AND_REPORTS, no Lock, no filter and
no TagSpec but on the EPC bank, and runs every AccessSpec on every tag that it reports.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from witness import require

from edge import gen2
from gateway.model import (
    CannotDo,
    GpiChange,
    Inventory,
    ReaderBusy,
    ReaderGone,
    Sighting,
    TagGone,
    TagTooSmall,
    WrongPassword,
    by_epc,
)
from gateway.readers.llrp import LlrpPort

try:
    from llrpkit.emulator import LLRPEmulator
    from llrpkit.protocol import messages
except ImportError:
    LLRPEmulator = None

pytestmark = pytest.mark.witness

READS_PER_S = 500.0


@asynccontextmanager
async def opened(**times_s: float) -> AsyncIterator[tuple[Any, LlrpPort]]:
    require(LLRPEmulator, "llrpkit")
    async with LLRPEmulator(reads_per_sec=READS_PER_S) as emulator:
        port = LlrpPort("127.0.0.1", emulator.port, clock=lambda: 1790000000.0, **times_s)
        await port.open()
        try:
            yield emulator, port
        finally:
            await port.close()


async def seen(
    port: LlrpPort, want: Inventory, enough: Callable[[list[Sighting]], bool]
) -> list[Sighting]:
    found: list[Sighting] = []
    async with aclosing(port.watch(want)) as reports:
        async for report in reports:
            found += [each for each in report if isinstance(each, Sighting)]
            if enough(found):
                break
    return found


def played(work: Callable[[Any, LlrpPort], Awaitable[None]], **times_s: float) -> None:
    async def play() -> None:
        async with asyncio.timeout(20):
            async with opened(**times_s) as (emulator, port):
                await work(emulator, port)

    asyncio.run(play())


def test_every_tag_is_found_with_its_tid_antenna_and_our_time() -> None:
    async def work(emulator: Any, port: LlrpPort) -> None:
        tags = {tag.epc: tag for tag in emulator.tags}
        found = await seen(port, Inventory(), lambda all: {each.epc for each in all} == set(tags))
        for each in found:
            assert each.tid == b"\xe2\x80\x11\x05" + each.epc[-8:]
            assert each.antenna in tags[each.epc].antennas
            assert abs(each.rssi_dbm - tags[each.epc].rssi_dbm) < 15
            assert each.seen_at == 1790000000.0

    played(work)


def test_the_limits_are_what_the_reader_told() -> None:
    async def work(_: Any, port: LlrpPort) -> None:
        assert port.limits.model == "Impinj 700, firmware llrpkit-emu 0.1"
        assert (port.limits.antennas, port.limits.power_dbm) == (4, (10.0, 30.0))
        assert (port.limits.gpis, port.limits.gpos) == (4, 4)
        assert not port.limits.block_write

    played(work)


def test_only_the_antennas_and_tags_that_are_asked_for_are_seen() -> None:
    async def work(emulator: Any, port: LlrpPort) -> None:
        found = await seen(port, Inventory(antennas=(2,)), lambda all: len(all) > 50)
        assert {each.antenna for each in found} == {2}
        epc = emulator.tags[3].epc
        found = await seen(port, Inventory(select=by_epc(epc)), lambda all: len(all) > 20)
        assert {each.epc for each in found} == {epc}

    played(work)


def test_user_words_come_with_the_round() -> None:
    async def work(emulator: Any, port: LlrpPort) -> None:
        select = by_epc(emulator.tags[0].epc)
        await port.write(select, gen2.USER, 0, b"passport")
        want = Inventory(user_words=4, select=select)
        found = await seen(port, want, lambda all: any(each.user for each in all))
        assert found[-1].user == b"passport"

    played(work)


def test_a_whole_user_bank_is_written_and_read() -> None:
    async def work(emulator: Any, port: LlrpPort) -> None:
        select = by_epc(emulator.tags[5].epc)
        data = bytes(range(64))
        await port.write(select, gen2.USER, 0, data)
        assert await port.read(select, gen2.USER, 0, 32) == data
        assert await port.read(select, gen2.USER, 31, 1) == data[62:]

    played(work)


def test_an_epc_is_rewritten() -> None:
    async def work(emulator: Any, port: LlrpPort) -> None:
        epc = bytes.fromhex("3066c4409047e140075bcd15")
        await port.write(by_epc(emulator.tags[1].epc), gen2.EPC, 2, epc)
        assert await port.read(by_epc(epc), gen2.EPC, 2, 6) == epc

    played(work)


def test_what_a_tag_lacks_and_a_tag_that_is_not_there_are_told_apart() -> None:
    async def work(emulator: Any, port: LlrpPort) -> None:
        select = by_epc(emulator.tags[0].epc)
        with pytest.raises(TagTooSmall) as raised:
            await port.write(select, gen2.USER, 30, bytes(8))
        assert raised.value.page == gen2.place(gen2.USER, 30)
        with pytest.raises(TagTooSmall):
            await port.read(select, gen2.USER, 30, 8)
        with pytest.raises(TagGone):
            await port.read(by_epc(bytes(12)), gen2.USER, 0, 1)

    played(work)


def test_passwords_are_asked_and_told_apart() -> None:
    async def work(emulator: Any, port: LlrpPort) -> None:
        epc = emulator.tags[0].epc
        emulator.set_tag_passwords(epc, access=0x11223344, kill=0x55667788)
        select = by_epc(epc)
        await port.write(select, gen2.USER, 0, b"ab", password=0x11223344)
        with pytest.raises(WrongPassword):
            await port.write(select, gen2.USER, 0, b"cd", password=0x11223345)
        with pytest.raises(WrongPassword):
            await port.kill(select, 0x11223344)
        with pytest.raises(WrongPassword, match="zero"):
            await port.kill(select, 0)
        await port.kill(select, 0x55667788)
        assert epc not in {tag.epc for tag in emulator.tags}

    played(work)


def test_what_this_reader_cannot_do_is_said() -> None:
    async def work(emulator: Any, port: LlrpPort) -> None:
        select = by_epc(emulator.tags[0].epc)
        with pytest.raises(CannotDo, match="Nonspecific_Reader_Error"):
            await port.lock(select, *gen2.lock_payload({"user": "permalock"}))
        with pytest.raises(CannotDo, match="no BlockPermalock"):
            await port.permalock(select, 0, 4, 4)
        with pytest.raises(CannotDo, match="no antenna 5"):
            await port.inventory(Inventory(antennas=(5,)), 0.1)

    played(work, access_s=0.1)


def test_inputs_gate_the_looking_and_outputs_switch() -> None:
    async def work(emulator: Any, port: LlrpPort) -> None:
        found: list[Sighting | GpiChange] = []
        async with aclosing(port.watch(Inventory(gpi=2))) as reports:
            first = asyncio.ensure_future(anext(reports))
            while not emulator._rospecs:
                await asyncio.sleep(0)
            await emulator.set_gpi(2, True)
            found += await first
            while not any(isinstance(each, Sighting) for each in found):
                found += await anext(reports)
            await emulator.set_gpi(2, False)
            while not isinstance(found[-1], GpiChange) or found[-1].level:
                found += await anext(reports)
        changes = [each for each in found if isinstance(each, GpiChange)]
        assert changes == [GpiChange(2, True, 1790000000.0), GpiChange(2, False, 1790000000.0)]
        await port.set_gpo(3, True)
        assert emulator._gpo_states[3]

    played(work)


def test_a_second_client_is_told_that_the_reader_is_held() -> None:
    async def work(emulator: Any, _: LlrpPort) -> None:
        with pytest.raises(ReaderBusy, match="another client holds this reader"):
            await LlrpPort("127.0.0.1", emulator.port).open()

    played(work)


def test_a_request_that_is_not_answered_ends_in_time() -> None:
    async def work(emulator: Any, port: LlrpPort) -> None:
        emulator.drop_next(messages.ADD_ROSPEC)
        with pytest.raises(ReaderGone, match="no answer to ADD_ROSPEC within 0.2 s"):
            await port.inventory(Inventory(), 0.1)

    played(work, answer_s=0.2)


def test_the_same_port_opens_again() -> None:
    async def work(emulator: Any, port: LlrpPort) -> None:
        await port.close()
        await port.close()
        with pytest.raises(ReaderGone, match="not open"):
            await port.inventory(Inventory(), 0.1)
        await port.open()
        assert await seen(port, Inventory(), bool)

    played(work)


def test_keepalives_are_acknowledged_and_a_silent_reader_is_gone() -> None:
    async def work(emulator: Any, port: LlrpPort) -> None:
        async with aclosing(port.watch(Inventory(antennas=(1,)))) as reports:
            await anext(reports)
            for each in range(1, 5):
                await emulator.set_antenna_connected(each, False)
            while emulator.keepalive_acks < 3:
                await asyncio.sleep(0)
            emulator._stop_keepalive()
            with pytest.raises(ReaderGone, match="silent for"):
                while True:
                    await anext(reports)

    played(work, keepalive_s=0.1)
