from pathlib import Path

import pytest

from gateway.readers.archive import Archive

AT = 1790000000.25  # 2026-09-21 14:13:20 UTC


def test_a_file_tells_when_by_which_camera_and_why(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "new" / "folder", 100)
    assert (
        archive.keep(b"\xff\xd8", AT, "cam 1", "no_read")
        == "20260921T141320.250Z-cam_1-no_read.jpg"
    )
    name = archive.keep(b"\x89PNG", AT, "../..", "")
    assert name == "20260921T141320.250Z-_-_.png"
    assert (tmp_path / "new" / "folder" / name).read_bytes() == b"\x89PNG"


def test_the_oldest_go_before_the_bound_is_passed_and_other_files_stay(tmp_path: Path) -> None:
    archive = Archive(tmp_path, 100)
    (tmp_path / "mine.jpg").write_bytes(bytes(1000))
    names = [archive.keep(bytes(30), AT + each, "cam", "no_read") for each in range(5)]
    assert {each.name for each in tmp_path.iterdir()} == {"mine.jpg", *names[2:]}


def test_cameras_share_an_archive(tmp_path: Path) -> None:
    for each in range(5):
        Archive(tmp_path, 100).keep(bytes(40), AT + each, f"cam{each}", "no_read")
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) <= 100


def test_a_picture_larger_than_the_archive_is_not_kept(tmp_path: Path) -> None:
    archive = Archive(tmp_path, 100)
    kept = archive.keep(bytes(30), AT, "cam", "no_read")
    assert archive.keep(bytes(101), AT, "cam", "no_read") is None
    assert [each.name for each in tmp_path.iterdir()] == [kept]


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    archive = Archive(tmp_path, 100)
    (tmp_path / "20260921T141320.250Z-cam-no_read.jpg").mkdir()
    with pytest.raises(OSError):
        archive.keep(bytes(10), AT, "cam", "no_read")
    assert len(list(tmp_path.iterdir())) == 1
