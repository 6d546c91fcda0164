"""The bare signature over EPC and TID on MicroPython."""

from expect import raises

from edge import bare
from edge.trust import Entry, TrustList

EPC = bytes.fromhex("3066c4409047e140075bcd15")
TID = bytes.fromhex("e28011c12000112233445566")
SIGNATURE = bytes(range(100, 164))
ANY = Entry(b"abcdefgh", bytes(32))


def check(key, message, signature):
    return message == EPC + TID and signature == SIGNATURE


def verdict(entries, tid=TID, now=5):
    return bare.verify_bare(SIGNATURE, EPC, tid, TrustList(1, 0, 99, entries), check, now)


def test_what_is_signed_is_the_epc_and_then_the_tid():
    assert bare.message(EPC, TID) == EPC + TID
    assert bare.sign(EPC, TID, lambda message: message[:24] + bytes(40))[:24] == EPC + TID
    raises(ValueError, bare.message, EPC, b"")


def test_it_is_green_on_its_own_tag_alone():
    assert verdict((ANY,)).is_green()
    assert verdict((ANY,), now=100).key == "expired_list"
    assert verdict((ANY,), TID[:-1] + b"\x00").integrity == "bad_signature"
    assert verdict(()).integrity == "not_checked"


def test_keys_of_other_products_are_not_tried():
    other = Entry(b"abcdefgh", bytes(32), gtin_prefixes=("1234567",))
    assert verdict((other,)).integrity == "not_checked"
    assert verdict((other, ANY)).is_green()
