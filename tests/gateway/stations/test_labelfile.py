"""labels.csv: what each code holds survives a crash, and nothing else is taken for it."""

import resource
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from edge import stub
from gateway.records import JournalTrouble
from gateway.stations.labelfile import LabelFile, Line
from gateway.stations.orders import Order, OrderError

LINK = "https://id.example.com/01/09520123456788/21/A1"
ORDER = Order({stub.PRODUCT: [0, 9520123456788, "A1"], stub.DIGEST: bytes(32)}, LINK, 1)
LINE = Line("1", "09520123456788/A1", "00" * 32, "kid", LINK, LINK + "#s=2KCE")


def test_a_line_is_of_its_order_and_its_key_alone() -> None:
    assert LINE.is_of(ORDER, "kid")
    assert not LINE.is_of(ORDER, "another")
    assert not LINE.is_of(replace(ORDER, link=LINK + "?x=1"), "kid")
    assert not LINE.is_of(replace(ORDER, claims={**ORDER.claims, stub.DIGEST: b"\1" * 32}), "kid")
    assert not LINE.is_of(
        replace(ORDER, claims={**ORDER.claims, stub.PRODUCT: [0, 9520123456788, "A2"]}), "kid"
    )


def test_lines_are_read_back_and_the_last_of_a_row_counts(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    with LabelFile(path) as kept:
        kept.append(LINE)
        kept.append(replace(LINE, text='a "quoted", text'))
        kept.append(replace(LINE, row="2"))
    with LabelFile(path) as kept:
        assert kept.lines == {
            1: replace(LINE, text='a "quoted", text'),
            2: replace(LINE, row="2"),
        }


def test_wherever_a_crash_cuts_it_whole_lines_stand_and_it_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    with LabelFile(path) as kept:
        kept.append(LINE)
        kept.append(replace(LINE, row="2"))
    whole = path.read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == 0x0A]
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        with LabelFile(path) as kept:
            assert len(kept.lines) == sum(end <= cut for end in ends[1:])
            kept.append(replace(LINE, row="3"))
        with LabelFile(path) as kept:
            assert 3 in kept.lines


@pytest.mark.parametrize("foreign", ["row,gtin\n1,2\n", "\n", "row", "\0\n"])
def test_another_file_is_refused_and_left_alone(tmp_path: Path, foreign: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(foreign)
    if foreign == "row":  # what a crash left of our own header
        LabelFile(path).__exit__()
        return
    with pytest.raises(OrderError, match="move it away"):
        LabelFile(path)
    assert path.read_text() == foreign


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(JournalTrouble, match="make the labels again"):
        LabelFile(tmp_path / "none" / "labels.csv")


def test_a_line_that_the_disk_took_in_part_is_none_and_the_next_one_stands(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    with LabelFile(path) as kept:
        kept.append(LINE)
        size = path.stat().st_size
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 9, limits[1]))
            with pytest.raises(JournalTrouble, match="make the labels again"):
                kept.append(replace(LINE, row="2"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, before)
        assert list(kept.lines) == [1]
        kept.append(replace(LINE, row="3"))
    with LabelFile(path) as kept:
        assert list(kept.lines) == [1, 3]
