"""The passport page in a real browser: its own verdict on codes and tags, what it sends, hostile texts."""

from collections.abc import Iterator
from typing import Any

import pytest
from browser import DESK, PHONE, Aside, Chromium, Visit

from edge import printed
from edge.verify import COLOURS
from gateway.web import passport
from gateway.web.words import words
from tests.passport_site import (
    CODES,
    DAY,
    EVIL,
    EVIL_SERIAL,
    GREEN_ROW,
    GTIN,
    MANAGER,
    UID,
    PassportSite,
    passport_site,
    tag_with,
    tag_with_mini,
)

EN = words("en", *passport.SECTIONS)
SERIAL_NUMBER = "04:a1:b2:c3:d4:e5:f6"  # UID, as a browser says it
FOREIGN = (
    "script:not([src], #passport-data), img, [onerror], [style], a[href^=javascript], a[href^=data]"
)
MILD = "seal\u202elatem\u200b & <3 'O' \"ring\""
REPLACED = {0x202E: "\ufffd", 0x200B: "\ufffd"}
NFC = """
window.NDEFReader = class extends EventTarget {
  async scan() {
    if (window.refusal) throw new DOMException("", window.refusal);
    window.hold = (serialNumber, records) => {
      const data = (hex) => new DataView(Uint8Array.from(hex.match(/../g) ?? [], (two) => parseInt(two, 16)).buffer);
      const message = { records: records.map((each) => ({ ...each, data: data(each.data) })) };
      this.dispatchEvent(Object.assign(new Event("reading"), { serialNumber, message }));
    };
    window.lose = () => this.dispatchEvent(new Event("readingerror"));
  }
};
"""  # Web NFC as a phone has it, with a tag that a test holds to it


@pytest.fixture(scope="module")
def site(aside: Aside, tmp_path_factory: pytest.TempPathFactory) -> PassportSite:
    return aside.enter(passport_site(tmp_path_factory.mktemp("hub")))


def said(visit: Visit, part: str) -> str:
    return visit.page.inner_text(f"#verdict [data-part={part}]")


def answer(visit: Visit, question: str) -> str:
    return str(visit.page.text_content(f"[data-question={question}] dd"))


def judged(visit: Visit, row: str) -> None:
    """Waits until the page has this verdict of its own."""
    visit.page.wait_for_selector(f'#verdict[data-by=device][data-row="{row}"]')


def scan(visit: Visit, fragment: str) -> None:
    """Another code leads to the page that is open."""
    visit.page.evaluate("(fragment) => { location.hash = fragment; }", fragment)


def test_each_code_gets_the_verdict_that_it_deserves(
    chromium: Chromium, site: PassportSite
) -> None:
    with chromium.visit() as visit:
        visit.page.goto(site.page("valid"))
        judged(visit, GREEN_ROW)
        assert "a copy of the code says the same" in said(visit, "means")
        for state, (colour, row) in CODES.items():
            scan(visit, site.codes[state])
            judged(visit, row)
            assert visit.page.get_attribute("#verdict", "data-state") == colour
            assert said(visit, "colour") == EN(f"verdict.colour.{colour}")
            assert said(visit, "title") == EN(f"verdict.row.{row}.title")
            assert said(visit, "do") == EN(f"verdict.row.{row}.do")
            assert said(visit, "by") == f"{EN('verdict.tap.code')} {EN('verdict.device')}"
            assert said(visit, "list") == "Trust list number 7, issued 3 days ago."
            visit.shot(f"code-{state}")
        scan(visit, site.codes["valid"])
        judged(visit, GREEN_ROW)
        assert answer(visit, "binding") == EN("verdict.answer.binding.not_bound")
        assert answer(visit, "evidence") == EN("verdict.answer.evidence.third-party")
        document = visit.page.locator("[data-part=document]")
        assert document.text_content() == EN("verdict.document.same")
        assert answer(visit, "key") == EN("verdict.answer.key.trusted")
        scan(visit, site.codes["behind"])  # signed for another passport
        judged(visit, "chain=behind")
        assert document.text_content() == EN("verdict.document.other")
        scan(visit, site.codes["tampered"])
        judged(visit, "integrity=bad_signature")
        assert document.text_content() == ""
        for question in ("key", "evidence"):
            assert answer(visit, question) == EN("verdict.unproven")
        scan(visit, site.codes["valid"])
        judged(visit, GREEN_ROW)
        scan(visit, "#main")  # no code: the verdict stays
        visit.page.click("a[hreflang=nl]")
        judged(visit, GREEN_ROW)  # the code went along
        assert said(visit, "title") == "Ondertekend en ongewijzigd"
        visit.assert_stayed()


def test_a_list_that_is_out_of_date_is_said(chromium: Chromium, site: PassportSite) -> None:
    with chromium.visit() as visit:
        try:
            site.publish(8, ends=-DAY)
            visit.page.goto(site.page("valid"))
            judged(visit, "key=expired_list")
            assert EN("verdict.tap.over") in said(visit, "list")
            visit.shot("code-expired-list")
        finally:
            site.publish(9)
        scan(visit, site.codes["behind"])
        judged(visit, "chain=behind")
        assert said(visit, "list") == "Trust list number 9, issued 3 days ago."


def test_without_the_list_nothing_is_called_genuine(chromium: Chromium, site: PassportSite) -> None:
    with chromium.visit() as visit:
        visit.page.goto(site.page())
        visit.page.context.set_offline(True)
        scan(visit, site.codes["valid"])
        judged(visit, "key=unknown")
        # Not that the key is on no list: there is none to look it up in
        assert said(visit, "title") == EN("verdict.none.no_list.title")
        assert said(visit, "means") == EN("verdict.tap.no_list")
        visit.shot("code-offline")
        scan(visit, site.codes["garbled"])
        judged(visit, "integrity=malformed")  # which takes no list
        assert said(visit, "list") == EN("verdict.tap.no_list")
        visit.page.context.set_offline(False)
        visit.complaints.clear()  # of the network

        visit.page.route("**/v1/trust", lambda route: route.fulfill(body=b"\xd2\x84\x40"))
        scan(visit, site.codes["valid"])
        judged(visit, "key=unknown")
        assert said(visit, "means") == EN("verdict.tap.bad_list")
        visit.page.unroute_all()
        scan(visit, site.codes["unknown"])  # so that the next one is a change
        scan(visit, site.codes["valid"])
        judged(visit, GREEN_ROW)
        visit.assert_stayed()


def test_a_browser_that_cannot_verify_shows_what_the_website_found(
    chromium: Chromium, site: PassportSite
) -> None:
    lacking = "crypto.subtle.importKey = async () => { throw new DOMException('', 'NotSupportedError'); };"
    with chromium.visit(before=NFC + lacking) as visit:
        visit.page.goto(site.page("tampered"))
        visit.page.get_by_text(EN("verdict.tap.no_crypto")).wait_for()
        assert visit.page.get_attribute("#verdict", "data-by") == "server"
        assert said(visit, "title") == EN("verdict.row.binding=not_checked.title")
        assert EN("verdict.server") in said(visit, "by")
        assert visit.page.is_hidden("#tap")
        visit.shot("code-no-crypto")


def test_without_a_script_the_page_tells_all_it_knows(
    chromium: Chromium, site: PassportSite
) -> None:
    with chromium.visit(script=False) as visit:
        visit.page.goto(site.page("valid"))
        assert said(visit, "title") == EN("verdict.row.binding=not_checked.title")
        assert said(visit, "by") == EN("verdict.server")
        assert visit.page.is_hidden("#tap")
        text = visit.page.inner_text("main")
        for fact in (
            "Cordless drill D18",
            "Example Works",
            "35% of it recycled",
            "163 kg",
            "3 years",
        ):
            assert fact in text
        visit.page.get_by_text(EN("verdict.details")).click()  # opens without one, too
        assert visit.page.get_by_text(EN("verdict.proves.not")).is_visible()
        visit.shot("no-script")
        visit.assert_stayed()


def test_a_tag_is_held_against_its_uid_and_never_named_to_anyone(
    chromium: Chromium, site: PassportSite
) -> None:
    bound: dict[str, Any] = {"carrier": [1, UID]}
    first = site.signers.stub(0, **bound)
    second = site.signers.stub(1, first, **bound)
    link = f"https://id.example.com/01/{GTIN}/21/A1"
    with chromium.visit(before=NFC) as visit:
        visit.page.goto(site.page())
        visit.page.wait_for_selector("#tap button")
        visit.shot("tag-offered")
        site.noted.bytes.clear()
        visit.page.click("#tap button")
        visit.page.get_by_text(EN("verdict.tap.hold")).wait_for()
        visit.shot("tag-waiting")

        def hold(records: list[Any], row: str, serial_number: str = SERIAL_NUMBER) -> None:
            visit.page.evaluate("document.getElementById('verdict').dataset.row = 'none yet'")
            visit.page.evaluate("([uid, records]) => hold(uid, records)", [serial_number, records])
            judged(visit, row)
            assert said(visit, "by") == f"{EN('verdict.tap.tag')} {EN('verdict.device')}"

        tag = tag_with([first, second], link)
        hold(tag, GREEN_ROW)
        assert answer(visit, "binding") == EN("verdict.answer.binding.match")
        assert answer(visit, "chain") == EN("verdict.answer.chain.follows")
        visit.shot("tag-genuine")
        hold(tag, "binding=mismatch", "04:a1:b2:c3:d4:e5:f7")
        visit.shot("tag-copied")
        hold(tag, "binding=not_checked", "")
        hold(tag_with([first], link, b"application/x-passport"), "chain=behind")
        hold(tag_with([second], link.replace("A1", "B2")), "link=mismatch")
        other = site.signers.stub(0, product=[0, int(GTIN), "B2"], **bound)
        hold(
            tag_with([other], link.replace("A1", "B2")), "link=mismatch"
        )  # whole, but not this one
        hold([], "integrity=unsigned")
        visit.page.get_by_text(EN("verdict.tap.nothing")).wait_for()
        visit.shot("tag-empty")
        hold(tag, GREEN_ROW)
        hold(tag_with_mini(site.signers, link), "integrity=unsigned")
        visit.page.get_by_text(EN("verdict.tap.mini")).wait_for()
        visit.page.evaluate("lose()")
        visit.page.get_by_text(EN("verdict.tap.failed")).wait_for()

        heard = b"\n".join(site.noted.bytes)
        assert b"/v1/trust" in heard
        assert_unnamed(heard + visit.sent().encode(), first, second)
        visit.assert_stayed()


def test_a_code_is_never_sent(chromium: Chromium, site: PassportSite) -> None:
    stub = site.signers.stub(1, carrier=[1, UID])
    with chromium.visit() as visit:
        site.noted.bytes.clear()
        visit.page.goto(f"{site.page()}#s={printed.spell(stub, printed.BASE32)}")
        judged(visit, "binding=not_checked")
        visit.page.click("a[hreflang=de]")
        judged(visit, "binding=not_checked")
        heard = b"\n".join(site.noted.bytes)
        assert b"lang=de" in heard
        assert_unnamed(heard, stub)
        visit.assert_stayed()


def assert_unnamed(heard: bytes, *stubs: bytes) -> None:
    """Neither the UID nor any part of a stub is in it, however it may be spelled."""
    folded = heard.lower()
    for uid in (UID, UID[::-1]):
        assert uid not in heard
        assert uid.hex().encode() not in folded
        assert uid.hex(":").encode() not in folded
    for stub in stubs:
        assert stub[40:80] not in heard
        assert stub.hex()[80:120].encode() not in folded
        for form in printed.FORMS:
            spelled = printed.spell(stub, form)
            assert spelled[40:80].lower().encode() not in folded


def test_what_keeps_a_tag_from_being_read_is_said_in_plain_words(
    chromium: Chromium, site: PassportSite
) -> None:
    with chromium.visit(before=NFC) as visit:
        visit.page.goto(site.page())
        for refusal, text in (
            ("NotAllowedError", "refused"),
            ("NotSupportedError", "off"),
            ("InvalidStateError", "failed"),
            ("", "hold"),
        ):
            visit.page.evaluate("(refusal) => { window.refusal = refusal; }", refusal)
            visit.page.click("#tap button")
            visit.page.get_by_text(EN(f"verdict.tap.{text}")).wait_for()
        assert visit.page.get_attribute("#verdict", "data-by") == "server"
        visit.assert_stayed()


def test_hostile_texts_come_out_inert(chromium: Chromium, site: PassportSite) -> None:
    with chromium.visit() as visit:
        visit.page.goto(site.page(serial=EVIL_SERIAL))
        visit.page.click("a[href^='/report/']")
        visit.page.check("#repair")
        visit.page.fill("#day", "2026-09-21")
        visit.page.fill("#text", EVIL)
        site.clock.ahead_s += 60  # people take their time
        visit.page.click("button[type=submit]")
        visit.page.wait_for_selector("#text-wrong")  # a report may not have markup
        assert visit.page.input_value("#text") == EVIL
        assert all("422" in each for each in visit.complaints)  # that status alone
        visit.complaints.clear()
        assert visit.page.locator(FOREIGN).count() == 0
        visit.page.fill("#text", MILD)
        site.clock.ahead_s += 60
        visit.page.click("button[type=submit]")
        assert MILD.translate(REPLACED) in visit.page.inner_text("#reports")
        visit.assert_stayed()
    with chromium.visit() as visit:
        visit.page.set_extra_http_headers(MANAGER)  # who sees the history, too
        visit.page.goto(site.page(serial=EVIL_SERIAL))
        visit.page.evaluate(
            "for (const each of document.querySelectorAll('details')) each.open = true"
        )
        text = str(visit.page.text_content("main"))
        assert text.count("<script>alert(1)</script>\ufffdgnp.exe\ufffd") > 8
        assert EVIL_SERIAL in text
        assert visit.page.is_hidden("dl.answers")  # nothing was checked
        assert visit.page.title().count("\ufffd") == 2
        assert visit.page.locator(FOREIGN).count() == 0
        hidden = "(document.body.innerText.match(/[\\u200b-\\u200f\\u202a-\\u202e\\u2066-\\u2069]/g) ?? []).length"
        assert visit.page.evaluate(hidden) == 0
        assert visit.violations() == []
        visit.shot("hostile")
        visit.assert_stayed()


@pytest.mark.parametrize(
    ("language", "theme", "size", "states"),
    [
        ("en", "light", PHONE, ("", "valid", "tampered")),
        ("nl", "dark", DESK, ("unknown", "revoked")),
        ("de", "light", PHONE, ("garbled", "valid")),
        ("fr", "dark", PHONE, ("", "elsewhere", "behind")),
        ("zh", "light", DESK, ("tampered", "unknown")),
    ],
)
def test_everybody_can_use_it_in_each_state(
    chromium: Chromium,
    site: PassportSite,
    language: str,
    theme: Any,
    size: dict[str, int],
    states: tuple[str, ...],
) -> None:
    with chromium.visit(language, theme, size, before=NFC) as visit:
        for state, found in assessed(visit, site, states):
            assert found == [], state
            visit.shot(f"{language}-{theme}-{state or 'plain'}")


def assessed(
    visit: Visit, site: PassportSite, states: tuple[str, ...]
) -> Iterator[tuple[str, list[str]]]:
    """What axe-core finds in each state, with all that opens opened."""
    visit.page.goto(site.page())
    visit.page.wait_for_selector("#tap button")
    visit.page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    for state in states:
        if state:
            scan(visit, site.codes[state])
            judged(visit, CODES[state][1])
        yield state, visit.violations()


def test_the_codes_cover_every_colour() -> None:
    assert {colour for colour, _ in CODES.values()} == {"green", "amber", "red"}
    assert all(f"{colour} {row}" in COLOURS for colour, row in CODES.values())
