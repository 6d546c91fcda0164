"""Logging in to the station page in a real browser, by keyboard: what it sends, keeps, and shows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from browser import PHONE, Aside, Chromium, Visit
from station_pages import StillLine

from gateway.config import Config, WebConfig
from gateway.hub.serve import running
from gateway.journal import Journal
from gateway.web.accounts import Accounts
from gateway.web.login import Login
from gateway.web.sessions import Sessions
from gateway.web.station.app import StationPage
from gateway.web.words import offered

PASSWORD = "correct horse battery"
NARROW = {"width": 320, "height": 640}  # WCAG 2.2, 1.4.10: 1280 pixels at 400 %

pytestmark = pytest.mark.witness


@asynccontextmanager
async def kept(folder: Path) -> AsyncIterator[str]:
    accounts = Accounts(
        folder / "accounts.json", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    )
    accounts.put("ada", "engineer", PASSWORD)
    config = Config(web=WebConfig(accounts=accounts.path))
    async with Journal(folder / "journal.db") as journal:
        sessions = Sessions(accounts.still)
        login = Login(journal, sessions, accounts, None)
        page = StationPage(journal, StillLine(), config, None, sessions.who, login.routes())
        following = asyncio.create_task(page.run())
        async with running(page.app) as url:
            yield url
            page.close()
        following.cancel()


@pytest.fixture(scope="module")
def url(aside: Aside, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("login")
    return aside.enter(kept(folder))


def typed(visit: Visit, url: str, password: str) -> None:
    """Log in without a mouse."""
    visit.page.goto(f"{url}/login?to=/configuration")
    visit.page.get_by_label("Name").focus()
    visit.page.keyboard.type("ada")
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.type(password)
    visit.page.keyboard.press("Enter")


def test_a_browser_logs_in_and_says_where_the_form_came_from(chromium: Chromium, url: str) -> None:
    with chromium.visit(size=PHONE) as visit:
        typed(visit, url, PASSWORD)
        visit.page.wait_for_url(f"{url}/configuration")
        (cookie,) = visit.page.context.cookies()
        assert cookie["httpOnly"] and cookie["sameSite"] == "Strict"
        visit.page.locator("form[action='/logout'] button").press("Enter")
        visit.page.wait_for_url(f"{url}/login?*")
        assert visit.page.context.cookies() == []
        posted = [each for each in visit.requests if each.method == "POST"]
        # What a browser without Fetch Metadata is known by: a page without any referrer sends "null" here
        assert [each.all_headers()["origin"] for each in posted] == [url, url]


def test_a_wrong_password_is_told_and_heard(chromium: Chromium, url: str) -> None:
    with chromium.visit(size=PHONE) as visit:
        typed(visit, url, "wrong")
        assert visit.page.get_by_role("alert").inner_text()
        assert visit.violations() == []
        assert visit.page.context.cookies() == []


def test_after_a_wrong_password_the_page_that_was_asked_for_comes_in_the_language_picked(
    chromium: Chromium, url: str
) -> None:
    asked = f"{url}/product?product=P%2F1&lang=de&theme=dark"
    with chromium.visit("nl", size=PHONE) as visit:
        page = visit.page
        page.goto(asked)
        for password, after in (("wrong", f"{url}/login?failed=wrong*"), (PASSWORD, asked)):
            page.get_by_label("Name").fill("ada")
            page.get_by_label("Passwort").fill(password)
            page.get_by_role("button", name="Anmelden").click()
            page.wait_for_url(after)
            root = page.locator("html")
            assert (root.get_attribute("lang"), root.get_attribute("data-theme")) == ("de", "dark")


@pytest.mark.parametrize("language", offered("station"))
def test_the_pages_fit_a_narrow_screen_and_wide_letters(
    chromium: Chromium, url: str, language: str
) -> None:
    with chromium.visit(size=NARROW) as visit:
        typed(visit, url, PASSWORD)
        visit.page.wait_for_url(f"{url}/configuration")
        for path in ("/", "/history", "/charts", "/product", "/configuration", "/login"):
            visit.page.goto(f"{url}{path}?lang={language}")
            wide = visit.page.evaluate(
                """() => {
                  const sheet = new CSSStyleSheet(); // WCAG 2.2, 1.4.12, "Text Spacing"
                  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important;
                    word-spacing: .16em !important; } p { margin-bottom: 2em !important; }`);
                  const before = document.documentElement.scrollWidth;
                  document.adoptedStyleSheets = [sheet];
                  const small = [...document.querySelectorAll("a, button, input, select, summary")]
                    .filter((each) => each.offsetParent && !each.matches(".skip, [type=hidden]"))
                    .filter((each) => Math.min(each.offsetWidth, each.offsetHeight) < 24)
                    .map((each) => each.outerHTML.slice(0, 99));
                  return [before, document.documentElement.scrollWidth, small];
                }"""
            )
            assert wide == [320, 320, []], path
