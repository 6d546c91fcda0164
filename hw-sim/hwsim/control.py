"""One JSON object, one deed: what a test, a demo or a scenario can do to the simulated world."""

from collections.abc import Callable, Mapping

from hwsim.chips import CHIPS
from hwsim.ntag import Tag
from hwsim.pn532 import Pn532

Command = Mapping[str, object]


class Control:
    """Commands on a chip and its field."""

    def __init__(self, chip: Pn532) -> None:
        self.chip = chip

    def check(self, command: Command) -> None:
        """ValueError where no such command, chip, UID or duration can be."""
        _check(command)

    def do(self, command: Command) -> dict[str, object]:
        """Run one command and return its reply; ValueError says what is wrong with it."""
        _check(command)
        return _DEEDS[str(command["do"])](self, command)

    def _arrive(self, command: Command) -> dict[str, object]:
        field = self.chip.field
        uid = _uid(command)
        if uid is not None and uid in field.known:
            tag = field.known[uid]
        else:
            chip = CHIPS[str(command.get("tag", "ntag215"))]
            tag = Tag(chip, uid if uid is not None else self.chip.faults.make_uid())
        if "memory" in command:
            _fill(tag, command)
        field.arrive(tag)
        return {"uid": tag.uid.hex(), "tag": tag.chip.name}

    def _leave(self, command: Command) -> dict[str, object]:
        return {"left": [tag.uid.hex() for tag in self.chip.field.leave(_uid(command))]}

    def _memory(self, command: Command) -> dict[str, object]:
        tag = self._known(command)
        return {"uid": tag.uid.hex(), "tag": tag.chip.name, "memory": tag.memory.hex()}

    def _load(self, command: Command) -> dict[str, object]:
        tag = self._known(command)
        _fill(tag, command)
        return {"uid": tag.uid.hex()}

    def _known(self, command: Command) -> Tag:
        field = self.chip.field
        uid = _uid(command)
        if uid is None and len(field.present) == 1:
            return field.present[0]
        if uid not in field.known:
            raise ValueError(f"no tag with uid {command.get('uid')!r} has been here")
        return field.known[uid]

    def _stats(self, command: Command) -> dict[str, object]:
        return {"stats": self.chip.clock.stats()}

    def _reset_stats(self, command: Command) -> dict[str, object]:
        stats = self.chip.clock.stats()
        self.chip.clock.reset()
        return {"stats": stats}

    def _fault(self, command: Command) -> dict[str, object]:
        args = command.get("args", {})
        if not isinstance(args, Mapping):
            raise ValueError("args is no object")
        self.chip.faults.add(str(command.get("name")), args).start(self.chip)
        return {"armed": len(self.chip.faults.armed)}

    def _clear_faults(self, command: Command) -> dict[str, object]:
        self.chip.faults.armed.clear()
        return {"armed": 0}

    def _unplug(self, command: Command) -> dict[str, object]:
        """Left to the port: back_s later, if that is said, it comes back."""
        self.chip.unplugged = True
        self.chip.replug_after_s = _seconds(command)
        return {"unplugged": True}

    def _tags(self, command: Command) -> dict[str, object]:
        return {"tags": [tag.uid.hex() for tag in self.chip.field.present]}


def _fill(tag: Tag, command: Command) -> None:
    """ValueError where the command's memory is not the tag's size."""
    memory = bytes.fromhex(str(command.get("memory", "")))
    if len(memory) != len(tag.memory):
        raise ValueError(f"{tag.chip.name} holds {len(tag.memory)} bytes, not {len(memory)}")
    tag.memory[:] = memory


def _check(command: Command) -> None:
    """ValueError where no such command, chip, UID or duration can be."""
    name = command.get("do")
    if not isinstance(name, str) or name not in _DEEDS:
        raise ValueError(f"no command {name!r}: known are {', '.join((*_DEEDS, 'replug'))}")
    chip = command.get("tag", "ntag215")
    if not isinstance(chip, str) or chip not in CHIPS:
        raise ValueError(f"no chip {command.get('tag')!r}: known are {', '.join(CHIPS)}")
    _uid(command)
    _seconds(command)


def _seconds(command: Command) -> float:
    duration_s = command.get("back_s", 0)
    if not isinstance(duration_s, int | float) or duration_s < 0:
        raise ValueError(f"back_s {duration_s!r} is no number of seconds")
    return duration_s


def _uid(command: Command) -> bytes | None:
    uid = command.get("uid")
    if uid is None:
        return None
    try:
        raw = bytes.fromhex(str(uid))
    except ValueError:
        raw = b""
    if len(raw) != 7:
        raise ValueError(f"uid {uid!r} is not 14 hex digits")
    return raw


_DEEDS: dict[str, Callable[[Control, Command], dict[str, object]]] = {
    "arrive": Control._arrive,
    "leave": Control._leave,
    "memory": Control._memory,
    "load": Control._load,
    "stats": Control._stats,
    "reset_stats": Control._reset_stats,
    "fault": Control._fault,
    "clear_faults": Control._clear_faults,
    "unplug": Control._unplug,
    "tags": Control._tags,
}
