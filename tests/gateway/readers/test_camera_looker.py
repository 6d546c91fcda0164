from pathlib import Path

import numpy as np
import pytest

from edge.errors import Malformed
from gateway.config_tables import SYMBOLOGIES
from gateway.model import Wanted
from gateway.optics.found import Gray
from gateway.readers import camera_looker
from gateway.readers.camera_feed import Bad, Content, Picture
from gateway.readers.camera_looker import Looker
from gateway.readers.camera_source import jpeg
from gateway.readers.camera_wire import Keep, Kept, Spec
from hwsim.symbols import parse, symbol

EAN = b"4006381333931"
_MODULE = 3  # pixels


def shown(text: str) -> Gray:
    """A picture of that code, black on white."""
    modules = symbol(parse(text))
    if len(modules) == 1:
        modules = np.repeat(modules, 40, axis=0)
    ink = np.where(np.pad(modules, 12), 0, 255).astype(np.uint8)
    return ink.repeat(_MODULE, axis=0).repeat(_MODULE, axis=1)


def ean13(digits: bytes) -> Gray:
    return shown(f"ean13:{digits.decode()}")


def qr(text: str) -> Gray:
    return shown(f"qr:{text}")


def looker(
    is_still: bool = False, archive: Path | None = None, agree: int = 2, count: int = 1
) -> Looker:
    folder = str(archive or "")
    return Looker(Spec("cam", "0", SYMBOLOGIES, agree, count, folder, 1, 0), is_still)


def seen(at: Looker, number: int, content: Content) -> list[bytes]:
    look = at.look(Picture(number, 1790000000.0, content))
    assert (look.frame, look.at) == (number, 1790000000.0)
    return [each.data for each in look.codes]


def test_a_read_says_what_where_and_how_well() -> None:
    (read,) = looker().look(Picture(7, 1790000000.25, jpeg(qr("hello")))).codes
    assert (read.reader, read.data, read.aim, read.symbology) == ("cam", b"hello", "]Q1", "QRCode")
    assert (read.frame, read.seen_at, read.engine) == (7, 1790000000.25, "zxing")
    assert len(read.position) == 4 and read.orientation_deg is not None and read.decode_ms > 0
    assert read.quality is not None and (read.quality.contrast or 0) > 0.9


def test_a_1d_value_counts_when_frames_agree() -> None:
    at = looker()
    assert [seen(at, number, ean13(EAN)) for number in (1, 2)] == [[], [EAN]]


def test_an_expected_1d_value_counts_at_once_and_only_in_its_trigger() -> None:
    at = looker()
    at.trigger(Wanted(expected=(EAN,)))
    assert seen(at, 1, ean13(EAN)) == [EAN]
    at.release()
    assert seen(at, 2, ean13(EAN)) == []


def test_what_agreed_before_a_trigger_does_not_count_in_it() -> None:
    at = looker()
    seen(at, 1, ean13(EAN))
    at.trigger(Wanted())
    assert [seen(at, number, ean13(EAN)) for number in (2, 3)] == [[], [EAN]]


def test_as_many_codes_are_looked_for_as_the_station_wants() -> None:
    two = np.hstack([qr("one"), qr("two")])
    assert len(seen(looker(), 1, two)) == 1
    assert sorted(seen(looker(count=2), 1, two)) == [b"one", b"two"]


def test_a_still_picture_has_no_next_one_to_agree_with() -> None:
    assert seen(looker(is_still=True), 1, ean13(EAN)) == [EAN]


def test_a_trigger_may_ask_for_a_second_engine() -> None:
    at = looker()
    at.trigger(Wanted(confirm=True))
    (read,) = at.look(Picture(1, 0.0, qr("hello"))).codes
    assert read.confirmed_by == ("opencv",)
    at.release()
    (read,) = at.look(Picture(2, 0.0, qr("hello"))).codes
    assert read.confirmed_by == ()


@pytest.mark.parametrize("content", [Bad("too large"), b"", b"GIF89a", jpeg(qr("hello"))[:-99]])
def test_a_picture_that_is_none_is_malformed(content: Content) -> None:
    with pytest.raises(Malformed):
        looker().look(Picture(1, 0.0, content))


def test_a_picture_of_too_many_megapixels_is_refused_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(camera_looker, "MOST_PIXELS", 100)
    monkeypatch.setattr(camera_looker, "gray", None)
    with pytest.raises(Malformed, match="megapixels"):
        looker().look(Picture(1, 0.0, jpeg(qr("hello"))))


def test_the_last_picture_of_a_trigger_is_kept_as_it_came(tmp_path: Path) -> None:
    at, file = looker(archive=tmp_path), jpeg(qr("hello"))
    seen(at, 1, qr("before"))
    at.trigger(Wanted())
    assert at.keep(Keep(1, "no_read")) == Kept(1, None)
    seen(at, 2, file)
    at.release()
    kept = at.keep(Keep(2, "no_read"))
    assert kept.file is not None and (tmp_path / kept.file).read_bytes() == file
    seen(at, 3, qr("another"))
    assert (tmp_path / str(at.keep(Keep(3, "no_read")).file)).read_bytes()[:2] == b"\xff\xd8"


def test_without_an_archive_nothing_is_kept() -> None:
    at = looker()
    seen(at, 1, qr("hello"))
    assert at.keep(Keep(1, "no_read")) == Kept(1, None)


def test_what_one_engine_alone_reads_waits_for_a_better_picture_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = Looker(Spec("cam", "0", SYMBOLOGIES, 2, 1, "", 1, 0, confirm=True), False)
    (read,) = at.look(Picture(1, 1790000000.0, qr("hello"))).codes
    assert read.confirmed_by == ("opencv",)
    monkeypatch.setattr(camera_looker, "confirm", lambda *_: ())
    assert [seen(at, number, qr("other")) for number in range(2, 7)] == [[]] * 4 + [[b"other"]]
