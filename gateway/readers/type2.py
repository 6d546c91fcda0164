"""Reading a Type 2 tag's pages over a reader that exchanges one command at a time: edge/runs.py, driven."""

from collections.abc import Callable

from edge import runs
from edge.runs import WRITE
from edge.type2 import PAGE

__all__ = ["PAGE", "WRITE", "Runs"]


class Runs:
    """exchange: a tag command to its answer, None where the tag or the reader refuses it. again(page): select the tag
    again after that, or raise. longest_run: pages, by the reader's longest frame.
    """

    def __init__(
        self,
        exchange: Callable[[bytes], bytes | None],
        again: Callable[[int], None],
        longest_run: int,
    ) -> None:
        self._exchange = exchange
        self._again = again
        self._runs = runs.Runs(longest_run)

    def begin(self, uid: bytes) -> None:
        """Another tag is selected; what is known of the reader stays."""
        self._runs.begin(uid)

    def read(self, first_page: int, count: int) -> bytes:
        """4 * count bytes, fewer where the memory that can be read ends; raises what again() raises."""
        return self._done(self._runs.read(first_page, count))

    def version(self) -> bytes:
        """The answer to GET_VERSION, 8 bytes; empty where the tag does not know it. Raises what again() raises."""
        return self._done(self._runs.version())

    def _done(self, steps: "runs.Read") -> bytes:
        try:
            step = next(steps)
            while True:
                if isinstance(step, bytes):
                    step = steps.send(self._exchange(step))
                else:
                    self._again(step)
                    step = next(steps)
        except StopIteration as end:
            read: bytes = end.value
            return read
