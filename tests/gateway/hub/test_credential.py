"""Role credentials: what counts, what does not and why; and that a foreign library reads the same."""

import asyncio
from dataclasses import replace
from pathlib import Path

import cwt
import pytest
from access_site import DAY, NOW, credential
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as some

from edge import cbor, cose
from edge.errors import Malformed
from edge.trust import Entry, TrustList
from gateway.hub.access import Refused
from gateway.hub.credential import SKEW_S, Credential, Credentials, bearer, proof, read
from gateway.hub.open import open_database
from gateway.keys import DeviceKey

ISSUER = DeviceKey.generate(operator="ministry")
HOLDER = DeviceKey.generate()
ROLES = ("credential-issuer", "manager-issuer")


def trusting(*entries: Entry, until: int = NOW + 365 * DAY) -> TrustList:
    return TrustList(1, NOW, until, entries)


def entry(key: DeviceKey = ISSUER, **other: object) -> Entry:
    return key.card.entry(NOW, **({"roles": ROLES} | other))


def made(*roles: str, **other: object) -> Credential:
    return credential(NOW, HOLDER, *(roles or ("authority",)), **other)


def claims(**other: object) -> bytes:
    """A credential's payload, with claims changed by number: c4=..., or None to leave one out."""
    said = cbor.decode(cose.parse(made().sign(ISSUER)).payload or b"")
    said |= {int(key[1:]) if key != "roles" else -65537: value for key, value in other.items()}
    return cbor.encode({key: value for key, value in said.items() if value is not None})


def signed(payload: bytes, key: DeviceKey = ISSUER) -> bytes:
    return cose.sign1(payload, key.alg, key.kid, key.sign)


def test_what_is_signed_is_what_is_read() -> None:
    said = made("authority", "legitimate_interest", subject="Markttoezicht")
    found, issuer = read(said.sign(ISSUER), trusting(entry()), NOW)
    assert found == said
    assert issuer.operator == "ministry"


def test_a_holder_may_have_a_p256_key_and_so_may_an_issuer() -> None:
    holder, issuer = DeviceKey.generate("p256"), DeviceKey.generate("p256")
    said = credential(NOW, holder, "authority")
    assert read(said.sign(issuer), trusting(entry(issuer)), NOW)[0].holder == holder.public


@pytest.mark.parametrize(
    ("other", "at", "sentence"),
    [
        ({}, NOW + DAY + SKEW_S + 1, "expired"),
        ({"not_before": NOW + SKEW_S + 1}, NOW, "not valid yet"),
        ({"issued": NOW + SKEW_S + 1}, NOW, "not valid yet"),
    ],
)
def test_a_credential_has_its_time(other: dict[str, int], at: int, sentence: str) -> None:
    data = made(**other).sign(ISSUER)
    with pytest.raises(Refused, match=sentence):
        read(data, trusting(entry(valid_to=NOW + 9 * DAY)), at)


def test_clocks_may_differ_by_some_minutes() -> None:
    early = made(not_before=NOW + SKEW_S, issued=NOW + SKEW_S).sign(ISSUER)
    assert read(early, trusting(entry()), NOW)
    assert read(made().sign(ISSUER), trusting(entry()), NOW + DAY + SKEW_S)


@pytest.mark.parametrize(
    ("role", "roles", "may"),
    [
        ("authority", ("credential-issuer",), True),
        ("legitimate_interest", ("credential-issuer",), True),
        ("manager", ("credential-issuer",), False),
        ("manager", ("manager-issuer",), True),
        ("authority", ("manager-issuer",), False),
        ("authority", ("issuer",), False),
    ],
)
def test_a_key_issues_what_its_role_lets_it(role: str, roles: tuple[str, ...], may: bool) -> None:
    trusted, data = trusting(entry(roles=roles)), made(role).sign(ISSUER)
    if may:
        assert read(data, trusted, NOW)[0].roles == (role,)
    else:
        with pytest.raises(Refused, match=f"may not make anyone {role}"):
            read(data, trusted, NOW)


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"revoked_since": NOW}, "revoked"),
        ({"revoked_since": 1}, "revoked"),
        ({"valid_from": NOW + SKEW_S + 1}, "not in force"),
        ({"valid_to": NOW - SKEW_S - 1}, "not in force"),
    ],
)
def test_a_key_that_does_not_count_now_issues_nothing(other: dict[str, int], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        read(made().sign(ISSUER), trusting(entry(**other)), NOW)


def test_a_list_that_is_out_of_date_gives_nobody_a_role() -> None:
    with pytest.raises(Refused, match="trust list is out of date"):
        read(made().sign(ISSUER), trusting(entry(), until=NOW - SKEW_S - 1), NOW)


def test_an_unknown_key_and_one_of_the_same_kid_sign_nothing() -> None:
    stranger = DeviceKey.generate()
    with pytest.raises(Refused, match="not signed by a key"):
        read(made().sign(stranger), trusting(entry()), NOW)
    forged = cose.sign1(claims(), stranger.alg, ISSUER.kid, stranger.sign)
    with pytest.raises(Refused, match="not signed by a key"):
        read(forged, trusting(entry()), NOW)


def test_each_changed_byte_is_seen() -> None:
    data, trusted = made().sign(ISSUER), trusting(entry())
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises((Malformed, Refused)):
            read(bytes(changed), trusted, NOW)


@pytest.mark.parametrize("alg", [cose.ESP256, -7, -37, 5, 0, -65535, "none", "EdDSA", None])
def test_the_key_says_which_algorithm_it_is(alg: int | str | None) -> None:
    """What the header claims cannot turn one key into another's, nor the signature off."""
    headers = {cose.KID: ISSUER.kid} | ({} if alg is None else {cose.ALG: alg})
    protected = cbor.encode(headers)
    payload = claims()
    signature = ISSUER.sign(cose.to_be_signed(protected, payload))
    data = cbor.encode(cbor.Tag(cose.TAG, [protected, {}, payload, signature]))
    with pytest.raises((Malformed, Refused)):
        read(data, trusting(entry()), NOW)


@pytest.mark.parametrize("alg", [cose.ESP256, -7, "none"])
def test_the_holders_key_says_it_too(tmp_path: Path, alg: int | str) -> None:
    async def play() -> None:
        database = await open_database(tmp_path / "hub.db")
        hub = Credentials(lambda: trusting(entry()), database, lambda: NOW)
        who = hub.caller(bearer(made("manager").sign(ISSUER)).encode())
        whole = cbor.decode(proof(HOLDER, "PUT", b"/a", b"", NOW, bytes(16))).value
        protected = cbor.encode({cose.ALG: alg, cose.KID: HOLDER.kid})
        signature = HOLDER.sign(cose.to_be_signed(protected, whole[2]))
        data = cbor.encode(cbor.Tag(cose.TAG, [protected, {}, whole[2], signature]))
        with pytest.raises(Refused, match="not signed by the credential's holder"):
            await hub.prove(who, bearer(data).encode(), "PUT", b"/a", b"")
        await database.close()

    asyncio.run(play())


def test_a_header_that_a_credential_has_not_is_malformed() -> None:
    whole = cbor.decode(made().sign(ISSUER)).value
    protected = cbor.encode({cose.ALG: ISSUER.alg, cose.KID: ISSUER.kid, 99: 1})
    signature = ISSUER.sign(cose.to_be_signed(protected, whole[2]))
    with pytest.raises(Malformed, match="nothing else"):
        read(cbor.encode(cbor.Tag(18, [protected, {}, whole[2], signature])), trusting(), NOW)
    for unprotected in ({cose.KID: ISSUER.kid}, {99: 1}):
        with pytest.raises(Malformed):
            read(cbor.encode(cbor.Tag(18, [whole[0], unprotected, *whole[2:]])), trusting(), NOW)


@pytest.mark.parametrize(
    "other",
    [
        {"c1": 7},
        {"c1": ""},
        {"c2": "a\nb"},
        {"c2": "x" * 256},
        {"c2": None},
        {"c3": "another hub"},
        {"c4": -1},
        {"c4": True},
        {"c4": 1 << 60},
        {"c5": "now"},
        {"c7": b"short"},
        {"c8": {1: {1: 1, -1: 6, -2: bytes(32)}}},
        {"c8": {1: {1: 1, -1: 6, -2: HOLDER.public, -4: bytes(32)}}},
        {"c8": {1: {1: True, -1: 6, -2: HOLDER.public}}},
        {"c8": {1: {1: 2, -1: 1, -2: bytes(32), -3: bytes(32)}}},
        {"c8": {1: {1: 2, -1: 6, -2: HOLDER.public}}},
        {"c8": {1: []}},
        {"c8": {2: HOLDER.public}},
        {"c8": []},
        {"roles": []},
        {"roles": ["authority", "authority"]},
        {"roles": ["gateway"]},
        {"roles": ["public"]},
        {"roles": [1]},
        {"roles": "authority"},
    ],
)
def test_a_claim_that_is_not_of_the_form_is_malformed(other: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        read(signed(claims(**other)), trusting(entry()), NOW)


def test_a_credential_that_none_would_read_is_not_signed() -> None:
    for other in ({"subject": ""}, {"roles": ("gateway",)}, {"expires": -1}):
        with pytest.raises(Malformed):
            replace(made(), **other).sign(ISSUER)  # type: ignore[arg-type]


@given(some.binary(max_size=400))
def test_any_bytes_are_read_or_malformed(data: bytes) -> None:
    with pytest.raises((Malformed, Refused)):
        read(data, trusting(entry()), NOW)


@given(
    some.recursive(
        some.none()
        | some.integers(-70000, 1 << 40)
        | some.text(max_size=5)
        | some.binary(max_size=33),
        lambda inner: (
            some.lists(inner, max_size=4)
            | some.dictionaries(some.integers(-5, 9) | some.just(-65537), inner, max_size=8)
        ),
        max_leaves=20,
    )
)
def test_any_signed_payload_is_read_or_malformed(payload: object) -> None:
    with pytest.raises(Malformed):
        read(signed(cbor.encode(payload)), trusting(entry()), NOW)


@given(some.binary(max_size=300))
def test_any_bearer_is_read_or_refused(text: bytes) -> None:
    found = Credentials(lambda: trusting(entry()), None, lambda: NOW)  # type: ignore[arg-type]
    with pytest.raises(Refused):
        found.caller(text)


def test_a_stub_or_a_proof_is_no_credential() -> None:
    for data in (
        proof(ISSUER, "GET", b"/", b"", NOW, bytes(16)),
        signed(cbor.encode({1: 1, 2: [1, 9520123456788], 3: bytes(32)})),
    ):
        with pytest.raises(Malformed):
            read(data, trusting(entry()), NOW)


def test_a_used_proof_is_refused_by_every_process_of_the_hub(database_place: str) -> None:
    async def play() -> None:
        opened = [await open_database(database_place) for _ in range(2)]
        hubs = [Credentials(lambda: trusting(entry()), each, lambda: NOW) for each in opened]
        who = hubs[0].caller(bearer(made("manager").sign(ISSUER)).encode())
        text = bearer(proof(HOLDER, "POST", b"/a", b"body", NOW, bytes(16))).encode()
        answers = await asyncio.gather(
            *[hub.prove(who, text, "POST", b"/a", b"body") for hub in hubs * 5],
            return_exceptions=True,
        )
        assert sum(not isinstance(each, BaseException) for each in answers) == 1
        assert sum(isinstance(each, Refused) for each in answers) == 9
        for each in opened:
            await each.close()

    asyncio.run(play())


def test_used_proofs_are_forgotten_when_their_time_alone_refuses_them(tmp_path: Path) -> None:
    now = [NOW]

    async def play() -> None:
        database = await open_database(tmp_path / "hub.db")
        hub = Credentials(lambda: trusting(entry()), database, lambda: now[0])
        who = hub.caller(bearer(made("manager").sign(ISSUER)).encode())
        for place in range(3):
            text = bearer(proof(HOLDER, "POST", b"/a", b"", now[0], bytes([place] * 16)))
            await hub.prove(who, text.encode(), "POST", b"/a", b"")
            now[0] += 3 * SKEW_S
        assert await database.fetch("SELECT count(*) FROM proofs") == [(1,)]
        await database.close()

    asyncio.run(play())


@pytest.mark.witness
def test_python_cwt_reads_a_credential_and_its_holders_proof() -> None:
    data = made("authority", subject="Markttoezicht").sign(ISSUER)
    public = Ed25519PublicKey.from_public_bytes(ISSUER.public)
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    key = cwt.COSEKey.from_pem(pem, kid=ISSUER.kid, alg="Ed25519")
    said = cwt.COSE.new().decode(data, key)
    found = cbor.decode(said)
    assert (found[2], found[4], found[-65537]) == ("Markttoezicht", NOW + DAY, ["authority"])
    holder = cwt.COSEKey.new({**found[8][1], 2: HOLDER.kid, 3: cose.ED25519, 4: [2]})
    request = cwt.COSE.new().decode(proof(HOLDER, "PUT", b"/a", b"", NOW, bytes(16)), holder)
    assert cbor.decode(request)[:3] == ["tagwright proof", "PUT", b"/a"]
