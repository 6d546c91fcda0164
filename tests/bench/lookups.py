"""Look-ups at a resolver: an open loop of requests at a rate, and passports by the hundred thousand to look up."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from urllib.parse import urlsplit

from edge import gs1
from gateway.hub.database import Database

_ITEMS = 1_000  # of one model
_OWN_LINKS = 10  # of so many items, one has links of its own
_CHUNK = 50_000  # rows of one COPY
_CONNECTIONS = 64
_PATIENCE_S = 30.0
_PUBLISHED_NS = 1_790_000_000_000_000_000
_KINDS = (  # share of a hundred, headers, status
    (60, b"Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\nAccept-Language: de-CH,en;q=0.5", 307),
    (25, b"Accept: application/json", 200),
    (15, b"Accept: application/linkset+json", 200),
)  # fmt: skip


def gtin(number: int) -> str:
    """The GTIN-14 of a model."""
    body = f"09520{number:08d}"
    return body + gs1.check_digit(body)


def anchor(item: int) -> str:
    """Of an item, by its number."""
    return f"01/{gtin(item // _ITEMS)}/21/{item:08X}"


def document(item: int) -> bytes:
    """A passport of about a kilobyte."""
    said = {
        "digitalProductPassportId": f"urn:bench:{item}",
        "uniqueProductIdentifier": f"https://id.example.org/{anchor(item)}",
        "granularity": "item",
        "dppSchemaVersion": "EN 18223:2026",
        "dppStatus": "active",
        "lastUpdated": "2026-09-21T14:13:20.000Z",
        "economicOperatorId": "LEI-529900T8BM49AURSDO55",
        "materials": [{"name": f"material {n}", "grams": item % 977 + n} for n in range(8)],
        "footprint": dict.fromkeys(("production", "transport", "use", "end"), item % 613),
        "repair": {"score": None, "manual": f"https://m.example/{item}", "spares_years": 10},
    }
    return json.dumps(said).encode()


def links(number: int) -> str:
    """A model's or an item's links, as the table holds them."""
    voc = "https://ref.gs1.org/voc/"
    page = {"linkType": f"{voc}pip", "title": "Product", "type": "text/html"}
    items = [
        page | {"href": f"https://p.example/en/{number}", "hreflang": ["en"], "default": True},
        page | {"href": f"https://p.example/de/{number}", "hreflang": ["de"]},
        {
            "linkType": f"{voc}instructions",
            "title": "Manual",
            "href": f"https://m.example/{number}",
        },
    ]
    return json.dumps({"links": items})


async def load(database: Database, count: int) -> None:
    """`count` passports with their models' links, by COPY."""
    for first in range(0, count, _CHUNK):
        items = range(first, min(first + _CHUNK, count))
        raw = [document(item) for item in items]
        async with database.transaction() as session:
            await session.execute("SET LOCAL session_replication_role = replica")  # no foreign keys
            await session.copy(
                "passports",
                ("number", "id", "subject", "changed_ns"),
                [(item, f"urn:bench:{item}", anchor(item), _PUBLISHED_NS) for item in items],
            )
            await session.copy(
                "passport_versions",
                ("passport", "at_ns", "sha256", "document"),
                [
                    (item, _PUBLISHED_NS, sha256(each).digest(), each)
                    for item, each in zip(items, raw, strict=True)
                ],
            )
            anchors = [(anchor(item), item) for item in items if item % _OWN_LINKS == 0]
            anchors += [(f"01/{gtin(i // _ITEMS)}", i) for i in items if i % _ITEMS == 0]
            said = [(at, links(number), _PUBLISHED_NS) for at, number in anchors]
            await session.copy("links", ("anchor", "body", "changed_ns"), said)
    for table in ("passports", "passport_versions", "links"):
        await database.fetch(f"VACUUM (ANALYZE) {table}")


@dataclass(frozen=True)
class Measured:
    """Seconds of each look-up from the moment it was due, in order of size; how many were answered wrongly."""

    took_s: Sequence[float]
    wrong: int

    def quantile(self, share: float) -> float:
        return self.took_s[min(int(len(self.took_s) * share), len(self.took_s) - 1)]


async def look_up(url: str, count: int, rate: float, total: int, seed: int) -> Measured:
    """`total` look-ups of random items among `count`, `rate` a second on average, none waiting for another."""
    parts = urlsplit(url)
    idle: asyncio.Queue[_Connection] = asyncio.Queue()
    for _ in range(_CONNECTIONS):
        idle.put_nowait(
            _Connection(*await asyncio.open_connection(parts.hostname, parts.port), parts.netloc)
        )
    took: list[float] = []
    wrong = 0

    async def one(due: float, item: int, headers: bytes, status: int) -> None:
        nonlocal wrong
        connection = await idle.get()
        found = await asyncio.wait_for(connection.ask(anchor(item), headers), _PATIENCE_S)
        took.append(time.perf_counter() - due)
        wrong += found != status
        idle.put_nowait(connection)

    async with asyncio.TaskGroup() as group:
        began = time.perf_counter()
        for at, item, headers, status in _plan(count, rate, total, seed):
            wait = began + at - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            group.create_task(one(began + at, item, headers, status))
    while not idle.empty():
        await idle.get_nowait().close()
    return Measured(sorted(took), wrong)


def _plan(
    count: int, rate: float, total: int, seed: int
) -> Iterator[tuple[float, int, bytes, int]]:
    random = Random(seed)
    at = 0.0
    shares = [share for share, _, _ in _KINDS]
    for _ in range(total):
        at += random.expovariate(rate)
        _, headers, status = random.choices(_KINDS, shares)[0]
        yield at, random.randrange(count), headers, status


class _Connection:
    """HTTP/1.1 as plainly as it goes: the client must not be what is measured."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host.encode()

    async def ask(self, path: str, headers: bytes) -> int:
        """GET; the status."""
        self._writer.write(
            b"GET /%b HTTP/1.1\r\nHost: %b\r\n%b\r\n\r\n" % (path.encode(), self._host, headers)
        )
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        _, _, length = head.partition(b"content-length: ")
        if length:
            await self._reader.readexactly(int(length.partition(b"\r\n")[0]))
        return int(head[9:12])

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()
