"""`tagwright code watch`: what a camera or scanner reads, until Ctrl-C."""

import time
from pathlib import Path
from typing import Any

import click

from gateway.cli.output import Stopped, emit, play, rfc3339, say
from gateway.cli.paint import paint, printable
from gateway.config import CodesConfig
from gateway.keys import TrustStore, public_key
from gateway.readers.registry import open_code_reader
from gateway.stations.codepost import CodePost
from gateway.stations.codestation import CodeStation
from gateway.stations.result import Result


def watch(
    url: str,
    trust_file: Path | None,
    root: str | None,
    codes: CodesConfig,
    hosts: tuple[str, ...],
    as_json: bool,
) -> None:
    """Tell a line for each code, or each trigger; stubs are verified where there is a trust list."""
    trust = None
    if trust_file is not None:
        trust = TrustStore(trust_file, public_key(root).public if root else None).load()
    job = "verify" if trust is not None else "read"

    async def all_codes() -> None:
        reader = open_code_reader(url, codes=codes)
        await reader.open()
        post = CodePost(
            reader.name, reader, None, trust, time.time, time.monotonic, hosts=hosts, job=job
        )
        try:
            async for result in CodeStation(post, codes).run():
                _tell(result, as_json)
        finally:
            await reader.close()

    try:
        play(all_codes())
    except Stopped:
        say("stopped")


def _tell(result: Result, as_json: bool) -> None:
    if as_json:
        emit(_account(result))
    else:
        colour = paint(f"{result.signal.colour.upper():5}", result.signal.colour)
        click.echo(f"{colour}  {printable(result.signal.sentence)}")


def _account(result: Result) -> dict[str, Any]:
    return {
        "at": rfc3339(time.time()),
        "outcome": result.outcome,
        "colour": result.signal.colour,
        "message": result.signal.sentence,
        "product": result.product or None,
        "url": result.link,
        "stub": result.stub.raw if result.stub else None,
        "verdict": result.verdict.as_dict() if result.verdict else None,
        "elapsed_ms": round(result.elapsed_s * 1000, 1),
    }
