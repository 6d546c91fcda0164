"""The client and the HTTPS transport: trust, tokens, certificates, answers that do not end."""

import asyncio
import socket
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.types import Receive, Scope, Send

from gateway.config import ConfigProblem, HubConfig
from gateway.hub.peer import PeerProtocol
from gateway.hub.serve import Tls, running
from gateway.journal import Journal
from gateway.sync import http as sync_http
from gateway.sync.http import Client, Https, reach
from gateway.sync.uplink import Uplink
from tests.sync_hub import PATIENCE_S, fill, never, refuse, running_task, serving, settled


def test_https_asks_for_a_certificate_that_it_trusts(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)

    async def play() -> None:
        async with (
            Journal(tmp_path / "j.db") as journal,
            serving(tmp_path, tls=Tls(cert, key)) as hub,
        ):
            url = hub.url
            assert url.startswith("https://")
            assert "CERTIFICATE_VERIFY_FAILED" in (await reach(HubConfig(url=url)) or "")
            assert await reach(HubConfig(url=url, ca=cert)) is None
            await fill(journal, 3)
            https = Https(HubConfig(url=url, ca=cert, cert=cert, key=key))
            async with running_task(Uplink(journal, https, "gw", look=never)) as uplink:
                await settled(uplink, journal)
            assert await hub.journals() == [(journal.id, 3, 3, 0)]

    asyncio.run(play())


def test_a_file_that_hub_names_and_that_is_not_there_is_a_configuration_problem(
    tmp_path: Path,
) -> None:
    none = tmp_path / "none"
    hubs = (
        HubConfig(),
        HubConfig(url="http://127.0.0.1:1", token_file=none),
        HubConfig(url="https://127.0.0.1:1", ca=none),
        HubConfig(url="https://127.0.0.1:1", identity=none),
    )
    for hub in hubs:
        with pytest.raises(ConfigProblem, match="hub"):
            Https(hub)
    with pytest.raises(ConfigProblem, match="hub.identity: .*`tagwright enrol` makes"):
        Https(hubs[-1])


@pytest.mark.parametrize("said", ["", "\n", "se cret\n", "s\u00e9cret", "sec\x01ret"])
def test_a_token_that_no_header_can_hold_is_refused_and_not_told(tmp_path: Path, said: str) -> None:
    (tmp_path / "token").write_text(said)
    hub = HubConfig(url="http://127.0.0.1:1", token_file=tmp_path / "token")
    with pytest.raises(ConfigProblem, match="token_file") as why:
        asyncio.run(reach(hub))
    assert "cret" not in str(why.value)


def test_a_hub_whose_address_is_none_is_a_configuration_problem() -> None:
    with pytest.raises(ConfigProblem, match="hub.url"):
        asyncio.run(reach(HubConfig(url="http://\ud7ff/")))


def test_an_answer_that_trickles_for_ever_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_http, "_WHOLE_S", 0.05)

    async def trickling(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.Event().wait()

    async def play() -> None:
        paused = asyncio.Event()

        async def pause(_: float) -> None:
            paused.set()
            await asyncio.Event().wait()

        async with Journal(tmp_path / "j.db") as journal:
            await fill(journal, 3)
            async with AsyncExitStack() as stack:
                url = await stack.enter_async_context(running(trickling))
                uplink = Uplink(journal, Https(HubConfig(url=url)), "gw", pause=pause)
                await stack.enter_async_context(running_task(uplink))
                await asyncio.wait_for(paused.wait(), PATIENCE_S)
            assert "no whole answer" in (uplink.trouble or "")
            assert journal.lag() == 3

    asyncio.run(play())


def test_a_renewed_certificate_is_shown_from_the_next_request_on(tmp_path: Path) -> None:
    ca, key = certificate(tmp_path)
    shown: list[bytes | None] = []

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        shown.append(scope["state"].get("peer_certificate"))
        await refuse(send, 200, b"")

    async def play() -> None:
        cert = tmp_path / "own.pem"
        write(cert, ca, key)
        first = cert.read_bytes()
        hub = Tls(ca, key, clients=tmp_path / "clients.pem")
        new, new_key = certificate(tmp_path, "new")
        (tmp_path / "clients.pem").write_bytes(ca.read_bytes() + new.read_bytes())
        async with (
            running(noting, tls=hub, http=PeerProtocol) as url,
            Client(url, ca=ca, cert=cert) as client,
        ):
            assert (await client.request("GET", "/")).status == 200
            cert.write_bytes(b"half of it")
            assert (await client.request("GET", "/")).status == 200
            write(cert, new, new_key)
            assert (await client.request("GET", "/")).status == 200
            assert cert.read_bytes() != first
        assert shown == [der(ca), der(ca), der(new)]

    asyncio.run(play())


def test_an_answer_that_is_longer_than_expected_is_none(tmp_path: Path) -> None:
    async def long(scope: Scope, receive: Receive, send: Send) -> None:
        await refuse(send, 200, bytes(100))

    async def play() -> None:
        async with running(long) as url, Client(url) as client:
            assert (await client.request("GET", "/", most=100)).status == 200
            answer = await client.request("GET", "/", most=99)
            assert answer.status == 0
            assert b"longer than 99 bytes" in answer.body

    asyncio.run(play())


def test_a_request_says_what_it_is_given_and_answers_with_the_headers(tmp_path: Path) -> None:
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        said = dict(scope["headers"])[b"x-mine"] + scope["method"].encode() + message["body"]
        headers = [(b"Location", b"/capture/1")]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": said + scope["query_string"]})

    async def play() -> None:
        async with running(echo) as url, Client(url) as client:
            answer = await client.request("POST", "/a?b", b"body", {"X-Mine": "m"})
            assert (answer.status, answer.body) == (202, b"mPOSTbodyb")
            assert answer.headers["location"] == "/capture/1"
            assert (
                await client.request("POST", f"{url}/a?c", b"", {"X-Mine": ""})
            ).body == b"POSTc"

    asyncio.run(play())


def test_a_hub_that_cannot_be_reached_is_said_to_be(tmp_path: Path) -> None:
    assert asyncio.run(reach(HubConfig(url=f"http://127.0.0.1:{free_port()}"))) is not None


def write(path: Path, cert: Path, key: Path) -> None:
    path.write_bytes(cert.read_bytes() + key.read_bytes())


def der(pem: Path) -> bytes:
    found = x509.load_pem_x509_certificate(pem.read_bytes())
    return found.public_bytes(serialization.Encoding.DER)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def certificate(folder: Path, name: str = "hub") -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, which is its own CA, and its key: FOLDER/NAME.pem, FOLDER/NAME.key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, secret
