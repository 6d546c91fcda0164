"""LLRP: tag reports decoded on one core, beside llrpkit and beside struct alone, all in one run."""

import struct
import time
from collections.abc import Callable, Iterator

from llrpkit.protocol import codec as llrpkit
from llrpkit.protocol import messages as _messages  # noqa: F401  # registers what llrpkit decodes

from gateway.llrp import codec
from gateway.llrp.message import VERSION_1_0_1
from gateway.llrp.reports import RO_ACCESS_REPORT, TagReport, reports
from gateway.llrp.stream import Stream
from tests.bench.size import Size
from tests.bench.table import Row
from tests.llrp_reports import usual

_TAGS = 100  # of a message
_READ = 512  # bytes of a read result
_HEAD = struct.Struct(">HII")
# EPC-96, ROSpecID, AntennaID, PeakRSSI, FirstSeen and LastSeenTimestampUTC, TagSeenCount behind a TagReportData's head
_USUAL = ">4x x12s xI xH xb xQ xQ xH"
_RESULT = f"4xBH2x{_READ}s"

Call = Callable[[], object]


def rows(size: Size) -> Iterator[Row]:
    """Rounds of all contestants in turn; each one's best round counts, for a busy machine only ever adds time."""
    rounds = size.of(60, 600)
    yield from _rows(usual(_TAGS), _USUAL, rounds, 400_000, "")
    yield from _rows(
        usual(_TAGS, _READ),
        _USUAL + _RESULT,
        rounds,
        250_000,
        f", a {_READ}-byte read each",
    )
    yield from _one_by_one(rounds)


def _rows(body: bytes, layout: str, rounds: int, at_least: int, what: str) -> Iterator[Row]:
    message = _message(body)
    bound = struct.Struct(layout.replace(" ", ""))
    found = llrpkit.decode_message(message)
    if len(reports(body)) != _TAGS or len(found.tag_report_datas) != _TAGS:
        raise RuntimeError("the bench's own message is not read")
    if bound.size * _TAGS != len(body):
        raise RuntimeError("the bound is of another layout")
    best = _best(
        {
            "ours": lambda: reports(body),
            "generic": lambda: codec.decode(message),
            "llrpkit": lambda: llrpkit.decode_message(message),
            "struct": lambda: list(bound.iter_unpack(body)),
        },
        rounds,
    )
    rate = {name: _TAGS / seconds for name, seconds in best.items()}
    yield Row(
        f"tag reports, {_TAGS} in {len(message):,} bytes{what}",
        rate["ours"],
        "/s",
        peer=("llrpkit", rate["llrpkit"]),
        limit=("struct", rate["struct"]),
        at_least=at_least,
        note=f"{1e6 / rate['ours']:.2f} us a report; {rate['generic']:,.0f}/s by our generic codec",
    )
    yield Row("  times llrpkit", rate["ours"] / rate["llrpkit"], "x", at_least=8)


def _one_by_one(rounds: int) -> Iterator[Row]:
    """A reader that reports each tag as it is seen: the stream and its heads included."""
    messages = [_message(usual(1, seed=seed)) for seed in range(_TAGS)]
    wire = b"".join(messages)
    best = _best(
        {
            "ours": lambda: _read(wire),
            "llrpkit": lambda: [llrpkit.decode_message(each) for each in messages],
        },
        rounds,
    )
    yield Row(
        "tag reports, each a message of its own, from the stream's bytes",
        _TAGS / best["ours"],
        "/s",
        peer=("llrpkit", _TAGS / best["llrpkit"]),
    )


def _read(wire: bytes) -> list[TagReport]:
    return [report for frame in Stream().receive(wire) for report in reports(frame.body)]


def _message(body: bytes) -> bytes:
    word = VERSION_1_0_1 << 10 | RO_ACCESS_REPORT
    return _HEAD.pack(word, codec.HEAD + len(body), 1) + body


def _best(calls: dict[str, Call], rounds: int) -> dict[str, float]:
    """Seconds a call, of each one's best round."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - started)
    return best
