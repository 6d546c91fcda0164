"""MicroPython's `machine` on the simulated board: the parts of it that a handheld needs, with the real signatures."""

import struct
import time

import simwire
from micropython import const

_FEEDS = const(4)
_WATCHDOG_MS = const(8)
_CAUSE = const(24)
_LEVELS = const(64)
_EDGES = const(128)
_MILLIVOLTS = const(192)

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5


class Pin:
    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2
    WAKE_LOW = 4
    WAKE_HIGH = 5

    def __init__(self, id, mode=-1, pull=-1, *, value=None, drive=0, alt=-1):
        self.id = id
        self._out = False
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None, drive=0, alt=-1):
        if mode != -1:
            self._out = mode != Pin.IN
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            simwire.turn()
            return simwire.wires[_LEVELS + self.id]
        if self._out:
            simwire.wires[_LEVELS + self.id] = 1 if level else 0
            simwire.call(80, self.id, b"\1" if level else b"\0")

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    high = on
    low = off

    def toggle(self):
        self.value(not simwire.wires[_LEVELS + self.id])

    def irq(self, handler=None, trigger=3, *, priority=1, wake=None, hard=False):
        if handler is None:
            simwire.handlers.pop(self.id, None)
        else:
            simwire.handlers[self.id] = [
                handler,
                trigger,
                simwire.wires[_EDGES + self.id],
                self,
            ]


def number(pin):
    return 255 if pin is None else pin if isinstance(pin, int) else pin.id


class PWM:
    def __init__(self, pin, **options):
        self._pin = number(pin)
        self._freq = 0
        self._duty = 0
        self.init(**options)

    def init(self, *, freq=None, duty_u16=None, duty=None, duty_ns=None, invert=False):
        if freq is not None:
            self._freq = freq
        if duty is not None:
            duty_u16 = duty << 6
        if duty_ns is not None:
            duty_u16 = duty_ns * self._freq * 65 // 1000000
        if duty_u16 is not None:
            self._duty = duty_u16
        self._tell(self._duty)

    def deinit(self):
        self._tell(0)

    def freq(self, value=None):
        if value is None:
            return self._freq
        self._freq = value
        self._tell(self._duty)

    def duty_u16(self, value=None):
        if value is None:
            return self._duty
        self._duty = value
        self._tell(value)

    def duty(self, value=None):
        if value is None:
            return self._duty >> 6
        self.duty_u16(value << 6)

    def _tell(self, duty):
        simwire.call(87, self._pin, struct.pack("<IH", self._freq, min(duty, 65535)))


class ADC:
    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3

    def __init__(self, pin, *, atten=None):
        self._pin = number(pin)

    def atten(self, value):
        pass

    def width(self, value):
        pass

    def read_uv(self):
        at = _MILLIVOLTS + 2 * self._pin
        return 1000 * (simwire.wires[at] | simwire.wires[at + 1] << 8)

    def read_u16(self):
        return min(65535, self.read_uv() * 13 // 660)


class WDT:
    def __init__(self, id=0, timeout=5000):
        simwire.put_u32(_WATCHDOG_MS, timeout)
        self.feed()

    def feed(self):
        simwire.turn()
        simwire.put_u32(_FEEDS, simwire.u32(_FEEDS) + 1 & 0xFFFFFF)


def unique_id():
    return simwire.call(81, 0)


def reset_cause():
    return simwire.u32(_CAUSE)


def freq(value=None):
    return 240000000 if value is None else None


def idle():
    simwire.turn()
    time.sleep_ms(1)


def lightsleep(duration_ms=None):
    """Until the time is over, or an input has changed."""
    bell = simwire.wires[0]
    end = None if duration_ms is None else time.ticks_add(time.ticks_ms(), duration_ms)
    while simwire.wires[0] == bell and (end is None or time.ticks_diff(end, time.ticks_ms()) > 0):
        time.sleep_ms(1 if end is None else min(5, max(1, time.ticks_diff(end, time.ticks_ms()))))
    simwire.turn()


def deepsleep(duration_ms=0):
    simwire.call(82, DEEPSLEEP_RESET, struct.pack("<IB", duration_ms, simwire.wakes_by))
    simwire.stop(0)


def reset():
    simwire.call(82, HARD_RESET)
    simwire.stop(0)


def soft_reset():
    simwire.call(82, SOFT_RESET)
    simwire.stop(0)


def disable_irq():
    return 0


def enable_irq(state=0):
    pass


def __getattr__(name):
    """Buses take heap only where the firmware uses them."""
    for module in ("uart", "i2c", "spi"):
        if name in (module.upper(), "Soft" + module.upper()):
            return getattr(__import__("machine_" + module), name)
    raise AttributeError(name)
