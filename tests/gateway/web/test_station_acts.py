"""Acts and pages: who may do and see what, and that each act is on record, allowed or not."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from station_pages import UID, Site, site, verdict

from gateway.backstage import backstage
from gateway.config import Config, HubConfig, OidcConfig, ReaderConfig, WebConfig, parse
from gateway.web.headers import CSP
from gateway.web.station.configuration import tables

pytestmark = pytest.mark.anyio

STOP = {"act": "stop", "reader": "dock"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def act(
    at: Site, said: Any, role: str = "lead", **headers: str
) -> tuple[int, dict[str, Any]]:
    async with at.client(role, **headers) as client:
        answer = await client.post("/act", json=said)
        return answer.status_code, answer.json()


def audits(at: Site) -> list[dict[str, Any]]:
    return [row.content() for row in at.journal.after(0, 1000) if row.kind == "audit"]


async def test_a_lead_stops_and_starts_a_reader_and_that_is_on_record(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        status, said = await act(at, STOP, sec_fetch_site="same-origin")
        assert (status, said) == (200, {"done": True, "seq": 1})
        assert at.line.states[0].work == "stopped"
        assert (await act(at, STOP | {"act": "start"}))[0] == 200
        assert at.line.states[0].work == "running"
        first, second = audits(at)
        assert first == {
            "act": "stop",
            "about": "dock",
            "name": "Kim",
            "role": "lead",
            "account": "local",
            "origin": "same-origin",
            "allowed": True,
        }
        assert (second["act"], second["origin"]) == ("start", "unknown")


async def test_a_lead_voids_an_open_intent(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        assert (await act(at, {"act": "void", "intent": 7}, "engineer"))[0] == 200
        assert at.line.voided == [(7, "voided by hand (engineer)")]


@pytest.mark.parametrize(
    ("role", "headers", "status"),
    [
        ("operator", {}, 403),
        ("guest", {}, 403),
        ("lead", {"sec_fetch_site": "cross-site"}, 403),
        ("lead", {"sec_fetch_site": "same-site"}, 403),
        ("lead", {"origin": "https://elsewhere.example"}, 403),
    ],
)
async def test_who_may_not_is_refused_and_that_is_on_record(
    tmp_path: Path, role: str, headers: dict[str, str], status: int
) -> None:
    async with site(tmp_path) as at:
        assert (await act(at, STOP, role, **headers))[0] == status
        assert at.line.states[0].work == "running"
        (said,) = audits(at)
        assert said["allowed"] is False and said["reason"] and said["act"] == "stop"


async def test_nobody_in_particular_is_asked_to_log_in_and_fills_no_journal(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        assert (await act(at, STOP, "nobody"))[0] == 401
        assert audits(at) == []
        statuses = [(await act(at, STOP, "guest"))[0] for _ in range(12)]
        assert statuses.count(403) in (10, 11) and 429 in statuses
        assert len(audits(at)) == statuses.count(403)
        assert (await act(at, STOP))[0] == 200


NO_ACTS: list[Any] = [
    {},
    [],
    "stop",
    {"act": "stop"},
    {"act": "burn", "reader": "dock"},
    {"act": "stop", "reader": 5},
    {"act": "stop", "reader": ""},
    {"act": "stop", "reader": "x" * 65},
    {"act": "stop", "reader": "dock", "more": 1},
    {"act": "void", "intent": True},
    {"act": "void", "intent": 0},
    {"act": "void", "intent": 1 << 63},
    {"act": "void", "reader": "dock"},
]


async def test_what_is_no_act_is_refused(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        for said in NO_ACTS:
            assert (await act(at, said))[0] == 400, said
        assert audits(at) == []


async def test_a_form_or_a_long_text_is_no_act(tmp_path: Path) -> None:
    async with site(tmp_path) as at, at.client("lead") as client:
        assert (await client.post("/act", data={"act": "stop"})).status_code == 415
        long = json.dumps(STOP | {"more": "x" * 2000}).encode()
        kind = {"content-type": "application/json"}
        assert (await client.post("/act", content=long, headers=kind)).status_code == 413
        deep = b"[" * 1000
        assert (await client.post("/act", content=deep, headers=kind)).status_code == 400


async def test_the_hub_takes_what_people_did_as_any_other_row(tmp_path: Path) -> None:
    async with backstage(tmp_path) as behind:
        body = {"act": "stop", "about": "dock", "name": "Kim", "role": "lead", "allowed": True}
        await behind.journal.append("audit", "page", b"", "", body)
        await behind.journal.append("verdict", "dock", UID, "P/1", {"colour": "green"})
        assert await behind.synced() == (2, 2)
        assert behind.journal.aside() == []
        async with httpx2.AsyncClient(base_url=behind.page, trust_env=False) as client:
            assert (await client.get("/")).status_code == 200
            (journal,) = (await client.get("/v1/journals")).json()
            assert journal["watermark"] == 2 and journal["rows"] == 2


async def test_a_reader_that_is_not_there_is_not_stopped(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        status, said = await act(at, {"act": "stop", "reader": "attic"})
        assert status == 404 and "attic" in said["error"]


async def test_each_role_sees_what_is_for_it(tmp_path: Path) -> None:
    pages = ("/", "/history", "/product?product=x", "/charts", "/board.json", "/history.json")
    async with site(tmp_path) as at:
        for role in ("operator", "lead", "engineer", "guest"):
            async with at.client(role) as client:
                for path in pages:
                    assert (await client.get(path)).status_code == 200, (role, path)
                found = (await client.get("/configuration")).status_code
                assert found == {"engineer": 200, "guest": 303}.get(role, 403)
        async with at.client("nobody") as client:
            answer = await client.get("/history?lang=en&theme=dark")
            assert answer.status_code == 303
            assert answer.headers["location"] == "/login?to=%2Fhistory&lang=en&theme=dark"
            assert (await client.get("/login?to=//evil.example")).status_code == 200
            for path in ("/live", "/board.json", "/history.json", "/product.json"):
                assert (await client.get(path)).status_code == 401


async def test_each_answer_has_the_headers_that_keep_a_page_to_itself(tmp_path: Path) -> None:
    async with site(tmp_path) as at, at.client() as client:
        await verdict(at.journal)
        for path in ("/", "/history", "/board.json", "/nowhere"):
            answer = await client.get(path)
            assert answer.headers["content-security-policy"] == CSP
            assert "set-cookie" not in answer.headers
        answer = await client.get("/?lang=en&theme=dark", headers={"Accept-Language": "de"})
        assert answer.headers["content-language"] == "en"
        assert answer.headers["cache-control"] == "no-store"


async def test_names_from_elsewhere_stand_inert_on_every_page(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>\u202e"
    async with site(tmp_path) as at, at.client() as client:
        await at.journal.append(
            "refused", evil, UID, evil, {"outcome": evil, "reason": evil, "colour": evil}
        )
        for path in (
            "/",
            "/history",
            f"/product?product={evil}",
            "/charts",
            f"/history?uid={evil}",
        ):
            text = (await client.get(path)).text
            assert "<script>alert" not in text and "\u202e" not in text, path


def test_the_configuration_shows_no_secret(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2hunter2hunter2")
    config = Config(
        hub=HubConfig(url="https://hub.example", token_file=secret),
        web=WebConfig(
            oidc=OidcConfig(issuer="https://id.example", client_id="x", client_secret_file=secret)
        ),
        reader=(
            ReaderConfig(name="eye", url="camera:rtsp://me:hunter2@10.0.0.9/live?password=hunter2"),
            ReaderConfig(name="bag", url="handheld:/dev/x", job="collect", secret_file=secret),
        ),
    )
    shown = str(tables(config))
    assert "hunter2" not in shown
    assert str(secret) in shown and "camera:rtsp://***@10.0.0.9/live?password=***" in shown
    names = [name for name, _ in tables(config)]
    assert "web.oidc" in names and "reader 2" in names


def test_the_page_of_the_configuration_says_what_differs_from_the_defaults() -> None:
    found = dict(tables(parse(b"[gateway]\nname = 'hall3'\n[web]\n")))
    assert ("name", "hall3", True) in found["gateway"]
    assert ("journal_max_mb", "2048", False) in found["gateway"]
    assert ("listen", "127.0.0.1:8480", False) in found["web"]
