"""The async face of a reader, over our PN532 driver and the simulator."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from edge import carrier, chips, cose, ed25519, plan, slots, stub
from edge.type2 import Image
from gateway.model import ReaderBusy, ReaderGone, TagGone, TagRefused
from gateway.readers.pn532 import Pn532
from gateway.readers.reader import Reader

UID = "04a1b2c3d4e5f6"
OTHER = "04112233445566"
LINK = "https://id.example.com/01/09520123456788/21/A1"
SEED = bytes(range(32))
KID = cose.kid(ed25519.public_key(SEED))
CHIP = chips.by_name("NTAG215")
PROMPT_S = 0.3


def signed(seq: int) -> bytes:
    claims = {
        stub.VERSION: 1,
        stub.PRODUCT: [0, 9520123456788, "A1"],
        stub.DIGEST: bytes(range(32)),
        stub.ISSUED_AT: 1790000000,
        stub.SEQ: seq,
        stub.CARRIER: [1, bytes.fromhex(UID)],
        stub.TOTALS: {41: 1000, 42: 50},
    }
    if seq:
        claims[stub.PREV] = bytes(16)
    return stub.encode(claims, cose.ED25519, KID, lambda m: ed25519.sign(SEED, m))


def commissioned(memory: bytes) -> tuple[bytes, slots.Layout]:
    """The memory of a two-slot tag whose current stub has seq 1, and stands in slot 1."""
    for first in (True, False):
        image = Image(memory)
        layout = slots.layout_of(image)
        if first:
            pages = plan.commission(CHIP, image, LINK, signed(0), count=2)
        else:
            pages = plan.update(layout, image, 1, signed(1), 1)
        for page, data in pages:
            image.put(page, data)
        memory = image.get(0, CHIP.pages)
    layout = slots.layout_of(Image(memory))
    assert layout is not None
    return memory, layout


@pytest.fixture
def reader(bench) -> Iterator[Reader]:
    return Reader("dock 1", Pn532(bench.path), clock=lambda: 1790000000.0)


def test_a_blank_tag_is_detected_and_captured(bench, reader) -> None:
    async def main() -> None:
        async with reader:
            bench.arrive()
            target = await reader.target(1)
            assert target is not None and target.uid.hex() == UID
            capture = await reader.read(target)
            assert (capture.reader, capture.medium, capture.id) == ("dock 1", "nfc", target.uid)
            assert capture.seen_at == 1790000000.0
            assert carrier.carrier(capture.image, target.uid).state == "blank"

    asyncio.run(main())


def test_no_tag_is_none_after_the_time_asked_for(bench, reader) -> None:
    async def main() -> None:
        async with reader:
            started = time.monotonic()
            assert await reader.target(0.05) is None
            assert time.monotonic() - started < 0.05 + PROMPT_S

    asyncio.run(main())


def test_a_tag_that_arrives_during_the_wait_is_found_at_once(bench, reader) -> None:
    async def main() -> None:
        async with reader:
            found = asyncio.create_task(reader.target(10))
            await reached(lambda: bench.port.chip.wait is not None)
            started = time.monotonic()
            bench.arrive()
            target = await found
            assert target is not None and target.uid.hex() == UID
            assert time.monotonic() - started < PROMPT_S

    asyncio.run(main())


def test_the_current_stub_of_a_two_slot_tag_is_read_within_95_ms(bench, reader) -> None:
    async def main() -> None:
        bench.arrive()
        memory, layout = commissioned(bench.memory())
        bench.load(memory)
        async with reader:
            bench.spent()
            target = await reader.target(1)
            image = (await reader.read(target)).image
            assert bench.spent()["total_ms"] <= 95
            seen = carrier.carrier(image, target.uid)
            assert (seen.hinted, (1, signed(1)) in seen.stubs) == (1, True)
            assert not image.has(layout.slot_first_pages[0], layout.slot_pages)

    asyncio.run(main())


def test_torn_hints_cost_the_other_slot_and_stay_within_140_ms(bench, reader) -> None:
    async def main() -> None:
        bench.arrive()
        memory, layout = commissioned(bench.memory())
        at = 4 * layout.hint_pages[1]
        bench.load(memory[:at] + b"\x55\x00\xff\x13" + memory[at + 4 :])
        async with reader:
            bench.spent()
            target = await reader.target(1)
            capture = await reader.read(target)
            assert bench.spent()["total_ms"] <= 140
            seen = carrier.carrier(capture.image, target.uid)
            assert seen.stubs == [(0, signed(0)), (1, signed(1))]

    asyncio.run(main())


def test_the_whole_tag_is_read_on_request(bench, reader) -> None:
    async def main() -> None:
        bench.arrive()
        memory, _ = commissioned(bench.memory())
        bench.load(memory)
        async with reader:
            target = await reader.target(1)
            capture = await reader.read(target, whole=True)
            assert len(carrier.carrier(capture.image, target.uid).stubs) == 2

    asyncio.run(main())


def test_a_stub_is_written_onto_an_empty_tag_within_540_ms(bench, reader) -> None:
    async def main() -> None:
        bench.arrive()
        async with reader:
            bench.spent()
            target = await reader.target(1)
            image = (await reader.read(target)).image
            pages = plan.commission(CHIP, image, LINK, signed(0))
            assert await reader.write(pages) == len(pages)
            assert bench.spent()["total_ms"] <= 540
            seen = carrier.carrier((await reader.read(target)).image, target.uid)
            assert (seen.state, seen.link, seen.stubs[0]) == ("slots", LINK, (0, signed(0)))

    asyncio.run(main())


def test_a_torn_write_names_its_page_and_the_tag_is_written_on_its_return(bench, reader) -> None:
    async def main() -> None:
        bench.arrive()
        async with reader:
            target = await reader.target(1)
            image = (await reader.read(target)).image
            pages = plan.commission(CHIP, image, LINK, signed(0))
            bench.fault("tear", at=20)
            with pytest.raises(TagGone) as gone:
                await reader.write(pages)
            assert gone.value.page == pages[19][0]
            await reader.gone(target)
            bench.arrive()
            target = await reader.target(1)
            image = (await reader.read(target, whole=True)).image
            await reader.write(plan.commission(CHIP, image, LINK, signed(0)))
            seen = carrier.carrier((await reader.read(target)).image, target.uid)
            assert seen.stubs[0] == (0, signed(0))

    asyncio.run(main())


def test_a_locked_page_names_itself(bench, reader) -> None:
    async def main() -> None:
        bench.arrive()
        memory = bytearray(bench.memory())
        memory[10] |= 0x40
        bench.load(bytes(memory))
        async with reader:
            await reader.target(1)
            with pytest.raises(TagRefused) as refused:
                await reader.write([(5, b"abcd"), (6, b"efgh"), (7, b"ijkl")])
            assert refused.value.page == 6

    asyncio.run(main())


def test_gone_waits_until_the_tag_has_left(bench, reader) -> None:
    async def main() -> None:
        async with reader:
            bench.arrive()
            target = await reader.target(1)
            waiting = asyncio.create_task(reader.gone(target))
            looked = bench.port.chip.clock.commands
            await reached(lambda: bench.port.chip.clock.commands > looked + 1)
            assert not waiting.done()
            bench.leave()
            await asyncio.wait_for(waiting, 1)

    asyncio.run(main())


def test_an_unplugged_reader_comes_back_by_itself(bench, reader) -> None:
    async def main() -> None:
        async with reader:
            assert await reader.target(0.01) is None
            found = asyncio.create_task(reader.target(10))
            await reached(lambda: bench.port.chip.wait is not None)
            bench.unplug()
            await reached(lambda: not reader._is_open)
            bench.replug()
            bench.arrive()
            assert (await found).uid.hex() == UID

    asyncio.run(main())


def test_a_chip_that_lost_its_supply_behind_its_bridge_is_woken_again(
    bench, reader, monkeypatch
) -> None:
    monkeypatch.setattr("gateway.readers.reader._SLICE_S", 0.1)

    async def main() -> None:
        async with reader:
            found = asyncio.create_task(reader.target(20))
            await reached(lambda: bench.port.chip.wait is not None)
            bench.port.chip.power_cycle()
            bench.arrive()
            assert (await found).uid.hex() == UID

    asyncio.run(main())


def test_a_reader_unplugged_while_it_reads_comes_back_for_the_next_tag(bench, reader) -> None:
    async def main() -> None:
        async with reader:
            bench.arrive()
            target = await reader.target(1)
            bench.unplug()
            with pytest.raises(ReaderGone):
                await reader.read(target)
            bench.replug()
            assert (await reader.target(5)).uid.hex() == UID

    asyncio.run(main())


def test_a_reader_that_stays_away_is_said_so_when_the_time_ends(bench, reader) -> None:
    async def main() -> None:
        async with reader:
            bench.unplug()
            started = time.monotonic()
            with pytest.raises(ReaderGone, match="check the plug"):
                await reader.target(0.25)
            assert time.monotonic() - started < 0.25 + PROMPT_S

    asyncio.run(main())


def test_a_second_reader_on_the_same_line_is_refused(bench, reader) -> None:
    async def main() -> None:
        second = Reader("dock 2", Pn532(bench.path))
        async with reader:
            with pytest.raises(ReaderBusy):
                await second.open()
            await second.close()

    asyncio.run(main())


def test_a_cancelled_wait_ends_at_once_and_the_reader_goes_on(bench, reader) -> None:
    async def main() -> None:
        async with reader:
            waiting = asyncio.create_task(reader.target())
            await reached(lambda: bench.port.chip.wait is not None)
            started = time.monotonic()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert time.monotonic() - started < PROMPT_S
            bench.arrive()
            assert (await reader.target(1)).uid.hex() == UID

    asyncio.run(main())


def test_a_cancelled_write_ends_with_its_plan(bench, reader) -> None:
    async def main() -> None:
        async with reader:
            bench.arrive()
            await reader.target(1)
            pages = [(page, bytes((page,) * 4)) for page in range(4, 120)]
            writing = asyncio.create_task(reader.write(pages))
            await reached(lambda: bench.port.chip.clock.pages_written > 0)
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing
            assert bench.memory()[16:480] == b"".join(data for _, data in pages)

    asyncio.run(main())


def test_close_ends_the_thread(bench, reader) -> None:
    async def main() -> None:
        async with reader:
            assert [t for t in threading.enumerate() if t.name.startswith("reader dock 1")]
        assert not [t for t in threading.enumerate() if t.name.startswith("reader dock 1")]

    asyncio.run(main())


def test_a_reader_that_was_never_away_is_not_told_to_be_back(bench, reader, caplog) -> None:
    async def main() -> None:
        bench.arrive()
        assert await reader.target(5) is not None
        await reader.close()

    asyncio.run(main())
    assert "is back" not in caplog.text


async def reached(condition, limit_s: float = 5.0) -> None:
    """Return once another thread is there; looks often, and leaves it the processor between."""
    until = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < until, "the simulator never got there"
        await asyncio.sleep(0.001)
