"""The state machine: what each button does, and that no order of events breaks it."""

import random

from reader.app import MODES, App
from reader.ui import Screen


class Result:
    """As far as the app looks."""

    def __init__(self, word="VALID"):
        self.screen = Screen("tick", word)


class Hand:
    """Presses buttons on an app."""

    def __init__(self, app):
        self.app = app
        self.now = 0

    def on(self, *event):
        self.now += 10
        return self.app.on(event, self.now)

    def press(self, name, ms=100):
        acts = self.on("down", name, self.now)
        self.now += ms
        return acts + self.on("up", name, self.now)

    def turn_to(self, mode):
        while self.app.mode != mode:
            self.press("menu")


def words(acts):
    """The acts, a screen by its word."""
    return [(act[0], act[1].word) if act[0] == "show" else act for act in acts]


def test_the_trigger_verifies_and_the_verdict_stands_for_a_while():
    hand = Hand(App())
    assert words(hand.press("trigger")) == [("start", "verify"), ("show", "VERIFY")]
    assert hand.app.state == "reading"
    result = Result()
    assert words(hand.on("done", result)) == [("show", "VALID")]
    assert (hand.app.state, hand.app.last) == ("verdict", result)
    hand.now += 30000
    assert words(hand.on("tick")) == [("show", "VERIFY")] and hand.app.state == "idle"
    hand.press("trigger")
    assert words(hand.on("done", None)) == [("show", "VERIFY")]
    assert (hand.app.state, hand.app.last) == ("idle", result)
    hand.press("trigger")
    assert words(hand.on("failed", "the reader does not answer")) == [("show", "FAILED")]


def test_a_second_press_stops_and_so_does_the_end_of_a_long_one():
    hand = Hand(App())
    hand.press("trigger")
    assert words(hand.press("trigger")) == [("stop",), ("show", "VERIFY")]
    hand.turn_to("batch")
    assert ("stop",) in hand.press("trigger", 3000) and hand.app.state == "idle"
    assert ("stop",) not in hand.press("trigger", 100) and hand.app.state == "reading"
    assert ("stop",) in hand.press("menu") and hand.app.mode == "received"


def test_the_menu_goes_round_and_a_long_press_chooses_the_code():
    hand = Hand(App(("R1", "R2")))
    seen = []
    for _ in MODES:
        seen.append(hand.app.mode)
        acts = hand.press("menu")
        assert len(acts) == 1 and len(acts[0][1].word) <= 8
    assert seen == [mode for mode, _ in MODES] and hand.app.mode == "verify"
    hand.turn_to("repaired")
    acts = hand.press("menu", 1000)
    assert acts[0][1].lines == ["R2"] and hand.app.code == "R2"
    hand.press("menu", 1000)
    assert hand.app.code == "R1" and hand.app.mode == "repaired"


def test_no_entry_but_a_repair_has_a_code():
    hand = Hand(App(("R1", "R2")))
    for mode, _ in MODES:
        hand.turn_to(mode)
        assert hand.app.code == ("R1" if mode == "repaired" else "")


def test_a_long_press_on_the_menu_exports_what_was_read_last():
    hand = Hand(App())
    assert ("export",) not in hand.press("menu", 1000)
    hand.press("trigger")
    hand.on("done", Result())
    acts = hand.press("menu", 1000)
    assert words(acts) == [("show", "NO")] and "no gateway" in acts[0][1].lines[0]
    hand.on("link", True, 0, "")
    assert ("export",) in hand.press("menu", 1000) and hand.app.mode == "verify"


def test_a_write_is_not_stopped_nor_begun_with_an_empty_battery():
    hand = Hand(App())
    hand.turn_to("received")
    assert ("start", "received") in hand.press("trigger") and hand.app.state == "writing"
    assert hand.press("trigger", 2000) + hand.press("menu") + hand.press("menu", 2000) == []
    hand.on("done", Result("DONE"))
    hand.on("battery", 4)
    assert words(hand.press("trigger")) == [("show", "NO")]
    hand.on("battery", None)
    assert ("start", "received") in hand.press("trigger")


def test_sending_ends_when_nothing_waits():
    hand = Hand(App())
    hand.turn_to("send")
    assert words(hand.press("trigger")) == [("show", "NO")]
    hand.on("link", True, 7, "")
    assert words(hand.press("trigger")) == [("send",), ("show", "SEND")]
    assert words(hand.on("link", True, 3, "")) == [("show", "SEND")]
    assert words(hand.on("link", True, 0, "")) == [("show", "SENT")]
    hand.on("link", True, 7, "")
    hand.press("trigger")
    assert words(hand.on("link", False, 7, "")) == [("show", "NO")]
    hand.on("link", True, 7, "")
    hand.press("trigger")
    hand.now += 60000
    assert words(hand.on("tick")) == [("show", "NO")] and hand.app.state == "verdict"


def test_without_a_gateway_it_says_why():
    hand = Hand(App())
    hand.turn_to("send")
    assert hand.press("trigger")[0][1].lines == ["no gateway: plug", "in", "0 wait"]
    hand.on("link", False, 3, "gateway has another secret")
    assert hand.press("trigger")[0][1].lines == ["gateway has", "another secret", "3 wait"]


def test_without_a_gateway_one_is_called_and_then_sent_to():
    hand = Hand(App((), 0, MODES, True))
    hand.turn_to("send")
    acts = hand.press("trigger")
    assert words(acts) == [("send",), ("show", "SEND")] and acts[1][1].lines[0] == "calling"
    assert hand.on("link", False, 7, "")[0][1].lines == ["calling", "7 wait"]
    assert hand.on("link", True, 7, "")[0][1].lines == ["7 wait"]
    assert words(hand.on("link", True, 0, "")) == [("show", "SENT")]
    hand.on("link", False, 7, "")
    hand.press("trigger")
    (act,) = hand.on("link", False, 7, "no Wi-Fi dock")
    assert act[1].lines == ["no Wi-Fi dock", "7 wait"] and hand.app.state == "verdict"


def test_it_sleeps_when_it_was_idle_for_long():
    hand = Hand(App((), 5000))
    hand.press("menu")
    assert hand.on("tick") == []
    hand.now += 5000
    assert hand.on("tick") == [("sleep",)]
    assert hand.on("tick") == []
    hand.press("trigger")
    hand.now += 5000
    assert hand.on("tick") == []


def test_no_order_of_events_breaks_it():
    random.seed(8)
    names = ("trigger", "menu", "other")
    events = (
        lambda: ("down", names[random.getrandbits(4) % 3], 0),
        lambda: ("up", names[random.getrandbits(4) % 3], 0),
        lambda: ("done", (None, Result(), Screen("", "TEST"))[random.getrandbits(4) % 3]),
        lambda: ("failed", "it"),
        lambda: ("link", bool(random.getrandbits(1)), random.getrandbits(2), ("", "it")[now & 1]),
        lambda: ("battery", (None, 3, 90)[random.getrandbits(4) % 3]),
        lambda: ("tick",),
        lambda: ("else", 1),
    )
    app = App(("R1",), 3000, MODES, True)
    now = 0
    running = None
    for _ in range(2000):
        now += random.getrandbits(12)
        event = events[random.getrandbits(3)]()
        if event[0] in ("done", "failed"):
            running = None
        for act in app.on(event, now):
            if act[0] == "start":
                assert running is None and act[1] == app.mode
                running = act[1]
            elif act[0] == "stop":
                assert running in ("verify", "batch", "locate", "selftest")
                running = None
            elif act[0] == "show":
                assert len(act[1].word) <= 8
            else:
                assert act in (("send",), ("export",), ("sleep",))
        assert (app.state in ("reading", "writing")) == (running is not None)
        assert app.state in ("idle", "verdict", "sending", "reading", "writing")
