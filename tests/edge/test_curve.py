"""edwards25519's points against the curve's plain equations."""

from collections.abc import Generator
from typing import TypeVar

import pytest

from edge import curve

T = TypeVar("T")
P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
BASE = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    4 * pow(5, -1, P) % P,
)


def end(steps: Generator[None, None, T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as returned:
            value: T = returned.value
            return value


def plus(p: tuple[int, int], q: tuple[int, int]) -> tuple[int, int]:
    (x, y), (u, v) = p, q
    k = D * x * y * u * v
    return (x * v + u * y) * pow(1 + k, -1, P) % P, (y * v + x * u) * pow(1 - k, -1, P) % P


def times(scalar: int, point: tuple[int, int]) -> tuple[int, int]:
    found = (0, 1)
    while scalar:
        if scalar & 1:
            found = plus(found, point)
        point = plus(point, point)
        scalar >>= 1
    return found


def entry(point: tuple[int, int]) -> bytes:
    x, y = point
    half = pow(2, -1, P)
    parts = ((y - x) * half, (y + x) * half, D * x * y)
    return b"".join((part % P).to_bytes(32, "little") for part in parts)


@pytest.mark.parametrize("scalar", [1, 2, 12345, 2**252])
def test_a_table_holds_the_odd_multiples(scalar: int) -> None:
    point = times(scalar, BASE)
    expected = b"".join(entry(times(odd, point)) for odd in range(1, 16, 2))
    assert bytes(end(curve.odd_multiples(point, bytearray(768)))) == expected
    if scalar == 1:
        assert expected == curve._BASE


@pytest.mark.parametrize("s", [0, 1, 16, 31, 2**254 + 8, 2**255 - 1, int("5" * 76)])
@pytest.mark.parametrize("h", [0, 1, 2**252 + 5, int("7" * 76)])
def test_two_multiples_at_once(s: int, h: int) -> None:
    point = times(99, BASE)
    table = bytes(end(curve.odd_multiples(point, bytearray(768))))
    assert end(curve.multiply(s, h, table)) == plus(times(s, BASE), times(h, point))


def test_calculations_that_take_turns_do_not_disturb_each_other() -> None:
    running = {s: curve.multiply(s, 0, b"") for s in (5, 6, 7)}
    found = {}
    while running:
        for s in list(running):
            try:
                next(running[s])
            except StopIteration as returned:
                found[s] = returned.value
                del running[s]
    assert found == {s: times(s, BASE) for s in (5, 6, 7)}


def test_points_are_decoded_and_encoded() -> None:
    for scalar in range(1, 20):
        point = times(scalar, BASE)
        assert end(curve.decode(curve.encode(point))) == point
        assert end(curve.decode(curve.encode(curve.negative(point)))) == (P - point[0], point[1])
