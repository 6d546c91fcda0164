"""Reports of repairs and hand-overs: from the form to the page and to the managers, on both databases."""

import asyncio
import html
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import pytest
from hub_register import GTIN, Source, signed
from hub_rooms import HTML, ROOT, Clock, passport

from gateway.hub import report_token
from gateway.hub.access_tables import AccessTable
from gateway.hub.app import Hub, opened
from gateway.hub.peer import PeerProtocol
from gateway.hub.report_room import PER_MINUTE
from gateway.hub.reports import PER_DAY
from gateway.hub.serve import running
from gateway.hub.settings import HubSettings, ResolverTable
from gateway.web import report
from gateway.web.words import words

ITEM = f"/01/{GTIN}/21/A1"
FORM = f"/report{ITEM}"
EN = words("en", *report.SECTIONS)
EVIL = "<script>alert(1)</script>\u202egnp.exe\u200b\"'><img src=x onerror=alert(2)>"


@dataclass
class Scene:
    """A hub that knows the item A1, and the model; a client whom nobody knows, and the manager."""

    hub: Hub
    clock: Clock
    public: httpx2.AsyncClient
    manager: httpx2.AsyncClient

    async def token(self, form: str = FORM) -> str:
        """Of a form that was filled in for a minute."""
        answer = await self.public.get(form)
        assert answer.status_code == 200
        self.clock.go(60)
        return token_of(answer)

    async def send(self, form: str = FORM, **typed: str) -> httpx2.Response:
        """Send the form; what is not given is right."""
        said = {"kind": "repair", "day": "2026-09-20", "text": "Screen replaced"} | typed
        if "token" not in said:
            said["token"] = await self.token(form)
        return await self.public.post(form, data=said, headers=HTML)

    async def page(self, path: str = ITEM) -> str:
        answer = await self.public.get(path, headers=HTML)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def decide(self, number: int, state: str, status: int = 200) -> Any:
        answer = await self.manager.post(f"/v1/reports/{number}", json={"state": state})
        assert answer.status_code == status, answer.text
        return answer.json()

    async def listed(self, query: str = "") -> list[dict[str, Any]]:
        answer = await self.manager.get(f"/v1/reports{query}")
        found: list[dict[str, Any]] = answer.json()["reports"]
        return found

    async def stored(self) -> list[str]:
        return [text for (text,) in await self.hub.database.fetch("SELECT text FROM reports")]


def token_of(answer: httpx2.Response) -> str:
    found = re.search('name="token" value="(.*?)"', answer.text)
    assert found is not None
    return html.unescape(found[1])


def play(where: str, scene: Callable[[Scene], Awaitable[None]]) -> None:
    async def whole(folder: Path) -> None:
        (folder / "token").write_text("secret")
        said = HubSettings(
            database=where,
            token_file=folder / "token",
            access=AccessTable(audit_key=folder / "audit.key"),
            resolver=ResolverTable(root=ROOT),
        )
        clock = Clock()
        async with opened(said, clock) as hub:

            def client(**headers: str) -> httpx2.AsyncClient:
                transport = httpx2.ASGITransport(app=hub.app)
                return httpx2.AsyncClient(transport=transport, base_url=ROOT, headers=headers)

            async with client() as public, client(Authorization="Bearer secret") as manager:
                source = Source("gw")
                source.wrote(signed(0))
                await source.send(hub.ledger)
                await hub.clerk.settled()
                model = passport(f"{ROOT}/01/{GTIN}", granularity="model")
                assert (await manager.post("/v1/dpps", json=model)).status_code in (201, 409)
                await scene(Scene(hub, clock, public, manager))

    with TemporaryDirectory() as folder:
        asyncio.run(whole(Path(folder)))


def test_a_report_is_pending_then_seen_then_gone(database_place: str) -> None:
    async def scene(at: Scene) -> None:
        assert EN("report.section.none") in await at.page()
        for n in range(2):
            answer = await at.send(text=f"Screen {n} replaced\r\nby hand")
            assert answer.status_code == 303
            assert answer.headers["location"] == f"{ITEM}?lang=en#reports"
        answer = await at.send(kind="handover", text="")
        assert answer.status_code == 303
        page = await at.page()
        assert page.count(EN("report.state.pending")) == 3
        assert page.index("Screen 1") < page.index("Screen 0")
        assert page.index('id="history"') < page.index('id="reports"')
        third, second, first = await at.listed("?state=pending")
        assert first == {
            "number": 1,
            "product": ITEM[1:],
            "kind": "repair",
            "day": "2026-09-20",
            "text": "Screen 0 replaced\nby hand",
            "at": first["at"],
            "state": "pending",
            "decided_at": None,
            "decided_by": None,
        }
        assert (third["kind"], third["text"]) == ("handover", "")
        accepted = await at.decide(1, "accepted")
        assert (accepted["state"], accepted["decided_by"]) == ("accepted", "the hub's token")
        assert await at.decide(1, "accepted") == accepted
        assert (await at.decide(second["number"], "refused"))["text"] == ""
        page = await at.page()
        assert page.count(EN("report.state.pending")) == 1
        assert page.count(EN("report.state.seen")) == 1
        assert "Screen 1" not in page
        await at.decide(1, "refused", 409)
        await at.decide(2, "accepted", 409)
        await at.decide(1, "removed")
        assert "Screen 0" not in await at.page()
        assert sorted(await at.stored()) == ["", "", ""]
        rows = await at.hub.database.fetch(
            "SELECT subject, outcome FROM audit WHERE act = 'report' ORDER BY seq"
        )
        assert rows == [
            (f"{n} {ITEM[1:]}", state)
            for n, state in ((1, "accepted"), (1, "accepted"), (2, "refused"), (1, "removed"))
        ]

    play(database_place, scene)


def test_a_form_counts_once_and_for_its_product_and_its_time(database_place: str) -> None:
    async def scene(at: Scene) -> None:
        token = token_of(await at.public.get(FORM))
        at.clock.go(report_token.LEAST_S - 0.5)
        answer = await at.send(token=token, text="mine")
        assert EN("report.problem.early") in answer.text
        assert token_of(answer) == token  # it counts a moment later
        at.clock.go(1)
        assert (await at.send(token=token, text="mine")).status_code == 303
        assert (await at.send(token=token, text="mine")).status_code == 303  # pressed twice
        answer = await at.send(token=token, text="other")
        assert (answer.status_code, token_of(answer) == token) == (422, False)
        assert EN("report.problem.sent") in answer.text
        assert ">\nother</textarea>" in answer.text
        old = await at.token()
        at.clock.go(report_token.MOST_S)
        for wrong, why in (
            (old, "late"),
            ("", "forged"),
            ("é" * 80, "forged"),
            (token[:-8] + "AAAAAAA=", "forged"),
            (await at.token(f"/report/01/{GTIN}/10/L1/21/A1"), "forged"),
        ):
            answer = await at.send(token=wrong)
            assert answer.status_code == 422
            assert EN(f"report.problem.{why}") in answer.text
        assert await at.stored() == ["mine"]

    play(database_place, scene)


def test_a_product_has_so_many_a_day_and_the_hub_so_many_a_minute(database_place: str) -> None:
    async def scene(at: Scene) -> None:
        for n in range(PER_DAY):
            assert (await at.send(text=f"No. {n}")).status_code == 303
        answer = await at.send(text="one too many")
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 86400
        assert "one too many</textarea>" in answer.text
        assert len(await at.stored()) == PER_DAY
        for n in range(PER_MINUTE // PER_DAY + 1):
            made = passport(f"{ROOT}/01/{GTIN}/21/P{n}")
            assert (await at.manager.post("/v1/dpps", json=made)).status_code == 201
        forms = [f"/report/01/{GTIN}/21/P{n}" for n in range(PER_MINUTE // PER_DAY + 1)]
        tokens = {form: token_of(await at.public.get(form)) for form in (FORM, *forms)}
        at.clock.go(61)
        kept = {"form": forms[-1], "token": tokens[forms[-1]]}
        assert (await at.send(**kept)).status_code == 303
        at.clock.go(61)
        token = tokens[FORM]
        for _ in range(PER_MINUTE):  # what is not kept keeps nobody else away: neither a mistake,
            assert (await at.send(token=token, day="")).status_code == 422
            assert (await at.send(token=token)).status_code == 429  # nor a product that is full,
            assert (await at.send(**kept)).status_code == 303  # nor what stands already,
            assert (
                await at.send(**kept, text="else")
            ).status_code == 422  # nor a form that is used
        tokens |= {
            f"{form} {n}": token_of(await at.public.get(form))
            for form in forms
            for n in range(PER_DAY)
        }
        at.clock.go(4)
        together = [
            at.send(form, token=tokens[f"{form} {n % PER_DAY}"], text=f"No. {n}")
            for form in forms[:1]
            for n in range(2 * PER_DAY)
        ]
        answers = await asyncio.gather(*together)  # nor who sends much at once
        assert sorted(each.status_code for each in answers) == [303] * 5 + [422] * 5
        for form in forms[1 : PER_MINUTE // PER_DAY]:
            for n in range(PER_DAY):
                assert (await at.send(form, token=tokens[f"{form} {n}"])).status_code == 303
        more = {"form": forms[-1], "token": tokens[f"{forms[-1]} 0"]}
        answer = await at.send(**more)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert EN("report.problem.busy") in answer.text
        at.clock.go(60)
        assert (await at.send(**more)).status_code == 303

    play(database_place, scene)


def test_what_is_refused_is_named_and_given_back_and_not_kept(tmp_path: Path) -> None:
    async def scene(at: Scene) -> None:
        for typed, key, said in (
            ({"text": f"Call 06-12345678 {EVIL}"}, "phone", "Call 06-12345678"),
            ({"text": EVIL}, "markup", "&lt;script&gt;"),
            ({"text": " "}, "empty", ""),
            ({"text": "x" * 501}, "long", "x" * 501),
            ({"day": "2026-09-31"}, "day", "2026-09-31"),
            ({"day": "1026-09-30"}, "day", ""),
            ({"day": "2026-09-23"}, "day_future", ""),
            ({"kind": EVIL}, "kind", ""),
        ):
            answer = await at.send(**typed)
            assert answer.status_code == 422
            filled = {"most": 500, "n": 501} if key == "long" else {}
            assert html.escape(EN(f"report.problem.{key}", **filled), quote=False) in answer.text
            assert said in answer.text
            assert "\u202e" not in answer.text.partition("<textarea")[0]
            assert "<script" not in answer.text
            assert "<img" not in answer.text
            assert answer.headers["cache-control"] == "no-store"
        assert await at.stored() == []
        german = await at.public.post(
            f"{FORM}?lang=de", data={"token": await at.token(), "text": "a@b.de"}
        )
        assert "Eine E-Mail-Adresse darf hier nicht stehen" in german.text

    play(str(tmp_path / "hub.db"), scene)


def test_odd_requests_are_answered_by_a_page(tmp_path: Path) -> None:
    async def scene(at: Scene) -> None:
        for path in ("/01/4006381333931/21/A1", f"/01/{GTIN}", f"/01/{GTIN}/21/NEVER", "/x"):
            for answer in (
                await at.public.get(f"/report{path}"),
                await at.public.post(f"/report{path}", data={}),
            ):
                assert answer.status_code == 404
                assert EN("report.notice.unknown.means") in answer.text
        for path in (f"/01/{GTIN}", f"/01/{GTIN}/21/NEVER"):
            assert 'id="reports"' not in await at.page(path)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        for content, more, status in (
            (b"{}", {"Content-Type": "application/json"}, 415),
            (b"x=" + b"a" * 40_000, headers, 413),
            (b"&".join([b"a=1"] * 30), headers, 400),
            (b"\xff=\xff", headers, 400),
        ):
            answer = await at.public.post(FORM, content=content, headers=more)
            assert answer.status_code == status
            assert EN("report.notice.bad.title") in answer.text
        answer = await at.public.post(
            FORM, content=b"text=%ff%00&text=%F0%9F&kind", headers=headers
        )
        assert answer.status_code == 422

    play(str(tmp_path / "hub.db"), scene)


def test_reports_are_for_managers(tmp_path: Path) -> None:
    async def scene(at: Scene) -> None:
        for _ in range(3):
            await at.send()
        assert (await at.public.get("/v1/reports")).status_code == 401
        answer = await at.public.post("/v1/reports/1", json={"state": "accepted"})
        assert answer.status_code == 401
        whole = (await at.manager.get("/v1/reports?limit=2")).json()
        assert [each["number"] for each in whole["reports"]] == [3, 2]
        rest = (await at.manager.get(f"/v1/reports?limit=2&before={whole['next']}")).json()
        assert ([each["number"] for each in rest["reports"]], rest["next"]) == ([1], None)
        assert await at.listed("?state=refused") == []
        for query in ("?state=lost", "?before=0", "?limit=x"):
            assert (await at.manager.get(f"/v1/reports{query}")).status_code == 400
        await at.decide(9, "accepted", 404)
        for body in (b"[", b'{"state": "pending"}', b'{"state": ["x"]}', b" " * 2000):
            answer = await at.manager.post("/v1/reports/1", content=body)
            assert answer.status_code == 400

    play(str(tmp_path / "hub.db"), scene)


def test_whatever_was_written_comes_out_inert(tmp_path: Path) -> None:
    async def scene(at: Scene) -> None:
        emoji = "🔧" * 500
        for text in (emoji, "a\u202eb\u200bc", "מתוקן والسلام"):
            assert (await at.send(text=text)).status_code == 303
        async with at.hub.database.transaction() as session:  # past the screening
            await session.execute("UPDATE reports SET text = $1 WHERE number = 2", EVIL)
        page = await at.page()
        assert f"<bdi>{emoji}</bdi>" in page
        assert "<bdi>מתוקן والسلام</bdi>" in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;\ufffdgnp.exe\ufffd" in page
        assert "<img" not in page
        assert not {"\u202e", "\u200b"} & set(page)

    play(str(tmp_path / "hub.db"), scene)


def test_two_hubs_on_one_database_take_each_others_forms(tmp_path: Path) -> None:
    where = str(tmp_path / "hub.db")
    kept = []

    async def scene(at: Scene) -> None:
        kept.append(await at.token())
        assert await at.hub.database.fetch("SELECT count(*) FROM report_secret") == [(1,)]
        if len(kept) == 2:
            assert (await at.send(token=kept[0], text="by the first")).status_code == 303

    play(where, scene)
    play(where, scene)


def test_the_senders_address_is_in_no_log_and_in_no_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def scene(at: Scene) -> None:
        token = await at.token()
        async with running(at.hub.app, http=PeerProtocol) as url:
            sender = httpx2.AsyncHTTPTransport(local_address="127.0.0.77")
            async with httpx2.AsyncClient(transport=sender, base_url=url) as client:
                typed = {"kind": "repair", "day": "2026-09-20", "text": "x", "token": token}
                for said in (typed, typed | {"text": "a@b.de"}, typed | {"token": ""}):
                    await client.post(FORM, data=said)
                assert "set-cookie" not in (await client.get(ITEM)).headers
        assert await at.stored() == ["x"]

    play(str(tmp_path / "hub.db"), scene)
    told = [f"{each.name}: {each.getMessage()}" for each in caplog.records]
    ours = [each for each in told if not each.startswith(("httpcore2", "httpx2"))]  # the sender's
    assert ours
    assert "127.0.0.77" not in "\n".join(ours)
    for path in tmp_path.iterdir():
        assert b"127.0.0.77" not in path.read_bytes()
