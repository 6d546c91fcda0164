"""A real browser: Debian's Chromium without a screen, one for each module of tests, a new profile for each visit.

The pages' servers run in a loop of their own beside it (`Aside`), since the browser is driven from the test's thread.
"""

import asyncio
import os
import shutil
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
AXE = ROOT / ".cache" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE_MS = 20_000  # the machines are small and noisy
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


class Aside:
    """A loop in a thread of its own, for servers, until `close`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._stack = AsyncExitStack()

    def enter(self, context: AbstractAsyncContextManager[T]) -> T:
        """Enter it there; it ends with `close`."""
        return self.run(self._stack.enter_async_context(context))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        self.run(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass
class Visit:
    """One page in a profile of its own, with what it asked for and complained of."""

    page: Page
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def assert_stayed(self) -> None:
        """Every request went to the page's own origin, nothing was kept, and nothing was complained of."""
        origin = urlsplit(self.page.url).netloc
        elsewhere = [each.url for each in self.requests if urlsplit(each.url).netloc != origin]
        assert elsewhere == []
        assert self.page.context.cookies() == []
        assert self.complaints == []

    def sent(self) -> str:
        """Every URL, header and body that went out."""
        return "\n".join(
            f"{each.url} {each.all_headers()} {each.post_data}" for each in self.requests
        )

    def violations(self) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA and good practice; the CSP stays as it is."""
        if not self.page.evaluate("typeof axe !== 'undefined'"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate(
            "async (tags) => (await axe.run(document, {runOnly: tags, resultTypes: ['violations']}))"
            ".violations.map(v => v.id + ': ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join(' | '))",
            list(_RULES),
        )
        return [str(each) for each in found]

    def shot(self, name: str) -> None:
        """A picture of the whole page, into the folder TAGWRIGHT_SCREENSHOTS where that is set."""
        folder = os.environ.get("TAGWRIGHT_SCREENSHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{folder}/{name}.png", full_page=True)


class Chromium:
    """A browser that runs."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    @contextmanager
    def visit(
        self,
        language: str = "en",
        theme: Literal["light", "dark"] = "light",
        size: dict[str, int] = PHONE,
        script: bool = True,
        before: str = "",
    ) -> Iterator[Visit]:
        """A page of a new profile. before: JavaScript that runs ahead of the page's own."""
        context = self.browser.new_context(
            locale=language,
            color_scheme=theme,
            viewport={"width": size["width"], "height": size["height"]},
            java_script_enabled=script,
        )
        context.set_default_timeout(PATIENCE_MS)
        if before:
            context.add_init_script(before)
        page = context.new_page()
        visit = Visit(page)
        page.on("request", lambda request: visit.requests.append(request))
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on("dialog", lambda dialog: visit.complaints.append(f"dialog: {dialog.message}"))
        page.on(
            "console",
            lambda said: visit.complaints.append(said.text) if said.type == "error" else None,
        )
        try:
            yield visit
        finally:
            context.close()


def program() -> str | None:
    """Chromium's path: TAGWRIGHT_CHROMIUM, else Debian's."""
    return os.environ.get("TAGWRIGHT_CHROMIUM") or shutil.which("chromium")


@contextmanager
def launched() -> Iterator[Chromium]:
    """Chromium, until the context ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), headless=True, args=FLAGS)
        try:
            yield Chromium(browser)
        finally:
            browser.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """A module's browser: while it is driven, its thread can run no loop of another module's tests."""
    from witness import require  # the tests' own; a bench has no witness of that name

    require(program(), "chromium")
    require(AXE.is_file(), "axe-core (npm, into .cache/axe)")
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def aside() -> Iterator[Aside]:
    """A loop for a module's servers."""
    found = Aside()
    try:
        yield found
    finally:
        found.close()
