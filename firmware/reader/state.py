"""The few numbers that outlive a start: boots, the last known time, the highest trust list, a trial's count.

Two files take turns, each one CBOR array [generation, {name: int}] behind its CRC-32: whatever a write is torn to,
the one before stands.
"""

from edge import cbor
from edge.errors import Malformed
from reader import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class State:
    """Named non-negative ints in `folder`."""

    def __init__(self, folder: "str") -> None:
        files.make_folder(folder)
        self._folder = folder
        self._generation = 0
        self._values: "dict[str, int]" = {}
        for name in _NAMES:
            found = _opened(files.read(f"{folder}/{name}"))
            if found is not None and found[0] > self._generation:
                self._generation, self._values = found

    def get(self, name: "str") -> "int":
        """The value, 0 where it was never set."""
        return self._values.get(name, 0)

    def set(self, name: "str", value: "int") -> None:
        """Keep it durably; nothing is written where it is so already. Raises DeviceTrouble: the old one stands."""
        if self.get(name) != value:
            self.put({name: value})

    def put(self, values: "dict[str, int]") -> None:
        """Keep all these at once, or none of them."""
        values = dict(values)
        for name in self._values:  # portable: into a dict
            values.setdefault(name, self._values[name])
        generation = self._generation + 1
        data = cbor.encode([generation, values])
        files.write(f"{self._folder}/{_NAMES[generation & 1]}", (files.crc(data), data))
        self._generation, self._values = generation, values


_NAMES = ("state.a", "state.b")


def _opened(data: "bytes") -> "Any":
    """[generation, values], None where the file is torn."""
    try:
        return cbor.decode(data[4:]) if data and files.crc(data[4:]) == data[:4] else None
    except Malformed:
        return None
