"""Enrolment and renewal from the gateway's side, at a real hub over TLS; and what a false hub gets."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from access_site import DAY, Site, site
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway import identity
from gateway.hub.ca import Authority
from gateway.hub.serve import Tls, running
from gateway.identity import AUTHORITY, IDENTITY, PENDING, IdentityFile, IdentityProblem
from gateway.sync.enrol import EnrolmentRefused, HubAway, Renewal, Unusable, enrol, renew
from gateway.sync.http import Client

Play = Callable[[Site], Awaitable[None]]


def play(folder: Path, act: Play) -> None:
    async def all_of_it() -> None:
        async with site(folder) as opened:
            await act(opened)

    asyncio.run(all_of_it())


def showing(site: Site, folder: Path) -> Client:
    """A client as [hub] ca, cert and key make it."""
    own = folder / IDENTITY
    return Client(site.url, ca=folder / AUTHORITY, cert=own, key=own)


async def name_at(client: Client) -> str:
    answer = await client.request("GET", "/public")
    return str(json.loads(answer.body)["name"])


def test_a_gateway_enrols_with_its_token_alone(tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        token, _ = await site.enrolment.token("line1")
        folder = tmp_path / "new" / "identity"
        made = await enrol(site.url, token, folder)
        assert made.name == "line1" and folder.stat().st_mode & 0o777 == 0o700
        assert sorted(path.name for path in folder.iterdir()) == [AUTHORITY, IDENTITY]
        async with showing(site, folder) as client:
            assert await name_at(client) == "line1"
        who = await site.gateways.verify("line1", b"x", IdentityFile(folder).sign(b"x"))
        assert who.name == "line1"
        assert [row[:3] for row in await site.audit()] == [("line1", "enrol", "line1")]
        with pytest.raises(EnrolmentRefused, match="used before"):
            await enrol(site.url, token, tmp_path / "other")

    play(tmp_path, act)


def test_a_lost_answer_is_made_good_by_doing_it_again(tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        token, _ = await site.enrolment.token("line1")
        csr = identity.request("line1", identity.pending(tmp_path))
        given = await site.enrolment.enrol(token, csr)  # and the answer is lost
        made = await enrol(site.url, token, tmp_path)
        assert given.pem.encode() in (tmp_path / IDENTITY).read_bytes()
        assert made.name == "line1"

    play(tmp_path, act)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "0" * 48, f"{'0' * 48}.{'0' * 63}.line1"])
def test_half_a_token_is_said_before_anything_is_sent(tmp_path: Path, token: str) -> None:
    with pytest.raises(Unusable, match="not whole"):
        asyncio.run(enrol("https://127.0.0.1:1", token, tmp_path))


def test_a_hub_that_is_not_there_is_away(tmp_path: Path) -> None:
    token = f"{'0' * 48}.{'0' * 64}.line1"
    with pytest.raises(HubAway):
        asyncio.run(enrol("https://127.0.0.1:1", token, tmp_path))
    with pytest.raises(Unusable, match="HTTPS alone"):
        asyncio.run(enrol("http://hub.example.com", token, tmp_path))
    for url in ("localhost:8470", "https://", "https://[", ""):
        with pytest.raises(Unusable, match="write https://HOST:PORT"):
            asyncio.run(enrol(url, token, tmp_path))
    with pytest.raises(Unusable, match="pin"):
        asyncio.run(enrol("https://127.0.0.1:1", token, tmp_path, "abc"))


def test_a_false_hub_hears_no_secret(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def act(site: Site) -> None:
        token, _ = await site.enrolment.token("line1")
        false = Authority(tmp_path / "false", ["127.0.0.1"], site.clock())
        real = site.enrolment.authority.pem

        async def enrolling(request: Request) -> Response:
            heard.append(await request.body())
            return PlainTextResponse("{}")

        for shown in (false.pem, real, b"no certificate"):

            async def authority(request: Request, shown: bytes = shown) -> Response:
                return Response(shown)

            app = Starlette(
                routes=[
                    Route("/v1/ca", authority),
                    Route("/v1/enrol", enrolling, methods=["POST"]),
                ]
            )
            async with running(app, tls=Tls(false.server, false.server)) as url:
                with pytest.raises((EnrolmentRefused, HubAway)):
                    await enrol(url, token, tmp_path / "identity")
        assert heard == []
        assert (await enrol(site.url, token, tmp_path / "identity")).name == "line1"
        other, _ = await site.enrolment.token("line2")
        with pytest.raises(EnrolmentRefused, match="not the one of the pin"):
            await enrol(site.url, other, tmp_path / "two", "0" * 64)
        assert await enrol(site.url, other, tmp_path / "two", site.enrolment.authority.pin)

    play(tmp_path, act)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"certificate": 1, "ca": 2}', b'{"certificate": "x", "ca": "y"}']
)
def test_an_answer_without_certificates_changes_nothing(tmp_path: Path, body: bytes) -> None:
    async def answer(request: Request) -> Response:
        return Response(body)

    async def act() -> None:
        app = Starlette(routes=[Route("/v1/enrol", answer, methods=["POST"])])
        async with running(app) as url:
            with pytest.raises(EnrolmentRefused, match="no certificates"):
                await enrol(url, f"{'0' * 48}.{'0' * 64}.line1", tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [PENDING]

    asyncio.run(act())


def test_a_renewal_is_used_at_once_by_whoever_holds_the_files(tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        folder = await site.enrolled("line1")
        held = IdentityFile(folder)
        old = held.current()
        async with showing(site, folder) as client:
            assert await name_at(client) == "line1"
            site.clock.now += 600  # TLS looks at the machine's clock
            made = await renew(client, folder)
            assert made.not_after > old.not_after and held.current().cert == made.cert
            assert await name_at(client) == "line1"
            await site.gateways.verify("line1", b"x", held.sign(b"x"))
        assert [row[1] for row in await site.audit()] == ["renew"]

    play(tmp_path, act)


def test_a_crash_anywhere_in_a_renewal_leaves_an_identity_that_works(tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        folder = await site.enrolled("line1")

        async def works() -> None:
            async with showing(site, folder) as client:
                assert await name_at(client) == "line1"
            await site.gateways.verify("line1", b"x", IdentityFile(folder).sign(b"x"))

        old = identity.load(folder)
        key = identity.pending(folder)
        await works()  # it dies with the key made
        async with showing(site, folder) as client:
            said = json.dumps({"csr": identity.request("line1", key).decode()}).encode()
            lost = await client.request("POST", "/v1/renew", said)  # and with the answer lost
        assert lost.status == 200 and identity.load(folder).cert == old.cert
        await works()
        async with showing(site, folder) as client:
            made = await renew(client, folder)  # the same key: the same certificate, and no alarm
        assert json.loads(lost.body)["certificate"].encode() in (folder / IDENTITY).read_bytes()
        await works()
        (folder / PENDING).write_bytes(identity._pem(key))  # it dies before the key is removed
        async with showing(site, folder) as client:
            again = await renew(client, folder)
        assert again.cert != made.cert
        await works()
        assert await site.database.fetch("SELECT count(*) FROM alarms") == [(0,)]

    play(tmp_path, act)


class Script:
    """Pauses that are told and end at once, until there were enough of them."""

    def __init__(self, most: int, before: Callable[[int], Awaitable[None]] | None = None) -> None:
        self.waits: list[float] = []
        self._most = most
        self._before = before

    async def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)
        if len(self.waits) == self._most:
            raise asyncio.CancelledError
        if self._before:
            await self._before(len(self.waits))


def test_the_renewal_waits_until_it_is_due_and_then_renews(tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        folder = await site.enrolled("line1")
        first = identity.load(folder)

        async def later(round: int) -> None:
            site.clock.now = first.renewal_at + 1 if round == 2 else first.renewal_at - 10

        pauses = Script(3, later)
        renewal = Renewal(showing(site, folder), folder, site.clock, pauses)
        with pytest.raises(asyncio.CancelledError):
            await renewal.run()
        assert pauses.waits == [3600.0, pytest.approx(10.0), 3600.0]
        assert renewal.trouble is None
        assert identity.load(folder).not_after > first.not_after

    play(tmp_path, act)


def test_a_renewal_that_fails_is_told_and_tried_ever_less_often(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(site: Site) -> None:
        folder = await site.enrolled("line1")
        await site.gateways.revoke("line1")
        site.clock.now += 5 * DAY
        pauses = Script(6)
        renewal = Renewal(showing(site, folder), folder, site.clock, pauses, lambda _, high: high)
        with pytest.raises(asyncio.CancelledError):
            await renewal.run()
        assert pauses.waits == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0]
        assert "revoked" in str(renewal.trouble)
        assert caplog.text.count("is not renewed") == 1

    play(tmp_path, act)


def test_a_gateway_without_an_identity_cannot_renew_one(tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        async with site.client():
            pass
        with pytest.raises(IdentityProblem, match="tagwright enrol"):
            await renew(Client(site.url), tmp_path)

    play(tmp_path, act)


def test_a_stranger_and_the_hubs_token_renew_nothing(tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        said = {"csr": "x"}
        async with site.client() as stranger, site.client(authorization="Bearer secret") as token:
            assert (await stranger.post("/v1/renew", json=said)).status_code == 401
            assert (await token.post("/v1/renew", json=said)).status_code == 401

    play(tmp_path, act)


def test_managers_make_tokens_and_revoke_over_http(tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        async with site.client(authorization="Bearer secret") as client:
            made = (await client.post("/v1/gateways/line1/token")).json()
            await enrol(site.url, made["token"], tmp_path / "identity")
            (known,) = (await client.get("/v1/gateways")).json()
            assert (known["name"], known["revoked"], known["journals"]) == ("line1", None, 0)
            assert (await client.delete("/v1/gateways/line1")).status_code == 204
            assert (await client.delete("/v1/gateways/line9")).status_code == 404
            assert (await client.post("/v1/gateways/-x/token")).status_code == 400
            (known,) = (await client.get("/v1/gateways")).json()
            assert known["revoked"] and known["not_after"] is None
            rows = (await client.get("/v1/audit?after=1")).json()
            assert [row["act"] for row in rows] == ["enrol", "DELETE", "DELETE", "POST"]
            for wrong in ("x", "-1", "99999999999999999999", "٣"):
                assert (await client.get("/v1/audit", params={"after": wrong})).status_code == 400
        async with site.client() as stranger:
            for method, path in (
                ("POST", "/v1/gateways/line1/token"),
                ("DELETE", "/v1/gateways/line1"),
                ("GET", "/v1/gateways"),
                ("GET", "/v1/audit"),
            ):
                assert (await stranger.request(method, path)).status_code == 401
            for said in (b"", b"[]", b"{}", b'{"token": 1, "csr": ""}', b"[" * 9999, b"x" * 40000):
                answer = await stranger.post("/v1/enrol", content=said)
                assert answer.status_code in (400, 413)
            odd = {"token": "\ud800\0", "csr": "\ud800\0"}
            answer = await stranger.post("/v1/enrol", content=json.dumps(odd).encode())
            assert answer.status_code == 403

    play(tmp_path, act)
