"""A station page over a real journal and a real server, with a line that only notes what is done to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
from starlette.requests import Request

from gateway.beside import beside
from gateway.config import Config, GatewayConfig, ReaderConfig
from gateway.hub.serve import running
from gateway.journal import Journal
from gateway.web.person import GUEST, Person
from gateway.web.station.app import StationPage
from gateway.web.station.line import RUNNING, STOPPED, NoSuch, Progress, ReaderState

UID = bytes.fromhex("04a1b2c3d4e5f6")
GREEN = {
    "integrity": "valid",
    "key": "trusted",
    "binding": "match",
    "chain": "first",
    "evidence": "not_stated",
    "link": "match",
}
BAD = GREEN | {"integrity": "bad_signature", "chain": "not_checked"}
HOSTILE = "<img src=x onerror=alert(1)>\u202e\u200b\"'&{{7*7}}/A<script>alert(2)</script>"
PAGES = (
    "/",
    "/history",
    "/history?uid=xyz",
    "/product?product=09520123456788/A1",
    "/charts",
    "/charts?hours=abc",
    "/login",
)  # those that everybody may see, and two that find fault
PATIENCE_S = 10.0


class Event(NamedTuple):
    """One server-sent event; id "" where it has none of its own."""

    name: str
    id: str
    data: Any


@dataclass
class StillLine:
    """web.station.line's Line."""

    states: list[ReaderState] = field(
        default_factory=lambda: [ReaderState("dock", "pn532", "verify", True)]
    )
    voided: list[tuple[int, str]] = field(default_factory=list)

    def readers(self) -> Sequence[ReaderState]:
        return self.states

    async def stop(self, reader: str) -> None:
        self._be(reader, STOPPED)

    async def start(self, reader: str) -> None:
        self._be(reader, RUNNING)

    async def void(self, intent: int, reason: str) -> None:
        self.voided.append((intent, reason))

    def _be(self, reader: str, work: str) -> None:
        if reader not in [each.name for each in self.states]:
            raise NoSuch(f"there is no reader {reader!r}")
        self.states = [
            replace(each, work=work) if each.name == reader else each for each in self.states
        ]


def named(request: Request) -> Person | None:
    """Whoever the header Role says."""
    role = request.headers.get("role", "operator")
    if role == "nobody":
        return None
    return GUEST if role == "guest" else Person("Kim", role)


@dataclass
class Site:
    """A page that is served at `url`."""

    page: StationPage
    journal: Journal
    line: StillLine
    url: str

    def client(self, role: str = "operator", **headers: str) -> httpx2.AsyncClient:
        said = {"role": role} | {name.replace("_", "-"): text for name, text in headers.items()}
        return httpx2.AsyncClient(
            base_url=self.url, headers=said, trust_env=False, verify=False
        )  # loading the CAs takes longer than most tests

    async def get(self, path: str, role: str = "operator") -> Any:
        async with self.client(role) as client:
            answer = await client.get(path)
            assert answer.status_code == 200, answer.text
            return answer.json()

    @asynccontextmanager
    async def live(self, after: int | None = None) -> AsyncIterator[AsyncIterator[Event]]:
        """The events of GET /live. after: as a browser that comes back says it."""
        said = {} if after is None else {"last_event_id": str(after)}
        async with self.client(**said) as client, client.stream("GET", "/live") as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield events(answer.aiter_lines())


async def events(lines: AsyncIterator[str]) -> AsyncIterator[Event]:
    """The events of a stream, by the rules of WHATWG HTML."""
    name, id, data = "message", "", []
    async for line in lines:
        if not line and data:
            yield Event(name, id, json.loads("\n".join(data)))
            name, id, data = "message", "", []
        key, _, value = line.partition(": ")
        if key == "event":
            name = value
        elif key == "id":
            id = value
        elif key == "data":
            data.append(value)


async def rows(stream: AsyncIterator[Event], count: int) -> list[int]:
    """The seqs of the next rows."""
    found: list[int] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < count:
            event = await anext(stream)
            if event.name == "row":
                assert event.id == str(event.data["seq"])
                found.append(event.data["seq"])
    return found


async def verdict(journal: Journal, colour: str = "green", **more: Any) -> int:
    """A verdict row; returns its seq."""
    outcome = "verified" if colour == "green" else "not_verified"
    body = {"outcome": outcome, "colour": colour, "verdict": GREEN, "elapsed_ms": 120.0} | more
    return (await journal.append("verdict", "dock", UID, "09520123456788/A1", body)).seq


async def fill(at: Site) -> None:
    """Something of everything that the pages show, hostile texts among it: two readers, five results, a torn tag."""
    order = Progress("orders.csv", 20, 7, 1, 12)
    at.line.states = [
        ReaderState("dock", "pn532", "verify", True),
        ReaderState("line1", "llrp", "commission", False, order=order),
    ]
    for colour in ("green", "amber", "green"):
        await verdict(at.journal, colour)
    said: dict[str, Any] = {"outcome": "not_verified", "colour": "red", "verdict": BAD}
    await at.journal.append("verdict", "dock", b"\x04" * 7, HOSTILE, said | {"elapsed_ms": 88.0})
    said = {"outcome": "refused", "reason": HOSTILE}
    await at.journal.append("refused", "dock", b"\x05" * 7, HOSTILE, said)
    await at.journal.append("intent", "dock", b"\x06" * 7, HOSTILE, {"act": "commission"})
    at.page.notices.torn.add((b"\x06" * 7).hex())


@asynccontextmanager
async def site(
    folder: Path, *readers: ReaderConfig, journal: Journal | None = None, port: int = 0
) -> AsyncIterator[Site]:
    file = folder / "journal.db"
    config = Config(gateway=GatewayConfig(name="hall3", journal=file), reader=readers)
    line = StillLine()
    async with journal or Journal(file) as opened:
        page = StationPage(opened, line, config, who=named)
        async with beside(page.run(), "page"), running(page.app, ("127.0.0.1", port)) as url:
            try:
                yield Site(page, opened, line, url)
            finally:
                page.close()
