"""HTTP(S): the small client that everything of sync shares, and the transport that posts batches to one hub with it."""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import httpx2

from gateway import identity
from gateway.config import ConfigProblem, HubConfig, token
from gateway.identity import AUTHORITY, IDENTITY
from gateway.sync.answer import Answer, Later, Step, judge, later
from gateway.sync.batch import Batch
from gateway.sync.port import OnReceipt
from gateway.sync.receipt import MOST, Receipt, error_of, receipt_from_json

log = logging.getLogger(__name__)

WINDOW = 4  # batches under way: one is encoded and one travels while the hub's disk syncs another

_TIMEOUT = httpx2.Timeout(
    30.0, connect=20.0
)  # s; connect: when 3,000 gateways come at once, a handshake waits for its turn
_WHOLE_S = 120.0  # for one request and its answer, however slowly they trickle
_KEEP = httpx2.Limits(keepalive_expiry=60.0)  # s; a hub closes an idle connection after 75
_ONCE_S, _ONCE_MOST = 10.0, 1 << 20  # bytes
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


async def ask_once(
    method: str,
    url: str,
    form: Mapping[str, str] | None = None,
    basic: tuple[str, str] | None = None,
) -> tuple[int, bytes]:
    """(status, body) of one request to somebody else's server; redirects are not followed. Raises ConnectionError.

    basic: user and password.
    """
    try:
        async with (
            asyncio.timeout(_ONCE_S),
            httpx2.AsyncClient() as client,
            client.stream(method, url, data=form, auth=basic) as answer,
        ):
            body = bytearray()
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > _ONCE_MOST:
                    raise ConnectionError(f"its answer is longer than {_ONCE_MOST} bytes")
            return answer.status_code, bytes(body)
    except TimeoutError as e:
        raise ConnectionError(f"no answer within {_ONCE_S:.0f} s") from e
    except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as e:
        raise ConnectionError(str(e) or type(e).__name__) from e


class Client:
    """Requests to one base URL. table: the table of the configuration that errors name.

    ca, cert, key: PEM files, for HTTPS; they are looked at before each request, and new ones are used at once.
    tls: instead of these three. Raises ConfigProblem where the URL is none or a file cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        table: str = "hub",
        token_file: Path | None = None,
        ca: Path | None = None,
        cert: Path | None = None,
        key: Path | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._table = table
        self._base = url.rstrip("/")
        try:
            parsed = httpx2.URL(self._base)
        except httpx2.InvalidURL as e:
            raise ConfigProblem(f"{table}.url: {url} is no address: {e}") from e
        self._trusts_env = parsed.host not in _LOOPBACK
        self._headers = (
            {"Authorization": f"Bearer {token(token_file, f'{table}.token_file')}"}
            if token_file
            else {}
        )
        self._is_tls = parsed.scheme == "https"
        self._ca, self._cert, self._key, self._tls = ca, cert, key, tls
        self._seen = self._stamp()
        self._pool = self._new_pool()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.client.aclose()

    async def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        most: int = MOST,
        whole_s: float | None = None,
    ) -> Answer:
        """The answer, with at most `most` bytes of body; status 0, and why, where none came.

        path: behind the base URL, with its query; or a whole URL of the same host, as a Location may be.
        """
        url = path if "://" in path else self._base + path
        limit_s = _WHOLE_S if whole_s is None else whole_s
        found = bytearray()
        pool = await self._fresh_pool()
        pool.users += 1
        try:
            async with (
                asyncio.timeout(limit_s),
                pool.client.stream(method, url, content=body, headers=headers) as response,
            ):
                async for piece in response.aiter_bytes():
                    found += piece
                    if len(found) > most:
                        return Answer(0, f"{url}: the answer is longer than {most} bytes".encode())
        except (httpx2.HTTPError, httpx2.InvalidURL) as e:
            return Answer(0, f"{url}: {str(e) or type(e).__name__}".encode())
        except TimeoutError:
            return Answer(0, f"{url}: no whole answer within {limit_s:g} s".encode())
        finally:
            pool.users -= 1
            if pool is not self._pool and not pool.users:
                await pool.client.aclose()
        said = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, bytes(found), said)

    async def _fresh_pool(self) -> "_Pool":
        """The connections; new ones from the moment on that the certificate is another."""
        stamp = self._stamp()
        if stamp != self._seen:
            try:
                pool = self._new_pool()
            except ConfigProblem as e:  # half of it is written: the next request looks again
                log.warning("the renewed certificate is not used yet: %s", e)
                return self._pool
            old, self._pool, self._seen = self._pool, pool, stamp
            log.info("a renewed client certificate is in use")
            if not old.users:
                await old.client.aclose()
        return self._pool

    def _new_pool(self) -> "_Pool":
        return _Pool(
            httpx2.AsyncClient(
                verify=self._context() if self._is_tls else False,
                timeout=_TIMEOUT,
                limits=_KEEP,
                headers=self._headers,
                trust_env=self._trusts_env,
            )
        )

    def _context(self) -> ssl.SSLContext:
        """The trust and the client certificate for HTTPS."""
        if self._tls is not None:
            return self._tls
        try:
            context = ssl.create_default_context(cafile=self._ca)
            if self._cert is not None:
                context.load_cert_chain(self._cert, self._key)
        except OSError as e:  # ssl.SSLError is one
            table = self._table
            raise ConfigProblem(
                f"{table}.ca, {table}.cert or {table}.key cannot be used: {e}"
            ) from e
        return context

    def _stamp(self) -> tuple[object, ...]:
        """What changes when the certificate or its key is replaced."""
        if self._tls is not None or not self._is_tls:
            return ()
        files = (self._ca, self._cert, self._key)
        return tuple(_version(path) for path in files if path is not None)


class _Pool:
    """A client and how many requests use it just now."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.users = 0


class Https:
    """The transport to one hub over HTTP(S): a receipt comes with each answer, so nothing is ever only Taken.

    Raises ConfigProblem where [hub] has no url or a file that cannot be read.
    """

    def __init__(self, hub: HubConfig) -> None:
        self.window = WINDOW
        self.on_receipt: OnReceipt = _unheard
        self._client = hub_client(hub)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.__aexit__()

    async def send(self, batch: Batch, attempt: int) -> Step:
        """Post the batch. attempt says nothing here: the hub knows rows by their numbers."""
        headers = {"Content-Type": "application/cbor", "Idempotency-Key": batch.key}
        return judge(batch, await self._client.request("POST", "/v1/batches", batch.data, headers))

    async def ask(self, journal: bytes, upto: int | None = None) -> Receipt | Later:
        """GET /v1/journals/{id in hex}, with ?upto=SEQ."""
        query = "" if upto is None else f"?upto={upto}"
        answer = await self._client.request("GET", f"/v1/journals/{journal.hex()}{query}")
        if answer.status != 200:
            return later(answer)
        receipt = receipt_from_json(answer.body)
        if receipt is None or receipt.journal != journal:
            return Later("the hub's receipt cannot be read, or is not for this journal")
        return receipt


def hub_client(hub: HubConfig) -> Client:
    """A client for what [hub] names. Raises ConfigProblem."""
    if hub.url is None:
        raise ConfigProblem("hub.url is missing: name the hub, or leave [hub] out")
    ca, cert = hub.ca, hub.cert
    if hub.identity is not None:
        try:
            identity.load(hub.identity)
        except identity.IdentityProblem as why:
            raise ConfigProblem(f"hub.identity: {why}") from why
        ca, cert = ca or hub.identity / AUTHORITY, cert or hub.identity / IDENTITY
    return Client(hub.url, token_file=hub.token_file, ca=ca, cert=cert, key=hub.key)


async def reach(hub: HubConfig) -> str | None:
    """Ask the hub for its health: None, or why there is no answer. Raises ConfigProblem."""
    if hub.url is None:
        return "hub.url is missing"
    async with hub_client(hub) as client:
        answer = await client.request("GET", "/health")
    if answer.status == 0:
        return answer.body.decode("utf-8", "replace")
    if answer.status == 200:
        return None
    return f"it answers {answer.status}: {error_of(answer.body) or 'is this the hub?'}"


def _version(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _unheard(_: Receipt) -> None: ...
