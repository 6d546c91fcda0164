"""Logging in by OpenID Connect Core 1.0: the authorization code flow with PKCE (RFC 7636), and the ID token checked.

The issuer's metadata (OpenID Connect Discovery 1.0) and keys are fetched when somebody logs in, and kept for a while.
"""

import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt

from gateway.config import OidcConfig
from gateway.web.person import ROLES, Person

_KEPT_S = 600.0  # metadata and keys
_PENDING_S = 600.0  # for somebody who is asked for his password elsewhere
_MOST_PENDING = 1000
_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "RS384", "RS512", "ES384", "PS384", "PS512")
_LEEWAY_S = 60

Fields = Mapping[str, str]
Ask = Callable[[str, str, Fields | None, tuple[str, str] | None], Awaitable[tuple[int, bytes]]]
"""(method, URL, form, user and password) -> status and body, in a few seconds; a megabyte. Raises ConnectionError."""


class OidcTrouble(Exception):
    """Nobody is logged in; the text says why, for the person at the page."""


class NotBegun(OidcTrouble):
    """Somebody comes back who was not sent there from here, or too long ago."""


@dataclass(frozen=True)
class Begun:
    """A login that is under way elsewhere: where to send the browser, and the key that its cookie keeps."""

    url: str
    key: str


@dataclass(frozen=True)
class _Pending:
    state: str
    nonce: str
    verifier: str
    redirect: str
    to: str
    until: float


class Oidc:
    """secret: the client's; None for a public client. now: Unix seconds."""

    def __init__(
        self,
        config: OidcConfig,
        secret: str | None,
        ask: Ask,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._secret = secret
        self._ask = ask
        self._now = now
        self._pending: dict[str, _Pending] = {}
        self._metadata: tuple[float, dict[str, Any]] = (0.0, {})
        self._keys: tuple[float, jwt.PyJWKSet | None] = (0.0, None)

    async def begin(self, base: str, to: str) -> Begun:
        """Send somebody there. base: what our page's URLs begin with; to: where he goes on. Raises OidcTrouble."""
        now = self._now()
        self._pending = {k: each for k, each in self._pending.items() if each.until > now}
        if len(self._pending) >= _MOST_PENDING:
            raise OidcTrouble("too many people are logging in just now: try again in a few minutes")
        found = await self._discovered()
        redirect = f"{self._config.redirect or base}/login/callback"
        pending = _Pending(
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(48),
            redirect,
            to,
            now + _PENDING_S,
        )
        key = secrets.token_urlsafe(24)
        self._pending[key] = pending
        challenge = urlsafe_b64encode(sha256(pending.verifier.encode()).digest()).rstrip(b"=")
        query = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "redirect_uri": redirect,
            "scope": " ".join(["openid", *self._config.scopes]),
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        at = str(found["authorization_endpoint"])
        return Begun(f"{at}{'&' if '?' in at else '?'}{urlencode(query)}", key)

    async def end(self, key: str, answer: Mapping[str, str]) -> tuple[Person, str]:
        """(who came back, where he goes on). key: his cookie's; answer: the callback's query. Raises OidcTrouble."""
        pending = self._pending.pop(key, None)
        if pending is None or pending.until < self._now():
            raise NotBegun("this login was not begun here, or too long ago: begin it again")
        if not secrets.compare_digest(answer.get("state", "").encode(), pending.state.encode()):
            raise OidcTrouble("this login was begun elsewhere: begin it again")
        if "code" not in answer:
            raise OidcTrouble(f"the identity provider says: {answer.get('error', 'nothing')[:100]}")
        found = await self._discovered()
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": pending.redirect,
            "client_id": self._config.client_id,
            "code_verifier": pending.verifier,
        }
        basic = None
        if self._secret is not None:
            methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
            if "client_secret_basic" in methods:
                basic = (quote(self._config.client_id, ""), quote(self._secret, ""))
            else:
                form["client_secret"] = self._secret
        said = await self._asked("POST", str(found["token_endpoint"]), form, basic)
        claims = await self._checked(str(said.get("id_token", "")))
        if claims.get("nonce") != pending.nonce:
            raise OidcTrouble("the ID token is of another login")
        return self._person(claims), pending.to

    def _person(self, claims: Mapping[str, Any]) -> Person:
        said = claims.get(self._config.role_claim)
        named = said if isinstance(said, list) else [said]
        known = self._config.roles
        roles = [known[each] for each in named if isinstance(each, str) and each in known]
        name = str(claims.get("name") or claims.get("preferred_username") or claims["sub"])[:64]
        if not roles:
            raise OidcTrouble("this person has no role here: see [web.oidc] roles")
        return Person(name, max(roles, key=ROLES.index), "oidc", str(claims["sub"])[:255])

    async def _checked(self, token: str) -> Mapping[str, Any]:
        """The claims of an ID token (OpenID Connect Core, "ID Token Validation"). Raises OidcTrouble."""
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(header.get("kid"))
            algorithm = header.get("alg")
            if algorithm not in _ALGORITHMS or algorithm != (key.algorithm_name or algorithm):
                raise OidcTrouble(f"the ID token's algorithm {algorithm!r} is not accepted")
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._config.client_id,
                issuer=self._config.issuer,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iat", "sub", "iss", "aud", "nonce"]},
            )
        except jwt.PyJWTError as why:
            raise OidcTrouble(f"the ID token is not accepted: {why}") from why
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self._config.client_id:
            raise OidcTrouble("the ID token was made for another client")
        return claims

    async def _key(self, kid: object) -> jwt.PyJWK:
        """The issuer's key of that name; fetched anew where it is not known. Raises OidcTrouble, jwt.PyJWTError."""
        for is_last in (False, True):
            if self._keys[1] is None or is_last or self._keys[0] + _KEPT_S < self._now():
                found = await self._discovered()
                said = await self._asked("GET", str(found["jwks_uri"]))
                self._keys = (self._now(), jwt.PyJWKSet.from_dict(dict(said)))
            assert self._keys[1] is not None
            keys = [
                each
                for each in self._keys[1].keys
                if each.public_key_use != "enc" and (kid is None or each.key_id == kid)
            ]
            if len(keys) == 1:
                return keys[0]
        raise OidcTrouble("the ID token is signed by a key that the issuer does not publish")

    async def _discovered(self) -> dict[str, Any]:
        at, found = self._metadata
        if not found or at + _KEPT_S < self._now():
            url = f"{self._config.issuer.rstrip('/')}/.well-known/openid-configuration"
            found = dict(await self._asked("GET", url))
            if found.get("issuer") != self._config.issuer:
                raise OidcTrouble(f"{url} is of another issuer: {str(found.get('issuer'))[:100]}")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not _is_like(str(found.get(name, "")), self._config.issuer):
                    raise OidcTrouble(f"{url} names no {name} over https")
            self._metadata = (self._now(), found)
        return found

    async def _asked(
        self,
        method: str,
        url: str,
        form: Fields | None = None,
        basic: tuple[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """The JSON object that is answered. Raises OidcTrouble."""
        host = urlsplit(url).netloc
        try:
            status, content = await self._ask(method, url, form, basic)
            if status != 200:
                raise OidcTrouble(f"{host} answers {status}")
            said = json.loads(content)
        except ConnectionError as why:
            raise OidcTrouble(f"{host} cannot be asked: {why}") from why
        except (ValueError, RecursionError) as why:
            raise OidcTrouble(f"{host} answers no JSON") from why
        if not isinstance(said, dict):
            raise OidcTrouble(f"{host} answers no JSON object")
        return said


def _is_like(url: str, issuer: str) -> bool:
    """Whether a URL of the metadata is as safe as the issuer's own."""
    scheme = urlsplit(url).scheme
    return scheme == "https" or (scheme == "http" and urlsplit(issuer).scheme == "http")
