"""`python -m tests.bench [SUITE...]`: measure ours, a peer and the limit; exit status 1 when a bar is missed."""

import importlib
import os
import platform
import sys
from collections.abc import Iterator
from typing import Protocol, cast

import click

from tests.bench.size import ROOT, Size
from tests.bench.table import Printer, Row, progress

sys.path.insert(0, str(ROOT / "tests"))  # as in tests/conftest.py

SUITES = {
    "read": "detect and read tags: wire, field and EEPROM in virtual time, against nfcpy",
    "write": "write and update tags: ditto",
    "tear": "cut the power at every write of an update, and read what is left",
    "rain": "write RAIN tags: the air time; take the tag away at every word, and return it",
    "llrp": "decode a reader's tag reports, against llrpkit and struct alone",
    "verify": "parse and verify stubs, against libsodium alone",
    "journal": "durable events, against the disk and plain SQLite",
    "demo": "the demo over the 1,226 real products",
    "fuzz": "hostile input to every decoder",
    "presence": "RAIN tags in zones: a sighting alone, and 20 readers into one gateway",
    "sync": "events confirmed by a hub: JetStream into PostgreSQL",
    "https": "events confirmed by an embedded hub: HTTPS with client certificates, SQLite",
    "fleet": "3,000 gateways connected at once, each sending one batch",
    "storage": "bytes an event takes: journal, JetStream, SQLite, PostgreSQL",
    "resolver": "Digital Links looked up among 1 M passports in PostgreSQL",
    "optics": "codes in photographs, degraded frames and dot-peened metal, on one core",
    "faults": "a hub and its gateways under load: kills, cuts, full disks, lost writes",
    "camera": "1080p MJPEG at 30 fps: picture sent to value in the journal; memory, stalls, harm",
    "label": "print: size of a code with a signed stub, and phones that read it",
    "handheld_crypto": "signatures on 32-bit MicroPython: time, instructions, heap",
    "handheld_heap": "the handheld's heap: the smallest for a session, what is alive, and a day of scans",
    "handheld_power": "the handheld's power lost at every write of flash and tag: records, mounts, tags",
    "handheld_scan": "a tag in the handheld's field to the verdict on its screen",
    "handheld_size": "the handheld's program on its flash: compiled, and as a deflated bundle",
    "web_passport": "the passport page in a browser: first byte to verdict, transfer, accessibility",
    "web_station": "the station page in a browser, 50 rows a second: nothing dropped, latency, heap, CPU",
    "web_verifier": "the passport page's verifier against edge's: answers, time, size",
    "kill": "kill -9 the demo at random points, and account for everything",
}
_WHOLE_WHEN_NAMED = ("fuzz", "web_verifier")  # their campaigns take a minute


class Suite(Protocol):
    """What a suite's module offers."""

    def rows(self, size: Size) -> Iterator[Row]:
        """Measure, and yield a row as soon as it stands."""


def suite(name: str) -> Suite:
    """The module of a suite; imported when it is run, for some need what others do without."""
    return cast(Suite, importlib.import_module(f"tests.bench.{name}"))


def _help() -> str:
    return "\n".join(f"  {name:16}{about}" for name, about in SUITES.items())


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nExample:  ./run bench read write\n          ./run bench fuzz --count 1000000 --json",
    help=f"""Measure ours, a peer and the limit in one run; exit status 1 when a bar is missed.

\b
Suites, all of them unless some are named:
{_help()}

\b
Sizes                quick                          --full
  tear               4 patterns a write, NTAG215    64 patterns a write, NTAG215 and 216, nfcpy on each
  rain               1 pattern a word               16 patterns a word
  fuzz               100,000 inputs                 1,000,000 inputs (also where it is named)
  kill               10 kills                       200 kills
  https              50,000 events                  500,000 events
  fleet              300 gateways                   3,000 gateways
  storage            10,000 events                  50,000 events
  faults             each fault 3 times             each fault 20 times
  resolver           10 k and 100 k passports       10 k and 1 M passports
  handheld_heap      1,000 scans                    8,000 scans
  web_passport       phones, one theme a page       phones and desks, both themes
  web_verifier       20,000 stubs                   100,000 stubs (also where it is named)
  label              8 labels                       60 labels, also farther away
  journal, verify    about 5 s                      about 30 s
  llrp               60 rounds                      600 rounds""",
)
@click.argument("suites", nargs=-1, metavar="[SUITE...]")
@click.option("--full", is_flag=True, help="The long campaigns, half an hour in all.")
@click.option(
    "--count", type=click.IntRange(1), help="Inputs (fuzz), patterns (tear), kills (kill)."
)
@click.option("--seed", default=1, show_default=True, help="Of every random choice.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a row on stdout.")
def main(suites: tuple[str, ...], full: bool, count: int | None, seed: int, as_json: bool) -> None:
    """See `help` above."""
    unknown = [name for name in suites if name not in SUITES]
    if unknown:
        raise click.UsageError(f"no suite {unknown[0]!r}: known are {', '.join(SUITES)}")
    if not as_json:
        load = os.getloadavg()[0]
        click.echo(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}")
    printer = Printer(as_json)
    for name in suites or SUITES:
        printer.begin(name, SUITES[name])
        size = Size(full or (name in suites and name in _WHOLE_WHEN_NAMED), count, seed)
        for row in suite(name).rows(size):
            progress("")
            printer.row(name, row)
    if not as_json:
        click.echo("")
    for missed in printer.missed:
        click.echo(f"missed: {missed}", err=True)
    raise SystemExit(bool(printer.missed))


if __name__ == "__main__":
    main(prog_name="bench")
