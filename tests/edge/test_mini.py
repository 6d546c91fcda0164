"""The mini profile: a signature over the link and the UID, for tags that hold no stub."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tags import KID, UID, delivered, link, look, write

from edge import chips, cose, ed25519, mini, ndef, plan
from edge.errors import DoesNotFit

SEED = bytes(range(32))
LINK = link(39)  # the longest that an NTAG213 holds with the mini profile


def sign(message: bytes) -> bytes:
    return ed25519.sign(SEED, message)


def made(uri: str, id: bytes = UID) -> bytes:
    return mini.record(mini.uri_record(uri), 1, id, cose.ED25519, KID, sign).payload


def test_the_aad_is_deterministic_cbor() -> None:
    # ["tagwright", 1, 1, h'04a1b2c3d4e5f6'] by RFC 8949, section 4.2.1
    assert mini.aad(1, UID).hex() == "8469746167777269676874010147" + UID.hex()


def test_the_sign1_is_83_bytes_and_verifies_over_the_record_as_it_stands() -> None:
    payload = made(LINK)
    assert len(payload) == mini.SIZE == 83 and mini.is_mini(payload)
    parsed = cose.parse(payload)
    assert (parsed.tagged, parsed.payload, parsed.kid, parsed.alg) == (False, None, KID, -19)
    covered = cose.to_be_signed(parsed.protected, mini.uri_record(LINK), mini.aad(1, UID))
    assert ed25519.verify(ed25519.public_key(SEED), covered, parsed.signature)


def test_the_record_covered_is_the_one_on_the_tag() -> None:
    chip, memory = chips.by_name("ntag213"), delivered("ntag213")
    after = write(memory, plan.commission_mini(chip, memory, LINK, made(LINK)))
    seen = look(after)
    assert (seen.state, seen.link, seen.faults) == ("mini", LINK, [])
    assert seen.uri_record == mini.uri_record(LINK)
    assert seen.mini == made(LINK)


def test_an_ntag213_holds_a_link_of_39_characters() -> None:
    chip, memory = chips.by_name("ntag213"), delivered("ntag213")
    plan.commission_mini(chip, memory, link(39), bytes(mini.SIZE))
    with pytest.raises(DoesNotFit, match="1 bytes too many for NTAG213") as why:
        plan.commission_mini(chip, memory, link(40), bytes(mini.SIZE))
    assert why.value.excess == 1


def test_a_full_area_has_no_terminator() -> None:
    chip, memory = chips.by_name("ntag213"), delivered("ntag213")
    full = write(memory, plan.commission_mini(chip, memory, link(39), made(link(39))))
    assert full.get(4, 36)[-64:] == made(link(39))[-64:]
    roomy = write(memory, plan.commission_mini(chip, memory, link(38), made(link(38))))
    assert roomy.get(4, 36)[-1:] == b"\xfe"


def test_a_type_is_external_or_mime() -> None:
    assert mini.record_tnf(b"tagwright.org:p") == ndef.EXTERNAL
    assert mini.record_tnf(b"application/cose") == ndef.MIME


def test_what_is_nearly_a_mini_is_none() -> None:
    payload = made(LINK)
    for cut in range(len(payload)):
        assert not mini.is_mini(payload[:cut])
    assert not mini.is_mini(payload + b"\x00")
    assert not mini.is_mini(b"\xd2" + payload)
    assert not mini.is_mini(payload[:15] + b"\xa0\x40" + payload[17:])


@given(st.binary(max_size=120))
def test_any_payload_is_mini_or_not(payload: bytes) -> None:
    assert mini.is_mini(payload) in (True, False)


def test_another_uid_gives_another_signature() -> None:
    other = hashlib.sha256(UID).digest()[:7]
    assert made(LINK) != made(LINK, other)
