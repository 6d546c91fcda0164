"""Products, tags, journals and alarms as the hub answers them, over the whole hub's application, on both engines."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import pytest
from hub_register import GTIN, UID, Source, signed

from gateway.hub.access_tables import AccessTable
from gateway.hub.app import Hub, opened
from gateway.hub.settings import HubSettings
from gateway.records import Gap

Play = Callable[[httpx2.AsyncClient, Hub], Awaitable[None]]
NOW_NS = 1_800_000_000_000_000_000
AT = "2026-09-21T14:13:20.000Z"  # START_S


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest) -> str:
    """Where an empty database may be: a file, and a URL."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return str(request.getfixturevalue("tmp_path") / "hub.db")


def play(where: str, scene: Play, *sources: Source, **settings: Any) -> None:
    """The scene at a hub that has registered what these sources told."""

    async def all_of_it(folder: str) -> None:
        access = AccessTable(audit_key=Path(folder) / "audit.key")
        said = HubSettings(database=where, access=access, **settings)
        async with (
            opened(said, lambda: NOW_NS) as hub,
            httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=hub.app), base_url="http://localhost"
            ) as client,
        ):
            for each in sources:
                await each.send(hub.ledger)
            await hub.clerk.settled()
            await scene(client, hub)

    with TemporaryDirectory() as folder:
        asyncio.run(all_of_it(folder))


async def got(client: httpx2.AsyncClient, path: str, status: int = 200) -> Any:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_product_is_answered_with_its_stubs_in_order_and_its_events(where: str) -> None:
    first = signed(0)
    second = signed(1, first)
    source = Source("gw")
    source.wrote(second, act="updated", elapsed_ms=1.5, clock=[1 << 60, 5, bytes(16), 3])
    source.wrote(first)
    source.wrote(first)

    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        for path in (f"/v1/products/{GTIN}/A1", "/v1/products/9520123456788/A1"):
            found = await got(client, path)
            assert (found["gtin"], found["serial"]) == (GTIN, "A1")
            assert [each["seq"] for each in found["stubs"]] == [0, 1]
            assert [each["stub"] for each in found["stubs"]] == [first.hex(), second.hex()]
            assert found["stubs"][0]["sha256"] == sha256(first).hexdigest()
            assert found["stubs"][0]["claims"]["totals"] == {"41": 1000}
            assert found["stubs"][0]["uid"] == UID.hex()
            assert found["stubs"][0]["kid"] == bytes(8).hex()
            assert found["stubs"][0]["written"] is True
            assert [each["seq"] for each in found["events"]] == [1, 2, 3]
            assert found["events"][0]["at"] == AT
            assert found["events"][0]["journal"] == source.id.hex()
            assert found["events"][0]["content"] == {
                "gtin": GTIN,
                "serial": "A1",
                "stub": second.hex(),
                "act": "updated",
                "elapsed_ms": 1.5,
            }
        await got(client, f"/v1/products/{GTIN}/B", 404)
        wrong = await got(client, "/v1/products/09520123456789/A1", 400)
        assert "check digit" in wrong["error"]
        await got(client, f"/v1/products/{GTIN}/%00", 404)

    play(where, scene, source)


def test_a_stub_of_a_tag_that_was_only_seen_is_no_stub_of_ours(where: str) -> None:
    source = Source("gw")
    source.tell("verdict", product=f"{GTIN}/A1", gtin=GTIN, serial="A1", stub=signed(0))

    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        found = await got(client, f"/v1/products/{GTIN}/A1")
        assert found["stubs"] == []
        assert len(found["events"]) == 1

    play(where, scene, source)


def test_a_page_tells_where_a_tag_was_and_what_it_is_known_by(where: str) -> None:
    source = Source("gw")
    said = {"zone": "<gate>", "before": "dock", "epc": bytes(range(12)), "rssi_dbm": -50.5}
    source.tell("presence", b"", f"{GTIN}/A1", act="moved", **said)

    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        page = (await client.get(f"/01/{GTIN}/21/A1", headers={"Accept": "text/html"})).text
        assert "<td>Moved: <bdi>&lt;gate&gt;</bdi></td>" in page
        assert '<td class="code">000102030405060708090a0b</td>' in page

    play(where, scene, source)


def test_a_page_shows_the_claims_and_runs_nothing(where: str) -> None:
    source = Source("gw")
    source.wrote(b"mini", serial='A/1"', reason="<script>alert(1)</script>", x=float("nan"))
    source.wrote(signed(0))

    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        client.headers["Accept"] = "text/html"
        page = await client.get(f"/01/{GTIN}/21/A%2F1%22")
        assert page.status_code == 200
        assert "<script>" not in page.text
        assert "&lt;script&gt;" in page.text
        assert "A/1&#34;" in page.text
        assert '<html lang="en">' in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        good = await client.get(f"/01/{GTIN}/21/A1")
        assert f"of {AT[:10]}" in good.text
        assert "has not checked the signature" in good.text
        assert 'data-state="none"' in good.text
        assert f"of {AT[:10]}" in (await client.get(f"/01/{GTIN}/10/B/21/A1")).text
        assert (await client.get(f"/01/{GTIN}/21/none")).status_code == 404
        assert (await client.get("/01/1/21/none")).status_code == 400
        front = await client.get("/")
        assert "default-src 'none'" in front.headers["content-security-policy"]
        assert GTIN in front.text
        assert f'<a href="/01/{GTIN}/21/A%2F1%22">' in front.text
        assert '<h2 id="alarms">Open alarms</h2>' in front.text
        row = f'<td><bdi>gw</bdi></td><td class="code">{source.id.hex()}</td><td>2</td><td>0</td>'
        assert row in front.text
        for unknown in ("none", "%0A"):
            assert (await got(client, f"/v1/products/{GTIN}/{unknown}", 404))["error"]
        said = await got(client, f"/v1/products/{GTIN}/A%2F1%22")
        assert said["events"][0]["content"]["x"] == "nan"

    play(where, scene, source)


def test_a_body_that_holds_itself_is_shown_to_a_depth(where: str) -> None:
    source = Source("gw")
    cyclic = bytes.fromhex("a16178d81c81d81d00")  # {"x": 28([29(0)])}: an array, its own item
    source.keep(1, NOW_NS, "result", "line1", UID, f"{GTIN}/A1", cyclic)

    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        answer = await client.get(f"/v1/products/{GTIN}/A1")
        assert answer.status_code == 200
        assert "..." in answer.text

    play(where, scene, source)


def test_journals_say_how_far_they_have_come(where: str) -> None:
    source = Source("gw")
    for n in range(4):
        source.tell("presence", n=n)

    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        first, _, last, _ = source.rows
        await source.send_these(hub.ledger, [first, Gap(2, 3, "dropped", last.hash)])
        assert await got(client, "/v1/journals") == [
            {
                "journal": source.id.hex(),
                "gateway": "gw",
                "watermark": 3,
                "rows": 1,
                "withheld": 0,
                "conflicts": 0,
                "gaps": 1,
                "registered": 0,
                "received_at": "2027-01-15T08:00:00.000Z",
            }
        ]
        await hub.clerk.settled()
        assert (await got(client, "/v1/journals"))[0]["registered"] == 3

    play(where, scene)


def test_a_tag_is_answered_with_where_it_was(where: str) -> None:
    source = Source("gw")
    source.wrote(signed(0))
    source.tell("refused", at_s=60, station="gate", clock=[0, 0, bytes(16), -1])

    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        found = await got(client, f"/v1/tags/{UID.hex()}")
        assert (found["uid"], found["product"]) == (UID.hex(), f"{GTIN}/A1")
        assert (found["place"], found["seen_at"]) == ("gw/gate", "2026-09-21T14:14:20.000Z")
        assert found["sightings"] == [
            {
                "at": found["seen_at"],
                "clock_synchronised": False,
                "place": "gw/gate",
                "product": "",
                "act": "seen",
                "journal": source.id.hex(),
                "seq": 2,
            },
            {
                "at": AT,
                "clock_synchronised": True,
                "place": "gw",
                "product": f"{GTIN}/A1",
                "act": "written",
                "journal": source.id.hex(),
                "seq": 1,
            },
        ]
        await got(client, "/v1/tags/00", 404)
        for wrong in ("x", "0", "00" * 65):
            assert "a UID" in (await got(client, f"/v1/tags/{wrong}", 400))["error"]

    play(where, scene, source, travel={"places": {"gw/gate": [1.0, 2.0]}})


def test_alarms_are_answered_page_by_page_and_acknowledged(where: str) -> None:
    source = Source("gw")
    for n in range(5):
        serial = f"S{n}"
        source.wrote(signed(0, serial=serial), bytes([4, n, 0, 0]), serial, n)
        source.wrote(signed(0, serial=serial, key=1), bytes([4, n, 0, 1]), serial, n)

    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        whole = await got(client, "/v1/alarms")
        assert whole["next"] is None
        numbers = [each["number"] for each in whole["alarms"]]
        assert numbers == sorted(numbers, reverse=True)
        assert len(numbers) == 5
        subject = whole["alarms"][-1].pop("subject")
        number = whole["alarms"][-1].pop("number")
        assert subject in {f"{GTIN}/S{n}" for n in range(5)}
        nth = int(subject[-1])
        assert whole["alarms"][-1] == {
            "at": f"2026-09-21T14:13:{20 + nth}.000Z",
            "kind": "fork",
            "text": "two different stubs are number 0",
            "journal": source.id.hex(),
            "seq": 2 * nth + 2,
            "closed_at": None,
            "acknowledged_at": None,
            "acknowledged_by": None,
        }
        paged = []
        page = await got(client, "/v1/alarms?limit=2")
        while True:
            paged += [each["number"] for each in page["alarms"]]
            if page["next"] is None:
                break
            page = await got(client, f"/v1/alarms?limit=2&before={page['next']}")
        assert paged == numbers
        said = {"acknowledged": True}
        answer = await client.post(f"/v1/alarms/{number}", json=said)
        assert answer.status_code == 200
        assert answer.json()["acknowledged_at"] == "2027-01-15T08:00:00.000Z"
        assert answer.json()["acknowledged_by"] == "anyone, at an open hub"
        again = await got(client, "/v1/alarms")
        assert again["alarms"][-1] == answer.json()
        assert (await client.post("/v1/alarms/99999", json=said)).status_code == 404
        for wrong in (f"{1 << 63}", f"{1 << 70}", "0", "-1", "x"):
            assert (await client.post(f"/v1/alarms/{wrong}", json=said)).status_code == 400
        for body in (b"", b"{}", b'{"acknowledged": 1}', b"[" * 999, b" " * 2000, b"\xff"):
            answer = await client.post(f"/v1/alarms/{number}", content=body)
            assert answer.status_code == 400, body
        for query in ("limit=0", "limit=1001", "limit=x", "before=-1", f"before={1 << 63}"):
            await got(client, f"/v1/alarms?{query}", 400)

    play(where, scene, source)


def test_who_is_not_known_sees_the_pages_alone(where: str, tmp_path: Any) -> None:
    (tmp_path / "token").write_text("secret")
    source = Source("gw")
    source.wrote(signed(0))

    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        closed = [f"/v1/products/{GTIN}/A1", f"/v1/tags/{UID.hex()}", "/v1/journals", "/v1/alarms"]
        for path in closed:
            await got(client, path, 401)
        assert (await client.post("/v1/alarms/1", json={})).status_code == 401
        html = {"Accept": "text/html"}
        for path in ("/", f"/01/{GTIN}/21/A1"):
            answer = await client.get(path, headers=html)
            assert answer.status_code == 200
            assert "<td>Passport written" not in answer.text  # as the JSON of the same is closed
            assert UID.hex() not in answer.text  # nor what a copy of the tag is made of
            assert "leaves it out" in answer.text
        client.headers["Authorization"] = "Bearer secret"
        for path in closed:
            await got(client, path)
        for path in ("/", f"/01/{GTIN}/21/A1"):
            assert "<td>Passport written" in (await client.get(path, headers=html)).text

    play(where, scene, source, token_file=tmp_path / "token")
