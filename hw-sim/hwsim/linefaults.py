"""What goes wrong on any reader's line, and what faults are given: shared by `hwsim.faults` and `hwsim.rainfaults`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import signature
from random import Random
from typing import Protocol


class Device(Protocol):
    """A reader on a port that can be pulled."""

    unplugged: bool
    replug_after_s: float


@dataclass
class Noise:
    every: int = 100
    kind: str = "flip"
    side: str = "out"
    passed: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        if (
            self.every < 1
            or self.kind not in ("flip", "insert", "drop")
            or self.side not in ("in", "out")
        ):
            raise ValueError("noise: every >= 1, kind flip, insert or drop, side in or out")

    def line_in(self, data: bytes, random: Random) -> bytes:
        return self._spoil(data, random) if self.side == "in" else data

    def line_out(self, data: bytes, random: Random) -> bytes:
        return self._spoil(data, random) if self.side == "out" else data

    def _spoil(self, data: bytes, random: Random) -> bytes:
        spoiled = bytearray()
        for value in data:
            self.passed += 1
            if self.passed % self.every:
                spoiled.append(value)
            elif self.kind == "flip":
                spoiled.append(value ^ 1 << random.randrange(8))
            elif self.kind == "insert":
                spoiled += bytes((random.randrange(256), value))
        return bytes(spoiled)


@dataclass
class LostAnswer:
    done = False
    at: int = 1

    def loses_answer(self) -> bool:
        self.at -= 1
        self.done = self.at <= 0
        return self.done


@dataclass
class Unplug:
    done = False
    after: int = 1
    back_s: float = 0.0

    def command(self, device: Device) -> None:
        self.after -= 1
        if self.after <= 0:
            self.done = True
            device.unplugged = True
            device.replug_after_s = self.back_s


def arguments(
    name: str, kind: type[object], args: Mapping[str, object]
) -> dict[str, int | float | str]:
    """The arguments in the types that the fault names them in."""
    types = {key: type(it.default) for key, it in signature(kind).parameters.items()}
    made: dict[str, int | float | str] = {}
    for key, value in args.items():
        if key not in types:
            raise ValueError(f"{name} has no {key!r}: it takes {', '.join(types)}")
        try:
            made[key] = types[key](value)
        except (TypeError, ValueError):
            raise ValueError(f"{name}: {key}={value!r} is no {types[key].__name__}") from None
    return made
