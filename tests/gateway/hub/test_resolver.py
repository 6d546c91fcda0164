"""The resolver over HTTP: what a Digital Link is answered with, and what it never is."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from hub_rooms import GTIN, HTML, ITEM, JSON, LINKSET, ROOT, Rooms, passport, rooms

from gateway.hub import resolver
from gateway.hub.serve import running

MODEL, LOT = f"/01/{GTIN}", f"/01/{GTIN}/10/L1"
HERE = f"/01/{GTIN}/21/A1"
PIP = {"linkType": "gs1:pip", "href": "https://x.example/p", "title": "Product"}
DE = PIP | {"href": "https://x.example/de?a=1#top", "hreflang": ["de"]}
MANUAL = {"linkType": "gs1:instructions", "href": "https://x.example/m", "title": "Manual"}
RECALL = {"linkType": "gs1:recallStatus", "href": "https://x.example/r", "title": "Recall"}


def play(where: Any, scene: Callable[[Rooms], Awaitable[None]], **more: Any) -> None:
    async def whole() -> None:
        async with rooms(where, **more) as found:
            await scene(found)

    asyncio.run(whole())


def moved(answer: httpx2.Response) -> str:
    assert answer.status_code == 307, answer.text
    return str(answer.headers["location"])


def test_a_request_is_sent_on_to_the_link_of_the_narrowest_level(database_place: str) -> None:
    async def scene(at: Rooms) -> None:
        await at.link(MODEL[1:], PIP, DE, MANUAL)
        await at.link(LOT[1:], RECALL)
        for path in (
            MODEL,
            f"/01/{GTIN[1:]}",
            HERE,
            f"{HERE}/",
            f"/01/{GTIN}/10/L2",
            f"{MODEL}/22/V",
        ):
            assert moved(await at.public.get(path)) == "https://x.example/p", path
        for path in (LOT, f"{LOT}/21/A1", f"/01/{GTIN}/22/V/10/L1/21/A1", f"/01/{GTIN}/10/%4C%31"):
            assert moved(await at.public.get(path)) == "https://x.example/r", path
        await at.link(HERE[1:], MANUAL)
        assert moved(await at.public.get(f"{LOT}/21/A1")) == "https://x.example/m"
        manual = await at.public.get(LOT, params={"linkType": "gs1:instructions"})
        assert moved(manual) == "https://x.example/m?linkType=gs1%3Ainstructions"
        assert (await at.manager.delete(f"/v1/links{LOT}")).status_code == 204
        assert moved(await at.public.get(f"{LOT}/21/B")) == "https://x.example/p"

    play(database_place, scene)


def test_language_and_media_type_choose_and_absent_headers_are_no_fault(tmp_path: Any) -> None:
    async def scene(at: Rooms) -> None:
        await at.link(MODEL[1:], PIP, DE, MANUAL)
        at.public.headers = httpx2.Headers()  # neither Accept nor Accept-Language
        assert moved(await at.public.get(MODEL)) == "https://x.example/p"
        for language, found in (
            ("de-AT,en;q=0.5", "de?a=1#top"),
            ("en", "p"),
            ("", "p"),
            ("q=;", "p"),
        ):
            answer = await at.public.get(MODEL, headers={"Accept-Language": language})
            assert moved(answer) == f"https://x.example/{found}"
        assert moved(await at.public.get(MODEL, headers=HTML)) == "https://x.example/p"
        assert (
            moved(await at.public.get(MODEL, headers={"Accept": "image/png"}))
            == "https://x.example/p"
        )

    play(tmp_path / "hub.db", scene)


def test_the_query_goes_with_the_redirection_as_it_came(tmp_path: Any) -> None:
    async def scene(at: Rooms) -> None:
        await at.link(MODEL[1:], PIP, DE)
        for query in ("17=261231;3103=000189", "flag", "a=%C3%A9&b=c%20d", "a=1&a=2"):
            assert moved(await at.public.get(f"{MODEL}?{query}")) == f"https://x.example/p?{query}"
        answer = await at.public.get(f"{MODEL}?17=261231", headers={"Accept-Language": "de"})
        assert moved(answer) == "https://x.example/de?a=1&17=261231#top"

    play(tmp_path / "hub.db", scene)


def test_a_link_type_is_answered_by_that_link_by_404_or_by_a_choice(database_place: str) -> None:
    async def scene(at: Rooms) -> None:
        french = MANUAL | {"href": "https://x.example/m/fr", "hreflang": ["fr"]}
        english = MANUAL | {"href": "https://x.example/m/en", "hreflang": ["en"]}
        await at.link(MODEL[1:], PIP, french, english)
        for kind in ("gs1:pip", "https://ref.gs1.org/voc/pip", "https://gs1.org/voc/pip"):
            answer = await at.public.get(f"{HERE}?linkType={kind}")
            assert moved(answer) == f"https://x.example/p?linkType={kind}"
        for kind in ("gs1:recallStatus", "nonsense", "gs1:", "", "https://x.example/a b"):
            answer = await at.public.get(HERE, params={"linkType": kind}, headers=JSON)
            assert answer.status_code == 404
            assert "Nothing" in answer.json()["error"]
            assert "linkset" in answer.headers["link"]
        choice = await at.public.get(f"{HERE}?linkType=gs1:instructions")
        assert choice.status_code == 300
        assert choice.headers["content-type"] == "application/linkset+json"
        (context,) = choice.json()["linkset"]
        hrefs = [each["href"] for each in context["https://ref.gs1.org/voc/instructions"]]
        assert hrefs == ["https://x.example/m/fr", "https://x.example/m/en"]
        chosen = await at.public.get(
            f"{HERE}?linkType=gs1:instructions", headers={"Accept-Language": "fr-CA"}
        )
        assert moved(chosen) == "https://x.example/m/fr?linkType=gs1:instructions"

    play(database_place, scene)


def test_a_linkset_has_the_links_of_every_level(database_place: str) -> None:
    async def scene(at: Rooms) -> None:
        made = await at.publish(passport())
        await at.link(MODEL[1:], PIP, DE)
        await at.link(LOT[1:], RECALL)
        asked = (
            (LINKSET, ""),
            ({}, "?linkType=linkset"),
            (HTML, "?linkType=all"),
            (LINKSET, "?linkType=linkset"),
        )
        said = []
        for headers, query in asked:
            answer = await at.public.get(f"{LOT}/21/A1{query}", headers=headers)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/linkset+json"
            assert 'rel="http://www.w3.org/ns/json-ld#context"' in answer.headers["link"]
            said.append(answer.json())
        assert said[1:] == said[:-1]
        item, lot, model = said[0]["linkset"]
        assert item["anchor"] == ITEM
        (dpp,) = item["https://ref.gs1.org/voc/dpp"]
        assert (await at.public.get(dpp["href"])).json()["uniqueProductIdentifier"] == ITEM
        assert dpp["href"].endswith(made["digitalProductPassportId"].replace(":", "%3A"))
        assert lot["anchor"] == ROOT + LOT
        assert lot["https://ref.gs1.org/voc/recallStatus"][0]["title"] == "Recall"
        assert model["anchor"] == ROOT + MODEL
        assert len(model["https://ref.gs1.org/voc/pip"]) == 2
        ld = await at.public.get(LOT, headers={"Accept": "application/ld+json"})
        assert ld.json()["@context"].startswith("https://ref.gs1.org/standards/resolver/")
        plain = await at.public.get(LOT, headers=JSON)
        assert (plain.headers["content-type"], list(plain.json())) == (
            "application/json",
            ["linkset"],
        )

    play(database_place, scene)


def test_json_and_html_stand_on_one_uri(database_place: str) -> None:
    async def scene(at: Rooms) -> None:
        await at.publish(passport())
        await at.publish(passport(ROOT + MODEL, granularity="model", kind="model"))
        answer = await at.public.get(HERE, headers=JSON)
        assert answer.json()["uniqueProductIdentifier"] == ITEM
        assert answer.headers["vary"] == "Accept, Accept-Language"
        assert answer.headers["access-control-allow-origin"] == "*"
        again = {"If-None-Match": answer.headers["etag"]}
        assert (await at.public.get(HERE, headers=JSON | again)).status_code == 304
        other = (await at.public.get(f"/01/{GTIN}/10/L/21/B", headers=JSON)).json()
        assert other["kind"] == "model"
        shown = await at.public.get(HERE, headers=HTML)  # gateways have told nothing of it
        assert shown.headers["content-type"] == "text/html; charset=utf-8"
        assert f"<bdi>{ITEM}</bdi>" in shown.text
        page = await at.public.get(f"/01/{GTIN}/21/seen", headers=HTML)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert (await at.public.get(f"/01/{GTIN}/21/seen")).text == page.text
        assert (await at.public.get(HERE, headers={"Accept": "image/png"})).status_code == 406

    play(database_place, scene)


def test_a_passport_is_shown_to_people_without_what_is_not_theirs(tmp_path: Any) -> None:
    said = passport(
        textileFibres={"cotton_share": 0.25, "isTested": True, "by": None},
        notes=["<script>alert(1)</script>", {"x": 1}],
        price="SECRET",
        accessClasses={"/price": "authorities"},
    )

    async def scene(at: Rooms) -> None:
        await at.publish(said)
        for path in (HERE, f"{HERE}?linkType=gs1:pip"):
            for client in (at.public, at.repairer, at.authority):
                answer = await client.get(path, headers=HTML)
                page = answer.text
                assert "<dt><bdi>Textile fibres</bdi></dt>" in page
                assert "<dt><bdi>Cotton share</bdi></dt><dd><bdi>0.25</bdi>" in page
                assert "<dt><bdi>Is tested</bdi></dt><dd>yes" in page
                assert "&lt;script&gt;alert" in page
                assert "accessClasses" not in page
                is_his = client is at.authority
                assert ("SECRET" in page, "leaves it out" in page) == (is_his, not is_his)
                assert ("Price" in page) is is_his
                kept = "no-cache" if client is at.public else "no-store"
                assert answer.headers["cache-control"] == kept
                assert "Authorization" in answer.headers["vary"]

    play(tmp_path / "hub.db", scene)


def test_a_page_is_in_the_language_that_is_asked_for_and_is_fetched_once(tmp_path: Any) -> None:
    async def scene(at: Rooms) -> None:
        await at.publish(passport())
        for query, header, language in (
            ("", "de-CH, en;q=0.5", "de"),
            ("", "ja", "en"),
            ("?lang=fr", "de", "fr"),
            ("?lang=tlh", "nl", "nl"),
            ("?a=1;lang=zh", "en", "zh"),
        ):
            headers = HTML | {"Accept-Language": header}
            answer = await at.public.get(f"{HERE}{query}", headers=headers)
            assert f'<html lang="{language}">' in answer.text
            assert answer.headers["content-language"] == language
            assert answer.headers["vary"] == "Accept, Accept-Language, Authorization"
            known = headers | {"If-None-Match": f"W/{answer.headers['etag']}"}
            assert (await at.public.get(f"{HERE}{query}", headers=known)).status_code == 304
        assert 'href="?a=1&amp;lang=en"' in answer.text
        missing = await at.public.get(f"/01/{GTIN}?lang=de", headers=HTML)
        assert (missing.status_code, missing.headers["content-language"]) == (404, "de")

    play(tmp_path / "hub.db", scene)


def test_a_product_that_only_gateways_told_of_has_a_page_and_a_linkset(tmp_path: Any) -> None:
    async def scene(at: Rooms) -> None:
        path = f"/01/{GTIN}/21/seen"
        (context,) = (await at.public.get(path, headers=LINKSET)).json()["linkset"]
        assert context["anchor"] == ROOT + path
        assert context["https://ref.gs1.org/voc/defaultLink"] == [
            {"href": ROOT + path, "title": "Product page"}
        ]
        assert (await at.public.get(f"{path}?linkType=gs1:pip")).status_code == 200
        await at.link(path[1:], PIP | {"href": f"{ROOT}{path}?x=1"}, MANUAL)  # leads back here
        assert (await at.public.get(path)).status_code == 200
        assert (await at.public.get(f"{path}?linkType=gs1:pip")).status_code == 200
        assert moved(await at.public.get(f"{path}?linkType=gs1:instructions"))

    play(tmp_path / "hub.db", scene)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/01/{GTIN[:-1]}9", 400),
        ("/01/1/21/A", 400),
        (f"{HERE}/10/L", 400),
        (f"/01/{GTIN}/17/261231", 400),
        (f"/01/{GTIN}/21/A%2", 400),
        (f"/01/{GTIN}?21=A1", 400),
        (f"/01/{GTIN}?a=1;10=L", 400),
        (f"/01/{GTIN}?" + "a" * 5000, 400),
        ("/eh00", 400),
        ("/exzzzz", 400),
        ("/01/", 400),
        (f"/01/{GTIN}/21/unknown", 404),
        ("/eh30164596f40c0e5cbe991a83", 404),
    ],
)
def test_what_is_no_link_is_400_and_what_is_not_known_404_each_in_the_clients_form(
    tmp_path: Any, path: str, status: int
) -> None:
    async def scene(at: Rooms) -> None:
        for headers in ({}, HTML, JSON, LINKSET):
            answer = await at.public.get(path, headers=headers)
            assert answer.status_code == status
            assert answer.headers["access-control-allow-origin"] == "*"
        for headers in (JSON, LINKSET):
            assert (await at.public.get(path, headers=headers)).json()["error"]
        assert "<!doctype html>" in (await at.public.get(path, headers=HTML)).text

    play(tmp_path / "hub.db", scene)


def test_a_compressed_link_is_resolved_and_told_uncompressed(tmp_path: Any) -> None:
    async def scene(at: Rooms) -> None:
        await at.link("01/09528765123457", PIP)
        for path in ("/eh30164596f40c0e5cbe991a83", "/exMBZFlvQMDly-mRqD"):
            answer = await at.public.get(path)
            assert moved(answer) == "https://x.example/p"
            whole = f"{ROOT}/01/09528765123457/21/123456789123"
            assert (
                f'<{whole}>; rel="http://www.w3.org/2002/07/owl#sameAs"' in answer.headers["link"]
            )
            assert f"<{whole}?linkType=linkset>" in answer.headers["link"]

    play(tmp_path / "hub.db", scene)


def test_the_resolver_describes_itself_as_the_standards_schema_asks(tmp_path: Any) -> None:
    async def scene(at: Rooms) -> None:
        answer = await at.public.get("/.well-known/gs1resolver")
        said = answer.json()
        assert said["resolverRoot"] == ROOT
        assert said["supportedPrimaryKeys"] == ["01"]
        assert said["supportedLinkType"] == [
            {"namespace": "https://ref.gs1.org/voc/", "prefix": "gs1:"}
        ]
        assert said["linkTypeDefaultCanBeLinkset"] is False
        for path in ("/.well-known/gs1resolver", HERE):
            preflight = await at.public.options(path)
            assert preflight.status_code == 204
            assert preflight.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
            assert preflight.headers["access-control-allow-origin"] == "*"
            assert (await at.public.post(path)).status_code == 405

    play(tmp_path / "hub.db", scene)


def test_links_are_managed_at_their_anchor(database_place: str) -> None:
    async def scene(at: Rooms) -> None:
        path = f"/v1/links/01/{GTIN[1:]}/21/A%2F1/"
        for status in (201, 200):
            answer = await at.manager.put(path, json={"links": [PIP | {"title": "Lampe \u00e9"}]})
            assert answer.status_code == status
        said = (await at.public.get(f"/v1/links/01/{GTIN}/21/A%2f1")).json()
        (link,) = said["links"]
        assert link == PIP | {
            "linkType": "https://ref.gs1.org/voc/pip",
            "title": "Lampe \u00e9",
            "default": True,
        }
        assert moved(await at.public.get(f"/01/{GTIN}/21/A%2F1")) == PIP["href"]
        assert (await at.public.get(f"/01/{GTIN}/21/A/1")).status_code == 400
        for wrong in (f"01/{GTIN}/10/L/21/A", f"01/{GTIN}/22/V/21/A", "01/1", "x", "%FF"):
            assert (
                await at.manager.put(f"/v1/links/{wrong}", json={"links": [PIP]})
            ).status_code == 400
        assert (await at.manager.put(f"/v1/links/01/{GTIN}", json={"links": []})).status_code == 400
        assert (await at.manager.put(f"/v1/links/01/{GTIN}", content=b"{")).status_code == 415
        assert [(await at.manager.delete(path)).status_code for _ in range(2)] == [204, 404]
        assert (await at.public.get(path)).status_code == 404

    play(database_place, scene)


def test_a_hub_without_a_root_takes_the_requests_and_no_false_host(tmp_path: Any) -> None:
    async def scene(at: Rooms) -> None:
        await at.link(MODEL[1:], PIP)
        for host, root in (
            ("dpp.example:8470", "https://dpp.example:8470"),
            ("a<b>", "https://localhost"),
        ):
            answer = await at.public.get(MODEL, headers=LINKSET | {"Host": host})
            assert answer.json()["linkset"][0]["anchor"] == root + MODEL

    play(tmp_path / "hub.db", scene, root=None)


def test_nothing_of_who_asked_is_logged_kept_or_set(
    tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(at: Rooms) -> None:
        await at.link(MODEL[1:], PIP)
        await at.publish(passport())
        before = await at.database.fetch("SELECT count(*) FROM audit")
        caplog.clear()
        with caplog.at_level(logging.DEBUG, "gateway"):
            for headers in (HTML, JSON, LINKSET):
                answer = await at.public.get(
                    HERE, headers=headers | {"User-Agent": "spy", "Cookie": "a=b"}
                )
                assert "set-cookie" not in answer.headers
        assert caplog.records == []
        assert await at.database.fetch("SELECT count(*) FROM audit") == before

    play(tmp_path / "hub.db", scene)


def test_over_a_real_socket_head_has_no_body_and_a_coded_slash_stays(tmp_path: Any) -> None:
    async def scene(at: Rooms) -> None:
        await at.link(MODEL[1:], PIP)
        await at.link(f"01/{GTIN}/21/A%2F1", MANUAL)
        await at.publish(passport(f"{ROOT}/01/{GTIN}/21/A%2F1"))
        async with (
            running(at.app) as url,
            httpx2.AsyncClient(base_url=url, trust_env=False) as client,
        ):
            for path, headers, status in (
                (HERE, {}, 307),
                (f"/01/{GTIN}/21/A%2F1", JSON, 200),
                (HERE, LINKSET, 200),
                ("/01/1", {}, 400),
            ):
                got, head = [
                    await client.request(m, path, headers=headers) for m in ("GET", "HEAD")
                ]
                assert (got.status_code, head.status_code) == (status, status)
                assert head.content == b""
                for name in ("location", "link", "etag", "content-type", "content-length"):
                    assert got.headers.get(name) == head.headers.get(name), (path, name)
            answer = await client.get(f"/01/{GTIN}/21/A%2F1", headers=JSON)
            assert answer.json()["uniqueProductIdentifier"].endswith("A%2F1")
            assert moved(await client.get(f"/01/{GTIN}/21/A%2F1")) == MANUAL["href"]

    play(tmp_path / "hub.db", scene)


def test_a_look_up_is_one_query(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(at: Rooms) -> None:
        await at.link(MODEL[1:], PIP)
        await at.publish(passport())
        asked: list[str] = []
        fetch = at.database.fetch

        async def counting(sql: str, *values: Any) -> list[tuple[Any, ...]]:
            asked.append(sql)
            return await fetch(sql, *values)

        monkeypatch.setattr(at.database, "fetch", counting)
        for headers in (HTML, JSON, LINKSET):
            asked.clear()
            await at.public.get(HERE, headers=headers)
            assert len(asked) == 1

    play(tmp_path / "hub.db", scene)


def test_postgres_answers_a_look_up_from_its_indexes(postgres_url: str) -> None:
    async def scene(at: Rooms) -> None:
        async with at.database.transaction() as session:
            await session.execute("SET LOCAL enable_seqscan = off")
            for sql in (resolver.LEVELS, resolver.LEVELS_AND_DOCUMENTS):
                rows = await session.fetch(f"EXPLAIN (FORMAT JSON) {sql}", ["01/1", "01/2"])
                plan = json.dumps(json.loads(rows[0][0]))
                assert "Seq Scan" not in plan
                assert "passports_in_force" in plan

    play(postgres_url, scene)
