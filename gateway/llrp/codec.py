"""LLRP messages from bytes and to bytes, by the rows of gateway/llrp/tables.py.

LLRP 1.1, "Binary Encoding for LLRP":

    3 bits reserved | 3 version (1: 1.0.1, 2: 1.1) | 10 type | 32 length | 32 id | body        message; length: of all
    6 bits reserved | 10 type | 16 length | fields and parameters                              TLV parameter; ditto
    1 bit set | 7 type | fields                                                                TV parameter

A peer's parameters are taken in any order and number, and stay in the order received. What has no row is carried:
as "Custom" or "CUSTOM_MESSAGE", else as "Unknown" or "UNKNOWN_MESSAGE" (Type and Data), and is encoded to the same
bytes. Offsets in errors count from the message's first byte.
"""

import struct
from typing import NamedTuple

from edge.errors import Malformed, Truncated
from gateway.llrp import codes, rows
from gateway.llrp.layout import Value
from gateway.llrp.message import Element, Message, Parameter, fill, set_head
from gateway.llrp.rows import Row

HEAD = 10  # bytes of a message's head
MOST_PARAMETERS = 1 << 16  # in one message; one with 1,500 AccessSpecs has 20,000
DEEPEST = 16  # levels of parameters; the standard's own need 8

_MESSAGE_HEAD = struct.Struct(">HII")
_TLV_HEAD = struct.Struct(">HH")
_CUSTOM_HEAD = struct.Struct(">II")
_CUSTOM_MESSAGE_HEAD = struct.Struct(">IB")
_LONGEST = 0xFFFF  # bytes of a TLV parameter
_TYPE = 0x3FF
_LAST_ID = 0xFFFFFFFF
_LAST_VERSION = 7


class Status(NamedTuple):
    """What a response says of its request. name: the standard's; description: the reader's words, and what is wrong."""

    code: int
    name: str
    description: str


def status(message: Message) -> Status:
    """The LLRPStatus of a response or ERROR_MESSAGE; Malformed where it has none."""
    found = message["LLRPStatus"]
    code = found.number("StatusCode")
    said = [found.text("ErrorDescription").strip(), *_errors(found)]
    return Status(code, codes.status_name(code), "; ".join(filter(None, said)))


def encode(message: Message) -> bytes:
    """The whole message, head included. ValueError where a value does not fit its field."""
    row = rows.MESSAGE_BY_NAME[message.name]
    if row is rows.UNKNOWN_FRAME:
        body = message.data("Data")
    else:
        head = _CUSTOM_MESSAGE_HEAD.pack(row.vendor, row.subtype) if row.vendor else b""
        body = head + _inside(message, row)
    if not (0 <= message.id <= _LAST_ID and 0 <= message.version <= _LAST_VERSION):
        raise ValueError(f"{message.name}: no id {message.id}, or no version {message.version}")
    word = message.version << 10 | message.type
    return _MESSAGE_HEAD.pack(word, HEAD + len(body), message.id) + body


def decode(data: bytes) -> Message:
    """One whole message, head included. Raises Malformed, or Truncated."""
    if len(data) < HEAD:
        raise Truncated(f"LLRP message: {len(data)} bytes are no head")
    word, length, id = _MESSAGE_HEAD.unpack_from(data)
    if length != len(data):
        raise Malformed(
            f"{rows.message_name(word & _TYPE)}: {length} bytes by its head, not {len(data)}"
        )
    return decode_body(word & _TYPE, id, word >> 10 & 7, data[HEAD:])


def decode_body(type: int, id: int, version: int, body: bytes) -> Message:
    """The message of which a stream has read the head."""
    row, at = _message_row(type, body)
    reader = Reader(body)
    message = object.__new__(Message)
    try:
        if row is rows.UNKNOWN_FRAME:
            fields: dict[str, Value] = {"Type": type, "Data": body}
            fill(message, row.name, fields)
        else:
            reader.element(message, row, at, len(body), 0)
    except Malformed as why:
        raise why.__class__(f"{row.name}: {why}") from None
    set_head(message, id, version)
    return message


class Reader:
    """Reads the parameters of one message's body, and counts them."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._left = MOST_PARAMETERS

    def element(self, into: Element, row: Row, at: int, end: int, depth: int) -> None:
        """Fill `into` with what stands at body[at:end], the row's head left out."""
        fields, at = row.layout.read(self._body, at, end)
        if at < end and not row.places:
            raise Malformed(f"{end - at} bytes too long")
        parameters = []
        while at < end:
            found, at = self.parameter(at, end, depth + 1)
            parameters.append(found)
        fill(into, row.name, fields, tuple(parameters))

    def parameter(self, at: int, end: int, depth: int) -> tuple[Parameter, int]:
        """The parameter at `at`, and where it ends."""
        self._left -= 1
        if self._left < 0:
            raise Malformed(f"more than {MOST_PARAMETERS} parameters")
        if depth > DEEPEST:
            raise Malformed(f"parameters nested more than {DEEPEST} deep at {HEAD + at}")
        if self._body[at] & 0x80:
            return self._tv(at, end)
        if end - at < 4:
            raise Truncated(f"{end - at} bytes at {HEAD + at} are no parameter")
        type, length = _TLV_HEAD.unpack_from(self._body, at)
        type &= _TYPE
        stop = at + length
        row = rows.TLV_BY_TYPE.get(type, rows.UNKNOWN)
        name = row.name if row is not rows.UNKNOWN else f"parameter of type {type}"
        if length < 4:
            raise Malformed(f"{name} at {HEAD + at}: a length of {length}")
        if stop > end:
            raise Truncated(f"{name} at {HEAD + at}: {length} bytes long, {end - at} are left")
        found = object.__new__(Parameter)
        if row is rows.UNKNOWN:
            fields: dict[str, Value] = {"Type": type, "Data": self._body[at + 4 : stop]}
            fill(found, row.name, fields)
        elif type == rows.CUSTOM:
            self._custom(found, at + 4, stop, depth)
        else:
            self._inside(found, row, at + 4, stop, depth)
        return found, stop

    def _tv(self, at: int, end: int) -> tuple[Parameter, int]:
        type = self._body[at] & 0x7F
        row = rows.TV_BY_TYPE.get(type)
        if row is None:
            raise Malformed(
                f"TV parameter of unknown type {type} at {HEAD + at}: its length is unknown"
            )
        found = object.__new__(Parameter)
        try:
            fields, stop = row.layout.read(self._body, at + 1, end)
        except Malformed as why:
            raise why.__class__(f"{row.name} at {HEAD + at}: {why}") from None
        fill(found, row.name, fields)
        return found, stop

    def _custom(self, found: Parameter, at: int, end: int, depth: int) -> None:
        """By its vendor's row where there is one that fits; else as it came."""
        if end - at >= _CUSTOM_HEAD.size:
            row = rows.CUSTOM_PARAMETERS.get(_CUSTOM_HEAD.unpack_from(self._body, at))
            if row is not None and self._fits(found, row, at + _CUSTOM_HEAD.size, end, depth):
                return
        self._inside(found, rows.TLV_BY_TYPE[rows.CUSTOM], at, end, depth)

    def _fits(self, found: Parameter, row: Row, at: int, end: int, depth: int) -> bool:
        """Fill `found` by its vendor's row; False where that loses a bit, or fails: it is another firmware's."""
        try:
            self.element(found, row, at, end, depth)
        except Malformed:
            return False
        return self._body.startswith(row.layout.write(found.fields), at)

    def _inside(self, found: Parameter, row: Row, at: int, end: int, depth: int) -> None:
        try:
            self.element(found, row, at, end, depth)
        except Malformed as why:
            raise why.__class__(f"{row.name} at {HEAD + at - 4}: {why}") from None


def _message_row(type: int, body: bytes) -> tuple[Row, int]:
    """(row, where its fields begin); a vendor's row where there is one."""
    if type == rows.CUSTOM and len(body) >= _CUSTOM_MESSAGE_HEAD.size:
        row = rows.CUSTOM_MESSAGES.get(_CUSTOM_MESSAGE_HEAD.unpack_from(body))
        if row is not None:
            return row, _CUSTOM_MESSAGE_HEAD.size
    return rows.MESSAGE_BY_TYPE.get(type, rows.UNKNOWN_FRAME), 0


def _inside(element: Element, row: Row) -> bytes:
    """Fields and parameters."""
    try:
        fields = row.layout.write(element.fields)
    except ValueError as why:
        raise ValueError(f"{element.name}: {why}") from None
    return b"".join([fields, *map(_parameter, element.parameters)])


def _parameter(parameter: Parameter) -> bytes:
    row = rows.PARAMETER_BY_NAME[parameter.name]
    if row is rows.UNKNOWN:
        type, body = parameter.number("Type"), parameter.data("Data")
    else:
        head = _CUSTOM_HEAD.pack(row.vendor, row.subtype) if row.vendor else b""
        type, body = row.type, head + _inside(parameter, row)
    if row.tv:
        return bytes((0x80 | type,)) + body
    if 4 + len(body) > _LONGEST:
        raise ValueError(f"{parameter.name}: {len(body)} bytes are too many for a parameter")
    return _TLV_HEAD.pack(type, 4 + len(body)) + body


def _errors(element: Element) -> list[str]:
    """What FieldError and ParameterError inside an LLRPStatus say."""
    said = []
    for each in element.parameters:
        if each.name == "FieldError":
            named = codes.status_name(each.number("ErrorCode"))
            said.append(f"field {each.number('FieldNum')}: {named}")
        elif each.name == "ParameterError":
            type = each.number("ParameterType")
            row = rows.TLV_BY_TYPE.get(type) or rows.TV_BY_TYPE.get(type)
            named = codes.status_name(each.number("ErrorCode"))
            inner = "".join(f", {text}" for text in _errors(each))
            said.append(f"{row.name if row else f'parameter {type}'}: {named}{inner}")
    return said
