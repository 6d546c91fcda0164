"""A label for each order of a job file; labels.csv keeps what each code holds: the same order is the same label."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import click

from edge import stub as stubs
from edge.errors import DoesNotFit, Malformed
from edge.printed import split
from edge.verify import verify
from gateway.cli import job_file
from gateway.cli.code_make import Style, about, say_about, write
from gateway.cli.output import USAGE, Failure, answer_is_no, emit
from gateway.cli.progress import Progress
from gateway.keys import DeviceKey, verifier
from gateway.optics.artwork import Format
from gateway.optics.symbol import smallest
from gateway.stations.labelfile import LabelFile, Line
from gateway.stations.labels import signed
from gateway.stations.orders import Order, OrderError, orders
from gateway.stations.post import Seal

_MADE_UP = (stubs.VERSION, stubs.ISSUED_AT, stubs.SEQ)  # claims that no order has
_LEFT_AS_IS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def labels(
    orders_file: Path,
    base: str,
    hosts: tuple[str, ...],
    key: DeviceKey | None,
    style: Style,
    format: str,
    folder: Path,
    again: bool,
    as_json: bool,
) -> None:
    """Make them, and tell each; exit status 1 where one was refused. without a key: codes of links alone."""
    raw = job_file.read(orders_file)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise Failure(f"cannot use {why.filename}: {why.strerror}", USAGE) from why
    try:
        items = list(orders(raw, base, hosts))
        with LabelFile(folder / "labels.csv") as kept, ExitStack() as stack:
            press = _Press(kept, key, style, cast(Format, format), folder, again)
            bar = stack.enter_context(Progress("labels", len(items), not as_json, late_s=0))
            for item in items:
                told = press.label(item)
                reason = str(told.get("reason")).removeprefix(f"row {told['row']}, ")
                refused = f"row {told['row']}: refused: {reason}"
                if as_json:
                    emit(told)
                elif bar.is_wanted:
                    if told["outcome"] == "refused":
                        bar.note(refused)
                    bar.step(f"row {told['row']} {told['outcome']}")
                elif told["outcome"] == "refused":
                    click.echo(refused)
                else:
                    say_about(f"row {told['row']}: {told['outcome']}: {told['out']}", told)
    except OrderError as why:
        raise Failure(f"{orders_file}: {why}", USAGE) from why
    summary = {"rows": len(items), **press.count, "labels": str(kept.path)}
    if as_json:
        emit(summary)
    else:
        click.echo(", ".join(f"{name} {count}" for name, count in summary.items()))
    if press.count["refused"]:
        answer_is_no()


class _Press:
    """Makes label by label; count: how many were made, kept and refused."""

    def __init__(
        self,
        kept: LabelFile,
        key: DeviceKey | None,
        style: Style,
        format: Format,
        folder: Path,
        again: bool,
    ) -> None:
        self.count = {"made": 0, "kept": 0, "refused": 0}
        self._kept = kept
        self._key = key
        self._style = style
        self._format = format
        self._folder = folder
        self._again = again

    def label(self, item: Order | OrderError) -> dict[str, Any]:
        """One row's label on disk, and what is told of it."""
        if isinstance(item, OrderError):
            return self._refused(item.row, str(item))
        out = self._folder / f"{item.row:06d}-{_file_name(item.product)}.{self._format}"
        try:
            text = self._text(item)
            made = self._style.draw([text], self._format)
        except (Malformed, DoesNotFit) as why:
            return self._refused(item.row, str(why))
        outcome = "kept" if _holds(out, made.data) else "made"
        if outcome == "made":
            write(out, made.data)
        self.count[outcome] += 1
        told = {"row": item.row, "product": item.product, "outcome": outcome, "out": out}
        return told | about(made, split(text)[1])

    def _refused(self, row: int, reason: str) -> dict[str, Any]:
        self.count["refused"] += 1
        return {"row": row, "outcome": "refused", "reason": reason}

    def _text(self, order: Order) -> str:
        """What the order's code holds: the stub that was kept, else one signed now and kept. Malformed, DoesNotFit."""
        line = self._kept.lines.get(order.row)
        stub = None
        if self._key is not None:
            seal = Seal(self._key, None, verifier, int(time.time()))
            stub = self._kept_stub(line, order, seal) or signed(order, seal)
        text = smallest(self._style.spellings(order.link, stub), self._style.symbology).text
        kid = self._key.kid.hex() if self._key is not None else ""
        digest = (order.digest or b"").hex()
        wanted = Line(str(order.row), order.product, digest, kid, order.link, text)
        if self._again or wanted != line:
            self._kept.append(wanted)
        return text

    def _kept_stub(self, line: Line | None, order: Order, seal: Seal) -> bytes | None:
        """The stub of an order's line, where that says what the order does today and nobody changed it."""
        if line is None or self._again or not line.is_of(order, seal.key.kid.hex()):
            return None
        try:
            stub = split(line.text)[1]
        except Malformed:
            return None
        verdict, found = verify(stub or b"", seal.own_trust, verifier, seal.now, link=order.link)
        if found is None or verdict.integrity != "valid":
            return None
        said = {key: value for key, value in found.claims.items() if key not in _MADE_UP}
        return stub if said == order.claims else None


def _file_name(product: str) -> str:
    """A product's name as part of a file's: what a file system may not like as %XX."""
    return "".join(
        each if each in _LEFT_AS_IS else "".join(f"%{byte:02X}" for byte in each.encode())
        for each in product.replace("/", "-")
    )[:120]


def _holds(out: Path, data: bytes) -> bool:
    try:
        return out.stat().st_size == len(data) and out.read_bytes() == data
    except OSError:
        return False
