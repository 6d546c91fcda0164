"""The hub put together: what it takes over HTTP, whom it asks for the token, its settings and its command."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hub_register import GTIN, UID, Source, encoded, signed

from gateway.config import ConfigProblem
from gateway.hub.access_tables import AccessTable
from gateway.hub.app import Hub, opened, serve
from gateway.hub.batch import CEILING, decode
from gateway.hub.database import StoreTrouble
from gateway.hub.serve import running
from gateway.hub.settings import HubSettings, load, parse
from gateway.journal import Journal

Play = Callable[[httpx2.AsyncClient, Hub], Awaitable[None]]


def play(folder: Path, scene: Play, **settings: Any) -> None:
    """The scene at a hub that listens on loopback."""

    async def all_of_it() -> None:
        access = AccessTable(audit_key=folder / "audit.key")
        said = HubSettings(database=str(folder / "hub.db"), access=access, **settings)
        async with (
            opened(said) as hub,
            running(hub.app) as url,
            httpx2.AsyncClient(base_url=url, trust_env=False) as client,
        ):
            await scene(client, hub)

    asyncio.run(all_of_it())


def source(count: int = 2) -> Source:
    made = Source("gw")
    for n in range(count):
        made.tell("presence", n=n)
    return made


async def send(client: httpx2.AsyncClient, data: bytes, status: int = 200) -> dict[str, Any]:
    answer = await client.post("/v1/batches", content=data)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_batch_is_answered_by_a_receipt_and_its_product_is_known(tmp_path: Path) -> None:
    made = source()
    made.wrote(signed(0))

    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        receipt = await send(client, encoded(made))
        assert receipt["journal"] == made.id.hex()
        assert (receipt["watermark"], receipt["stored"], receipt["duplicates"]) == (3, 3, 0)
        again = await send(client, encoded(made))
        assert (again["watermark"], again["stored"], again["duplicates"]) == (3, 0, 3)
        held = (await client.get(f"/v1/journals/{made.id.hex()}")).json()
        assert held["watermark"] == 3
        await hub.clerk.settled()
        assert (await client.get(f"/v1/products/{GTIN}/A1")).json()["stubs"][0]["seq"] == 0

    play(tmp_path, scene)


def test_everything_outlives_a_restart(tmp_path: Path) -> None:
    made = source()

    async def first(client: httpx2.AsyncClient, hub: Hub) -> None:
        assert (await send(client, encoded(made)))["stored"] == 2

    async def then(client: httpx2.AsyncClient, hub: Hub) -> None:
        receipt = await send(client, encoded(made))
        assert (receipt["stored"], receipt["watermark"]) == (0, 2)

    play(tmp_path, first)
    play(tmp_path, then)


def test_what_is_no_batch_is_answered_by_400_and_a_sentence(tmp_path: Path) -> None:
    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        for data in (b"", b"\xa0", encoded(source())[:-1]):
            assert (await send(client, data, 400))["error"]
        assert await hub.database.fetch("SELECT count(*) FROM events") == [(0,)]

    play(tmp_path, scene)


def test_a_body_beyond_the_ceiling_is_not_read_to_its_end(tmp_path: Path) -> None:
    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        assert "send fewer rows" in (await send(client, bytes(CEILING + 1), 413))["error"]

    play(tmp_path, scene)


def test_an_idempotency_key_that_names_another_batch_is_refused(tmp_path: Path) -> None:
    made = source()

    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        for key, status in ((f"{made.id.hex()}/1-2", 200), (f"{made.id.hex()}/1-3", 400)):
            answer = await client.post(
                "/v1/batches", content=encoded(made), headers={"Idempotency-Key": key}
            )
            assert answer.status_code == status

    play(tmp_path, scene)


def test_below_v1_the_token_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\nsecond line")

    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        await send(client, encoded(source()), 401)
        assert (await client.get("/v1/journals")).status_code == 401
        assert (await client.get("/health")).status_code == 200
        client.headers["Authorization"] = "Bearer secret"
        await send(client, encoded(source()))

    play(tmp_path, scene, token_file=tmp_path / "token")


def test_health_and_metrics_tell_what_is_held(tmp_path: Path) -> None:
    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        await send(client, encoded(source()))
        await hub.clerk.settled()
        assert (await client.get("/health")).json() == {"status": "ok"}
        text = (await client.get("/metrics")).text
        assert 'tagwright_hub_held{what="rows"} 2.0' in text
        assert 'tagwright_hub_held{what="rows_not_registered"} 0.0' in text
        assert 'tagwright_hub_rows_total{outcome="stored"} 2.0' in text

    play(tmp_path, scene)


def test_every_answer_keeps_a_browser_safe(tmp_path: Path) -> None:
    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        for path in ("/", "/health", "/nowhere", "/v1/tags/x"):
            headers = (await client.get(path)).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            assert headers["cross-origin-resource-policy"] == "same-origin"

    play(tmp_path, scene)


def test_a_disk_that_refuses_is_answered_by_503(tmp_path: Path) -> None:
    large = Source("gw")
    for _ in range(2):
        large.tell("presence", x=bytes(100_000))

    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        async with hub.database.transaction() as session:
            await session.execute("PRAGMA max_page_count = 1")
        assert "refuses" in (await send(client, encoded(large), 503))["error"]
        async with hub.database.transaction() as session:
            await session.execute("PRAGMA max_page_count = 100000")
        assert (await send(client, encoded(large)))["watermark"] == 2

    play(tmp_path, scene)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "hub.db").write_text("no database at all, just text " * 50)

    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        raise AssertionError("there is no hub")

    with pytest.raises(StoreTrouble, match=r"hub\.db"):
        play(tmp_path, scene)


def test_settings_are_read_and_paths_lie_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\nsecond line")
    (tmp_path / "hub.toml").write_text(
        'listen = "[::1]:0"\ndatabase = "x.db"\ntoken_file = "token"\n'
        '[travel]\nmin_travel_s = 60\nplaces = { line1 = [52.37, 4.9], "line2/gate" = [51, 4] }'
    )
    found = load(tmp_path / "hub.toml")
    assert found.address == ("::1", 0)
    assert found.database == str(tmp_path / "x.db")
    assert found.token() == "secret"
    travel = found.travel.travel()
    assert travel.places == {"line1": (52.37, 4.9), "line2/gate": (51.0, 4.0)}
    assert travel.least_ns("line1", "elsewhere") == 60 * 10**9
    assert HubSettings().address == ("127.0.0.1", 8470)
    assert parse(b'database = "postgresql://u@h/n"').database == "postgresql://u@h/n"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"\xff", "not UTF-8 at byte 0"),
        (b"listen", "hub.toml: "),
        (b'listn = "x:1"', "unknown key listn: did you mean listen"),
        (b'listen = "x"', "listen: 'x': write HOST:PORT"),
        (b'[ca]\nfoldr = "x"', "unknown key ca.foldr: did you mean folder"),
        (b"[sites.line1]\nx = 1", "unknown key sites.line1.x: it may be location, "),
        (b'[nats]\nservers = ["x:1"]', "nats.servers.0: 'x:1': write nats://HOST:PORT"),
        (b'listen = "x:99999"', "no port below 65536"),
        (b'cert = "x"', "HTTPS needs both"),
        (b"database = 1", "database: "),
        (b"x = 1\n" * 100_000, "larger than"),
        (b"[travel.places]\nx = [91, 0]", "travel.places.x"),
        (
            b'[passports]\nclasses = { "/bom" = "secret" }',
            "passports.classes: .*'secret' is none of",
        ),
        (b'[passports]\nclasses = { "bom" = "public" }', "passports.classes: .*no JSON pointer"),
        (b'database = "mysql://user:secret@db/x"', "database: a file, or postgresql://"),
    ],
)
def test_wrong_settings_are_refused_with_a_sentence(raw: bytes, why: str) -> None:
    with pytest.raises(ConfigProblem, match=why):
        parse(raw)


def test_a_port_that_is_taken_and_a_token_that_is_missing_are_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem, match="token_file"):
        parse(b'token_file = "none"').token()

    async def scene(client: httpx2.AsyncClient, hub: Hub) -> None:
        with (
            socket.create_server(("127.0.0.1", 0)) as taken,
            pytest.raises(
                ConfigProblem, match=r"cannot listen on \S+: Address already in use: mend `listen`"
            ),
        ):
            async with running(hub.app, ("127.0.0.1", taken.getsockname()[1])):
                pass

    play(tmp_path, scene)


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "hub.example:0", "192.0.2.1:8470"])
def test_an_open_hub_listens_on_loopback_alone(tmp_path: Path, listen: str) -> None:
    said = f'listen = "{listen}"'.encode()
    with pytest.raises(ConfigProblem, match="whoever reaches"):
        asyncio.run(serve(parse(said, folder=tmp_path), lambda url: None))
    assert not list(tmp_path.iterdir())  # nothing was begun
    for more in (b'token_file = "token"', b"[ca]", b'[access]\ntrust = "trust.cbor"'):
        assert not parse(said + b"\n" + more).is_exposed
    for near in (b"127.0.0.1:0", b"[::1]:0", b"localhost:0", b"127.0.0.9:0"):
        assert not parse(b'listen = "%s"' % near).is_exposed


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_where_it_listens_and_ends_in_order(
    tmp_path: Path, how: signal.Signals
) -> None:
    (tmp_path / "hub.toml").write_text('listen = "127.0.0.1:0"')
    hub = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli.main", "hub", "-c", tmp_path / "hub.toml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert hub.stdout is not None
    ready = json.loads(hub.stdout.readline())
    assert ready["ready"] == "hub"
    made = source()
    answer = httpx2.post(f"{ready['url']}/v1/batches", content=encoded(made), trust_env=False)
    assert answer.json()["watermark"] == 2
    hub.send_signal(how)
    _, errors = hub.communicate(timeout=60)
    assert hub.returncode == 0, errors

    async def then(client: httpx2.AsyncClient, hub: Hub) -> None:
        assert (await send(client, encoded(made)))["stored"] == 0

    play(tmp_path, then)


def test_a_gateway_and_a_hub_agree_on_the_chain(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            row = await journal.append("verdict", "line1", UID, "", {"x": 1.5})
            made = Source("gw")
            made.id = journal.id
            made.rows.append(row)
            assert decode(encoded(made)).rows == (row,)

    asyncio.run(scene())
