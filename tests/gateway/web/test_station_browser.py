"""The station page in a real browser: live, without a gap, worked by keyboard, inert, and open to everyone."""

import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from browser import DESK, Aside, Chromium, Visit
from station_pages import GREEN, HOSTILE, PAGES, Site, fill, site, verdict

from gateway.config import ReaderConfig
from gateway.web.words import offered, words

pytestmark = pytest.mark.witness


@pytest.fixture(scope="module")
def at(aside: Aside, tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder: Path = tmp_path_factory.mktemp("station")
    found = aside.enter(site(folder))
    aside.run(fill(found))
    return found


def shown(visit: Visit, seq: int) -> None:
    """Wait until the page shows the row."""
    visit.page.wait_for_selector(f'#last[data-seq="{seq}"]')


def opened(visit: Visit, at: Site, path: str = "/", role: str = "operator") -> None:
    visit.page.set_extra_http_headers({"role": role})
    assert visit.page.goto(at.url + path) is not None


def test_a_scan_appears_at_once_and_says_what_it_is(
    chromium: Chromium, aside: Aside, at: Site
) -> None:
    with chromium.visit(size=DESK) as visit:
        opened(visit, at)
        visit.page.wait_for_selector("#link[data-state=live]")
        for colour, word in (("green", "OK"), ("red", "STOP"), ("amber", "CHECK")):
            seq = aside.run(verdict(at.journal, colour))
            shown(visit, seq)
            last = visit.page.locator("#last")
            assert last.get_attribute("data-state") == colour
            assert word in last.inner_text() and "09520123456788/A1" in last.inner_text()
            drawn = last.locator(".sign path").evaluate_all(
                "all => all.filter(each => getComputedStyle(each).display !== 'none').length"
            )
            assert drawn == 1
            visit.shot(f"station-{colour}")
        visit.assert_stayed()


@pytest.mark.parametrize("language", offered("station"))
def test_the_word_that_is_read_at_three_metres_is_not_broken(
    chromium: Chromium, at: Site, language: str
) -> None:
    with chromium.visit(language, size=DESK) as visit:
        opened(visit, at)
        visit.page.wait_for_selector("#recent tr")
        for width in (320, 360, 390, 768, 960, 1024, 1280, 1920):
            visit.page.set_viewport_size({"width": width, "height": 800})
            for colour in ("none", "green", "amber", "red"):
                said = words(language, "station")(f"station.colour.{colour}")
                lines = visit.page.evaluate(
                    """([colour, said]) => {
                      const last = document.getElementById("last"), range = document.createRange();
                      const word = last.querySelector("[data-part=colour]");
                      last.dataset.state = colour;
                      word.textContent = said;
                      range.selectNodeContents(word);
                      return range.getClientRects().length;
                    }""",
                    [colour, said],
                )
                assert lines == 1, (said, width)


def test_the_stream_goes_on_without_a_gap_when_the_server_restarts(
    chromium: Chromium, aside: Aside, tmp_path: Path
) -> None:
    port = 0

    async def begun() -> tuple[AsyncExitStack, Site]:
        stack = AsyncExitStack()
        return stack, await stack.enter_async_context(site(tmp_path, port=port))

    async def several(found: Site) -> int:
        return [await verdict(found.journal, elapsed_ms=n) for n in range(5)][-1]

    with chromium.visit(size=DESK) as visit:
        stack, found = aside.run(begun())
        port = int(found.url.rpartition(":")[2])
        opened(visit, found)
        visit.page.wait_for_selector("#link[data-state=live]")
        shown(visit, aside.run(several(found)))
        aside.run(stack.aclose())
        visit.page.wait_for_selector("#link[data-state=lost]")
        visit.shot("station-lost")
        stack, found = aside.run(begun())
        seq = aside.run(several(found))
        shown(visit, seq)
        assert visit.page.locator("#main").get_attribute("data-rows") == "10" == str(seq)
        aside.run(stack.aclose())


def test_what_lies_beside_a_tag_takes_the_place_of_its_verdict_alone(
    chromium: Chromium, aside: Aside, tmp_path: Path
) -> None:
    dock = ReaderConfig(
        name="dock", url="pn532:/dev/null", job="bind", beside="eye", orders="o.csv"
    )

    async def bound(found: Site, *uids: bytes) -> int:
        journal, seq = found.journal, 0
        for uid in uids:
            said = {"outcome": "verified", "colour": "green", "verdict": GREEN}
            await journal.append("verdict", "dock", uid, f"09520123456788/{uid.hex()}", said)
            await journal.append(
                "code", "eye", b"", f"09520123456788/{uid.hex()}", {"outcome": "read"}
            )
            said = {"outcome": "bound", "colour": "green", "verdict": GREEN}
            seq = (
                await journal.append("bind", "dock", uid, f"09520123456788/{uid.hex()}", said)
            ).seq
        return seq

    found = aside.enter(site(tmp_path, dock))
    with chromium.visit(size=DESK) as visit:
        opened(visit, found)
        visit.page.wait_for_selector("#link[data-state=live]")
        shown(visit, aside.run(bound(found, b"\x01" * 7, b"\x02" * 7)))
        outcomes = visit.page.locator("#recent [data-part=outcome]")
        assert outcomes.all_inner_texts() == ["Tag and code belong together"] * 2
        opened(visit, found)
        shown(visit, 6)
        assert outcomes.all_inner_texts() == ["Tag and code belong together"] * 2


def test_a_fast_line_floods_no_reader_of_screens(
    chromium: Chromium, aside: Aside, at: Site
) -> None:
    async def fast() -> int:
        colours = ["green"] * 20 + ["red"] + ["green"] * 40
        return [await verdict(at.journal, colour) for colour in colours][-1]

    with chromium.visit(size=DESK) as visit:
        opened(visit, at)
        visit.page.wait_for_selector("#link[data-state=live]")
        visit.page.evaluate(
            """() => {
              window.told = [];
              for (const each of document.querySelectorAll("#last [role=status]"))
                new MutationObserver(() => {
                  told.push([each.textContent, performance.now()]);
                  if (each.textContent.includes("STOP")) document.body.dataset.stop = "told";
                }).observe(each, {childList: true, characterData: true, subtree: true});
            }"""
        )
        shown(visit, aside.run(fast()))
        visit.page.wait_for_selector("body[data-stop=told]")
        told = visit.page.evaluate("told")
        assert "09520123456788/A1" in told[0][0]
        times = [at for _, at in told]
        assert all(later - before > 900 for before, later in pairwise(times)), told


def test_what_comes_while_the_page_is_paused_is_shown_when_it_goes_on(
    chromium: Chromium, aside: Aside, at: Site
) -> None:
    with chromium.visit(size=DESK) as visit:
        opened(visit, at)
        visit.page.wait_for_selector("#link[data-state=live]")
        before = aside.run(verdict(at.journal, "green"))
        shown(visit, before)
        visit.page.get_by_role("button", name="Pause").click()
        visit.page.wait_for_selector("#link[data-state=paused]")
        assert visit.violations() == []
        seq = aside.run(verdict(at.journal, "red"))
        visit.page.wait_for_selector(f'#main[data-seq="{seq}"]')
        assert visit.page.locator("#last").get_attribute("data-seq") == str(before)
        visit.shot("station-paused")
        visit.page.get_by_role("button", name="Pause").click()
        visit.page.wait_for_selector("#link[data-state=live]")
        assert visit.page.locator("#last").get_attribute("data-seq") == str(seq)
        assert (
            "STOP" in visit.page.locator("#recent tr").first.inner_text()
            or (visit.page.locator("#recent tr").first.get_attribute("data-state")) == "red"
        )


def test_a_lead_works_it_by_keyboard_alone(chromium: Chromium, aside: Aside, at: Site) -> None:
    with chromium.visit(size=DESK) as visit:
        page = visit.page
        opened(visit, at, role="lead")
        page.wait_for_selector("#torn button")
        page.get_by_role("button", name="Stop dock").focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Start dock").wait_for()
        assert page.evaluate("document.activeElement.textContent") == "Start dock"
        assert at.line.states[0].work == "stopped"
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Stop dock").wait_for()
        page.locator("#torn button").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog[open]")
        assert page.evaluate("document.activeElement.value") == "no"
        assert visit.violations() == []
        visit.shot("station-void")
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="hidden")
        assert at.line.voided == []
        page.locator("#torn button").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        with page.expect_response("**/act") as answered:
            page.keyboard.press("Enter")
        assert answered.value.ok
        assert [intent for intent, _ in at.line.voided] == [6]
        said = {"outcome": "voided", "intent": 6, "reason": "voided by hand (lead)"}
        aside.run(at.journal.append("void", "dock", b"\x06" * 7, HOSTILE, said))
        page.locator("#torn li").wait_for(state="detached")
        assert page.evaluate("document.activeElement.id") == "main"
        aside.run(
            at.journal.append("intent", "dock", b"\x06" * 7, HOSTILE, {"act": "commissioned"})
        )
        at.page.notices.torn.add((b"\x06" * 7).hex())
    with chromium.visit(size=DESK) as visit:
        opened(visit, at)
        visit.page.wait_for_selector("#torn li")
        assert visit.page.locator("[data-act]").count() == 0


def test_an_act_that_is_refused_is_told_beside_the_state_of_the_connection(
    chromium: Chromium, at: Site
) -> None:
    with chromium.visit(size=DESK) as visit:
        page = visit.page
        opened(visit, at, role="lead")
        page.wait_for_selector("#link[data-state=live]")
        stop, told = page.get_by_role("button", name="Stop dock"), page.get_by_role("alert")
        stop.wait_for()
        page.set_extra_http_headers({"role": "operator"})
        stop.click()
        page.get_by_text("operator is no lead").wait_for()
        assert page.locator("#link").inner_text() == "Live"
        assert "not done" in told.inner_text()
        assert visit.violations() == []
        page.set_extra_http_headers({"role": "lead"})
        stop.click()
        page.get_by_role("button", name="Start dock").click()
        stop.wait_for()
        assert told.count() == 0


@pytest.mark.parametrize(
    "path", ["/", "/history", "/history?product=%3Cimg", "/product?product={hostile}"]
)
def test_what_comes_from_outside_is_inert(chromium: Chromium, at: Site, path: str) -> None:
    with chromium.visit(size=DESK) as visit:
        opened(visit, at, path.format(hostile=quote(HOSTILE)))
        if path == "/":
            visit.page.wait_for_selector("#recent tr")
        text = visit.page.locator("body").inner_text()
        assert "<img src=x onerror=alert(1)>\ufffd\ufffd" in text and "{{7*7}}" in text
        assert "\u202e" not in text and "\u200b" not in text
        assert (
            visit.page.locator("img, main script:not([src]):not([type='application/json'])").count()
            == 0
        )
        visit.assert_stayed()


def views() -> Iterator[Any]:
    """Each page in both themes, and each language somewhere; all of it is for the bench."""
    languages = offered("station")
    for place, page in enumerate(PAGES):
        for theme in ("light", "dark"):
            language = languages[(place + (theme == "dark")) % len(languages)]
            yield pytest.param(page, theme, language, id=f"{page}-{theme}-{language}")
    yield pytest.param("/configuration", "dark", "en", id="configuration")


@pytest.mark.parametrize(("path", "theme", "language"), list(views()))
def test_every_page_is_open_to_everyone(
    chromium: Chromium, at: Site, path: str, theme: str, language: str
) -> None:
    with chromium.visit(language=language, size=DESK) as visit:
        and_ = "&" if "?" in path else "?"
        opened(visit, at, f"{path}{and_}theme={theme}", "engineer")
        if path == "/":
            visit.page.wait_for_selector("#recent tr")
        assert visit.page.locator("html").get_attribute("lang") == language
        assert visit.violations() == []
        visit.shot(f"station-{path.strip('/').partition('?')[0] or 'front'}-{theme}-{language}")


def test_no_page_needs_a_script_to_be_read_but_the_live_one(chromium: Chromium, at: Site) -> None:
    with chromium.visit(script=False, size=DESK) as visit:
        opened(visit, at)
        assert "needs none" in visit.page.locator("noscript").inner_text()
        said = visit.page.locator("main").inner_text()
        assert "READY" not in said and "Connecting" not in said
        for path in PAGES[1:]:
            opened(visit, at, path)
            assert visit.page.locator("h1").inner_text()


def test_the_texts_of_the_script_are_all_there() -> None:
    source = (Path(__file__).parents[3] / "gateway/web/static/station.js").read_text()
    english = words("en", "station")
    for key in re.findall(r'text\("([a-z_.]+)"', source):
        assert f"station.{key}" in english, key
