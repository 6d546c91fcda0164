"""Deeds on a simulated scanner: what is held before it, and what goes wrong with it."""

from collections.abc import Callable, Mapping

from hwsim import linefaults
from hwsim.scanner import FAULTS, Fault, Scanner
from hwsim.scanner_dialects import Code

Command = Mapping[str, object]

_MOST_FLOOD = 100_000_000  # messages
_MOST_BYTES = 1 << 20  # of garbage in one deed
_LONGEST = 8192  # bytes of a code

_TYPES = {  # AIM's code character -> SSI's bar code type
    "A": 0x01,
    "C": 0x03,
    "E": 0x0B,
    "F": 0x02,
    "I": 0x06,
    "G": 0x07,
    "L": 0x11,
    "d": 0x1B,
    "Q": 0x1C,
    "z": 0x2D,
}


def code(aim: str, data: bytes) -> Code:
    """A code by its AIM identifier, "" where that is not told; ValueError where it cannot be."""
    if aim and (len(aim) != 3 or aim[0] != "]" or not aim.isascii()):
        raise ValueError(f"aim {aim!r} is no AIM identifier, as ]Q1")
    if not 0 < len(data) <= _LONGEST:
        raise ValueError(f"a code has 1 to {_LONGEST} bytes, not {len(data)}")
    type = 0x0F if aim == "]C1" else 0x0A if aim == "]E4" else _TYPES.get(aim[1:2], 0)
    return Code(data, aim, type)


class ScannerControl:
    """See hwsim.port.Deeds.

    {"do": "scan", "text": "...", "aim": "]Q1"}   it reads this now ("hex" for bytes)
    {"do": "show", "text": ...}                   it stands there from now on, for each trigger; {"do": "clear"}
    {"do": "no_read"}                             its cycle ends without a code
    {"do": "say", "hex": "0d0a"}                  these bytes; {"do": "garbage", "bytes": 1000}: random ones
    {"do": "endless", "bytes": 100000}            a message without its end
    {"do": "flood", "messages": 100000}           as fast as it can; {"do": "calm"}
    {"do": "drop", "back_s": 0.5}                 the connection breaks; on a serial port the plug is pulled
    {"do": "fault", "name": "noise", "args": {"every": 50}}, {"do": "clear_faults"}, {"do": "stats"}
    """

    def __init__(self, device: Scanner) -> None:
        self.device = device

    def check(self, command: Command) -> None:
        name = command.get("do")
        if not isinstance(name, str) or name not in _DEEDS:
            raise ValueError(f"no command {name!r}: known are {', '.join((*_DEEDS, 'replug'))}")
        if name in ("scan", "show"):
            _code(command)
        elif name == "say":
            _hex(command)
        elif name in ("garbage", "endless"):
            _number(command, "bytes", 1000, _MOST_BYTES)
        elif name == "flood":
            _number(command, "messages", 100_000, _MOST_FLOOD)
        elif name == "drop":
            _seconds(command)
        elif name == "fault":
            _fault(command)

    def do(self, command: Command) -> dict[str, object]:
        self.check(command)
        return _DEEDS[str(command["do"])](self, command)

    def _scan(self, command: Command) -> dict[str, object]:
        self.device.scan(_code(command))
        return {"scanned": True}

    def _show(self, command: Command) -> dict[str, object]:
        self.device.view.append(_code(command))
        return {"codes": len(self.device.view)}

    def _clear(self, command: Command) -> dict[str, object]:
        self.device.view.clear()
        return {"codes": 0}

    def _no_read(self, command: Command) -> dict[str, object]:
        self.device.miss()
        return {"no_read": True}

    def _say(self, command: Command) -> dict[str, object]:
        self.device.say(_hex(command))
        return {"said": True}

    def _garbage(self, command: Command) -> dict[str, object]:
        count = _number(command, "bytes", 1000, _MOST_BYTES)
        self.device.say(self.device.random.randbytes(count))
        return {"bytes": count}

    def _endless(self, command: Command) -> dict[str, object]:
        count = _number(command, "bytes", 100_000, _MOST_BYTES)
        self.device.say(self.device.setting.header + b"A" * count)
        return {"bytes": count}

    def _flood(self, command: Command) -> dict[str, object]:
        self.device.flood(_number(command, "messages", 100_000, _MOST_FLOOD))
        return {"messages": self.device.flood_left}

    def _calm(self, command: Command) -> dict[str, object]:
        self.device.flood(0)
        return {"messages": 0}

    def _drop(self, command: Command) -> dict[str, object]:
        self.device.unplugged = True
        self.device.replug_after_s = _seconds(command)
        return {"dropped": True}

    def _fault(self, command: Command) -> dict[str, object]:
        self.device.faults.append(_fault(command))
        return {"armed": len(self.device.faults)}

    def _clear_faults(self, command: Command) -> dict[str, object]:
        self.device.faults.clear()
        return {"armed": 0}

    def _stats(self, command: Command) -> dict[str, object]:
        return {"stats": {**self.device.clock.stats(), **self.device.counts}}


def fault(name: str, args: Mapping[str, object]) -> Fault:
    """ValueError says which names and arguments there are."""
    kind = FAULTS.get(name)
    if kind is None:
        raise ValueError(f"no fault {name!r}: known are {', '.join(FAULTS)}")
    return kind(**linefaults.arguments(name, kind, args))


def _fault(command: Command) -> Fault:
    args = command.get("args", {})
    if not isinstance(args, Mapping):
        raise ValueError("args is no object")
    return fault(str(command.get("name")), args)


def _code(command: Command) -> Code:
    if "hex" in command:
        data = _hex(command)
    else:
        text = command.get("text")
        if not isinstance(text, str):
            raise ValueError('say what: "text" or "hex"')
        data = text.encode()
    return code(str(command.get("aim", "")), data)


def _hex(command: Command) -> bytes:
    try:
        return bytes.fromhex(str(command.get("hex", "")))
    except ValueError:
        raise ValueError(f"hex {command.get('hex')!r} is no hex") from None


def _number(command: Command, name: str, default: int, most: int) -> int:
    found = command.get(name, default)
    if not isinstance(found, int) or isinstance(found, bool) or not 0 < found <= most:
        raise ValueError(f"{name} {found!r} is no number up to {most}")
    return found


def _seconds(command: Command) -> float:
    found = command.get("back_s", 0)
    if not isinstance(found, int | float) or found < 0:
        raise ValueError(f"back_s {found!r} is no number of seconds")
    return found


_DEEDS: dict[str, Callable[[ScannerControl, Command], dict[str, object]]] = {
    "scan": ScannerControl._scan,
    "show": ScannerControl._show,
    "clear": ScannerControl._clear,
    "no_read": ScannerControl._no_read,
    "say": ScannerControl._say,
    "garbage": ScannerControl._garbage,
    "endless": ScannerControl._endless,
    "flood": ScannerControl._flood,
    "calm": ScannerControl._calm,
    "drop": ScannerControl._drop,
    "fault": ScannerControl._fault,
    "clear_faults": ScannerControl._clear_faults,
    "stats": ScannerControl._stats,
}
