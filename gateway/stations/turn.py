"""A station's turn: whether it waits for the next tag, code or pallet, or is at one that it should not be torn from."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Turn:
    """Whose work ends while it waits tears nothing."""

    def __init__(self) -> None:
        self._is_waiting = asyncio.Event()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Within, nothing is under way."""
        was_waiting = self._is_waiting.is_set()
        self._is_waiting.set()
        try:
            yield
        finally:
            if not was_waiting:
                self._is_waiting.clear()

    async def comes(self) -> None:
        """Return when nothing is under way; that holds until the caller waits for anything else."""
        while not self._is_waiting.is_set():
            await self._is_waiting.wait()
