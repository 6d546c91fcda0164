"""A gateway as a process that a bench can kill: it journals events for ever, tells which are durable, and syncs them.

`python -m tests.bench.gateway_under_test CONFIG.toml ACKS --rate N`: each durable row is a line "SEQ HASH" at the end
of the file ACKS, written before the next one is asked for. SIGTERM: no more events; it ends when all are confirmed.
"""

import asyncio
import os
import signal
from pathlib import Path

import click

from gateway.config import Config, load
from gateway.journal import Journal, JournalFull
from gateway.sync.transports import open_transport
from gateway.sync.uplink import Uplink

_GROUP = 8  # events that share a commit
_UID = bytes.fromhex("04a1b2c3d4e5f6")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("acks", type=click.Path(path_type=Path))
@click.option("--rate", default=400.0, help="Events a second.")
def main(file: Path, acks: Path, rate: float) -> None:
    """See the module."""
    asyncio.run(_run(load(file), acks, rate))


async def _run(config: Config, acks: Path, rate: float) -> None:
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    out = os.open(acks, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    async with Journal(
        config.gateway.journal, max_bytes=config.gateway.journal_max_mb << 20
    ) as journal:
        uplink = Uplink(
            journal, open_transport(config.hub, config.gateway.name), config.gateway.name
        )
        sync = asyncio.create_task(uplink.run())
        produce = asyncio.create_task(_produce(journal, out, rate, ending))
        await asyncio.wait({sync, produce}, return_when=asyncio.FIRST_COMPLETED)
        if not sync.done():
            produce.result()
            confirmed = asyncio.create_task(uplink.acknowledged(journal.head()))
            await asyncio.wait({sync, confirmed}, return_when=asyncio.FIRST_COMPLETED)
            confirmed.cancel()
        produce.cancel()
        sync.cancel()
        for outcome in await asyncio.gather(sync, produce, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


async def _produce(journal: Journal, out: int, rate: float, ending: asyncio.Event) -> None:
    number = journal.head()
    while not ending.is_set():
        group = [_body(number + n) for n in range(_GROUP)]
        number += _GROUP
        outcomes = await asyncio.gather(
            *[journal.append("result", "bench", _UID, "", body) for body in group],
            return_exceptions=True,
        )
        rows = [each for each in outcomes if not isinstance(each, BaseException)]
        os.write(out, b"".join(b"%d %s\n" % (r.seq, r.hash.hex().encode()) for r in rows))
        for each in outcomes:
            if isinstance(each, BaseException) and not isinstance(each, JournalFull):
                raise each
        await asyncio.sleep(_GROUP / rate)


def _body(number: int) -> dict[str, object]:
    return {
        "outcome": "commissioned",
        "number": number,
        "sentence": "09520123456788 is commissioned: the tag was written, read back and verified",
        "colour": "green",
        "pages_written": 58,
        "elapsed_ms": 512.25,
        "stub": bytes(160),
    }


if __name__ == "__main__":
    main()
