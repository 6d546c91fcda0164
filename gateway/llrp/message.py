"""LLRP's messages and parameters as values: a name, fields, and the parameters inside.

Names and fields as in gateway/llrp/tables.py. Whoever makes one is held to its row; what a peer sent is as it came.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from edge.errors import Malformed
from gateway.llrp import rows
from gateway.llrp.layout import Bits, Value, is_secret
from gateway.llrp.rows import Row

VERSION_1_0_1 = 1
VERSION_1_1 = 2

_T = TypeVar("_T")


@dataclass(frozen=True, init=False, repr=False)
class Element:
    """What messages and parameters share. Its repr shows no password, nor what is written to the RESERVED bank."""

    name: str
    fields: Mapping[str, Value]
    parameters: tuple["Parameter", ...]

    def __getitem__(self, name: str) -> "Parameter":
        """The first parameter of that name; Malformed where there is none."""
        found = self.get(name)
        if found is None:
            raise Malformed(f"{self.name} has no {name}")
        return found

    def get(self, name: str) -> "Parameter | None":
        """The first parameter of that name, if any."""
        return next((each for each in self.parameters if each.name == name), None)

    def all(self, name: str) -> "tuple[Parameter, ...]":
        """Every parameter of that name, in order."""
        return tuple(each for each in self.parameters if each.name == name)

    def number(self, field: str) -> int:
        """The value of an integer field; a flag is 0 or 1."""
        return self._field(field, int)

    def flag(self, field: str) -> bool:
        """The value of a one-bit field."""
        return bool(self._field(field, int))

    def text(self, field: str) -> str:
        """The value of a text field."""
        return self._field(field, str)

    def data(self, field: str) -> bytes:
        """The value of a field of bytes or words."""
        return self._field(field, bytes)

    def bits(self, field: str) -> Bits:
        """The value of a bit array."""
        return self._field(field, Bits)

    def numbers(self, field: str) -> tuple[int, ...]:
        """The values of an array of integers."""
        found: tuple[int, ...] = self._field(field, tuple)
        return found

    def _field(self, name: str, kind: type[_T]) -> _T:
        value = self.fields[name]
        if not isinstance(value, kind):
            raise ValueError(f"{self.name}.{name} is no {kind.__name__}")
        return value

    def __repr__(self) -> str:
        shown = [f"{name}={_shown(self, name, value)}" for name, value in self.fields.items()]
        return f"{self.name}({', '.join([*shown, *map(repr, self.parameters)])})"


class Parameter(Element):
    """One parameter, with its fields and the parameters inside it."""

    def __init__(self, name: str, /, *parameters: "Parameter", **fields: Value) -> None:
        """Fields that are left out are 0 or empty; parameters are put in the standard's order.

        ValueError: an unknown name or field, or a parameter that is missing, doubled or has no place there.
        """
        row = rows.PARAMETER_BY_NAME.get(name)
        if row is None:
            raise ValueError(f"no parameter {name!r}")
        _build(self, row, parameters, fields)


@dataclass(frozen=True, init=False, repr=False)
class Message(Element):
    """One message. id: 32 bits, chosen by who asks, repeated by who answers; version: VERSION_1_0_1 or VERSION_1_1."""

    id: int
    version: int

    def __init__(
        self,
        name: str,
        /,
        *parameters: Parameter,
        id: int = 0,
        version: int = VERSION_1_0_1,
        **fields: Value,
    ) -> None:
        """As Parameter."""
        row = rows.MESSAGE_BY_NAME.get(name)
        if row is None:
            raise ValueError(f"no message {name!r}")
        _build(self, row, parameters, fields)
        _set(self, id=id, version=version)

    @property
    def type(self) -> int:
        """The message's type on the wire."""
        row = rows.MESSAGE_BY_NAME[self.name]
        return self.number("Type") if row is rows.UNKNOWN_FRAME else row.type


def fill(
    element: Element, name: str, fields: dict[str, Value], parameters: tuple[Parameter, ...] = ()
) -> None:
    """For the decoder: make of a new object what a peer sent, whatever the rows say."""
    _set(element, name=name, fields=MappingProxyType(fields), parameters=parameters)


def _build(
    element: Element, row: Row, parameters: tuple[Parameter, ...], fields: dict[str, Value]
) -> None:
    try:
        whole = row.layout.complete(fields)
    except ValueError as why:
        raise ValueError(f"{row.name}: {why}") from None
    _set(
        element, name=row.name, fields=MappingProxyType(whole), parameters=_placed(row, parameters)
    )


def _placed(row: Row, parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    """In the row's order."""
    left, placed = list(parameters), []
    for names, least, most in row.places:
        here = [each for each in left if _may_stand(each, names)]
        if len(here) < least or (most is not None and len(here) > most):
            wanted = " or ".join(sorted(names))
            raise ValueError(f"{row.name} takes {'no second' if here else 'a'} {wanted}")
        left = [each for each in left if not _may_stand(each, names)]
        placed += here
    if left:
        raise ValueError(f"{row.name} takes no {left[0].name}")
    return tuple(placed)


def _may_stand(parameter: Parameter, names: frozenset[str]) -> bool:
    """By its own name, or as a vendor's."""
    if parameter.name in names:
        return True
    return "Custom" in names and rows.PARAMETER_BY_NAME[parameter.name].vendor != 0


def _shown(element: Element, name: str, value: Value) -> str:
    if is_secret(name):
        return "***"
    if name == "WriteData" and not element.fields["MB"]:
        return f"<{len(element.data(name))} bytes>"
    if name == "Data":  # of a parameter that is not known: it may hold a password
        return f"<{len(element.data(name))} bytes>"
    if isinstance(value, Bits):
        return f"{value.data.hex()}/{value.length}"
    return value.hex() if isinstance(value, bytes) else repr(value)


def set_head(message: Message, id: int, version: int) -> None:
    """For the decoder, as `fill`."""
    _set(message, id=id, version=version)


def _set(element: Element, **values: object) -> None:
    for name, value in values.items():
        object.__setattr__(element, name, value)
