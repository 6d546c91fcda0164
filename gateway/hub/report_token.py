"""The token of a report's form: that this hub gave it out for this product, not just now and not long ago.

It stands in for what a rate limit by address would be, so that no address need be known:
    base64url(issued in ns, 8 bytes || nonce, 16 bytes || HMAC-SHA256 over both and the product, 32 bytes)
"""

import base64
import binascii
import hmac
import secrets
from hashlib import sha256

LEAST_S = 3  # a person takes longer than this to fill in the form
MOST_S = 2 * 60 * 60

_TIME, _NONCE, _MAC = 8, 16, 32  # bytes
_SIZE = _TIME + _NONCE + _MAC
_LONGEST = 100  # characters
_NAME = b"tagwright report\0"


class Unfit(Exception):
    """The token does not count. why: "forged", "early" or "late"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def made(secret: bytes, subject: str, now_ns: int) -> str:
    """A new token for a form about `subject`."""
    said = now_ns.to_bytes(_TIME, "big") + secrets.token_bytes(_NONCE)
    return base64.urlsafe_b64encode(said + _mac(secret, subject, said)).decode()


def read(token: str, secret: bytes, subject: str, now_ns: int) -> bytes:
    """The nonce of a token that counts now. Raises Unfit."""
    said, mac = _parts(token)
    if not hmac.compare_digest(mac, _mac(secret, subject, said)):
        raise Unfit("forged")
    age_ns = now_ns - int.from_bytes(said[:_TIME], "big")
    if age_ns < LEAST_S * 10**9:
        raise Unfit("early")
    if age_ns > MOST_S * 10**9:
        raise Unfit("late")
    return said[_TIME:]


def _parts(token: str) -> tuple[bytes, bytes]:
    try:
        raw = base64.b64decode(token[:_LONGEST].encode("ascii"), b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as e:
        raise Unfit("forged") from e
    if len(raw) != _SIZE:
        raise Unfit("forged")
    return raw[:-_MAC], raw[-_MAC:]


def _mac(secret: bytes, subject: str, said: bytes) -> bytes:
    return hmac.digest(secret, _NAME + said + subject.encode(), sha256)
