"""MicroPython's `rp2` on the simulated board: that it is there tells the port."""


def country(code=None):
    return code


def bootsel_button():
    return 0
