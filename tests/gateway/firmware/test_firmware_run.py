"""The linked firmware on real MicroPython in a small heap: it does what the sources do, record for record."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any
from zlib import crc32

import pytest
from witness import ROOT

from gateway.config import Config, ReaderConfig
from gateway.firmware import build as firmware_build
from gateway.journal import Journal
from gateway.keys import TrustStore
from gateway.posts import handheld_stations
from gateway.trust_file import TrustFile
from tests import handheld_tags as tags
from tests.handheld_line import rows
from tests.handheld_sim import HandheldSim, handheld

pytestmark = [pytest.mark.anyio, pytest.mark.witness]

PATIENCE_S = 45
SEED = b"the seed of a handheld, no secret"[:32]
SETTINGS = {"root": f'"{tags.public(tags.ROOT).hex()}"', "look_ms": "0", "sleep_s": "0"}
SHOWN = (("genuine", 0), ("revoked", 9), ("foreign", 5))
STILL = 100  # looks at a screen
OPEN = 4 * 131 + 3  # NTAG215's AUTH0: from which page on a password is asked for; none
VARIES = ("elapsed_ms", "pages_written", "handheld", "stub", "prev", "issued_at")


async def test_it_verifies_writes_and_links_as_the_sources_do_in_a_heap_of_64_kb(
    tmp_path: Path,
) -> None:
    made = firmware_build.files(ROOT, "esp32s3", "x86")
    for path, content in made.items():
        (tmp_path / "fw" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "fw" / path).write_bytes(content)
    linked = await session(tmp_path / "linked", f"--firmware={tmp_path / 'fw'}", "--heap=64k")
    assert [kind for kind, _ in linked].count("verdict") == len(SHOWN)
    colours = [body["colour"] for kind, body in linked if kind == "verdict"]
    assert colours == ["green", "red", "red"]  # a foreign link is no passport
    assert [body["act"] for kind, body in linked if kind == "result"] == ["updated"]
    plain = await session(tmp_path / "plain", "--heap=400k")
    assert linked == plain


async def session(folder: Path, *options: str) -> list[tuple[str, dict[str, Any]]]:
    """The rows of a gateway after some verdicts and one entry."""
    folder.mkdir()
    key = tags.SigningKey(SEED)
    (folder / "trust.cbor").write_bytes(tags.trust_list(tags.public(key)))
    made = SEED + tags.public(key)
    (folder / "key").write_bytes(made + crc32(made).to_bytes(4, "big"))
    given = [f"--setting={name}={value}" for name, value in SETTINGS.items()]
    with handheld(*options, *given, f"--put=data/key={folder / 'key'}") as sim:
        sim.close_port()
        await gateway(folder, sim, lambda journal: has(journal, "outcome", "installed"))
        for kind, number in SHOWN:
            await asyncio.to_thread(verify, sim, tags.tag(number, kind))
        await asyncio.to_thread(write, sim, tags.tag(0))
        await gateway(
            folder, sim, lambda journal: any(kind == "result" for kind, _ in rows(journal))
        )
        assert not [event for event in sim.events if event["event"] in ("exit", "restart")]
        sim.end()
    async with Journal(folder / "gateway.db") as journal:
        return [
            (kind, {name: body[name] for name in sorted(body) if name not in VARIES})
            for kind, body in rows(journal)
            if "handheld" in body
        ]


def has(journal: Journal, name: str, value: str) -> bool:
    return any(body.get(name) == value for _, body in rows(journal))


def verify(sim: HandheldSim, tag: tags.Tag) -> None:
    sim.do("arrive", tag="ntag215", uid=tag.uid.hex(), memory=tag.memory.hex())
    done(sim, "trigger")
    sim.do("leave")


def write(sim: HandheldSim, tag: tags.Tag) -> None:
    """In the third mode: an entry "received"."""
    for _ in range(2):
        done(sim, "menu", writes=0)
    memory = bytearray(tag.memory)
    memory[OPEN] = 0xFF
    sim.do("arrive", tag="ntag215", uid=tag.uid.hex(), memory=memory.hex())
    done(sim, "trigger", writes=2)


def done(sim: HandheldSim, button: str, writes: int = 1) -> None:
    """Press; until so much is written down, and the screen has changed and stands still."""
    before, lines = flash_writes(sim), screen(sim)
    sim.do("press", button=button, ms=60)
    last, same = lines, 0
    until = monotonic() + PATIENCE_S
    while flash_writes(sim) < before + writes or last == lines or same < STILL:
        assert monotonic() < until and not [e for e in sim.events if e["event"] == "exit"]
        now = screen(sim)
        last, same = now, same + 1 if now == last else 0


def screen(sim: HandheldSim) -> list[str]:
    found: list[str] = sim.do("screen")["lines"]
    return found


def flash_writes(sim: HandheldSim) -> int:
    found: int = sim.do("stats")["stats"]["flash_writes"]
    return found


async def gateway(folder: Path, sim: HandheldSim, until: Callable[[Journal], bool]) -> None:
    """A gateway with the handheld on its USB port, until its journal says enough."""
    config = Config(
        reader=(ReaderConfig(name="hand", url=f"handheld:{sim.ready['path']}", job="collect"),)
    )
    trust = TrustFile(TrustStore(folder / "trust.cbor", tags.public(tags.ROOT)))
    async with Journal(folder / "gateway.db") as journal, asyncio.timeout(PATIENCE_S):
        station = handheld_stations(config, journal, trust)["hand"]
        running = asyncio.create_task(station.run(lambda result: None))
        while not until(journal):
            await journal.grown_beyond(journal.head())
        running.cancel()
        await asyncio.wait([running])
