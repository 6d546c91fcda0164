"""The bare signature: 64 bytes over EPC || TID, for a RAIN tag whose USER bank holds no slot.

It names no key: the trust list's GTIN prefixes imply which to try. TID is the identity, edge.tid.
"""

from edge import cose, epc
from edge.errors import Malformed
from edge.verify import Verdict, covers, key_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from edge.trust import Entry, TrustList
    from edge.verify import Verifier

KEYS_TRIED = 16  # at most


def message(epc: "bytes", tid: "bytes") -> "bytes":
    """What is signed: the EPC as it stands in its bank, then the TID's identity. ValueError where one is empty."""
    if not epc or not tid:
        raise ValueError("a bare signature takes an EPC and a TID")
    return epc + tid


def sign(epc: "bytes", tid: "bytes", sign: "Callable[[bytes], bytes]") -> "bytes":
    """The 64 bytes for words 0-31 of the USER bank; sign: bytes -> 64 bytes of signature."""
    signature = sign(message(epc, tid))
    if len(signature) != cose.SIGNATURE_SIZE:
        raise ValueError(f"the signer made {len(signature)} bytes, where 64 belong")
    return signature


def verify_bare(
    signature: "bytes",
    epc: "bytes",
    tid: "bytes",
    trust: "TrustList | None",
    verifier: "Verifier",
    now: "int",
) -> "Verdict":
    """The verdict on a bare signature: over the EPC and the tag, so both match or it is bad.

    Tried are the keys whose GTIN prefixes cover the EPC's product, else those without prefixes, 16 at most. None to
    try: not checked. Made by none of them: bad, whoever put 64 random bytes there. With no issued_at at hand, a key is
    judged by `now`.
    """
    verdict = Verdict("not_checked", "tag")
    if len(signature) != cose.SIGNATURE_SIZE or not epc or not tid:
        verdict.integrity = "malformed"
        return verdict
    product = _product(epc)
    signed = message(epc, tid)
    for entry in _to_try(trust, product):
        verdict.integrity = "bad_signature"
        if verifier(entry.key, signed, signature):
            return _judged(verdict, entry, trust, product, now)
    return verdict


def _judged(
    verdict: "Verdict",
    entry: "Entry",
    trust: "TrustList | None",
    product: "Sequence[Any] | None",
    now: "int",
) -> "Verdict":
    verdict.integrity = "valid"
    verdict.binding = "match"
    verdict.link = "match"
    verdict.key = key_state(entry, product, now, now)
    if trust is not None and verdict.key == "trusted" and now > trust.not_after:
        verdict.key = "expired_list"
    return verdict


def _to_try(trust: "TrustList | None", product: "Sequence[Any] | None") -> "list[Entry]":
    entries = trust.entries if trust is not None else ()
    covering = [e for e in entries if e.gtin_prefixes and covers(e.gtin_prefixes, product)]
    return (covering or [e for e in entries if not e.gtin_prefixes])[:KEYS_TRIED]


def _product(raw: "bytes") -> "list[Any] | None":
    """Claim 1 of the product that an EPC names, None where it names none."""
    try:
        return epc.decode(raw).product
    except Malformed:
        return None
