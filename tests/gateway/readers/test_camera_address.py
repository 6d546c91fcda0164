import pytest

from gateway.config import CodesConfig
from gateway.readers.camera import open_camera
from gateway.readers.camera_address import address, secrets

BY_ID = "/dev/v4l/by-id/usb-Maker_Camera_0001-video-index0"


@pytest.mark.parametrize(
    ("rest", "kind", "shown"),
    [
        ("0", "device", "/dev/video0"),
        ("/dev/video2", "device", "/dev/video2"),
        (f"{BY_ID}?size=1280x720&fps=15", "device", BY_ID),
        ("/pictures", "path", "/pictures"),
        ("pictures/one.png", "path", "pictures/one.png"),
        ("rtsp://cam.local/1", "rtsp", "rtsp://cam.local/1"),
        ("rtsps://u:p@cam.local:322/1", "rtsp", "rtsps://cam.local:322/1"),
        ("http://u:p@[fd00::1]:81/v.mjpg?usr=u&pwd=p", "http", "http://[fd00::1]:81/v.mjpg"),
        ("HTTPS://cam.local/s.jpg", "http", "https://cam.local/s.jpg"),
    ],
)
def test_what_follows_camera_says_what_it_is_and_how_it_may_be_told(
    rest: str, kind: str, shown: str
) -> None:
    found = address(rest)
    assert (found.kind, found.shown) == (kind, shown)


def test_a_device_is_asked_for_a_size() -> None:
    found = address(f"{BY_ID}?size=1280x720&fps=15")
    assert (found.where, found.width, found.height, found.fps) == (BY_ID, 1280, 720, 15)


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "ftp://u:hush@cam.local/",
        "http://u:hush@/x",
        "http://u:hush@cam.local:port/",
        "http://u:hush@cam.local/a b",
        "rtsp://u:hush@cam.local/\n",
        "http://u:hush@cam.local/" + "x" * 3000,
        "/dev/video0?size=big",
        "/dev/video0?zoom=2",
    ],
)
def test_what_is_no_camera_is_refused_and_no_password_told(rest: str) -> None:
    with pytest.raises(ValueError) as refused:
        open_camera(rest, "cam", CodesConfig())
    assert "hush" not in str(refused.value)


def test_a_name_that_is_the_url_loses_its_password() -> None:
    rest = "http://u:hush@cam.local/v.mjpg?token=hush"
    assert (
        open_camera(rest, f"camera:{rest}", CodesConfig()).name == "camera:http://cam.local/v.mjpg"
    )


def test_what_of_a_url_is_secret() -> None:
    found = secrets("rtsp://me:h%40sh@cam.local/1?key=x%20y")
    assert {"me:h%40sh", "h%40sh", "h@sh", "me", "key=x%20y"} <= set(found)
    assert secrets("/pictures") == ()
