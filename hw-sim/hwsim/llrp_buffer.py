"""The report buffer: what waits for the client, how full it is, and what the client is told of that.

LLRP 1.0.1, "ReportBufferLevelWarningEvent" and "ReportBufferOverflowErrorEvent", which leave size and levels to the
reader. In it count the bytes that were sent and not yet taken, reports and events that are held until
ENABLE_EVENTS_AND_REPORTS, and sightings that wait to be reported. From 75 % on there is a warning, where the client
wants them. Once it is full, sightings and events are lost until half is free: one gap, where there stands one overflow
event, whatever the client wants. What is in it stays, and responses and keepalives go out in any case.
"""

from hwsim.llrp_bytes import Node, make

SIZE = 4 << 20  # bytes; about 100,000 sightings
_WARNING, _RELIEF = 75, 50  # percent
_CALM, _WARNED, _FULL, _LOSING = range(4)


class ReportBuffer:
    """Of one reader. unread: sent, and not yet taken by the client, as its host sees it."""

    def __init__(self, size: int = SIZE) -> None:
        self.size = size
        self.reset()

    def reset(self) -> None:
        """A new connection begins: nothing is held, nothing has been told."""
        self.unread = 0
        self.holding = False
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._state = _CALM

    @property
    def full(self) -> bool:
        """What comes now is lost: say so with `lose`."""
        return self._state >= _FULL

    def look(self, more: int) -> Node | None:
        """Count, with `more` bytes beside those unread and held; a warning where it is time for one."""
        percent = 100 * (self.unread + self._held_bytes + more) // self.size
        if percent < _RELIEF:
            self._state = _CALM
        before = self._state
        if percent >= 100:
            self._state = max(before, _FULL)
        elif percent >= _WARNING:
            self._state = max(before, _WARNED)
        if before != _CALM or self._state == _CALM:
            return None
        return make("ReportBufferLevelWarningEvent", ReportBufferPercentageFull=min(percent, 100))

    def lose(self) -> Node | None:
        """Something is lost; the event that tells of it where it is the first."""
        before, self._state = self._state, _LOSING
        return make("ReportBufferOverflowErrorEvent") if before != _LOSING else None

    def hold(self, message: bytes) -> None:
        """Keep it until `release`."""
        self._held.append(message)
        self._held_bytes += len(message)

    def release(self) -> list[bytes]:
        """What was held; nothing is from now on."""
        held, self._held = self._held, []
        self._held_bytes = 0
        self.holding = False
        return held
