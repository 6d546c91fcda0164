"""The bare signature: 64 bytes over EPC || TID, for a RAIN tag whose USER bank holds no slot.

It names no key: the trust list's GTIN prefixes imply which to try. TID is the identity, edge.tid. What is signed can
be divided in one way only: an EPC ends where its scheme says, zero words aside, and no TID begins with zeros.
"""

from edge import cose, epc
from edge.errors import DoesNotFit, Malformed
from edge.tid import identity
from edge.verify import Verdict, covers, key_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from edge.trust import Entry, TrustList
    from edge.verify import Verifier

KEYS_TRIED = 16  # at most


def message(epc: "bytes", tid: "bytes") -> "bytes":
    """What is signed: the EPC as it stands in its bank, then the TID's identity.

    Raises ValueError for what is no identity, DoesNotFit for an EPC of an unknown scheme or with data behind it.
    """
    if not _is_named(tid):
        raise ValueError(f"{tid.hex()} is no TID with a serial")
    if not _ends(epc):
        raise DoesNotFit(f"the EPC {epc.hex()} is not one that a bare signature can be over", 0)
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

    Tried are the keys whose GTIN prefixes cover the EPC's product, else those without prefixes, 16 at most, trusted
    ones first. None to try, or more: not checked. Made by none of them: bad, whoever put 64 random bytes there. With no
    issued_at at hand, a key is judged by `now`.
    """
    verdict = Verdict("malformed", "tag")
    if len(signature) != cose.SIGNATURE_SIZE or not _is_named(tid) or not _ends(epc):
        return verdict
    product, signed = _product(epc), message(epc, tid)
    entries = _to_try(trust, product, now)
    for entry in entries[:KEYS_TRIED]:
        if verifier(entry.key, signed, signature):
            return _judged(verdict, entry, trust, product, now)
    verdict.integrity = "bad_signature" if 0 < len(entries) <= KEYS_TRIED else "not_checked"
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


def _to_try(
    trust: "TrustList | None", product: "Sequence[Any] | None", now: "int"
) -> "list[Entry]":
    entries = trust.entries if trust is not None else ()
    covering = [e for e in entries if e.gtin_prefixes and covers(e.gtin_prefixes, product)]
    trusted: "list[Entry]" = []
    others: "list[Entry]" = []
    for entry in covering or [e for e in entries if not e.gtin_prefixes]:
        state = key_state(entry, product, now, now)
        (trusted if state == "trusted" else others).append(entry)
    return trusted + others


def _product(raw: "bytes") -> "list[Any] | None":
    """Claim 1 of the product that an EPC names, None where it names none."""
    return epc.decode(raw).product


def _is_named(tid: "bytes") -> "bool":
    return len(tid) > 0 and identity(tid) == tid


def _ends(raw: "bytes") -> "bool":
    """Is this an EPC as its scheme encodes it, and nothing behind but zeros?"""
    try:
        made = epc.decode(raw).encode()
    except Malformed:
        return False
    return raw.startswith(made) and not raw[len(made) :].strip(b"\x00")
