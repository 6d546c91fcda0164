"""Client certificates over real TLS: whose the hub takes, whose not, and that an open connection is no refuge."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from access_site import JOURNAL, Site, site
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway import identity
from gateway.hub.access import Access, Guard
from gateway.hub.ca import Authority
from gateway.hub.peer import PeerProtocol
from gateway.hub.serve import running
from gateway.identity import IDENTITY

Play = Callable[[Site], Awaitable[None]]
PEM = serialization.Encoding.PEM


def play(folder: Path, act: Play) -> None:
    async def all_of_it() -> None:
        async with site(folder) as opened:
            await act(opened)

    asyncio.run(all_of_it())


def kept(path: Path, cert: x509.Certificate, key: Ed25519PrivateKey) -> Path:
    path.write_bytes(cert.public_bytes(PEM) + identity._pem(key))
    return path


def self_signed(name: str, key: Ed25519PrivateKey, issuer: str = "") -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer or name)]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, None)
    )


async def role(client: httpx2.AsyncClient) -> str:
    return str((await client.get("/public")).json()["role"])


def test_a_certificate_names_its_gateway_and_none_is_a_stranger(tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        folder = await site.enrolled("line1")
        async with site.client(folder / IDENTITY) as known, site.client() as stranger:
            answers = [(await known.get("/public")).json() for _ in range(3)]
            assert [(each["role"], each["name"]) for each in answers] == [("gateway", "line1")] * 3
            assert await role(stranger) == "public"

    play(tmp_path, act)


def test_connections_do_not_lend_each_other_their_certificates(tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        folders = [await site.enrolled(name) for name in ("line1", "line2")]
        clients = [site.client(folder / IDENTITY) for folder in folders] + [site.client()]
        for _ in range(3):
            answers = await asyncio.gather(*[client.get("/public") for client in clients])
            assert [each.json()["name"] for each in answers] == ["line1", "line2", ""]
        for client in clients:
            await client.aclose()

    play(tmp_path, act)


@pytest.mark.parametrize("whose", ["another CA", "itself", "the CA's name", "expired", "server"])
def test_a_certificate_that_the_ca_did_not_give_ends_the_handshake(
    tmp_path: Path, whose: str
) -> None:
    async def act(site: Site) -> None:
        key, authority = Ed25519PrivateKey.generate(), site.enrolment.authority
        path, now = tmp_path / "shown.pem", site.clock()
        if whose == "another CA":
            other = Authority(tmp_path / "other", ["127.0.0.1"], now)
            kept(path, other.issue("line1", key.public_key(), now, 7.0), key)
        elif whose == "itself":
            kept(path, self_signed("line1", key), key)
        elif whose == "the CA's name":
            ca = x509.load_pem_x509_certificate(authority.pem)
            issuer = str(ca.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
            kept(path, self_signed("line1", key, issuer), key)
        elif whose == "expired":
            kept(path, authority.issue("line1", key.public_key(), now - 8 * 86400, 7.0), key)
        else:
            path = authority.server
        async with site.client(path) as client:
            with pytest.raises((httpx2.TransportError, ssl.SSLError)):
                await client.get("/public")
        async with site.client() as client:
            assert await role(client) == "public"  # the hub goes on

    play(tmp_path, act)


def test_a_certificate_of_the_ca_that_the_hub_does_not_know_is_refused(tmp_path: Path) -> None:
    """Someone who has copied the CA's key, but not the hub's database, is no gateway."""

    async def act(site: Site) -> None:
        key = Ed25519PrivateKey.generate()
        await site.enrolled("line1")
        cert = site.enrolment.authority.issue("line1", key.public_key(), site.clock(), 7.0)
        async with site.client(kept(tmp_path / "shown.pem", cert, key)) as client:
            answer = await client.get("/public")
        assert answer.status_code == 403 and "not one that this hub gave" in answer.json()["error"]
        assert len(await site.audit()) == 1

    play(tmp_path, act)


def test_a_certificate_that_ends_while_its_connection_stands_counts_no_more(tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        folder = await site.enrolled("line1")
        async with site.client(folder / IDENTITY) as client:
            site.clock.now += 7 * 86400 + 299
            assert await role(client) == "gateway"
            site.clock.now += 2
            answer = await client.get("/public")
        assert answer.status_code == 403 and "expired" in answer.json()["error"]

    play(tmp_path, act)


def test_a_gateway_sends_under_its_own_name_and_its_own_journals(tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        clients = [site.client(await site.enrolled(name) / IDENTITY) for name in ("line1", "line2")]

        async def send(place: int, name: str, journal: bytes = JOURNAL) -> tuple[int, str]:
            said = {"gateway": name, "journal": journal.hex()}
            answer = await clients[place].post("/batches", json=said)
            return answer.status_code, answer.json().get("error", "")

        assert await send(0, "line1") == (200, "")
        assert await send(0, "line1") == (200, "")
        assert await send(1, "line2", bytes(16)) == (200, "")
        status, sentence = await send(1, "line1", bytes(16))
        assert status == 403 and "this is gateway line2" in sentence
        for _ in range(2):
            status, sentence = await send(1, "line2")
            assert status == 403 and "which is line1's" in sentence
        alarms = await site.database.fetch("SELECT kind, subject FROM alarms")
        assert alarms == [("refused_gateway", "line2")]
        assert len([row for row in await site.audit() if row[0] == "line2"]) == 3
        for client in clients:
            await client.aclose()

    play(tmp_path, act)


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HTT",
        b"POST / HTTP/1.1\r\nHost: hub\r\nContent-Length: 9\r\n\r\n{",
        b"GET / HTTP/1.1\r\nHost: hub\r\n\r\nGET / HTT",
    ],
)
def test_a_request_that_does_not_come_whole_ends_its_connection(begun: bytes) -> None:
    class Hasty(PeerProtocol):
        whole_s = 0.2

    async def echo(request: Request) -> Response:
        return Response(await request.body())

    async def scene() -> None:
        app = Starlette(
            routes=[Route("/", echo, methods=["GET", "POST"])],
            middleware=[Middleware(Guard, access=Access("secret"))],
        )
        async with asyncio.timeout(30), running(app, http=Hasty) as url:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
            try:
                writer.write(begun)
                with suppress(ConnectionResetError):
                    await reader.read()  # to the connection's end
            finally:
                writer.close()
            async with httpx2.AsyncClient(base_url=url, trust_env=False) as client:
                for _ in range(3):
                    assert (await client.post("/", content=b"whole")).content == b"whole"

    asyncio.run(scene())
