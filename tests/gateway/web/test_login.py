"""Logging in and out over HTTP, by an account of ours and by a provider that is not ours; each is in the journal."""

import asyncio
import html
import json
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl

import httpx2
import pytest
from argon2 import PasswordHasher
from starlette.requests import Request
from starlette.responses import Response
from station_pages import StillLine

from gateway.config import Config, OidcConfig
from gateway.hub.serve import running
from gateway.journal import Journal
from gateway.sync.http import ask_once
from gateway.web.accounts import Accounts
from gateway.web.login import Login, path
from gateway.web.oidc import Oidc
from gateway.web.person import Person
from gateway.web.sessions import Sessions
from gateway.web.station.app import StationPage
from gateway.web.station.told import Notices

PASSWORD = "correct horse battery"
STATION = {"name": "ada", "password": PASSWORD, "to": "/history"}
START_S = 20
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Ticks:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Site(NamedTuple):
    client: httpx2.AsyncClient
    journal: Journal
    accounts: Accounts
    ticks: Ticks

    def audit(self) -> list[tuple[object, ...]]:
        rows = [row.content() for row in self.journal.after(0, 100)]
        return [(row["act"], row["name"], row["role"], row["allowed"]) for row in rows]


@asynccontextmanager
async def site(
    folder: Path, oidc: OidcConfig | None = None, hasher: PasswordHasher = CHEAP
) -> AsyncIterator[Site]:
    accounts, ticks = Accounts(folder / "accounts.json", hasher), Ticks()
    accounts.put("ada", "lead", PASSWORD)

    def still(person: Person) -> Person | None:
        return accounts.still(person) if person.account == "local" else person

    async with Journal(folder / "journal.db") as journal:
        sessions = Sessions(still, ticks)
        way = Oidc(oidc, "s3cret/:", ask_once) if oidc else None
        login = Login(journal, sessions, accounts, way, ticks)
        page = StationPage(
            journal, StillLine(), Config(), Notices(), sessions.who, more=login.routes()
        )
        async with (
            running(page.app) as url,
            httpx2.AsyncClient(base_url=url, trust_env=False) as client,
        ):
            yield Site(client, journal, accounts, ticks)
            page.close()


async def test_who_logs_in_is_known_until_he_logs_out(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        assert (await at.client.get("/board.json")).status_code == 401
        answer = await at.client.post("/login", data=STATION)
        assert (answer.status_code, answer.headers["location"]) == (303, "/history")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie
        assert (await at.client.get("/board.json")).status_code == 200
        assert (await at.client.get("/configuration")).status_code == 403
        kept = dict(at.client.cookies)
        assert (await at.client.post("/logout")).status_code == 303
        at.client.cookies.update(kept)
        assert (await at.client.get("/board.json")).status_code == 401
        assert at.audit() == [("login", "ada", "lead", True), ("logout", "ada", "lead", True)]


async def test_a_login_leads_back_to_what_was_asked_for_in_the_language_that_was_picked(
    tmp_path: Path,
) -> None:
    """A link to a product led to an empty page, and one wrong password to the browser's own language."""
    async with site(tmp_path) as at:
        answer = await at.client.get("/product?product=P%2F1&lang=zh&theme=dark")
        asked = answer.headers["location"]
        assert asked == "/login?to=%2Fproduct%3Fproduct%3DP%252F1&lang=zh&theme=dark"
        to = "/product?product=P%2F1&lang=zh&theme=dark"
        wrong = await at.client.post("/login", data=STATION | {"password": "wrong", "to": to})
        query = dict(parse_qsl(wrong.headers["location"].partition("?")[2]))
        assert query == {"failed": "wrong", "to": to, "lang": "zh", "theme": "dark"}
        answer = await at.client.post("/login", data=STATION | {"to": to})
        assert answer.headers["location"] == to
        page = (await at.client.get(to)).text
        (out,) = re.findall('action="(/logout.*?)"', page)
        answer = await at.client.post(html.unescape(out))
        assert answer.headers["location"] == "/?lang=zh&theme=dark"


async def test_a_wrong_password_is_in_the_journal_and_not_tried_for_ever(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        wrong = STATION | {"password": "wrong"}
        for _ in range(20):
            answer = await at.client.post("/login", data=wrong)
            assert answer.headers["location"] == "/login?failed=wrong&to=%2Fhistory"
        answer = await at.client.post("/login", data=STATION)
        assert "failed=often" in answer.headers["location"]
        assert at.audit() == [("login", "ada", "", False)] * 20
        at.ticks.now += 60
        assert (await at.client.post("/login", data=STATION)).headers["location"] == "/history"


def of_address(host: str) -> dict[str, str]:
    """As a proxy on this machine tells where a request comes from."""
    return {"x-forwarded-for": host}


async def test_who_tries_for_ever_keeps_nobody_else_out(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        for n in range(70):
            host = f"2001:db8::{n}" if n % 2 else "192.0.2.1"
            tried = STATION | {"name": "ada" if n % 3 else f"name {n}", "password": "wrong"}
            await at.client.post("/login", data=tried, headers=of_address(host))
        own = of_address("192.0.2.2")
        answer = await at.client.post("/login", data=STATION, headers=own)
        assert answer.headers["location"] == "/history"


async def test_many_addresses_together_try_one_name_no_faster(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        said = []
        for n in range(40):
            own = of_address(f"192.0.2.{n}")
            answer = await at.client.post("/login", data=STATION | {"password": "?"}, headers=own)
            said.append("failed=often" in answer.headers["location"])
        assert said == [False] * 30 + [True] * 10


async def test_passwords_are_looked_at_one_by_one(tmp_path: Path) -> None:
    class Counting(PasswordHasher):
        """How many are at work at once: each takes its memory."""

        now = most = 0

        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            self.now += 1
            self.most = max(self.most, self.now)
            try:
                return super().verify(hash, password)
            finally:
                self.now -= 1

    hasher = Counting(time_cost=2, memory_cost=8192, parallelism=1)
    async with site(tmp_path, hasher=hasher) as at:
        await asyncio.gather(*(at.client.post("/login", data=STATION) for _ in range(8)))
    assert hasher.most == 1


async def test_what_is_typed_for_a_name_is_kept_where_it_is_one(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        await at.client.post("/login", data=STATION | {"name": PASSWORD})
        assert at.audit() == [("login", "", "", False)]


async def test_a_form_of_another_site_logs_nobody_in_or_out(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        for said in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
            assert (await at.client.post("/login", data=STATION, headers=said)).status_code == 403
            assert (await at.client.post("/logout", headers=said)).status_code == 403
        same = {"origin": str(at.client.base_url).rstrip("/")}
        assert (await at.client.post("/login", data=STATION, headers=same)).status_code == 303


async def test_a_session_ends_unused_with_the_shift_and_with_the_account(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        for seconds in (4 * 3600 + 1, 12 * 3600 + 1):
            await at.client.post("/login", data=STATION)
            while seconds > 0:
                assert (await at.client.get("/board.json")).status_code == 200
                at.ticks.now += min(seconds, 4 * 3600 + 1 if seconds < 5 * 3600 else 3 * 3600)
                seconds -= 3 * 3600 if seconds > 5 * 3600 else seconds
            assert (await at.client.get("/board.json")).status_code == 401
        await at.client.post("/login", data=STATION)
        at.accounts.remove("ada")
        assert (await at.client.get("/board.json")).status_code == 401


async def test_a_role_that_changes_counts_at_once_and_a_new_password_ends_sessions(
    tmp_path: Path,
) -> None:
    async with site(tmp_path) as at:
        await at.client.post("/login", data=STATION)
        held = json.loads(at.accounts.path.read_text())
        held["accounts"]["ada"]["role"] = "operator"
        at.accounts.path.write_text(json.dumps(held))
        act = {"act": "stop", "reader": "dock"}
        assert (await at.client.post("/act", json=act)).status_code == 403
        at.accounts.put("ada", "lead", PASSWORD + "2")
        assert (await at.client.post("/act", json=act)).status_code == 401


@pytest.mark.parametrize(
    "said", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\nb"]
)
def test_nobody_is_led_to_another_site(said: str) -> None:
    assert path(said) == "/"
    assert path("/product?product=1") == "/product?product=1"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """An OpenID provider that is not ours, with two people; its issuer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    people = [
        '{"sub": "kim", "name": "Kim", "groups": ["floor", "leads"]}',
        '{"sub": "guest"}',
        '{"sub": "odd", "groups": {"leads": ["leads"]}}',
    ]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    command += [each for person in people for each in ("--user-claims", person)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if f":{port}" in line:
                break
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=START_S)


def config(issuer: str) -> OidcConfig:
    roles = {"leads": "lead", "floor": "operator"}
    return OidcConfig(issuer=issuer, client_id="line1", roles=roles)


async def logged_in(at: Site, subject: str, change: tuple[str, str] = ("", "")) -> httpx2.Response:
    """What comes of a login at the provider. change: of the URL that it sends the browser back to."""
    away = await at.client.get("/login/oidc?to=/charts")
    assert away.status_code == 303
    async with httpx2.AsyncClient(trust_env=False) as elsewhere:
        back = await elsewhere.post(away.headers["location"], data={"sub": subject})
    return await at.client.get(
        back.headers["location"].replace(*change) if change[0] else back.headers["location"]
    )


async def test_who_comes_from_the_provider_has_the_role_of_his_groups(
    provider: str, tmp_path: Path
) -> None:
    async with site(tmp_path, config(provider)) as at:
        answer = await logged_in(at, "kim")
        assert answer.status_code == 200, answer.text
        assert re.search(r'http-equiv="refresh" content="0; url=/charts"', answer.text)
        assert (await at.client.get("/board.json")).status_code == 200
        assert at.audit() == [("login", "Kim", "lead", True)]
        assert at.journal.after(0, 1)[0].content()["subject"] == "kim"  # of whom there is one


async def test_who_has_no_role_comes_with_another_state_or_again_is_not_logged_in(
    provider: str, tmp_path: Path
) -> None:
    async with site(tmp_path, config(provider)) as at:
        nothing = ("", "")
        for subject, change in (
            ("guest", nothing),
            ("odd", nothing),
            ("kim", ("state=", "state=x")),
        ):
            answer = await logged_in(at, subject, change)
            assert answer.headers["location"] == "/login?failed=oidc&to=%2F"
        assert (await at.client.get("/board.json")).status_code == 401
        assert {each[3] for each in at.audit()} == {False}


async def test_a_callback_that_nobody_was_sent_to_fills_no_journal(
    provider: str, tmp_path: Path
) -> None:
    async with site(tmp_path, config(provider)) as at:
        for _ in range(5):
            answer = await at.client.get("/login/callback?code=1&state=2")
            assert answer.headers["location"] == "/login?failed=oidc&to=%2F"
        assert at.audit() == []


async def test_a_provider_that_is_away_or_another_one_is_told(
    tmp_path: Path, provider: str
) -> None:
    for issuer in ("http://127.0.0.1:1", provider + "/"):
        async with site(tmp_path, config(issuer)) as at:
            answer = await at.client.get("/login/oidc")
            assert answer.headers["location"] == "/login?failed=oidc&to=%2F"
        (tmp_path / "accounts.json").unlink()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_over_https_the_cookie_is_of_this_host_alone(scheme: str) -> None:
    asked = Request({"type": "http", "scheme": scheme, "path": "/", "headers": []})
    sessions, answer = Sessions(), Response()
    sessions.begin(asked, answer, Person("ada", "lead"))
    name, *said = answer.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} < set(said)
    assert name.startswith("__Host-tagwright=" if scheme == "https" else "tagwright=")
    assert ("Secure" in said) == (scheme == "https")
    assert not any(each.startswith("Domain") for each in said)
