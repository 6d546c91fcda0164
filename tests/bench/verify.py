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
        "ours": lambda: _parse_and_verify(raw, key),
        "judged": lambda: verdicts.verify(raw, issuer.trust, verifier, NOW),
        "on a tag": lambda: verdicts.verify(raw, issuer.trust, verifier, NOW, KIND, UID, LINK),
        "signature": lambda: verifier(key, found.to_be_signed(), found.signature),
        "parse": lambda: stub.decode(raw),
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
        f"stubs of {len(raw)} bytes parsed, and their signature verified",
        1e6 / best["ours"],
        "/s",
        peer=("python-cwt", 1e6 / slow["python-cwt"]),
        limit=limit,
        note=f"{best['ours']:.1f} us: {best['parse']:.1f} to parse, {sodium:.1f} in libsodium",
    )
    yield Row("  as a share of libsodium alone", 100 * sodium / best["ours"], "%", at_least=85)
    for what, name in (
        ("ditto, and the key judged", "judged"),
        ("ditto, and tag and link", "on a tag"),
    ):
        yield Row(what, 1e6 / best[name], "/s", limit=limit)
        yield Row("  as a share of libsodium alone", 100 * sodium / best[name], "%")
    yield Row(
        "signature alone, by the gateway's verifier", 1e6 / best["signature"], "/s", limit=limit
    )
    yield Row("  P-256 (OpenSSL), parsed and judged", 1e6 / slow["P-256"], "/s")
    yield Row("  pure Python Ed25519, as on a handheld", 1e6 / slow["pure"], "/s")


def _parse_and_verify(raw: bytes, key: bytes) -> bool:
    found = stub.decode(raw)
    return verifier(key, found.to_be_signed(), found.signature)


def _peers(issuer: Issuer, other: Issuer) -> dict[str, Call]:
    raw, p256 = issuer.stub(0), other.stub(0)
    key = cwt.COSEKey.new({1: 1, -1: 6, -2: issuer.key.public, 2: issuer.key.kid, 3: -19})
    reader = cwt.COSE.new()
    return {
        "python-cwt": lambda: reader.decode(raw, key),
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
