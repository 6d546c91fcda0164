"""MicroPython's `network` on the simulated board: a Wi-Fi that connects at once, to the host's own network."""

import simwire
from micropython import const

_AIR = const(2)

STA_IF = 0
AP_IF = 1
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_NO_AP_FOUND = 201


class WLAN:
    IF_STA = 0
    IF_AP = 1
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2

    def __init__(self, interface=STA_IF):
        self._active = self._joined = False

    def active(self, on=None):
        if on is not None:
            self._active = bool(on)
        return self._active

    def connect(self, ssid=None, key=None, *, bssid=None):
        if not self._active:
            raise OSError("Wifi Internal State Error")
        self._joined = True

    def disconnect(self):
        self._joined = False

    def isconnected(self):
        return self._active and self._joined and simwire.wires[_AIR] != 0

    def status(self, what=None):
        if what == "rssi":
            return -55
        if self.isconnected():
            return STAT_GOT_IP
        return STAT_NO_AP_FOUND if self._joined else STAT_IDLE

    def ifconfig(self, config=None):
        if self.isconnected():
            return ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")
        return ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")

    def config(self, *names, **values):
        if names == ("mac",):
            return simwire.call(81, 0)[:6]
        return None


def hostname(name=None):
    return name


def country(code=None):
    return code
