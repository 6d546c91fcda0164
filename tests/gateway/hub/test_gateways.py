"""What gateways sign over a stream without certificates of its own: whose signature counts."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from access_site import Clock
from batches import JOURNAL, batch, rows
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from gateway import identity
from gateway.hub.access import OPEN, Refused, caller
from gateway.hub.batch import decode
from gateway.hub.ca import Authority
from gateway.hub.database import Database
from gateway.hub.enrolment import Enrolment
from gateway.hub.gateways import Gateways
from gateway.hub.ledger import Ledger
from gateway.hub.open import open_database
from gateway.identity import Identity, signed

DATA = b"a batch"
NOW = 1_790_000_000.0


class Desk:
    """A hub's gateways and how they enrol."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock(NOW)
        self.gateways = Gateways(database, self.clock)
        authority = Authority(folder / "ca", ["localhost"], NOW)
        self.enrolment = Enrolment(database, authority, 7.0, self.clock)
        self.database = database

    async def enrolled(self, name: str) -> Identity:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        token, _ = await self.enrolment.token(name)
        csr = identity.request(name, identity.pending(folder))
        issued = await self.enrolment.enrol(token, csr)
        return identity.adopt(folder, issued.pem.encode(), self.enrolment.authority.pem)


def play(place: str | Path, folder: Path, act: Callable[[Desk], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        database = await open_database(place)
        try:
            await act(Desk(database, folder))
        finally:
            await database.close()

    asyncio.run(all_of_it())


def test_a_gateways_signature_names_it(tmp_path: Path, database_place: str) -> None:
    async def act(desk: Desk) -> None:
        line1, line2 = await desk.enrolled("line1"), await desk.enrolled("line2")
        who = await desk.gateways.verify("line1", DATA, line1.sign(DATA))
        assert (who.role, who.name) == ("gateway", "line1")
        keys = await desk.gateways.keys(["line1", "line2", "line1", "line9"])
        for each in (line1, line2):
            assert keys.verify(each.name, DATA, each.sign(DATA)).name == each.name

    play(database_place, tmp_path, act)


def test_nobody_signs_for_another_nor_for_other_bytes(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        line1, line2 = await desk.enrolled("line1"), await desk.enrolled("line2")
        good = line1.sign(DATA)
        for name, data, signature in (
            ("line1", DATA, line2.sign(DATA)),
            ("line2", DATA, good),
            ("line1", DATA + b"\0", good),
            ("line1", DATA, good[:-1]),
            ("line1", DATA, bytes(64)),
            ("line1", DATA, b""),
            ("line1", signed(DATA), good),
        ):
            with pytest.raises(Refused, match="not signed by gateway"):
                await desk.gateways.verify(name, data, signature)
        for name in ("line9", "", "LINE1"):
            with pytest.raises(Refused, match="not enrolled"):
                await desk.gateways.verify(name, DATA, good)

    play(tmp_path / "hub.db", tmp_path, act)


def test_a_signature_counts_until_the_certificate_is_revoked_or_ends(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        line1, line2 = await desk.enrolled("line1"), await desk.enrolled("line2")
        await desk.gateways.revoke("line1")
        with pytest.raises(Refused, match="revoked"):
            await desk.gateways.verify("line1", DATA, line1.sign(DATA))
        desk.clock.now += 7 * 86400 + 299
        assert await desk.gateways.verify("line2", DATA, line2.sign(DATA))
        desk.clock.now += 2
        with pytest.raises(Refused, match="expired"):
            await desk.gateways.verify("line2", DATA, line2.sign(DATA))

    play(tmp_path / "hub.db", tmp_path, act)


def test_after_a_renewal_the_new_key_counts_and_the_old_one_to_its_end(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        old = await desk.enrolled("line1")
        folder = tmp_path / "line1"
        csr = identity.request("line1", identity.pending(folder))
        desk.clock.now += 5 * 86400
        who = await desk.gateways.verify("line1", DATA, old.sign(DATA))
        issued = await desk.enrolment.renew(who, csr)
        new = identity.adopt(folder, issued.pem.encode(), desk.enrolment.authority.pem)
        for each in (old, new):
            assert await desk.gateways.verify("line1", DATA, each.sign(DATA))
        desk.clock.now += 3 * 86400
        assert await desk.gateways.verify("line1", DATA, new.sign(DATA))
        with pytest.raises(Refused):
            await desk.gateways.verify("line1", DATA, old.sign(DATA))

    play(tmp_path / "hub.db", tmp_path, act)


def test_a_p256_key_of_somebody_elses_hardware_signs_too(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tpm1")])
        csr = x509.CertificateSigningRequestBuilder().subject_name(subject)
        token, _ = await desk.enrolment.token("tpm1")
        pem = csr.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
        await desk.enrolment.enrol(token, pem)
        r, s = decode_dss_signature(key.sign(signed(DATA), ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        assert (await desk.gateways.verify("tpm1", DATA, signature)).name == "tpm1"

    play(tmp_path / "hub.db", tmp_path, act)


def test_two_that_claim_a_journal_at_once_leave_it_to_one(
    tmp_path: Path, database_place: str
) -> None:
    async def act(desk: Desk) -> None:
        names = ["line1", "line2"]
        callers = []
        for name in names:
            made = await desk.enrolled(name)
            callers.append(await desk.gateways.verify(name, DATA, made.sign(DATA)))
        processes = [Gateways(desk.database, desk.clock) for _ in range(4)]
        for place in range(10):
            journal = bytes([place]) * 16
            answers = await asyncio.gather(
                *[
                    process.admit(who, who.name, journal)
                    for process in processes
                    for who in callers
                ],
                return_exceptions=True,
            )
            taken = [each is None for each in answers]
            assert taken in ([True, False] * 4, [False, True] * 4)
        assert sum(each.journals for each in await desk.gateways.listed()) == 10

    play(database_place, tmp_path, act)


def test_the_hubs_own_token_sends_any_journal(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        made = await desk.enrolled("line1")
        who = await desk.gateways.verify("line1", DATA, made.sign(DATA))
        await desk.gateways.admit(who, "line1", bytes(16))
        await desk.gateways.admit(OPEN, "anyone", bytes(16))

    play(tmp_path / "hub.db", tmp_path, act)


def test_a_journal_that_came_by_the_token_belongs_to_the_gateway_that_it_named(
    tmp_path: Path, database_place: str
) -> None:
    async def act(desk: Desk) -> None:
        for name in ("line1", "line2"):
            await desk.enrolled(name)
        await Ledger(desk.database, lambda: int(NOW * 1e9)).take(
            [decode(batch(rows(3), gateway="line1"))]
        )
        with pytest.raises(Refused, match="which is line1's"):
            await desk.gateways.admit(caller("line2", ["gateway"]), "line2", JOURNAL)
        await desk.gateways.admit(caller("line1", ["gateway"]), "line1", JOURNAL)

    play(database_place, tmp_path, act)
