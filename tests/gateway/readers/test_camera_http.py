from contextlib import closing

import pytest

from gateway.optics.picture import size
from gateway.readers import camera_http
from gateway.readers.camera_address import address
from gateway.readers.camera_feed import Bad, Content, Lost
from gateway.readers.camera_http import pictures
from tests.camera_sim import CameraSim


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
def test_pictures_come_as_the_files_that_the_camera_sends(camera: CameraSim, way: str) -> None:
    found = some(camera.url(way), 3)
    assert [size(each) for each in found if isinstance(each, bytes)] == [(640, 480)] * 3


@pytest.mark.parametrize("way", ["mjpeg", "snapshot"])
def test_a_password_is_told_to_who_asks_for_it(camera: CameraSim, way: str) -> None:
    camera.fault("unauthorized", user="me", password="h@sh")
    assert len(some(camera.url(way, "me:h%40sh@"), 2)) == 2
    word, text = lost(camera.url(way, "me:hush@"))
    assert (word, "password" in text, "hush" in text) == ("gone", True, False)
    assert "password" in lost(camera.url(way))[1]


def test_a_camera_that_says_nothing_is_stalled(
    camera: CameraSim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_http, "QUIET_S", 0.2)
    camera.fault("stall", s=30, at=2)
    assert lost(camera.url())[0] == "stalled"


def test_a_camera_that_does_not_answer_is_stalled(
    camera: CameraSim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_http, "QUIET_S", 0.2)
    camera.fault("late", s=30)
    assert lost(camera.url())[0] == "stalled"


@pytest.mark.parametrize("way", ["mjpeg", "snapshot"])
def test_a_picture_that_trickles_is_a_stalled_camera(
    camera: CameraSim, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_http, "WHOLE_S", 0.3)
    camera.fault("slow", bytes_s=2000)
    word, text = lost(camera.url(way))
    assert (word, "whole" in text) == ("stalled", True)


def test_a_connection_that_ends_is_a_lost_camera(camera: CameraSim) -> None:
    camera.fault("dropout", at=3)
    word, text = lost(camera.url())
    assert (word, "closed" in text) == ("gone", True)


@pytest.mark.parametrize("way", ["mjpeg", "snapshot"])
def test_a_picture_that_is_too_large_is_left_out_and_the_next_comes(
    camera: CameraSim, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_http, "LARGEST", 100_000)
    camera.fault("huge", every=2)
    with closing(pictures(address(camera.url(way)))) as feed:
        assert next(isinstance(each, Bad) for each in feed if not isinstance(each, bytes))
        assert next(size(each) == (640, 480) for each in feed if isinstance(each, bytes))


def test_a_server_of_anything_else_is_no_camera(camera: CameraSim) -> None:
    assert lost(camera.url().replace("video", "nothing"))[0] == "gone"
    assert "refused" in lost("http://127.0.0.1:9/video.mjpg")[1]
