"""The linked firmware on real MicroPython in a small heap: it does what the sources do, record for record."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from witness import ROOT

from gateway.firmware import build as firmware_build
from tests import handheld_session as hands

pytestmark = [pytest.mark.anyio, pytest.mark.witness]

VARIES = ("elapsed_ms", "pages_written", "handheld", "stub", "prev", "issued_at")


async def test_it_verifies_writes_and_links_as_the_sources_do_in_a_heap_of_64_kb(
    tmp_path: Path,
) -> None:
    made = firmware_build.cached(ROOT, "esp32s3", "x86")
    linked, plain = await asyncio.gather(
        session(tmp_path / "linked", f"--firmware={made}", "--heap=64k"),
        session(tmp_path / "plain", "--heap=400k"),
    )
    colours = [body["colour"] for kind, body in linked if kind == "verdict"]
    assert colours == ["green", "red", "amber"]  # a foreign link is no passport
    assert [body["act"] for kind, body in linked if kind == "result"] == ["updated"]
    assert linked == plain


async def session(folder: Path, *options: str) -> list[tuple[str, dict[str, Any]]]:
    """What a gateway has of some verdicts and one entry, but for what differs from one to the next."""
    folder.mkdir()
    with hands.held(folder, *options) as sim:
        await hands.supplied(folder, sim)
        assert await asyncio.to_thread(hands.verified, sim) == hands.VERDICTS
        assert await asyncio.to_thread(hands.written, sim) == "green"
        await hands.handed_in(folder, sim)
        sim.end()
    return [
        (kind, {name: body[name] for name in sorted(body) if name not in VARIES})
        for kind, body in await hands.records(folder)
    ]
