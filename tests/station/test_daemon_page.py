"""The daemon with its page: a tag that is shown appears there, and a lead who logged in stops its reader."""

import asyncio
import logging
import re
import time
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from starlette.requests import Request
from station_pages import events

from gateway.config import Config, ConfigProblem, GatewayConfig, ReaderConfig, WebConfig
from gateway.daemon import serve
from gateway.journal import Journal
from gateway.station_page import entrance
from gateway.web.accounts import Accounts
from gateway.web.person import GUEST
from hwsim.clock import Clock
from hwsim.faults import Faults
from hwsim.field import Field
from hwsim.pn532 import Pn532
from hwsim.port import PtyPort

pytestmark = pytest.mark.anyio

PASSWORD = "a long password"
PATIENCE_S = 20


async def address(caplog: pytest.LogCaptureFixture) -> str:
    """Where the page is."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := re.search(r"station page is at (\S+)/", caplog.text)):
            await asyncio.sleep(0.01)
    return found[1]


async def test_what_is_shown_to_a_reader_is_on_the_page_and_a_lead_stops_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    accounts = tmp_path / "accounts"
    Accounts(accounts).put("Kim", "lead", PASSWORD)
    clock, faults = Clock(), Faults(1)
    with PtyPort(Pn532(Field(clock, faults), clock, faults)) as port:
        config = Config(
            gateway=GatewayConfig(journal=tmp_path / "daemon.db"),
            web=WebConfig(listen="127.0.0.1:0", accounts=accounts, display=True),
            reader=(ReaderConfig(name="dock", url=f"pn532:{port.path}"),),
        )
        task = asyncio.create_task(serve(config, None, lambda name, result: None))
        try:
            url = await address(caplog)
            async with httpx2.AsyncClient(base_url=url, trust_env=False) as client:
                async with client.stream("GET", "/live") as answer:
                    stream = events(answer.aiter_lines())
                    assert (await anext(stream)).name == "board"
                    port.do({"do": "arrive", "tag": "ntag215", "uid": "04a1b2c3d4e5f6"})
                    async with asyncio.timeout(PATIENCE_S):
                        row = await anext(each async for each in stream if each.name == "row")
                assert (row.data["kind"], row.data["uid"]) == ("verdict", "04a1b2c3d4e5f6")
                assert 0 <= time.time() - row.data["at"] < 5
                stop = {"act": "stop", "reader": "dock"}
                assert (await client.post("/act", json=stop)).status_code == 403
                assert (await client.get("/configuration")).status_code == 303
                said = {"name": "Kim", "password": PASSWORD, "to": "/"}
                answer = await client.post("/login", data=said)
                assert (answer.status_code, answer.headers["location"]) == (303, "/")
                assert (await client.post("/act", json=stop)).status_code == 200
                board = (await client.get("/board.json")).json()
                assert board["readers"][0]["work"] == "stopped"
                assert (await client.get("/")).status_code == 200
        finally:
            task.cancel()
            await asyncio.wait([task])
    with closing(Journal.open_readonly(tmp_path / "daemon.db")) as records:
        acts = [row.content() for row in records.tail(100) if row.kind == "audit"]
    told = [(each["act"], each["allowed"], each["name"]) for each in acts]
    assert told == [("stop", False, ""), ("login", True, "Kim"), ("stop", True, "Kim")]
    assert "127.0.0.1" not in str(acts)


async def test_without_its_table_there_is_no_page(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    config = Config(gateway=GatewayConfig(journal=tmp_path / "daemon.db"))
    task = asyncio.create_task(serve(config, None, lambda name, result: None))
    try:
        await asyncio.wait([task], timeout=0.2)
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert "station page" not in caplog.text


async def test_another_site_whose_name_leads_here_sees_nothing(tmp_path: Path) -> None:
    async with Journal(tmp_path / "daemon.db") as journal:
        web = WebConfig(listen="127.0.0.1:0")
        near, _ = entrance(web, journal)
        display, _ = entrance(web.model_copy(update={"display": True}), journal)
        for host in ("127.0.0.1:8480", "localhost", "[::1]:1"):
            assert near(asked(host)) is GUEST
        assert near(asked("evil.example:8480")) is None
        assert display(asked("line3.example")) is GUEST


def asked(host: str) -> Request:
    headers = [(b"host", host.encode())]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers})


async def test_accounts_that_cannot_be_used_end_the_daemon_with_a_reason(tmp_path: Path) -> None:
    accounts = tmp_path / "accounts"
    accounts.write_text("{")
    config = Config(
        gateway=GatewayConfig(journal=tmp_path / "daemon.db"),
        web=WebConfig(listen="127.0.0.1:0", accounts=accounts),
    )
    with pytest.raises(ConfigProblem, match="accounts"):
        await serve(config, None, lambda name, result: None)
