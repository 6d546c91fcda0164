"""The gateway's clock: wall time, time since boot, which boot, how far off, and a hybrid logical clock, as one moment.

The hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014) is 48 bits of milliseconds and a counter of
16: it never runs backwards, whatever the wall clock does. Rows are ordered by seq; the times say when, and how surely.
"""

import ctypes
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

UNSYNCED = -1  # error_ms of a clock that nobody sets

_STEP_NS = 2_000_000_000  # wall time against boot time; what is less is drift
_ASK_NS = 1_000_000_000  # how long an answer of the kernel about its clock holds
_COUNTER_BITS = 16
_LAST_SECOND = 4_102_444_800  # the year 2100
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_since_boot = partial(time.clock_gettime_ns, time.CLOCK_BOOTTIME)
_STA_UNSYNC = 0x0040  # adjtimex(2), "status"
_TIME_ERROR = 5


class Times(NamedTuple):
    """What a row says of its time besides at_ns; error_ms: the most that the wall clock is off, UNSYNCED: unknown."""

    hlc: int  # 48 bit ms since 1970 << 16 | counter
    boot_ns: int  # CLOCK_BOOTTIME
    boot: bytes  # 16, the kernel's boot_id
    error_ms: int


class Moment(NamedTuple):
    """One reading of the clock. at_ns: wall clock, ns since 1970."""

    at_ns: int
    boot_ns: int
    boot: bytes
    error_ms: int
    hlc: int


class Step(NamedTuple):
    """The wall clock was set: it would have stood at before_ns, and stands at after_ns."""

    before_ns: int
    after_ns: int
    error_ms: int


class Clock:
    """Reads the clocks. wall, boottime: ns; boot: of this boot; error_ms: asked of the kernel once a second at most."""

    def __init__(
        self,
        wall: Callable[[], int] = time.time_ns,
        boottime: Callable[[], int] = _since_boot,
        boot: bytes | None = None,
        error_ms: Callable[[], int] | None = None,
    ) -> None:
        self._wall = wall
        self._boottime = boottime
        self._boot = boot_id() if boot is None else boot
        self._ask = error_ms or kernel_error_ms
        self._error_ms = UNSYNCED
        self._ask_again_ns = -1
        self._hlc = 0
        self._wall_at_boot_ns = 0  # known once _was_synced is
        self._was_synced: bool | None = None

    def resume(self, at_ns: int, times: Times) -> None:
        """Go on behind the newest moment that was kept; a step since then in the same boot is told by `step`."""
        self._hlc = max(self._hlc, times.hlc)
        if times.boot == self._boot:
            self._wall_at_boot_ns = at_ns - times.boot_ns
            self._was_synced = times.error_ms != UNSYNCED

    def moment(self) -> Moment:
        """What the clocks say now; hlc is higher than that of every moment before."""
        at_ns, boot_ns = self._wall(), self._boottime()
        if not 0 <= self._ask_again_ns - boot_ns <= _ASK_NS:
            self._error_ms = self._ask()
            self._ask_again_ns = boot_ns + _ASK_NS
        hlc = at_ns // 1_000_000 << _COUNTER_BITS
        self._hlc = hlc = hlc if hlc > self._hlc else self._hlc + 1
        return Moment(at_ns, boot_ns, self._boot, self._error_ms, hlc)

    def step(self, moment: Moment) -> Step | None:
        """Whether the wall clock was set by more than 2 s, or became synchronised, since the step before."""
        at_ns, boot_ns, _, error_ms, _ = moment
        before_ns, now_ns = self._wall_at_boot_ns, at_ns - boot_ns
        was_synced, is_synced = self._was_synced, error_ms != UNSYNCED
        is_near = -_STEP_NS <= now_ns - before_ns <= _STEP_NS
        if is_near and is_synced == was_synced:
            return None
        self._was_synced = is_synced
        if was_synced is not None and is_near and not is_synced:
            return None
        self._wall_at_boot_ns = now_ns
        return None if was_synced is None else Step(before_ns + boot_ns, at_ns, error_ms)


def boot_id() -> bytes:
    """The kernel's random id of this boot, 16 bytes; zeros where there is none."""
    try:
        return bytes.fromhex(_BOOT_ID.read_text().strip().replace("-", ""))
    except (OSError, ValueError):
        return bytes(16)


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2), as far as it is read."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),  # us
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


@cache
def _adjtimex() -> Any:
    return getattr(ctypes.CDLL(None), "adjtimex", None)


def kernel_error_ms() -> int:
    """The most that the kernel's wall clock is off, ms; UNSYNCED where it does not know (adjtimex, "maxerror")."""
    read = _adjtimex()
    if read is None:
        return UNSYNCED
    answer = _Timex()
    state = read(ctypes.byref(answer))
    if state < 0 or state == _TIME_ERROR or answer.status & _STA_UNSYNC:
        return UNSYNCED
    return -(-int(answer.maxerror) // 1000)


def happened(content: Mapping[str, Any], at_ns: int, is_timed: bool) -> tuple[int, bool]:
    """(at_ns, is_timed) of what a row tells: the row's own, but for one that a handheld wrote down before.

    content: the row's body; is_timed: whether the gateway's clock was synchronised, from which the handheld has its
    own. One that did not know the time is not timed, and its row stands at what was reckoned for it, or when it came.
    """
    said = content.get("handheld")
    if not isinstance(said, Mapping):
        return at_ns, is_timed
    at = said.get("at")
    if type(at) is not int or not 0 < at < _LAST_SECOND:
        return at_ns, False
    return at * 1_000_000_000, is_timed and said.get("synced") is True
