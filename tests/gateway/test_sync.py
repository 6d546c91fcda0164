"""Batches and the uplink, against real hubs on loopback: up, down, forgetful, narrow, strict and strange."""

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge import cbor
from gateway.config import ConfigProblem, HubConfig
from gateway.hub.app import create_app
from gateway.hub.serve import Tls, running
from gateway.hub.store import JournalState, Store
from gateway.journal import ACKNOWLEDGED, Journal
from gateway.sync import http as sync_http
from gateway.sync.answer import Answer, Held, Later, Pause, SetAside, Smaller, judge
from gateway.sync.batch import BATCHED, Batch, next_batch
from gateway.sync.receipt import Receipt
from gateway.sync.uplink import Uplink, reach

JOURNAL = bytes(range(16))
FOUR = Batch(JOURNAL, 5, 8, b"", 4)
ONE = Batch(JOURNAL, 5, 5, b"", 1)
PATIENCE_S = 20.0


def receipt(watermark: object, journal: str = JOURNAL.hex(), **more: object) -> Answer:
    return Answer(200, json.dumps({"journal": journal, "watermark": watermark, **more}).encode())


@pytest.mark.parametrize(
    ("batch", "answer", "step"),
    [
        (FOUR, receipt(8), Held(Receipt(JOURNAL, 8))),
        (FOUR, receipt(100), Held(Receipt(JOURNAL, 100))),
        (FOUR, receipt(0), Held(Receipt(JOURNAL, 0))),
        (FOUR, receipt(8, conflicts=[6, "7", True]), Held(Receipt(JOURNAL, 8, conflicts=(6,)))),
        (FOUR, Answer(413, b""), Smaller()),
        (FOUR, Answer(400, b"row 7"), Smaller()),
        (FOUR, Answer(422, b"row 7"), Smaller()),
        (ONE, Answer(400, b'{"error": "no"}'), SetAside("the hub refuses it (400): no")),
        (ONE, Answer(413, b'{"error": "no"}'), SetAside("the hub refuses it (413): no")),
        (ONE, Answer(400, b"<html>"), Later("the hub answers 400: <html>")),
        (ONE, Answer(413, b""), Later("the hub answers 413: ")),
        (ONE, Answer(422, b'{"error": 3}'), Later('the hub answers 422: {"error": 3}')),
        (FOUR, Answer(0, b"no route"), Later("no route")),
        (FOUR, Answer(401, b""), Later("the hub answers 401: check [hub] token_file")),
        (FOUR, Answer(409, b"busy"), Later("the hub answers 409: busy")),
        (ONE, Answer(429, b"slow", {"retry-after": "7"}), Later("the hub answers 429: slow", 7.0)),
        (ONE, Answer(503, b"full"), Later("the hub answers 503: full")),
        (FOUR, receipt(8, "00" * 16), Later("the hub's receipt is not for this journal")),
        (FOUR, Answer(200, b"<html>"), Later("the hub's receipt cannot be read")),
        (FOUR, Answer(200, b"[" * 9999), Later("the hub's receipt cannot be read")),
        (FOUR, receipt("8"), Later("the hub's receipt cannot be read")),
        (FOUR, receipt(True), Later("the hub's receipt cannot be read")),
        (FOUR, receipt(8, conflicts=3), Later("the hub's receipt cannot be read")),
    ],
)
def test_each_answer_has_its_step(batch: Batch, answer: Answer, step: object) -> None:
    assert judge(batch, answer) == step


def test_pauses_double_to_a_minute_with_full_jitter() -> None:
    highest = Pause(lambda low, high: high)
    assert [highest.next_s(0) for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    highest.reset()
    assert highest.next_s(0) == 0.5
    assert Pause(lambda low, high: low).next_s(0) == 0
    assert highest.next_s(5.0) == 5.0
    assert highest.next_s(1e9) == 60


def test_a_batch_is_the_deterministic_cbor_that_another_codec_makes(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await fill(journal, 5)
            await journal.move_cursor(ACKNOWLEDGED, 2)
            await journal.set_aside(4, "no")
            batch = await next_batch(journal, "gw", 100)
            assert batch is not None
            rows = journal.after(0, 5)
            said = [
                [r.seq, r.at_ns, r.kind, r.station, r.uid, r.product, r.body, r.hash]
                for r in rows[2:]
            ]
            said[1] = [4, rows[3].hash]
            whole = {1: 1, 2: "gw", 3: journal.id, 4: 3, 5: 5, 6: said, 7: rows[1].hash}
            assert batch.data == cbor.encode(whole)
            assert batch.key == f"{journal.id.hex()}/3-5"

    asyncio.run(play())


def test_a_batch_resent_after_a_crash_is_byte_identical(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await fill(journal, 7)
            before = await next_batch(journal, "gw", 5)
            await fill(journal, 7)
        async with Journal(tmp_path / "j.db") as journal:
            after = await next_batch(journal, "gw", 100)
        assert before is not None
        assert (before.first, before.last) == (1, 5)
        assert after == before

    asyncio.run(play())


def test_large_rows_travel_in_smaller_batches(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            for _ in range(3):
                await journal.append("verdict", "s", b"", "", {"x": bytes(300_000)})
            batch = await next_batch(journal, "gw", 100)
            assert batch is not None
            assert len(batch) == 1

    asyncio.run(play())


def test_every_row_reaches_the_hub_in_order_and_once(tmp_path: Path) -> None:
    async def play(journal: Journal, hub: Hub) -> None:
        async with sending(journal, hub.url) as uplink:
            await fill(journal, 1200)
            await settled(uplink, journal)
            await fill(journal, 3)
            await settled(uplink, journal)
        assert hub.journals() == [(journal.id, 1203, 1203, 0)]
        assert journal.lag() == 0

    asyncio.run(with_hub(tmp_path, play))


def test_a_batch_sent_twice_is_stored_once(tmp_path: Path) -> None:
    async def play(journal: Journal, hub: Hub) -> None:
        await fill(journal, 4)
        batch = await next_batch(journal, "gw", 100)
        assert batch is not None
        async with httpx2.AsyncClient(base_url=hub.url) as client:
            answers = [
                (await client.post("/v1/batches", content=batch.data)).json() for _ in range(2)
            ]
        assert [a["stored"] for a in answers] == [4, 0]
        assert [a["duplicates"] for a in answers] == [0, 4]
        assert [a["watermark"] for a in answers] == [4, 4]

    asyncio.run(with_hub(tmp_path, play))


def test_a_lost_receipt_costs_a_resend_and_nothing_else(tmp_path: Path) -> None:
    lost = 0

    def losing(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal lost
            if lost < 3:
                lost += 1

                async def nowhere(message: Message) -> None: ...

                await app(scope, receive, nowhere)
                await refuse(send, 502, b"gateway timeout")
            else:
                await app(scope, receive, send)

        return wrapped

    async def play(journal: Journal, hub: Hub) -> None:
        await fill(journal, 10)
        async with sending(journal, hub.url) as uplink:
            await settled(uplink, journal)
        assert lost == 3
        assert hub.journals() == [(journal.id, 10, 10, 0)]

    asyncio.run(with_hub(tmp_path, play, losing))


def test_a_hub_that_is_down_is_waited_for(tmp_path: Path) -> None:
    async def play() -> None:
        port = free_port()
        pauses: list[float] = []
        async with AsyncExitStack() as stack:
            journal = await stack.enter_async_context(Journal(tmp_path / "j.db"))
            store = Store(tmp_path / "hub.db")
            stack.callback(store.close)

            async def pause(seconds: float) -> None:
                pauses.append(seconds)
                if len(pauses) == 3:
                    address = ("127.0.0.1", port)
                    await stack.enter_async_context(running(create_app(store), address))

            await fill(journal, 10)
            url = f"http://127.0.0.1:{port}"
            uplink = Uplink(journal, HubConfig(url=url), "gw", pause=pause, uniform=lambda _, s: s)
            async with running_task(uplink):
                await settled(uplink, journal)
            assert pauses == [0.5, 1.0, 2.0]
            assert uplink.trouble is None
            assert store.journals()[0].watermark == 10

    asyncio.run(play())


def test_a_row_that_the_hub_refuses_is_set_aside_and_blocks_nothing(tmp_path: Path) -> None:
    async def play(journal: Journal, hub: Hub) -> None:
        await fill(journal, 9)
        poison = await journal.append("verdict", "s" * 600, b"", "", {})
        await fill(journal, 9)
        async with sending(journal, hub.url) as uplink:
            await settled(uplink, journal)
        (reason,) = journal.quarantined().values()
        assert list(journal.quarantined()) == [poison.seq]
        assert "row 10 is not of the form" in reason
        (state,) = hub.states()
        assert (state.watermark, state.rows, state.withheld) == (19, 19, 1)

    asyncio.run(with_hub(tmp_path, play))


def test_a_narrow_hub_is_sent_smaller_batches(tmp_path: Path) -> None:
    sizes: list[int] = []

    def narrow(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            size = int(dict(scope["headers"])[b"content-length"])
            if size > 2000:
                await refuse(send, 413, b"")
            else:
                sizes.append(size)
                await app(scope, receive, send)

        return wrapped

    async def play(journal: Journal, hub: Hub) -> None:
        await fill(journal, 100)
        async with sending(journal, hub.url) as uplink:
            await settled(uplink, journal)
        assert hub.journals() == [(journal.id, 100, 100, 0)]
        assert journal.quarantined() == {}
        assert len(sizes) > 3

    asyncio.run(with_hub(tmp_path, play, narrow))


def test_a_hub_that_lost_its_database_is_sent_everything_again(tmp_path: Path) -> None:
    async def play(journal: Journal, hub: Hub) -> None:
        await fill(journal, 6)
        await journal.move_cursor(ACKNOWLEDGED, 4)
        await journal.move_cursor(BATCHED, 4)
        async with sending(journal, hub.url) as uplink:
            await settled(uplink, journal)
        assert hub.journals() == [(journal.id, 6, 6, 0)]

    asyncio.run(with_hub(tmp_path, play))


def test_a_copied_journal_that_went_its_own_way_is_found_out(tmp_path: Path) -> None:
    async def play(journal: Journal, hub: Hub) -> None:
        await fill(journal, 3)
        async with sending(journal, hub.url) as uplink:
            await settled(uplink, journal)
            shutil.copy(tmp_path / "j.db", tmp_path / "copy.db")
            shutil.copy(tmp_path / "j.db-wal", tmp_path / "copy.db-wal")
            await journal.append("verdict", "the first", b"", "", {})
            await settled(uplink, journal)
        async with Journal(tmp_path / "copy.db") as copy:
            await copy.append("verdict", "the second", b"", "", {})
            async with sending(copy, hub.url) as uplink:
                await settled(uplink, copy)
            assert list(copy.quarantined()) == [4]
            assert "copied or restored" in copy.quarantined()[4]
        assert hub.journals() == [(journal.id, 4, 4, 1)]

    asyncio.run(with_hub(tmp_path, play))


def test_a_wrong_token_sets_nothing_aside(tmp_path: Path) -> None:
    async def play() -> None:
        store = Store(tmp_path / "hub.db")
        (tmp_path / "token").write_text("wrong\n")
        async with (
            Journal(tmp_path / "j.db") as journal,
            running(create_app(store, token="right")) as url,
        ):
            await fill(journal, 3)
            refused = asyncio.Event()

            async def pause(_: float) -> None:
                refused.set()
                await asyncio.Event().wait()

            hub = HubConfig(url=url, token_file=tmp_path / "token")
            async with running_task(Uplink(journal, hub, "gw", pause=pause)) as uplink:
                await asyncio.wait_for(refused.wait(), PATIENCE_S)
            assert uplink.trouble == "the hub answers 401: check [hub] token_file"
            assert journal.quarantined() == {}
            assert journal.lag() == 3
            (tmp_path / "token").write_text("right\n")
            async with running_task(Uplink(journal, hub, "gw")) as uplink:
                await settled(uplink, journal)
        store.close()

    asyncio.run(play())


def test_https_asks_for_a_certificate_that_it_trusts(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)

    async def play() -> None:
        store = Store(tmp_path / "hub.db")
        async with (
            Journal(tmp_path / "j.db") as journal,
            running(create_app(store), tls=Tls(cert, key)) as url,
        ):
            assert url.startswith("https://")
            assert "CERTIFICATE_VERIFY_FAILED" in (await reach(HubConfig(url=url)) or "")
            assert await reach(HubConfig(url=url, ca=cert)) is None
            await fill(journal, 3)
            async with running_task(
                Uplink(journal, HubConfig(url=url, ca=cert, cert=cert, key=key), "gw")
            ) as uplink:
                await settled(uplink, journal)
        assert store.journals()[0].watermark == 3
        store.close()

    asyncio.run(play())


def test_a_file_that_hub_names_and_that_is_not_there_is_a_configuration_problem(
    tmp_path: Path,
) -> None:
    none = tmp_path / "none"
    hubs = (
        HubConfig(),
        HubConfig(url="http://127.0.0.1:1", token_file=none),
        HubConfig(url="https://127.0.0.1:1", ca=none),
    )
    journal = Journal(tmp_path / "j.db")
    for hub in hubs:
        with pytest.raises(ConfigProblem, match="hub"):
            Uplink(journal, hub, "gw")
    journal.close()


@pytest.mark.parametrize("said", ["", "\n", "se cret\n", "s\u00e9cret", "sec\x01ret"])
def test_a_token_that_no_header_can_hold_is_refused_and_not_told(tmp_path: Path, said: str) -> None:
    (tmp_path / "token").write_text(said)
    hub = HubConfig(url="http://127.0.0.1:1", token_file=tmp_path / "token")
    with pytest.raises(ConfigProblem, match="token_file") as why:
        asyncio.run(reach(hub))
    assert "cret" not in str(why.value)


def test_a_hub_whose_address_is_none_is_a_configuration_problem() -> None:
    with pytest.raises(ConfigProblem, match="hub.url"):
        asyncio.run(reach(HubConfig(url="http://\ud7ff/")))


def test_an_answer_that_trickles_for_ever_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_http, "_WHOLE_S", 0.05)

    async def trickling(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.Event().wait()

    async def play() -> None:
        paused = asyncio.Event()

        async def pause(_: float) -> None:
            paused.set()
            await asyncio.Event().wait()

        async with Journal(tmp_path / "j.db") as journal:
            await fill(journal, 3)
            async with AsyncExitStack() as stack:
                url = await stack.enter_async_context(running(trickling))
                uplink = Uplink(journal, HubConfig(url=url), "gw", pause=pause)
                await stack.enter_async_context(running_task(uplink))
                await asyncio.wait_for(paused.wait(), PATIENCE_S)
            assert "no whole answer" in (uplink.trouble or "")
            assert journal.lag() == 3

    asyncio.run(play())


def test_a_hub_that_cannot_be_reached_is_said_to_be(tmp_path: Path) -> None:
    assert asyncio.run(reach(HubConfig(url=f"http://127.0.0.1:{free_port()}"))) is not None


class Hub:
    """A real hub with its URL, seen from behind."""

    def __init__(self, url: str, store: Store) -> None:
        self.url = url
        self._store = store

    def states(self) -> list[JournalState]:
        return self._store.journals()

    def journals(self) -> list[tuple[bytes, int, int, int]]:
        return [(s.id, s.watermark, s.rows, s.conflicts) for s in self.states()]


async def with_hub(
    folder: Path,
    play: Callable[[Journal, Hub], Awaitable[None]],
    around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
) -> None:
    store = Store(folder / "hub.db")
    async with Journal(folder / "j.db") as journal, running(around(create_app(store))) as url:
        await play(journal, Hub(url, store))
    store.close()


@asynccontextmanager
async def running_task(uplink: Uplink) -> AsyncIterator[Uplink]:
    task = asyncio.create_task(uplink.run())
    try:
        yield uplink
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


def sending(journal: Journal, url: str) -> AbstractAsyncContextManager[Uplink]:
    async def at_once(_: float) -> None: ...

    return running_task(Uplink(journal, HubConfig(url=url), "gw", pause=at_once))


async def settled(uplink: Uplink, journal: Journal) -> None:
    await asyncio.wait_for(uplink.acknowledged(journal.head()), PATIENCE_S)


async def fill(journal: Journal, count: int) -> None:
    uid = bytes.fromhex("04a1b2c3d4e5f6")
    await asyncio.gather(
        *[
            journal.append("verdict", "line1", uid, "09520123456788/A1", {"n": n})
            for n in range(count)
        ]
    )


async def refuse(send: Send, status: int, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body})


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hub")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "hub.pem", folder / "hub.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, secret
