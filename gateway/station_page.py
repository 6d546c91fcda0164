"""The station page on its port: the page's rooms, who may come in, and the server, as the configuration has them."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.routing import BaseRoute

from gateway.beside import beside
from gateway.config import Config, ConfigProblem, WebConfig, is_near, token
from gateway.hub.serve import Tls, running
from gateway.journal import Journal
from gateway.sync.http import ask_once
from gateway.web.accounts import AccountProblem, Accounts
from gateway.web.login import Login
from gateway.web.oidc import Oidc
from gateway.web.person import GUEST, Person, Who, anyone
from gateway.web.sessions import Sessions
from gateway.web.station.app import StationPage
from gateway.web.station.line import Line
from gateway.web.station.told import Notices

log = logging.getLogger(__name__)


@asynccontextmanager
async def station_page(
    config: Config, web: WebConfig, journal: Journal, line: Line, notices: Notices
) -> AsyncIterator[str]:
    """Serve it for as long as the context lasts; yields its address. Raises ConfigProblem."""
    who, more = entrance(web, journal)
    page = StationPage(journal, line, config, notices, who, more)
    tls = Tls(web.cert, web.key) if web.cert and web.key else None
    async with beside(page.run(), "station page"), running(page.app, web.address, tls) as url:
        log.info("the station page is at %s/", url)
        try:
            yield url
        finally:
            page.close()


def entrance(web: WebConfig, journal: Journal) -> tuple[Who, list[BaseRoute]]:
    """Whose requests are whose, and the routes of logging in. Raises ConfigProblem."""
    if not web.keeps_accounts:
        return (anyone if web.display else _at_this_machine), []
    accounts = Accounts(web.accounts) if web.accounts is not None else None
    oidc = None
    if web.oidc is not None:
        file = web.oidc.client_secret_file
        secret = token(file, "web.oidc.client_secret_file") if file is not None else None
        oidc = Oidc(web.oidc, secret, ask_once)
    if accounts is not None:
        try:
            accounts.people()
        except AccountProblem as why:
            raise ConfigProblem(f"web.accounts: {why}") from why
    sessions = Sessions(_still(accounts))
    login = Login(journal, sessions, accounts, oidc)
    return (_or_guest(sessions.who) if web.display else sessions.who), [*login.routes()]


def _at_this_machine(request: Request) -> Person | None:
    """Everyone who reached the page by a name of this machine: not another site that has its name lead here."""
    return GUEST if is_near(request.url.hostname or "") else None


def _still(accounts: Accounts | None) -> Callable[[Person], Person | None]:
    """The person as the file has him now; the one of an identity provider, as he was told, until his session ends."""

    def still(person: Person) -> Person | None:
        if person.account != "local" or accounts is None:
            return person
        try:
            return accounts.still(person)
        except AccountProblem as why:
            log.error("%s", why)
            return None

    return still


def _or_guest(who: Who) -> Who:
    def asked(request: Request) -> Person | None:
        return who(request) or GUEST

    return asked
