"""The uplink, against real hubs on loopback: up, down, forgetful, narrow, strict and strange."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.config import HubConfig
from gateway.journal import Journal
from gateway.sync.cutter import Cutter
from gateway.sync.flight import Leg
from gateway.sync.http import Https
from gateway.sync.uplink import Uplink
from tests.sync_hub import (
    PATIENCE_S,
    Around,
    Hub,
    fill,
    never,
    refuse,
    running_task,
    sending,
    serving,
    settled,
)


def test_every_row_reaches_the_hub_in_order_and_once(tmp_path: Path) -> None:
    async def play(journal: Journal, hub: Hub) -> None:
        async with sending(journal, hub.url) as uplink:
            await fill(journal, 1200)
            await settled(uplink, journal)
            await fill(journal, 3)
            await settled(uplink, journal)
        assert await hub.journals() == [(journal.id, 1203, 1203, 0)]
        assert journal.lag() == 0

    asyncio.run(with_hub(tmp_path, play))


def test_a_batch_sent_twice_is_stored_once(tmp_path: Path) -> None:
    async def play(journal: Journal, hub: Hub) -> None:
        await fill(journal, 4)
        batch = Cutter(journal, "gw").batch(Leg(1, 4))
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
        assert await hub.journals() == [(journal.id, 10, 10, 0)]

    asyncio.run(with_hub(tmp_path, play, losing))


def test_a_hub_that_is_down_is_waited_for(tmp_path: Path) -> None:
    async def play() -> None:
        port = free_port()
        pauses: list[float] = []
        async with AsyncExitStack() as stack:
            journal = await stack.enter_async_context(Journal(tmp_path / "j.db"))
            hubs: list[Hub] = []

            async def pause(seconds: float) -> None:
                pauses.append(seconds)
                if len(pauses) == 3:
                    hub = serving(tmp_path, address=("127.0.0.1", port))
                    hubs.append(await stack.enter_async_context(hub))

            await fill(journal, 10)
            hub = Https(HubConfig(url=f"http://127.0.0.1:{port}"))
            uplink = Uplink(journal, hub, "gw", pause=pause, look=never, uniform=lambda _, s: s)
            async with running_task(uplink):
                await settled(uplink, journal)
            assert pauses == [0.5, 1.0, 2.0]
            assert uplink.trouble is None
            assert await hubs[0].journals() == [(journal.id, 10, 10, 0)]

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
        assert await hub.journals() == [(journal.id, 19, 19, 0)]
        assert await hub.withheld() == [10]

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
        assert await hub.journals() == [(journal.id, 100, 100, 0)]
        assert journal.quarantined() == {}
        assert len(sizes) > 3

    asyncio.run(with_hub(tmp_path, play, narrow))


def test_a_hub_that_lost_its_database_is_sent_everything_again(tmp_path: Path) -> None:
    async def play(journal: Journal, hub: Hub) -> None:
        await fill(journal, 6)
        await journal.confirm(4)
        async with sending(journal, hub.url) as uplink:
            await settled(uplink, journal)
        assert await hub.journals() == [(journal.id, 6, 6, 0)]

    asyncio.run(with_hub(tmp_path, play))


def test_a_wrong_token_sets_nothing_aside(tmp_path: Path) -> None:
    async def play() -> None:
        (tmp_path / "token").write_text("wrong\n")
        async with (
            Journal(tmp_path / "j.db") as journal,
            serving(tmp_path, token="right") as at,
        ):
            await fill(journal, 3)
            refused = asyncio.Event()

            async def pause(_: float) -> None:
                refused.set()
                await asyncio.Event().wait()

            hub = HubConfig(url=at.url, token_file=tmp_path / "token")
            async with running_task(Uplink(journal, Https(hub), "gw", pause=pause)) as uplink:
                await asyncio.wait_for(refused.wait(), PATIENCE_S)
            assert uplink.trouble == "the hub answers 401: check [hub] token_file"
            assert journal.quarantined() == {}
            assert journal.lag() == 3
            (tmp_path / "token").write_text("right\n")
            async with running_task(Uplink(journal, Https(hub), "gw")) as uplink:
                await settled(uplink, journal)

    asyncio.run(play())


async def with_hub(
    folder: Path,
    play: Callable[[Journal, Hub], Awaitable[None]],
    around: Around = lambda app: app,
) -> None:
    async with Journal(folder / "j.db") as journal, serving(folder, around) as hub:
        await play(journal, hub)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
