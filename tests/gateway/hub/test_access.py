"""Who may do what at a hub: over real TLS, from the stranger to the manager, and what is kept of it."""

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import pytest
from access_site import DAY, JOURNAL, Site, credential, site
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge import cbor
from gateway.hub import audit
from gateway.hub.access import CLASSES, Access, Guard, Refused, caller, caller_of, require
from gateway.hub.credential import bearer, proof
from gateway.hub.database import StoreTrouble
from gateway.identity import IDENTITY
from gateway.keys import DeviceKey, read_card

Play = Callable[[Site], Awaitable[None]]


def play(folder: Path, *plays: Play) -> None:
    async def all_of_it() -> None:
        async with site(folder) as opened:
            for each in plays:
                await each(opened)

    asyncio.run(all_of_it())


def asked(site: Site, *roles: str, **other: object) -> tuple[str, DeviceKey]:
    """(Authorization header, the holder's key) of a new credential in these roles."""
    holder = DeviceKey.generate()
    made = credential(site.clock(), holder, *roles, **other).sign(site.issuer)
    return f"Bearer {bearer(made)}", holder


def proved(
    site: Site, key: DeviceKey, method: str, target: str, body: bytes = b"", ago: int = 0
) -> str:
    now = int(site.clock()) - ago
    return bearer(proof(key, method, target.encode(), body, now, os.urandom(16)))


def test_everyone_reads_what_is_public_and_nothing_is_written_for_it(tmp_path: Path) -> None:
    async def read(site: Site) -> None:
        async with site.client() as client:
            answer = await client.get("/public")
        assert answer.json() == {"role": "public", "name": "", "classes": ["public"]}
        assert await site.audit() == []

    play(tmp_path, read)


def test_a_stranger_is_told_what_to_show_and_it_is_kept(tmp_path: Path) -> None:
    async def ask(site: Site) -> None:
        async with site.client() as client:
            answer = await client.get("/interest?product=1")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "legitimate_interest or authority" in answer.json()["error"]
        ((who, act, subject, outcome),) = await site.audit()
        assert (who, act, subject) == ("", "GET", "/interest?product=1")
        assert outcome.startswith("refused: this is for")

    play(tmp_path, ask)


def test_the_hubs_token_is_gateway_and_manager(tmp_path: Path) -> None:
    async def ask(site: Site) -> None:
        async with site.client(authorization="Bearer secret") as client:
            assert (await client.get("/public")).json()["role"] == "manager"
            sent = {"gateway": "any", "journal": JOURNAL.hex()}
            assert (await client.post("/batches", json=sent)).status_code == 200
            assert (await client.put("/things/a", content=b"x")).status_code == 201
        assert [row[1:] for row in await site.audit()] == [("PUT", "/things/a", "201")]

    play(tmp_path, ask)


@pytest.mark.parametrize(
    "said",
    ["Bearer wrong", "Basic c2VjcmV0", "secret", "Bearer", "bearer !", "Bearer " + "A" * 9000],
)
def test_what_is_no_token_and_no_credential_is_refused(tmp_path: Path, said: str) -> None:
    async def ask(site: Site) -> None:
        async with site.client(authorization=said) as client:
            answer = await client.get("/public")
        assert answer.status_code == 401
        assert len(await site.audit()) == 1

    play(tmp_path, ask)


@pytest.mark.parametrize(
    ("role", "classes", "status"),
    [
        ("legitimate_interest", {"public", "legitimate_interest"}, 200),
        ("authority", set(CLASSES), 200),
        ("manager", set(CLASSES), 403),
    ],
)
def test_a_credential_opens_its_classes(
    tmp_path: Path, role: str, classes: set[str], status: int
) -> None:
    async def ask(site: Site) -> None:
        shown, _ = asked(site, role)
        async with site.client(authorization=shown) as client:
            seen = (await client.get("/public")).json()
            assert (seen["role"], set(seen["classes"])) == (role, classes)
            assert seen["name"] == "Repair Ltd (says ministry)"
            assert (await client.get("/interest")).status_code == status
            assert (await client.get("/v1/audit")).status_code == (200 if status == 403 else 403)

    play(tmp_path, ask)


def test_a_change_by_credential_needs_a_proof_which_is_kept(tmp_path: Path) -> None:
    async def ask(site: Site) -> None:
        shown, holder = asked(site, "manager")
        async with site.client(authorization=shown) as client:
            bare = await client.put("/things/a?b=%20c", content=b"new")
            assert bare.status_code == 401 and "Tagwright-Proof" in bare.json()["error"]
            made = proved(site, holder, "PUT", "/things/a?b=%20c", b"new")
            done = await client.put(
                "/things/a?b=%20c", content=b"new", headers={"Tagwright-Proof": made}
            )
            assert (done.status_code, done.json()) == (201, {"changed": "new"})
        outcomes = [row[3] for row in await site.audit()]
        assert outcomes[1:] == ["proved", "201"]  # before the act, and after
        rows = await audit.acts(site.database, "hub", 0)
        assert [bearer(each) for each in cbor.decode(rows[1].evidence)] == [shown[7:], made]
        assert bearer(rows[0].evidence) == shown[7:]
        card = read_card(site.folder / "audit.key")
        assert [each async for each in audit.faults(site.database, [card])] == []

    play(tmp_path, ask)


@pytest.mark.parametrize(
    ("method", "target", "body", "ago", "sentence"),
    [
        ("PUT", "/things/b", b"new", 0, "another request"),
        ("DELETE", "/things/a", b"new", 0, "another request"),
        ("PUT", "/things/a?x", b"new", 0, "another request"),
        ("PUT", "/things/a", b"old", 0, "another request"),
        ("PUT", "/things/a", b"new", 301, "too old"),
        ("PUT", "/things/a", b"new", -301, "clock"),
    ],
)
def test_a_proof_for_anything_else_is_refused(
    tmp_path: Path, method: str, target: str, body: bytes, ago: int, sentence: str
) -> None:
    async def ask(site: Site) -> None:
        shown, holder = asked(site, "manager")
        made = proved(site, holder, method, target, body, ago)
        async with site.client(authorization=shown, tagwright_proof=made) as client:
            answer = await client.put("/things/a", content=b"new")
        assert answer.status_code == 401 and sentence in answer.json()["error"]
        assert [row[3] for row in await site.audit()] == [f"refused: {answer.json()['error']}"]

    play(tmp_path, ask)


def test_a_proof_counts_once_and_for_its_holder_alone(tmp_path: Path) -> None:
    async def ask(site: Site) -> None:
        shown, holder = asked(site, "manager")
        other, thief = asked(site, "manager")
        made = proved(site, holder, "PUT", "/things/a")
        async with site.client(tagwright_proof=made) as client:
            stolen = await client.put("/things/a", headers={"Authorization": other})
            assert stolen.status_code == 401 and "holder" in stolen.json()["error"]
            answers = await asyncio.gather(
                *[client.put("/things/a", headers={"Authorization": shown}) for _ in range(8)]
            )
        assert sorted(each.status_code for each in answers) == [201] + [401] * 7
        refused = next(each for each in answers if each.status_code == 401)
        assert "used before" in refused.json()["error"]
        assert thief.public != holder.public

    play(tmp_path, ask)


@pytest.mark.parametrize("shown", ["", "!", "AAAA", "A" * 9000, "0oRA"])
def test_what_is_no_proof_is_refused(tmp_path: Path, shown: str) -> None:
    async def ask(site: Site) -> None:
        credential, _ = asked(site, "manager")
        async with site.client(authorization=credential, tagwright_proof=shown) as client:
            assert (await client.put("/things/a")).status_code == 401

    play(tmp_path, ask)


def test_a_proof_with_too_large_a_body_is_refused(tmp_path: Path) -> None:
    async def ask(site: Site) -> None:
        shown, holder = asked(site, "manager")
        body = bytes((4 << 20) + 1)
        made = proved(site, holder, "PUT", "/things/a", body)
        async with site.client(authorization=shown, tagwright_proof=made) as client:
            assert (await client.put("/things/a", content=body)).status_code == 413

    play(tmp_path, ask)


def test_a_credential_for_data_changes_nothing(tmp_path: Path) -> None:
    async def ask(site: Site) -> None:
        shown, holder = asked(site, "authority")
        made = proved(site, holder, "PUT", "/things/a")
        async with site.client(authorization=shown, tagwright_proof=made) as client:
            answer = await client.put("/things/a")
        assert answer.status_code == 403 and "authority" in answer.json()["error"]

    play(tmp_path, ask)


def test_a_revoked_issuer_counts_no_more_without_a_restart(tmp_path: Path) -> None:
    async def ask(site: Site) -> None:
        shown, _ = asked(site, "authority")
        async with site.client(authorization=shown) as client:
            assert (await client.get("/interest")).status_code == 200
            now = int(site.clock())
            site.trust(
                site.issuer.card.entry(now, roles=("credential-issuer",), revoked_since=now),
                number=2,
            )
            answer = await client.get("/interest")
        assert answer.status_code == 401 and "revoked" in answer.json()["error"]

    play(tmp_path, ask)


def test_a_credential_ends(tmp_path: Path) -> None:
    async def ask(site: Site) -> None:
        shown, _ = asked(site, "authority")
        async with site.client(authorization=shown) as client:
            site.clock.now += DAY + 299
            assert (await client.get("/interest")).status_code == 200  # clocks differ
            site.clock.now += 2
            assert (await client.get("/interest")).status_code == 401

    play(tmp_path, ask)


def test_a_revoked_gateway_is_refused_at_once_whatever_else_it_shows(tmp_path: Path) -> None:
    async def ask(site: Site) -> None:
        folder = await site.enrolled("line1")
        sent = {"gateway": "line1", "journal": JOURNAL.hex()}
        async with site.client(folder / IDENTITY, authorization="Bearer secret") as client:
            assert (await client.get("/public")).json()["role"] == "gateway"
            assert (await client.post("/batches", json=sent)).status_code == 200
            await site.gateways.revoke("line1")
            answer = await client.post("/batches", json=sent)  # over the same connection
            assert answer.status_code == 403 and "revoked" in answer.json()["error"]
            assert (await client.get("/public")).status_code == 403

    play(tmp_path, ask)


def test_who_is_refused_by_what_counts_no_more_is_named_in_the_audit(tmp_path: Path) -> None:
    async def scene(site: Site) -> None:
        shown = await site.enrolled("line1") / IDENTITY
        certificate = x509.load_pem_x509_certificate(shown.read_bytes())
        await site.gateways.revoke("line1")
        async with site.client(shown) as client:
            await client.get("/public")
        now = int(site.clock())
        ended, _ = asked(site, "authority", expires=now - DAY)
        forged = credential(now, DeviceKey.generate(), "authority").sign(DeviceKey.generate())
        async with site.client() as client:
            for said in (ended, f"Bearer {bearer(forged)}"):
                await client.get("/public", headers={"Authorization": said})
        rows = await site.database.fetch("SELECT role, caller, evidence FROM audit ORDER BY seq")
        (revoked, expired, stranger) = [(role, name, bytes(shown)) for role, name, shown in rows]
        assert revoked == ("public", "line1", certificate.public_bytes(Encoding.DER))
        assert expired[:2] == ("public", "Repair Ltd") and ended.endswith(bearer(expired[2]))
        assert stranger == ("public", "", b"")

    play(tmp_path, scene)


def small(access: Access) -> Starlette:
    async def change(request: Request) -> Response:
        return JSONResponse({"name": require(request, "manager").name})

    return Starlette(
        routes=[Route("/change", change, methods=["GET", "POST"])],
        middleware=[Middleware(Guard, access=access)],
    )


def asking(access: Access, **headers: str) -> httpx2.Response:
    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=small(access))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post("/change", headers=headers)

    return asyncio.run(ask())


def test_an_open_hub_lets_everyone_do_everything_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert asking(Access()).status_code == 200
    assert "the hub is open" in caplog.text
    caplog.clear()
    assert asking(Access("secret")).status_code == 401
    assert "the hub is open" not in caplog.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8470"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Origin": "null"}, 401),
        ({"Origin": "http://[::1]:8470"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 401),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:80"}, 401),
        ({"Origin": "https://evil.example"}, 401),
        ({"Origin": "http://127.0.0.1.evil.example:8470"}, 401),
        ({"Origin": "null"}, 401),
        ({"Host": "[::1]:8470"}, 200),
        ({"Host": "evil.example:8470", "Sec-Fetch-Site": "same-origin"}, 401),
    ],
)
def test_other_sites_pages_change_nothing_at_an_open_hub(
    headers: dict[str, str], status: int
) -> None:
    assert asking(Access(), **headers).status_code == status


def test_a_request_that_nobody_has_looked_at_is_a_strangers() -> None:
    request = Request({"type": "http", "method": "GET", "headers": []})
    assert caller_of(request).role == "public"
    with pytest.raises(Refused):
        require(request, "manager")


def test_what_a_gateway_sends_is_no_management_act() -> None:
    async def send(request: Request) -> Response:
        require(request, "gateway", "manager")
        return JSONResponse({})

    app = Starlette(
        routes=[Route("/send", send, methods=["POST"])],
        middleware=[Middleware(Guard, access=Access("secret", witness=Broken()))],
    )

    async def ask() -> int:
        transport = httpx2.ASGITransport(app=app)
        headers = {"Authorization": "Bearer secret"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.post("/send", headers=headers)).status_code

    assert asyncio.run(ask()) == 200  # nothing was written: the witness is broken


def test_a_caller_that_goes_away_in_the_middle_is_no_fault(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def leave(site: Site) -> None:
        tls = ssl.create_default_context(cafile=tmp_path / "ca" / "ca.pem")
        port = int(site.url.rpartition(":")[2])
        shown, holder = asked(site, "manager")
        made = proved(site, holder, "PUT", "/things/a", b"x" * 100)
        for headers in (
            "Authorization: Bearer secret",
            f"Authorization: {shown}\r\nTagwright-Proof: {made}",
        ):
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
            head = f"PUT /things/a HTTP/1.1\r\nHost: hub\r\nContent-Length: 100\r\n{headers}"
            writer.write(head.encode() + b"\r\n\r\nx")
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        async with site.client() as client:
            assert (await client.get("/public")).status_code == 200

    play(tmp_path, leave)
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


class Broken:
    """A witness whose disk is full."""

    async def record(self, who: object, act: str, subject: str, outcome: str) -> None:
        raise StoreTrouble("the disk is full")

    async def refused(self, who: object, act: str, subject: str, why: str) -> None:
        raise StoreTrouble("the disk is full")


def test_an_act_that_cannot_be_kept_is_not_answered_as_done() -> None:
    answer = asking(Access("secret", witness=Broken()), authorization="Bearer secret")
    assert answer.status_code == 503 and "not kept" in answer.json()["error"]


def test_a_refusal_stands_also_where_it_cannot_be_kept() -> None:
    assert asking(Access("secret", witness=Broken())).status_code == 401


def test_a_caller_with_two_roles_has_both_and_is_called_by_the_greater() -> None:
    both = caller("x", ["authority", "legitimate_interest"])
    assert (both.role, both.classes, len(both.acts)) == ("authority", CLASSES, 2)
