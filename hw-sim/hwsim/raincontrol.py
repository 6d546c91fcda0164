"""One JSON object, one deed: what a test, a demo or a scenario can do to the RAIN tags before a reader."""

from collections.abc import Callable, Mapping

from hwsim.gen2chips import by_name
from hwsim.gen2tag import RainTag, from_tid, make
from hwsim.linefaults import Device
from hwsim.rainfield import Conveyor, Pallet, RainField

Command = Mapping[str, object]

DEFAULT_CHIP = "monzax8k"


class RainControl:
    """Commands on a field and its tags. A tag is named by its `tid` or, while only one has it, its `epc`, in hex.

    device: what `unplug` takes away, where it can be. rssi_dbm: how strong a tag is that nobody said it of.
    """

    def __init__(
        self, field: RainField, device: Device | None = None, rssi_dbm: float = -50.0
    ) -> None:
        self.field = field
        self.device = device
        self.rssi_dbm = rssi_dbm

    def check(self, command: Command) -> None:
        """ValueError where there is no such command, or its EPC, TID or chip cannot be."""
        name = command.get("do")
        if not isinstance(name, str) or name not in DEEDS:
            raise ValueError(f"no command {name!r}: known are {', '.join(DEEDS)}")
        _hex(command, "epc")
        _hex(command, "tid")
        by_name(str(command.get("tag", DEFAULT_CHIP)))

    def do(self, command: Command) -> dict[str, object]:
        """Run one command and return its reply; ValueError says what is wrong with it."""
        self.check(command)
        return DEEDS[str(command["do"])](self, command)

    def _arrive(self, command: Command) -> dict[str, object]:
        """tag, epc, tid, antenna, rssi_dbm; a tag that has been here needs one of epc and tid."""
        tag = self._find(command)
        if tag is None:
            tag = new_tag(
                str(command.get("tag", DEFAULT_CHIP)),
                self.field,
                _hex(command, "epc"),
                _hex(command, "tid"),
            )
        antenna = _number(command, "antenna", 1)
        self.field.arrive(tag, int(antenna), _number(command, "rssi_dbm", self.rssi_dbm))
        return named(tag)

    def _leave(self, command: Command) -> dict[str, object]:
        antenna = int(_number(command, "antenna", 0)) or None
        if "tid" not in command and "epc" not in command:
            gone = self.field.leave(antenna=antenna)
        else:
            gone = self.field.leave(self._known(command).tid, antenna)
        return {"left": [tag.epc.hex() for tag in gone]}

    def _tags(self, command: Command) -> dict[str, object]:
        return {
            "tags": [
                {**named(tag), "antennas": self.field.antennas_of(tag)}
                for tag in self.field.present
            ]
        }

    def _memory(self, command: Command) -> dict[str, object]:
        return self._known(command).dump()

    def _load(self, command: Command) -> dict[str, object]:
        """memory: what the command `memory` has returned, or the banks of it that shall be loaded."""
        tag = self._known(command)
        image = command.get("memory")
        if not isinstance(image, dict):
            raise ValueError("memory is no object")
        tag.load({**image, "tid": tag.tid.hex()})
        return named(tag)

    def _pallet(self, command: Command) -> dict[str, object]:
        """tags: how many; shadowed: the part of them that is."""
        pallet = Pallet(
            int(_number(command, "tags", 500)), shadowed=_number(command, "shadowed", 0.02)
        )
        random = self.field.faults.random
        tags = pallet.make(random)
        pallet.arrive(self.field, tags, random)
        return {"tags": [named(tag) for tag in tags]}

    def _conveyor(self, command: Command) -> dict[str, object]:
        """tags: how many; tag: their chip; speed_m_s, gap_m."""
        conveyor = Conveyor(_number(command, "speed_m_s", 0.5), _number(command, "gap_m", 0.5))
        if conveyor.speed_m_s <= 0:
            raise ValueError("a belt moves: speed_m_s is more than 0")
        chip = by_name(str(command.get("tag", DEFAULT_CHIP)))
        tags = [
            make(chip, self.field.faults.random) for _ in range(int(_number(command, "tags", 10)))
        ]
        conveyor.start(self.field, tags)
        return {"tags": [named(tag) for tag in tags], "lasts_s": conveyor.lasts_s(len(tags))}

    def _stats(self, command: Command) -> dict[str, object]:
        return {"stats": self.field.clock.stats()}

    def _reset_stats(self, command: Command) -> dict[str, object]:
        stats = self.field.clock.stats()
        self.field.clock.reset()
        return {"stats": stats}

    def _fault(self, command: Command) -> dict[str, object]:
        args = command.get("args", {})
        if not isinstance(args, Mapping):
            raise ValueError("args is no object")
        self.field.faults.add(str(command.get("name")), args)
        return {"armed": len(self.field.faults.armed)}

    def _clear_faults(self, command: Command) -> dict[str, object]:
        self.field.faults.armed.clear()
        return {"armed": 0}

    def _unplug(self, command: Command) -> dict[str, object]:
        """Left to the port: back_s later, if that is said, it comes back."""
        if self.device is None:
            raise ValueError("there is nothing to unplug")
        back_s = _number(command, "back_s", 0.0)
        if back_s < 0:
            raise ValueError(f"back_s {back_s!r} is no number of seconds")
        self.device.unplugged = True
        self.device.replug_after_s = back_s
        return {"unplugged": True}

    def _find(self, command: Command) -> RainTag | None:
        tid, epc = _hex(command, "tid"), _hex(command, "epc")
        if tid is not None:
            return self.field.known.get(tid)
        found = [tag for tag in self.field.known.values() if tag.epc == epc]
        if epc is not None and len(found) > 1:
            raise ValueError(f"{len(found)} tags have the epc {epc.hex()}: name one by its tid")
        return found[0] if epc is not None and found else None

    def _known(self, command: Command) -> RainTag:
        if "tid" not in command and "epc" not in command and len(self.field.present) == 1:
            return self.field.present[0]
        tag = self._find(command)
        if tag is None:
            raise ValueError("no such tag has been here: name one by its tid or epc")
        return tag


def named(tag: RainTag) -> dict[str, object]:
    """How a tag is told of."""
    return {"epc": tag.epc.hex(), "tid": tag.tid.hex(), "tag": tag.chip.key}


def new_tag(
    chip_name: str, field: RainField, epc: bytes | None = None, tid: bytes | None = None
) -> RainTag:
    """A tag of that chip; what is not said comes from the field's seed. ValueError where something does not fit."""
    chip = by_name(chip_name)
    return from_tid(chip, tid, epc) if tid is not None else make(chip, field.faults.random, epc)


def tag_option(text: str, field: RainField) -> RainTag:
    """CHIP[:EPC[:TID]], both in hex, as an option has it; a tag that the field knows is that one."""
    name, _, rest = text.partition(":")
    epc, _, tid = rest.partition(":")
    try:
        raw_epc = bytes.fromhex(epc) if epc else None
        raw_tid = bytes.fromhex(tid) if tid else None
    except ValueError:
        raise ValueError(f"tag {text!r}: EPC and TID are hex") from None
    known = field.known.get(raw_tid) if raw_tid is not None else None
    return known or new_tag(name, field, raw_epc, raw_tid)


def _hex(command: Command, key: str) -> bytes | None:
    value = command.get(key)
    if value is None:
        return None
    try:
        return bytes.fromhex(str(value))
    except ValueError:
        raise ValueError(f"{key} {value!r} is no hex") from None


def _number(command: Command, key: str, default: float) -> float:
    value = command.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{key} {value!r} is no number")
    return value


DEEDS: dict[str, Callable[[RainControl, Command], dict[str, object]]] = {
    "arrive": RainControl._arrive,
    "leave": RainControl._leave,
    "tags": RainControl._tags,
    "memory": RainControl._memory,
    "load": RainControl._load,
    "pallet": RainControl._pallet,
    "conveyor": RainControl._conveyor,
    "stats": RainControl._stats,
    "reset_stats": RainControl._reset_stats,
    "fault": RainControl._fault,
    "clear_faults": RainControl._clear_faults,
    "unplug": RainControl._unplug,
}
