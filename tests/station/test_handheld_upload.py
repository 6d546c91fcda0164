"""What a handheld wrote down reaches the journal exactly once, whatever breaks on the way."""

from pathlib import Path

import pytest

from gateway.journal import Journal
from tests.handheld_line import NOW, SECRET, Device, Wire, seqs, session, station

pytestmark = pytest.mark.anyio


async def test_every_record_becomes_a_row_once_and_is_then_acknowledged(tmp_path: Path) -> None:
    device, told = Device(tmp_path), []
    device.note(40)
    async with Journal(tmp_path / "j.db") as journal:
        here = station(journal)
        await session(here, device, tell=told.append)
        assert seqs(journal) == list(range(1, 41))
        assert [result.journal_seq for result in told] == list(range(1, 41))
        assert journal.cursor(f"handheld/{device.id.hex()}/{device.outbox.epoch.hex()}") == 40
        assert {row.station for row in journal.after(0, 99)} == {"hand/ada"}
        assert (device.outbox.waiting, device.clock.synced, device.clock.now()) == (0, True, NOW)
        device.note(3)
        await session(here, device)
        assert seqs(journal) == list(range(1, 44))


@pytest.mark.parametrize("secret", [SECRET, b""])
async def test_a_link_that_is_cut_at_any_byte_neither_loses_nor_doubles(
    tmp_path: Path, secret: bytes
) -> None:
    device = Device(tmp_path / "whole", secret)
    device.note(4)
    async with Journal(tmp_path / "whole.db") as journal:
        whole = (await session(station(journal, secret=secret), device)).passed
    assert whole > 300
    device = Device(tmp_path / "cut", secret)
    async with Journal(tmp_path / "cut.db") as journal:
        noted = 0
        for cut in range(1, whole + 20, 3):
            device.note(4)
            noted += 4
            await session(station(journal, secret=secret), device, Wire(cut))
            if cut % 5 == 0:
                device.start()
        await session(station(journal, secret=secret), device)
        assert seqs(journal) == list(range(1, noted + 1))
