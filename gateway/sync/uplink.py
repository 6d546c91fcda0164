"""The uplink: sends what the journal holds to the hub over HTTP(S), in order, and remembers what it acknowledged."""

import asyncio
import logging
import random
import ssl
from collections.abc import Awaitable, Callable

import httpx2

from gateway.config import ConfigProblem, HubConfig, token
from gateway.journal import ACKNOWLEDGED, Journal
from gateway.sync.answer import Answer, Held, Later, Pause, SetAside, Smaller, judge
from gateway.sync.batch import BATCHED, Batch, next_batch

log = logging.getLogger(__name__)

MOST_ROWS = 512

_TIMEOUT = httpx2.Timeout(
    30.0, connect=5.0
)  # seconds; a hub on a slow disk answers within one fsync
_WHOLE_S = 120.0  # for one batch and its answer, however slowly they trickle
_MOST_ANSWER = 64 << 10  # bytes; a receipt is smaller than 1 KiB
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Uplink:
    """Keeps the hub up to date with one journal.

    gateway: the name that the hub shows. pause and uniform: asyncio.sleep and random.uniform, or a test's.
    Raises ConfigProblem where [hub] has no url or a file that cannot be read.
    """

    def __init__(
        self,
        journal: Journal,
        hub: HubConfig,
        gateway: str,
        *,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        if hub.url is None:
            raise ConfigProblem("hub.url is missing: name the hub, or leave [hub] out")
        self.trouble: str | None = None  # why the hub does not take rows just now
        self._journal = journal
        self._gateway = gateway
        self._url = _url(hub.url, "/v1/batches")
        self._client = _client(hub, self._url)
        self._pause = pause
        self._pauses = Pause(uniform)
        self._most_rows = MOST_ROWS
        self._progress = asyncio.Event()

    async def run(self) -> None:
        """Send for ever; ends by being cancelled, or by JournalTrouble. To be called once."""
        async with self._client:
            while True:
                batch = await next_batch(self._journal, self._gateway, self._most_rows)
                if batch is None:
                    await self._journal.grown_beyond(self._journal.cursor(ACKNOWLEDGED))
                    continue
                wait_s = await self._take(batch, await self._post(batch))
                if wait_s:
                    await self._pause(wait_s)

    async def acknowledged(self, seq: int) -> None:
        """Return when the hub holds every row up to `seq`."""
        while self._journal.cursor(ACKNOWLEDGED) < seq:
            await self._progress.wait()

    async def _post(self, batch: Batch) -> Answer:
        body = bytearray()
        try:
            async with (
                asyncio.timeout(_WHOLE_S),
                self._client.stream(
                    "POST",
                    self._url,
                    content=batch.data,
                    headers={"Content-Type": "application/cbor", "Idempotency-Key": batch.key},
                ) as response,
            ):
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > _MOST_ANSWER:
                        return Answer(0, b"the hub's answer is too long to be a receipt")
        except httpx2.HTTPError as e:
            return Answer(0, f"{self._url}: {e or type(e).__name__}".encode())
        except TimeoutError:
            return Answer(0, f"{self._url}: no whole answer within {_WHOLE_S:g} s".encode())
        return Answer(response.status_code, bytes(body), _seconds(response.headers))

    async def _take(self, batch: Batch, answer: Answer) -> float:
        """Do what the answer asks for; the seconds to wait before the next batch."""
        journal = self._journal
        is_withheld = len(batch) == 1 and bool(journal.quarantined(batch.first, batch.last))
        step = judge(batch, answer, is_withheld)
        if isinstance(step, Held):
            return await self._hold(batch, step)
        if isinstance(step, Smaller):
            self._most_rows = len(batch) // 2
            await journal.move_cursor(BATCHED, batch.first + self._most_rows - 1)
            return 0.0
        if isinstance(step, SetAside):
            log.error("row %d is set aside: %s", batch.first, step.reason)
            await journal.set_aside(batch.first, step.reason)
            return 0.0
        return self._later(step)

    async def _hold(self, batch: Batch, held: Held) -> float:
        journal = self._journal
        for seq, reason in held.apart.items():
            log.error("row %d is set aside: %s", seq, reason)
            await journal.set_aside(seq, reason)
        before = batch.first - 1
        if held.watermark < before:
            log.warning("the hub lacks rows from %d on: sending them again", held.watermark + 1)
            await journal.move_cursor(BATCHED, held.watermark)
        if held.watermark != before:
            await journal.move_cursor(ACKNOWLEDGED, held.watermark)
        if held.watermark <= before:
            return self._later(Later(f"the hub holds rows up to {held.watermark} only"))
        if self.trouble is not None:
            log.info("the hub takes rows again")
        self.trouble = None
        self._pauses.reset()
        self._most_rows = min(self._most_rows * 2, MOST_ROWS)
        self._progress.set()
        self._progress = asyncio.Event()
        return 0.0

    def _later(self, step: Later) -> float:
        if self.trouble != step.reason:
            log.warning("the hub takes no rows: %s", step.reason)
        self.trouble = step.reason
        return self._pauses.next_s(step.at_least_s)


async def reach(hub: HubConfig) -> str | None:
    """Ask the hub for its health: None, or why there is no answer. Raises ConfigProblem."""
    if hub.url is None:
        return "hub.url is missing"
    url = _url(hub.url, "/health")
    try:
        async with _client(hub, url) as client:
            response = await client.get(url)
    except httpx2.HTTPError as e:
        return str(e) or type(e).__name__
    return None if response.status_code == 200 else f"it answers {response.status_code}"


def _client(hub: HubConfig, url: httpx2.URL) -> httpx2.AsyncClient:
    """A client with the token, the trust and the client certificate of [hub]. Raises ConfigProblem."""
    headers = (
        {"Authorization": f"Bearer {token(hub.token_file, 'hub.token_file')}"}
        if hub.token_file
        else {}
    )
    return httpx2.AsyncClient(
        verify=_tls(hub) if url.scheme == "https" else False,
        timeout=_TIMEOUT,
        headers=headers,
        trust_env=url.host not in _LOOPBACK,
    )


def _url(base: str, path: str) -> httpx2.URL:
    try:
        return httpx2.URL(base.rstrip("/") + path)
    except httpx2.InvalidURL as e:
        raise ConfigProblem(f"hub.url: {base} is no address: {e}") from e


def _seconds(headers: httpx2.Headers) -> float | None:
    text = headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 8 else None


def _tls(hub: HubConfig) -> ssl.SSLContext:
    """The trust and the client certificate for HTTPS."""
    try:
        context = ssl.create_default_context(cafile=hub.ca)
        if hub.cert is not None:
            context.load_cert_chain(hub.cert, hub.key)
    except OSError as e:  # ssl.SSLError is one
        raise ConfigProblem(f"hub.ca, hub.cert or hub.key cannot be used: {e}") from e
    return context
