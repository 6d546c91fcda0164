"""Where a build is put: what stands in a folder already."""

from pathlib import Path

import pytest

from gateway.firmware.build import write

MADE = {"main.py": b"run", "handheld.mpy": b"M", "reader/archive.mpy": b"M"}


def names(folder: Path) -> set[str]:
    return {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}


def test_an_earlier_build_gives_way_and_nothing_of_it_stays(tmp_path: Path) -> None:
    write(MADE | {"m100.mpy": b"M"}, tmp_path / "made")
    write(MADE, tmp_path / "made")
    assert names(tmp_path / "made") == set(MADE)


@pytest.mark.parametrize("name", ["app.py", "main.py", "inner/app.py", "notes.txt"])
def test_nobodys_sources_are_removed(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(ValueError, match="lies there"):
        write(MADE, tmp_path)
    assert names(tmp_path) == {name} and (tmp_path / name).read_text() == "mine"
