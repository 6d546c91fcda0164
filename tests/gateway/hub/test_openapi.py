"""The OpenAPI document: it is one, it describes each route that is served, and each that it describes is served."""

import asyncio
import re
from typing import Any

import pytest
from hub_rooms import rooms
from starlette.routing import Match, Route

from gateway.hub import dpps, links, openapi, resolver

_WORDS = {
    "gtin": "09520123456788",
    "hex": "30164596f40c0e5cbe991a83",
    "base64url": "MBZFlvQMDly-mRqD",
}
_METHODS = ("get", "put", "post", "delete", "patch", "options")


def said() -> dict[str, Any]:
    return openapi.document([dpps.PATHS, links.PATHS, resolver.PATHS])


def sample(template: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: _WORDS.get(found[1], "x1"), template)


def scope(path: str, method: str) -> dict[str, Any]:
    return {"type": "http", "path": path, "raw_path": path.encode(), "method": method.upper()}


def test_every_reference_leads_somewhere() -> None:
    whole = said()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                assert (
                    value["$ref"].removeprefix("#/components/schemas/")
                    in whole["components"]["schemas"]
                )
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    walk(whole)


def test_each_path_declares_the_parameters_in_its_template() -> None:
    for template, item in said()["paths"].items():
        for method in set(item) & set(_METHODS):
            given = [*item.get("parameters", []), *item[method].get("parameters", [])]
            named = {each["name"] for each in given if each["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", template)), template


def test_every_described_operation_is_served_and_every_route_is_described(tmp_path: Any) -> None:
    async def play() -> None:
        async with rooms(tmp_path / "hub.db") as at:
            routes = [route for route in at.app.routes if isinstance(route, Route)]
            described = {
                (template, method): scope(sample(template), method)
                for template, item in said()["paths"].items()
                for method in set(item) & set(_METHODS)
            }
            for key, asked in described.items():
                assert any(route.matches(asked)[0] is Match.FULL for route in routes), key
            for route in routes:
                for method in (route.methods or set()) - {"HEAD"}:
                    assert any(
                        route.matches(asked)[0] is Match.FULL
                        for (_, m), asked in described.items()
                        if m == method.lower()
                    ), (route.path, method)

    asyncio.run(play())


def test_the_document_is_served_and_kept_by_who_has_it(tmp_path: Any) -> None:
    async def play() -> None:
        async with rooms(tmp_path / "hub.db") as at:
            answer = await at.public.get("/openapi.json")
            assert answer.json() == said()
            known = {"If-None-Match": answer.headers["etag"]}
            assert (await at.public.get("/openapi.json", headers=known)).status_code == 304

    asyncio.run(play())


def test_two_rooms_may_share_a_path_and_no_operation() -> None:
    answers = {"204": openapi.answer("done")}
    one = {"/x": {"get": openapi.operation("a", "A", answers)}}
    two = {"/x": {"put": openapi.operation("b", "B", answers)}}
    assert set(openapi.document([one, two])["paths"]["/x"]) == {"get", "put"}
    with pytest.raises(ValueError, match="two rooms describe get /x"):
        openapi.document([one, one])
    with pytest.raises(ValueError, match="named a"):
        openapi.document([one, {"/y": one["/x"]}])
