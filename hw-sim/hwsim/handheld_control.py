"""What a person, a script or a test does to a handheld, and asks of it: one JSON object, one deed.

{"do": "press", "button": "trigger", "ms": 200}     also "hold" and "release"
{"do": "arrive", "tag": "ntag215"}                  all of `hwsim.control`: the PN532's field
{"do": "rain_arrive", "epc": "..."}                 all of `hwsim.raincontrol`, with rain_ before it
{"do": "battery", "mv": 3700}   {"do": "wifi", "on": false}
{"do": "power", "off_ms": 100}                      at once; {"do": "fault", "name": "power", "args": {"write": 7}}
                                                    in the seventh flash write from now, which is half done
{"do": "screen"}   {"do": "png", "path": "screen.png"}   {"do": "tones"}   {"do": "led"}   {"do": "stats"}
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from hwsim import handheld_wires as w
from hwsim import png
from hwsim.handheld import Handheld

Command = Mapping[str, object]


class Deeds(Protocol):
    def do(self, command: Command) -> dict[str, object]: ...


class HandheldControl:
    """Deeds on the board, its two readers' worlds among them. seed decides how much of a cut write is done."""

    def __init__(self, handheld: Handheld, tags: Deeds, rain: Deeds, cut_share: int = 128) -> None:
        self.handheld = handheld
        self._tags = tags
        self._rain = rain
        self._cut_share = cut_share

    def check(self, command: Command) -> None:
        """ValueError where there is no such deed, or no such button."""
        name = command.get("do")
        if name in ("press", "hold", "release"):
            self._button(command)
        known = isinstance(name, str) and (name in _OTHERS or name.startswith("rain_"))
        if not known and name not in _DEEDS:
            raise ValueError(f"no command {name!r}: known are {', '.join((*_DEEDS, *_OTHERS))}")

    def do(self, command: Command) -> dict[str, object]:
        """Run one command and return its reply; ValueError says what is wrong with it."""
        self.check(command)
        name = str(command["do"])
        if name.startswith("rain_"):
            return self._rain.do({**command, "do": name.removeprefix("rain_")})
        if name in _DEEDS and (name != "fault" or command.get("name") == "power"):
            return _DEEDS[name](self, command)
        return self._tags.do(command)

    def _press(self, command: Command) -> dict[str, object]:
        duration_s = _number(command, "ms", 100) / 1e3
        pin = self._button(command)
        self._set(command, 0)
        self.handheld.later(duration_s, lambda: self.handheld.wires.set_level(pin, 1))
        return {}

    def _hold(self, command: Command) -> dict[str, object]:
        self._set(command, 0)
        return {}

    def _release(self, command: Command) -> dict[str, object]:
        self._set(command, 1)
        return {}

    def _set(self, command: Command, level: int) -> None:
        pin = self._button(command)
        self.handheld.wires.set_level(pin, level)
        if not level:
            self.handheld.wake(pin)

    def _button(self, command: Command) -> int:
        buttons = self.handheld.world.board.buttons
        name = command.get("button", "trigger")
        if name not in buttons:
            raise ValueError(f"no button {name!r}: there are {', '.join(buttons)}")
        return buttons[str(name)]

    def _battery(self, command: Command) -> dict[str, object]:
        self.handheld.world.set_battery(int(_number(command, "mv", 3900)))
        return {}

    def _wifi(self, command: Command) -> dict[str, object]:
        self.handheld.wires.memory[w.AIR] = bool(command.get("on", True))
        return {}

    def _power(self, command: Command) -> dict[str, object]:
        self.handheld.cut_power(_number(command, "off_ms", 100) / 1e3)
        return {}

    def _fault(self, command: Command) -> dict[str, object]:
        args = cut(command.get("args", {}))
        wires = self.handheld.wires
        wires.memory[w.CUT_SHARE] = args.get("share", self._cut_share) & 0xFF
        wires.put_u32(w.CUT_AT, wires.u32(w.WRITES) + args.get("write", 1))
        return {"armed": 1}

    def _screen(self, command: Command) -> dict[str, object]:
        lines = self.handheld.world.display.lines()
        return {"lines": lines, "lit": "".join(lines).count("#")}

    def _png(self, command: Command) -> dict[str, object]:
        path = Path(str(command.get("path", "screen.png")))
        png.save(self.handheld.world.display.picture(), path)
        return {"path": str(path)}

    def _tones(self, command: Command) -> dict[str, object]:
        """[frequency in Hz, ms] of each that has ended since this was last asked."""
        tones = self.handheld.world.tones
        heard = list(tones)
        tones.clear()
        return {"tones": heard}

    def _led(self, command: Command) -> dict[str, object]:
        return {"led": list(self.handheld.world.led)}

    def _watch_heap(self, command: Command) -> dict[str, object]:
        """Have the board collect and look at each turn, from now on; heap_peak begins anew."""
        self.handheld.wires.put_u32(w.HEAP_PEAK, 0)
        self.handheld.wires.memory[w.HEAP_WATCHED] = bool(command.get("on", True))
        return {}

    def _stats(self, command: Command) -> dict[str, object]:
        chip = self._tags.do({"do": "stats"})["stats"]
        assert isinstance(chip, dict)
        return {"stats": {**chip, **stats(self.handheld)}}


def cut(args: object) -> dict[str, int]:
    """A power fault's arguments, as text from an option or numbers from JSON; ValueError where they are none."""
    if not isinstance(args, Mapping) or not {*args} <= {"write", "share"}:
        raise ValueError("power takes write=N, the flash write, and share=0..255 of it")
    return {key: int(str(value)) for key, value in args.items()}


def stats(handheld: Handheld) -> dict[str, object]:
    """What a board counts: heap_at_start and heap_peak are the firmware's, heap_of_board comes to them."""
    wires = handheld.wires
    board = wires.u32(w.HEAP_OF_BOARD)
    return {
        "heap_of_board": board,
        "heap_at_start": max(0, wires.u32(w.HEAP_AT_START) - board),
        "heap_peak": max(0, wires.u32(w.HEAP_PEAK) - board),
        "flash_writes": wires.u32(w.WRITES),
        "restarts": dict(handheld.restarts),
        "running": handheld.running,
    }


def _number(command: Command, key: str, default: float) -> float:
    value = command.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{key} {value!r} is no number from 0 on")
    return value


_DEEDS: dict[str, Callable[[HandheldControl, Command], dict[str, object]]] = {
    "press": HandheldControl._press,
    "hold": HandheldControl._hold,
    "release": HandheldControl._release,
    "battery": HandheldControl._battery,
    "wifi": HandheldControl._wifi,
    "power": HandheldControl._power,
    "fault": HandheldControl._fault,
    "screen": HandheldControl._screen,
    "png": HandheldControl._png,
    "tones": HandheldControl._tones,
    "led": HandheldControl._led,
    "watch_heap": HandheldControl._watch_heap,
    "stats": HandheldControl._stats,
}
_OTHERS = ("arrive", "leave", "memory", "load", "reset_stats", "clear_faults", "tags")
