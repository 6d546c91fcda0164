"""The station page under load: a real browser has it open while the journal grows by 50 rows a second.

What it shows, and when, is taken from the page itself; its heap by the browser's own count, after a collection.
Accessibility is axe-core's judgment on every page in both themes and all languages.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import click

from gateway.web.words import offered
from tests.bench.size import ROOT, Size, folder
from tests.bench.table import Row, progress
from tests.browser import AXE, DESK, PHONE, Aside, launched, program
from tests.station_pages import PAGES, fill, site

_RATE = 50.0
_HEAP_EVERY_S = 10
_WARM = 3  # samples of the heap before it counts: the first rows fill what is kept
_WATCH = """
window.seen = new Float64Array(1 << 17);  // pairs of seq and time, outside of the heap that is watched
window.count = 0;
addEventListener("DOMContentLoaded", () => {
  const last = document.getElementById("last");
  new MutationObserver(() => {
    window.seen.set([Number(last.dataset.seq), Date.now() / 1000], window.count);
    window.count += 2;
  }).observe(last, { attributeFilter: ["data-seq"] });
});
"""


def rows(size: Size) -> Iterator[Row]:
    """Quick: 60 s; full: 10 minutes."""
    if program() is None:
        click.echo("  skipped: no chromium", err=True)
        return
    seconds = size.of(60, 600)
    with folder() as at:
        shown, missing, heap = _watched(at, seconds)
        said = json.loads((at / "said.json").read_text(encoding="ascii"))
    durable = {int(seq): when for seq, when in said["durable"].items()}
    waits = sorted((shown[seq] - when) * 1000 for seq, when in durable.items() if seq in shown)
    note = f"{len(durable)} rows in {seconds} s"
    yield Row("rows that did not reach the page", missing, "", at_most=0, note=note)
    yield Row("durable to shown, median", statistics.median(waits), "ms", at_most=100)
    yield Row("durable to shown, 99 of 100", waits[len(waits) * 99 // 100], "ms", at_most=100)
    yield Row("the server process, of a core", said["cpu"] * 100, "%", at_most=15)
    first, last = said["rss_kb"]
    yield Row("its memory, more at the end", (last - first) / 1024, "MiB", note=f"{last >> 10} MiB")
    settled = heap[min(_WARM, len(heap) - 1) :]
    grown = (settled[-1] - settled[0]) / 1024
    note = f"{settled[-1] >> 10} kB; samples {min(settled) >> 10} to {max(settled) >> 10}"
    yield Row("the page's heap, more at the end", grown, "kB", at_most=512, note=note)
    yield from _accessibility(size.full)


def _accessibility(is_full: bool) -> Iterator[Row]:
    """Quick: one theme a page; full: both, on a desk and on a phone."""
    if not AXE.is_file():
        click.echo("  skipped: no axe-core", err=True)
        return
    found: list[str] = []
    count, aside = 0, Aside()
    try:
        with folder() as at, launched() as chromium:
            pages = aside.enter(site(at))
            aside.run(fill(pages))
            for language, size in product(
                offered("station"), (DESK, PHONE) if is_full else (DESK,)
            ):
                with chromium.visit(language, size=size) as visit:
                    visit.page.set_extra_http_headers({"role": "engineer"})
                    for number, path in enumerate((*PAGES, "/configuration")):
                        themes = ("light", "dark")
                        for theme in themes if is_full else (themes[number % 2],):
                            progress(f"axe-core: {language} {path} {theme}")
                            and_ = "&" if "?" in path else "?"
                            visit.page.goto(f"{pages.url}{path}{and_}theme={theme}")
                            if path == "/":
                                visit.page.wait_for_selector("#recent tr")
                            said = visit.violations()
                            found += [f"{language} {path} {theme}: {each}" for each in said]
                            count += 1
    finally:
        aside.close()
    for each in found:
        click.echo(f"  {each}", err=True)
    note = f"{count} views: {len(offered('station'))} languages"
    yield Row("violations that axe-core finds", len(found), "", at_most=0, note=note)


def _watched(at: Path, seconds: float) -> tuple[dict[int, float], int, list[int]]:
    """(seq -> Unix seconds when the page showed it, rows that did not come, bytes of its heap now and then)."""
    command = [sys.executable, "-m", "tests.bench.web_station_server", str(at), str(_RATE)]
    server = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None and server.stdout is not None
    try:
        url = json.loads(server.stdout.readline())["url"]
        with launched() as chromium, chromium.visit(size=DESK, before=_WATCH) as visit:
            page, heap = visit.page, []
            page.goto(url)
            page.wait_for_selector("#link[data-state=live]")
            devtools = page.context.new_cdp_session(page)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                page.wait_for_timeout(min(_HEAP_EVERY_S, max(until - time.monotonic(), 0)) * 1000)
                heap.append(_heap(devtools))
            server.stdin.write("\n")
            server.stdin.flush()
            head = json.loads(server.stdout.readline())["head"]
            page.wait_for_selector(f'#main[data-seq="{head}"]')
            main = page.locator("#main")
            since, got = (
                int(main.get_attribute(f"data-{name}") or 0) for name in ("since", "rows")
            )
            found = page.evaluate("Array.from(seen.subarray(0, count))")
        server.stdin.write("\n")
        server.stdin.flush()
        server.wait(timeout=60)
    finally:
        server.kill()
        server.wait()
    pairs = zip(found[::2], found[1::2], strict=True)
    return {int(seq): float(when) for seq, when in pairs if seq}, head - since - got, heap


def _heap(devtools: Any) -> int:
    devtools.send("HeapProfiler.collectGarbage")
    return int(devtools.send("Runtime.getHeapUsage")["usedSize"])
