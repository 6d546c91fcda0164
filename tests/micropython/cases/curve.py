"""The machine that computes modulo 2**255 - 19, in plain integers or in machine code, against plain arithmetic."""

import struct
import sys

from edge import curve, ed25519

P = 2**255 - 19
A, B, E, F, G = [ord(letter) for letter in "ABEFG"]
EDGES = (0, 1, 2, 19, 2**13 - 1, 2**254, P - 1, P, 2**255 - 1)


def in_machine_code():
    return not isinstance(curve.registers(), list)


def numbers(count):
    found = 7
    for _ in range(count):
        found = found * found * 3 % P + 5
        yield found % P


def test_machine_code_is_used_where_the_port_has_viper():
    assert ed25519.curve is curve  # it chooses the machine
    assert in_machine_code() == (
        sys.implementation.name == "micropython" and sys.platform == "linux"
    )


def test_what_is_loaded_is_what_is_read():
    for number in EDGES:
        assert loaded(number, 0)[0] == number % P


def test_products_sums_and_differences():
    pairs = [(a, b) for a in EDGES for b in EDGES]
    pairs += [(a, P - a * a % P) for a in numbers(40)]
    for a, b in pairs:
        assert loaded(a, b)[2:] == (a * b % P, (a + b) % P, (a - b) % P)


def loaded(a, b):
    file = curve.registers()
    curve.load(file, A, b"\x00" + a.to_bytes(32, "little"), 1)
    curve.load(file, B, b.to_bytes(32, "little"), 0)
    curve.run(b"E=A*B F=A+B G=A-B .", file, 1)
    return tuple([curve.value(file, register) for register in (A, B, E, F, G)])


def test_a_program_runs_as_often_as_it_is_told():
    file = curve.registers()
    curve.load(file, A, (3).to_bytes(32, "little"), 0)
    curve.run(b"A=A*A .", file, 0)
    assert curve.value(file, A) == 3
    curve.run(b"A=A*A .", file, 255)
    assert curve.value(file, A) == pow(3, 2**255, P)


def test_the_columns_of_the_largest_operands_fit():
    if not in_machine_code():
        return
    for left, right in ((6, 1), (1, 6), (2, 3), (3, 2)):
        for signs in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            a, b = 4100 * left * signs[0], 4100 * right * signs[1]
            file = curve.registers()
            struct.pack_into("<20i", file, 80 * (2 + (A & 15)), *[a] * 20)
            struct.pack_into("<20i", file, 80 * (2 + (B & 15)), *[b] * 20)
            curve.run(b"E=A*B .", file, 1)
            ones = sum([1 << 13 * i for i in range(20)])
            assert curve.value(file, E) == a * ones * b * ones % P
            limbs = struct.unpack_from("<20i", file, 80 * (2 + (E & 15)))
            assert max([abs(limb) for limb in limbs]) <= 4100
