"""A trust list that is followed: read again when its file changes, so that a revocation counts without a restart."""

import asyncio
import logging
from pathlib import Path

from edge.trust import TrustList
from gateway.keys import KeyProblem, TrustStore

log = logging.getLogger(__name__)

_EVERY_S = 1.0  # between two looks of `follow`


class TrustFile:
    """The trust list of a store. Raises KeyProblem where it cannot be read at first."""

    def __init__(self, store: TrustStore) -> None:
        self._store = store
        self._stamp = self._look()
        self._list = store.load()

    @property
    def path(self) -> Path:
        """Where the signed list lies."""
        return self._store.path

    def current(self) -> TrustList:
        """The list as its file says now: always the same object, so whoever holds it sees what is new.

        Costs one stat() where nothing has changed. A list that cannot be read is told, and the one before stays.
        """
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                vars(self._list).update(vars(self._store.load()))
                log.info("%s: trust list %d is in force", self._store.path, self._list.number)
            except KeyProblem as why:
                log.error("trust list %d stays in force: %s", self._list.number, why)
        return self._list

    async def follow(self) -> None:
        """Keep the list up to date for ever, for those who hold it and do not ask."""
        while True:
            await asyncio.sleep(_EVERY_S)
            self.current()

    def _look(self) -> tuple[int, int, int] | None:
        """What tells one version of the file from another; None where there is none."""
        try:
            found = self._store.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
