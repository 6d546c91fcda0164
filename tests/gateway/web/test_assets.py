"""Styles and scripts: kept for good under the name of what they hold, compressed for who takes that."""

import asyncio

import httpx2
import pytest
from starlette.applications import Starlette

from gateway.web.assets import asset, routes


def got(path: str, encoding: str = "identity") -> httpx2.Response:
    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=Starlette(routes=routes()))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path, headers={"Accept-Encoding": encoding})

    return asyncio.run(ask())


def test_a_file_is_found_by_the_hash_of_what_it_holds_alone() -> None:
    path = asset("base.css")
    answer = got(path)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    for wrong in (
        path.replace(".css", ".js"),
        "/static/base.css",
        "/static/base.0.css",
        "/static/",
    ):
        assert got(wrong).status_code == 404
    with pytest.raises(FileNotFoundError):
        asset("none.css")


@pytest.mark.parametrize(
    ("header", "is_compressed"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("identity", False),
        ("xgzip", False),
    ],
)
def test_it_is_compressed_for_who_takes_that(header: str, is_compressed: bool) -> None:
    answer = got(asset("base.css"), header)
    assert ("content-encoding" in answer.headers) is is_compressed
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.content == got(asset("base.css")).content  # the client unpacks it
