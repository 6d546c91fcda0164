"""Classes of data: what a caller may not see reaches him by no way, on both databases."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from hub_rooms import GTIN, HTML, ITEM, JSON, LINKSET, Rooms, passport, rooms
from hypothesis import given
from hypothesis import strategies as some

from edge.errors import Malformed
from gateway.hub import classes
from gateway.hub.access import AUTHORITIES, LEGITIMATE_INTEREST, PUBLIC

QUOTED = ITEM.replace("/", "%2F")
LI = "LEGIT-ONLY"  # stands in every element of its class, as value and as name
AU = "AUTHORITY-ONLY"
SAID = passport(
    materials=[
        {"name": "copper", "kg": 1, LI: "supplier"},
        {"name": AU, "kg": 7},
        {"elementId": "cell", "name": "cell", "chemistry": LI, "inner": {AU: [1, AU]}},
    ],
    repair={"steps": [LI, LI], "manual": "https://x.example/m"},
    inspection={AU: AU},
    **{"a/b~c": AU, "public": {"deep": {"er": "yes"}}},
    accessClasses={
        f"/materials/*/{LI}": LEGITIMATE_INTEREST,
        "/materials/1": AUTHORITIES,
        "/materials/cell/chemistry": LEGITIMATE_INTEREST,
        f"/materials/cell/inner/{AU}": AUTHORITIES,
        "/repair/steps": LEGITIMATE_INTEREST,
        "/inspection": AUTHORITIES,
        "/a~1b~0c": AUTHORITIES,
        "/public": PUBLIC,
        "/public/deep": PUBLIC,
    },
)
PATHS = (
    "materials",
    "materials/0",
    f"materials/0/{LI}",
    "materials/1",
    "materials/1/name",
    "materials/2",
    "materials/cell",
    "materials/cell/chemistry",
    "$.materials[2].inner",
    "repair",
    "repair/steps",
    "repair/steps/0",
    "inspection",
    f"inspection/{AU}",
    "a%2Fb~c",
    "accessClasses",
    "accessClasses/%2Finspection",
    "withheld",
)


def play(where: str, scene: Callable[[Rooms], Any], **more: Any) -> None:
    async def whole() -> None:
        async with rooms(where, **more) as found:
            await scene(found)

    asyncio.run(whole())


def everything(answer: httpx2.Response) -> str:
    return answer.text + repr(answer.headers.raw)


async def asked(client: httpx2.AsyncClient, id: str, at: str) -> list[httpx2.Response]:
    """Every way to read the passport."""
    found = [
        await client.get(f"/v1/dpps/{id}"),
        await client.get(f"/v1/dppsByProductId/{QUOTED}"),
        await client.get(f"/v1/dppsByProductIdAndDate/{QUOTED}", params={"date": at}),
        await client.post("/v1/dppsByProductIds", json=[ITEM]),
        await client.request("OPTIONS", f"/v1/dpps/{id}"),
        await client.get(f"/v1/dpps/{id}", headers={"Range": "bytes=0-100"}),
    ]
    for headers in ({}, HTML, JSON, LINKSET, {"Accept": "application/ld+json"}):
        found.append(await client.get(f"/01/{GTIN}/21/A1", headers=headers))
    for room in ("elements", "collections"):
        found += [await client.get(f"/v1/dpps/{id}/{room}/{path}") for path in PATHS]
    return found


def test_nothing_of_a_class_reaches_who_may_not_see_it_by_any_way(database_place: str) -> None:
    async def scene(at: Rooms) -> None:
        made = await at.publish(SAID)
        id, digest = made["digitalProductPassportId"], made["sha256"]
        date = "2026-09-21T14:13:20Z"
        for client, hidden in ((at.public, (LI, AU)), (at.repairer, (AU,))):
            for answer in await asked(client, id, date):
                said = everything(answer).replace(str(answer.request.url), "")
                for word in (*hidden, digest, "accessClasses"):
                    assert word not in said, (answer.request.url, word)
        legitimate = [everything(each) for each in await asked(at.repairer, id, date)]
        assert any(LI in each for each in legitimate)
        whole = await at.authority.get(f"/v1/dpps/{id}")
        assert whole.json() == SAID
        assert whole.headers["etag"] == f'"{digest}"'

    play(database_place, scene)


def test_a_view_says_that_something_is_left_out_and_keeps_the_rest(tmp_path: Any) -> None:
    async def scene(at: Rooms) -> None:
        id = (await at.publish(SAID))["digitalProductPassportId"]
        answer = await at.public.get(f"/v1/dpps/{id}")
        said = answer.json()
        assert said["withheld"] == ["authorities", "legitimate_interest"]
        assert answer.headers["tagwright-withheld"] == "authorities, legitimate_interest"
        assert said["materials"] == [
            {"name": "copper", "kg": 1},
            {"elementId": "cell", "name": "cell", "inner": {}},
        ]
        assert said["repair"] == {"manual": "https://x.example/m"}
        assert said["public"] == SAID["public"]
        assert "inspection" not in said
        seen = (await at.repairer.get(f"/v1/dpps/{id}")).json()
        assert seen["withheld"] == ["authorities"]
        assert seen["repair"]["steps"] == [LI, LI]
        assert seen["materials"][1]["chemistry"] == LI
        assert (await at.public.get(f"/v1/dpps/{id}")).headers["cache-control"] == "no-cache"
        for client in (at.repairer, at.authority, at.manager):
            assert (await client.get(f"/v1/dpps/{id}")).headers["cache-control"] == "no-store"
        at_resolver = await at.authority.get(f"/01/{GTIN}/21/A1", headers=JSON)
        assert at_resolver.content == answer.content  # the resolver's is the public part

    play(str(tmp_path / "hub.db"), scene)


def test_an_element_that_is_withheld_is_answered_like_one_that_is_not_there(tmp_path: Any) -> None:
    async def scene(at: Rooms) -> None:
        id = (await at.publish(SAID))["digitalProductPassportId"]
        base = f"/v1/dpps/{id}/elements"
        missing = await at.public.get(f"{base}/nothing")
        for path in (
            f"materials/0/{LI}",
            "inspection",
            "repair/steps/0",
            "a%2Fb~c",
            "accessClasses",
        ):
            withheld = await at.public.get(f"{base}/{path}")
            assert (withheld.status_code, withheld.content) == (404, missing.content)
        assert (await at.public.get(f"{base}/materials/1/name")).json() == "cell"  # of his view

    play(str(tmp_path / "hub.db"), scene)


def test_the_same_public_part_has_the_same_etag_whatever_is_withheld(tmp_path: Any) -> None:
    async def scene(at: Rooms) -> None:
        etags = []
        for secret in ("1", "2"):
            id = (await at.publish(SAID | {"inspection": {AU: secret}}))["digitalProductPassportId"]
            etags.append((await at.public.get(f"/v1/dpps/{id}")).headers["etag"])
            await at.manager.delete(f"/v1/dpps/{id}")
            async with at.database.transaction() as session:
                await session.execute("DELETE FROM passport_versions")
                await session.execute("DELETE FROM passports")
        assert etags[0] == etags[1]

    play(str(tmp_path / "hub.db"), scene)


def test_a_digest_is_no_oracle(tmp_path: Any) -> None:
    async def scene(at: Rooms) -> None:
        made = await at.publish(SAID)
        path = f"/v1/dpps/{made['digitalProductPassportId']}"
        guess = {"If-None-Match": f'"{made["sha256"]}"', "If-Match": f'"{made["sha256"]}"'}
        assert (await at.public.get(path, headers=guess)).status_code == 200
        assert (await at.public.get(f"{path}/elements/repair", headers=guess)).status_code == 200
        assert (await at.public.patch(path, json={}, headers=guess)).status_code == 401
        assert (await at.repairer.delete(path, headers=guess)).status_code == 403

    play(str(tmp_path / "hub.db"), scene)


def test_what_is_restricted_later_is_restricted_in_older_versions_too(database_place: str) -> None:
    """By a patch, and by another passport of the same product after the first was withdrawn."""

    async def scene(at: Rooms) -> None:
        first = await at.publish(
            passport(price=AU, old={LI: 1}, accessClasses={"/old": LEGITIMATE_INTEREST})
        )
        path = f"/v1/dpps/{first['digitalProductPassportId']}"
        assert AU in (await at.public.get(path)).text

        async def then() -> str:
            answer = await at.public.get(
                f"/v1/dppsByProductIdAndDate/{QUOTED}", params={"date": "2026-09-21T14:13:20Z"}
            )
            assert answer.status_code == 200
            return everything(answer)

        assert AU in await then()
        at.clock.go(10)
        patch = {"accessClasses": {"/old": None, "/price": AUTHORITIES}, "old": None}
        assert (await at.manager.patch(path, json=patch)).status_code == 200
        assert AU not in await then()
        assert LI not in await then()
        assert first["sha256"] not in await then()
        await at.manager.patch(path, json={"accessClasses": None})
        assert AU in await then()
        at.clock.go(10)
        await at.manager.delete(path)
        at.clock.go(10)
        await at.publish(
            passport(digitalProductPassportId="2", accessClasses={"/price": AUTHORITIES})
        )
        assert AU not in await then()

    play(database_place, scene)


def test_the_hubs_own_map_counts_for_every_document(tmp_path: Any) -> None:
    async def scene(at: Rooms) -> None:
        made = await at.publish(passport(prices={"net": AU}, kg=1))
        path = f"/v1/dpps/{made['digitalProductPassportId']}"
        for url in (path, f"{path}/elements/prices", f"/v1/dppsByProductId/{QUOTED}"):
            assert AU not in everything(await at.public.get(url))
        assert (await at.public.get(path)).json()["withheld"] == ["authorities"]
        assert (await at.authority.get(path)).json()["prices"] == {"net": AU}

    play(str(tmp_path / "hub.db"), scene, defaults={"/prices": AUTHORITIES})


def test_a_map_whose_name_is_written_with_escapes_counts(tmp_path: Any) -> None:
    async def scene(at: Rooms) -> None:
        said = passport(secret=AU, accessClasses={"/secret": AUTHORITIES})
        raw = json.dumps(said).replace('"accessClasses"', '"\\u0061ccessClasse\\u0073"')
        kind = {"Content-Type": "application/json"}
        assert (await at.manager.post("/v1/dpps", content=raw, headers=kind)).status_code == 201
        assert AU not in (await at.public.get(f"/v1/dppsByProductId/{QUOTED}")).text

    play(str(tmp_path / "hub.db"), scene)


@pytest.mark.parametrize(
    ("pointers", "left"),
    [
        ({"": AUTHORITIES}, {}),
        ({"/*": AUTHORITIES}, {}),
        ({"/a": AUTHORITIES}, {"b": [{"c": 1}, 2]}),
        ({"/b/0": AUTHORITIES}, {"a": {"": 1}, "b": [2]}),
        ({"/b/*/c": AUTHORITIES}, {"a": {"": 1}, "b": [{}, 2]}),
        ({"/a/": AUTHORITIES}, {"a": {}, "b": [{"c": 1}, 2]}),
        ({"/a": AUTHORITIES, "/a/x": PUBLIC}, {"b": [{"c": 1}, 2]}),
        ({"/a": PUBLIC, "/a/": AUTHORITIES}, {"a": {}, "b": [{"c": 1}, 2]}),
        ({"/none": AUTHORITIES, "/b/c": AUTHORITIES}, {"a": {"": 1}, "b": [{"c": 1}, 2]}),
        ({"/dppStatus": AUTHORITIES}, {"a": {"": 1}, "b": [{"c": 1}, 2]}),
    ],
)
def test_a_pointer_hides_what_it_names_and_all_below(
    pointers: dict[str, str], left: dict[str, Any]
) -> None:
    document = {"dppStatus": "active", "a": {"": 1}, "b": [{"c": 1}, 2]}
    found = dict(classes.view(document, [pointers], {PUBLIC}))
    found.pop("withheld", None)
    assert found == {"dppStatus": "active", **left}


def test_two_classes_on_the_way_need_both() -> None:
    document = {"a": {"b": 1, "c": 2}}
    pointers = {"/a": LEGITIMATE_INTEREST, "/a/b": AUTHORITIES}
    for seen, left in (
        ({PUBLIC}, {}),
        ({PUBLIC, AUTHORITIES}, {}),
        ({PUBLIC, LEGITIMATE_INTEREST}, {"a": {"c": 2}}),
    ):
        found = dict(classes.view(document, [pointers], seen))
        assert found.pop("withheld")
        assert found == left
    assert (
        classes.view(document, [pointers], {PUBLIC, LEGITIMATE_INTEREST, AUTHORITIES}) is document
    )


NAMES = some.sampled_from(["a", "b", "0", "1", "elementId", "x/y", "~"])
TREES = some.recursive(
    some.just("open"),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


@given(TREES, some.lists(NAMES | some.just("*"), min_size=1, max_size=4), some.data())
def test_no_value_below_a_hidden_pointer_is_left(
    tree: Any, names: list[str], data: some.DataObject
) -> None:
    """The pointer is made of the tree's own steps; what stands there is marked, and must be gone."""
    document = {"root": tree}
    place: Any = document
    steps: list[str] = []
    while isinstance(place, dict | list) and place and (not steps or data.draw(some.booleans())):
        key = data.draw(
            some.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place)))
        )
        steps.append(data.draw(some.sampled_from(["*", str(key)])))
        parent, place = place, place[key]
        if not isinstance(place, dict | list) or not place:
            parent[key] = place = "SECRET"
    last = parent[key]
    if isinstance(last, dict):
        last["mark"] = "SECRET"
    elif isinstance(last, list):
        last.append("SECRET")
    pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
    left = classes.view(document, [{pointer: AUTHORITIES}], {PUBLIC})
    assert "SECRET" not in json.dumps(left)


@given(
    some.dictionaries(
        some.text(max_size=10), some.text(max_size=10) | some.integers() | some.none()
    )
)
def test_any_map_is_sound_or_malformed(said: dict[str, Any]) -> None:
    try:
        classes.checked(said)
    except Malformed:
        return
    classes.view({"a": 1}, [said], {PUBLIC})
