"""Passports over HTTP, on both databases: kept as published, read at any date, changed by patches."""

import asyncio
import json
from base64 import b64decode
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

import httpx2
import pytest
from hub_rooms import GTIN, ITEM, ROOT, Rooms, passport, raw, rooms

from edge.errors import Malformed
from gateway.hub.instants import parsed_ns
from gateway.hub.passport import CEILING, parse, read

QUOTED = ITEM.replace("/", "%2F").replace(":", "%3A")
PATCH = {"Content-Type": "application/merge-patch+json"}


def play(where: str, scene: Callable[[Rooms], Awaitable[None]], **more: Any) -> None:
    async def whole() -> None:
        async with rooms(where, **more) as found:
            await scene(found)

    asyncio.run(whole())


def text(answer: httpx2.Response, status: int) -> str:
    """The one message of a Result."""
    assert answer.status_code == status, answer.text
    (message,) = answer.json()["message"]
    assert message["messageType"] == "Error"
    return str(message["text"])


def test_a_passport_is_kept_and_answered_as_the_bytes_that_were_published(
    database_place: str,
) -> None:
    published = raw(passport(note="\u00e9\u00df 1.00", number=1.50))

    async def scene(at: Rooms) -> None:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        answer = await at.manager.post("/v1/dpps", content=published, headers=headers)
        assert answer.status_code == 201
        said = answer.json()
        assert said["statusCode"] == "SuccessCreated"
        assert said["payload"]["sha256"] == sha256(published).hexdigest()
        read = await at.public.get(answer.headers["location"])
        assert read.content == published
        assert (
            read.headers["etag"] == answer.headers["etag"] == f'"{sha256(published).hexdigest()}"'
        )
        digest = read.headers["repr-digest"].removeprefix("sha-256=:").removesuffix(":")
        assert b64decode(digest) == sha256(published).digest()
        assert "set-cookie" not in read.headers
        for path in (f"/v1/dppsByProductId/{QUOTED}", f"/v1/dppsByProductId/{ITEM}"):
            assert (await at.public.get(path)).content == published
        other_host = f"/v1/dppsByProductId/http://other.example/x/01/{GTIN[1:]}/10/L/21/A1"
        assert (await at.public.get(other_host)).content == published
        known = {"If-None-Match": read.headers["etag"]}
        assert (await at.public.get(answer.headers["location"], headers=known)).status_code == 304

    play(database_place, scene)


def test_what_is_missing_in_the_header_is_added_and_the_id_cannot_be_guessed(
    database_place: str,
) -> None:
    async def scene(at: Rooms) -> None:
        said = passport()
        del said["digitalProductPassportId"], said["lastUpdated"]
        first = await at.publish(said)
        second = await at.publish(said | {"uniqueProductIdentifier": ITEM + "x"})
        ids = [each["digitalProductPassportId"] for each in (first, second)]
        assert all(id.startswith("urn:uuid:") for id in ids)
        assert ids[0] != ids[1]
        answer = await at.public.get(f"/v1/dpps/{ids[0]}")
        assert answer.json()["digitalProductPassportId"] == ids[0]
        assert answer.json()["lastUpdated"] == "2026-09-21T14:13:20.000Z"
        assert sha256(answer.content).hexdigest() == first["sha256"]

    play(database_place, scene)


def test_one_passport_of_a_product_is_in_force(database_place: str) -> None:
    async def scene(at: Rooms) -> None:
        first = await at.publish(passport())
        for same in (
            passport(),
            passport(digitalProductPassportId="other"),
            passport(f"http://elsewhere.example/01/{GTIN}/10/L/21/A1"),
            passport(ITEM + "2", digitalProductPassportId=first["digitalProductPassportId"]),
        ):
            assert "in force" in text(await at.manager.post("/v1/dpps", json=same), 409)
        path = f"/v1/dpps/{first['digitalProductPassportId']}"
        assert (await at.manager.delete(path)).status_code == 204
        assert (await at.manager.delete(path)).status_code == 404
        assert (await at.public.get(path)).status_code == 404
        assert (await at.public.get(f"/v1/dppsByProductId/{QUOTED}")).status_code == 404
        again = await at.publish(passport(digitalProductPassportId="urn:test:second"))
        assert again["digitalProductPassportId"] == "urn:test:second"
        assert (await at.public.get(f"/v1/dppsByProductId/{QUOTED}")).status_code == 200

    play(database_place, scene)


def test_two_that_publish_the_same_at_once_make_one_passport(database_place: str) -> None:
    async def scene(at: Rooms) -> None:
        answers = await asyncio.gather(
            *[at.manager.post("/v1/dpps", json=passport()) for _ in range(6)]
        )
        assert sorted(each.status_code for each in answers) == [201, *[409] * 5]

    play(database_place, scene)


def test_a_patch_puts_a_new_version_in_force_and_every_version_can_be_read_at_its_date(
    database_place: str,
) -> None:
    async def at_date(at: Rooms, date: str) -> httpx2.Response:
        return await at.public.get(f"/v1/dppsByProductIdAndDate/{QUOTED}", params={"date": date})

    async def scene(at: Rooms) -> None:
        published = raw(passport(kg=1, parts={"a": 1, "b": 2}))
        headers = {"Content-Type": "application/json"}
        path = (await at.manager.post("/v1/dpps", content=published, headers=headers)).headers[
            "location"
        ]
        at.clock.go(3600)
        patch = b'{"kg": 2, "parts": {"a": null, "c": [3]}}'
        changed = await at.manager.patch(path, content=patch, headers=PATCH)
        assert changed.status_code == 200
        said = changed.json()
        assert (said["kg"], said["parts"]) == (2, {"b": 2, "c": [3]})
        assert said["lastUpdated"] == "2026-09-21T15:13:20.000Z"
        assert changed.headers["etag"] == f'"{sha256(changed.content).hexdigest()}"'
        assert (await at.public.get(path)).content == changed.content
        at.clock.go(3600)
        assert (await at.manager.delete(path)).status_code == 204
        at.clock.go(3600)
        await at.publish(passport(kg=9, digitalProductPassportId="urn:test:later"))
        for date, kg in (
            ("2026-09-21T14:13:19.999Z", None),
            ("2026-09-21T14:13:20Z", 1),
            ("2026-09-21T16:13:19.5+01:00", 1),
            ("2026-09-21T15:13:20Z", 2),
            ("2026-09-21T16:13:19.999999999Z", 2),
            ("2026-09-21T16:13:20Z", None),
            ("2026-09-21T17:13:20Z", 9),
            ("2026-09-21", 9),
            ("2026-09-20", None),
            ("9999-12-31T23:59:59Z", 9),
            ("0001-01-01T00:00:00+14:00", None),
        ):
            answer = await at_date(at, date)
            assert answer.status_code == (404 if kg is None else 200), date
            assert kg is None or answer.json()["kg"] == kg, date
        assert (await at_date(at, "2026-09-21T14:30:00Z")).content == published
        for wrong in ("", "yesterday", "2026-09-21T14:30:00", "2026-02-30", "1" * 60):
            assert "no time" in text(await at_date(at, wrong), 400)
        missing = await at.public.get(f"/v1/dppsByProductIdAndDate/{QUOTED}")
        assert "no date" in text(missing, 400)

    play(database_place, scene)


def test_versions_have_an_order_even_where_the_clock_stands_or_goes_back(
    database_place: str,
) -> None:
    async def scene(at: Rooms) -> None:
        id = (await at.publish(passport(n=0)))["digitalProductPassportId"]
        for n in range(1, 4):
            at.clock.go(-5)
            assert (await at.manager.patch(f"/v1/dpps/{id}", json={"n": n})).json()["n"] == n
        assert (await at.public.get(f"/v1/dpps/{id}")).json()["n"] == 3

    play(database_place, scene)


def test_of_two_that_change_the_same_version_one_is_told_to_read_again(database_place: str) -> None:
    async def scene(at: Rooms) -> None:
        id = (await at.publish(passport(n=0)))["digitalProductPassportId"]
        path = f"/v1/dpps/{id}"
        etag = (await at.manager.get(path)).headers["etag"]
        match = {"If-Match": etag}
        answers = await asyncio.gather(
            *[at.manager.patch(path, json={"n": n}, headers=match) for n in (1, 2, 3)]
        )
        assert sorted(each.status_code for each in answers) == [200, 412, 412]
        assert "read it again" in text(await at.manager.delete(path, headers=match), 412)
        assert (await at.manager.patch(path, json={}, headers={"If-Match": "*"})).status_code == 200
        etag = (await at.manager.get(path)).headers["etag"]
        match = {"If-Match": f'"x", {etag}'}
        assert (await at.manager.delete(path, headers=match)).status_code == 204

    play(database_place, scene)


def test_changes_without_a_condition_at_once_are_all_made(database_place: str) -> None:
    async def scene(at: Rooms) -> None:
        id = (await at.publish(passport()))["digitalProductPassportId"]
        answers = await asyncio.gather(
            *[at.manager.patch(f"/v1/dpps/{id}", json={f"n{n}": n}) for n in range(8)]
        )
        assert {each.status_code for each in answers} == {200}
        found = (await at.public.get(f"/v1/dpps/{id}")).json()
        assert [found[f"n{n}"] for n in range(8)] == list(range(8))

    play(database_place, scene)


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        (b'{"uniqueProductIdentifier": "https://id.example.org/01/09520123456788/21/B"}', "stays"),
        (b'{"digitalProductPassportId": "x"}', "stays"),
        (b'{"granularity": "model"}', "granularity says model"),
        (b'{"economicOperatorId": null}', "economicOperatorId must be"),
        (b'{"accessClasses": {"/kg": "secret"}}', "none of"),
        (b'{"accessClasses": {"kg": "public"}}', "JSON pointer"),
        (b"[]", "object"),
        (b"null", "object"),
        (b'{"kg": ', "no JSON"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": NaN}', "NaN"),
        (b"[" * 40, "deep"),
        (b'{"withheld": []}', "withheld"),
    ],
)
def test_a_patch_that_would_break_a_passport_changes_nothing(
    tmp_path: Any, patch: bytes, why: str
) -> None:
    async def scene(at: Rooms) -> None:
        id = (await at.publish(passport(kg=1)))["digitalProductPassportId"]
        before = await at.manager.get(f"/v1/dpps/{id}")
        answer = await at.manager.patch(f"/v1/dpps/{id}", content=patch, headers=PATCH)
        assert why in text(answer, 400)
        assert (await at.manager.get(f"/v1/dpps/{id}")).content == before.content

    play(str(tmp_path / "hub.db"), scene)


def test_an_element_is_read_and_changed_by_its_path(database_place: str) -> None:
    said = passport(
        materials=[{"elementId": "cu", "name": "copper", "kg": 1}, {"name": "tin/lead"}],
        elements=[{"elementId": "battery", "elements": [{"elementId": "cell", "value": 3.7}]}],
        **{"a.b": {"c d": 1, "0": "zero"}},
    )

    async def scene(at: Rooms) -> None:
        id = (await at.publish(said))["digitalProductPassportId"]
        base = f"/v1/dpps/{id}/elements"
        for path, value in (
            ("materials/0/name", "copper"),
            ("materials/cu/name", "copper"),
            ("$.materials[1]['name']", "tin/lead"),
            ("$['materials'][0].kg", 1),
            ("materials[0].kg", 1),
            ("materials.cu.kg", 1),
            ("battery/cell/value", 3.7),
            ("battery.cell.value", 3.7),
            ("$['a.b']['c d']", 1),
            ("materials/0/%2F", None),
            ("$['a.b']['0']", "zero"),
            ("dppStatus", "active"),
            ("materials/2", None),
            ("materials/-1", None),
            ("materials/name", None),
            ("dppStatus/0", None),
            ("$.nothing", None),
        ):
            answer = await at.public.get(f"{base}/{path}")
            if value is None:
                assert "no such element" in text(answer, 404), path
            else:
                assert answer.json() == value, path
        assert "names and indexes" in text(await at.public.get(f"{base}/$..name"), 400)
        assert "names and indexes" in text(await at.public.get(f"{base}/$.materials[*]"), 400)
        collection = await at.public.get(f"/v1/dpps/{id}/collections/battery")
        assert collection.json() == said["elements"][0]
        changed = await at.manager.patch(f"{base}/materials/cu", json={"kg": 2, "name": None})
        assert changed.json() == {"elementId": "cu", "kg": 2}
        assert (await at.manager.patch(f"{base}/battery/cell/value", json=4)).json() == 4
        whole = (await at.public.get(f"/v1/dpps/{id}")).json()
        assert whole["materials"][0] == {"elementId": "cu", "kg": 2}
        assert whole["elements"][0]["elements"][0]["value"] == 4
        assert "no such element" in text(await at.manager.patch(f"{base}/none", json=1), 404)
        assert "stays" in text(await at.manager.patch(f"{base}/granularity", json="Item"), 400)
        stale = {"If-Match": '"x"'}
        assert (
            await at.manager.patch(f"{base}/materials", json=[], headers=stale)
        ).status_code == 412

    play(database_place, scene)


def test_ids_of_products_are_answered_for_at_most_a_hundred(database_place: str) -> None:
    async def scene(at: Rooms) -> None:
        did = "did:web:example.org:p:1"
        one, two = (
            await at.publish(passport()),
            await at.publish(passport(did, granularity="model")),
        )
        asked = [did, ITEM, ITEM + "none", f"http://x.example/01/{GTIN[1:]}/21/A1"]
        for form in (asked, {"productIdentifiers": [*asked, "urn:x:\0"]}):
            said = (await at.public.post("/v1/dppsByProductIds", json=form)).json()
            ids = {"a": one["digitalProductPassportId"], "b": two["digitalProductPassportId"]}
            assert said["payload"]["byProductId"] == {
                asked[0]: ids["b"],
                ITEM: ids["a"],
                asked[3]: ids["a"],
            }
            assert said["payload"]["dppIdentifiers"] == [ids["b"], ids["a"], ids["a"]]
        for wrong in ([], [ITEM] * 101, {}, "x", [1], [""], ["x" * 501]):
            text(await at.public.post("/v1/dppsByProductIds", json=wrong), 400)
        wrong_digit = f"{ROOT}/01/{GTIN[:-1]}0"
        assert "check digit" in text(
            await at.public.post("/v1/dppsByProductIds", json=[wrong_digit]), 400
        )
        assert (await at.public.get(f"/v1/dppsByProductId/{did}")).status_code == 200

    play(database_place, scene)


def test_a_registry_pointer_is_kept_with_the_digest_of_the_version(database_place: str) -> None:
    pointer = {
        "upi": ITEM,
        "reoId": "LEI-529900T8BM49AURSDO55",
        "liveURL": ITEM,
        "backupURL": "https://backup.example/1",
        "commodityCode": "85176200",
        "facilitiesId": ["GLN-5412345000013"],
        "granularityLevel": "ITEM",
        "deactivated": None,
    }

    async def scene(at: Rooms) -> None:
        assert text(await at.manager.post("/v1/registerDPP", json=pointer), 404)
        made = await at.publish(passport())
        answer = await at.manager.post("/v1/registerDPP", json=pointer)
        assert answer.status_code == 201
        assert answer.json()["payload"]["sha256"] == made["sha256"]
        assert "no registry has been told" in answer.json()["message"][0]["text"]
        rows = await at.database.fetch("SELECT id, pointer FROM registrations")
        assert [(id, json.loads(said)) for id, said in rows] == [
            (answer.json()["payload"]["registrationId"], pointer)
        ]
        for change, why in (
            ({"upi": ""}, "upi"),
            ({"reoId": 1}, "reoId"),
            ({"liveURL": "ftp://x"}, "liveURL"),
            ({"commodityCode": "123"}, "commodityCode"),
            ({"facilitiesId": []}, "facilitiesId"),
            ({"facilitiesId": ["a", "a"]}, "twice"),
            ({"granularityLevel": "item"}, "granularityLevel"),
            ({"granularityLevel": "MODEL"}, "deactivated"),
            ({"deactivated": "no"}, "deactivated"),
        ):
            assert why in text(await at.manager.post("/v1/registerDPP", json=pointer | change), 400)

    play(database_place, scene)


def test_changes_are_the_managers_alone(tmp_path: Any) -> None:
    async def scene(at: Rooms) -> None:
        id = (await at.publish(passport()))["digitalProductPassportId"]
        for client, status in ((at.public, 401), (at.repairer, 403), (at.authority, 403)):
            for method, path in (
                ("POST", "/v1/dpps"),
                ("PATCH", f"/v1/dpps/{id}"),
                ("PATCH", f"/v1/dpps/{id}/elements/dppStatus"),
                ("DELETE", f"/v1/dpps/{id}"),
                ("POST", "/v1/registerDPP"),
                ("PUT", f"/v1/links/01/{GTIN}"),
                ("DELETE", f"/v1/links/01/{GTIN}"),
            ):
                answer = await client.request(method, path, json={})
                assert answer.status_code == status, (method, path)
                assert answer.json()["error"]
        assert (await at.public.get(f"/v1/dpps/{id}")).status_code == 200

    play(str(tmp_path / "hub.db"), scene)


def test_a_body_has_its_media_type_and_its_ceiling(tmp_path: Any) -> None:
    async def scene(at: Rooms) -> None:
        for kind in ("text/plain", "application/merge-patch+json", ""):
            answer = await at.manager.post(
                "/v1/dpps", content=b"{}", headers={"Content-Type": kind}
            )
            assert "media type" in text(answer, 415)
        kind = {"Content-Type": "application/json"}
        answer = await at.manager.post("/v1/dpps", content=b" " * (CEILING + 1), headers=kind)
        assert "at most" in text(answer, 413)
        for missing in (
            "/v1/dpps/none",
            "/v1/dpps/%00",
            "/v1/dppsByProductId/%00",
            "/v1/dppsByProductId/x",
        ):
            text(await at.public.get(missing), 404)
        assert (await at.public.get("/v1/dpps/%FF")).status_code == 404

    play(str(tmp_path / "hub.db"), scene)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"uniqueProductIdentifier": f"{ROOT}/01/{GTIN}/10/L"},
            "names a batch, granularity says item",
        ),
        ({"uniqueProductIdentifier": f"{ROOT}/01/{GTIN}"}, "names a model"),
        ({"uniqueProductIdentifier": f"{ROOT}/01/{GTIN[:-1]}1/21/A"}, "check digit"),
        ({"uniqueProductIdentifier": ""}, "uniqueProductIdentifier must be"),
        ({"uniqueProductIdentifier": "a\0b"}, "uniqueProductIdentifier must be"),
        ({"granularity": "ITEMS"}, "one of model, batch, item"),
        ({"granularity": 2}, "one of"),
        ({"dppSchemaVersion": None}, "dppSchemaVersion"),
        ({"dppStatus": "x" * 501}, "dppStatus"),
        ({"economicOperatorId": []}, "economicOperatorId"),
        ({"facilityId": 1}, "facilityId"),
        ({"contentSpecificationIds": "x"}, "contentSpecificationIds"),
        ({"contentSpecificationId": [1]}, "contentSpecificationId"),
        ({"lastUpdated": "now"}, "lastUpdated"),
        ({"lastUpdated": "2026-09-21T14:00:00"}, "zone"),
        ({"accessClasses": []}, "accessClasses"),
        ({"accessClasses": {"/a": ["public"]}}, "none of"),
        ({"accessClasses": {"/a~2": "public"}}, "'~'"),
        ({"accessClasses": {f"/{n}": "public" for n in range(1001)}}, "1000"),
    ],
)
def test_a_header_that_is_wrong_is_refused_by_name(change: dict[str, Any], why: str) -> None:
    with pytest.raises(Malformed, match=why):
        read(raw(passport() | change))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff{}", "UTF-8 at byte 0"),
        (b"\xef\xbb\xbf{}", "no JSON"),
        (b"{}x", "no JSON"),
        (b'{"a": 1e999}', "finite"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"\\uDfff": 1}', "surrogate"),
        (b'{"a": {"b": 1, "b": 1}}', "twice"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "deep"),
        (b"[" + b"1" * 5000 + b"]", "too long"),
        (b'"' + b"\\" * 100_001, "no JSON"),
    ],
)
def test_what_is_no_sound_json_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        parse(data)


def test_brackets_in_strings_have_no_depth() -> None:
    assert parse(b'{"a": "' + b'[{\\"' * 50 + b'"}') == {"a": '[{"' * 50}
    assert parse(b'["\\ud83d\\ude00"]') == ["\U0001f600"]


@pytest.mark.parametrize(
    ("said", "ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01t01:00:00+01:00", 0),
        ("1970-01-01T01:00:00 01:00", 0),
        ("1970-01-01", 86_400 * 10**9 - 1),
        ("1969-12-31T23:59:59Z", 0),
        ("2300-01-01T00:00:00Z", (1 << 63) - 1),
    ],
)
def test_a_moment_is_read_to_the_nanosecond(said: str, ns: int) -> None:
    assert parsed_ns(said) == ns
