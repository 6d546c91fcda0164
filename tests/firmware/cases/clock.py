"""The clock of the reader before and after it was told the time."""

from reader.clock import Clock

WRAP = 1 << 30  # of MicroPython's ticks_ms


class Ticks:
    def __init__(self, at):
        self.at = at

    def __call__(self):
        return self.at % WRAP


def difference(later, earlier):
    return (later - earlier + WRAP // 2) % WRAP - WRAP // 2


def test_ms_count_from_the_start_over_a_wrap():
    ticks = Ticks(WRAP - 100)
    clock = Clock(ticks, difference)
    assert clock.ms() == 0
    for passed in (50, 150, 150 + WRAP // 3, 150 + 2 * (WRAP // 3), 150 + 3 * (WRAP // 3)):
        ticks.at = WRAP - 100 + passed
        assert clock.ms() == passed


def test_until_it_is_told_now_is_a_lower_bound():
    ticks = Ticks(0)
    clock = Clock(ticks, difference, 1_700_000_000)
    ticks.at = 5000
    assert clock.now() == 1_700_000_005
    assert clock.synced is False


def test_what_it_was_told_runs_on():
    ticks = Ticks(0)
    clock = Clock(ticks, difference, 5)
    ticks.at = 1999
    clock.set(1_800_000_000)
    ticks.at = 4000
    assert clock.now() == 1_800_000_003
    assert clock.synced is True
