"""The passport page in a browser that has never seen it: how soon its own verdict is shown, what it takes to get there.

Each load is a new profile: nothing is cached. The time is the page's own, from the first byte of its answer to the
frame that shows the verdict. Accessibility is axe-core's judgment on every page of the hub, in each of its states.
"""

import statistics
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import click

from gateway.web.words import NAMES
from tests.bench.size import Size, folder
from tests.bench.table import Row, progress
from tests.browser import AXE, DESK, PHONE, Aside, Chromium, Visit, launched, program
from tests.passport_site import CODES, EVIL_SERIAL, GTIN, MANAGER, PassportSite, passport_site

_LOADS = 20
_WARM = 3  # loads that do not count: the browser's and the server's first
_BAR_MS = 300
_TRANSFER_KB = 60
_VERIFIER_KIB = 15
_OPENED = "for (const each of document.querySelectorAll('details')) each.open = true"
_SHOWN = """
new PerformanceObserver((list, observer) => {
  if (!list.getEntriesByName("verdict").length) return;
  observer.disconnect();
  requestAnimationFrame(() => setTimeout(() => {
    performance.mark("shown");
    console.debug("shown");
  }));
}).observe({ entryTypes: ["mark"] });
"""  # the frame after the verdict was written has been drawn
_TOLD = """() => {
  const page = performance.getEntriesByType("navigation")[0];
  const rest = performance.getEntriesByType("resource");
  const sum = (of) => [page, ...rest].reduce((all, each) => all + each[of], 0);
  return {
    shown: performance.getEntriesByName("shown")[0].startTime - page.responseStart,
    transfer: sum("transferSize"), whole: sum("decodedBodySize"), requests: rest.length + 1,
  };
}"""


def rows(size: Size) -> Iterator[Row]:
    """Quick: phones alone, one theme a page; full: both sizes, both themes."""
    if program() is None or not AXE.is_file():
        click.echo("  skipped: no chromium, or no axe-core", err=True)
        return
    aside = Aside()
    try:
        with folder() as at:
            site = aside.enter(passport_site(at))
            with launched() as chromium:
                yield from _loads(chromium, site, size.of(_LOADS, _LOADS))
                yield from _accessibility(chromium, site, size.full)
            aside.close()
    except BaseException:
        aside.close()
        raise


def _loads(chromium: Chromium, site: PassportSite, count: int) -> Iterator[Row]:
    told = []
    for number in range(count + _WARM):
        progress(f"load {number}")
        with chromium.visit(before=_SHOWN) as visit:
            # to look for an element would put 300 kB of a script into the page, and wait for that
            with visit.page.expect_console_message(lambda said: said.text == "shown"):
                visit.page.goto(site.page("valid"), wait_until="commit")
            visit.page.wait_for_load_state("networkidle")
            told.append(visit.page.evaluate(_TOLD))
            visit.assert_stayed()
    shown = sorted(each["shown"] for each in told[_WARM:])
    note = f"{count} loads, nothing cached; {shown[0]:.0f} to {shown[-1]:.0f} ms"
    yield Row(
        "first byte to verdict shown, median",
        statistics.median(shown),
        "ms",
        at_most=_BAR_MS,
        note=note,
    )
    yield Row(
        "first byte to verdict shown, 95 of 100", shown[-(count // 20) - 1], "ms", at_most=_BAR_MS
    )
    most = max(told, key=lambda each: each["transfer"])
    note = f"{most['requests']} requests, {most['whole'] / 1000:.1f} kB unpacked"
    yield Row("transfer", most["transfer"] / 1000, "kB", at_most=_TRANSFER_KB, note=note)
    scripts = {
        name: len((files("gateway.web") / "static" / name).read_bytes()) / 1024 for name in _SCRIPTS
    }
    note = ", ".join(f"{name} {kb:.1f}" for name, kb in scripts.items())
    yield Row(
        "the verifier's JavaScript, as it is written",
        scripts["verify.js"],
        "KiB",
        at_most=_VERIFIER_KIB,
        note=note,
    )


def _accessibility(chromium: Chromium, site: PassportSite, is_full: bool) -> Iterator[Row]:
    themes = ("light", "dark") if is_full else ("",)
    found: list[str] = []
    count = 0
    for number, language in enumerate(NAMES):
        for size in (PHONE, DESK) if is_full else (PHONE,):
            with chromium.visit(
                language, size=size, before="window.NDEFReader = class {};"
            ) as visit:
                for page, name in enumerate(_shown(visit, site)):
                    for theme in themes:
                        chosen: Any = theme or ("light", "dark")[(page + number) % 2]
                        visit.page.emulate_media(color_scheme=chosen)
                        progress(f"axe-core: {language} {name} {chosen}")
                        said = visit.violations()
                        found += [f"{language} {name} {chosen}: {each}" for each in said]
                        count += 1
                        visit.shot(f"{language}-{name}-{chosen}-{size['width']}")
    for each in found:
        click.echo(f"  {each}", err=True)
    note = (
        f"{count} pages: {len(NAMES)} languages, {'both themes' if is_full else 'one theme each'}"
    )
    yield Row("violations that axe-core finds", len(found), "", at_most=0, note=note)


def _shown(visit: Visit, site: PassportSite) -> Iterator[str]:
    """Every page in each of its states, all that opens opened: its name, while it is open."""
    page = visit.page
    page.goto(site.page())
    page.wait_for_selector("#tap button")
    page.evaluate(_OPENED)
    yield "passport"
    for state, (_, row) in CODES.items():
        page.evaluate("(fragment) => { location.hash = fragment; }", site.codes[state])
        page.wait_for_selector(f'#verdict[data-by=device][data-row="{row}"]')
        yield state
    others = {
        "front": "/",
        "model": f"/01/{GTIN}",
        "missing": f"/01/{GTIN}/21/none",
        "report": f"/report/01/{GTIN}/21/A1",
        "inspect": f"/inspect?link=/01/{GTIN}/21/A1",
        "wrong": "/01/1",
    }
    for name, path in others.items():
        page.goto(site.url + path)
        yield name
    page.set_extra_http_headers(MANAGER)  # who sees the history, too
    for name, url in (
        ("manager", site.page()),
        ("hostile", site.page(serial=EVIL_SERIAL)),
        ("manager-front", site.url + "/"),
    ):
        page.goto(url)
        page.evaluate(_OPENED)
        yield name


_SCRIPTS = ("verify.js", "passport.js", "tap.js")
