"""Our M100 driver on the simulator's pty, with everything that goes wrong on a line, in a module and in the air."""

import asyncio
import logging
import os
import pty
import tty
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from random import Random

import pytest
from production_line import anyio_backend
from serial import Serial

from edge import gen2
from gateway.model import (
    CannotDo,
    Inventory,
    LowPower,
    ReaderBusy,
    ReaderGone,
    Select,
    Sighting,
    TagGone,
    TagLocked,
    TagRefused,
    TagTooSmall,
    WrongPassword,
    by_epc,
    by_tid,
)
from gateway.readers.m100 import M100Port
from gateway.readers.port import SeveralTags
from gateway.readers.registry import UsageProblem, open_reader
from hwsim.air import AirClock
from hwsim.gen2chips import CHIPS
from hwsim.gen2tag import make
from hwsim.m100 import FAULTS, M100
from hwsim.port import SerialPort
from hwsim.raincontrol import RainControl
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField

__all__ = ["anyio_backend"]

pytestmark = pytest.mark.anyio

NEAR_DBM = -30.0
TOO_FAR_DBM = -63.0  # to be written, not to be read
EPC = bytes.fromhex("30751feb705c5904e3d50d70")
OTHER = bytes.fromhex("3034257bf7194e4000001a85")
WANT = Inventory()
SECRET = 0x5EC2E700


class Bench:
    """The simulator, by the deeds that a test does."""

    def __init__(self, device: M100, port: SerialPort) -> None:
        self.device = device
        self.port = port
        self._random = Random(1)

    @property
    def path(self) -> str:
        return self.port.path

    def arrive(self, epc: bytes = EPC, tag: str = "monzax8k", rssi_dbm: float = NEAR_DBM) -> Select:
        """A new tag; returns it by its TID."""
        tid = make(CHIPS[tag], self._random).tid
        self.port.do(
            {"do": "arrive", "tag": tag, "epc": epc.hex(), "tid": tid.hex(), "rssi_dbm": rssi_dbm}
        )
        return by_tid(tid[:12])

    def again(self, tag: Select) -> None:
        tid = next(each for each in self.device.field.known if each.startswith(tag.mask))
        self.port.do({"do": "arrive", "tid": tid.hex(), "rssi_dbm": NEAR_DBM})

    def leave(self) -> None:
        self.port.do({"do": "leave"})

    def memory(self, tag: Select, bank: int) -> bytes:
        known = self.device.field.known
        return bytes(next(known[tid] for tid in known if tid.startswith(tag.mask)).banks[bank])

    def load(self, tag: Select, **banks: str) -> None:
        known = self.device.field.known
        next(known[tid] for tid in known if tid.startswith(tag.mask)).load(dict(banks))

    def fault(self, name: str, **args: object) -> None:
        self.port.do({"do": "fault", "name": name, "args": args})

    def no_faults(self) -> None:
        self.port.do({"do": "clear_faults"})

    def commands(self) -> float:
        """How many the module has had since the last time."""
        stats = self.port.do({"do": "reset_stats"})["stats"]
        assert isinstance(stats, dict)
        return float(stats["commands"])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    faults = RainFaults(1, FAULTS)
    clock = AirClock()
    field = RainField(clock, faults, antennas=1)
    device = M100(field, clock)
    with SerialPort(device, RainControl(field, device, NEAR_DBM), link=tmp_path / "module") as port:
        yield Bench(device, port)


class Echoing(M100):
    """A line that repeats what the module said when the next command is already on its way."""

    echoes = False
    _said: list[bytes] = []

    def answers(self, data: bytes) -> list[tuple[float, bytes]]:
        late, found = self._said, super().answers(data)
        self._said = [said for _, said in found] if self.echoes else []
        return [(self.clock.now_us, said) for said in late] + found


@pytest.fixture
def echoing(tmp_path: Path) -> Iterator[Bench]:
    clock = AirClock()
    field = RainField(clock, RainFaults(1, FAULTS), antennas=1)
    device = Echoing(field, clock)
    with SerialPort(device, RainControl(field, device, NEAR_DBM), link=tmp_path / "module") as port:
        yield Bench(device, port)


@pytest.fixture
async def port_of_echoing(echoing: Bench):
    port = M100Port(echoing.path)
    await port.open()
    assert isinstance(echoing.device, Echoing)
    echoing.device.echoes = True
    yield port
    await port.close()


@pytest.fixture
async def port(bench: Bench):
    port = M100Port(bench.path)
    await port.open()
    yield port
    await port.close()


async def first(port: M100Port, want: Inventory = WANT) -> list[Sighting]:
    """What the first round reports that sees a tag."""
    async with asyncio.timeout(5), aclosing(port.watch(want)) as reports:
        async for report in reports:
            return [each for each in report if isinstance(each, Sighting)]
    raise AssertionError("a watch does not end")


def pattern(size: int) -> bytes:
    return bytes(7 * n & 0xFF for n in range(size))


async def test_the_open_module_tells_what_it_can_do(port: M100Port) -> None:
    limits = port.limits
    assert limits.model == "M100 V1.00"
    assert (limits.antennas, limits.block_write, limits.gpos) == (1, False, 4)
    assert (limits.read_words, limits.write_words) == (32, 32)


async def test_a_tag_is_seen_with_epc_pc_rssi_and_tid(bench: Bench, port: M100Port) -> None:
    tag = bench.arrive()
    (seen,) = await first(port)
    assert (seen.epc, seen.tid, seen.pc, seen.antenna) == (EPC, tag.mask, 6 << 11, 1)
    assert -60 < seen.rssi_dbm < -20
    assert seen.count == 1


async def test_a_tid_is_read_once_while_its_tag_stays(bench: Bench, port: M100Port) -> None:
    tag = bench.arrive()
    async with aclosing(port.watch(WANT)) as reports:
        await anext(reports)
        bench.commands()
        for _ in range(3):
            (seen,) = await anext(reports)
            assert seen.tid == tag.mask
        assert bench.commands() < 3 * (3 + 4)  # a round takes 3, a TID 4


async def test_a_tag_of_the_same_epc_that_comes_later_is_another(
    bench: Bench, port: M100Port
) -> None:
    bench.arrive()
    await first(port)
    bench.leave()
    second = bench.arrive()
    (seen,) = await first(port)
    assert seen.tid == second.mask


async def test_user_words_come_with_the_round_where_the_bank_has_them(
    bench: Bench, port: M100Port
) -> None:
    big, small = bench.arrive(), bench.arrive(OTHER, "m730")
    await port.write(big, gen2.USER, 0, pattern(100))
    for _ in range(2):
        for seen in await first(port, Inventory(user_words=50)):
            assert (seen.tid, seen.user) in ((big.mask, pattern(100)), (small.mask, b""))


async def test_an_inventory_reports_for_so_long_and_many_tags(bench: Bench, port: M100Port) -> None:
    tags = {bench.arrive(EPC[:-1] + bytes((n,))).mask for n in range(20)}
    seen = await port.inventory(Inventory(population=20), 0.5)
    assert {each.tid for each in seen} == tags
    assert len(seen) > 20


async def test_a_select_shows_its_tags_alone(bench: Bench, port: M100Port) -> None:
    tag = bench.arrive()
    bench.arrive(OTHER)
    for session in range(4):
        for select in (tag, by_epc(EPC[:4])):
            seen = await port.inventory(Inventory(select=select, session=session), 0.1)
            assert {each.epc for each in seen} == {EPC}
    assert {each.epc for each in await port.inventory(WANT, 0.1)} == {EPC, OTHER}


async def test_tags_of_one_epc_are_seen_without_a_tid_and_not_accessed_by_it(
    bench: Bench, port: M100Port, caplog: pytest.LogCaptureFixture
) -> None:
    tags = [bench.arrive(), bench.arrive()]
    seen = await first(port)
    assert [(each.epc, each.tid) for each in seen] == [(EPC, b""), (EPC, b"")]
    assert "several tags have the EPC 30751f" in caplog.text
    with pytest.raises(SeveralTags, match="leave one"):
        await port.read(by_epc(EPC), gen2.TID, 0, 6)
    with pytest.raises(SeveralTags):
        await port.write(by_epc(EPC), gen2.USER, 0, b"ab")
    for n, tag in enumerate(tags):
        await port.write(tag, gen2.USER, 0, bytes((n, n)))
    assert [bench.memory(tag, gen2.USER)[:2] for tag in tags] == [b"\0\0", b"\1\1"]


async def test_a_twin_that_joins_takes_the_tid_away_and_gives_it_back(
    bench: Bench, port: M100Port
) -> None:
    tag = bench.arrive()
    async with aclosing(port.watch(WANT)) as reports:
        assert [each.tid for each in await anext(reports)] == [tag.mask]
        bench.arrive()
        assert [each.tid for each in await anext(reports)] == [b"", b""]
        bench.leave()
        bench.again(tag)
        assert [each.tid for each in await anext(reports)] == [tag.mask]


@pytest.mark.parametrize("size", [2, 64, 66, 300, 1024])
async def test_a_run_of_words_is_written_and_read_in_chunks(
    bench: Bench, port: M100Port, size: int
) -> None:
    tag = bench.arrive()
    bench.arrive(OTHER)
    bench.commands()
    await port.write(tag, gen2.USER, 0, pattern(size))
    assert bench.commands() < 10 + 2 * ((size + 63) // 64)
    assert bench.memory(tag, gen2.USER)[:size] == pattern(size)
    assert await port.read(tag, gen2.USER, 0, size // 2) == pattern(size)
    assert await port.read(tag, gen2.USER, size // 2 - 1, 1) == pattern(size)[-2:]


async def test_an_epc_is_rewritten_while_its_tag_is_held_by_its_tid(
    bench: Bench, port: M100Port
) -> None:
    tag = bench.arrive()
    await first(port)
    await port.write(tag, gen2.EPC, 2, OTHER[:8])
    await port.write(tag, gen2.EPC, 1, gen2.pc_word(4).to_bytes(2, "big"))
    (seen,) = await first(port)
    assert (seen.epc, seen.tid) == (OTHER[:8], tag.mask)


@pytest.mark.parametrize("after", [0, 1, 31, 32, 33, 100])
async def test_a_tag_that_leaves_amid_a_write_and_returns_is_written_to_the_end(
    bench: Bench, port: M100Port, after: int
) -> None:
    tag = bench.arrive()
    bench.fault("tag_leaves", after=after, back=9)
    await port.write(tag, gen2.USER, 0, pattern(300))
    assert bench.memory(tag, gen2.USER)[:300] == pattern(300)


async def test_a_tag_that_stays_away_is_gone_at_the_chunk_that_is_not_known_to_stand(
    bench: Bench, port: M100Port
) -> None:
    tag = bench.arrive()
    bench.fault("tag_leaves", after=40)
    with pytest.raises(TagGone, match="word 32 of bank USER") as caught:
        await port.write(tag, gen2.USER, 0, pattern(300))
    assert caught.value.page == gen2.place(gen2.USER, 32)
    assert bench.memory(tag, gen2.USER)[:80] == pattern(80)
    with pytest.raises(TagGone):
        await port.read(by_epc(EPC), gen2.USER, 0, 1)


async def test_a_bank_that_ends_is_too_small(bench: Bench, port: M100Port) -> None:
    tag = bench.arrive(tag="monza4qt")
    with pytest.raises(TagTooSmall, match="memory overrun") as caught:
        await port.write(tag, gen2.USER, 0, pattern(100))
    assert caught.value.page == gen2.place(gen2.USER, 32)
    with pytest.raises(TagTooSmall, match="words 31 to 32 of bank USER"):
        await port.read(tag, gen2.USER, 31, 2)
    assert await port.read(tag, gen2.USER, 0, 32) == pattern(64)


async def test_a_locked_bank_opens_to_its_password_alone(bench: Bench, port: M100Port) -> None:
    tag = bench.arrive()
    await port.write(tag, gen2.RESERVED, 2, SECRET.to_bytes(4, "big"))
    await port.lock(tag, *gen2.lock_payload({"user": "lock"}), SECRET)
    with pytest.raises(TagLocked) as caught:
        await port.write(tag, gen2.USER, 3, b"ab")
    assert caught.value.page == gen2.place(gen2.USER, 3)
    with pytest.raises(WrongPassword):
        await port.write(tag, gen2.USER, 3, b"ab", SECRET + 1)
    await port.write(tag, gen2.USER, 3, b"ab", SECRET)
    assert bench.memory(tag, gen2.USER)[6:8] == b"ab"
    with pytest.raises(TagRefused):
        await port.lock(tag, *gen2.lock_payload({"tid": "unlock"}), SECRET)


async def test_a_tag_too_far_away_to_be_written_is_told_as_such(
    bench: Bench, port: M100Port
) -> None:
    tag = bench.arrive()
    bench.fault("weak", rate=1.0)
    with pytest.raises(LowPower, match="insufficient power"):
        await port.write(tag, gen2.USER, 0, b"ab")
    bench.no_faults()
    bench.fault("weak", rate=0.2)
    await port.write(tag, gen2.USER, 0, pattern(40))
    assert bench.memory(tag, gen2.USER)[:40] == pattern(40)


async def test_blocks_are_locked_for_ever_and_no_others(bench: Bench, port: M100Port) -> None:
    tag = bench.arrive(tag="m781")  # blocks of 4 words
    await port.permalock(tag, 8, 8, 4)
    for word in (0, 7, 16):
        await port.write(tag, gen2.USER, word, b"ab")
    for word in (8, 15):
        with pytest.raises(TagLocked):
            await port.write(tag, gen2.USER, word, b"ab")
    for word, count in ((1, 4), (0, 3), (0, 0)):
        with pytest.raises(ValueError, match="no blocks of 4 words"):
            await port.permalock(tag, word, count, 4)


async def test_a_kill_takes_the_kill_password(bench: Bench, port: M100Port) -> None:
    tag = bench.arrive()
    with pytest.raises(TagRefused):
        await port.kill(tag, 0)
    await port.write(tag, gen2.RESERVED, 0, SECRET.to_bytes(4, "big"))
    with pytest.raises(WrongPassword):
        await port.kill(tag, SECRET + 1)
    assert [each.tid for each in await first(port)] == [tag.mask]
    await port.kill(tag, SECRET)
    assert await port.inventory(WANT, 0.05) == []


async def test_a_late_answer_is_not_taken_for_that_of_the_command_behind_it(
    echoing: Bench, port_of_echoing: M100Port
) -> None:
    port, tag = port_of_echoing, echoing.arrive()
    await port.write(tag, gen2.USER, 0, pattern(300))
    assert await port.read(tag, gen2.USER, 0, 150) == pattern(300)
    with pytest.raises(TagTooSmall) as caught:
        await port.write(tag, gen2.USER, 448, bytes(256))
    assert caught.value.page == gen2.place(gen2.USER, 512)
    await port.write(tag, gen2.USER, 0, pattern(128))  # whatever went wrong before it
    assert await port.read(tag, gen2.TID, 0, 6) == tag.mask


async def test_a_late_answer_gives_no_tag_the_words_of_another(
    echoing: Bench, port_of_echoing: M100Port
) -> None:
    port = port_of_echoing
    first_tag, second = echoing.arrive(), echoing.arrive(OTHER)
    for tag in (first_tag, second):
        await port.write(tag, gen2.USER, 0, tag.mask[::-1])
    want = Inventory(user_words=6)
    for each in await port.inventory(want, 0.3):
        assert each.tid == {EPC: first_tag, OTHER: second}[each.epc].mask
        assert each.user in (each.tid[::-1], b"")


async def test_a_late_answer_with_a_password_is_no_more_in_the_log_than_one_in_time(
    echoing: Bench, port_of_echoing: M100Port, caplog: pytest.LogCaptureFixture
) -> None:
    port, tag = port_of_echoing, echoing.arrive()
    with caplog.at_level(logging.DEBUG):
        await port.write(tag, gen2.RESERVED, 0, SECRET.to_bytes(4, "big") * 2)
        assert await port.read(tag, gen2.RESERVED, 0, 2) == SECRET.to_bytes(4, "big")
        for _ in range(2):
            assert await port.read(tag, gen2.TID, 0, 6) == tag.mask
    assert f"{SECRET:08x}" not in caplog.text
    assert tag.mask.hex() in caplog.text


async def test_no_password_stands_in_a_log_or_an_error(
    bench: Bench, port: M100Port, caplog: pytest.LogCaptureFixture
) -> None:
    tag = bench.arrive()
    told = []
    with caplog.at_level(logging.DEBUG):
        await port.write(tag, gen2.RESERVED, 0, SECRET.to_bytes(4, "big") * 2)
        await port.lock(tag, *gen2.lock_payload({"user": "lock"}), SECRET)
        await port.write(tag, gen2.USER, 0, b"ab", SECRET)
        assert await port.read(tag, gen2.RESERVED, 2, 2) == SECRET.to_bytes(4, "big")
        with pytest.raises(TagRefused) as caught:
            await port.permalock(tag, 512, 32, 32, SECRET)
        told.append(str(caught.value))
        await port.lock(tag, *gen2.lock_payload({"access": "lock"}), SECRET)
        with pytest.raises(TagLocked) as locked:
            await port.write(tag, gen2.RESERVED, 2, SECRET.to_bytes(4, "big"))
        told.append(str(locked.value))
        bench.fault("lost_answer")
        await port.kill(tag, SECRET)
    told.append(caplog.text)
    assert "bytes with a secret" in caplog.text
    assert tag.mask.hex() in caplog.text  # the log tells the rest in hex
    for each in told:
        assert f"{SECRET:08x}" not in each.lower()
        assert str(SECRET) not in each


@pytest.mark.parametrize("side", ["in", "out"])
@pytest.mark.parametrize("kind", ["flip", "insert", "drop"])
async def test_noise_on_the_line_spoils_no_word(
    bench: Bench, port: M100Port, kind: str, side: str
) -> None:
    tag = bench.arrive()
    bench.arrive(OTHER)
    bench.fault("noise", every=331, kind=kind, side=side)
    await port.write(tag, gen2.USER, 0, pattern(200))
    assert await port.read(tag, gen2.USER, 0, 100) == pattern(200)
    assert bench.memory(tag, gen2.USER)[:200] == pattern(200)


@pytest.mark.parametrize("at", range(1, 6))
async def test_an_answer_that_is_lost_is_no_harm(bench: Bench, port: M100Port, at: int) -> None:
    tag = bench.arrive()
    other = bench.arrive(OTHER)
    bench.fault("lost_answer", at=at)
    await port.write(tag, gen2.USER, 0, pattern(8))
    assert bench.memory(tag, gen2.USER)[:8] == pattern(8)
    assert not any(bench.memory(other, gen2.USER))


async def test_a_module_that_slept_is_woken_and_told_again_who_is_meant(
    bench: Bench, port: M100Port
) -> None:
    other, tag = bench.arrive(OTHER), bench.arrive()
    await port.write(tag, gen2.USER, 0, pattern(2))
    bench.device.asleep = True
    await port.write(tag, gen2.USER, 0, pattern(128))
    assert bench.memory(tag, gen2.USER)[:128] == pattern(128)
    assert not any(bench.memory(other, gen2.USER))
    bench.device.asleep = True
    assert len(await first(port)) == 2


async def test_a_module_that_restarts_between_two_calls_does_not_write_to_another_tag(
    bench: Bench, port: M100Port
) -> None:
    other, tag = bench.arrive(OTHER), bench.arrive()
    for n in range(3):
        await port.write(tag, gen2.USER, n, pattern(2))
        bench.device.power_cycle()
    assert not any(bench.memory(other, gen2.USER))


@pytest.mark.parametrize(
    "left", ["bb", "bb00490049", "bb00270003222710837e", "00" * 30 + "bb003902"]
)
async def test_what_a_former_user_left_half_sent_is_flushed(bench: Bench, left: str) -> None:
    bench.arrive()
    with Serial(bench.path, 115200) as line:
        line.write(bytes.fromhex(left))
        line.flush()
    port = M100Port(bench.path)
    await port.open()
    assert len(await first(port)) == 1
    await port.close()


async def test_a_multiple_poll_that_was_left_running_is_ended(bench: Bench) -> None:
    tag = bench.arrive()
    with Serial(bench.path, 115200) as line:
        line.write(bytes.fromhex("bb00270003222710837e"))
        assert line.read(50)
    port = M100Port(bench.path)
    await port.open()
    assert await port.read(tag, gen2.TID, 0, 6) == tag.mask
    await port.close()


async def test_an_unplugged_module_is_gone_and_comes_back_to_a_new_open(
    bench: Bench, port: M100Port, tmp_path: Path
) -> None:
    link = M100Port(str(tmp_path / "module"))
    await port.close()
    await link.open()
    tag = bench.arrive()
    bench.port.do({"do": "unplug"})
    with pytest.raises(ReaderGone):
        await first(link)
    await link.close()
    with pytest.raises(ReaderGone):
        await link.open()
    bench.port.do({"do": "replug"})
    await link.open()
    assert await link.read(tag, gen2.TID, 0, 6) == tag.mask
    await link.close()


async def test_a_module_unplugged_amid_a_write_is_gone(bench: Bench, port: M100Port) -> None:
    tag = bench.arrive()
    bench.fault("unplug", after=6)
    with pytest.raises(ReaderGone):
        await port.write(tag, gen2.USER, 0, pattern(300))


async def test_a_line_with_nobody_behind_it_is_gone() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    port = M100Port(os.ttyname(slave))
    with pytest.raises(ReaderGone, match="no M100 answers at 115200 baud"):
        await port.open()
    await port.close()
    os.close(slave)
    os.close(master)


async def test_a_line_that_another_program_holds_is_busy(bench: Bench, port: M100Port) -> None:
    second = M100Port(bench.path)
    with pytest.raises(ReaderBusy):
        await second.open()
    await second.close()


async def test_closing_twice_is_harmless_and_what_is_not_open_is_gone(
    bench: Bench, port: M100Port
) -> None:
    await port.close()
    await port.close()
    with pytest.raises(ReaderGone, match="not open"):
        await port.read(by_epc(EPC), gen2.TID, 0, 6)
    await port.open()
    assert await port.inventory(WANT, 0.01) == []


@pytest.mark.parametrize(
    ("want", "why"),
    [
        (Inventory(antennas=(1, 2)), "antenna 1 alone"),
        (Inventory(gpi=1), "no input"),
        (Inventory(power_dbm=40), "outside 0.0 to 33.0"),
        (Inventory(power_dbm=30), "it took 26.0"),
        (Inventory(select=Select(gen2.USER, 0, bytes(32))), "at most 31 bytes"),
    ],
)
async def test_what_the_module_has_not_is_told(port: M100Port, want: Inventory, why: str) -> None:
    with pytest.raises(CannotDo, match=why):
        await first(port, want)
    with pytest.raises(CannotDo, match=why):
        await port.inventory(want, 0.01)


async def test_power_is_set_for_a_watch_and_given_back(bench: Bench, port: M100Port) -> None:
    bench.arrive()
    (near,) = await first(port, Inventory(power_dbm=26, antennas=(1,)))
    assert bench.device.power_dbm == 26
    (far,) = await first(port)
    assert bench.device.power_dbm == 20
    assert near.rssi_dbm > far.rssi_dbm


async def test_the_region_is_set_at_every_open(bench: Bench) -> None:
    for region, code in (("eu", 3), ("us", 2)):
        port = M100Port(bench.path, region=region)
        await port.open()
        assert bench.device.region == code
        await port.close()
    with pytest.raises(UsageProblem, match="cn, us, eu, cn800, kr"):
        open_reader(f"m100:{bench.path}?region=de")
    assert open_reader(f"m100:{bench.path}?region=kr")


async def test_an_output_is_switched(bench: Bench, port: M100Port) -> None:
    await port.set_gpo(2, True)
    assert bench.device.pins == [0, 1, 0, 0]
    await port.set_gpo(2, False)
    assert bench.device.pins == [0, 0, 0, 0]
    with pytest.raises(CannotDo, match="outputs 1 to 4"):
        await port.set_gpo(5, True)


async def test_a_cancelled_call_leaves_the_port_usable(bench: Bench, port: M100Port) -> None:
    tag = bench.arrive()
    bench.leave()
    waiting = asyncio.create_task(port.read(tag, gen2.TID, 0, 6))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    bench.again(tag)
    assert await port.read(tag, gen2.TID, 0, 6) == tag.mask
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await port.inventory(WANT, 60)
    assert await port.read(tag, gen2.TID, 0, 6) == tag.mask
