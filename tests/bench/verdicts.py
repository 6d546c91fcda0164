"""Verdicts as a station that verifies records them, for the benches of sync: journals full of them, and their batches.

Each product is verified ten times: its stub, its tag and its history are the register's business.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge import stub
from gateway.clock import Clock
from gateway.journal import Journal, Records, Row
from gateway.records import CLOCK, Chain, Encoder
from gateway.sync.batch import MOST_ROWS, Batch, Branch, branch_of, encode, end, pieces_for
from tests.bench.passports import PRODUCT, Issuer

_TIMES = 10  # that a product is verified
_MOST_PRODUCTS = 20_000
_TOGETHER = 1000  # appends that share a commit
_GTIN = "09520123456788"


class Line:
    """A line that verifies the products of so many `events`. issuer: None where the rows tell of no stub."""

    def __init__(self, events: int, issuer: Issuer | None, name: str = "bench") -> None:
        self._products = max(1, min(events // _TIMES, _MOST_PRODUCTS))
        self._issuer = issuer
        self._name = name
        self._stubs: dict[int, bytes] = {}

    def verdict(self, number: int) -> tuple[bytes, str, dict[str, Any]]:
        """(UID, product, body) of the verdict with this number, as gateway/stations/verify.py tells it."""
        place = number % self._products
        uid, serial = b"\x04" + place.to_bytes(6, "big"), f"{self._name}{place:06}"
        body: dict[str, Any] = {
            "reader": "pn532:/dev/ttyUSB0",
            "state": "slots",
            "medium": "nfc",
            "verdict": {
                "integrity": "valid",
                "key": "trusted",
                "binding": "match",
                "chain": "first",
                "evidence": "not_checked",
                "link": "match",
            },
            "link": f"https://id.example.com/01/{_GTIN}/21/{serial}",
            "seq": 0,
            "slot": 0,
            "gtin": _GTIN,
            "serial": serial,
            "outcome": "verified",
            "colour": "green",
            "elapsed_ms": 61.2,
        }
        if self._issuer is not None:
            body |= {"stub": self._stub(place, uid, serial), "seen_seq": 0}
        return uid, f"{_GTIN}/{serial}", body

    def _stub(self, place: int, uid: bytes, serial: str) -> bytes:
        assert self._issuer is not None
        if place not in self._stubs:
            product = [stub.GS1, PRODUCT[1], serial]
            self._stubs[place] = self._issuer.stub(0, uid=uid, product=product)
        return self._stubs[place]


async def fill(path: Path, line: Line, events: int) -> None:
    """Make a journal with so many verdicts."""
    async with Journal(path) as journal:
        for first in range(0, events, _TOGETHER):
            some = [line.verdict(n) for n in range(first, min(first + _TOGETHER, events))]
            await asyncio.gather(
                *(journal.append("verdict", "bench", *each) for each in some),
            )


def batches(records: Records, gateway: str, most_rows: int = MOST_ROWS) -> Iterator[Batch]:
    """A whole journal, in batches as the uplink cuts them."""
    after, branch = 0, branch_of(records, 1)
    while pieces := pieces_for(records, after, most_rows, branch.last):
        yield encode(gateway, branch, records.hash_at(after), pieces, {})
        after = end(pieces[-1])


def first_batch(line: Line, gateway: str, journal: bytes, rows: int) -> Batch:
    """The first rows of a journal of this id, without its file."""
    chain, encoder, clock = Chain(journal), Encoder(), Clock()
    found = []
    for seq in range(1, rows + 1):
        uid, product, body = line.verdict(seq)
        moment = clock.moment()
        body[CLOCK] = [moment.hlc, moment.boot_ns, moment.boot, moment.error_ms]
        said = (time.time_ns(), "verdict", "bench", uid, product, encoder(body))
        found.append(Row(seq, *said, chain.follow(seq, *said)))
    return encode(gateway, Branch(journal, 0, None, None), journal, found, {})


def mean_body(records: Records) -> float:
    """Bytes of a body, of the first rows."""
    rows = records.after(0, _TOGETHER)
    return sum(len(row.body) for row in rows) / len(rows)
