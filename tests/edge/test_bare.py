"""The bare signature over EPC and TID, and whose keys are tried for it."""

import hashlib
from collections.abc import Callable

import pytest
from raintags import EPC, LONG_EPC, OTHER_EPC, tid_of

from edge import bare, cose, ed25519, gs1
from edge.epc import decode, sscc96
from edge.errors import DoesNotFit
from edge.tid import identity
from edge.trust import Entry, TrustList

TID = tid_of("M781")
NOW = 1790000000
PREFIX = gs1.gtin14(int((decode(EPC).product or [0, 0])[1]))[1:8]  # of the GTIN-13 that EPC names
SEED, STRANGER = bytes(range(32)), bytes(range(1, 33))


def signer(seed: bytes) -> Callable[[bytes], bytes]:
    return lambda message: ed25519.sign(seed, message)


def entry(seed: bytes, **fields: object) -> Entry:
    key = ed25519.public_key(seed)
    return Entry(cose.kid(key), key, **fields)  # type: ignore[arg-type]


def trust(*entries: Entry) -> TrustList:
    return TrustList(1, NOW - 100, NOW + 100, entries)


SIGNATURE = bare.sign(EPC, TID, signer(SEED))


def verdict(
    trusted: TrustList | None,
    signature: bytes = SIGNATURE,
    epc: bytes = EPC,
    tid: bytes = TID,
    now: int = NOW,
) -> tuple[str, str, str]:
    found = bare.verify_bare(signature, epc, tid, trusted, cose.pure_verifier, now)
    assert found.read_from == "tag"
    assert (found.binding == "match") == (found.link == "match") == (found.integrity == "valid")
    return found.integrity, found.key, found.colour()


def test_what_is_signed_is_the_epc_and_then_the_tid() -> None:
    assert bare.message(EPC, TID) == EPC + TID and len(SIGNATURE) == 64
    assert ed25519.verify(ed25519.public_key(SEED), EPC + TID, SIGNATURE)
    for tid in (b"", TID[:4], TID + b"\x00\x00"):
        with pytest.raises(ValueError):
            bare.message(EPC, tid)
    for epc in (b"", TID, EPC + TID[:2]):
        with pytest.raises(DoesNotFit, match=f"EPC {epc.hex()} is"):
            bare.message(epc, TID)
    with pytest.raises(ValueError, match="63 bytes"):
        bare.sign(EPC, TID, lambda message: bytes(63))


def test_a_signature_by_a_trusted_key_is_green() -> None:
    assert verdict(trust(entry(SEED))) == ("valid", "trusted", "green")


def test_any_change_of_signature_epc_or_tid_is_bad() -> None:
    trusted = trust(entry(SEED))
    bad = ("bad_signature", "unknown", "red")
    assert verdict(trusted, SIGNATURE[:-1] + b"\x00") == bad
    assert verdict(trusted, epc=OTHER_EPC) == bad
    assert verdict(trusted, tid=TID[:-1] + b"\x00") == bad
    assert verdict(trusted, hashlib.sha512(b"another program's").digest()) == bad


def test_where_no_key_can_be_tried_nothing_is_checked() -> None:
    for trusted in (None, trust(), trust(entry(SEED, gtin_prefixes=("9520",)))):
        assert verdict(trusted) == ("not_checked", "unknown", "amber")


def test_keys_with_the_products_prefix_come_before_all_others() -> None:
    covering = entry(SEED, gtin_prefixes=(PREFIX,))
    assert verdict(trust(entry(STRANGER), covering)) == ("valid", "trusted", "green")
    # The stranger may sign for any product, but this one has keys of its own.
    forged = bare.sign(EPC, TID, signer(STRANGER))
    assert verdict(trust(entry(STRANGER), covering), forged)[0] == "bad_signature"
    assert verdict(trust(entry(STRANGER)), forged)[0] == "valid"


def test_an_epc_that_names_no_product_takes_keys_without_prefixes() -> None:
    other = sscc96("106141412345678908", 7).encode()
    signature = bare.sign(other, TID, signer(SEED))
    assert verdict(trust(entry(SEED)), signature, other) == ("valid", "trusted", "green")
    covering = trust(entry(SEED, gtin_prefixes=(PREFIX,)))
    assert verdict(covering, signature, other)[0] == "not_checked"


def test_what_was_signed_cannot_be_divided_into_another_epc_and_tid() -> None:
    tid = bytes.fromhex("e2003412 e004010203040506")  # its serial is a TID of class E0
    assert identity(tid) == tid and identity(tid[4:]) == tid[4:]
    signature, trusted = bare.sign(EPC, tid, signer(SEED)), trust(entry(SEED))
    assert verdict(trusted, signature, EPC, tid)[0] == "valid"
    for at in range(0, 26, 2):
        epc, other = (EPC + tid)[:at], (EPC + tid)[at:]
        expected = "valid" if epc == EPC else "malformed"
        assert verdict(trusted, signature, epc, other)[0] == expected


def test_an_epc_with_zeros_behind_it_may_be_signed() -> None:
    for epc in (EPC + bytes(4), LONG_EPC + bytes(2)):
        signature = bare.sign(epc, TID, signer(SEED))
        assert verdict(trust(entry(SEED)), signature, epc)[0] == "valid"
        assert verdict(trust(entry(SEED)), signature, epc[:-2])[0] == "bad_signature"


def test_at_most_sixteen_keys_are_tried() -> None:
    tried = []

    def verifier(key: bytes, message: bytes, signature: bytes) -> bool:
        tried.append(key)
        return False

    many = [entry(bytes((n,)) * 32) for n in range(1, 21)]
    found = bare.verify_bare(SIGNATURE, EPC, TID, trust(*many), verifier, NOW)
    assert tried == [each.key for each in many[:16]]
    assert found.integrity == "not_checked"  # it may be by one of the others


def test_keys_that_were_retired_do_not_keep_others_from_being_tried() -> None:
    retired = [entry(bytes((n,)) * 32, revoked_since=1) for n in range(1, 21)]
    assert verdict(trust(*retired, entry(SEED)))[:2] == ("valid", "trusted")


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"revoked_since": NOW - 1}, "revoked"),
        ({"valid_from": NOW + 1}, "not_yet_valid"),
        ({"valid_to": NOW - 1}, "expired"),
        ({"roles": ("auditor",)}, "wrong_role"),
    ],
)
def test_the_key_is_judged_by_now(fields: dict[str, object], key: str) -> None:
    assert verdict(trust(entry(SEED, **fields)))[:2] == ("valid", key)


def test_a_list_that_is_out_of_date_says_so() -> None:
    assert verdict(trust(entry(SEED)), now=NOW + 101) == ("valid", "expired_list", "amber")


@pytest.mark.parametrize(
    ("signature", "epc", "tid"),
    [(SIGNATURE[:63], EPC, TID), (SIGNATURE + b"\x00", EPC, TID), (SIGNATURE, b"", TID)],
)
def test_what_cannot_be_a_signature_is_malformed(signature: bytes, epc: bytes, tid: bytes) -> None:
    assert verdict(trust(entry(SEED)), signature, epc, tid)[0] == "malformed"
