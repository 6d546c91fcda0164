"""The trust list: whose keys may sign stubs, in one COSE_Sign1 by an offline root.

Payload: [number, issued, not_after, [entry, ...]], an entry being [kid, key, operator, roles, valid_from,
valid_to, revoked_since, gtin_prefixes, jurisdiction] with null for a default and no nulls at its end.
Times are seconds since 1970-01-01 UTC.
"""

from edge import cbor, cose
from edge.errors import DoesNotFit, Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Verifier = Callable[[bytes, bytes, bytes], bool]

ISSUER = "issuer"

_CEILING = 1 << 20  # bytes of a signed list: about 19,000 keys
_FIELDS = 9
_DEFAULTS = (b"", b"", "", (ISSUER,), 0, None, None, (), "")
_LARGEST = (1 << 53) - 1  # what JSON readers keep exactly (RFC 8259 section 6)
_LONGEST_TEXT = 255  # characters

# P-256 (FIPS 186-5, "Curve P-256"): y^2 = x^3 - 3x + b over p; its cofactor is 1.
_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


class BadSignature(Malformed):
    """The list is not signed by the root that it was held against."""


class Entry:
    """One key: whose it is, what for, and when. None: no end (valid_to), not revoked (revoked_since).

    gtin_prefixes: GS1 company prefixes, as they begin a GTIN-13; none means any product.
    """

    def __init__(
        self,
        kid: "bytes",
        key: "bytes",
        operator: "str" = "",
        roles: "tuple[str, ...]" = (ISSUER,),
        valid_from: "int" = 0,
        valid_to: "int | None" = None,
        revoked_since: "int | None" = None,
        gtin_prefixes: "tuple[str, ...]" = (),
        jurisdiction: "str" = "",
    ) -> None:
        self.kid = kid
        self.key = key
        self.operator = operator
        self.roles = roles
        self.valid_from = valid_from
        self.valid_to = valid_to
        self.revoked_since = revoked_since
        self.gtin_prefixes = gtin_prefixes
        self.jurisdiction = jurisdiction

    def __eq__(self, other: "object") -> "bool":
        return isinstance(other, Entry) and _fields(self) == _fields(other)

    def __hash__(self) -> "int":
        return hash((self.kid, self.key))

    def __repr__(self) -> "str":
        return f"Entry{_fields(self)!r}"


class TrustList:
    """The keys in force from list `number` on; past `not_after` it still serves, and a verdict says so."""

    def __init__(
        self, number: "int", issued: "int", not_after: "int", entries: "tuple[Entry, ...]"
    ) -> None:
        self.number = number
        self.issued = issued
        self.not_after = not_after
        self.entries = entries
        self._by_kid: "dict[bytes, list[Entry]]" = {}
        for entry in entries:
            self._by_kid.setdefault(entry.kid, []).append(entry)

    def find(self, kid: "bytes | None") -> "list[Entry]":
        """Every entry with this kid: two keys may share one."""
        return self._by_kid.get(kid, []) if kid is not None else []


def encode(
    trust_list: "TrustList", alg: "int", kid: "bytes", sign: "Callable[[bytes], bytes]"
) -> "bytes":
    """The signed list; alg, kid, sign: the offline root's. The entries' order does not change the bytes.

    Raises Malformed where an entry is wrong or its key not sound, DoesNotFit beyond 1 MiB.
    """
    for entry in trust_list.entries:
        _check_entry(entry)
        _check_key(entry)
    _check_list(trust_list)
    data = cose.sign1(_payload(trust_list), alg, kid, sign)
    if len(data) > _CEILING:
        excess = len(data) - _CEILING
        raise DoesNotFit(f"{excess} bytes too many for a trust list: split it", excess)
    return data


def decode(data: "bytes", root_key: "bytes", verifier: "Verifier") -> "TrustList":
    """The list that `data` is, signed by the root.

    Raises BadSignature where `root_key` did not sign it, Malformed or Truncated where `encode` would not have
    produced it. A list older than one seen before is the caller's to refuse (`newer`).
    """
    sign1 = cose.parse(data, _CEILING)
    if not sign1.tagged or sign1.payload is None:
        raise Malformed("trust list: must be tagged and carry its payload")
    headers = cbor.encode({cose.ALG: sign1.alg, cose.KID: sign1.kid})
    if sign1.protected != headers or sign1.unprotected:
        raise Malformed("trust list: must have alg and kid protected, and no other header")
    signed = cose.to_be_signed(sign1.protected, sign1.payload)
    if not cose.alg_allowed(sign1.alg, root_key) or not verifier(root_key, signed, sign1.signature):
        raise BadSignature("trust list: not signed by this root key")
    found = _trust_list(cbor.decode(sign1.payload, _CEILING))
    for entry in found.entries:
        _check_key(entry)
    _check_list(found)
    if _payload(found) != sign1.payload:
        raise Malformed("trust list: entries out of order, or defaults written out")
    return found


def newer(current_number: "int | None", candidate: "TrustList") -> "bool":
    """Whether `candidate` may replace the list `current_number` (None: none was seen yet)."""
    return current_number is None or candidate.number > current_number


def entry(row: "Any") -> "Entry":
    """The entry that one decoded row of a list's payload is; Malformed. Whether its key is sound is not asked."""
    if type(row) is not list or not 2 <= len(row) <= _FIELDS:
        raise Malformed(f"trust list: an entry must be an array of 2 to {_FIELDS} fields")
    fields = list(_DEFAULTS)
    for at in range(len(row)):
        if row[at] is not None:
            fields[at] = tuple(row[at]) if type(row[at]) is list else row[at]
    found = Entry(*fields)  # type: ignore[arg-type]  # looked at in the next line
    _check_entry(found)
    return found


def row(entry: "Entry") -> "list[Any]":
    """What stands in a list's payload for `entry`: a default is null, or left out at the end."""
    found: "list[Any]" = []
    fields = _fields(entry)
    for at in range(_FIELDS):
        found.append(None if fields[at] == _DEFAULTS[at] else fields[at])
    while found[-1] is None:
        found.pop()
    return found


def is_sound(key: "bytes") -> "bool":
    """Whether a public key may be trusted: a canonical Ed25519 key of full order, or a point of P-256."""
    if len(key) == 32:
        from edge import ed25519  # here: who reads no list does without its tables

        return ed25519.is_sound(key)
    if len(key) != 64:
        return False
    x, y = int.from_bytes(key[:32], "big"), int.from_bytes(key[32:], "big")
    return x < _P and y < _P and (y * y - (x * x - 3) * x - _B) % _P == 0


def _fields(entry: "Entry") -> "tuple[Any, ...]":
    return (
        entry.kid,
        entry.key,
        entry.operator,
        tuple(entry.roles),
        entry.valid_from,
        entry.valid_to,
        entry.revoked_since,
        tuple(entry.gtin_prefixes),
        entry.jurisdiction,
    )


def _payload(trust_list: "TrustList") -> "bytes":
    # portable: no key stands twice
    entries = sorted(trust_list.entries, key=lambda entry: (entry.kid, entry.key))
    rows = [row(entry) for entry in entries]
    return cbor.encode([trust_list.number, trust_list.issued, trust_list.not_after, rows])


def _trust_list(payload: "Any") -> "TrustList":
    if type(payload) is not list or len(payload) != 4 or type(payload[3]) is not list:
        raise Malformed("trust list: must be [number, issued, not_after, entries]")
    return TrustList(payload[0], payload[1], payload[2], tuple([entry(row) for row in payload[3]]))


def _check_list(trust_list: "TrustList") -> None:
    for number in (trust_list.number, trust_list.issued, trust_list.not_after):
        if not _is_number(number):
            raise Malformed(f"trust list: number, issued and not_after must be 0 to {_LARGEST}")
    seen = set()
    for entry in trust_list.entries:
        if (entry.kid, entry.key) in seen:
            raise Malformed(f"trust list: key {entry.kid.hex()} stands twice")
        seen.add((entry.kid, entry.key))


def _check_entry(entry: "Entry") -> None:
    if type(entry.kid) is not bytes or len(entry.kid) != 8:
        raise Malformed("trust list: a kid must be 8 bytes")
    where = f"trust list: key {entry.kid.hex()}"
    if type(entry.key) is not bytes or len(entry.key) not in (32, 64):
        raise Malformed(f"{where} is not sound")
    for text in (entry.operator, entry.jurisdiction):
        if not _is_text(text):
            raise Malformed(f"{where}: operator and jurisdiction must be text")
    if type(entry.roles) is not tuple or not entry.roles:
        raise Malformed(f"{where} must have a role")
    if type(entry.gtin_prefixes) is not tuple:
        raise Malformed(f"{where}: GTIN prefixes must be an array")
    for role in entry.roles:
        if not _is_text(role) or not role:
            raise Malformed(f"{where}: a role must be text")
    for prefix in entry.gtin_prefixes:
        if not _is_text(prefix) or not prefix or prefix.strip("0123456789") or len(prefix) > 13:
            raise Malformed(f"{where}: a GTIN prefix must be 1 to 13 digits")
    if not _is_number(entry.valid_from):
        raise Malformed(f"{where}: valid_from must be 0 to {_LARGEST}")
    for time in (entry.valid_to, entry.revoked_since):
        if time is not None and not _is_number(time):
            raise Malformed(f"{where}: valid_to and revoked_since must be 0 to {_LARGEST}")


def _check_key(entry: "Entry") -> None:
    if not is_sound(entry.key):
        raise Malformed(f"trust list: key {entry.kid.hex()} is not sound")


def _is_number(value: "Any") -> "bool":
    return type(value) is int and 0 <= value <= _LARGEST


def _is_text(value: "Any") -> "bool":
    return type(value) is str and len(value) <= _LONGEST_TEXT
