"""MicroPython's `neopixel` on the simulated board."""

import simwire


class NeoPixel:
    def __init__(self, pin, n, bpp=3, timing=1):
        self.pin = pin
        self.n = n
        self.bpp = bpp
        self.buf = bytearray(n * bpp)  # green first, as the LED takes it

    def __len__(self):
        return self.n

    def __setitem__(self, index, color):
        self.buf[index * self.bpp : index * self.bpp + 3] = bytes((color[1], color[0], color[2]))

    def __getitem__(self, index):
        green, red, blue = self.buf[index * self.bpp : index * self.bpp + 3]
        return (red, green, blue)

    def fill(self, color):
        for index in range(self.n):
            self[index] = color

    def write(self):
        simwire.call(78, self.pin.id, self.buf)
