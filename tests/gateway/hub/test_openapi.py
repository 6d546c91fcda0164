"""The OpenAPI document of the whole hub: each route is described, and what is described is served."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hub_rooms import rooms
from starlette.routing import Match, Route

from gateway.hub import openapi
from gateway.hub.access_tables import AccessTable
from gateway.hub.app import opened
from gateway.hub.settings import HubSettings

_WORDS = {
    "gtin": "09520123456788",
    "hex": "30164596f40c0e5cbe991a83",
    "base64url": "MBZFlvQMDly-mRqD",
    "number": "7",
}
_METHODS = ("get", "put", "post", "delete", "patch", "options")


def whole(folder: Path, scene: Callable[[list[Route], dict[str, Any]], None]) -> None:
    """The scene with the hub's routes and its document."""

    async def play() -> None:
        access = AccessTable(audit_key=folder / "audit.key")
        async with opened(HubSettings(database=str(folder / "hub.db"), access=access)) as hub:
            routes = [route for route in hub.app.routes if isinstance(route, Route)]
            assert len(routes) == len(hub.app.routes)
            scene(routes, hub.document)

    asyncio.run(play())


def sample(template: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: _WORDS.get(found[1], "x1"), template)


def scope(path: str, method: str) -> dict[str, Any]:
    return {"type": "http", "path": path, "raw_path": path.encode(), "method": method.upper()}


def described(said: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """(template, method) -> a request that it describes."""
    return {
        (template, method): scope(sample(template), method)
        for template, item in said["paths"].items()
        for method in set(item) & set(_METHODS)
    }


def test_every_reference_leads_somewhere(tmp_path: Path) -> None:
    def scene(_: list[Route], said: dict[str, Any]) -> None:
        def walk(value: Any) -> None:
            if isinstance(value, dict):
                if "$ref" in value:
                    name = value["$ref"].removeprefix("#/components/schemas/")
                    assert name in said["components"]["schemas"]
                for each in value.values():
                    walk(each)
            elif isinstance(value, list):
                for each in value:
                    walk(each)

        walk(said)

    whole(tmp_path, scene)


def test_each_path_declares_the_parameters_in_its_template(tmp_path: Path) -> None:
    def scene(_: list[Route], said: dict[str, Any]) -> None:
        for template, item in said["paths"].items():
            for method in set(item) & set(_METHODS):
                given = [*item.get("parameters", []), *item[method].get("parameters", [])]
                named = {each["name"] for each in given if each["in"] == "path"}
                assert named == set(re.findall(r"\{(\w+)\}", template)), template

    whole(tmp_path, scene)


def test_every_described_operation_is_served(tmp_path: Path) -> None:
    def scene(routes: list[Route], said: dict[str, Any]) -> None:
        for key, asked in described(said).items():
            assert any(route.matches(asked)[0] is Match.FULL for route in routes), key

    whole(tmp_path, scene)


def test_every_route_is_described(tmp_path: Path) -> None:
    def scene(routes: list[Route], said: dict[str, Any]) -> None:
        requests = described(said)
        missing = [
            (route.path, method)
            for route in routes
            for method in (route.methods or set()) - {"HEAD"}
            if not any(
                route.matches(asked)[0] is Match.FULL
                for (_, its), asked in requests.items()
                if its == method.lower()
            )
        ]
        assert missing == []

    whole(tmp_path, scene)


def test_the_document_is_served_and_kept_by_who_has_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with rooms(tmp_path / "hub.db") as at:
            answer = await at.public.get("/openapi.json")
            assert answer.json()["openapi"] == "3.1.0"
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
