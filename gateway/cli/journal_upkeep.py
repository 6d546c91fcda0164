"""`tagwright journal status, trim, vacuum, quarantine`: how much a journal holds, and what can be done about it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click

from gateway.cli.journal_options import NONE, journal_options, named_journal, open_records
from gateway.cli.journal_rows import LARGEST
from gateway.cli.output import NO, TROUBLE, Failure, emit, json_option, play, rfc3339
from gateway.cli.page import Page
from gateway.config import load
from gateway.config_tables import GatewayConfig
from gateway.journal import Journal, JournalBusy, Records
from gateway.journal_disk import size
from gateway.journal_marks import request_replays
from gateway.records import CONFIRMED

_BUSY = "there is no journal, or a gateway that runs holds it"


@click.command(cls=Page, no="", trouble=NONE)
@journal_options
@json_option
def status(config: Path | None, file: Path | None, as_json: bool) -> None:
    """Show how much the journal holds, how far each reader of it has come, and how full it is.

    \b
    Example:  tagwright journal status -c tagwright.toml
    """
    path = named_journal(config, file)
    with open_records(config, file) as records:
        found = _status(records, path)
    if as_json:
        emit(found)
        return
    shares = ", ".join(f"{name} {share:.0%}" for name, share in found["pressure"].items())
    came = ", ".join(f"{name} {seq}" for name, seq in found["cursors"].items())
    click.echo(
        f"{path}: journal {found['journal'].hex()}, {found['bytes'] >> 20} MB\n"
        f"rows      {found['rows']} of {found['head']}; trimmed {found['trimmed']},"
        f" dropped {found['dropped']}\n"
        f"came to   {came}\n"
        f"full      {shares}\n"
        f"to do     {found['open_intents']} tags to be finished, {found['quarantine']} rows in quarantine"
    )
    if found["origin"]:
        origin = found["origin"]
        click.echo(f"goes on   from journal {origin['journal'].hex()}, behind row {origin['seq']}")


@click.command(cls=Page, no="", trouble=_BUSY)
@journal_options
@click.option(
    "--keep-days",
    type=click.FloatRange(0, 36_500),
    help="Give back what is older than this [default: journal_keep_days of the configuration, 30].",
)
@json_option
def trim(config: Path | None, file: Path | None, keep_days: float | None, as_json: bool) -> None:
    """Give back rows that the hub has confirmed, and their room on the disk.

    A gateway that runs does so by itself.

    \b
    Example:  tagwright journal trim -c tagwright.toml --keep-days 7
    """
    gateway = load(config).gateway if config else GatewayConfig()
    days = gateway.journal_keep_days if keep_days is None else keep_days

    async def work() -> tuple[int, int, int]:
        async with _writable(named_journal(config, file), gateway) as journal:
            rows = await journal.trim(days)
            return rows, await journal.vacuum(), min(map(journal.cursor, journal.sinks), default=0)

    rows, freed, confirmed = play(work())
    if as_json:
        emit({"rows": rows, "bytes": freed, "confirmed": confirmed})
    else:
        click.echo(
            f"{rows} rows given back, {freed} bytes; what stands behind row {confirmed} is not yet"
            " confirmed and stays"
        )


@click.command(cls=Page, no="", trouble=_BUSY)
@journal_options
@json_option
def vacuum(config: Path | None, file: Path | None, as_json: bool) -> None:
    """Give the room that trimmed and dropped rows have left back to the disk. A gateway that runs does so by itself.

    \b
    Example:  tagwright journal vacuum --journal journal.db
    """

    async def work() -> int:
        gateway = load(config).gateway if config else GatewayConfig()
        async with _writable(named_journal(config, file), gateway) as journal:
            return await journal.vacuum()

    freed = play(work())
    if as_json:
        emit({"bytes": freed})
    else:
        click.echo(f"{freed} bytes given back")


@click.command(cls=Page, no="a row to replay is not in quarantine", trouble=NONE)
@journal_options
@click.option("--sink", default=CONFIRMED, help="Who refused the rows [default: the hub].")
@click.option(
    "--replay",
    "seqs",
    type=click.IntRange(1, LARGEST),
    multiple=True,
    help="Offer this row once more; may be given again.",
)
@click.option("--replay-all", "everything", is_flag=True, help="Offer all of them once more.")
@json_option
def quarantine(
    config: Path | None,
    file: Path | None,
    sink: str,
    seqs: tuple[int, ...],
    everything: bool,
    as_json: bool,
) -> None:
    """Show the rows that the hub or another sink refused, and why; or have them offered once more.

    Also while the gateway runs, which then offers them.

    \b
    Example:  tagwright journal quarantine -c tagwright.toml --replay 117
    """
    if seqs or everything:
        with open_records(config, file) as records:
            wanted = list(records.quarantined(sink=sink)) if everything else list(seqs)
        marked = request_replays(named_journal(config, file), wanted, sink)
        if strangers := sorted(set(wanted) - set(marked)):
            raise Failure(
                f"row {strangers[0]} is not in quarantine: see `tagwright journal quarantine`", NO
            )
    with open_records(config, file) as records:
        aside = records.aside()
        if not aside and not as_json:
            click.echo("no row is set aside")
        for each in aside:
            at = rfc3339(each.at_ns / 1e9)
            if as_json:
                shape = each._asdict() | {"replay": bool(each.replay), "at": at}
                del shape["at_ns"]
                emit(shape)
            else:
                again = "to be offered again; " if each.replay else ""
                click.echo(f"{each.seq:8}  {at}  {each.sink}: {again}{each.reason}")


def missing(records: Records) -> dict[str, int]:
    """How many rows were trimmed, and how many dropped."""
    found = {"trimmed": 0, "dropped": 0}
    for gap in records.gaps():
        found[gap.reason] += gap.last - gap.first + 1
    return found


def _status(records: Records, path: Path) -> dict[str, Any]:
    gone, origin, pressure = missing(records), records.origin, records.pressure()
    return {
        "journal": records.id,
        "origin": {"journal": origin[0], "seq": origin[1]} if origin else None,
        "head": records.head(),
        "rows": records.head() - sum(gone.values()),
        **gone,
        "cursors": records.cursors(),
        "sinks": sorted(records.sinks),
        "open_intents": len(records.open_intents()),
        "quarantine": len(records.aside()),
        "replays": sum(each.replay for each in records.aside()),
        "level": pressure.level,
        "pressure": {name: round(share, 4) for name, share in pressure.shares.items()},
        "bytes": size(path),
    }


@asynccontextmanager
async def _writable(path: Path, gateway: GatewayConfig) -> AsyncIterator[Journal]:
    if not path.exists():
        raise Failure(f"there is no journal at {path}: name it with --journal", TROUBLE)
    try:
        journal = Journal(
            path,
            max_bytes=gateway.journal_max_mb << 20,
            captures_percent=gateway.captures_percent,
            telemetry_percent=gateway.telemetry_percent,
        )
    except JournalBusy as why:
        raise Failure(f"{why}; a gateway that runs trims and vacuums by itself", TROUBLE) from why
    async with journal:
        yield journal
