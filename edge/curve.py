"""edwards25519 (RFC 8032, section 5.1): points, and two multiples of points at once, as programs of a small machine.

A point is x = X/Z, y = Y/Z with T = XY/Z = E * K (Hisil, Wong, Carter, Dawson 2008; K is their H). A table holds P, 3P
.. 15P as M = (y - x) / 2, P = (y + x) / 2, C = d * x * y, 32 bytes each; scalars are taken in signed windows of five
bits (Straus). NOT constant-time. What takes long is a generator that yields about every 10 ms of a handheld's time.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    File = list[int]
    Affine = tuple[int, int]

ENTRY = 96  # bytes; a table has 8 entries
_P = 2**255 - 19
_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555
_ROOT = 19681161376707505956807079304988542015446066515923890162744021073123829784752  # of -1
_HALF = (_P + 1) // 2
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
    file = _file()
    _load(file, _Z, uv3 * v % _P * v % _P * v % _P * v % _P)
    for squarings, program in _POWER:
        run(_SQUARE, file, squarings)
        run(program, file, 1)
        yield
    x = uv3 * value(file, _X) % _P
    _files.append(file)
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


def odd_multiples(point: "Affine", table: "bytearray") -> "Generator[None, None, bytearray]":
    """Fills the table of a point, 768 bytes, and returns it."""
    x, y = point
    file = _file()
    _set(file, x, y)
    run(_DOUBLE, file, 1)
    twice = _affine(file)
    yield
    _set(file, x, y)
    _load_entry(file, _entry(twice), 0)
    yield
    products = [1]  # of the Z so far: one inverse gives them all
    for at in range(
        0, 8 * ENTRY, ENTRY
    ):  # X, Y, Z stand in the table meanwhile: as numbers they take twice the room
        if at:
            run(_ADD, file, 1)
        x, y, z = [value(file, register) for register in (_X, _Y, _Z)]
        table[at : at + ENTRY] = _joined(x, y, z)
        products.append(products[-1] * z % _P)
        yield
    _files.append(file)
    inverse = _inverse(products.pop())
    yield
    for at in range(7 * ENTRY, -1, -ENTRY):
        x, y, z = [int.from_bytes(table[i : i + 32], "little") for i in range(at, at + ENTRY, 32)]
        over_z = inverse * products.pop() % _P
        inverse = inverse * z % _P
        table[at : at + ENTRY] = _entry((x * over_z % _P, y * over_z % _P))
        yield
    return table


def multiply(s: "int", h: "int", table: "bytes | bytearray") -> "Generator[None, None, Affine]":
    """Returns s * B + h * Q, affine, for the table of Q; s, h below 2**255."""
    digits_s = _signed_windows(s)
    yield
    pairs = ((digits_s, _BASE), (_signed_windows(h), table))
    yield
    file = _file()
    _set(file, 0, 1)
    doublings = 0
    for place in range(255, -1, -1):
        doublings += 1
        for digits, entries in pairs:
            digit = digits[place] - _ZERO
            if digit:
                run(_DOUBLE, file, doublings)
                doublings = 0
                _load_entry(file, entries, (abs(digit) >> 1) * ENTRY)
                run(_ADD if digit > 0 else _SUBTRACT, file, 1)
        if place % _BATCH == 0:
            run(_DOUBLE, file, doublings)
            doublings = 0
            yield
    point = _affine(file)
    _files.append(file)
    return point


_ZERO = 16  # what digit 0 is written as, so that digits fit bytes


def _signed_windows(scalar: "int") -> "bytearray":
    """The 256 digits of `scalar`, lowest first, zero or odd in -15..15, each as digit + 16 (wNAF, width 5)."""
    digits = bytearray(b"\x10" * 256)
    data = scalar.to_bytes(33, "little")
    bits = data[0]
    for place in range(256):
        if place & 7 == 0:
            bits += data[(place >> 3) + 1] << 8
        if bits & 1:
            digit = bits & 31
            if digit > 15:
                digit -= 32
            bits -= digit
            digits[place] = digit + _ZERO  # portable: digit is -15..15
        bits >>= 1
    return digits


def _file() -> "File":
    return _files.pop() if _files else registers()


def _load(file: "File", register: "int", number: "int") -> None:
    load(file, register, number.to_bytes(32, "little"), 0)


def _set(file: "File", x: "int", y: "int") -> None:
    """The affine point as X, Y, Z, E, K."""
    for register, number in ((_X, x), (_Y, y), (_Z, 1), (_E, x), (_K, y)):
        _load(file, register, number)


def _load_entry(file: "File", table: "bytes | bytearray", at: "int") -> None:
    load(file, ord("M"), table, at)
    load(file, ord("P"), table, at + 32)
    load(file, ord("C"), table, at + 64)


def _entry(point: "Affine") -> "bytes":
    x, y = point
    return _joined((y - x) * _HALF % _P, (y + x) * _HALF % _P, _D * x % _P * y % _P)


def _joined(*parts: "int") -> "bytes":
    return b"".join([part.to_bytes(32, "little") for part in parts])


def _affine(file: "File") -> "Affine":
    inverse = _inverse(value(file, _Z))
    return value(file, _X) * inverse % _P, value(file, _Y) * inverse % _P


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


# The machine computes modulo 2**255 - 19 in 16 registers. A program is text of steps, six bytes each, and a full stop:
# b"A=X*X B=A+O ." squares X, and copies it as O is 0. Operations are *, + and -; a register's number is its letter's
# code modulo 16; it starts as 0. The operands of a product may be sums whose terms, multiplied, are at most 6; what
# `load` made counts as two terms. These are plain integers; field_viper.py does the same in machine code.


def registers() -> "File":
    """A file of registers."""
    return [0] * 16


def load(file: "File", register: "int", data: "bytes | bytearray", at: "int") -> None:
    """Put the 32 bytes of `data` at `at` (little-endian, below 2**255) into a register, given by its letter's code."""
    file[register & 15] = int.from_bytes(data[at : at + 32], "little")


def value(file: "File", register: "int") -> "int":
    """What a register holds, 0 .. 2**255 - 20."""
    return file[register & 15] % _P


def run(program: "bytes", file: "File", times: "int") -> None:
    """Run the program `times` times."""
    for _ in range(times):
        for at in range(0, len(program) - 1, 6):
            left = file[program[at + 2] & 15]
            operation = program[at + 3]
            right = file[program[at + 4] & 15]
            if operation == 42:  # *
                left = left * right % _P
            elif operation == 43:  # +
                left += right
            else:
                left -= right
            file[program[at] & 15] = left


def use(machine: "tuple[object, ...]") -> None:
    """Compute by other functions than the four above, in their order."""
    global registers, load, value, run
    registers, load, value, run = machine  # type: ignore[assignment]
    _files[:] = [registers()]


_files = [registers()]  # free ones: large pieces of the heap, taken while it is whole

_BASE = (  # the table of B
    b"\x9f\x48\xa0\xeb\x82\x1c\x88\xce\x59\x5f\xa0\xe8\x82\xcf\x9c\xfe"
    b"\x04\xc5\x47\x34\x1a\xc2\xe0\xd2\x33\x09\x7c\x4c\xc9\x97\x7e\x22"
    b"\xb9\x1d\xc6\x7a\xe3\x49\xde\x97\x0c\x07\xc6\x7d\xe3\x96\xc9\x67"
    b"\x61\xa1\x1e\x32\x4c\xa4\x85\x93\x32\x5d\xea\x19\x9d\xce\xe7\x43"
    b"\x34\x55\xbd\xc3\x02\x89\xe4\x55\x4f\x62\x55\xe6\x11\xf4\x6c\x13"
    b"\xc6\xac\xa1\xee\xe5\xbe\x0d\x2d\xd4\x32\x86\x4f\xb4\xbd\x88\x37"
    b"\x29\x69\x7e\x52\xf4\x8f\x30\xab\x3e\xdd\xe0\xf2\xfe\xa9\xe9\x9d"
    b"\x5e\xeb\xa5\x10\x8d\xf9\x98\x40\x31\xed\xad\xaa\xc3\x8a\x5c\x55"
    b"\x98\x4b\x77\x26\x54\xd8\x92\x57\xc5\x25\x43\x74\x18\x42\x2d\x01"
    b"\x99\xb3\x80\x4f\x01\xa8\x8d\x60\x7a\x7c\x40\xcd\x0d\x27\x0b\x3d"
    b"\x3b\x6c\xe8\x86\x9f\x49\x57\x0a\x31\xed\x1a\x0e\x91\x11\x4a\x2c"
    b"\xa6\x6d\x79\xc6\xa2\x72\xb8\x68\x63\xda\x5c\x89\x57\x13\x14\x6d"
    b"\x5d\xeb\x23\xd2\x61\xc1\xc8\xbf\xdb\x94\x93\xa5\x68\x0a\x80\xea"
    b"\x43\x50\x32\x5c\x8e\x78\x9e\xf1\xf9\xaa\x8d\xf5\x39\x3f\xa5\x0a"
    b"\x90\xdd\x52\x04\x22\x5e\x09\x51\x81\x76\xaf\xe3\x61\x24\xa8\x46"
    b"\x22\xf6\x5f\x2d\x86\xf5\x8d\xee\x75\x03\x71\xa3\x78\xe6\xa2\x54"
    b"\x39\x41\x95\xc0\xf8\xed\x5d\x5e\xfe\xe8\x5e\xe8\x03\x04\x87\x93"
    b"\x96\xd3\xde\x8d\x85\xb3\x0d\x5a\x4d\xdb\x9d\xb5\x34\x5f\xd5\x61"
    b"\xcf\x10\x19\x55\x4d\x96\x37\xdd\xd3\x11\xdd\x9d\xa9\x10\x50\x36"
    b"\x1d\x96\x0c\xc9\x27\x3b\xf5\x4e\xf0\x8b\x29\x97\xae\x6e\xb7\x4e"
    b"\xd6\x51\x27\x4a\x68\x2e\x8d\x35\x69\xe0\xce\x59\x9d\x1a\x38\xba"
    b"\x24\x17\x2a\x14\x41\x29\xd9\x38\x3f\x49\x1e\x94\x34\xf5\x0d\x63"
    b"\xd1\x59\xdc\x00\xe4\xb6\xc1\x78\x4d\x52\x9f\x82\xa3\xaf\x81\xd9"
    b"\xf9\xd6\x3b\x2c\xdd\x20\x4e\xa9\x53\xc8\x07\x35\x8e\xdd\x4f\x3d"
    b"\x32\xc0\xce\x01\xbf\x10\xb7\xf9\xcd\x20\x90\x7a\xdb\x40\x50\x4c"
    b"\x22\x58\xaf\x73\x04\xe3\x65\xcb\x47\x4e\x6e\xfd\x28\x2d\xe0\x24"
    b"\x8e\x31\x54\x53\xc5\x33\x97\xcd\x62\x23\xde\xa8\x37\x4f\x28\xd3"
    b"\xda\x7a\x43\xe3\xe4\x19\x59\xe7\xac\xbf\x6e\xc5\x99\xf6\x5c\x5a"
    b"\x84\xd7\x22\xc8\x5f\x74\x5a\x83\x17\xe9\x8c\x53\xf4\xc1\x7f\x71"
    b"\x8b\x67\xea\xc9\x14\x7e\x7b\x55\x83\x45\x80\x0d\x01\xb9\xe0\x79"
    b"\xa4\x21\xc3\x24\x81\xad\xaf\x98\xc0\x41\x84\xbb\xb4\x59\x6b\x9f"
    b"\xca\xf5\x46\xb5\xaa\x3a\xd0\xd1\xbf\xe3\xea\x14\xc0\xac\x55\x0c"
    b"\x6f\x15\x40\x45\x42\x80\xdf\x97\x13\x17\x18\x81\x67\xff\xec\x72"
    b"\x03\x1a\xb8\x8b\x38\x42\x9f\x88\xd7\xc7\x36\x2a\x71\xd5\x3a\x21"
    b"\xeb\x44\xb0\xfe\x62\x96\x15\x6c\x52\x72\x41\x99\x50\x5a\x8f\x01"
    b"\x11\x43\x8d\xda\xcc\x88\x18\x22\xa4\xfc\x9e\x5a\x91\x2a\xe3\x5e"
    b"\xc0\xdf\x3f\x99\x9d\x80\x37\xa8\xb5\xb7\xbb\xcd\xe4\x75\x7e\x57"
    b"\xb4\xac\x56\x55\x19\x59\x89\xce\x53\x12\xb0\x8b\x16\xc4\x33\x41"
    b"\xad\x3f\x00\x51\x11\x61\xb8\xdf\x6d\x6f\xde\x5a\xcd\x59\xc2\xdf"
    b"\x03\xdd\x83\x7d\x09\x07\xbd\xa9\x20\x79\xa3\x61\xf7\xeb\xa7\x51"
    b"\xbc\x51\x97\xb9\x8c\x50\xb0\xa9\x38\xea\xc6\xef\x58\xf3\x1b\x92"
    b"\x99\xf2\xd3\x48\xfc\x9b\x77\xd1\x31\xbc\x04\xd5\x7e\xd3\xbd\x24"
    b"\x7c\x67\x46\x23\xc3\xe6\x05\x02\x6b\x88\x4c\x15\xd2\x4d\xc1\x69"
    b"\xc9\x28\xd9\x03\x04\x18\x84\xba\x5f\x2f\x68\x0c\xa1\xe6\xda\x61"
    b"\x50\xf5\xe7\x89\x01\x66\x67\x92\x36\x12\x4e\x8c\x46\x61\x24\x43"
    b"\x68\x6a\xf9\x60\xfd\xde\xde\x96\x95\xf3\x96\xf8\x8b\x14\xf1\x30"
    b"\x8b\x5a\xe8\xcd\x17\x3b\xcd\x2e\x77\xef\x9f\x1b\xa7\x57\x9c\x75"
    b"\x38\x21\xeb\xc9\x3e\x2d\x97\x01\x21\x6c\x72\x85\x90\xb0\x8e\x28"
)
