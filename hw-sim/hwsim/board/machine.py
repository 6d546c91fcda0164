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

_NO_DEVICE = const(19)  # ENODEV, as the ESP32's port raises it

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


def _number(pin):
    return 255 if pin is None else pin if isinstance(pin, int) else pin.id


class UART:
    INV_TX = 1
    INV_RX = 2

    def __init__(self, id, baudrate=9600, bits=8, parity=None, stop=1, **options):
        self.id = id
        self._file = None
        self._received = b""
        self._wire = (255, 255)
        self._rxbuf = 256
        self.init(baudrate, bits, parity, stop, **options)

    def init(self, baudrate=9600, bits=8, parity=None, stop=1, **options):
        self._rxbuf = options.get("rxbuf", self._rxbuf)
        self._timeout = options.get("timeout", 0)
        if "tx" in options:
            self._wire = (_number(options["tx"]), _number(options.get("rx")))
        data = struct.pack("<BBI", self._wire[0], self._wire[1], baudrate)
        answer = simwire.call(85, self.id, data)
        self._file = simwire.opened(answer[0]) if answer else None

    def deinit(self):
        self._file = None

    def any(self):
        simwire.turn()
        room = self._rxbuf - len(self._received)
        if room > 0 and self._file is not None:
            self._received += self._file.read(room) or b""
        return len(self._received)

    def read(self, size=-1):
        if not self._wait(size):
            return None
        if size < 0:
            size = len(self._received)
        data = self._received[:size]
        self._received = self._received[size:]
        return data

    def readinto(self, buffer, size=-1):
        data = self.read(len(buffer) if size < 0 else size)
        if data is None:
            return None
        buffer[: len(data)] = data
        return len(data)

    def readline(self):
        if not self.any():
            return None
        end = self._received.find(b"\n")
        return self.read(end + 1 if end >= 0 else len(self._received))

    def write(self, data):
        if self._file is not None:
            self._file.write(data)
        return len(data)

    def flush(self):
        pass

    def txdone(self):
        return True

    def ioctl(self, request, argument):
        if request == 3:  # poll
            return argument & (5 if self.any() else 4)
        return -1

    def _wait(self, size):
        """Is there anything to read, after the time-out at most?"""
        waited = self.any()
        if self._timeout and waited < max(size, 1):
            end = time.ticks_add(time.ticks_ms(), self._timeout)
            while waited < max(size, 1) and time.ticks_diff(end, time.ticks_ms()) > 0:
                time.sleep_ms(1)
                waited = self.any()
        return waited


class I2C:
    def __init__(self, id=-1, *, scl=None, sda=None, freq=400000, timeout=50000):
        self._data = _number(sda)

    def init(self, *, scl=None, sda=None, freq=400000):
        if sda is not None:
            self._data = _number(sda)

    def deinit(self):
        pass

    def scan(self):
        return list(simwire.call(73, self._data, b"\x80"))

    def writeto(self, address, data, stop=True):
        return self.writevto(address, (data,))

    def writevto(self, address, vector, stop=True):
        data = bytes((address,))
        for part in vector:
            data += part
        if not simwire.call(73, self._data, data):
            raise OSError(_NO_DEVICE)
        return len(data)

    def readfrom(self, address, size, stop=True):
        answer = simwire.call(73, self._data, bytes((address | 0x80, size)))
        if not answer:
            raise OSError(_NO_DEVICE)
        return answer

    def readfrom_into(self, address, buffer, stop=True):
        buffer[:] = self.readfrom(address, len(buffer))

    def writeto_mem(self, address, register, data, *, addrsize=8):
        self.writevto(address, (bytes((register,)), data))

    def readfrom_mem(self, address, register, size, *, addrsize=8):
        self.writeto(address, bytes((register,)))
        return self.readfrom(address, size)


class SoftI2C(I2C):
    def __init__(self, scl, sda, *, freq=400000, timeout=50000):
        super().__init__(-1, scl=scl, sda=sda)


class SPI:
    MSB = 0
    LSB = 1

    def __init__(self, id, baudrate=1000000, **options):
        self._wire = 255
        self.init(baudrate, **options)

    def init(self, baudrate=1000000, **options):
        self._wire = _number(options.get("sck")) if "sck" in options else self._wire
        self._first = b"\1" if options.get("firstbit", SPI.MSB) == SPI.LSB else b"\0"

    def deinit(self):
        pass

    def write(self, data):
        self._exchange(data)

    def read(self, size, write=0):
        return self._exchange(bytes((write,)) * size)

    def readinto(self, buffer, write=0):
        buffer[:] = self.read(len(buffer), write)

    def write_readinto(self, data, buffer):
        buffer[:] = self._exchange(data)

    def _exchange(self, data):
        return simwire.call(83, self._wire, self._first + data)


SoftSPI = SPI


class PWM:
    def __init__(self, pin, **options):
        self._pin = _number(pin)
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
        self._pin = _number(pin)

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
