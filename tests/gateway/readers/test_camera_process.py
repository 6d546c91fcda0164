from collections.abc import Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from gateway.model import Wanted
from gateway.readers import camera_process
from gateway.readers.camera_address import Address
from gateway.readers.camera_feed import Bad, Feed
from gateway.readers.camera_inbox import Inbox
from gateway.readers.camera_process import Ended, Sight
from gateway.readers.camera_wire import Asked, Keep, Kept, Spec, Told
from gateway.readers.codeport import DeviceState

OPEN = Told(state=DeviceState("open"))


@pytest.fixture
def ends() -> Iterator[Event]:
    """Set when the test is over: what hangs in it may come back then."""
    event = Event()
    yield event
    event.set()


def sight(inbox: Inbox, said: list[Told], archive: str = "") -> Sight:
    spec = Spec("cam", "http://me:hush@cam.local/v.mjpg", ("qr",), 2, 1, archive, 1, 0)
    return Sight(spec, inbox, said.append)


def test_a_call_that_hangs_is_told_and_ends_the_process(
    ends: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hanging(_: Address) -> Feed:
        yield None
        ends.wait()

    monkeypatch.setattr(camera_process, "pictures", hanging)
    monkeypatch.setattr(camera_process, "_HUNG_S", 0.1)
    said: list[Told] = []
    sight(Inbox(), said).run()
    assert said[0] == OPEN
    assert said[-1].state is not None and said[-1].state.word == "stalled"
    assert "hangs" in said[-1].state.text and "hush" not in said[-1].state.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_of_the_thread_that_takes_pictures_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(_: Address) -> Feed:
        raise ZeroDivisionError
        yield

    monkeypatch.setattr(camera_process, "pictures", failing)
    with pytest.raises(Ended):
        sight(Inbox(), []).run()


def test_what_is_asked_is_answered_in_turn_and_a_full_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def feed(_: Address) -> Feed:
        yield np.zeros((48, 64), np.uint8)
        while True:
            yield Bad("it is cut")

    (tmp_path / "file").write_bytes(b"")
    said: list[Told] = []
    inbox = Inbox()

    def say(told: Told) -> None:
        said.append(told)
        if told.look is not None:
            inbox.put(Asked(keep=Keep(1, "no_read")))
        if told.kept == Kept(1, None):
            inbox.put(Asked(trigger=Wanted()))
            inbox.put(Asked(keep=Keep(2, "no_read"), release=True))
        was_answered = any(each.kept == Kept(2, None) for each in said)
        if was_answered and any("left out" in each.bad for each in said):
            inbox.end()

    monkeypatch.setattr(camera_process, "pictures", feed)
    Sight(Spec("cam", "pictures", ("qr",), 2, 1, str(tmp_path / "file"), 1, 0), inbox, say).run()
    kept = [told.kept for told in said if told.kept]
    bad = [told.bad for told in said if told.bad]
    assert kept == [Kept(1, None), Kept(2, None)]
    assert {each.partition(":")[0] for each in bad} == {
        "no picture is archived",
        "a picture is left out",
    }
