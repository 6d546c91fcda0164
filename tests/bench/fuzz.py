"""Fuzz: hostile input to every decoder. It accepts, or raises its own error, and nothing else; memory stays bounded."""

import multiprocessing
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import click

from tests.bench import edge_decoders, gateway_decoders
from tests.bench.decoder import Decoder, every_input
from tests.bench.size import Size, folder
from tests.bench.table import Row, progress

_PIECE = 5_000  # inputs of one task
_MOST_MEMORY = 512 << 20  # bytes that a process may take beyond what it has at its start
_TOLD = 3  # findings of each decoder

_decoders: list[Decoder] = []  # inherited by the processes


@dataclass
class Tally:
    """What one decoder did with its inputs."""

    inputs: int = 0
    accepted: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    findings: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.inputs += other.inputs
        self.accepted += other.accepted
        self.seconds += other.seconds
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        self.findings += other.findings


def rows(size: Size) -> Iterator[Row]:
    """Quick: 100,000 inputs; full, or where this suite is named: 1,000,000. On two processes."""
    wanted = size.of(100_000, 1_000_000)
    with folder() as at:
        _decoders[:] = [*edge_decoders.decoders(), *gateway_decoders.decoders(at)]
        tasks = list(_tasks(wanted, size.seed))
        tallies = [Tally() for _ in _decoders]
        started = time.perf_counter()
        with multiprocessing.get_context("fork").Pool(2, initializer=_limit_memory) as pool:
            for done, (place, tally) in enumerate(pool.imap_unordered(_fuzz, tasks), 1):
                tallies[place].add(tally)
                progress(f"{done * 100 // len(tasks)} % of {wanted:,} inputs")
        seconds = time.perf_counter() - started
    inputs = sum(tally.inputs for tally in tallies)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    for decoder, tally in zip(_decoders, tallies, strict=True):
        for finding in tally.findings[:_TOLD]:
            click.echo(f"{decoder.name}: {finding}", err=True)
        yield Row(
            f"{decoder.name}: other errors than its own",
            len(tally.findings),
            f"of {tally.inputs:,}",
            at_most=0,
            note=f"{100 * tally.accepted / tally.inputs:.0f} % accepted; "
            f"{1e6 * tally.seconds / tally.inputs:.0f} us an input, the slowest {1e3 * tally.slowest_s:.1f} ms",
        )
    yield Row("inputs in all", inputs, at_least=wanted)
    yield Row("  a second, on two cores, making them included", inputs / seconds, "/s")
    yield Row("  most memory of a process", peak, "MiB", at_most=256)


def _tasks(wanted: int, seed: int) -> Iterator[tuple[int, int, int]]:
    """(decoder, inputs, seed) of pieces that add up to more than `wanted`, by the decoders' shares."""
    whole = sum(decoder.share for decoder in _decoders)
    for place, decoder in enumerate(_decoders):
        left = int(wanted * decoder.share / whole) + 1
        for piece in range(0, left, _PIECE):
            yield place, min(_PIECE, left - piece), hash((seed, place, piece))


def _fuzz(task: tuple[int, int, int]) -> tuple[int, Tally]:
    place, count, seed = task
    decoder, tally = _decoders[place], Tally()
    clock = time.perf_counter
    for data in every_input(decoder, count, Random(seed)):
        tally.inputs += 1
        started = clock()
        try:
            decoder.run(data)
            tally.accepted += 1
        except decoder.errors:
            pass
        except Exception as finding:  # noqa: BLE001  # any other is what this looks for
            tally.findings.append(f"{type(finding).__name__}: {finding}; input {data.hex()}")
        took = clock() - started
        tally.seconds += took
        tally.slowest_s = max(tally.slowest_s, took)
    return place, tally


def _limit_memory() -> None:
    """An allocation that a length from outside asks for ends as MemoryError: a finding."""
    sys.setrecursionlimit(1000)
    with open("/proc/self/statm") as file:  # noqa: PTH123
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + _MOST_MEMORY, resource.RLIM_INFINITY))
