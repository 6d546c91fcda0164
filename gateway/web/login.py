"""Logging in to the station page and out again: by a local account, or by OpenID Connect. Each is in the journal.

POST /login            form name, password, to: 303 to where he goes on, or to /login?failed=KEY
GET  /login/oidc?to=   303 to the identity provider          GET /login/callback   from there
POST /logout           303 to / in the language and theme that its query names

failed: "wrong" (name or password), "often" (too many tries), "oidc" (the provider's login came to nothing; the log says
why), "accounts" (the file cannot be read; the log says why). A form of another site is refused. Who tries too often
from one address keeps nobody else out; addresses are counted in memory alone, and stand nowhere.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.journal import Journal
from gateway.journal_file import JournalFailed, JournalFull
from gateway.readers.allowance import Allowance
from gateway.web import words
from gateway.web.accounts import AccountProblem, Accounts
from gateway.web.oidc import NotBegun, Oidc, OidcTrouble
from gateway.web.person import Person
from gateway.web.sessions import Sessions, keep, kept
from gateway.web.station.pages import picked, viewed
from gateway.web.templates import render

log = logging.getLogger(__name__)

AUDIT, STATION = "audit", "page"

_LONGEST = 4096  # bytes of a form
_FROM = (
    20,
    1 / 15,
)  # logins from one address: at once, and a second; fewer than of one name, and of all
_TRIES = (30, 0.1)
_ALL_TRIES = (60, 0.5)
_MOST = 1000  # names, and addresses, that are counted
_NETWORK = 64  # bits of an IPv6 address: who has one address has all of these
_WAY = "-login"  # the cookie of a login that is under way elsewhere


class Login:
    """accounts, oidc: None where there are none. ticks: seconds that only run forward."""

    def __init__(
        self,
        journal: Journal,
        sessions: Sessions,
        accounts: Accounts | None,
        oidc: Oidc | None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._sessions = sessions
        self._accounts = accounts
        self._oidc = oidc
        self._ticks = ticks
        self._all = Allowance(*_ALL_TRIES)
        self._names = _Each(*_TRIES)
        self._addresses = _Each(*_FROM)
        self._hashing = asyncio.Lock()  # Argon2id takes 64 MiB each time

    def routes(self) -> list[Route]:
        """For the station page's application."""
        found = [Route("/logout", self._out, methods=["POST"])]
        if self._accounts is not None:
            found.append(Route("/login", self._in, methods=["POST"]))
        if self._oidc is not None:
            found.append(Route("/login/oidc", self._away, methods=["GET"]))
            found.append(Route("/login/callback", self._back, methods=["GET"]))
        return found

    async def _in(self, request: Request) -> Response:
        assert self._accounts is not None
        if _is_foreign(request):
            return _foreign()
        form = await _form(request)
        name, to = form.get("name", "")[:64], path(form.get("to", ""))
        if self._is_too_often(request) or self._names.spend(name, self._ticks()):
            return _failed("often", to)
        password = form.get("password", "")[:1024]
        try:
            async with self._hashing:
                person = await asyncio.to_thread(self._accounts.check, name, password)
            known = self._accounts.find(name)
        except AccountProblem as why:
            log.error("%s", why)
            return _failed("accounts", to)
        if person is None:  # what was typed may be a password: no other name is kept
            await self._record("login", Person(name if known else "", "", "local"), False)
            return _failed("wrong", to)
        return await self._logged_in(request, person, RedirectResponse(to, 303))

    async def _away(self, request: Request) -> Response:
        assert self._oidc is not None
        to = path(request.query_params.get("to", ""))
        if self._is_too_often(request):
            return _failed("often", to)
        try:
            base = f"{request.url.scheme}://{request.url.netloc}"
            begun = await self._oidc.begin(base, to)
        except OidcTrouble as why:
            log.warning("nobody can log in by OpenID Connect: %s", why)
            return _failed("oidc", to)
        response = RedirectResponse(begun.url, 303)
        keep(request, response, begun.key, 600, _WAY, "lax")
        return response

    async def _back(self, request: Request) -> Response:
        """A page, not a redirect: a browser that comes from another site sends no strict cookie along with one."""
        assert self._oidc is not None
        try:
            person, to = await self._oidc.end(kept(request, _WAY), dict(request.query_params))
        except NotBegun as why:  # which anybody can have happen, as often as he likes
            log.debug("a login by OpenID Connect came to nothing: %s", why)
            return _failed("oidc", "/")
        except OidcTrouble as why:
            log.warning("a login by OpenID Connect came to nothing: %s", why)
            await self._record("login", Person("", "", "oidc"), False)
            return _failed("oidc", "/")
        language = words.chosen(request.headers.get("accept-language"), "station")
        page = render("station_on.html", words.words(language, "common", "station"), to=to)
        response = HTMLResponse(page, headers={"Cache-Control": "no-store"})
        keep(request, response, "", 0, _WAY, "lax")
        return await self._logged_in(request, person, response)

    async def _out(self, request: Request) -> Response:
        if _is_foreign(request):
            return _foreign()
        person = self._sessions.who(request)
        response = RedirectResponse(viewed("/", picked(request.query_params)), 303)
        self._sessions.end(request, response)
        if person is not None:
            await self._record("logout", person, True)
        return response

    async def _logged_in(self, request: Request, person: Person, response: Response) -> Response:
        if not await self._record("login", person, True):
            return JSONResponse({"error": "the journal takes no row: nobody can log in"}, 503)
        self._sessions.begin(request, response, person)
        return response

    async def _record(self, act: str, person: Person, allowed: bool) -> bool:
        """Whether it stands in the journal now."""
        body: dict[str, Any] = {"act": act, **person.told(), "allowed": allowed}
        try:
            await self._journal.append(AUDIT, STATION, b"", "", body)
        except (JournalFull, JournalFailed) as why:
            log.error("an act could not be kept: %s", why)
            return False
        return True

    def _is_too_often(self, request: Request) -> bool:
        now = self._ticks()
        return self._addresses.spend(_network(request), now) or bool(self._all.spend(1, now))


class _Each:
    """An allowance for each name; the names that were not heard for longest are forgotten."""

    def __init__(self, at_once: float, per_s: float) -> None:
        self._terms = (at_once, per_s)
        self._held: dict[str, Allowance] = {}

    def spend(self, name: str, now: float) -> bool:
        """Whether there is none left."""
        own = self._held.pop(name, None) or Allowance(*self._terms)
        self._held[name] = own
        if len(self._held) > _MOST:
            del self._held[next(iter(self._held))]
        return bool(own.spend(1, now))


def path(said: str) -> str:
    """A path of this page to go on to; "/" for whatever is none."""
    is_ours = said.startswith("/") and not said.startswith(("//", "/\\")) and said.isprintable()
    return said if is_ours and len(said) <= 1000 else "/"


def _network(request: Request) -> str:
    """Where it comes from, "" where that cannot be told."""
    try:
        found = ip_address(request.client.host if request.client is not None else "")
    except ValueError:
        return ""
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ip_network((int(found), _NETWORK), strict=False))


def _is_foreign(request: Request) -> bool:
    """Whether another site's page sends it (Fetch Metadata, "Sec-Fetch-Site"; Origin where a browser has it not)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host")


def _foreign() -> Response:
    return JSONResponse({"error": "sent by another site's page"}, 403)


def _failed(why: str, to: str) -> Response:
    chosen = picked(dict(parse_qsl(to.partition("?")[2])))  # in the language that he came from
    return RedirectResponse(f"/login?{urlencode({'failed': why, 'to': to} | chosen)}", 303)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form, each once; {} where it is none, or too long."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST:
            return {}
    try:
        said = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[0] for name, values in said.items()}
