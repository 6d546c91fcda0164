"""`tagwright job`: resumable work orders from a CSV file."""

import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import click

from gateway.cli import job_file
from gateway.cli.at_code_reader import (
    beside,
    code_reader_option,
    code_timeout_option,
    codes_option,
    requires_option,
)
from gateway.cli.at_reader import (
    access_password_option,
    at_reader,
    check_link,
    company_prefix_option,
    journal_path,
    link_base_option,
    link_host_option,
    reader_option,
    root_option,
)
from gateway.cli.key_file import opened_key
from gateway.cli.output import (
    NO,
    USAGE,
    Commands,
    Failure,
    Seconds,
    Stopped,
    answer_is_no,
    emit,
    json_option,
    passphrase_option,
    play,
    secret,
)
from gateway.cli.paint import printable
from gateway.cli.progress import Progress
from gateway.stations.job import WRITTEN, JobRun, with_options
from gateway.stations.jobbook import INCOMPLETE
from gateway.stations.orders import Order, OrderError, orders
from gateway.stations.result import GREEN, Result
from gateway.stations.resultfile import ResultFile

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(cls=Commands)
def job() -> None:
    """Resumable work orders: one row, one product.

    \b
    Example:  tagwright job run products.csv --reader pn532:/dev/ttyUSB0 --key line1.key
    """


@job.command(
    no="rows are left: run it again to go on", trouble="reader or disk cannot be used: run it again"
)
@click.argument("file", metavar="FILE.csv", type=_FILE, help="The work orders, or products.")
@reader_option
@click.option("--key", "key_file", type=_FILE, required=True, help="The key file that signs.")
@click.option("--trust", "trust_file", type=_FILE, help="The signed trust list [default: the key].")
@root_option
@link_base_option
@click.option(
    "--overwrite", is_flag=True, help="Write even where another product or program left something."
)
@click.option("--lock", is_flag=True, help="Make each tag read-only; this cannot be undone.")
@click.option(
    "--idle",
    "idle_s",
    type=Seconds(0.1),
    help="End when no new tag came for so many seconds [default: wait for ever].",
)
@click.option(
    "--journal",
    "journal_file",
    type=_FILE,
    help="Where each act is recorded [default: journal.db in the user's state folder].",
)
@code_reader_option
@codes_option
@code_timeout_option
@requires_option
@link_host_option
@company_prefix_option
@access_password_option
@passphrase_option
@json_option
def run(
    file: Path,
    url: str,
    key_file: Path,
    trust_file: Path | None,
    root: str | None,
    base: str,
    overwrite: bool,
    lock: bool,
    idle_s: float | None,
    journal_file: Path | None,
    code_url: str | None,
    count: int,
    code_timeout_s: float,
    requires: tuple[str, ...],
    hosts: tuple[str, ...],
    company_prefixes: tuple[str, ...],
    access_password_file: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Commission a product a row, onto tags as they come; results go to FILE.result.csv, row by row.

    FILE is UTF-8 CSV with a header, in one of two shapes. With a column gtin it holds work orders: gtin, serial,
    digest (64 hex digits) and, as wanted, batch, link, operator, carriers ("nfc,qr": what the product must carry),
    sector ("battery", which needs a QR), total_10, total_11 ... total_54 (grams, tenths of years). Else it holds
    products: manufacturer, name, gwp_total (kg CO2e), gwp_manufacturing_ratio, gwp_transport_ratio, gwp_use_ratio,
    gwp_eol_ratio (shares that sum to 1 within 0.02), lifetime (years) and, as known, weight (kg); GTINs then come
    from GS1's test prefix 952.

    A row that cannot be written is refused with its column and reason, and the rest goes on. Run it again after a
    stop or a crash: rows that are done are skipped, a torn tag is finished when it is shown.

    With --code-reader the code on the item picks the row, and nothing is written to a tag without one. A product that
    needs a code is incomplete until that was read beside its tag; showing the tag again asks for it anew.

    \b
    Example:  tagwright job run products.csv --reader pn532:/dev/ttyUSB0 --key line1.key --json
    """
    check_link("--link", base)
    raw = job_file.read(file)
    access_password = secret(access_password_file)
    key = opened_key(key_file, passphrase_file)
    try:
        items = list(with_options(orders(raw, base, hosts), overwrite, lock))
        with ResultFile.beside(file) as results:
            told = _Told(len(items), as_json)

            async def work() -> None:
                post = at_reader(
                    url,
                    trust_file=trust_file,
                    root=root,
                    key=key,
                    journal_file=journal_path(journal_file),
                    company_prefixes=company_prefixes,
                    access_password=access_password,
                )
                async with AsyncExitStack() as stack:
                    at, sight = await stack.enter_async_context(post), None
                    if code_url is not None:
                        eye = beside(at, code_url, code_timeout_s, count, hosts)
                        sight = await stack.enter_async_context(eye)
                    job = JobRun(at, items, results, idle_s=idle_s, sight=sight, requires=requires)
                    async for result in job.run():
                        told.tell(result, len(results.lines))

            with told:
                play(work())
            summary = _summary(items, results) | {"seconds": told.seconds}
    except OrderError as why:
        raise Failure(f"{file}: {why}", USAGE) from why
    except Stopped:
        raise Failure("stopped; what was told is durable: run it again to go on", NO) from None
    if as_json:
        emit(summary)
    else:
        click.echo(", ".join(f"{name} {count}" for name, count in summary.items()))
    if summary["left"]:
        answer_is_no()


class _Told:
    """Tells each result: JSON lines, a line each in a pipe, and on a terminal a bar, above it what went wrong."""

    def __init__(self, total: int, as_json: bool) -> None:
        self._as_json = as_json
        self._started = time.perf_counter()
        self._bar = Progress("job", total, not as_json, late_s=0)

    @property
    def seconds(self) -> float:
        """Since the start."""
        return round(time.perf_counter() - self._started, 3)

    def __enter__(self) -> "_Told":
        self._bar.__enter__()
        return self

    def __exit__(self, *why: Any) -> None:
        self._bar.__exit__(*why)

    def tell(self, result: Result, done: int) -> None:
        """One result; done: how many rows have theirs."""
        if self._as_json:
            emit(_event(result))
        elif self._bar.is_wanted:
            if result.signal.colour != GREEN:
                self._bar.note(_line(result))
            self._bar.reach(done, f"row {result.order_row} {result.uid.hex()} {result.outcome}")
        else:
            click.echo(_line(result))


def _line(result: Result) -> str:
    row, uid = result.order_row or "-", result.uid.hex() or "-"
    return printable(f"{row:>6}  {uid:14}  {result.signal.colour:5}  {result.signal.sentence}")


def _event(result: Result) -> dict[str, Any]:
    return {
        "row": result.order_row or None,
        "column": result.column or None,
        "uid": result.uid or None,
        "outcome": result.outcome,
        "colour": result.signal.colour,
        "message": result.signal.sentence,
        "product": result.product or None,
        "url": result.link,
        "seq": result.seq,
        "slot": result.slot,
        "pages_written": result.pages_written,
        "elapsed_ms": round(result.elapsed_s * 1000, 1),
    }


def _summary(items: list[Order | OrderError], results: ResultFile) -> dict[str, Any]:
    lines = [results.lines[item.row] for item in items if item.row in results.lines]
    count = Counter(line.outcome for line in lines)
    return {
        "rows": len(items),
        "written": sum(count[outcome] for outcome in WRITTEN),
        "already": count["already"],
        "duplicate": count["duplicate"],
        "refused": count["refused"],
        "incomplete": count[INCOMPLETE],
        "left": len(items) - len(lines) + count[INCOMPLETE],
        "results": str(results.path),
    }
