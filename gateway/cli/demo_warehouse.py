"""`tagwright demo --scene warehouse`: what the warehouse scene tells."""

import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from gateway.cli.output import (
    NO,
    TROUBLE,
    USAGE,
    Failure,
    Stopped,
    answer_is_no,
    emit,
    play,
    say,
)
from gateway.stations.result import GREEN
from gateway.warehouse import CHIPS, Step, Summary, Warehouse, perform, warehouse

_PRODUCTS = 40
_FEWEST = 2  # one tag is copied, one left out
_TOLD = ("torn", "repaired", "refused", "duplicate", "gone", "voided")


def show_warehouse(count: int | None, stays: bool, as_json: bool) -> None:
    """Play the scene with so many products (40), and end with its summary; status 1 where it ends otherwise.

    stays: the hub's pages stay up until Ctrl-C.
    """
    if count is not None and count < _FEWEST:
        text = (
            f"--products {count}: the warehouse needs {_FEWEST}: one tag is copied, one is left out"
        )
        raise Failure(text, USAGE)
    ended = asyncio.Event()
    folder = Path(tempfile.mkdtemp(prefix="tagwright-demo-"))
    try:
        play(_play(folder, count or _PRODUCTS, stays, as_json, ended))
    except TimeoutError:
        raise Failure("the hub or the simulator does not answer", TROUBLE) from None
    except Stopped:
        say(f"\nstopped; everything that was told is durable in {folder}")
        if not ended.is_set():
            answer_is_no()


async def _play(folder: Path, count: int, stays: bool, as_json: bool, ended: asyncio.Event) -> None:
    async with warehouse(folder) as on:
        say(f"reader {on.url} (simulated), hub {on.behind.page}, everything in {folder}")
        with _Told(as_json) as told:
            summary = await perform(on, count, told.tell)
        if as_json:
            emit(_account(summary, on))
        else:
            click.echo(_table(summary, on))
        if _is_as_told(summary):
            ended.set()
        if stays:
            say(f"the hub's pages stay up at {on.behind.page} until Ctrl-C")
            await asyncio.Event().wait()
    if not _is_as_told(summary):
        raise Failure("the scene did not end as it was written: read the lines above", NO)


class _Told:
    """JSON lines; else a bar for the encoder on a terminal, and a line for what is out of the ordinary."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._stack = ExitStack()
        self._bar: Any = None

    def __enter__(self) -> "_Told":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def tell(self, step: Step) -> None:
        """One thing that happened."""
        result = step.result
        if self._as_json:
            emit(
                {
                    "event": step.scene,
                    "row": result.order_row or None,
                    "uid": result.uid or None,
                    "outcome": result.outcome,
                    "product": result.product or None,
                    "colour": result.signal.colour,
                    "message": result.signal.sentence,
                    "journal_seq": result.journal_seq,
                }
            )
        elif step.scene == "encode" and sys.stderr.isatty():
            self._advance(step)
        elif step.scene == "encode":
            if result.outcome in _TOLD or step.done == step.total:
                say(f"encoder  {step.done:4}/{step.total}  {result.signal.sentence}")
        elif step.scene == "pallet" and (not result.uid or result.signal.colour != GREEN):
            who = result.product or result.uid.hex() or "pallet"
            say(f"door     {result.signal.colour:5}  {who}: {result.signal.sentence}")

    def _advance(self, step: Step) -> None:
        if self._bar is None:
            bar = click.progressbar(length=step.total, label="encoding", file=sys.stderr)
            self._bar = self._stack.enter_context(bar)
        self._bar.update(step.done - self._bar.pos)
        if step.done == step.total:
            self._stack.close()


def _account(summary: Summary, on: Warehouse) -> dict[str, Any]:
    return {
        "rows": summary.rows,
        "written": summary.written,
        "torn": summary.torn,
        "repaired": summary.repaired,
        "chips": dict(summary.chips),
        "pallets": [
            {"colour": each.signal.colour, "message": each.signal.sentence}
            for each in summary.pallets
        ],
        "verified": summary.verified,
        "refused": summary.rows - summary.written,
        "empty_windows": summary.empty_windows,
        "moves": dict(summary.moves),
        "sightings": summary.sightings,
        "events": summary.events,
        "acknowledged": summary.acknowledged,
        "seconds": round(summary.seconds, 3),
        "page": on.behind.page,
    }


def _table(summary: Summary, on: Warehouse) -> str:
    chips = ", ".join(f"{summary.chips[chip]} {chip}" for chip in CHIPS)
    lines = [
        "",
        f"  products                  {summary.rows:6}",
        f"  tags encoded              {summary.written:6}    ({chips})",
        f"  torn in mid-write         {summary.torn:6}",
        f"  repaired                  {summary.repaired:6}",
        "",
    ]
    lines += [
        f"  pallet {number}: {each.signal.colour:5}  {each.signal.sentence}"
        for number, each in enumerate(summary.pallets, 1)
    ]
    lines += [
        f"  products that passed with no tag read    {summary.empty_windows}",
        "",
        "  in the yard: " + ", ".join(f"{n} {act}" for act, n in summary.moves.items()),
        f"  tag reports               {summary.sightings:6}",
        f"  events in the journal     {summary.events:6}",
        f"  acknowledged by the hub   {summary.acknowledged:6}",
        "",
        f"  everything is kept in {on.behind.folder}",
        f"  {summary.seconds:.1f} s in all; the hub's page: {on.behind.page}/",
        "",
    ]
    return "\n".join(lines)


def _is_as_told(summary: Summary) -> bool:
    """Every product encoded; the first pallet red, the last green; the empty window noticed; all tags moved."""
    return (
        summary.written == summary.rows
        and [each.signal.colour for each in summary.pallets] == ["red", GREEN]
        and summary.empty_windows == 1
        and all(summary.moves[act] >= summary.rows for act in ("arrived", "moved", "departed"))
        and summary.acknowledged == summary.events
    )
