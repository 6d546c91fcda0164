"""What the battery holds, and how long the field may rest between two looks: decisions over numbers, no pin touched."""

FIELD_OFF_MS = 100  # a shorter rest is not worth the 20 ms that waking takes

_LIVELY_MS = 5000
_SOON_MS = 50

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
    """The mean of the last readings."""

    def __init__(self) -> None:
        self._mv = 0

    def measured(self, mv: "int") -> None:
        """A radio that sends draws the voltage down for a moment: one reading counts an eighth."""
        self._mv += (mv - self._mv) // 8 if self._mv else mv

    @property
    def percent(self) -> "int | None":
        """None: nothing was measured, as on a board that hangs on USB."""
        return battery_percent(self._mv) if self._mv else None


class Duty:
    """When to look again: soon after a tag was there the next one comes, else the field rests. look_ms: its longest
    rest.
    """

    def __init__(self, look_ms: "int") -> None:
        self._look_ms = look_ms
        self._until = 0

    def rest_ms(self, found: "bool", now_ms: "int") -> "int":
        """From the end of a look until the next; found: it met a tag. From FIELD_OFF_MS on the field may go off."""
        if found:
            self._until = now_ms + _LIVELY_MS
        return min(_SOON_MS, self._look_ms) if now_ms < self._until else self._look_ms
