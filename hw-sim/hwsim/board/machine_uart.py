"""The UART of the simulated board: an open terminal of the host for each that is wired."""

import struct
import time

import simwire
from machine import number

_buffer = bytearray(128)  # one for each look would take the firmware's heap in pieces


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
            self._wire = (number(options["tx"]), number(options.get("rx")))
        data = struct.pack("<BBI", self._wire[0], self._wire[1], baudrate)
        answer = simwire.call(85, self.id, data)
        self._file = simwire.opened(answer[0]) if answer else None

    def deinit(self):
        self._file = None

    def any(self):
        simwire.turn()
        size = len(_buffer)
        while self._file is not None and size == len(_buffer):
            room = min(size, self._rxbuf - len(self._received))
            size = self._file.readinto(_buffer, room) if room > 0 else 0
            if size:
                self._received += memoryview(_buffer)[:size]
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
