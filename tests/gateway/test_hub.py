"""The hub: what it takes, what it refuses, and what it answers; over real HTTP on loopback."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2
import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from edge import ed25519, stub
from edge.errors import Malformed
from gateway.config import ConfigProblem
from gateway.hub.app import create_app
from gateway.hub.batch import CEILING, content, decode
from gateway.hub.serve import running
from gateway.hub.settings import HubSettings, load, parse
from gateway.hub.store import Store, StoreTrouble
from gateway.journal import Journal
from gateway.records import Chain

JOURNAL = bytes(range(16))
UID = bytes.fromhex("04a1b2c3d4e5f6")
GTIN = "09520123456788"
SEED = bytes(32)

Play = Callable[[httpx2.AsyncClient, Store], Awaitable[None]]


def rows(bodies: Sequence[bytes], first: int = 1, before: bytes = JOURNAL) -> list[list[Any]]:
    """Rows with these bodies, chained; kind "result", product GTIN/A1."""
    chain, made = Chain(before), []
    for seq, body in enumerate(bodies, first):
        columns = [seq, 1_790_000_000_000_000_000, "result", "line1", UID, f"{GTIN}/A1", body]
        made.append([*columns, chain.follow(*columns)])
    return made


def batch(said: Sequence[list[Any]], before: bytes = JOURNAL, **other: Any) -> bytes:
    whole = {1: 1, 2: "gw", 3: JOURNAL, 4: said[0][0], 5: said[-1][0], 6: list(said), 7: before}
    return cbor2.dumps(
        whole | {int(key[1:]): value for key, value in other.items()}, canonical=True
    )


def body(**said: Any) -> bytes:
    return cbor2.dumps(said, canonical=True)


def signed(seq: int, previous: bytes | None = None) -> bytes:
    claims = {
        stub.VERSION: 1,
        stub.PRODUCT: [stub.GS1, int(GTIN), "A1"],
        stub.ISSUED_AT: 1_790_000_000 + seq,
        stub.SEQ: seq,
        stub.CARRIER: [1, UID],
        stub.TOTALS: {41: 1000},
    }
    if previous is not None:
        claims[stub.PREV] = stub.link16(previous)
    return stub.encode(claims, -19, bytes(8), lambda message: ed25519.sign(SEED, message))


def with_hub(folder: Path, play: Play, token: str | None = None) -> None:
    async def all_of_it() -> None:
        store = Store(folder / "hub.db", clock=lambda: 1_800_000_000_000_000_000)
        async with (
            running(create_app(store, token)) as url,
            httpx2.AsyncClient(base_url=url) as client,
        ):
            await play(client, store)
        store.close()

    asyncio.run(all_of_it())


async def send(client: httpx2.AsyncClient, data: bytes, status: int = 200) -> dict[str, Any]:
    answer = await client.post("/v1/batches", content=data)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_batch_is_answered_by_a_receipt(tmp_path: Path) -> None:
    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        assert await send(client, batch(rows([body(n=n) for n in range(3)]))) == {
            "journal": JOURNAL.hex(),
            "watermark": 3,
            "stored": 3,
            "duplicates": 0,
            "conflicts": [],
        }

    with_hub(tmp_path, play)


def test_the_watermark_waits_for_a_gap_and_then_passes_it(tmp_path: Path) -> None:
    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        made = rows([body(n=n) for n in range(9)])
        assert (await send(client, batch(made[:2])))["watermark"] == 2
        assert (await send(client, batch(made[5:], before=made[4][7])))["watermark"] == 2
        assert (await send(client, batch(made[2:5], before=made[1][7])))["watermark"] == 9

    with_hub(tmp_path, play)


def test_other_content_under_a_known_number_is_kept_apart_and_reported(tmp_path: Path) -> None:
    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        mine = rows([body(n=n) for n in range(3)])
        other = rows([body(n=n) for n in (0, 1, 7, 8)])
        await send(client, batch(mine))
        receipt = await send(client, batch(other))
        assert receipt["conflicts"] == [3]
        assert (receipt["stored"], receipt["duplicates"], receipt["watermark"]) == (1, 2, 4)
        (journal,) = (await client.get("/v1/journals")).json()
        assert journal["conflicts"] == 1
        kept = store._file.execute("SELECT seq, hash, row FROM conflicts").fetchall()
        assert kept == [(3, other[2][7], cbor2.dumps(other[2]))]
        assert [event.content for event in store.events(f"{GTIN}/A1")] == [
            {"n": 0},
            {"n": 1},
            {"n": 2},
            {"n": 8},
        ]

    with_hub(tmp_path, play)


def test_rows_that_continue_another_history_are_reported(tmp_path: Path) -> None:
    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        mine = rows([body(n=n) for n in range(3)])
        await send(client, batch(mine))
        fork = rows([body()], first=4, before=bytes(32))
        assert (await send(client, batch(fork, before=bytes(32))))["watermark"] == 4
        assert store.counts()["conflicts"] == 1

    with_hub(tmp_path, play)


def test_a_withheld_row_counts_and_is_filled_in_when_it_comes(tmp_path: Path) -> None:
    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        made = rows([body(n=n) for n in range(3)])
        receipt = await send(client, batch([made[0], [2, made[1][7]], made[2]]))
        assert receipt["watermark"] == 3
        assert [event.kind for event in store.latest(9)] == ["result", "withheld", "result"]
        await send(client, batch(made))
        assert [event.content for event in store.latest(9)] == [{"n": 2}, {"n": 1}, {"n": 0}]

    with_hub(tmp_path, play)


def test_everything_outlives_a_restart(tmp_path: Path) -> None:
    made = rows([body(n=1)])
    store = Store(tmp_path / "hub.db")
    first = store.take(decode(batch(made)))
    store.close()
    store = Store(tmp_path / "hub.db")
    again = store.take(decode(batch(made)))
    assert (first.stored, again.stored, again.watermark) == (1, 0, 1)
    store.close()


GOOD = rows([body(n=1), body(n=2)])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "end"),
        (b"\xa0", "keys 1 to 7"),
        (batch(GOOD) + b"\x00", "behind|trailing|after"),
        (batch(GOOD, _1=2), "version 2"),
        (batch(GOOD, _1=True), "version True"),
        (batch(GOOD, _2=""), "key 2"),
        (batch(GOOD, _3=bytes(15)), "key 3"),
        (batch(GOOD, _4=0), "keys 4 and 5"),
        (batch(GOOD, _5=1 << 63), "keys 4 and 5"),
        (batch(GOOD, _5=3), "rows 1 to 3"),
        (batch(GOOD, _7=bytes(32)), "key 7"),
        (batch(GOOD, _6=[GOOD[0], [*GOOD[1][:6], body(n=3), GOOD[1][7]]]), "row 2 does not follow"),
        (batch(GOOD, _6=[GOOD[0], GOOD[0]]), "row 2 is not of the form"),
        (batch(GOOD, _6=[GOOD[0], [2, b"short"]]), "row 2 is not of the form"),
        (batch(GOOD, _6=[GOOD[0], "row"]), "row 2 is not of the form"),
        (batch(rows([b"\x41"])), "not CBOR"),
        (batch(rows([b"\x01"])), "must be a map"),
        (batch(rows([b"\xa1\x01\x01"])), "must be a map"),
    ],
)
def test_what_is_no_batch_is_answered_by_400_and_a_sentence(
    tmp_path: Path, data: bytes, why: str
) -> None:
    with pytest.raises(Malformed, match=why):
        decode(data)

    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        assert (await send(client, data, 400))["error"]
        assert store.counts()["events"] == 0

    with_hub(tmp_path, play)


@pytest.mark.parametrize("cut", range(0, len(batch(GOOD)), 7))
def test_a_batch_that_is_cut_off_is_malformed(cut: int) -> None:
    with pytest.raises(Malformed):
        decode(batch(GOOD)[:cut])


@settings(max_examples=400, deadline=None)
@given(some.binary(max_size=200))
def test_noise_is_malformed_and_nothing_else(data: bytes) -> None:
    with pytest.raises(Malformed):
        decode(data)


@settings(max_examples=400, deadline=None)
@given(some.data())
def test_a_damaged_batch_is_malformed_or_is_that_batch(data: some.DataObject) -> None:
    whole = bytearray(batch(GOOD))
    for _ in range(data.draw(some.integers(1, 4))):
        whole[data.draw(some.integers(0, len(whole) - 1))] = data.draw(some.integers(0, 255))
    try:
        found = decode(bytes(whole))
    except Malformed:
        return
    assert [row.hash for row in found.rows] == [row[7] for row in GOOD]


@settings(max_examples=400, deadline=None)
@given(some.binary(max_size=60) | some.binary(max_size=30).map(lambda b: b"\xa1\x61x\xd8" + b))
def test_a_body_is_a_map_or_malformed(data: bytes) -> None:
    try:
        assert isinstance(content(data), dict)
    except Malformed:
        pass


def test_a_fraction_with_an_exponent_beyond_any_number_is_malformed() -> None:
    bigfloat = bytes.fromhex("a16161c5821b0000000107143d4200")  # {"a": 5([4413734210, 0])}
    with pytest.raises(Malformed):
        content(bigfloat)


def test_a_body_beyond_the_ceiling_is_not_read_to_its_end(tmp_path: Path) -> None:
    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        assert "send fewer rows" in (await send(client, bytes(CEILING + 1), 413))["error"]

    with_hub(tmp_path, play)


def test_an_idempotency_key_that_names_another_batch_is_refused(tmp_path: Path) -> None:
    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        for key, status in ((f"{JOURNAL.hex()}/1-2", 200), (f"{JOURNAL.hex()}/1-3", 400)):
            answer = await client.post(
                "/v1/batches", content=batch(GOOD), headers={"Idempotency-Key": key}
            )
            assert answer.status_code == status

    with_hub(tmp_path, play)


def test_a_product_is_answered_with_its_stubs_in_order_and_its_events(tmp_path: Path) -> None:
    first = signed(0)
    second = signed(1, first)
    made = rows(
        [
            body(gtin=GTIN, serial="A1", stub=second, seq=1, act="updated", elapsed_ms=1.5),
            body(gtin=GTIN, serial="A1", stub=first, seq=0, act="commissioned"),
            body(gtin=GTIN, serial="A1", stub=first, seq=0, act="commissioned"),
        ]
    )

    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        await send(client, batch(made))
        for path in (f"/v1/products/{GTIN}/A1", "/v1/products/9520123456788/A1"):
            found = (await client.get(path)).json()
            assert (found["gtin"], found["serial"]) == (GTIN, "A1")
            assert [each["seq"] for each in found["stubs"]] == [0, 1]
            assert [each["stub"] for each in found["stubs"]] == [first.hex(), second.hex()]
            assert found["stubs"][0]["sha256"] == sha256(first).hexdigest()
            assert found["stubs"][0]["claims"]["totals"] == {"41": 1000}
            assert found["stubs"][0]["uid"] == UID.hex()
            assert [each["seq"] for each in found["events"]] == [1, 2, 3]
            assert found["events"][0]["content"]["stub"] == second.hex()
            assert found["events"][0]["at"] == "2026-09-21T14:13:20.000Z"
        assert (await client.get(f"/v1/products/{GTIN}/B")).status_code == 404
        wrong = await client.get("/v1/products/09520123456789/A1")
        assert wrong.status_code == 400
        assert "check digit" in wrong.json()["error"]

    with_hub(tmp_path, play)


def test_a_stub_of_a_tag_that_was_only_seen_is_no_stub_of_ours(tmp_path: Path) -> None:
    said = rows([body(gtin=GTIN, serial="A1", stub=signed(0))])[0][:7]
    said[2] = "verdict"
    made = [[*said, Chain(JOURNAL).follow(*said)]]

    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        await send(client, batch(made))
        found = (await client.get(f"/v1/products/{GTIN}/A1")).json()
        assert found["stubs"] == []
        assert len(found["events"]) == 1

    with_hub(tmp_path, play)


def test_a_page_tells_where_a_tag_was_and_what_it_is_known_by(tmp_path: Path) -> None:
    moved = body(act="moved", zone="<gate>", before="dock", epc=bytes(range(12)), rssi_dbm=-50.5)
    row = [1, 1_790_000_000_000_000_000, "presence", "north", b"", f"{GTIN}/A1", moved]
    row.append(Chain(JOURNAL).follow(*row))

    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        await send(client, batch([row]))
        page = (await client.get(f"/01/{GTIN}/21/A1")).text
        assert "<td>moved: &lt;gate&gt;</td>" in page
        assert '<td class="code">000102030405060708090a0b</td>' in page

    with_hub(tmp_path, play)


def test_a_page_shows_the_claims_and_runs_nothing(tmp_path: Path) -> None:
    serial = 'A/1"<b>'
    raw = body(
        gtin=GTIN, serial=serial, stub=b"mini", reason="<script>alert(1)</script>", x=float("nan")
    )

    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        await send(client, batch(rows([raw, body(gtin=GTIN, serial="A1", stub=signed(0))])))
        page = await client.get(f"/01/{GTIN}/21/A%2F1%22%3Cb%3E")
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "&lt;script&gt;" in page.text
        assert "A/1&quot;&lt;b&gt;" in page.text
        assert '<html lang="en">' in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        good = await client.get(f"/01/{GTIN}/21/A1")
        assert "<dt>issued at</dt><dd>2026-09-21T14:13:20.000Z</dd>" in good.text
        assert "It has not checked the signatures" in good.text
        assert (await client.get(f"/01/{GTIN}/10/B/21/A1")).text == good.text
        assert (await client.get(f"/01/{GTIN}/21/none")).status_code == 404
        assert (await client.get("/01/1/21/none")).status_code == 400
        assert GTIN in (await client.get("/")).text
        json_of_it = (await client.get(f"/v1/products/{GTIN}/A%2F1%22%3Cb%3E")).json()
        assert json_of_it["events"][0]["content"]["x"] == "nan"

    with_hub(tmp_path, play)


def test_a_body_that_holds_itself_is_shown_to_a_depth(tmp_path: Path) -> None:
    cyclic = bytes.fromhex(
        "a16178d81c81d81d00"
    )  # {"x": 28([29(0)])}: an array that is its own item

    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        await send(client, batch(rows([cyclic])))
        found = await client.get(f"/v1/products/{GTIN}/A1")
        assert found.status_code == 200
        assert "..." in found.text

    with_hub(tmp_path, play)


def test_below_v1_the_token_is_asked_for(tmp_path: Path) -> None:
    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        await send(client, batch(GOOD), 401)
        assert (await client.get("/v1/journals")).status_code == 401
        assert (await client.get("/health")).status_code == 200
        client.headers["Authorization"] = "Bearer secret"
        await send(client, batch(GOOD))

    with_hub(tmp_path, play, token="secret")


def test_health_and_metrics_tell_what_is_held(tmp_path: Path) -> None:
    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        await send(client, batch(GOOD))
        assert (await client.get("/health")).json() == {"status": "ok"}
        text = (await client.get("/metrics")).text
        assert 'tagwright_hub_held{what="events"} 2.0' in text
        assert 'tagwright_hub_rows_total{outcome="stored"} 2.0' in text

    with_hub(tmp_path, play)


def test_a_disk_that_refuses_is_answered_by_503(tmp_path: Path) -> None:
    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        store._file.execute("PRAGMA max_page_count = 1")
        large = batch(rows([body(x=bytes(100_000)), body(x=bytes(100_000))]))
        assert "refuses" in (await send(client, large, 503))["error"]
        store._file.execute("PRAGMA max_page_count = 100000")
        assert (await send(client, large))["watermark"] == 2

    with_hub(tmp_path, play)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "hub.db").write_text("no database at all, just text " * 50)
    with pytest.raises(StoreTrouble, match=r"hub\.db"):
        Store(tmp_path / "hub.db")


def test_settings_are_read_and_paths_lie_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\nsecond line")
    (tmp_path / "hub.toml").write_text(
        'listen = "[::1]:0"\ndatabase = "x.db"\ntoken_file = "token"'
    )
    found = load(tmp_path / "hub.toml")
    assert found.address == ("::1", 0)
    assert found.database == tmp_path / "x.db"
    assert found.token() == "secret"
    assert HubSettings().address == ("127.0.0.1", 8470)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"\xff", "not UTF-8 at byte 0"),
        (b"listen", "hub.toml: "),
        (b'listn = "x:1"', "listn: .*keys: listen, database"),
        (b'listen = "x"', "listen: "),
        (b'listen = "x:99999"', "no port below 65536"),
        (b'cert = "x"', "HTTPS needs both"),
        (b"database = 1", "database: "),
        (b"x = 1\n" * 100_000, "larger than"),
    ],
)
def test_wrong_settings_are_refused_with_a_sentence(raw: bytes, why: str) -> None:
    with pytest.raises(ConfigProblem, match=why):
        parse(raw)


def test_a_port_that_is_taken_and_a_token_that_is_missing_are_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem, match="token_file"):
        parse(b'token_file = "none"').token()

    async def play(client: httpx2.AsyncClient, store: Store) -> None:
        port = client.base_url.port
        assert port is not None
        with pytest.raises(ConfigProblem, match="cannot listen"):
            async with running(create_app(store), ("127.0.0.1", port)):
                pass

    with_hub(tmp_path, play)


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
    made = rows([body(n=1)])
    answer = httpx2.post(f"{ready['url']}/v1/batches", content=batch(made), trust_env=False)
    assert answer.json()["watermark"] == 1
    hub.send_signal(how)
    _, errors = hub.communicate(timeout=20)
    assert (hub.returncode, errors) == (0, "")
    store = Store(tmp_path / "hub.db")
    assert store.counts()["events"] == 1
    store.close()


def test_a_gateway_and_a_hub_agree_on_the_chain(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            row = await journal.append("verdict", "line1", UID, "", {"x": 1.5})
            said = [row.seq, row.at_ns, row.kind, row.station, row.uid, row.product, row.body]
            whole = {
                1: 1,
                2: "gw",
                3: journal.id,
                4: 1,
                5: 1,
                6: [[*said, row.hash]],
                7: journal.id,
            }
            assert decode(cbor2.dumps(whole, canonical=True)).rows == (row,)

    asyncio.run(play())
