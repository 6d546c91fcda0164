"""A handheld's day: five hundred tags with no network, two power cuts, and back to a gateway and its hub."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from gateway.journal import Journal
from tests import handheld_tags as tags
from tests.handheld_gateway import collected, installed
from tests.handheld_line import rows
from tests.handheld_sim import HandheldSim, handheld
from tests.sync_hub import Hub, sending, serving, settled

pytestmark = pytest.mark.anyio

DAY = 500
CUTS = (170, 340)  # the power fails while these tags are written down
QUIET = 500  # looks at a screen that does not change any more
SETTINGS = {
    "root": f'"{tags.public(tags.ROOT).hex()}"',
    "name": '"ada"',
    "duplicate_s": "0",
    "look_ms": "0",
    "volume": "0",
    "sleep_s": "0",
}


async def test_a_day_offline_with_two_power_cuts_reaches_the_hub_once(tmp_path: Path) -> None:
    (tmp_path / "trust.cbor").write_bytes(tags.trust_list())
    given = [f"--setting={name}={value}" for name, value in SETTINGS.items()]
    with handheld(*given, "--heap=300k") as sim:
        sim.close_port()
        await collected(tmp_path, sim, until=installed)
        shown = await asyncio.to_thread(day, sim)
        async with serving(tmp_path) as hub:
            await collected(tmp_path, sim, until=handed_over)
            await told(tmp_path, hub, shown)
        sim.end()


def day(sim: HandheldSim) -> dict[bytes, str]:
    """Show every tag until its verdict is written down; what each is, by UID."""
    shown = {}
    words = [quiet(sim)]
    sim.do("press", button="menu", ms=60)
    while word(sim) == words[0]:
        pass
    words.append(quiet(sim))
    sim.do("press", button="trigger", ms=60)
    for number, tag in enumerate(tags.day(DAY)):
        shown[tag.uid] = tag.kind
        if number in CUTS:
            sim.do("fault", name="power", args={"write": 2, "share": 100})
            arrive(sim, tag)
            assert sim.event("restart")["cause"] == "power"
            sim.do("leave")
            begin(sim, words)
        show(sim, tag)
    return shown


def begin(sim: HandheldSim, words: list[list[str]]) -> None:
    """Batch mode after a start: the menu once, when the first word stands there, then the trigger."""
    for button, before in zip(("menu", "trigger"), words, strict=True):
        while word(sim) != before:
            pass
        sim.do("press", button=button, ms=60)


def quiet(sim: HandheldSim) -> list[str]:
    """The word on the screen when it has stood for a while."""
    seen, times = word(sim), 0
    while times < QUIET or "#" not in "".join(seen):
        now = word(sim)
        seen, times = now, times + 1 if now == seen else 0
    return seen


def word(sim: HandheldSim) -> list[str]:
    """The rows of the screen between its corner and its lines."""
    found: list[str] = sim.do("screen")["lines"][10:38]
    return found


def show(sim: HandheldSim, tag: tags.Tag) -> None:
    """Until its verdict is on flash, and the reader looks for the next tag."""
    written, _ = counted(sim)
    arrive(sim, tag)
    while counted(sim)[0] == written:
        pass
    _, asked = counted(sim)
    while counted(sim)[1] == asked:
        pass
    sim.do("leave")


def arrive(sim: HandheldSim, tag: tags.Tag) -> None:
    sim.do("arrive", tag="ntag215", uid=tag.uid.hex(), memory=tag.memory.hex())


def counted(sim: HandheldSim) -> tuple[int, int]:
    """Flash writes, and commands to the reader chip."""
    stats = sim.do("stats")["stats"]
    return stats["flash_writes"], stats["commands"]


def handed_over(journal: Journal) -> bool:
    """Every tag of the day is in the journal."""
    return len({row.uid for row in journal.after(0, 10_000) if row.kind == "verdict"}) == DAY


async def told(folder: Path, hub: Hub, shown: dict[bytes, str]) -> None:
    """The journal has each record of the handheld once, with the verdict that its tag deserves, and so has the hub."""
    async with Journal(folder / "gateway.db") as journal:
        async with sending(journal, hub.url) as uplink:
            await settled(uplink, journal)
        said = [body["handheld"] for _, body in rows(journal) if "boot" in body.get("handheld", {})]
        assert [each["seq"] for each in said] == list(range(1, len(said) + 1))
        assert {each["boot"] for each in said} == {1, 2, 3}
        verdicts = [row for row in journal.after(0, 10_000) if row.kind == "verdict"]
        colours = {row.uid: row.content()["colour"] for row in verdicts}
        assert {uid: colours[uid] for uid in shown} == {
            uid: tags.COLOURS[kind] for uid, kind in shown.items()
        }
        assert set(Counter(row.uid for row in verdicts).values()) <= {1, 2}
        assert DAY <= len(verdicts) <= DAY + len(CUTS)
        held = await hub.journals()
        assert held == [(journal.id, journal.head(), journal.head(), 0)]
