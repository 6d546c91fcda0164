import socket
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from gateway.optics.picture import gray
from gateway.readers import camera_folder
from gateway.readers.camera_address import Address, address
from gateway.readers.camera_feed import Bad, Content, Feed, Lost
from gateway.readers.camera_source import jpeg, pictures


def lost(at: Address) -> str:
    with closing(pictures(at)) as feed, pytest.raises(Lost) as why:
        next(feed)
    assert why.value.word == "gone"
    return str(why.value)


def next_picture(feed: Feed) -> Content:
    return next(each for each in feed if each is not None)


def test_a_device_that_is_away_is_looked_for_again_by_its_id(tmp_path: Path) -> None:
    by_id = tmp_path / "usb-Maker_Camera_0001-video-index0"
    at = replace(address("/dev/video0"), where=str(by_id), shown="by-id")
    assert "plug the camera in" in lost(at)
    by_id.symlink_to("/dev/null")  # a device, and no camera
    assert "no camera" in lost(at)
    by_id.unlink()
    by_id.write_bytes(b"")
    assert "no camera" in lost(at)
    by_id.unlink()
    assert "plug the camera in" in lost(at)


def test_rtsp_where_nobody_listens_is_told_as_that() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    text = lost(address(f"rtsp://u:hush@127.0.0.1:{port}/1"))
    assert "refused" in text and "hush" not in text


def test_rtsp_where_something_else_answers_is_no_stream() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=_say_nonsense, args=(server,), daemon=True).start()
        text = lost(address(f"rtsp://u:hush@127.0.0.1:{server.getsockname()[1]}/1"))
        assert "gives no stream" in text and "hush" not in text


def test_a_picture_as_a_jpeg_is_that_picture() -> None:
    image = np.full((48, 64), 130, np.uint8)
    assert abs(gray(jpeg(image)).astype(int) - image).max() <= 1


def test_a_folder_gives_each_picture_once_by_name_and_what_appears(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(name.encode())
    with closing(pictures(address(str(tmp_path)))) as feed:
        assert [next_picture(feed), next_picture(feed)] == [b"a.jpg", b"b.png"]
        assert next(feed) is None
        (tmp_path / "0.webp").write_bytes(b"0.webp")
        assert next_picture(feed) == b"0.webp"
        (tmp_path / "a.jpg").write_bytes(b"another a.jpg")
        assert next_picture(feed) == b"another a.jpg"


def test_a_file_that_is_still_written_waits(tmp_path: Path) -> None:
    with closing(pictures(address(str(tmp_path)))) as feed:
        assert next(feed) is None
        for half in (b"half", b"half and more"):
            (tmp_path / "a.jpg").write_bytes(half)
            assert next(feed) is None
        assert next_picture(feed) == b"half and more"


def test_a_file_that_is_too_large_is_bad_and_the_next_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_folder, "LARGEST", 10)
    (tmp_path / "a.jpg").write_bytes(bytes(11))
    (tmp_path / "b.jpg").write_bytes(b"fits")
    with closing(pictures(address(str(tmp_path)))) as feed:
        assert isinstance(next_picture(feed), Bad)
        assert next_picture(feed) == b"fits"


def test_one_picture_file_is_a_camera_too(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"picture")
    with closing(pictures(address(str(tmp_path / "a.jpg")))) as feed:
        assert next_picture(feed) == b"picture"
        assert next(feed) is None
        (tmp_path / "a.jpg").unlink()
        with pytest.raises(Lost, match="not there"):
            next(feed)


def _say_nonsense(server: socket.socket) -> None:
    for _ in range(2):  # who asks whether somebody listens, and FFmpeg
        there, _ = server.accept()
        with there:
            there.settimeout(5)
            if there.recv(4096):
                there.sendall(b"220 mail.example ready\r\n\r\n")
