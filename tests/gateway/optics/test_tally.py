"""What counts in one picture."""

from gateway.optics.found import Found
from gateway.optics.tally import Tally

HERE = ((0, 0), (100, 0), (100, 50), (0, 50))
THERE = ((300, 0), (400, 0), (400, 50), (300, 50))


def found(
    data: bytes,
    symbology: str = "EAN13",
    engine: str = "zxing",
    how: str = "one",
    corners: tuple[tuple[int, int], ...] = HERE,
    aim: str = "]E0",
) -> Found:
    return Found(data, aim, symbology, corners, 0.0, engine, how)


def values(tally: Tally) -> list[bytes]:
    return [each.data for each in tally.found]


def test_a_matrix_code_counts_at_first_sight() -> None:
    tally = Tally()
    tally.add([found(b"x", "QRCode"), found(b"y", "DataMatrix")])
    assert values(tally) == [b"x", b"y"]


def test_a_bar_code_counts_when_two_engines_read_it() -> None:
    tally = Tally()
    tally.add([found(b"4006381333931")])
    assert values(tally) == []
    assert [each.data for each in tally.doubtful] == [b"4006381333931"]
    tally.add([found(b"4006381333931", engine="zbar")])
    assert values(tally) == [b"4006381333931"]
    assert tally.found[0].passes == 2
    assert tally.doubtful == ()


def test_or_three_passes_of_zxing_and_never_zbar_alone() -> None:
    tally = Tally()
    for how in ("one", "two"):
        tally.add([found(b"4006381333931", how=how), found(b"LOT", "Code128", "zbar", how, THERE)])
    assert values(tally) == []
    tally.add([found(b"4006381333931", how="three")])
    tally.add([found(b"LOT", "Code128", "zbar", "three", THERE)])
    assert values(tally) == [b"4006381333931"]


def test_the_same_pass_counts_once() -> None:
    tally = Tally()
    for _ in range(5):
        tally.add([found(b"4006381333931")])
    assert values(tally) == []


def test_an_expected_value_counts_at_first_sight() -> None:
    tally = Tally([b"4006381333931"])
    tally.add([found(b"4006381333931"), found(b"5012345678900", corners=THERE)])
    assert values(tally) == [b"4006381333931"]


def test_a_rival_in_the_same_place_must_be_outvoted() -> None:
    tally = Tally()
    tally.add([found(b"4006381333931"), found(b"4006381333931", engine="zbar")])
    tally.add([found(b"4006381333948", how="two")])
    assert values(tally) == []
    tally.add([found(b"4006381333931", how="three")])
    assert values(tally) == [b"4006381333931"]


def test_another_code_elsewhere_is_no_rival() -> None:
    tally = Tally()
    for corners, data in ((HERE, b"4006381333931"), (THERE, b"5012345678900")):
        tally.add([found(data, corners=corners), found(data, engine="zbar", corners=corners)])
    assert values(tally) == [b"4006381333931", b"5012345678900"]


def test_of_both_engines_zxing_tells_the_identifier_and_fnc1() -> None:
    tally = Tally()
    tally.add([found(b"010952012345678810AB2112", "Code128", "zbar", aim="")])
    tally.add([found(b"010952012345678810AB\x1d2112", "Code128", "zxing", aim="]C1")])
    (only,) = tally.found
    assert (only.data, only.aim) == (b"010952012345678810AB\x1d2112", "]C1")


def test_zbar_drops_the_upper_half_of_latin_1_in_code_128() -> None:
    tally = Tally()
    tally.add([found(b"\xf3\xf31234", "Code128"), found(b"ss1234", "Code128", "zbar")])
    assert values(tally) == [b"\xf3\xf31234"]


def test_what_was_located_and_not_read_is_counted_once() -> None:
    tally = Tally()
    tally.add([], [HERE, THERE])
    tally.add([], [HERE])
    assert tally.unreadable == 2
    tally.add([found(b"x", "QRCode", corners=HERE)])
    assert tally.unreadable == 1
    assert tally.covers(50, 25)
    assert not tally.covers(350, 25)
