"""Ed25519: RFC 8032, section 5.1, in plain Python; for platforms that have no library for it.

A board whose firmware carries a C module `tagwright_ed25519` with verify(key, message, signature) -> bool has its
signatures checked by that, where the message is in one piece. It must judge as PreparedKey.verify does, whatever the
bytes are. NOT constant-time: how long `sign` and `public_key` take depends on the seed, so a key that someone could
time belongs to a library or a secure element. Verifying handles public values only.
"""

from edge import curve
from edge import sha512 as hashes
from edge.sha512 import Sha512, sha512

try:
    from edge import field_viper, sha512_viper

    hashes.use(sha512_viper.compress)
    curve.use(field_viper.MACHINE)
except (ImportError, SyntaxError, ValueError, MemoryError):  # no viper, or for another processor
    pass

try:
    from tagwright_ed25519 import verify as _verify_in_c  # type: ignore[import-not-found]
except ImportError:
    _verify_in_c = None

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TypeVar

    T = TypeVar("T")

_L = 2**252 + 27742317777372353535851937790883648493


class PreparedKey:
    """A public key with its table of multiples (768 bytes, filled by the first check), for more than one signature."""

    def __init__(self, key: "bytes") -> None:
        self._room = bytearray(8 * curve.ENTRY)
        self.take(key)

    def take(self, key: "bytes") -> None:
        """Another key, in the room of the one before. key: 32 bytes; one that is not sound verifies nothing."""
        self.key = key
        self._table: "bytes | bytearray | None" = None  # empty where the key is not sound

    def verify(self, message: "bytes", signature: "bytes") -> "bool":
        """Whether `signature` (R || S, 64 bytes) is this key's for `message`: no cofactor, as in libsodium.

        As there, an S that is not reduced and an R of small order are refused too.
        """
        return _end(self.steps(message, signature))

    def steps(self, message: "bytes", signature: "bytes") -> "Generator[None, None, bool]":
        """`verify` as a generator: yields None about every 10 ms of a handheld's time, returns the answer."""
        if _verify_in_c is not None:
            return _verify_in_c(self.key, message, signature) is True
        check = self.begin(signature)
        check.update(message)
        answer = yield from check.steps()
        return answer

    def begin(self, signature: "bytes") -> "Check":
        """A check of `signature` for a message that comes part by part."""
        return Check(self, signature)

    def table(self) -> "Generator[None, None, bytes | bytearray]":
        """Returns the odd multiples of -A, empty where the key is not sound."""
        if self._table is None:
            point = yield from curve.decode(self.key)
            if point is None:
                self._table = b""
            else:
                self._table = yield from curve.odd_multiples(curve.negative(point), self._room)
        return self._table


class Check:
    """One signature's check: `update` with each part of the message, then `steps` or `verify` once."""

    def __init__(self, key: "PreparedKey", signature: "bytes") -> None:
        self._key = key
        self._signature = signature
        self._hash = Sha512()
        self._hash.update(signature[:32] + key.key)

    def update(self, data: "bytes | bytearray | memoryview") -> None:
        """Append `data` to the message."""
        self._hash.update(data)

    def verify(self) -> "bool":
        """All of `steps` at once."""
        return _end(self.steps())

    def steps(self) -> "Generator[None, None, bool]":
        """Yields None about every 10 ms of a handheld's time; returns the answer of PreparedKey.verify."""
        s = int.from_bytes(self._signature[32:], "little")
        if len(self._signature) != 64 or s >= _L:
            return False
        table = yield from self._key.table()
        if not table:
            return False
        h = int.from_bytes(self._hash.digest(), "little") % _L
        point = yield from curve.multiply(s, h, table)
        return curve.encode(point) == self._signature[:32] and not curve.is_small(point)


def verify(key: "bytes", message: "bytes", signature: "bytes") -> "bool":
    """Whether `signature` is `key`'s for `message`. False, never an exception, whatever the bytes are."""
    return PreparedKey(key).verify(message, signature)


def is_sound(key: "bytes") -> "bool":
    """Whether `key` is the canonical encoding of a point that is not of small order (1, 2, 4 or 8).

    Under a small-order key, signatures exist that verify for any message.
    """
    return _end(curve.decode(key)) is not None


def public_key(seed: "bytes") -> "bytes":
    """The 32-byte public key of the 32-byte private `seed`."""
    return curve.encode(_end(curve.multiply(_secret(seed)[0], 0, b"")))


def sign(seed: "bytes", message: "bytes") -> "bytes":
    """The 64-byte signature of `message` under `seed` (RFC 8032, 5.1.6). Not constant-time."""
    return _end(signing(seed, message))


def signing(seed: "bytes", message: "bytes") -> "Generator[None, None, bytes]":
    """`sign` as a generator: yields None about every 10 ms of a handheld's time, returns the signature."""
    a, prefix = _secret(seed)
    point = yield from curve.multiply(a, 0, b"")
    key = curve.encode(point)
    r = int.from_bytes(sha512(prefix + message), "little") % _L
    point = yield from curve.multiply(r, 0, b"")
    big_r = curve.encode(point)
    h = int.from_bytes(sha512(big_r + key + message), "little") % _L
    return big_r + ((r + h * a) % _L).to_bytes(32, "little")


def _secret(seed: "bytes") -> "tuple[int, bytes]":
    if len(seed) != 32:
        raise ValueError("an Ed25519 seed has 32 bytes")
    digest = sha512(seed)
    a = int.from_bytes(digest[:32], "little")
    return a & (1 << 254) - 8 | 1 << 254, digest[32:]


def _end(steps: "Generator[None, None, T]") -> "T":
    """What a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: "T" = end.value
            return value
