"""Signatures on which Ed25519's libraries disagree: S not reduced, R or A of small order, not canonical, with torsion.

With the cofactor, or without comparing R's bytes, their answers would be others.
"""

from collections.abc import Iterator
from hashlib import sha512
from random import Random
from typing import Any

from edge import cose, ed25519

Point = tuple[int, int]

P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, P) % P
_Y8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022  # of order 8
_BASE_Y = 4 * pow(5, -1, P) % P


def disputed(random: Random, count: int = 12) -> Iterator[tuple[dict[str, Any], Any]]:
    """Questions about signatures, with edge's answers: "malformed" where the key is not sound."""
    for key, message, signature in _made(random, count):
        answer: Any = "malformed"
        if ed25519.is_sound(key):
            answer = ed25519.verify(key, message, signature)
        yield asked(key, cose.ED25519, message, signature), answer


def asked(key: bytes, alg: int, message: bytes, signature: bytes) -> dict[str, Any]:
    """The question whether a signature is a key's."""
    said = {"key": key.hex(), "message": message.hex(), "signature": signature.hex()}
    return {"do": "signature", "alg": alg, **said}


def unsound_keys() -> list[bytes]:
    """Of small order, in every spelling; not canonical; on no point of the curve."""
    small = [0, 1, P - 1, P, P + 1, _Y8, P - _Y8]
    return [_spelled(y, sign) for y in (*small, 2, P + 2, 2**255 - 1) for sign in (0, 1)]


def _made(random: Random, count: int) -> Iterator[tuple[bytes, bytes, bytes]]:
    """(key, message, signature)"""
    base = _point(_BASE_Y)
    torsion = [_times(n, _point(_Y8)) for n in range(8)]
    for _ in range(count):
        a, r = random.randrange(1, _L), random.randrange(1, _L)
        message = random.randbytes(8)
        for bent in (torsion[0], random.choice(torsion), torsion[1], torsion[4]):
            key = encoded(_plus(_times(a, base), bent))
            for big_r in (encoded(_times(r, base)), encoded(_plus(_times(r, base), bent))):
                h = _challenge(big_r, key, message)
                yield key, message, big_r + ((r + h * a) % _L).to_bytes(32, "little")
                yield key, message, big_r + ((r + h * a) % _L + _L).to_bytes(32, "little")
            for big_r in (*(encoded(each) for each in torsion), *unsound_keys()[:14]):
                h = _challenge(big_r, key, message)
                difference = _times(-h % 8, bent)  # S B - h A, where S = h a
                if difference[1] == int.from_bytes(big_r, "little") % 2**255 % P:
                    yield key, message, big_r + (h * a % _L).to_bytes(32, "little")
        for key in (encoded(random.choice(torsion)), random.choice(unsound_keys())):
            big_r = encoded(_times(r, base))
            yield key, message, big_r + r.to_bytes(32, "little")


def encoded(point: Point) -> bytes:
    """RFC 8032, section 5.1.2."""
    return _spelled(point[1], point[0] & 1)


def _spelled(y: int, sign: int) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


def _challenge(big_r: bytes, key: bytes, message: bytes) -> int:
    return int.from_bytes(sha512(big_r + key + message).digest(), "little") % _L


def _point(y: int) -> Point:
    """The point with this y and an even x."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (P - x if x & 1 else x), y


def _plus(a: Point, b: Point) -> Point:
    product = _D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + product, -1, P)
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P)
    return x % P, y % P


def _times(n: int, point: Point) -> Point:
    found = (0, 1)
    while n:
        if n & 1:
            found = _plus(found, point)
        point = _plus(point, point)
        n >>= 1
    return found
