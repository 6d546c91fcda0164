"""How a camera is, from what its source says and from whether its pictures can be used."""

from gateway.readers.codeport import DeviceState

_BAD_S = 2.0  # without one good picture, while bad ones come
_TELL_S = 10.0


class Health:
    """Times are seconds that only run forward. is_still: bad pictures say nothing of the next."""

    def __init__(self, shown: str, is_still: bool = False) -> None:
        self._shown = shown
        self._is_still = is_still
        self._bad_since: float | None = None
        self._is_useless = False  # its pictures, though it delivers
        self._told_at: float | None = None
        self.state = DeviceState("connecting")

    def source(self, state: DeviceState) -> DeviceState:
        """Its source says how it is."""
        self._bad_since = None
        self._is_useless = False
        self.state = state
        return state

    def good(self) -> DeviceState | None:
        """A picture could be used; the new state, if it changes. It may be one of before the camera was lost."""
        self._bad_since = None
        if not self._is_useless:
            return None
        return self.source(DeviceState("open"))

    def bad(self, now: float, why: str) -> DeviceState | None:
        """A picture could not; the new state, if it changes: one bad picture is not a lost camera."""
        if self._bad_since is None:
            self._bad_since = now
        if self._is_still or self.state.word != "open" or now - self._bad_since < _BAD_S:
            return None
        self.source(DeviceState("stalled", f"{self._shown} sends no usable picture: {why}"))
        self._is_useless = True
        return self.state

    def shall_tell(self, now: float) -> bool:
        """Whether the operator shall hear of a bad picture now, and not only count it: once in ten seconds."""
        if self._told_at is not None and now - self._told_at < _TELL_S:
            return False
        self._told_at = now
        return True
