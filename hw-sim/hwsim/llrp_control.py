"""What a test, a demo or a scenario can do to LLRP readers and the tags before them: one JSON object, one deed.

The commands of `hwsim.raincontrol`, and: stats, reset_stats; gpi {port, level}; gpos; drop; silence; clock {year}.
With several readers a command names one by its number from 0: {"do": "arrive", "reader": 3}.
"""

from hwsim.llrp_faults import set_year
from hwsim.llrp_reader import LlrpReader
from hwsim.raincontrol import DEEDS, Command, RainControl

__all__ = ["Command", "LlrpControl"]


class LlrpControl:
    """Commands on readers and their fields."""

    def __init__(self, readers: list[LlrpReader], rssi_dbm: float = -50.0) -> None:
        self.readers = readers
        self._controls = [RainControl(reader.field, rssi_dbm=rssi_dbm) for reader in readers]

    def check(self, command: Command) -> None:
        """ValueError where there is no such command or reader."""
        self._number(command)
        name = command.get("do")
        if name in _DEEDS:
            return
        if name not in DEEDS:
            known = dict.fromkeys([*DEEDS, *_DEEDS])
            raise ValueError(f"no command {name!r}: known are {', '.join(known)}")
        self._controls[0].check(command)

    def do(self, command: Command, now_s: float) -> dict[str, object]:
        """Run one command and return its reply; ValueError says what is wrong with it."""
        self.check(command)
        number = self._number(command)
        deed = _DEEDS.get(str(command["do"]))
        if deed is None:
            return self._controls[number].do(command)
        return deed(self.readers[number], command, now_s)

    def _number(self, command: Command) -> int:
        number = command.get("reader", 0)
        if (
            isinstance(number, bool)
            or not isinstance(number, int)
            or not 0 <= number < len(self.readers)
        ):
            raise ValueError(f"reader {number!r}: there are 0 to {len(self.readers) - 1}")
        return number


def total(readers: list[LlrpReader]) -> dict[str, object]:
    """The stats of all readers, added up."""
    summed: dict[str, object] = {}
    for reader in readers:
        for name, value in reader.tally.stats().items():
            summed[name] = _sum(summed.get(name), value)
    return summed


def _sum(before: object, value: object) -> object:
    if isinstance(value, dict):
        kinds = dict(before) if isinstance(before, dict) else {}
        return {key: _sum(kinds.get(key), value.get(key, 0)) for key in {**kinds, **value}}
    assert isinstance(value, int | float)
    return round(value + (before if isinstance(before, int | float) else 0), 3)


def _stats(reader: LlrpReader, command: Command, now_s: float) -> dict[str, object]:
    return {"stats": reader.tally.stats()}


def _reset_stats(reader: LlrpReader, command: Command, now_s: float) -> dict[str, object]:
    stats = reader.tally.stats()
    reader.tally.reset()
    return {"stats": stats}


def _gpi(reader: LlrpReader, command: Command, now_s: float) -> dict[str, object]:
    port, level = command.get("port", 1), command.get("level", True)
    if isinstance(port, bool) or not isinstance(port, int) or level not in (0, 1):
        raise ValueError("gpi: port is a number, level is true or false")
    reader.set_gpi(port, bool(level), now_s)
    return {"gpis": list(reader.config.gpi_levels)}


def _gpos(reader: LlrpReader, command: Command, now_s: float) -> dict[str, object]:
    return {"gpos": [int(each) for each in reader.config.gpos]}


def _drop(reader: LlrpReader, command: Command, now_s: float) -> dict[str, object]:
    reader.aborting = reader.connected
    return {"dropped": reader.connected}


def _silence(reader: LlrpReader, command: Command, now_s: float) -> dict[str, object]:
    reader.mute()
    return {"silent": True}


def _clock(reader: LlrpReader, command: Command, now_s: float) -> dict[str, object]:
    year = command.get("year")
    if isinstance(year, bool) or not isinstance(year, int):
        raise ValueError("clock: year is a number")
    set_year(reader, year)
    return {"utc_us": reader.utc_us(now_s)}


_DEEDS = {
    "stats": _stats,
    "reset_stats": _reset_stats,
    "gpi": _gpi,
    "gpos": _gpos,
    "drop": _drop,
    "silence": _silence,
    "clock": _clock,
}
