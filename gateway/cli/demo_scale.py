"""`tagwright demo --scale`: what the demo at scale tells."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import click

from gateway.cli.output import NO, Failure, Stopped, answer_is_no, emit, play, say
from gateway.demo_scale import ScaleSummary, Site, perform, site

_PRODUCTS = 40


def show_scale(count: int | None, stays: bool, as_json: bool) -> None:
    """Play it with so many products a line (40), and end with its summary; status 1 where an event is lost or doubled.

    stays: the hub's pages stay up until Ctrl-C.
    """
    folder = Path(tempfile.mkdtemp(prefix="tagwright-demo-"))
    ended = asyncio.Event()
    try:
        play(_play(folder, count or _PRODUCTS, stays, as_json, ended))
    except Stopped:
        say(f"\nstopped; everything that was told is durable in {folder}")
        if not ended.is_set():
            answer_is_no()


async def _play(folder: Path, count: int, stays: bool, as_json: bool, ended: asyncio.Event) -> None:
    async with site(folder, say) as on:
        summary = await perform(on, count, say)
        if as_json:
            emit(_account(summary, on))
        else:
            click.echo(_table(summary, on))
        if summary.is_whole:
            ended.set()
        if stays:
            say(f"the hub's pages stay up at {on.page} until Ctrl-C")
            await asyncio.Event().wait()
    if not summary.is_whole:
        raise Failure(f"not every event is at the hub once: look into {folder}", NO)


def _account(summary: ScaleSummary, on: Site) -> dict[str, Any]:
    return {
        "gateways": summary.lines,
        "tags": summary.tags,
        "events": summary.events,
        "acknowledged": summary.acknowledged,
        "stored": summary.stored,
        "doubled": summary.doubled,
        "lost": summary.lost,
        "killed": summary.killed,
        "seconds": round(summary.seconds, 3),
        "page": on.page,
    }


def _table(summary: ScaleSummary, on: Site) -> str:
    return "\n".join(
        [
            "",
            f"  gateways                    {summary.lines:6}",
            f"  tags verified green         {summary.tags:6}",
            f"  events in their journals    {summary.events:6}",
            f"  confirmed by the hub        {summary.acknowledged:6}",
            f"  stored in PostgreSQL        {summary.stored:6}",
            f"  doubled                     {summary.doubled:6}",
            f"  lost                        {summary.lost:6}",
            "",
            f"  killed on the way: {', '.join(summary.killed)}",
            f"  {summary.seconds:.1f} s in all; the hub's page: {on.page}/; everything is in {on.folder}",
            "",
        ]
    )
