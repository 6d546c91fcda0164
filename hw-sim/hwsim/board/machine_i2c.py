"""The I2C bus of the simulated board."""

import simwire
from machine import number
from micropython import const

_NO_DEVICE = const(19)  # ENODEV, as the ESP32's port raises it


class I2C:
    def __init__(self, id=-1, *, scl=None, sda=None, freq=400000, timeout=50000):
        self._data = number(sda)

    def init(self, *, scl=None, sda=None, freq=400000):
        if sda is not None:
            self._data = number(sda)

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
