"""Enrolment and renewal: tokens that count once, keys that are new, and races with a revocation."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from access_site import NOW, Clock
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.hub.access import Refused
from gateway.hub.ca import Authority
from gateway.hub.database import Database
from gateway.hub.enrolment import Enrolment, Issued
from gateway.hub.gateways import Gateways
from gateway.hub.open import open_database
from gateway.identity import request

HOUR = 3600


@dataclass
class Desk:
    """The enrolment of one hub process."""

    database: Database
    enrolment: Enrolment
    gateways: Gateways
    clock: Clock

    async def enrolled(self, name: str = "line1", key: Ed25519PrivateKey | None = None) -> Issued:
        token, _ = await self.enrolment.token(name)
        return await self.enrolment.enrol(token, csr(name, key))

    async def counts(self, issued: Issued) -> bool:
        try:
            return (await self.gateways.certified(issued.certificate)).name == issued.name
        except Refused:
            return False


def csr(name: str, key: Ed25519PrivateKey | None = None) -> bytes:
    return request(name, key or Ed25519PrivateKey.generate())


def play(
    place: str | Path, folder: Path, act: Callable[..., Awaitable[None]], desks: int = 1
) -> None:
    async def all_of_it() -> None:
        opened = [await open_database(place) for _ in range(desks)]
        clock = Clock(NOW)
        authority = Authority(folder / "ca", ["localhost"], NOW)
        try:
            await act(
                *[
                    Desk(each, Enrolment(each, authority, 7.0, clock), Gateways(each, clock), clock)
                    for each in opened
                ]
            )
        finally:
            for each in opened:
                await each.close()

    asyncio.run(all_of_it())


def test_a_token_and_a_csr_give_a_certificate_for_that_name(
    tmp_path: Path, database_place: str
) -> None:
    async def act(desk: Desk) -> None:
        token, until = await desk.enrolment.token("line1", 2)
        assert until == NOW + 2 * HOUR
        secret, pin, name = token.split(".", 2)
        assert (pin, name) == (desk.enrolment.authority.pin, "line1")
        issued = await desk.enrolment.enrol(token, csr("line1"))
        cert = x509.load_der_x509_certificate(issued.certificate)
        assert cert.subject.rfc4514_string() == "CN=line1"
        assert cert.not_valid_after_utc.timestamp() == NOW + 7 * 86400
        who = await desk.gateways.certified(issued.certificate)
        assert (who.role, who.name, who.classes) == ("gateway", "line1", {"public"})
        held = await desk.database.fetch("SELECT sha256 FROM enrolment_tokens")
        assert secret.encode() not in held[0][0]  # nothing in the database enrols anyone

    play(database_place, tmp_path, act)


def test_a_token_counts_once_however_many_come_at_once(tmp_path: Path, database_place: str) -> None:
    async def act(*desks: Desk) -> None:
        for _ in range(5):
            token, _ = await desks[0].enrolment.token("line1")
            answers = await asyncio.gather(
                *[desk.enrolment.enrol(token, csr("line1")) for desk in desks * 5],
                return_exceptions=True,
            )
            given = [each for each in answers if isinstance(each, Issued)]
            refused = [each for each in answers if isinstance(each, Refused)]
            assert (len(given), len(refused)) == (1, 5 * len(desks) - 1), answers
            assert all("used before" in str(each) for each in refused)

    play(database_place, tmp_path, act, desks=2)


def test_a_lost_answer_costs_nothing(tmp_path: Path, database_place: str) -> None:
    async def act(one: Desk, two: Desk) -> None:
        token, _ = await one.enrolment.token("line1")
        same = csr("line1")
        answers = await asyncio.gather(
            *[desk.enrolment.enrol(token, same) for desk in (one, two) * 3]
        )
        assert len({each.certificate for each in answers}) == 1
        assert await one.database.fetch("SELECT count(*) FROM certificates") == [(1,)]

    play(database_place, tmp_path, act, desks=2)


def test_a_token_is_for_its_name_and_its_time(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        token, _ = await desk.enrolment.token("line1", 1)
        for wrong in ("", "x", token[1:], f"{token[:48][::-1]}{token[48:]}"):
            with pytest.raises(Refused, match="not one of this hub's"):
                await desk.enrolment.enrol(wrong, csr("line1"))
        with pytest.raises(Refused, match="CN=line1"):
            await desk.enrolment.enrol(token, csr("line2"))
        with pytest.raises(Refused, match="cannot be read"):
            await desk.enrolment.enrol(token, b"no CSR")
        desk.clock.now += HOUR + 299
        assert await desk.enrolment.enrol(token, csr("line1"))  # none of that has used it up
        late, _ = await desk.enrolment.token("line1", 1)
        desk.clock.now += HOUR + 301
        with pytest.raises(Refused, match="expired"):
            await desk.enrolment.enrol(late, csr("line1"))

    play(tmp_path / "hub.db", tmp_path, act)


def test_whoever_enrols_anew_has_one_identity(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        first = await desk.enrolled()
        second = await desk.enrolled()
        assert not await desk.counts(first) and await desk.counts(second)
        (known,) = await desk.gateways.listed()
        assert (known.name, known.since_ns, known.revoked_ns) == ("line1", NOW * 10**9, None)

    play(tmp_path / "hub.db", tmp_path, act)


def test_a_revocation_ends_certificates_and_tokens_and_a_new_token_heals_it(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        first = await desk.enrolled()
        other = await desk.enrolled("line2")
        token, _ = await desk.enrolment.token("line1")
        assert await desk.gateways.revoke("line1")
        assert not await desk.gateways.revoke("line9")
        assert not await desk.counts(first) and await desk.counts(other)
        with pytest.raises(Refused, match="not one of this hub's"):
            await desk.enrolment.enrol(token, csr("line1"))
        with pytest.raises(Refused, match="revoked"):
            await desk.enrolment.renew(first.caller, csr("line1"))
        assert [each.revoked_ns is None for each in await desk.gateways.listed()] == [False, True]
        again = await desk.enrolled()
        assert await desk.counts(again) and not await desk.counts(first)

    play(tmp_path / "hub.db", tmp_path, act)


def test_a_used_token_gives_nothing_back_after_a_revocation(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        token, _ = await desk.enrolment.token("line1")
        same = csr("line1")
        await desk.enrolment.enrol(token, same)
        await desk.gateways.revoke("line1")
        with pytest.raises(Refused, match="used before"):
            await desk.enrolment.enrol(token, same)

    play(tmp_path / "hub.db", tmp_path, act)


def test_a_renewal_gives_a_certificate_for_a_new_key_and_leaves_the_old_one(
    tmp_path: Path, database_place: str
) -> None:
    async def act(one: Desk, two: Desk) -> None:
        key = Ed25519PrivateKey.generate()
        first = await one.enrolled("line1", key)
        with pytest.raises(Refused, match="new key"):
            await one.enrolment.renew(first.caller, csr("line1", key))
        with pytest.raises(Refused, match="CN=line1"):
            await one.enrolment.renew(first.caller, csr("line2"))
        same = csr("line1")
        answers = await asyncio.gather(
            *[desk.enrolment.renew(first.caller, same) for desk in (one, two) * 3]
        )
        assert len({each.certificate for each in answers}) == 1
        assert await one.counts(first) and await one.counts(answers[0])

    play(database_place, tmp_path, act, desks=2)


def test_a_second_renewal_to_another_key_is_a_copy_and_alarms(
    tmp_path: Path, database_place: str
) -> None:
    async def act(one: Desk, two: Desk) -> None:
        first = await one.enrolled()
        answers = await asyncio.gather(
            *[desk.enrolment.renew(first.caller, csr("line1")) for desk in (one, two) * 3],
            return_exceptions=True,
        )
        assert sum(isinstance(each, Issued) for each in answers) == 1
        assert sum("renewed twice" in str(each) for each in answers) == 5
        found = await one.database.fetch("SELECT kind, subject FROM alarms")
        assert found == [("refused_gateway", "line1")]

    play(database_place, tmp_path, act, desks=2)


def test_a_revocation_during_a_renewal_leaves_nothing_that_counts(
    tmp_path: Path, database_place: str
) -> None:
    async def act(one: Desk, two: Desk) -> None:
        for _ in range(15):
            first = await one.enrolled()
            await asyncio.gather(
                one.enrolment.renew(first.caller, csr("line1")),
                two.gateways.revoke("line1"),
                return_exceptions=True,
            )
            left = await one.database.fetch(
                "SELECT count(*) FROM certificates WHERE retired_ns IS NULL"
            )
            assert left == [(0,)]

    play(database_place, tmp_path, act, desks=2)


def test_a_revocation_during_an_enrolment_leaves_what_came_last(
    tmp_path: Path, database_place: str
) -> None:
    async def act(one: Desk, two: Desk) -> None:
        await one.enrolled()
        for _ in range(15):
            token, _ = await one.enrolment.token("line1")
            issued, revoked = await asyncio.gather(
                one.enrolment.enrol(token, csr("line1")),
                two.gateways.revoke("line1"),
                return_exceptions=True,
            )
            assert revoked is True
            assert isinstance(issued, Issued | Refused)
            (known,) = await one.gateways.listed()
            left = await one.database.fetch(
                "SELECT count(*) FROM certificates WHERE retired_ns IS NULL"
            )
            assert left == [(0 if known.revoked_ns else 1,)]

    play(database_place, tmp_path, act, desks=2)
