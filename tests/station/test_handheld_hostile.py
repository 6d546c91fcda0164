"""Whoever reaches the gateway's port for handhelds, with the secret or without, harms nobody else."""

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge import cbor, link
from gateway.cli.main import main
from gateway.journal import Journal
from gateway.readers.handheld import Talk
from gateway.stations.handheld import HandheldStation
from tests.handheld_line import Device, Wire, rows, session, station

pytestmark = pytest.mark.anyio


async def played(here: HandheldStation, wire: Wire, pieces: list[bytes]) -> "asyncio.Task[None]":
    """The station's task, after it has taken each piece from the wire."""

    async def serve(talk: Talk) -> None:
        await talk(wire, "somewhere")

    here.reader.serve = serve  # type: ignore[method-assign]
    there = asyncio.create_task(here.run(lambda result: None))
    for piece in pieces:
        wire.put(piece)
        while not wire.is_idle and not there.done():
            await asyncio.sleep(0)
    return there


@pytest.mark.parametrize("version", [bytes(1900), "\n" * 1900, [1], 1 << 63])
async def test_a_hello_of_nonsense_from_who_has_no_secret_ends_nothing(
    tmp_path: Path, version: object, caplog: pytest.LogCaptureFixture
) -> None:
    async with Journal(tmp_path / "j.db") as journal:
        wire = Wire()
        nonsense = link.plain(cbor.encode([link.HELLO, version]))
        there = await played(station(journal), wire, [nonsense, nonsense])
        assert not there.done()
        there.cancel()
        await asyncio.wait([there])
    assert all(len(each.getMessage()) < 200 for each in caplog.records)
    assert "\n" not in "".join(each.getMessage() for each in caplog.records)


async def test_a_text_without_an_end_is_not_gathered(tmp_path: Path) -> None:
    device = Device(tmp_path / "d", secret=b"")
    async with Journal(tmp_path / "j.db") as journal:
        hello = device.link.turn(0)
        said = [(0, 0), (1, 2), *((part, 0) for part in range(80)), (0, 1 << 40), (1, 2)]
        texts = [link.plain(link.message(link.TEXT, "export", *each, "x")) for each in said]
        there = await played(station(journal, secret=b""), Wire(), [hello, *texts])
        there.cancel()
        await asyncio.wait([there])
        assert [body for _, body in rows(journal) if "text" in body] == []


async def test_what_a_record_says_can_be_shown(tmp_path: Path) -> None:
    """Whatever JSON or the gateway's own words have no place for is kept as the record's bytes."""
    device = Device(tmp_path / "d")
    for odd in ({b"\x01": 1}, [{b"\x01": 1}]):
        device.note(1, odd=odd)
    device.note(1, missing=5, faults=True, unexpected={"1": 2})
    async with Journal(tmp_path / "j.db") as journal:
        await session(station(journal), device)
        assert [kind for kind, _ in rows(journal)] == ["refused", "refused", "verdict"]
    for more in ([], ["--json"]):
        asked = ["journal", "tail", "--journal", str(tmp_path / "j.db"), *more]
        found = CliRunner().invoke(main, asked)
        assert (found.exit_code, found.exception) == (0, None)
        assert len(found.stdout.splitlines()) == 3
