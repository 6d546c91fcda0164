"""`tagwright demo`: a whole station on simulated devices."""

import asyncio
import sys
import tempfile
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from gateway import demo as acts
from gateway.backstage import Backend
from gateway.cli.demo_scale import show_scale
from gateway.cli.demo_warehouse import show_warehouse
from gateway.cli.output import (
    NO,
    TROUBLE,
    USAGE,
    Failure,
    Stopped,
    answer_is_no,
    emit,
    json_option,
    play,
    say,
)
from gateway.cli.page import Page
from gateway.config import HubConfig
from gateway.demo_page import demo_page
from gateway.demo_stage import Progress, Stage, Summary, stage
from gateway.stations.orders import OrderError

_NAMES = {
    "commission": "commissioning",
    "update": "updating",
    "verify": "verifying",
    "bind": "binding",
}
_OF_INTEREST = (
    "refused",
    "torn",
    "repaired",
    "gone",
    "voided",
    "duplicate",
    "not_verified",
    "incomplete",
)
_MANY = 50  # rows; beyond, a pipe is told of what is out of the ordinary only


@click.command(cls=Page, no="not every row came to its end, or it was stopped")
@click.option(
    "--scene",
    type=click.Choice(["line", "warehouse"]),
    default="line",
    show_default=True,
    help="line: NFC tags at a production line; warehouse: pallets of RAIN tags at a dock door.",
)
@click.option(
    "--input",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The products, as CSV [default: a small sample].",
)
@click.option(
    "--scale",
    is_flag=True,
    help="Four gateways, three NATS nodes, PostgreSQL, two consumers; some are killed on the way.",
)
@click.option(
    "--hub", "urls", help="Sync there, not to a hub of its own: a URL, or NATS URLs, with commas."
)
@click.option("--gateway", "name", default="demo", help="What the hub calls this gateway.")
@click.option("--products", "limit", type=click.IntRange(1), help="Only the first so many rows.")
@click.option("--paced", is_flag=True, help="At the speed of the real wire, field and chips.")
@click.option(
    "--state",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep everything here; a demo that was stopped goes on [default: a new temporary folder].",
)
@click.option(
    "--stay/--no-stay",
    default=None,
    help="Keep the hub's pages up until Ctrl-C [default: on a terminal].",
)
@json_option
def demo(
    scene: str,
    scale: bool,
    urls: str | None,
    name: str,
    file: Path | None,
    limit: int | None,
    paced: bool,
    folder: Path | None,
    stay: bool | None,
    as_json: bool,
) -> None:
    """A whole station on simulated devices, with its hub.

    Products are commissioned, updated and verified on a simulated line, and a camera reads the label beside each tag;
    some tags are torn away and repaired.

    \b
    Example:  tagwright demo
              tagwright demo --input products.csv --json
              tagwright demo --scene warehouse --products 200
              tagwright demo --scale
    """
    own = file is not None or paced or folder is not None or urls is not None
    if scale and (own or scene != "line"):
        raise Failure("--scale goes with --products, --stay and --json alone", USAGE)
    if scene == "warehouse" and own:
        raise Failure("--input, --paced, --state and --hub are of --scene line", USAGE)
    stays = sys.stdout.isatty() and not as_json if stay is None else stay
    if scene == "warehouse":
        show_warehouse(limit, stays, as_json)
        return
    if scale:
        show_scale(limit, stays, as_json)
        return
    source, raw = _input(file)
    at = _backend(urls, name)
    kept = folder or Path(tempfile.mkdtemp(prefix="tagwright-demo-"))
    same = f"tagwright demo --state {kept}" + (f" --input {file}" if file else "")
    same += f" --hub {urls} --gateway {name}" if urls else ""
    ended = asyncio.Event()
    try:
        play(_play(kept, at, source, raw, limit, paced, stays, as_json, ended))
    except OrderError as why:
        raise Failure(f"{file or source}: {why}", USAGE) from why
    except TimeoutError:
        raise Failure(
            f"the hub or the simulator does not answer; go on with: {same}",
            TROUBLE,
        ) from None
    except Stopped:
        say(f"\nstopped; everything is durable in {kept}; go on with: {same}")
        if not ended.is_set():
            answer_is_no()


async def _play(
    folder: Path,
    at: Backend,
    name: str,
    raw: bytes,
    limit: int | None,
    paced: bool,
    stays: bool,
    as_json: bool,
    ended: asyncio.Event,
) -> None:
    async with stage(folder, paced, at) as on, demo_page(on, at.gateway) as shown:
        say(f"watch it live at {shown.url}/")
        say(
            f"reader pn532:{on.conveyor.path} and {on.lens.url} (simulated),"
            f" hub {on.behind.page}, everything in {folder}"
        )
        with _Bars(as_json) as bars:

            def tell(step: Progress) -> None:
                shown.tell(step)
                bars.tell(step)

            summary = await acts.perform(on, raw, name, limit, tell)
        if as_json:
            emit(_account(summary, on) | {"station": shown.url})
        else:
            click.echo(_table(summary, on))
        ended.set()
        if stays:
            say(
                f"the pages stay up until Ctrl-C: the station's at {shown.url}/, the hub's at {on.behind.page}/"
            )
            await asyncio.Event().wait()
    is_whole = summary.written + summary.refused == summary.rows
    is_green = summary.verified == summary.written and summary.bound == summary.labelled
    if not (is_whole and is_green):
        raise Failure("not every row came to its end: read the lines above", NO)


class _Bars:
    """Tells how far the demo is: JSON lines, a bar a pass on a terminal, or plain lines in a pipe."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._stack = ExitStack()
        self._bar: Any = None

    def __enter__(self) -> "_Bars":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def tell(self, step: Progress) -> None:
        result = step.result
        if self._as_json:
            if result is not None:
                emit(_event(step))
        elif sys.stderr.isatty():
            if result is None:
                self._stack.close()
                self._bar = self._stack.enter_context(
                    click.progressbar(
                        length=step.total, label=f"{_NAMES[step.act]:13}", file=sys.stderr
                    )
                )
            elif step.done > self._bar.pos:
                self._bar.update(step.done - self._bar.pos)
        elif result is not None and (step.total <= _MANY or result.outcome in _OF_INTEREST):
            say(f"{_NAMES[step.act]:13} {step.done:4}/{step.total}  {result.signal.sentence}")


def _event(step: Progress) -> dict[str, Any]:
    result = step.result
    assert result is not None
    return {
        "event": step.act,
        "row": result.order_row or None,
        "column": result.column or None,
        "uid": result.uid,
        "outcome": result.outcome,
        "product": result.product,
        "colour": result.signal.colour,
        "message": result.signal.sentence,
        "journal_seq": result.journal_seq,
    }


def _account(summary: Summary, on: Stage) -> dict[str, Any]:
    return {
        "rows": summary.rows,
        "written": summary.written,
        "updated": summary.updated,
        "verified": summary.verified,
        "refused": summary.refused,
        "torn": summary.torn,
        "repaired": summary.repaired,
        "labelled": summary.labelled,
        "bound": summary.bound,
        "events": summary.events,
        "acknowledged": summary.acknowledged,
        "seconds": round(summary.seconds, 3),
        "ms_per_tag": {act: round(ms, 1) for act, (ms, _) in summary.medians().items()},
        "floor_ms": {act: round(floor, 1) for act, (_, floor) in summary.medians().items()},
        "page": on.behind.page,
        "results": on.results,
    }


def _table(summary: Summary, on: Stage) -> str:
    lines = [
        "",
        f"  products in the file      {summary.rows:6}",
        f"  refused, with a reason    {summary.refused:6}",
        f"  tags commissioned         {summary.written:6}",
        f"  tags updated              {summary.updated:6}",
        f"  tags verified green       {summary.verified:6}",
        f"  torn in mid-write         {summary.torn:6}",
        f"  repaired                  {summary.repaired:6}",
        f"  labels beside tags        {summary.labelled:6}",
        f"  bound to them             {summary.bound:6}",
        f"  events in the journal     {summary.events:6}",
        f"  acknowledged by the hub   {summary.acknowledged:6}",
        "",
        "  median tag       wire + field + chip    floor (field + chip)    ratio",
    ]
    for act, (ms, floor) in summary.medians().items():
        lines.append(f"  {_NAMES[act]:14} {ms:13.1f} ms {floor:20.1f} ms {ms / floor:13.2f}")
    if on.scanned.startswith("http"):
        lines += ["", "  a product's passport, as a scan of its label opens it:", f"  {on.scanned}"]
    lines += [
        "",
        f"  every row's end, with reasons: {on.results}",
        f"  labels for a phone to look at: {on.behind.folder / 'labels'}",
        f"  {summary.seconds:.1f} s in all; the hub's page: {on.behind.page}/",
        "",
    ]
    return "\n".join(lines)


def _backend(urls: str | None, name: str) -> Backend:
    """The hub that --hub names, or one of the demo's own."""
    if urls is None:
        return Backend(name)
    try:
        is_nats = urls.startswith(("nats://", "tls://"))
        hub = HubConfig(nats=tuple(urls.split(","))) if is_nats else HubConfig(url=urls)
    except ValidationError as why:
        raise Failure(f"--hub {urls}: {why.errors()[0]['msg']}", USAGE) from why
    return Backend(name, hub)


def _input(file: Path | None) -> tuple[str, bytes]:
    if file is None:
        return "products.csv", (files("gateway") / "samples" / "products.csv").read_bytes()
    try:
        return file.name, file.read_bytes()
    except OSError as why:
        raise Failure(f"cannot read {file}: {why.strerror}", USAGE) from why
