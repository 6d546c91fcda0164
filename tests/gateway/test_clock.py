"""The gateway's clock against steps of the wall clock, restarts, reboots and a kernel that does not know."""

import time

from gateway.clock import UNSYNCED, Clock, Moment, Times, boot_id, kernel_error_ms

NOW_NS = 1_790_000_000_000_000_000
S = 1_000_000_000


class Wall:
    """Scripted clocks: the wall's, the boot's, and what the kernel says of its error."""

    def __init__(self) -> None:
        self.at_ns, self.boot_ns, self.error_ms, self.asked = NOW_NS, 50 * S, UNSYNCED, 0

    def clock(self, boot: bytes = bytes(16)) -> Clock:
        return Clock(lambda: self.at_ns, lambda: self.boot_ns, boot, self.error)

    def error(self) -> int:
        self.asked += 1
        return self.error_ms

    def goes_on(self, seconds: int) -> None:
        self.at_ns += seconds * S
        self.boot_ns += seconds * S


def hlc(at_ns: int, counter: int = 0) -> int:
    return (at_ns // 1_000_000 << 16) + counter


def test_a_moment_holds_all_clocks() -> None:
    wall = Wall()
    wall.error_ms = 7
    assert wall.clock().moment() == Moment(NOW_NS, 50 * S, bytes(16), 7, hlc(NOW_NS))


def test_the_logical_clock_never_runs_backwards() -> None:
    wall = Wall()
    clock = wall.clock()
    found = [clock.moment().hlc, clock.moment().hlc]
    wall.at_ns -= 3600 * S
    found += [clock.moment().hlc]
    wall.at_ns += 7200 * S
    found += [clock.moment().hlc]
    assert found == [hlc(NOW_NS), hlc(NOW_NS, 1), hlc(NOW_NS, 2), hlc(NOW_NS + 3600 * S)]


def test_more_moments_than_a_millisecond_counts_borrow_from_the_next() -> None:
    clock = Wall().clock()
    newest = [clock.moment().hlc for _ in range((1 << 16) + 2)]
    assert newest == sorted(set(newest))
    assert newest[-1] == hlc(NOW_NS + 1_000_000, 1)


def test_a_clock_resumes_behind_what_was_kept() -> None:
    wall = Wall()
    clock = wall.clock()
    clock.resume(NOW_NS + 60 * S, Times(hlc(NOW_NS + 60 * S, 9), 10, b"another boot, 16", 3))
    assert clock.moment().hlc == hlc(NOW_NS + 60 * S, 10)


def test_drift_is_no_step_and_what_adds_up_is_one() -> None:
    wall = Wall()
    clock = wall.clock()
    assert clock.step(clock.moment()) is None
    wall.goes_on(100)
    wall.at_ns += 2 * S
    assert clock.step(clock.moment()) is None
    wall.at_ns += 1
    stepped = clock.step(clock.moment())
    assert stepped == (NOW_NS + 100 * S, NOW_NS + 102 * S + 1, UNSYNCED)
    assert clock.step(clock.moment()) is None


def test_a_step_backwards_is_one() -> None:
    wall = Wall()
    clock = wall.clock()
    clock.step(clock.moment())
    wall.at_ns -= 86_400 * S
    assert clock.step(clock.moment()) == (NOW_NS, NOW_NS - 86_400 * S, UNSYNCED)


def test_a_clock_that_becomes_synchronised_says_so_once() -> None:
    wall = Wall()
    clock = wall.clock()
    clock.step(clock.moment())
    wall.error_ms = 12
    wall.goes_on(2)  # the kernel is asked again
    assert clock.step(clock.moment()) == (NOW_NS + 2 * S, NOW_NS + 2 * S, 12)
    assert clock.step(clock.moment()) is None
    wall.error_ms = UNSYNCED
    wall.goes_on(2)
    assert clock.step(clock.moment()) is None


def test_a_step_while_the_gateway_was_down_is_seen_within_a_boot_and_not_across_one() -> None:
    for boot, is_seen in ((bytes(16), True), (b"another boot, 16", False)):
        wall = Wall()
        clock = wall.clock(boot)
        clock.resume(NOW_NS - 10 * S, Times(1, 0, bytes(16), UNSYNCED))  # 40 s were added since
        assert (clock.step(clock.moment()) is not None) == is_seen


def test_the_kernel_is_asked_once_a_second() -> None:
    wall = Wall()
    clock = wall.clock()
    for _ in range(5):
        clock.moment()
    assert wall.asked == 1
    wall.goes_on(2)
    clock.moment()
    assert wall.asked == 2


def test_this_kernel_answers() -> None:
    assert kernel_error_ms() >= UNSYNCED
    assert len(boot_id()) == 16
    found = Clock().moment()
    assert abs(found.at_ns - time.time_ns()) < 60 * S
    assert found.boot == boot_id()
