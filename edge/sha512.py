"""SHA-512: FIPS 180-4, section 6.4. MicroPython's hashlib has none, and Ed25519 needs it."""

import hashlib
from binascii import unhexlify

_MASK = 0xFFFFFFFFFFFFFFFF
_BLOCK = 128


class Sha512Pure:
    """SHA-512 of what `update` is given, part by part, without hashlib; about 400 bytes of heap."""

    def __init__(self) -> None:
        self._state = bytearray(_START)
        self._rest = b""  # what does not fill a block yet
        self._size = 0

    def update(self, data: "bytes | bytearray | memoryview") -> None:
        """Append `data` to the message."""
        self._size += len(data)
        at = 0
        if self._rest:
            at = min(_BLOCK - len(self._rest), len(data))
            self._rest += bytes(data[:at])
            if len(self._rest) < _BLOCK:
                return
            compress(self._state, self._rest, 0)
        while at + _BLOCK <= len(data):
            compress(self._state, data, at)
            at += _BLOCK
        self._rest = bytes(data[at:])

    def digest(self) -> "bytes":
        """The 64 bytes; the message may go on after it."""
        state = bytearray(self._state)
        rest = self._rest + b"\x80"
        rest += bytes((112 - len(rest)) % _BLOCK) + (self._size * 8).to_bytes(16, "big")
        for at in range(0, len(rest), _BLOCK):
            compress(state, rest, at)
        return bytes(state)


Sha512 = getattr(hashlib, "sha512", Sha512Pure)


def sha512(data: "bytes") -> "bytes":
    """The 64-byte digest of `data`."""
    digest = Sha512()
    digest.update(data)
    return bytes(digest.digest())


def compress(state: "bytearray", block: "bytes | bytearray | memoryview", at: "int") -> None:
    """Take the 128 bytes of `block` at `at` into `state` (8 words, big-endian)."""
    # Rotations work on the word written twice (128 bit).
    words = [int.from_bytes(block[i : i + 8], "big") for i in range(at, at + _BLOCK, 8)]
    before = [int.from_bytes(state[i : i + 8], "big") for i in range(0, 64, 8)]
    a, b, c, d, e, f, g, h = before
    for t in range(80):
        if t < 16:
            word = words[t]
        else:
            x = words[(t - 15) & 15]
            y = words[(t - 2) & 15]
            xx = x << 64 | x
            yy = y << 64 | y
            word = (
                words[t & 15]
                + ((xx >> 1 ^ xx >> 8) & _MASK ^ x >> 7)
                + words[(t - 7) & 15]
                + ((yy >> 19 ^ yy >> 61) & _MASK ^ y >> 6)
            ) & _MASK
            words[t & 15] = word
        aa = a << 64 | a
        ee = e << 64 | e
        t1 = (
            h
            + ((ee >> 14 ^ ee >> 18 ^ ee >> 41) & _MASK)
            + (g ^ e & (f ^ g))
            + int.from_bytes(_K[8 * t : 8 * t + 8], "big")
            + word
        )
        t2 = ((aa >> 28 ^ aa >> 34 ^ aa >> 39) & _MASK) + (a & b | c & (a | b))
        h = g
        g = f
        f = e
        e = (d + t1) & _MASK
        d = c
        c = b
        b = a
        a = (t1 + t2) & _MASK
    after = (a, b, c, d, e, f, g, h)
    for i in range(8):
        state[8 * i : 8 * i + 8] = ((before[i] + after[i]) & _MASK).to_bytes(8, "big")


# The first 64 bits of the fractional parts of the square roots of the first 8 primes (5.3.5) ...
_START = unhexlify(
    "6a09e667f3bcc908bb67ae8584caa73b3c6ef372fe94f82ba54ff53a5f1d36f1"
    "510e527fade682d19b05688c2b3e6c1f1f83d9abfb41bd6b5be0cd19137e2179"
)
# ... and of the cube roots of the first 80 (4.2.3), one after another.
_K = unhexlify(
    "428a2f98d728ae227137449123ef65cdb5c0fbcfec4d3b2fe9b5dba58189dbbc"
    "3956c25bf348b53859f111f1b605d019923f82a4af194f9bab1c5ed5da6d8118"
    "d807aa98a303024212835b0145706fbe243185be4ee4b28c550c7dc3d5ffb4e2"
    "72be5d74f27b896f80deb1fe3b1696b19bdc06a725c71235c19bf174cf692694"
    "e49b69c19ef14ad2efbe4786384f25e30fc19dc68b8cd5b5240ca1cc77ac9c65"
    "2de92c6f592b02754a7484aa6ea6e4835cb0a9dcbd41fbd476f988da831153b5"
    "983e5152ee66dfaba831c66d2db43210b00327c898fb213fbf597fc7beef0ee4"
    "c6e00bf33da88fc2d5a79147930aa72506ca6351e003826f142929670a0e6e70"
    "27b70a8546d22ffc2e1b21385c26c9264d2c6dfc5ac42aed53380d139d95b3df"
    "650a73548baf63de766a0abb3c77b2a881c2c92e47edaee692722c851482353b"
    "a2bfe8a14cf10364a81a664bbc423001c24b8b70d0f89791c76c51a30654be30"
    "d192e819d6ef5218d69906245565a910f40e35855771202a106aa07032bbd1b8"
    "19a4c116b8d2d0c81e376c085141ab532748774cdf8eeb9934b0bcb5e19b48a8"
    "391c0cb3c5c95a634ed8aa4ae3418acb5b9cca4f7763e373682e6ff3d6b2b8a3"
    "748f82ee5defb2fc78a5636f43172f6084c87814a1f0ab728cc702081a6439ec"
    "90befffa23631e28a4506cebde82bde9bef9a3f7b2c67915c67178f2e372532b"
    "ca273eceea26619cd186b8c721c0c207eada7dd6cde0eb1ef57d4f7fee6ed178"
    "06f067aa72176fba0a637dc5a2c898a6113f9804bef90dae1b710b35131c471b"
    "28db77f523047d8432caab7b40c724933c9ebe0a15c9bebc431d67c49c100d4c"
    "4cc5d4becb3e42b6597f299cfc657e2a5fcb6fab3ad6faec6c44198c4a475817"
)
