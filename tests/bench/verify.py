"""Verify: parsing and verifying a stub on one core, against libsodium's signature check alone, both in one run."""

import time
from collections.abc import Callable, Iterator

import cwt
import nacl.bindings
from nacl._sodium import ffi, lib

from edge import cose, stub
from edge import verify as verdicts
from gateway.keys import verifier
from tests.bench.line import UID
from tests.bench.passports import KIND, LINK, NOW, Issuer
from tests.bench.size import Size
from tests.bench.table import Row

_CALLS = (
    10  # in one round: under 1 ms, so that some rounds are not interrupted even on a busy machine
)

Call = Callable[[], object]


def rows(size: Size) -> Iterator[Row]:
    """Rounds of all contestants in turn; each one's best round counts, for a busy machine only ever adds time."""
    rounds = size.of(500, 5_000)
    issuer, other = Issuer(), Issuer("p256")
    raw = issuer.stub(1, issuer.stub(0))
    found = stub.decode(raw)
    message, signature, key = found.to_be_signed(), found.signature, issuer.key.public
    signed = signature + message
    calls: dict[str, Call] = {
        "ours": lambda: verdicts.verify(raw, issuer.trust, verifier, NOW),
        "on a tag": lambda: verdicts.verify(raw, issuer.trust, verifier, NOW, KIND, UID, LINK),
        "signature": lambda: verifier(key, found.to_be_signed(), found.signature),
        "parse": lambda: stub.decode(raw),
        "no signature": lambda: verdicts.verify(raw, issuer.trust, lambda *_: True, NOW),
        "PyNaCl": lambda: nacl.bindings.crypto_sign_open(signature + message, key),
        "libsodium": lambda: lib.crypto_sign_open(ffi.NULL, ffi.NULL, signed, len(signed), key),
    }
    if not verdicts.verify(raw, issuer.trust, verifier, NOW, KIND, UID, LINK)[0].is_green():
        raise RuntimeError("the bench's own stub is not green")
    best = _best(calls, rounds)
    slow = _best(_peers(issuer, other), rounds // 20 + 1)
    sodium = min(best["PyNaCl"], best["libsodium"])
    limit = ("libsodium", 1e6 / sodium)
    yield Row(
        f"stubs of {len(raw)} bytes parsed and verified: signature and key",
        1e6 / best["ours"],
        "/s",
        peer=("python-cwt, no verdict", 1e6 / slow["python-cwt"]),
        limit=limit,
        note=f"{best['ours']:.1f} us: {best['no signature']:.1f} without the signature, {best['parse']:.1f} to parse",
    )
    yield Row("  as a share of libsodium alone", 100 * sodium / best["ours"], "%", at_least=85)
    yield Row(
        "ditto, and the tag and the link judged too", 1e6 / best["on a tag"], "/s", limit=limit
    )
    yield Row("  as a share of libsodium alone", 100 * sodium / best["on a tag"], "%")
    yield Row(
        "signature alone, by the gateway's verifier", 1e6 / best["signature"], "/s", limit=limit
    )
    yield Row("  P-256 (OpenSSL), parsed and judged", 1e6 / slow["P-256"], "/s")
    yield Row("  pure Python Ed25519, as on a handheld", 1e6 / slow["pure"], "/s")


def _peers(issuer: Issuer, other: Issuer) -> dict[str, Call]:
    raw, p256 = issuer.stub(0), other.stub(0)
    key = cwt.COSEKey.new({1: 1, -1: 6, -2: issuer.key.public, 2: issuer.key.kid, 3: -8})
    reader = cwt.COSE.new()
    # python-cwt does not know -19 yet: the same claims, signed as -8
    claims = stub.decode(raw).claims
    eddsa = stub.encode(claims, cose.EDDSA, issuer.key.kid, issuer.key.sign)
    return {
        "python-cwt": lambda: reader.decode(eddsa, key),
        "P-256": lambda: verdicts.verify(p256, other.trust, verifier, NOW, KIND, UID, LINK),
        "pure": lambda: verdicts.verify(
            raw, issuer.trust, cose.pure_verifier, NOW, KIND, UID, LINK
        ),
    }


def _best(calls: dict[str, Call], rounds: int) -> dict[str, float]:
    """us a call, of each one's best round."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            for _ in range(_CALLS):
                call()
            best[name] = min(best[name], (time.perf_counter() - started) / _CALLS * 1e6)
    return best
