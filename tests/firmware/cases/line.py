"""Which way to a gateway is in use, and when Wi-Fi is let go."""

import sys

from expect import raises

from reader import tcp
from reader.errors import DeviceTrouble
from reader.line import Line


class Stream:
    def __init__(self):
        self.is_open = True
        self.gone = False

    def read(self):
        if self.gone:
            raise OSError(104)
        return b""

    def write(self, data):
        return len(data)

    def close(self):
        self.is_open = False


class Bench:
    """A line with the board, settings, link and download that it asks."""

    wifi_ssid = "dock"
    wifi_password = ""
    gateway = "10.0.0.2:8478"
    what = ""
    offset = -1

    def __init__(self):
        self.usb = Stream()
        self.calls = []
        self.now = 0
        self.waiting = 7
        self.begin()
        self.line = Line(self, self, self, self)

    def begin(self):
        self.up = False
        self.trouble = ""

    def receive(self, data, now_ms):
        pass

    def turn(self, now_ms):
        return b""

    def wifi(self, settings):
        self.calls.append(Stream())
        yield 50
        return self.calls[-1]

    def dial(self):
        self.line.dial(self.now)
        self.wait(100)

    def wait(self, ms):
        for _ in range(10):
            self.now += ms // 10
            self.line.turn(self.now)

    def is_calling(self):
        return self.calls[-1].is_open


def test_wifi_stays_until_all_is_handed_over_and_a_little_longer():
    bench = Bench()
    bench.dial()
    bench.up = True
    bench.wait(10000)
    bench.waiting = 1
    bench.wait(15000)
    bench.waiting = 0
    bench.wait(2000)
    assert bench.is_calling()
    bench.wait(2000)
    assert not bench.is_calling() and bench.line.trouble == ""
    bench.dial()
    assert len(bench.calls) == 2


def test_on_usb_alone_it_is_told_why_no_gateway_is_up():
    bench = Bench()
    bench.trouble = "gateway has another secret"
    bench.wait(100)
    assert bench.line.trouble == ""  # it may call one
    bench.wifi_ssid = ""
    bench.wait(100)
    assert bench.line.trouble == "gateway has another secret"


def test_a_gateway_that_is_mute_or_takes_nothing_is_left():
    for up in (False, True):
        bench = Bench()
        bench.dial()
        bench.up = up
        bench.wait(10000)
        bench.dial()
        assert bench.is_calling() and len(bench.calls) == 1
        bench.wait(20000)
        assert not bench.is_calling() and bench.line.trouble == "no answer"


def test_wifi_is_let_go_where_the_gateway_leaves_or_refuses():
    bench = Bench()
    bench.dial()
    bench.calls[-1].gone = True
    bench.wait(10)
    assert not bench.is_calling() and bench.line.trouble
    bench.dial()
    bench.trouble = "another secret"
    bench.wait(10)
    assert not bench.is_calling() and bench.line.trouble == "another secret"


class Network:
    class WLAN:
        IF_STA = 0
        is_on = False

        def __init__(self, which):
            pass

        def active(self, is_on):
            Network.WLAN.is_on = is_on

        def connect(self, ssid, password):
            raise OSError("Wifi Internal Error")


def test_a_radio_that_fails_says_so_and_is_switched_off():
    sys.modules["network"] = Network
    assert "Wi-Fi fails" in raises(DeviceTrouble, next, tcp.joined(Bench()))
    assert not Network.WLAN.is_on
    del sys.modules["network"]
