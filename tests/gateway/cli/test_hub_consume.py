"""`tagwright hub consume` as a process: it says when it is ready, takes what comes, and ends cleanly."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batches import JOURNAL, batch, batches, rows
from witness import require

from gateway.broker import Broker
from gateway.hub.open import open_database
from gateway.jetstream import BATCHES, STREAM, connect
from gateway.sync.jetstream import JetStream
from gateway.sync.port import Receipt
from gateway.throwaway.nats import Nats, find_server

COMMAND = [sys.executable, "-m", "gateway.cli.main", "hub", "consume", "-c"]
PATIENCE_S = 60.0


def hub_toml(folder: Path, database: str, servers: list[str], more: str = "") -> Path:
    path = folder / "hub.toml"
    path.write_text(f'database = "{database}"\n[nats]\nservers = {json.dumps(servers)}\n{more}\n')
    return path


@contextmanager
def consumer(path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["ready"] == "consumer"
        yield process
    finally:
        process.kill()
        process.communicate()


def refusal(path: Path) -> tuple[int, str]:
    found = subprocess.run(
        [*COMMAND, str(path)], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert found.stdout == ""
    return found.returncode, found.stderr


def test_it_takes_batches_and_ends_cleanly(
    broker: Broker, postgres_url: str, tmp_path: Path
) -> None:
    items = rows(400)

    async def send(count: int) -> Receipt:
        heard: asyncio.Queue[Receipt] = asyncio.Queue()
        async with JetStream(broker, "gw") as way, await connect(broker, "t") as connection:
            way.on_receipt = heard.put_nowait
            await way.ask(JOURNAL)
            for each in batches(items[:count], [20] * (count // 20)):
                await connection.store(f"{BATCHES}.gw.{JOURNAL.hex()}", each)
            while (receipt := await heard.get()).watermark < count:
                pass
        return receipt

    async def left() -> tuple[int, int]:
        database = await open_database(postgres_url)
        async with await connect(broker, "t") as connection:
            info = await connection.api(f"CONSUMER.INFO.{STREAM}.hub")
        ((count,),) = await database.fetch("SELECT count(*) FROM events")
        await database.close()
        return info["num_ack_pending"] + info["num_pending"], count

    with consumer(hub_toml(tmp_path, postgres_url, list(broker.urls))) as process:
        asyncio.run(asyncio.wait_for(send(400), PATIENCE_S))
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    assert asyncio.run(left()) == (0, 400)


def test_without_servers_it_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text('database = "hub.db"\n')
    status, said = refusal(path)
    assert status == 2
    assert "has no [nats]" in said


def test_a_node_that_does_not_sync_always_is_refused(postgres_url: str, tmp_path: Path) -> None:
    require(find_server(), "nats-server 2.15")
    with Nats(1, sync=None) as lazy:
        monitors = f"monitors = {json.dumps(lazy.monitors)}"
        status, said = refusal(hub_toml(tmp_path, postgres_url, lazy.urls, monitors))
    assert status == 2
    assert "acknowledges what is on no disk yet" in said
    assert "sync_interval: always" in said


def test_a_batch_that_was_sent_while_nobody_consumed_is_there_afterwards(
    broker: Broker, postgres_url: str, tmp_path: Path
) -> None:
    async def held() -> Receipt:
        async with JetStream(broker, "gw") as way, await connect(broker, "t") as connection:
            await connection.store(f"{BATCHES}.gw.{JOURNAL.hex()}", batch(rows(5)))
            while True:
                receipt = await way.ask(JOURNAL)
                assert isinstance(receipt, Receipt)
                if receipt.watermark == 5:
                    return receipt

    with consumer(hub_toml(tmp_path, postgres_url, list(broker.urls))) as process:
        process.kill()
        process.wait()
    with consumer(hub_toml(tmp_path, postgres_url, list(broker.urls))):
        assert asyncio.run(asyncio.wait_for(held(), PATIENCE_S)).hash == rows(5)[-1][-1]
