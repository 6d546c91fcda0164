"""Ed25519: RFC 8032, section 5.1, in plain integers; for platforms that have no library for it.

NOT constant-time: how long `sign` and `public_key` take depends on the seed, so a key that someone could time
belongs to a library or a secure element. Verifying handles public values only. Points are extended
coordinates (X, Y, Z, T), x = X/Z, y = Y/Z, XY = ZT (Hisil, Wong, Carter, Dawson 2008); two scalars are
multiplied at once (Straus) in signed windows of five bits.
"""

from edge.sha512 import Sha512, sha512

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    Point = tuple[int, int, int, int]
    Table = list[tuple[int, int, int, int]]

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555
_2D = 2 * _D
_ROOT = pow(2, (_P - 1) // 4, _P)  # a square root of -1
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960
_BASE = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)
_NEUTRAL = (0, 1, 1, 0)


class PreparedKey:
    """A public key with its table of multiples (about 3 kB), for more than one signature."""

    def __init__(self, key: "bytes") -> None:
        """key: 32 bytes. Whether it is sound is kept; one that is not verifies nothing."""
        self.key = key
        point = _sound_point(key)
        self.table = None if point is None else _odd_multiples(_negative(point))

    def verify(self, message: "bytes", signature: "bytes") -> "bool":
        """Whether `signature` (R || S, 64 bytes) is this key's for `message`: no cofactor, as in libsodium.

        As there, an S that is not reduced and an R of small order are refused too.
        """
        return _answer(self.steps(message, signature))

    def steps(self, message: "bytes", signature: "bytes") -> "Generator[None, None, bool]":
        """`verify` as a generator: yields about every 10 ms of a handheld's time, returns the answer."""
        check = self.begin(signature)
        check.update(message)
        return check.steps()

    def begin(self, signature: "bytes") -> "Check":
        """A check of `signature` for a message that comes part by part."""
        return Check(self, signature)


class Check:
    """One signature's check: `update` with each part of the message, then `steps` or `verify` once."""

    def __init__(self, key: "PreparedKey", signature: "bytes") -> None:
        self._table = key.table
        self._signature = signature
        self._hash = Sha512()
        self._hash.update(signature[:32] + key.key)

    def update(self, data: "bytes | bytearray | memoryview") -> None:
        """Append `data` to the message."""
        self._hash.update(data)

    def verify(self) -> "bool":
        """All of `steps` at once."""
        return _answer(self.steps())

    def steps(self) -> "Generator[None, None, bool]":
        """Yields about every 10 ms of a handheld's time; returns the answer of PreparedKey.verify."""
        if self._table is None or len(self._signature) != 64:
            return False
        s = int.from_bytes(self._signature[32:], "little")
        if s >= _L:
            return False
        h = int.from_bytes(self._hash.digest(), "little") % _L
        yield
        point = _multiply(s, h, self._table)
        return _encode(point) == self._signature[:32] and not _is_small(point)


def _answer(steps: "Generator[None, None, bool]") -> "bool":
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value is True


def verify(key: "bytes", message: "bytes", signature: "bytes") -> "bool":
    """Whether `signature` is `key`'s for `message`. False, never an exception, whatever the bytes are."""
    return PreparedKey(key).verify(message, signature)


def is_sound(key: "bytes") -> "bool":
    """Whether `key` is the canonical encoding of a point that is not of small order (1, 2, 4 or 8).

    Under a small-order key, signatures exist that verify for any message.
    """
    return _sound_point(key) is not None


def public_key(seed: "bytes") -> "bytes":
    """The 32-byte public key of the 32-byte private `seed`."""
    return _encode(_multiply(_secret(seed)[0], 0, []))


def sign(seed: "bytes", message: "bytes") -> "bytes":
    """The 64-byte signature of `message` under `seed` (RFC 8032, 5.1.6). Not constant-time."""
    a, prefix = _secret(seed)
    key = _encode(_multiply(a, 0, []))
    r = int.from_bytes(sha512(prefix + message), "little") % _L
    big_r = _encode(_multiply(r, 0, []))
    h = int.from_bytes(sha512(big_r + key + message), "little") % _L
    return big_r + ((r + h * a) % _L).to_bytes(32, "little")


def _secret(seed: "bytes") -> "tuple[int, bytes]":
    if len(seed) != 32:
        raise ValueError("an Ed25519 seed has 32 bytes")
    digest = sha512(seed)
    a = int.from_bytes(digest[:32], "little")
    return a & (1 << 254) - 8 | 1 << 254, digest[32:]


def _sound_point(key: "bytes") -> "Point | None":
    point = _decode(key)
    return None if point is None or _is_small(point) else point


def _is_small(point: "Point") -> "bool":
    """Whether the order of `point` is 1, 2, 4 or 8."""
    for _ in range(3):
        point = _double(point)
    return point[0] == 0 and point[1] == point[2]


def _decode(data: "bytes") -> "Point | None":
    """The point of a canonical 32-byte encoding (5.1.3), else None."""
    if len(data) != 32:
        return None
    y = int.from_bytes(data, "little")
    sign_bit = y >> 255
    y &= (1 << 255) - 1
    if y >= _P:
        return None
    u = (y * y - 1) % _P
    v = (_D * y * y + 1) % _P
    v3 = v * v % _P * v % _P
    x = u * v3 % _P * pow(u * v3 % _P * v3 % _P * v % _P, (_P - 5) // 8, _P) % _P
    residue = v * x % _P * x % _P
    if residue != u:
        if residue != (_P - u) % _P:
            return None
        x = x * _ROOT % _P
    if x == 0 and sign_bit:
        return None
    if x & 1 != sign_bit:
        x = _P - x
    return x, y, 1, x * y % _P


def _encode(point: "Point") -> "bytes":
    x, y, z, _ = point
    inverse = _inverse(z)
    return (y * inverse % _P | (x * inverse % _P & 1) << 255).to_bytes(32, "little")


def _inverse(z: "int") -> "int":
    """1/z modulo p by extended Euclid: a tenth of the cost of a power on MicroPython."""
    a = z % _P
    b = _P
    u = 1
    v = 0
    while a:
        q = b // a
        a, b = b - q * a, a
        u, v = v - q * u, u
    return v % _P


def _negative(point: "Point") -> "Point":
    x, y, z, t = point
    return _P - x, y, z, _P - t


def _double(point: "Point") -> "Point":
    x, y, z, _ = point
    a = x * x % _P
    b = y * y % _P
    h = a + b
    e = h - (x + y) * (x + y) % _P
    g = a - b
    f = 2 * z * z % _P + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _odd_multiples(point: "Point") -> "Table":
    """P, 3P .. 15P, each as (Y-X, Y+X, 2dT, 2Z), the form that an addition takes."""
    twice = _prepared(_double(point))
    table = [_prepared(point)]
    for _ in range(7):
        point = _add(point, twice)
        table.append(_prepared(point))
    return table


def _prepared(point: "Point") -> "tuple[int, int, int, int]":
    x, y, z, t = point
    return (y - x) % _P, (y + x) % _P, _2D * t % _P, 2 * z % _P


def _add(point: "Point", entry: "tuple[int, int, int, int]") -> "Point":
    x, y, z, t = point
    minus, plus, dt, zz = entry
    a = (y - x) * minus % _P
    b = (y + x) * plus % _P
    c = dt * t % _P
    d = zz * z % _P
    e = b - a
    f = d - c
    g = d + c
    h = b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _subtract(point: "Point", entry: "tuple[int, int, int, int]") -> "Point":
    minus, plus, dt, zz = entry
    return _add(point, (plus, minus, _P - dt, zz))


_base_table: "Table" = []  # made at the first use


def _multiply(s: "int", h: "int", table: "Table") -> "Point":
    """s * B + h * Q for the table of Q's odd multiples."""
    if not _base_table:
        _base_table.extend(_odd_multiples(_BASE))
    digits_s = _signed_windows(s)
    digits_h = _signed_windows(h)
    point = _NEUTRAL
    for place in range(max(len(digits_s), len(digits_h)) - 1, -1, -1):
        point = _double(point)
        if place < len(digits_s) and digits_s[place] != _ZERO:
            point = _add_digit(point, digits_s[place] - _ZERO, _base_table)
        if place < len(digits_h) and digits_h[place] != _ZERO:
            point = _add_digit(point, digits_h[place] - _ZERO, table)
    return point


_ZERO = 16  # what digit 0 is written as, so that digits fit bytes


def _add_digit(point: "Point", digit: "int", table: "Table") -> "Point":
    if digit > 0:
        return _add(point, table[digit >> 1])
    return _subtract(point, table[-digit >> 1])


def _signed_windows(scalar: "int") -> "bytearray":
    """The digits of `scalar`, lowest first, zero or odd in -15..15, each as digit + 16 (wNAF, width 5)."""
    digits = bytearray()
    while scalar:
        digit = 0
        if scalar & 1:
            digit = scalar & 31
            if digit > 15:
                digit -= 32
            scalar -= digit
        digits.append(digit + _ZERO)
        scalar >>= 1
    return digits
