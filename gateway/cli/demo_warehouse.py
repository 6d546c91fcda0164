"""`tagwright demo --scene warehouse`: what the warehouse scene tells."""

import tempfile
from pathlib import Path
from typing import Any

import click

from gateway.cli.output import NO, TROUBLE, Failure, Stopped, emit, play, say
from gateway.stations.result import GREEN
from gateway.warehouse import CHIPS, Step, Summary, Warehouse, perform, warehouse

_PRODUCTS = 40
_FEWEST = 2  # one tag is copied, one left out
_TOLD = ("torn", "repaired", "refused", "duplicate", "gone", "voided")


def show_warehouse(count: int | None, as_json: bool) -> None:
    """Play the scene with so many products (40), and end with its summary; status 1 where it ends otherwise."""
    folder = Path(tempfile.mkdtemp(prefix="tagwright-demo-"))
    try:
        play(_play(folder, max(count or _PRODUCTS, _FEWEST), as_json))
    except TimeoutError:
        raise Failure("the hub or the simulator does not answer", TROUBLE) from None
    except Stopped:
        raise Failure(f"stopped; everything that was told is durable in {folder}", NO) from None


async def _play(folder: Path, count: int, as_json: bool) -> None:
    async with warehouse(folder) as on:
        say(f"reader {on.url} (simulated), hub {on.behind.page}, everything in {folder}")
        summary = await perform(on, count, _Told(as_json).tell)
        if as_json:
            emit(_account(summary, on))
        else:
            click.echo(_table(summary, on))
    if not _is_as_told(summary):
        raise Failure("the scene did not end as it was written: read the lines above", NO)


class _Told:
    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def tell(self, step: Step) -> None:
        """A JSON line for each thing; else one for what is out of the ordinary."""
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
        elif step.scene == "encode":
            if result.outcome in _TOLD or step.done == step.total:
                say(f"encoder  {step.done:4}/{step.total}  {result.signal.sentence}")
        elif step.scene == "pallet" and (not result.uid or result.signal.colour != GREEN):
            who = result.product or result.uid.hex() or "pallet"
            say(f"door     {result.signal.colour:5}  {who}: {result.signal.sentence}")


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
        f"  {summary.seconds:.1f} s in all; everything is kept in {on.behind.folder}",
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
