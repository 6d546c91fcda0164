"""Reports and the inspector in a real browser: without a script, by keyboard, in every language, and nothing kept."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import httpx2
import pytest
from browser import DESK, PHONE, Aside, Chromium, Visit
from hub_register import Source, signed
from hub_rooms import passport

from edge.trust import TrustList
from gateway.hub.access_tables import AccessTable
from gateway.hub.app import opened
from gateway.hub.credential import Credential, bearer
from gateway.hub.serve import running
from gateway.hub.settings import HubSettings
from gateway.keys import DeviceKey, TrustStore
from gateway.web import report
from gateway.web.words import NAMES, words

GTIN = "09520123456788"
ITEM = f"/01/{GTIN}/21/A1"
EVIL = "<script>alert(1)</script>\u202egnp.exe\u200b\"'><img src=x onerror=alert(2)>"
EN = words("en", *report.SECTIONS)
STATES = ("form", "wrong", "reports", "inspect", "inspected")
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@dataclass
class Site:
    """A hub that runs, whose clock is `ahead_s` before the machine's: nobody waits for a form."""

    url: str
    issuer: DeviceKey
    ahead_s: float = 0

    def credential(self, role: str, ends_s: int = 9999) -> str:
        """Of somebody in this role; ends_s: from now."""
        now, holder = int(time.time()), DeviceKey.generate().public
        said = Credential(
            "m", "R", (role,), now - 9999, now + ends_s, now - 9999, bytes(16), holder
        )
        return bearer(said.sign(self.issuer))


@asynccontextmanager
async def reporting(folder: Path) -> AsyncIterator[Site]:
    """A site with the item A1, of whose passport two classes of data are restricted."""
    now = int(time.time())
    root, issuer = DeviceKey.generate(), DeviceKey.generate(operator="ministry")
    entry = issuer.card.entry(now - 9999, roles=("credential-issuer", "manager-issuer"))
    TrustStore(folder / "trust.cbor").save(TrustList(1, now, now + 10**6, (entry,)), root)
    (folder / "token").write_text("secret")
    settings = HubSettings(
        database=str(folder / "hub.db"),
        token_file=folder / "token",
        access=AccessTable(audit_key=folder / "audit.key", trust=folder / "trust.cbor"),
    )
    site = Site("", issuer)
    async with opened(settings, lambda: time.time_ns() + int(site.ahead_s * 1e9)) as hub:
        source = Source("gw")
        source.wrote(signed(0), reason=EVIL)
        await source.send(hub.ledger)
        await hub.clerk.settled()
        async with running(hub.app, http="h11") as site.url:
            headers = {"Authorization": "Bearer secret"}
            async with httpx2.AsyncClient(base_url=site.url, headers=headers) as manager:
                said = passport(
                    f"{site.url}{ITEM}",
                    materials=[{"name": "Steel", "mass_g": 520}, {"name": EVIL, "mass_g": 31}],
                    repair={"instructions": "Four screws, T20.", "service code": "4711"},
                    inspection={"result": "passed", "inspector": EVIL},
                    accessClasses={
                        "/repair/service code": "legitimate_interest",
                        "/materials/1": "legitimate_interest",
                        "/inspection": "authorities",
                    },
                ) | {"product": {"name": "Cordless drill D18", "manufacturer": "Example Works"}}
                assert (await manager.post("/v1/dpps", json=said)).status_code == 201
            yield site


@pytest.fixture(scope="module")
def site(aside: Aside, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return aside.enter(reporting(tmp_path_factory.mktemp("reports")))


@pytest.fixture(autouse=True)
def tomorrow(site: Site) -> Iterator[None]:
    """Each test has a day of its own."""
    yield
    site.ahead_s += 86400


def send(visit: Visit, site: Site, text: str = "Screen replaced", kind: str = "repair") -> None:
    """Fill in the form that is open, as a person does, and send it."""
    visit.page.check(f"#{kind}")
    visit.page.fill("#day", date.today().isoformat())
    visit.page.fill("#text", text)
    site.ahead_s += 60
    visit.page.click("button[type=submit]")


def stayed(visit: Visit) -> None:
    """As assert_stayed; that a refusal is an error to the browser is no complaint."""
    visit.complaints[:] = [each for each in visit.complaints if "a status of 4" not in each]
    visit.assert_stayed()


def test_a_report_needs_no_script_and_keeps_nothing(chromium: Chromium, site: Site) -> None:
    with chromium.visit(script=False) as visit:
        visit.page.goto(f"{site.url}{ITEM}")
        visit.page.click("#reports a.button")
        send(visit, site, "Call 06-12345678\n" + EVIL)
        assert EN("report.problem.phone") in visit.page.inner_text("[role=alert]")
        assert EN("report.problem.markup") in visit.page.inner_text("#text-wrong")
        assert visit.page.input_value("#text") == "Call 06-12345678\n" + EVIL
        assert visit.page.is_checked("#repair")
        visit.shot("report-refused")
        send(visit, site, "🔧" * 500)
        visit.page.wait_for_url(f"{site.url}{ITEM}?lang=en#reports")
        shown = visit.page.inner_text("#reports")
        assert EN("report.state.pending") in shown
        assert "🔧" * 500 in shown
        visit.page.click("#reports a.button")
        send(visit, site, "", "handover")
        visit.page.wait_for_url(f"{site.url}{ITEM}?lang=en#reports")
        assert visit.page.inner_text("#reports li >> nth=0").startswith(EN("report.kind.handover"))
        visit.shot("reports")
        stayed(visit)


@pytest.mark.parametrize("language", NAMES)
def test_each_state_is_for_everybody(chromium: Chromium, site: Site, language: str) -> None:
    """axe-core, which is slow, looks at another state in each language."""
    place = list(NAMES).index(language)
    t, found = words(language, *report.SECTIONS), []
    with chromium.visit(language, THEMES[place % 2], (PHONE, DESK)[place % 2]) as visit:

        def state(name: str) -> None:
            if name == STATES[place]:
                found.extend(visit.violations())
            if visit.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{name} is too wide")
            visit.shot(f"{name}-{language}")

        visit.page.goto(f"{site.url}/report{ITEM}")
        assert visit.page.title() == t("report.form.title")
        state("form")
        send(visit, site, "Herr Müller, 06-12345678, www.x.nl")
        for name in ("name", "phone", "link"):
            assert t(f"report.problem.{name}") in visit.page.inner_text("#text-wrong")
        state("wrong")
        send(visit, site, "Bildschirm 屏幕 שבור \u202e<3")
        visit.page.wait_for_url("**/01/**")
        shown = visit.page.inner_text("#reports")
        assert t("report.state.pending") in shown
        assert "שבור \ufffd<3" in shown
        state("reports")

        visit.page.click(f"text={t('passport.inspect')}")
        credential = site.credential("authority")
        visit.page.fill("#inspect-credential", credential)
        state("inspect")
        visit.page.click("button[type=submit]")
        visit.page.wait_for_selector("#inspect-result .restricted")
        state("inspected")
        assert visit.page.input_value("#inspect-credential") == ""
        written = t("record.outcome.commissioned")
        for where, kind in (
            ("#care .restricted:has-text('4711')", "interest"),
            ("#materials .restricted:has-text('\ufffdgnp.exe')", "interest"),
            (f"#history tr.restricted:has-text('{written}')", "interest"),
            (".restricted:has-text('passed')", "authorities"),
        ):
            badge = visit.page.inner_text(f"{where} >> .restricted-mark")
            assert badge == t(f"report.inspect.{kind}")
        marked = "\n".join(visit.page.locator(".restricted").all_inner_texts())
        assert "Four screws" not in marked
        assert "Steel" not in marked
        assert found == []
        assert credential not in visit.page.content()
        assert not [each for each in visit.requests if credential[:40] in each.url]
        kept = "JSON.stringify([localStorage, sessionStorage, document.cookie, history.state])"
        assert visit.page.evaluate(kept) == '[{},{},"",null]'
        visit.page.click("#inspect-forget button")
        assert visit.page.locator(".restricted").count() == 0
        stayed(visit)


def test_a_credential_that_does_not_count_is_told_in_plain_words(
    chromium: Chromium, site: Site
) -> None:
    with chromium.visit() as visit:
        visit.page.goto(f"{site.url}/inspect?link={site.url}{ITEM}")

        def told(credential: str, key: str, link: str = ITEM) -> str:
            visit.page.fill("#inspect-link", link)
            visit.page.fill("#inspect-credential", credential)
            visit.page.click("button[type=submit]")
            visit.page.wait_for_selector(f"#inspect-said:has-text('{EN(f'report.inspect.{key}')}')")
            return visit.page.inner_text("#inspect-said")

        told("", "wrong_credential")
        told("no credential: é", "wrong_credential")
        told("abc", "refused")
        assert "expired" in told(site.credential("authority", -999), "refused")
        assert visit.page.locator("#inspect-result").is_hidden()
        assert visit.violations() == []
        visit.shot("inspect-refused")
        good = f"Bearer {site.credential('legitimate_interest')}\n"
        told(good, "missing", "/01/4006381333931")
        told(good, "wrong_link", "https://example.org/")
        told(good, "wrong_link", "/01/09520123456789")
        visit.page.set_input_files(
            "#inspect-file", {"name": "c.txt", "mimeType": "text/plain", "buffer": good.encode()}
        )
        visit.page.fill("#inspect-link", f"https://id.example.org{ITEM}?x=1#y")
        visit.page.wait_for_function("document.getElementById('inspect-credential').value")
        visit.page.click("button[type=submit]")
        visit.page.wait_for_selector("#inspect-result .restricted")
        shown = visit.page.inner_text("#inspect-result")
        assert "4711" in shown
        assert "passed" not in shown  # for authorities
        visit.page.click("button[type=submit]")  # the same credential serves again
        visit.page.wait_for_selector("#inspect-result .restricted")
        visit.page.click("a[hreflang=de]")
        visit.page.go_back()
        visit.page.wait_for_selector("#inspect-form:visible")
        assert visit.page.locator(".restricted").count() == 0
        assert visit.page.input_value("#inspect-credential") == ""
        stayed(visit)


def test_without_a_script_the_inspectors_page_says_so(chromium: Chromium, site: Site) -> None:
    with chromium.visit(script=False) as visit:
        visit.page.goto(f"{site.url}/inspect?link=%22%3E%3Cimg+src=x%3E%E2%80%AE")
        assert EN("report.inspect.no_script") in visit.page.inner_text("main")
        assert visit.page.is_hidden("#inspect-form")
        assert visit.page.locator("img").count() == 0
        visit.shot("inspect-no-script")
