"""How a gateway comes to its identity at the hub, and keeps it: enrolment with a one-time token, and renewals.

The token is "SECRET.PIN.NAME". PIN is the SHA-256 of the hub's CA, so the CA may be fetched from anyone: what does not
have that hash is refused before the secret goes out.
"""

import asyncio
import hashlib
import json
import logging
import random
import re
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway import identity
from gateway.identity import Identity, IdentityProblem
from gateway.sync.answer import Answer
from gateway.sync.http import Client
from gateway.sync.receipt import error_of

log = logging.getLogger(__name__)

_TOKEN = re.compile(r"[0-9a-f]{48}\.([0-9a-f]{64})\.([A-Za-z0-9][A-Za-z0-9._-]{0,62})")
_PIN = re.compile(r"[0-9a-f]{64}")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_LOOK_S = 3600.0  # the wall clock may step: no longer sleep
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 3600.0


class EnrolmentRefused(Exception):
    """The hub gives no certificate; the text says why."""


class Unusable(ValueError):
    """The token, the pin or the address that was given cannot be one; the text says why."""


class HubAway(ConnectionError):
    """The hub does not answer; the text says why."""


async def enrol(url: str, token: str, folder: Path, pin: str | None = None) -> Identity:
    """Make the folder's identity with a token; done again after a lost answer, it has the same outcome.

    pin: SHA-256 of the hub's CA in hex, instead of the token's. Raises Unusable, EnrolmentRefused, HubAway,
    IdentityProblem, ConfigProblem.
    """
    said = _TOKEN.fullmatch(token)
    if said is None:
        raise Unusable("the token is not whole: it is SECRET.PIN.NAME, as the hub printed it")
    pin, name = (pin or said[1]).lower(), said[2]
    if not _PIN.fullmatch(pin):
        raise Unusable("the CA's pin must be SHA-256 in hex, 64 digits")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as why:
        raise IdentityProblem(f"cannot make {folder}: {why.strerror}") from why
    csr = identity.request(name, identity.pending(folder)).decode()
    tls = await _trusted(url, pin)
    async with Client(url, tls=tls) as client:
        answer = await _post(client, "/v1/enrol", {"token": token, "csr": csr})
    return _adopted(folder, answer)


async def renew(client: Client, folder: Path) -> Identity:
    """Replace the folder's identity by its successor; `client` shows the current certificate.

    Raises EnrolmentRefused, HubAway, IdentityProblem; the identity before stands then.
    """
    csr = identity.request(identity.load(folder).name, identity.pending(folder)).decode()
    return _adopted(folder, await _post(client, "/v1/renew", {"csr": csr}))


class Renewal:
    """Renews the identity in a folder when two thirds of its life are over.

    client: shows the current certificate, and the new one from then on. now: Unix seconds. pause: asyncio.sleep.
    """

    def __init__(
        self,
        client: Client,
        folder: Path,
        now: Callable[[], float] = time.time,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.trouble: str | None = None  # why it is not renewed although it should be
        self._client = client
        self._folder = folder
        self._now = now
        self._pause = pause
        self._uniform = uniform

    async def run(self) -> None:
        """Renew for ever; what fails is told and tried again, ever less often."""
        ceiling_s = _FIRST_PAUSE_S
        async with self._client:
            while True:
                wait_s = await self._look()
                if self.trouble is None:
                    ceiling_s = _FIRST_PAUSE_S
                else:
                    wait_s = self._uniform(ceiling_s / 2, ceiling_s)
                    ceiling_s = min(ceiling_s * 2, _LONGEST_PAUSE_S)
                await self._pause(wait_s)

    async def _look(self) -> float:
        """Renew where it is due; the seconds until the next look."""
        try:
            current = identity.load(self._folder)
            if current.needs_renewal(self._now()):
                current = await renew(self._client, self._folder)
                log.info("the certificate of gateway %s is renewed", current.name)
            self.trouble = None
        except (EnrolmentRefused, HubAway, IdentityProblem) as why:
            if self.trouble != str(why):
                log.error("the gateway's certificate is not renewed: %s", why)
            self.trouble = str(why)
            return 0.0
        return min(max(current.renewal_at - self._now(), 1.0), _LOOK_S)


async def _trusted(url: str, pin: str) -> ssl.SSLContext | None:
    """TLS that trusts the pinned CA and the system's; None for a hub on this machine without TLS."""
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme, parts.hostname
    except ValueError:
        scheme, host = "", None
    if scheme == "http":
        if host not in _LOOPBACK:
            raise Unusable("a token goes over HTTPS alone: write https://")
        return None
    if scheme != "https" or not host:
        raise Unusable(f"{url} is no address of a hub: write https://HOST:PORT")
    unchecked = ssl.create_default_context()
    unchecked.check_hostname = False
    unchecked.verify_mode = (
        ssl.CERT_NONE
    )  # what comes is held against the pin, and no secret is sent
    async with Client(url, tls=unchecked) as client:
        answer = await client.request("GET", "/v1/ca")
    pem = _body(answer)
    try:
        authority = x509.load_pem_x509_certificate(pem)
    except ValueError as why:
        raise EnrolmentRefused(f"{url}/v1/ca is no certificate: is this the hub?") from why
    der = authority.public_bytes(Encoding.DER)
    if hashlib.sha256(der).hexdigest() != pin:
        raise EnrolmentRefused("the hub's CA is not the one of the pin: another hub answers there")
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=der)
    return context


async def _post(client: Client, path: str, said: dict[str, str]) -> bytes:
    headers = {"Content-Type": "application/json"}
    return _body(await client.request("POST", path, json.dumps(said).encode(), headers))


def _body(answer: Answer) -> bytes:
    """The body of a 200. Raises EnrolmentRefused where the hub says no, HubAway where it says nothing of use."""
    if answer.status == 200:
        return answer.body
    if answer.status == 0:
        why = answer.body.decode("utf-8", "replace")
        raise HubAway(f"{why}: is the hub up, and is this one of its names?")
    sentence = error_of(answer.body) or f"it answers {answer.status}"
    if 400 <= answer.status < 500 and answer.status != 429:
        raise EnrolmentRefused(f"the hub refuses: {sentence}")
    raise HubAway(f"the hub is in trouble: {sentence}")


def _adopted(folder: Path, body: bytes) -> Identity:
    try:
        said = json.loads(body)
        cert, authority = said["certificate"].encode(), said["ca"].encode()
        x509.load_pem_x509_certificate(authority)
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as why:
        raise EnrolmentRefused("the hub's answer holds no certificates") from why
    return identity.adopt(folder, cert, authority)
