"""The self-test as a job (reader.jobs): does each part of the handheld do its work, and what is still to be done?

A row is (name, ok, text); ok is None for what is no fault, and yet hinders some job: no clock, no key in the list.
"""

import gc

from reader.errors import DeviceTrouble
from reader.ui import Screen, of_trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Any

    from reader.power import Battery
    from reader.station import Kit, Station

    Row = tuple[str, bool | None, str]
    Steps = Generator[tuple[Any, ...], Any, Row]

_LEAST = 8192  # bytes of heap: a verification and its tag's image
_LOW = 5  # percent


def job(
    station: "Station", battery: "Battery", tell: "Callable[[str], object] | None" = None
) -> "Generator[tuple[Any, ...], Any, Screen]":
    """What to show of all rows; tell: is given them as text, a line for each."""
    kit = station.kit
    rows: "list[Row]" = []
    for each in (_reader(station), _field(), _flash(kit)):
        rows.append((yield from each))
    if station.rain is not None:
        rows.append((yield from _uhf()))
    rows += [_memory(), _clock(kit), _key(kit), _battery(battery)]
    if tell is not None:
        tell(text(rows))
    return screen(rows)


def screen(rows: "Sequence[Row]") -> "Screen":
    """What is wrong first."""
    marks = [ok for _, ok, _ in rows]
    lines = []
    for wanted in (False, None, True):
        lines += [f"{name}: {said}" for name, ok, said in rows if ok is wanted]
    if False in marks:
        return of_trouble(lines[0], "FAULT", lines[1:])
    if None in marks:
        return Screen("question", "ASK", lines, None, "ask", "amber")
    return Screen("tick", "OK", lines, None, "ok", "green")


def text(rows: "Sequence[Row]") -> "str":
    """A line for each row."""
    words = {True: "ok", False: "FAULT", None: "?"}
    return "\n".join([f"{words[ok]} {name}: {said}" for name, ok, said in rows])


def _reader(station: "Station") -> "Steps":
    try:
        yield ("target",)
    except DeviceTrouble as why:
        return "reader", False, str(why)
    tag = station.tag
    about = tag.firmware
    said = f"PN5{about[0]:02x} {about[1]}.{about[2]}" if len(about) > 2 else "no PN532"
    errors = tag.bus_errors
    return "reader", len(about) > 2, f"{said}, {errors} bus errors, {tag.resets} resets"


def _field() -> "Steps":
    try:
        uid = yield ("target",)
    except DeviceTrouble as why:
        return "field", False, str(why)
    return "field", True, uid.hex() if uid else "no tag"


def _uhf() -> "Steps":
    try:
        heard = yield ("rssi", None)
    except DeviceTrouble as why:
        return "UHF", False, str(why)
    return "UHF", True, f"{heard[1]} dBm" if heard else "no tag"


def _flash(kit: "Kit") -> "Steps":
    """A record is written, and read again."""
    try:
        seq = yield ("record", "selftest", b"", "", {"mode": "selftest"})
        found = kit.outbox.read(seq, 1024)
    except DeviceTrouble as why:
        return "flash", False, str(why)
    if not found or found[0][0] != seq:
        return "flash", False, "a record is lost"
    return "flash", True, f"{kit.outbox.waiting} records wait"


def _memory() -> "Row":
    gc.collect()
    free = gc.mem_free() if hasattr(gc, "mem_free") else _LEAST
    return "memory", free >= _LEAST, f"{free // 1024} kB free"


def _clock(kit: "Kit") -> "Row":
    return ("clock", True, "set") if kit.clock.synced else ("clock", None, "not set: hand in")


def _key(kit: "Kit") -> "Row":
    name = kit.key.kid.hex()[:8]
    if not kit.trust.number:
        return "key", None, f"{name}, no list"
    if kit.trust.find(kit.key.kid):
        return "key", True, f"{name}, list {kit.trust.number}"
    return "key", None, f"{name} not in list {kit.trust.number}"


def _battery(battery: "Battery") -> "Row":
    percent = battery.percent
    if percent is None:
        return "battery", True, "none"
    return "battery", percent >= _LOW or None, f"{percent} %"
