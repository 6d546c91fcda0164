"""What the battery holds, and when the reader looks, rests and sleeps: decisions over numbers, no pin touched."""

# mV at rest of one Li-ion cell, and percent: between two rows it is taken as a straight line.
_CELL = (
    (3300, 0),
    (3600, 5),
    (3690, 10),
    (3740, 20),
    (3790, 40),
    (3860, 55),
    (3950, 70),
    (4050, 85),
    (4180, 100),
)
_WRITES_FROM = 5  # percent


def battery_percent(mv: "int") -> "int":
    """0..100."""
    low = _CELL[0]
    for high in _CELL:
        if mv < high[0]:
            if high is low:
                return 0
            return low[1] + (mv - low[0]) * (high[1] - low[1]) // (high[0] - low[0])
        low = high
    return 100


class Battery:
    """The mean of the last readings; without any, the battery is taken as full (a board on USB)."""

    def __init__(self) -> None:
        self._mv = 0

    def measured(self, mv: "int") -> "None":
        """A radio that sends draws the voltage down for a moment: one reading counts an eighth."""
        self._mv += (mv - self._mv) // 8 if self._mv else mv

    @property
    def percent(self) -> "int | None":
        """None: nothing was measured."""
        return battery_percent(self._mv) if self._mv else None

    def may_write(self) -> "str":
        """ "" or why nothing is to be written to a tag: a supply that fails tears a page."""
        percent = self.percent
        if percent is None or percent >= _WRITES_FROM:
            return ""
        return f"battery {percent} %: charge it"


class Duty:
    """When to look for a tag, and when to sleep. look_ms: between two looks where no trigger is held, 0: without a
    pause; sleep_s: without use until it sleeps, 0: never.
    """

    def __init__(self, look_ms: "int", sleep_s: "int") -> None:
        self._look_ms = look_ms
        self._sleep_ms = 1000 * sleep_s
        self._next = 0
        self._used = 0

    def used(self, now_ms: "int") -> "None":
        """A button was touched, a tag was there, the link is at work."""
        self._used = now_ms

    def looked(self, now_ms: "int") -> "None":
        """A look has ended."""
        self._next = now_ms + self._look_ms

    def rest_ms(self, now_ms: "int", held: "bool") -> "int":
        """How long the field may stay off; 0: look now, as always while the trigger is held."""
        return 0 if held else max(0, self._next - now_ms)

    def sleeps(self, now_ms: "int") -> "bool":
        """Is it time to sleep?"""
        return self._sleep_ms > 0 and now_ms - self._used >= self._sleep_ms
