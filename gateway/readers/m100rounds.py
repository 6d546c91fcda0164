"""The tags before an M100's antenna, round by round. It blocks.

The module reads no TID in its inventory: it is read of each tag on its own, once while the tag stays. A Select holds
one mask, so tags with equal EPCs cannot be told apart by it: they are seen without a TID.
"""

import logging
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from edge import gen2, m100
from gateway.model import CannotDo, Sighting, by_epc
from gateway.readers.m100access import LONGEST_MASK, READ_WORDS, Access, Failed, Lost
from gateway.readers.rainport import Inventory

log = logging.getLogger(__name__)

POWER_DBM = (0.0, 33.0)  # the modules differ; what one has taken is read back

_STAYS_S = (
    1.0,
    6.0,
    6.0,
    6.0,
)  # by session: unseen for longer, a tag has left; S1 keeps it silent up to 5 s
_NEW = 8  # tags whose TID is read in one round, so that it ends
_TID_WORDS = (6, 4, 2)  # in turn: with a serial, an older one, the class alone
_MOST_Q = 8
_ANTENNA = 1


class _Known(NamedTuple):
    tid: bytes
    user: bytes
    seen_s: float  # of time.monotonic


class Rounds:
    """path: of the tty, for messages; clock: Unix seconds for Sighting.seen_at. Every call may raise ReaderGone."""

    def __init__(self, path: str, access: Access, clock: Callable[[], float]) -> None:
        self._path = path
        self._access = access
        self._clock = clock
        self._known: dict[bytes, _Known] = {}  # by EPC
        self._twins: set[bytes] = set()  # EPCs that the operator was told of
        self._own_power_dbm = 0.0

    def open(self) -> None:
        """Once the module is."""
        self._own_power_dbm = self._power_dbm()

    def begin(self, want: Inventory) -> None:
        """CannotDo where the module cannot look like that."""
        if set(want.antennas) - {_ANTENNA}:
            raise CannotDo(f"{self._path}: the module has antenna 1 alone, not {want.antennas}")
        if want.gpi is not None:
            raise CannotDo(f"{self._path}: no input of the module starts a round")
        if want.select is not None and len(want.select.mask) > LONGEST_MASK:
            raise CannotDo(f"{self._path}: a mask has at most {LONGEST_MASK} bytes")
        self._set_power(self._own_power_dbm if want.power_dbm is None else want.power_dbm)
        self._known.clear()

    def round(self, want: Inventory) -> list[Sighting]:
        """The tags that answer now; one whose TID is still to be read may wait for a later round."""
        try:
            seen = self._look(want)
        except (Lost, Failed) as why:
            log.debug("%s: round: %s", self._path, why)
            return []
        seen_at, now_s = self._clock(), monotonic()
        self._let_go(now_s - _STAYS_S[want.session])
        counts = Counter(each.epc for each in seen)
        to_meet = _NEW
        found = []
        for each in seen:
            known = self._known.get(each.epc)
            if counts[each.epc] > 1:
                self._twin(each.epc)
                known = None
            elif known is None and (want.tid or want.user_words):
                if not to_meet:
                    continue
                to_meet -= 1
                known = self._meet(each.epc, want.user_words)
            tid, user = (b"", b"") if known is None else known[:2]
            if tid:
                self._known[each.epc] = _Known(tid, user, now_s)
            found.append(
                Sighting(each.epc, tid, _ANTENNA, each.rssi_dbm, seen_at, pc=each.pc, user=user)
            )
        return found

    def changed(self) -> None:
        """A tag was written: what is known of them may be wrong."""
        self._known.clear()

    def _look(self, want: Inventory) -> list[m100.Seen]:
        """Who answers in one round. Lost, Failed."""
        self._access.begin()
        q = min(_MOST_Q, max(0, want.population - 1).bit_length())
        self._access.set(m100.set_query(want.session, q))
        if want.select is None:
            self._access.set(m100.set_select_mode(m100.NEVER))
        else:
            self._access.aim(want.select, want.session)
        return self._access.poll(q)

    def _let_go(self, before_s: float) -> None:
        self._known = {epc: each for epc, each in self._known.items() if each.seen_s >= before_s}

    def _twin(self, epc: bytes) -> None:
        """Two tags answered with this EPC in one round: which of them has the TID that is known?"""
        self._known.pop(epc, None)
        if epc not in self._twins:
            self._twins.add(epc)
            log.warning("%s: several tags have the EPC %s", self._path, epc.hex())

    def _meet(self, epc: bytes, user_words: int) -> _Known | None:
        """TID and user words of the tag with this EPC; None where they did not come."""
        try:
            tid = user = b""
            for words in _TID_WORDS:
                tid = tid or self._words(epc, gen2.TID, 0, words)
            for at in range(0, user_words, READ_WORDS):
                user += self._words(epc, gen2.USER, at, min(READ_WORDS, user_words - at))
        except (Lost, Failed) as why:
            log.debug("%s: tag %s: %s", self._path, epc.hex(), why)
            return None
        return _Known(tid, user, 0.0)

    def _words(self, epc: bytes, bank: int, word: int, words: int) -> bytes:
        """Nothing where the bank ends before. Lost, Failed."""
        try:
            self._access.prepare(by_epc(epc))
            said, data = self._access.words(m100.read(0, bank, word, words), words)
        except Failed as why:
            if m100.gen2_error(why.code) == m100.OVERRUN:
                return b""
            raise
        if said != epc:
            raise Lost("another tag answered")
        return data

    def _set_power(self, dbm: float) -> None:
        if not POWER_DBM[0] <= dbm <= POWER_DBM[1]:
            raise CannotDo(f"{self._path}: {dbm} dBm is outside {POWER_DBM[0]} to {POWER_DBM[1]}")
        self._access.tell(m100.set_power(dbm))
        took = self._power_dbm()
        if abs(took - dbm) > 0.05:
            raise CannotDo(f"{self._path}: the module cannot send with {dbm} dBm: it took {took}")

    def _power_dbm(self) -> float:
        return m100.parse_power(self._access.tell(m100.get_power()))
