"""A simulated handheld in somebody's hands, with a gateway before and after.

It is waited for by its light and its tones, as its user does: no clock, and no press that overlaps another.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

from gateway.journal import Journal
from reader.ui import LEDS
from tests import handheld_tags as tags
from tests.handheld_gateway import ORDERS, PATIENCE_S, collected, installed
from tests.handheld_line import rows
from tests.handheld_sim import HandheldSim, handheld

SHOWN = (("genuine", 0), ("revoked", 9), ("foreign", 5))
VERDICTS = ["green", "red", "amber"]  # the light; no passport at all is a question

_SEED = b"the seed of a handheld, no secret"[:32]
_SETTINGS = {"root": f'"{tags.public(tags.ROOT).hex()}"', "look_ms": "0", "sleep_s": "0"}
_OPEN = 4 * 131 + 3  # NTAG215's AUTH0: from which page on a password is asked for; none
_ORDER = f"gtin,serial,digest\n9520123456788,B1,{'5a' * 32}\n"
_ENDS = ("green", "amber", "red", "fault", "idle")
_COLOURS = {name: list(row[:3]) for name, row in LEDS.items()}


class Stopped(Exception):
    """The firmware ended, or the board started anew, or shows a fault; says which."""


@contextmanager
def held(folder: Path, *options: str) -> Iterator[HandheldSim]:
    """A handheld whose key is trusted, and in `folder` what a gateway has for it: a trust list and an order."""
    key = tags.SigningKey(_SEED)
    (folder / "trust.cbor").write_bytes(tags.trust_list(tags.public(key)))
    (folder / ORDERS).write_text(_ORDER)
    made = _SEED + tags.public(key)
    (folder / "key").write_bytes(made + crc32(made).to_bytes(4, "big"))
    given = [f"--setting={name}={value}" for name, value in _SETTINGS.items()]
    with handheld(*options, *given, f"--put=data/key={folder / 'key'}") as sim:
        sim.close_port()
        yield sim


async def supplied(folder: Path, sim: HandheldSim) -> None:
    """A gateway gives it the trust list and the orders."""
    await collected(folder, sim, partial(installed, count=2))


async def handed_in(folder: Path, sim: HandheldSim, kind: str = "result", count: int = 1) -> None:
    """A gateway collects its log, until so many records of the kind are there."""
    await collected(folder, sim, lambda journal: len(rows(journal, kind)) >= count)


def verified(sim: HandheldSim) -> list[str]:
    """The light's colour for each of SHOWN."""
    return [shown(sim, tags.tag(number, kind)) for kind, number in SHOWN]


def written(sim: HandheldSim) -> str:
    """The light's colour after an entry "received"; from the first mode on."""
    for _ in range(2):  # while it reads, a press on the menu is answered by the light
        pressed(sim, "trigger", "busy")
        pressed(sim, "menu", "idle")
    tag = tags.tag(0)
    memory = bytearray(tag.memory)
    memory[_OPEN] = 0xFF
    return shown(sim, tags.Tag(tag.uid, bytes(memory), tag.kind))


def shown(sim: HandheldSim, tag: tags.Tag) -> str:
    """The light's colour when what the trigger starts is done with the tag."""
    pressed(sim, "trigger", "busy")
    sim.do("arrive", tag="ntag215", uid=tag.uid.hex(), memory=tag.memory.hex())
    colour = lit(sim, *_ENDS)
    sim.do("leave")
    return colour


def pressed(sim: HandheldSim, button: str, light: str) -> None:
    """A press that the light answers so."""
    sim.do("hold", button=button)
    sim.do("release", button=button)
    lit(sim, light)


def lit(sim: HandheldSim, *names: str) -> str:
    """Which of these lights comes first; and what changes next has changed, too: by then each button is up for it."""
    name = changed(sim, *names)
    _heard(sim, "led", "tone")
    return name


def changed(sim: HandheldSim, *names: str) -> str:
    """Which of these lights comes first. Stopped where it is the one that tells a fault, and not among them."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        event = _heard(sim, "led")
        for name in (*names, "fault"):
            if event["rgb"] == _COLOURS[name]:
                if name not in names:
                    raise Stopped("a fault is shown")
                return name
    raise TimeoutError(f"none of the lights {names}")


def check(sim: HandheldSim) -> None:
    """Raises Stopped where it has ended, or started anew."""
    for event in sim.events:
        if event["event"] in ("exit", "restart"):
            raise Stopped(event.get("text") or event.get("cause"))


def _heard(sim: HandheldSim, *names: str) -> dict[str, Any]:
    event = sim.event(*names, "exit", "restart")
    if event["event"] not in names:
        raise Stopped(event.get("text") or event.get("cause"))
    return event


async def records(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """(kind, body) of what the handheld has handed in."""
    async with Journal(folder / "gateway.db") as journal:
        return [(kind, body) for kind, body in rows(journal) if "handheld" in body]
