# ruff: noqa: F821 (viper's own types)
# mypy: ignore-errors
"""SHA-512's compression in MicroPython's viper, that is in machine code; only ports with viper can import it.

Words are pairs of 32 bits, the high one first. Behind the 64 bytes of the digest, `state` has room for the message
schedule (128 bytes) and the eight words a .. h (64 bytes).
"""

import micropython
from micropython import const

_SCHEDULE = const(64)
_WORDS = const(192)


@micropython.viper
def compress(state: ptr8, block: ptr8, at: int, constants: ptr8):
    v = ptr32(int(state) + _WORDS)
    w = ptr32(int(state) + _SCHEDULE)
    t = 0
    while t < 16:
        i = 4 * t
        v[t] = state[i] << 24 | state[i + 1] << 16 | state[i + 2] << 8 | state[i + 3]
        t += 1
    t = 0
    while t < 32:
        w[t] = block[at] << 24 | block[at + 1] << 16 | block[at + 2] << 8 | block[at + 3]
        at += 4
        t += 1
    k = int(constants)
    t = 0
    while t < 80:
        w = ptr32(int(state) + _SCHEDULE + 8 * (t & 15))
        if t > 15:
            # w[t] = w[t - 16] + sigma0(w[t - 15]) + w[t - 7] + sigma1(w[t - 2])
            x = ptr32(int(state) + _SCHEDULE + 8 * (t + 1 & 15))
            hi = uint(x[0])
            lo = uint(x[1])
            sum_hi = uint(w[0]) + ((hi >> 1 | lo << 31) ^ (hi >> 8 | lo << 24) ^ hi >> 7)
            part = (lo >> 1 | hi << 31) ^ (lo >> 8 | hi << 24) ^ (lo >> 7 | hi << 25)
            sum_lo = uint(w[1]) + part
            if sum_lo < part:
                sum_hi += 1
            x = ptr32(int(state) + _SCHEDULE + 8 * (t + 9 & 15))
            part = uint(x[1])
            sum_lo += part
            if sum_lo < part:
                sum_hi += 1
            sum_hi += uint(x[0])
            x = ptr32(int(state) + _SCHEDULE + 8 * (t + 14 & 15))
            hi = uint(x[0])
            lo = uint(x[1])
            part = (lo >> 19 | hi << 13) ^ (hi >> 29 | lo << 3) ^ (lo >> 6 | hi << 26)
            sum_lo += part
            if sum_lo < part:
                sum_hi += 1
            w[0] = sum_hi + ((hi >> 19 | lo << 13) ^ (lo >> 29 | hi << 3) ^ hi >> 6)
            w[1] = sum_lo
        # t1 = h + Sigma1(e) + Ch(e, f, g) + k[t] + w[t]
        hi = uint(v[8])
        lo = uint(v[9])
        sum_hi = uint(v[14]) + (
            (hi >> 14 | lo << 18) ^ (hi >> 18 | lo << 14) ^ (lo >> 9 | hi << 23)
        )
        part = (lo >> 14 | hi << 18) ^ (lo >> 18 | hi << 14) ^ (hi >> 9 | lo << 23)
        sum_lo = uint(v[15]) + part
        if sum_lo < part:
            sum_hi += 1
        sum_hi += uint(v[12]) ^ (hi & (uint(v[10]) ^ uint(v[12])))
        part = uint(v[13]) ^ (lo & (uint(v[11]) ^ uint(v[13])))
        sum_lo += part
        if sum_lo < part:
            sum_hi += 1
        b = ptr8(k)
        k += 8
        sum_hi += uint(b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3])
        part = uint(b[4] << 24 | b[5] << 16 | b[6] << 8 | b[7])
        sum_lo += part
        if sum_lo < part:
            sum_hi += 1
        sum_hi += uint(w[0])
        part = uint(w[1])
        sum_lo += part
        if sum_lo < part:
            sum_hi += 1
        v[14] = v[12]
        v[15] = v[13]
        v[12] = v[10]
        v[13] = v[11]
        v[10] = v[8]
        v[11] = v[9]
        # e = d + t1
        hi = uint(v[6]) + sum_hi
        lo = uint(v[7]) + sum_lo
        if lo < sum_lo:
            hi += 1
        v[8] = hi
        v[9] = lo
        # a = t1 + Sigma0(a) + Maj(a, b, c)
        hi = uint(v[0])
        lo = uint(v[1])
        sum_hi += (hi >> 28 | lo << 4) ^ (lo >> 2 | hi << 30) ^ (lo >> 7 | hi << 25)
        part = (lo >> 28 | hi << 4) ^ (hi >> 2 | lo << 30) ^ (hi >> 7 | lo << 25)
        sum_lo += part
        if sum_lo < part:
            sum_hi += 1
        sum_hi += hi & uint(v[2]) | uint(v[4]) & (hi | uint(v[2]))
        part = lo & uint(v[3]) | uint(v[5]) & (lo | uint(v[3]))
        sum_lo += part
        if sum_lo < part:
            sum_hi += 1
        v[6] = v[4]
        v[7] = v[5]
        v[4] = v[2]
        v[5] = v[3]
        v[2] = hi
        v[3] = lo
        v[0] = sum_hi
        v[1] = sum_lo
        t += 1
    t = 0
    while t < 16:
        i = 4 * t
        sum_hi = uint(state[i] << 24 | state[i + 1] << 16 | state[i + 2] << 8 | state[i + 3])
        sum_lo = uint(state[i + 4] << 24 | state[i + 5] << 16 | state[i + 6] << 8 | state[i + 7])
        sum_hi += uint(v[t])
        part = uint(v[t + 1])
        sum_lo += part
        if sum_lo < part:
            sum_hi += 1
        state[i] = sum_hi >> 24
        state[i + 1] = sum_hi >> 16
        state[i + 2] = sum_hi >> 8
        state[i + 3] = sum_hi
        state[i + 4] = sum_lo >> 24
        state[i + 5] = sum_lo >> 16
        state[i + 6] = sum_lo >> 8
        state[i + 7] = sum_lo
        t += 2
