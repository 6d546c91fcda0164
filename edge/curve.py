"""edwards25519 (RFC 8032, section 5.1): points, and two multiples of points at once, as programs of edge/field.py.

A point is x = X/Z, y = Y/Z with T = XY/Z = E * K (Hisil, Wong, Carter, Dawson 2008; K is their H). A table holds P, 3P
.. 15P as M = (y - x) / 2, P = (y + x) / 2, C = d * x * y, 32 bytes each; scalars are taken in signed windows of five
bits (Straus). NOT constant-time. What takes long is a generator that yields about every 10 ms of a handheld's time.
"""

try:
    from edge import field_viper as field
except (
    ImportError,
    SyntaxError,
    ValueError,
    MemoryError,
):  # no viper, or for another processor
    from edge import field  # type: ignore[no-redef]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from edge.field import File

    Affine = tuple[int, int]

ENTRY = 96  # bytes; a table has 8 entries
_P = 2**255 - 19
_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555
_ROOT = 19681161376707505956807079304988542015446066515923890162744021073123829784752  # of -1
_HALF = (_P + 1) // 2
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960
_Y8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
_OF_SMALL_ORDER = (0, 1, _P - 1, _Y8, _P - _Y8)  # the y of all points of order 1, 2, 4 and 8
_BATCH = 16  # doublings at once

_X, _Y, _Z, _E, _K = ord("X"), ord("Y"), ord("Z"), ord("E"), ord("K")
_DOUBLE = b"A=X*X B=Y*Y E=X+X E=E*Y F=Z+Z F=F*Z K=A+B G=B-A F=F-G X=E*F Y=G*K Z=F*G ."
_ADD = b"T=E*K A=Y-X B=Y+X T=T*C A=A*M B=B*P E=B-A K=B+A F=Z-T G=Z+T X=E*F Y=G*K Z=F*G ."
_SUBTRACT = b"T=E*K A=Y-X B=Y+X T=T*C A=A*P B=B*M E=B-A K=B+A F=Z+T G=Z-T X=E*F Y=G*K Z=F*G ."
_SQUARE = b"X=X*X ."
_POWER = (  # squarings of X, then a program: X = Z ** (2**252 - 3), RFC 8032's (p - 5) / 8
    (0, b"X=Z*Z E=X+O ."),
    (2, b"X=X*Z F=X+O ."),
    (0, b"X=X*E ."),
    (1, b"X=X*F E=X+O ."),
    (5, b"X=X*E E=X+O ."),
    (10, b"X=X*E F=X+O ."),
    (20, b"X=X*F ."),
    (10, b"X=X*E E=X+O ."),
    (50, b"X=X*E F=X+O ."),
    (100, b"X=X*F ."),
    (50, b"X=X*E ."),
    (2, b"X=X*Z ."),
)


def decode(data: "bytes") -> "Generator[None, None, Affine | None]":
    """Returns (x, y) of a canonical 32-byte encoding (5.1.3) of a point that is not of small order, else None."""
    if len(data) != 32:
        return None
    y = int.from_bytes(data, "little")
    sign_bit = y >> 255
    y &= (1 << 255) - 1
    if y >= _P or y in _OF_SMALL_ORDER:
        return None
    u = (y * y - 1) % _P
    v = (_D * y * y + 1) % _P
    uv3 = u * v % _P * v % _P * v % _P
    file = _registers(((_Z, uv3 * v % _P * v % _P * v % _P * v % _P),))
    for squarings, program in _POWER:
        field.run(_SQUARE, file, squarings)
        field.run(program, file, 1)
        yield
    x = uv3 * field.value(file, _X) % _P
    residue = v * x % _P * x % _P
    if residue != u:
        if residue != (_P - u) % _P:
            return None
        x = x * _ROOT % _P
    if x & 1 != sign_bit:
        x = _P - x
    return x, y


def encode(point: "Affine") -> "bytes":
    """The 32 bytes of (x, y)."""
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def is_small(point: "Affine") -> "bool":
    """Whether the order of the point is 1, 2, 4 or 8."""
    return point[1] in _OF_SMALL_ORDER


def negative(point: "Affine") -> "Affine":
    return _P - point[0], point[1]


def odd_multiples(point: "Affine") -> "Generator[None, None, bytes]":
    """Returns the table of a point: 768 bytes."""
    x, y = point
    file = _file_of(point)
    field.run(_DOUBLE, file, 1)
    twice = _entry(_affine(file))
    file = _file_of(point)
    _load_entry(file, twice, 0)
    yield
    points = [(x, y, 1)]
    for _ in range(7):
        field.run(_ADD, file, 1)
        points.append((field.value(file, _X), field.value(file, _Y), field.value(file, _Z)))
    yield
    products = [1]  # of the Z so far: one inverse gives them all
    for _, _, z in points:
        products.append(products[-1] * z % _P)
    inverse = _inverse(products[-1])
    table = bytearray(8 * ENTRY)
    yield
    for i in range(7, -1, -1):
        x, y, z = points[i]
        over_z = inverse * products[i] % _P
        inverse = inverse * z % _P
        table[i * ENTRY : (i + 1) * ENTRY] = _entry((x * over_z % _P, y * over_z % _P))
    return bytes(table)


_base_table = b""  # made at the first use


def multiply(s: "int", h: "int", table: "bytes") -> "Generator[None, None, Affine]":
    """Returns s * B + h * Q, affine, for the table of Q; s, h below 2**255."""
    global _base_table
    if not _base_table:
        _base_table = yield from odd_multiples((_BASE_X, _BASE_Y))
    pairs = ((_signed_windows(s), _base_table), (_signed_windows(h), table))
    file = _registers(((_Y, 1), (_Z, 1), (_K, 1)))
    doublings = 0
    for place in range(255, -1, -1):
        doublings += 1
        for digits, entries in pairs:
            digit = digits[place] - _ZERO
            if digit:
                field.run(_DOUBLE, file, doublings)
                doublings = 0
                _load_entry(file, entries, (abs(digit) >> 1) * ENTRY)
                field.run(_ADD if digit > 0 else _SUBTRACT, file, 1)
        if place % _BATCH == 0:
            field.run(_DOUBLE, file, doublings)
            doublings = 0
            yield
    return _affine(file)


_ZERO = 16  # what digit 0 is written as, so that digits fit bytes


def _signed_windows(scalar: "int") -> "bytearray":
    """The 256 digits of `scalar`, lowest first, zero or odd in -15..15, each as digit + 16 (wNAF, width 5)."""
    digits = bytearray(b"\x10" * 256)
    place = 0
    while scalar:
        if scalar & 1:
            digit = scalar & 31
            if digit > 15:
                digit -= 32
            scalar -= digit
            digits[place] = digit + _ZERO
        scalar >>= 1
        place += 1
    return digits


def _registers(loaded: "tuple[tuple[int, int], ...]") -> "File":
    file: "File" = field.registers()
    for register, value in loaded:
        field.load(file, register, value.to_bytes(32, "little"), 0)
    return file


def _file_of(point: "Affine") -> "File":
    x, y = point
    return _registers(((_X, x), (_Y, y), (_Z, 1), (_E, x), (_K, y)))


def _load_entry(file: "File", table: "bytes", at: "int") -> None:
    field.load(file, ord("M"), table, at)
    field.load(file, ord("P"), table, at + 32)
    field.load(file, ord("C"), table, at + 64)


def _entry(point: "Affine") -> "bytes":
    x, y = point
    parts = ((y - x) * _HALF % _P, (y + x) * _HALF % _P, _D * x % _P * y % _P)
    return b"".join([part.to_bytes(32, "little") for part in parts])


def _affine(file: "File") -> "Affine":
    inverse = _inverse(field.value(file, _Z))
    return field.value(file, _X) * inverse % _P, field.value(file, _Y) * inverse % _P


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
