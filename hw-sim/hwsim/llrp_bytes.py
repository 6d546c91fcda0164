"""LLRP bytes (EPCglobal Low Level Reader Protocol 1.0.1 and 1.1): messages, parameters and their fields.

A message: 3 bits reserved, 3 bits version, 10 bits type, length of it all, id, then fields and parameters. A
parameter: TLV with a type of 10 bits and a length, or TV with one byte of type. What a row of the table does not
allow is Malformed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import Struct
from typing import NamedTuple

from hwsim.llrp_table import MESSAGES, PARAMETERS, TV_NUMBERS

HEADER = Struct(">HII")
LONGEST = 1 << 20  # bytes of one message from a client

M_SUCCESS = 0
M_PARAMETER_ERROR, M_FIELD_ERROR = 100, 101
M_UNEXPECTED_PARAMETER, M_MISSING_PARAMETER, M_DUPLICATE_PARAMETER = 102, 103, 104
M_OVERFLOW_FIELD, M_UNKNOWN_PARAMETER, M_UNSUPPORTED_MESSAGE = 106, 107, 109
M_UNSUPPORTED_VERSION, M_UNSUPPORTED_PARAMETER, M_UNEXPECTED_MESSAGE = 110, 111, 112
P_PARAMETER_ERROR, P_FIELD_ERROR = 200, 201
P_UNEXPECTED_PARAMETER, P_MISSING_PARAMETER, P_DUPLICATE_PARAMETER = 202, 203, 204
P_OVERFLOW_PARAMETER, P_UNKNOWN_PARAMETER, P_UNSUPPORTED_PARAMETER = 205, 207, 209
A_INVALID, A_OUT_OF_RANGE = 300, 301
R_DEVICE_ERROR = 401

_NEVER_MANY = ("", "?")


class Bits(NamedTuple):
    """A counted bit array: the first bit is the highest of `data`, which is padded with zeros."""

    length: int
    data: bytes


Value = int | str | bytes | Bits | tuple[int, ...]


class Malformed(Exception):
    """What stands in a message cannot be. path: the types of the parameters that it stands in, outermost first."""

    def __init__(self, code: int, said: str, field: int | None = None) -> None:
        """code: of the innermost, as LLRPStatus has it; field: which of its fields, from 0."""
        super().__init__(said)
        self.code = code
        self.field = field
        self.path: list[int] = []


@dataclass(frozen=True)
class Row:
    """One message or parameter as the table has it."""

    number: int
    name: str
    fields: tuple[tuple[str, str], ...]  # name, kind; a reserved one has no name
    children: dict[str, str]  # name, how often: "", ?, * or +


@dataclass
class Node:
    """A message or a parameter in parts."""

    row: Row
    fields: dict[str, Value]
    children: list["Node"] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.row.name

    def number(self, name: str) -> int:
        value = self.fields[name]
        assert isinstance(value, int)
        return value

    def raw(self, name: str) -> bytes:
        value = self.fields[name]
        assert isinstance(value, bytes)
        return value

    def bits(self, name: str) -> Bits:
        value = self.fields[name]
        assert isinstance(value, Bits)
        return value

    def numbers(self, name: str) -> tuple[int, ...]:
        value = self.fields[name]
        assert isinstance(value, tuple) and not isinstance(value, Bits)
        return value

    def all(self, *names: str) -> list["Node"]:
        """The sub-parameters of these names, in their order."""
        return [child for child in self.children if child.name in names]

    def find(self, name: str) -> "Node | None":
        """The first sub-parameter of that name."""
        return next((child for child in self.children if child.name == name), None)

    def vendor(self, vendor: int, subtype: int) -> bytes | None:
        """What the first parameter of a vendor's own with that subtype holds."""
        for child in self.all("Custom"):
            found = child.number("VendorIdentifier"), child.number("ParameterSubtype")
            if found == (vendor, subtype):
                return child.raw("Data")
        return None

    def one(self, name: str) -> "Node":
        """The sub-parameter that the table says is there."""
        return next(child for child in self.children if child.name == name)


class Frame(NamedTuple):
    """One message as it came."""

    version: int
    type: int
    id: int
    body: bytes


class Frames:
    """Bytes to messages. Malformed where a length cannot be: nothing that follows can be read then."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def receive(self, data: bytes) -> Iterator[Frame]:
        """The messages that are whole now."""
        pending = self._pending
        pending += data
        while len(pending) >= HEADER.size:
            first, length, number = HEADER.unpack_from(pending)
            if not HEADER.size <= length <= LONGEST:
                raise Malformed(M_OVERFLOW_FIELD, f"a message of {length} bytes")
            if len(pending) < length:
                return
            body = bytes(pending[HEADER.size : length])
            del pending[:length]
            yield Frame(first >> 10 & 7, first & 0x3FF, number, body)


# -- to bytes --


def message(type: int, id: int, body: bytes = b"", version: int = 1) -> bytes:
    """One message; version 1 is LLRP 1.0.1, 2 is 1.1."""
    return HEADER.pack(version << 10 | type, HEADER.size + len(body), id) + body


def custom(vendor: int, subtype: int, data: bytes) -> Node:
    """A parameter of a vendor's own."""
    return make("Custom", VendorIdentifier=vendor, ParameterSubtype=subtype, Data=data)


def tlv(type: int, body: bytes) -> bytes:
    """One parameter with a length."""
    return type.to_bytes(2, "big") + (4 + len(body)).to_bytes(2, "big") + body


def make(name: str, /, *children: Node, **fields: Value) -> Node:
    """A parameter, or a message's body, by its name; a field that is not said is 0 or empty."""
    row = _BY_NAME.get(name) or _MESSAGES[MESSAGE_NUMBERS[name]]
    known = {each: kind for each, kind in row.fields if each}
    if fields.keys() - known.keys():
        raise ValueError(f"{name} has no {sorted(fields.keys() - known.keys())}")
    return Node(
        row, {each: fields.get(each, _empty(kind)) for each, kind in known.items()}, list(children)
    )


def encode(node: Node) -> bytes:
    """A parameter's bytes."""
    body = body_of(node)
    number = node.row.number
    return bytes((0x80 | number,)) + body if number in TV_NUMBERS else tlv(number, body)


def body_of(node: Node) -> bytes:
    """Fields and sub-parameters, without what stands before them."""
    out = bytearray()
    bits = width = 0
    for name, kind in node.row.fields:
        size = _width(kind)
        if size:
            bits = bits << size | (int(node.number(name)) if name else 0) & (1 << size) - 1
            width += size
            if not width % 8:
                out += bits.to_bytes(width // 8, "big")
                bits = width = 0
        else:
            out += _counted(kind, node.fields[name])
    for child in node.children:
        out += encode(child)
    return bytes(out)


# -- from bytes --


def message_body(frame: Frame) -> Node:
    """The message in parts; KeyError where the table has no such type, Malformed where it is not as its row says."""
    row = _MESSAGES[frame.type]
    return _node(row, frame.body, 0, len(frame.body), outermost=True)


def parameters(data: bytes) -> list[Node]:
    """The parameters that stand one after another in `data`, each by its own row; Malformed else."""
    return list(_children(data, 0, len(data)))


def _node(row: Row, data: bytes, at: int, end: int, outermost: bool = False) -> Node:
    """The part of `data` that belongs to the row."""
    fields: dict[str, Value] = {}
    bits = 8 * at
    for number, (name, kind) in enumerate(row.fields):
        size = _width(kind)
        if size:
            if bits + size > 8 * end:
                raise Malformed(P_FIELD_ERROR, f"{row.name} ends before its {name}", number)
            value = _unsigned(data, bits, size)
            if kind[0] == "s" and value >> size - 1:
                value -= 1 << size
            bits += size
            if name:
                fields[name] = value
        else:
            fields[name], bits = _uncounted(row, number, kind, data, bits // 8, end)
    node = Node(row, fields)
    for child in _children(data, bits // 8, end):
        node.children.append(child)
    _check_children(node, outermost)
    return node


def _children(data: bytes, at: int, end: int) -> Iterator[Node]:
    while at < end:
        tv = data[at] & 0x80
        if not tv and end - at < 4:
            raise Malformed(P_PARAMETER_ERROR, f"{end - at} bytes are left over")
        number = data[at] & 0x7F if tv else (data[at] << 8 | data[at + 1]) & 0x3FF
        row = _PARAMETERS.get(number)
        if row is None or (number in TV_NUMBERS) != bool(tv):
            wrong = Malformed(P_UNKNOWN_PARAMETER, f"there is no parameter {number}")
            wrong.path.insert(0, number)
            raise wrong
        first = at + 1 if tv else at + 4
        length = first - at + _tv_size(row) if tv else data[at + 2] << 8 | data[at + 3]
        try:
            if length < first - at or at + length > end:
                raise Malformed(
                    P_OVERFLOW_PARAMETER, f"{row.name} of {length} bytes, {end - at} are left"
                )
            yield _node(row, data, first, at + length)
        except Malformed as wrong:
            wrong.path.insert(0, number)
            raise
        at += length


def _check_children(node: Node, outermost: bool) -> None:
    """M codes in a message, P codes in a parameter."""
    shift = 100 if outermost else 0
    names = [child.name for child in node.children]
    for child in node.children:
        if child.name not in node.row.children:
            raise _at(P_UNEXPECTED_PARAMETER - shift, f"{child.name} in {node.name}", child.row)
    for name, often in node.row.children.items():
        count = names.count(name)
        if count > 1 and often in _NEVER_MANY:
            raise _at(
                P_DUPLICATE_PARAMETER - shift, f"{count} {name} in {node.name}", _BY_NAME[name]
            )
        if not count and often in ("", "+"):
            raise _at(P_MISSING_PARAMETER - shift, f"no {name} in {node.name}", _BY_NAME[name])


def _at(code: int, said: str, row: Row) -> Malformed:
    wrong = Malformed(code, said)
    wrong.path.insert(0, row.number)
    return wrong


# -- fields --


def _width(kind: str) -> int:
    """Bits of a field of fixed size; 0 for one that is counted."""
    return int(kind[1:]) if kind[1:].isdigit() else 0


def _tv_size(row: Row) -> int:
    return sum(_width(kind) for _, kind in row.fields) // 8


def _empty(kind: str) -> Value:
    empty: dict[str, Value] = {"text": "", "bits": Bits(0, b""), "u16s": (), "u32s": ()}
    return 0 if _width(kind) else empty.get(kind, b"")


def _unsigned(data: bytes, bit: int, size: int) -> int:
    first, last = bit // 8, (bit + size + 7) // 8
    return int.from_bytes(data[first:last], "big") >> 8 * last - bit - size & (1 << size) - 1


def _counted(kind: str, value: Value) -> bytes:
    if isinstance(value, Bits):
        return value.length.to_bytes(2, "big") + value.data
    if isinstance(value, tuple):
        units = [each.to_bytes(_UNITS[kind], "big") for each in value if isinstance(each, int)]
        return len(units).to_bytes(2, "big") + b"".join(units)
    data = value.encode() if isinstance(value, str) else value
    assert isinstance(data, bytes)
    if kind == "rest":
        return data
    return (len(data) // _UNITS[kind]).to_bytes(2, "big") + data


def _uncounted(
    row: Row, number: int, kind: str, data: bytes, at: int, end: int
) -> tuple[Value, int]:
    """The value, and the bit after it."""
    if kind == "rest":
        return data[at:end], 8 * end
    count = int.from_bytes(data[at : at + 2], "big")
    size = (count + 7) // 8 if kind == "bits" else count * _UNITS[kind]
    if at + 2 + size > end:
        raise Malformed(
            P_FIELD_ERROR, f"{row.name} ends before its {row.fields[number][0]}", number
        )
    raw = data[at + 2 : at + 2 + size]
    after = 8 * (at + 2 + size)
    if kind == "bits":
        return Bits(count, raw), after
    if kind == "text":
        return raw.decode(errors="replace"), after
    if kind in ("words", "u8s"):
        return raw, after
    unit = _UNITS[kind]
    return tuple(int.from_bytes(raw[i : i + unit], "big") for i in range(0, size, unit)), after


_UNITS = {"text": 1, "u8s": 1, "words": 2, "u16s": 2, "u32s": 4}


# -- the table --


def _rows(table: str) -> Iterator[Row]:
    for line in table.strip().replace("\n    ", " ").splitlines():
        head, _, rest = line.partition("|")
        fields, _, children = rest.partition("|")
        number, name = head.split()
        yield Row(
            int(number),
            name,
            tuple(_fields(fields)),
            dict(_often(each) for each in children.split()),
        )


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for each in text.split():
        name, _, kind = each.partition(":")
        yield (name, kind) if kind else ("", "b" + each[1:])


def _often(text: str) -> tuple[str, str]:
    return (text[:-1], text[-1]) if text[-1] in "?*+" else (text, "")


_PARAMETERS = {row.number: row for row in _rows(PARAMETERS)}
_MESSAGES = {row.number: row for row in _rows(MESSAGES)}
_BY_NAME = {row.name: row for row in _PARAMETERS.values()}

MESSAGE_NUMBERS = {row.name: number for number, row in _MESSAGES.items()}
