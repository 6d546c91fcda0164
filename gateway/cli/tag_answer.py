"""The answer of every command at one tag: its JSON, and its lines for people."""

from typing import Any

import click

from gateway.cli.output import TROUBLE, Failure, emit, say
from gateway.cli.paint import paint, printable
from gateway.cli.stub import in_full
from gateway.stations.result import AMBER, Result

_TORN = {"torn", "gone"}


def account(result: Result) -> dict[str, Any]:
    """What every tag command prints with --json."""
    found = result.stub
    return {
        "uid": result.uid,
        "outcome": result.outcome,
        "colour": result.signal.colour,
        "message": result.signal.sentence,
        "url": result.link,
        "slot": result.slot,
        "seq": result.seq,
        "pages_written": result.pages_written,
        "elapsed_ms": round(result.elapsed_s * 1000, 1),
        "stub": None if found is None else found.raw,
        "claims": None if found is None else in_full(found),
        "verdict": None if result.verdict is None else result.verdict.as_dict(),
    }


def tell(result: Result, answer: dict[str, Any], as_json: bool) -> None:
    """Print an answer, as JSON or for people; Failure where the tag was torn or left."""
    if as_json:
        emit(answer)
    else:
        colour = paint(f"{result.signal.colour.upper():5}", result.signal.colour)
        click.echo(f"{result.uid.hex()}  {colour}  {printable(result.signal.sentence)}")
        if result.link:
            click.echo(f"  link      {printable(result.link)}")
        for question, word in (answer.get("verdict") or {}).items():
            click.echo(f"  {question:9} {word}")
    if result.outcome in _TORN:
        raise Failure(f"tag {result.uid.hex()}: {result.signal.sentence}", TROUBLE)
    if result.signal.colour == AMBER:
        say("amber: read the lines above before you trust it")
