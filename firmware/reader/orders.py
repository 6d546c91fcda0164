"""The tags to format: a list from the gateway, CBOR [number, [[link, claims], ...]], taken in their order."""

import os

from edge import cbor
from edge.errors import Malformed
from reader import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from reader.state import State

_MOST = 0xFFFF  # orders in a list


class Orders:
    """number: of the list that is here, 0 for none; left: how many of its orders no tag took."""

    def __init__(self, folder: "str", state: "State") -> None:
        """How far the list was taken stands in `state`."""
        files.make_folder(folder)
        self._path = folder + "/orders"
        self._state = state
        self._taken = self._count = self._at = 0
        self.number = 0
        self._load()

    @property
    def left(self) -> "int":
        return self._count - self._taken

    def peek(self) -> "tuple[int, str, dict[int, Any]] | None":
        """(n, link, claims) of the next order; n is its own beyond this list. None where none is left."""
        if not self.left:
            return None
        link, claims = files.item(self._path, self._at, self._size)[0]
        return self._n, link, claims

    def take(self, n: "int") -> None:
        """Order `n` is used up, durably; nothing is done where it is not the next one."""
        if not self.left or n != self._n:
            return
        at = self._at + len(files.item(self._path, self._at, self._size)[1])
        self._state.put(
            {
                "orders": self.number,
                "orders_size": self._size,
                "orders_at": at,
                "taken": self._taken + 1,
            }
        )
        self._taken, self._at = self._taken + 1, at

    def install(self, path: "str") -> "Generator[int, None, None]":
        """Put the list in the file `path` in the place of the one here, in turns; the file is moved away.

        One of the same number goes on where it was. Raises Malformed: the one before stays.
        """
        size = files.size(path)
        _, count, at = _opened(path)
        for _ in range(count):
            order, raw = files.item(path, at, size)
            if type(order) is not list or [type(each) for each in order] != [str, dict]:
                raise Malformed("orders: each must be a link and claims")
            at += len(raw)
            yield 0
        if at != size:
            raise Malformed("orders: bytes after the last")
        os.rename(path, self._path)
        self._load()

    @property
    def _n(self) -> "int":
        return (self.number & 0xFFFFFFFF) << 16 | self._taken

    def _load(self) -> None:
        self._size = files.size(self._path)
        if self._size <= 0:
            return
        self._taken = self.number = self._count = 0
        try:
            self.number, self._count, self._at = _opened(self._path)
        except Malformed:
            return  # damaged: a gateway sends it again
        state = self._state
        if (state.get("orders"), state.get("orders_size")) == (self.number, self._size):
            self._taken = state.get("taken")
            self._at = state.get("orders_at")


def _opened(path: "str") -> "tuple[int, int, int]":
    """number, how many orders, and where the first begins."""
    data = files.part(path, 0, 24)
    fields, at = files.array(data, 0)
    number, at = cbor.first(data, at)
    count, at = files.array(data, at)
    if fields != 2 or type(number) is not int or number <= 0 or count > _MOST:
        raise Malformed("orders: must be [number, orders]")
    return number, count, at
