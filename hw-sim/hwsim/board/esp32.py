"""MicroPython's `esp32` on the simulated board."""

import simwire

WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True


def wake_on_ext0(pin=None, level=WAKEUP_ANY_HIGH):
    simwire.wakes_by = 255 if pin is None else pin.id


def raw_temperature():
    return 95
