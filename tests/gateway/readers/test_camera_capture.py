import math
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest

from gateway.readers import camera_capture
from gateway.readers.camera_capture import Capture
from gateway.readers.camera_feed import Content, Feed, Lost, Picture
from gateway.readers.camera_inbox import Inbox
from gateway.readers.camera_wire import Asked
from gateway.readers.codeport import DeviceState

OPEN = DeviceState("open")
LONG_S = 20.0


def feed_of(*contents: Content | None) -> Feed:
    yield from contents
    raise Lost("gone", "away")


@contextmanager
def capturing(capture: Capture, inbox: Inbox) -> Iterator[None]:
    capture.start()
    try:
        yield
    finally:
        inbox.end()
        assert capture.end(LONG_S)


def test_the_newest_picture_is_the_one_that_is_there() -> None:
    inbox = Inbox()
    for number in (1, 2, 3):
        inbox.replace(Picture(number, 0.0, b""))
    inbox.put(Asked(release=True))
    assert inbox.take(0) == ([Asked(release=True)], Picture(3, 0.0, b""))
    assert inbox.take(0) == ([], None)


def test_still_pictures_wait_until_each_was_taken() -> None:
    inbox = Inbox()
    found: list[Content] = []
    with capturing(Capture(lambda: feed_of(b"a", b"b", None, b"c"), inbox, True), inbox):
        while len(found) < 3:
            _, picture = inbox.take(LONG_S)
            found += [picture.content] if picture else []
    assert found == [b"a", b"b", b"c"]


def test_a_camera_that_is_lost_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_capture, "_BACK_OFF_S", (0.0,))
    inbox = Inbox()
    states: list[object] = []
    with capturing(Capture(lambda: feed_of(b"a", b"b"), inbox, False), inbox):
        while len(states) < 4:
            states += inbox.take(LONG_S)[0]
    assert states[:4] == [OPEN, DeviceState("gone", "away")] * 2


def test_a_camera_that_delivers_nothing_is_never_said_to_be_open() -> None:
    inbox = Inbox()
    with capturing(Capture(feed_of, inbox, False), inbox):
        assert inbox.take(LONG_S)[0] == [DeviceState("gone", "away")]


def test_a_call_that_does_not_come_back_is_noticed() -> None:
    inbox, hangs, ends = Inbox(), Event(), Event()

    def hanging() -> Feed:
        yield b"a"
        hangs.set()
        assert ends.wait(LONG_S)

    capture = Capture(hanging, inbox, False)
    capture.start()
    assert hangs.wait(LONG_S)
    before = capture.still_for()
    assert not capture.end(0.01)
    assert before < capture.still_for() < LONG_S
    ends.set()
    assert capture.end(LONG_S)
    assert capture.still_for() == math.inf
