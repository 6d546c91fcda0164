from collections.abc import Iterator
from contextlib import closing

import pytest

from gateway.optics.picture import size
from gateway.readers import camera_http
from gateway.readers.camera_address import address
from gateway.readers.camera_feed import Bad, Content, Lost
from gateway.readers.camera_http import pictures
from tests.camera_sim import CameraSim, camera_sim


@pytest.fixture(scope="module")
def simulator() -> Iterator[CameraSim]:
    with camera_sim("--size", "320x240") as sim:
        yield sim


@pytest.fixture
def sim(simulator: CameraSim) -> Iterator[CameraSim]:
    yield simulator
    simulator.tell("clear_faults")


def some(url: str, count: int) -> list[Content]:
    """So many pictures of the camera at `url`."""
    with closing(pictures(address(url))) as feed:
        return [content for content in (next(feed) for _ in range(count)) if content is not None]


def lost(url: str) -> tuple[str, str]:
    """Why there are no pictures, as (word, text)."""
    with pytest.raises(Lost) as why:
        some(url, 1000)
    return why.value.word, str(why.value)


@pytest.mark.parametrize("way", ["mjpeg", "snapshot"])
def test_pictures_come_as_the_files_that_the_camera_sends(sim: CameraSim, way: str) -> None:
    found = some(sim.url(way), 3)
    assert [size(each) for each in found if isinstance(each, bytes)] == [(320, 240)] * 3


@pytest.mark.parametrize("way", ["mjpeg", "snapshot"])
def test_a_password_is_told_to_who_asks_for_it(sim: CameraSim, way: str) -> None:
    sim.fault("unauthorized", user="me", password="h@sh")
    assert len(some(sim.url(way, "me:h%40sh@"), 2)) == 2
    word, text = lost(sim.url(way, "me:hush@"))
    assert (word, "password" in text, "hush" in text) == ("gone", True, False)
    assert "password" in lost(sim.url(way))[1]


def test_a_camera_that_says_nothing_is_stalled(
    sim: CameraSim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_http, "QUIET_S", 0.2)
    sim.fault("stall", s=30, at=2)
    assert lost(sim.url())[0] == "stalled"


def test_a_camera_that_does_not_answer_is_stalled(
    sim: CameraSim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_http, "QUIET_S", 0.2)
    sim.fault("late", s=30)
    assert lost(sim.url())[0] == "stalled"


@pytest.mark.parametrize("way", ["mjpeg", "snapshot"])
def test_a_picture_that_trickles_is_a_stalled_camera(
    sim: CameraSim, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_http, "WHOLE_S", 0.3)
    sim.fault("slow", bytes_s=200)
    word, text = lost(sim.url(way))
    assert (word, "whole" in text) == ("stalled", True)


def test_a_connection_that_ends_is_a_lost_camera(sim: CameraSim) -> None:
    sim.fault("dropout", at=3)
    word, text = lost(sim.url())
    assert (word, "closed" in text) == ("gone", True)


@pytest.mark.parametrize("way", ["mjpeg", "snapshot"])
def test_a_picture_that_is_too_large_is_left_out_and_the_next_comes(
    sim: CameraSim, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_http, "LARGEST", 100_000)
    sim.fault("huge", every=2)
    with closing(pictures(address(sim.url(way)))) as feed:
        assert next(isinstance(each, Bad) for each in feed if not isinstance(each, bytes))
        assert next(size(each) == (320, 240) for each in feed if isinstance(each, bytes))


def test_a_server_of_anything_else_is_no_camera(sim: CameraSim) -> None:
    assert lost(sim.url().replace("video", "nothing"))[0] == "gone"
    assert "refused" in lost("http://127.0.0.1:9/video.mjpg")[1]
