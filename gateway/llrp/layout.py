"""The fields of one message or parameter: from a row of gateway/llrp/tables.py to a reader and writer of its bytes.

LLRP 1.1, "Binary Encoding for LLRP": big endian, most significant bit first; reserved bits are sent as 0 and ignored.
"""

import struct
from collections.abc import Mapping
from typing import NamedTuple

from edge.errors import Malformed, Truncated


class Bits(NamedTuple):
    """A bit array: `length` bits, MSB first in `data`, whose last byte is padded."""

    length: int
    data: bytes


Value = int | str | bytes | Bits | tuple[int, ...]

_FIXED = {
    "u8": "B",
    "u16": "H",
    "u32": "I",
    "u64": "Q",
    "s8": "b",
    "s16": "h",
    "s32": "i",
    "u96": "12s",
}
_PACKED = {8: "B", 16: "H", 32: "I"}
_COUNTED: dict[str, Value] = {
    "bits": Bits(0, b""),
    "bytes": b"",
    "words": b"",
    "u16s": (),
    "u32s": (),
    "text": "",
    "rest": b"",
}
_U16 = struct.Struct(">H")
_MOST_COUNT = 0xFFFF


class _Part(NamedTuple):
    """A field inside the value at `place` of a struct: shifted down, then masked; mask 0: the whole value."""

    name: str
    place: int
    shift: int = 0
    mask: int = 0


class _Fixed:
    """A run of fields of fixed size."""

    def __init__(self, specs: list[str]) -> None:
        codes, parts = [">"], []
        bits: list[tuple[str, int]] = []
        for spec in specs:
            name, kind = _named(spec)
            if name and kind in _FIXED:
                parts.append(_Part(name, len(codes) - 1))
                codes.append(_FIXED[kind])
                continue
            bits.append((name, int(kind[1:])))
            total = sum(width for _, width in bits)
            if total in _PACKED:
                at = total
                for inner, width in bits:
                    at -= width
                    if inner:
                        parts.append(_Part(inner, len(codes) - 1, at, (1 << width) - 1))
                codes.append(_PACKED[total])
                bits = []
        self._struct = struct.Struct("".join(codes))
        self._codes = codes[1:]
        self._parts = tuple(parts)

    def names(self) -> list[tuple[str, Value]]:
        """Each field with its value where nobody gives one."""
        return [(part.name, self._zero(part)) for part in self._parts]

    def _zero(self, part: _Part) -> Value:
        if part.mask:
            return False if part.mask == 1 else 0
        return bytes(12) if self._codes[part.place] == "12s" else 0

    def read(self, data: bytes, at: int, end: int, into: dict[str, Value]) -> int:
        if end - at < self._struct.size:
            names = ", ".join(part.name for part in self._parts) or "reserved bits"
            raise Truncated(f"{end - at} bytes are left for {names}")
        values = self._struct.unpack_from(data, at)
        for name, place, shift, mask in self._parts:
            value = values[place]
            if mask:
                value = value >> shift & mask
                into[name] = bool(value) if mask == 1 else value
            else:
                into[name] = value
        return at + self._struct.size

    def write(self, fields: Mapping[str, Value], out: bytearray) -> None:
        values: list[int | bytes] = [0] * len(self._codes)
        for name, place, shift, mask in self._parts:
            value = fields[name]
            if self._codes[place] == "12s":
                if not isinstance(value, bytes) or len(value) != 12:
                    raise ValueError(f"{name} takes 12 bytes")
                values[place] = value
                continue
            if not isinstance(value, int) or (mask and not 0 <= value <= mask):
                raise ValueError(f"{name} does not take {_shown(name, value)}")
            before = values[place]
            assert isinstance(before, int)
            values[place] = before | value << shift
        try:
            out += self._struct.pack(*values)
        except struct.error as why:
            named = ", ".join(part.name for part in self._parts)
            raise ValueError(f"one of {named} is out of range: {why}") from None


class _Counted:
    """One field that states its own length; `rest` takes all that is left."""

    def __init__(self, spec: str) -> None:
        self._name, self._kind = _named(spec)

    def names(self) -> list[tuple[str, Value]]:
        return [(self._name, _COUNTED[self._kind])]

    def read(self, data: bytes, at: int, end: int, into: dict[str, Value]) -> int:
        kind = self._kind
        if kind == "rest":
            into[self._name] = bytes(data[at:end])
            return end
        if end - at < 2:
            raise Truncated(f"{end - at} bytes are left for the count of {self._name}")
        (count,) = _U16.unpack_from(data, at)
        at += 2
        size = _size(kind, count)
        if end - at < size:
            raise Truncated(f"{self._name} of {size} bytes, {end - at} are left")
        raw = bytes(data[at : at + size])
        if kind == "bits":
            into[self._name] = Bits(count, raw)
        elif kind == "text":
            try:
                into[self._name] = raw.decode()
            except UnicodeDecodeError as why:
                raise Malformed(f"{self._name} is no UTF-8: {why}") from None
        elif kind == "u16s":
            into[self._name] = struct.unpack(f">{count}H", raw)
        elif kind == "u32s":
            into[self._name] = struct.unpack(f">{count}I", raw)
        else:
            into[self._name] = raw
        return at + size

    def write(self, fields: Mapping[str, Value], out: bytearray) -> None:
        count, raw = self._raw(fields[self._name])
        if self._kind == "rest":
            out += raw
            return
        if count > _MOST_COUNT:
            raise ValueError(f"{self._name} is too long")
        out += _U16.pack(count) + raw

    def _raw(self, value: Value) -> tuple[int, bytes]:
        kind = self._kind
        if kind == "bits" and isinstance(value, Bits):
            if len(value.data) == _size(kind, value.length):
                return value
        elif kind == "text" and isinstance(value, str):
            raw = value.encode()
            return len(raw), raw
        elif kind in ("u16s", "u32s") and isinstance(value, tuple):
            code = "H" if kind == "u16s" else "I"
            try:
                return len(value), struct.pack(f">{len(value)}{code}", *value)
            except struct.error:
                pass
        elif kind == "words" and isinstance(value, bytes):
            if len(value) % 2 == 0:
                return len(value) // 2, value
        elif kind in ("bytes", "rest") and isinstance(value, bytes):
            return len(value), value
        raise ValueError(f"{self._name} ({kind}) does not take {_shown(self._name, value)}")


class Layout:
    """The fields of a row, in the wire's order."""

    def __init__(self, specs: str) -> None:
        """specs: the row's fields as text."""
        self._steps: list[_Fixed | _Counted] = []
        run: list[str] = []
        for spec in specs.split():
            if _named(spec)[1] in _COUNTED:
                self._end(run)
                run = []
                self._steps.append(_Counted(spec))
            else:
                run.append(spec)
        self._end(run)
        self._defaults = dict(pair for step in self._steps for pair in step.names())

    def _end(self, run: list[str]) -> None:
        if run:
            self._steps.append(_Fixed(run))

    def complete(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """All fields: those given, 0 or empty for the others; bytes will do for a bit array. ValueError: unknown."""
        unknown = given.keys() - self._defaults.keys()
        if unknown:
            known = ", ".join(self._defaults) or "none"
            raise ValueError(f"no field {min(unknown)!r}: known are {known}")
        found = self._defaults | dict(given)
        for name, value in given.items():
            if isinstance(self._defaults[name], Bits) and isinstance(value, bytes):
                found[name] = Bits(8 * len(value), value)
        return found

    def read(self, data: bytes, at: int, end: int) -> tuple[dict[str, Value], int]:
        """The fields in data[at:end], and where they end. Raises Malformed or Truncated."""
        fields: dict[str, Value] = {}
        for step in self._steps:
            at = step.read(data, at, end, fields)
        return fields, at

    def write(self, fields: Mapping[str, Value]) -> bytes:
        """The bytes of all fields. ValueError where a value does not fit its field."""
        out = bytearray()
        for step in self._steps:
            step.write(fields, out)
        return bytes(out)


def is_secret(name: str) -> bool:
    """Whether a field of this name holds a password."""
    return name.endswith("Password")


def _shown(name: str, value: Value) -> str:
    return "that" if is_secret(name) else repr(value)


def _named(spec: str) -> tuple[str, str]:
    """(name, kind) of one field; reserved bits have no name."""
    if spec.startswith("-"):
        return "", "u" + spec[1:]
    name, _, kind = spec.partition(":")
    return name, kind


def _size(kind: str, count: int) -> int:
    if kind == "bits":
        return (count + 7) // 8
    return count * {"words": 2, "u16s": 2, "u32s": 4}.get(kind, 1)
