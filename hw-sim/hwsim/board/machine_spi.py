"""The SPI bus of the simulated board."""

import simwire
from machine import number


class SPI:
    MSB = 0
    LSB = 1

    def __init__(self, id, baudrate=1000000, **options):
        self._wire = 255
        self.init(baudrate, **options)

    def init(self, baudrate=1000000, **options):
        self._wire = number(options.get("sck")) if "sck" in options else self._wire
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
