# ruff: noqa: F821 (viper's own types)
# mypy: ignore-errors
"""The machine of edge/curve.py in MicroPython's viper, that is in machine code; only ports with viper can import it.

An element is 20 signed limbs of 13 bits in words of 32; a product's lie in -4096..4099, a loaded one's below 8192, so
the columns of a product fit 31 bits. The two locals that lie in registers of the processor serve the inner rows.
"""

import struct

import micropython
from micropython import const

_BYTES = const(80)  # of a register


def registers() -> "File":
    return bytearray(_BYTES * 18)  # the first two hold the columns of a product


def value(file: "File", register: "int") -> "int":
    limbs = struct.unpack_from("<20i", file, _BYTES * (2 + (register & 15)))
    found = 0
    for i in range(18, -1, -2):
        found = (found << 26) + limbs[i] + (limbs[i + 1] << 13)
    return found % (2**255 - 19)


@micropython.viper
def load(file: ptr32, register: int, data: ptr8, at: int):
    to = ptr32(int(file) + _BYTES * (2 + (register & 15)))
    bits = 0
    have = 0
    i = 0
    while i < 20:
        while have < 13:
            if have + 13 * i < 256:
                bits |= data[at] << have
                at += 1
            have += 8
        to[i] = bits & 8191
        bits >>= 13
        have -= 13
        i += 1


@micropython.viper
def run(row: ptr32, right: ptr32, times: int):
    program = int(row)
    file = int(right)
    while times > 0:
        times -= 1
        op = ptr8(program)
        while op[0] != 46:  # .
            to = ptr32(file + _BYTES * (2 + (op[0] & 15)))
            left = ptr32(file + _BYTES * (2 + (op[2] & 15)))
            right = ptr32(file + _BYTES * (2 + (op[4] & 15)))
            if op[3] == 42:  # *
                row = ptr32(file)
                digit = 0
                while digit < 19:
                    row[digit] = 0
                    digit += 1
                end = file + _BYTES
                while int(row) < end:
                    digit = left[0]
                    row[0] = digit * right[0] + row[0]
                    row[1] = digit * right[1] + row[1]
                    row[2] = digit * right[2] + row[2]
                    row[3] = digit * right[3] + row[3]
                    row[4] = digit * right[4] + row[4]
                    row[5] = digit * right[5] + row[5]
                    row[6] = digit * right[6] + row[6]
                    row[7] = digit * right[7] + row[7]
                    row[8] = digit * right[8] + row[8]
                    row[9] = digit * right[9] + row[9]
                    row[10] = digit * right[10] + row[10]
                    row[11] = digit * right[11] + row[11]
                    row[12] = digit * right[12] + row[12]
                    row[13] = digit * right[13] + row[13]
                    row[14] = digit * right[14] + row[14]
                    row[15] = digit * right[15] + row[15]
                    row[16] = digit * right[16] + row[16]
                    row[17] = digit * right[17] + row[17]
                    row[18] = digit * right[18] + row[18]
                    row[19] = digit * right[19]
                    left = ptr32(int(left) + 4)
                    row = ptr32(int(row) + 4)
                # row is at column 20, whose weight, 2**260, is 608
                carry = 0
                row[19] = 0
                end += _BYTES
                while int(row) < end:
                    carry += row[0]
                    row[0] = carry & 8191
                    carry >>= 13
                    carry += row[1]
                    row[1] = carry & 8191
                    carry >>= 13
                    carry += row[2]
                    row[2] = carry & 8191
                    carry >>= 13
                    carry += row[3]
                    row[3] = carry & 8191
                    carry >>= 13
                    carry += row[4]
                    row[4] = carry & 8191
                    carry >>= 13
                    row = ptr32(int(row) + 20)
                row = ptr32(end - 4)
                row[0] += carry << 13  # the last column keeps its sign
                carry = 4096
                end = file + _BYTES
                row = ptr32(file)
                right = to
                while int(row) < end:
                    carry += row[0] + 608 * row[20]
                    right[0] = (carry & 8191) - 4096
                    carry = (carry >> 13) + 4096
                    carry += row[1] + 608 * row[21]
                    right[1] = (carry & 8191) - 4096
                    carry = (carry >> 13) + 4096
                    carry += row[2] + 608 * row[22]
                    right[2] = (carry & 8191) - 4096
                    carry = (carry >> 13) + 4096
                    carry += row[3] + 608 * row[23]
                    right[3] = (carry & 8191) - 4096
                    carry = (carry >> 13) + 4096
                    carry += row[4] + 608 * row[24]
                    right[4] = (carry & 8191) - 4096
                    carry = (carry >> 13) + 4096
                    right = ptr32(int(right) + 20)
                    row = ptr32(int(row) + 20)
                carry = to[0] + 608 * (carry - 4096) + 4096
                to[0] = (carry & 8191) - 4096
                carry = to[1] + (carry >> 13) + 4096
                to[1] = (carry & 8191) - 4096
                to[2] += carry >> 13
            else:
                row = left
                end = int(left) + _BYTES
                sign = 44 - op[3]  # 1 for +, -1 for -
                while int(row) < end:
                    to[0] = row[0] + sign * right[0]
                    to[1] = row[1] + sign * right[1]
                    to[2] = row[2] + sign * right[2]
                    to[3] = row[3] + sign * right[3]
                    to[4] = row[4] + sign * right[4]
                    to = ptr32(int(to) + 20)
                    right = ptr32(int(right) + 20)
                    row = ptr32(int(row) + 20)
            op = ptr8(int(op) + 6)


def _multiplies() -> "bool":
    file = registers()
    load(file, 1, bytes(range(7, 39)), 0)
    run(b"B=O-A B=B*A .", file, 1)
    x = value(file, 1)
    return value(file, 2) == -x * x % (2**255 - 19)


if not _multiplies():
    raise ImportError("words are not of 32 bits")
MACHINE = (registers, load, value, run)
