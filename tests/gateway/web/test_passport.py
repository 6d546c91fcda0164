"""The passport page: each document finds its place, nothing of it is lost, and what is foreign stays inert."""

import json
import re
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from edge.verify import COLOURS, Verdict, colours
from gateway.web import passport, quantities, verdict
from gateway.web.assets import style
from gateway.web.charts import Bar, Column, bars, columns
from gateway.web.passport import Product, Trust, label, page
from gateway.web.passport_document import in_language, link, sort
from gateway.web.variables import variables
from gateway.web.words import NAMES, words

GTIN = "09520123456788"
LINK = f"https://id.example.org/01/{GTIN}/21/A1"
EN = words("en", *passport.SECTIONS)
EVIL = "<script>alert(1)</script>\u202egnp.exe\u200b\"'><img src=x onerror=alert(2)>"
_VOID = {"meta", "link", "br", "img", "path", "rect"}


class Outline(HTMLParser):
    """What a browser would make of a page: its tags in order, and whether each is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def shown(document: dict[str, Any] | None, language: str = "en", **more: Any) -> str:
    product = Product(LINK, GTIN, {"serial": "A1"}, "item", document, **more)
    text = page(product, words(language, *passport.SECTIONS))
    assert Outline(text).open == []
    return text


def grams(value: Any, unit: str = "g") -> dict[str, Any]:
    return {"value": value, "unit": unit, "method": "weighed", "list_version": "1"}


def test_figures_stand_in_peoples_units_and_say_where_they_come_from() -> None:
    said = {
        "variables": {
            "mass": grams(1240),
            "A1.2": grams(0.434, "kg"),
            "B1.1": grams(162640),
            "B1.3": grams(40660),
            "C1.1": grams(75, "0.1 a"),
        }
    }
    claims = {"seq": 0, "issued_at": 0, "totals": {"41": 162640, "43": 50000, "52": 10, "10": 1240}}
    text = re.sub(r"\s+", " ", shown(said, claims=claims))
    assert "35% of it recycled" in text
    row = '<th scope="row">{} <span class="source">{}</span></th><td class="number">{}</td>'
    assert row.format("Production", "passport and tag", "163 kg") in text
    differs = "passport; <strong>the tag says 50 kg</strong>"
    assert row.format("Use", differs, "40.7 kg") in text
    assert '<strong>7.5 years</strong> <span class="source">passport</span>' in text
    assert '<strong>1 year</strong> <span class="source">tag</span>' in text
    assert '<svg class="chart bars" role="img"' in text
    assert "weighed" in text
    german = shown(said, "de")
    assert "1,24 kg" in german
    assert "7,5 Jahre" in german


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("0", "0 g"),
        ("0.4", "400 mg"),
        ("850", "850 g"),
        ("999.6", "1000 g"),
        ("1240", "1.24 kg"),
        ("162640", "163 kg"),
        ("3500000", "3.5 t"),
        ("987654321000000", "987\u202f654\u202f321 t"),
        ("-2140", "-2.14 kg"),
    ],
)
def test_a_mass_has_the_unit_that_fits_it(value: str, said: str) -> None:
    assert quantities.grams(Decimal(value), EN) == said


def test_variables_of_another_shape_are_shown_as_they_stand() -> None:
    for odd in (
        [1],
        {"B1.1": 5},
        {"B1.1": grams(1, "lb")},
        {"Z9": grams(1)},
        {"B1.1": grams(True)},
        {"B1.1": grams(10**30)},
        {"B1.1": grams(1) | {"more": 1}},
    ):
        assert variables(odd, {}) is None
        assert "<bdi>Variables</bdi>" in shown({"variables": odd})
    assert set(variables(None, {"41": 1, "99": 2}) or {}) == {"B1.1"}


def test_no_member_is_lost_wherever_it_is_put() -> None:
    said = {
        "product": {"name": "N-1", "manufacturer": {"name": "N-2", "city": "N-3"}, "colour": "N-4"},
        "materials": [{"name": "N-5", "kg": 1, "recycledShare": 0.5, "origin": {"mine": "N-6"}}],
        "repair": {"en": "N-7", "de": "N-8"},
        "certificates": [{"title": "N-9", "url": "https://x.example/N-10", "by": ["N-11"]}, "N-12"],
        "elements": [
            {"elementId": "N-13", "value": "N-14"},
            {"elementId": "group", "elements": [{"elementId": "deep", "value": ["N-15", None]}]},
        ],
        "odd": [{"x": [[{"y": "N-16"}]]}, True, 1.5],
        "warranty": "N-17",
        "hazardousSubstances": [{"substance": "N-18"}],
        "billOfMaterials": "N-19",
        "economicOperatorId": "N-20",
        "contentSpecificationIds": ["N-21"],
        "dppStatus": "N-22",
    }
    text = shown(said)
    for n in range(1, 23):
        assert f"N-{n}" in text or n == 8, n
    assert "N-8" in shown(said, "de")
    mixed = {"materials": [{"name": "steel"}, "N-1"], "elements": [{"elementId": "a"}, 7]}
    assert "N-1" in shown(mixed)
    assert "Element id" in shown(mixed)


def test_only_https_links_lead_away_and_say_so() -> None:
    for good in ("https://example.org/a?b=c#d", "https://example.org:8443/"):
        assert link(good) == good
    for wrong in (
        "http://example.org/",
        "javascript:alert(1)",
        "https://",
        "https://good.example@evil.example/",
        "https://ex\u0430mple.org/",
        "https://example.org/\u202e",
        "https://example.org/a b",
        "https://example.org:x/",
        "https://[::1/",
        "https:\\\\example.org",
        "https://example.org/" + "a" * 3000,
        7,
    ):
        assert link(wrong) is None
    paper = {"name": "CE", "url": "https://example.org/ce.pdf"}
    (away,) = [
        attrs
        for tag, attrs in Outline(shown({"certificates": [paper]})).tags
        if attrs.get("rel") == "external noopener noreferrer nofollow"
    ]
    assert away["href"] == "https://example.org/ce.pdf"


def test_foreign_text_comes_out_inert_wherever_it_stands() -> None:
    said = {
        "product": {"name": EVIL, "manufacturer": EVIL},
        "dppStatus": EVIL,
        "lastUpdated": EVIL,
        "economicOperatorId": EVIL,
        "materials": [{"name": EVIL, "cas": EVIL, EVIL: EVIL}],
        "variables": {"B1.1": {"value": 5, "unit": "g", "method": EVIL, "list_version": EVIL}},
        "certificates": [{"name": EVIL, "url": f"https://example.org/{EVIL}"}],
        EVIL: [{EVIL: [EVIL]}],
    }
    line = passport.Line(EVIL, EVIL, EVIL, "/01/x", EVIL, EVIL, EVIL, EVIL, EVIL)
    claims = {"seq": 0, "issued_at": 0, "operator": EVIL, "evidence": "self-declared"}
    for language in NAMES:
        text = shown(said, language, claims=claims, lines=[line], query="a=%3Cb%3E&")
        tags = Outline(text).tags
        scripts = [attrs for tag, attrs in tags if tag == "script"]
        assert [each.get("type") for each in scripts] == ["application/json", "module"]
        assert not {"img", "iframe", "object"} & {tag for tag, _ in tags}
        assert [tag for tag, _ in tags].count("style") == text.count(f"<style>{style()}<") == 1
        assert not [name for _, attrs in tags for name in attrs if name.startswith("on")]
        assert not any("style" in attrs for _, attrs in tags)
        assert "\u202e" not in text
        assert "\u200b" not in text


def test_the_scripts_data_cannot_end_its_element() -> None:
    trust = Trust(bytes(32), 7, 0, 86400)
    product = Product(f"{LINK}</script><!--\u2028", GTIN, {}, "model", {}, trust=trust, known_seq=4)
    raw = passport.data(product, EN)
    assert not set("<>&\u2028") & set(raw)
    said = json.loads(raw)
    assert said["link"] == product.link
    assert (said["language"], said["trust"], said["knownSeq"]) == ("en", "/v1/trust", 4)
    assert said["root"] == bytes(32).hex()
    for _, asked, _ in colours():
        conditions = " ".join(f"{name}={'/'.join(words)}" for name, words in asked)
        assert said["texts"][f"row.{conditions}.title"]
    assert passport.data(Product(LINK, GTIN, {}, "model"), EN).count('"trust":null') == 1


def test_each_row_and_each_answer_of_a_verdict_has_its_words() -> None:
    rows = [line.partition(": ")[0].partition(" ")[2] for line in COLOURS.splitlines()]
    for language in NAMES:
        t = words(language, *passport.SECTIONS)
        for row in rows:
            for part in ("title", "means", "do"):
                assert t(f"verdict.row.{row}.{part}")
    given = Verdict("valid", "code")
    given.key, given.chain = "trusted", "first"
    found = verdict.shown(given, EN)
    assert (found.colour, found.row) == ("amber", "binding=not_checked")
    assert ("integrity", "valid", "yes") in found.answers
    assert ("binding", "not_checked", "open") in found.answers
    text = shown(None, verdict=given, claims={"seq": 0, "issued_at": 0})
    assert 'data-state="amber" data-row="binding=not_checked" data-by="server"' in text
    given.binding = "not_bound"
    assert verdict.shown(given, EN).colour == "green"
    assert "a copy of the code" in verdict.shown(given, EN).means
    given.binding = "match"
    assert "where it belongs" in verdict.shown(given, EN).means
    given.key = "revoked"
    assert 'data-state="red" data-row="key=revoked"' in shown(None, verdict=given)
    forged = Verdict("bad_signature", "code")
    forged.key, forged.evidence, forged.chain = "trusted", "self-declared", "behind"
    answers = {
        question: (answer, mark) for question, answer, mark in verdict.shown(forged, EN).answers
    }
    assert answers["integrity"] == ("bad_signature", "no")
    assert answers["key"] == answers["evidence"] == ("unproven", "open")
    assert answers["chain"] == ("behind", "no")
    assert EN("verdict.unproven") in shown(None, verdict=forged)
    for why in ("no_stub", "no_list", "mini"):
        assert 'data-state="none"' in shown(None, unchecked=why)


def test_what_a_reader_should_know_first_stands_first() -> None:
    for said, claimed, note in (
        ("active", "active", None),
        ("active", "recycled", "recycled"),
        ("destroyed", "active", "recycled"),
        ("archived", "replaced", "replaced"),
        ("Inactive", None, "inactive"),
    ):
        claims = {"seq": 0, "issued_at": 0} | ({} if claimed is None else {"status": claimed})
        text = shown({"dppStatus": said}, claims=claims)
        assert ("note alert" in text) is (note is not None)
        if note:
            means = EN(f"passport.status_note.{note}.means")
            assert text.index(means) < text.index('id="verdict"')
    unknown = shown({"granularity": "model"}, is_known=False)
    assert EN("passport.status_note.unknown_item.do") in unknown
    assert EN("passport.wider_model") in unknown
    model = page(Product(LINK, GTIN, {}, "model", {"granularity": "model"}, is_known=False), EN)
    assert EN("passport.granularity_note.model") in model
    assert "note alert" not in model


def test_headings_are_in_order_and_the_language_is_said() -> None:
    said = {"variables": {"B1.1": grams(1), "C1.2": grams(1, "a")}, "repair": "x", "x": 1}
    for language in NAMES:
        tags = Outline(shown(said, language)).tags
        assert tags[0] == ("html", {"lang": language})
        levels = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert [tag for tag, _ in tags if tag in ("header", "main", "footer")] == [
            "header",
            "main",
            "footer",
        ]
        (current,) = [attrs for _, attrs in tags if attrs.get("aria-current")]
        assert current["lang"] == language
        names = [str(attrs["id"]) for _, attrs in tags if "id" in attrs]
        assert len(set(names)) == len(names)
        refs = [each for _, attrs in tags for each in (attrs.get("aria-labelledby") or "").split()]
        assert set(refs) <= set(names)


def test_a_members_name_is_made_readable() -> None:
    for name, said in (
        ("recycledContent", "Recycled content"),
        ("yearly_use_kWh", "Yearly use (kWh)"),
        ("isSVHC", "Is SVHC"),
        ("EAN", "EAN"),
        ("a b", "a b"),
        ("validUntil", "Valid until"),
        ("_", "_"),
    ):
        assert label(name, EN) == said
    assert in_language({"de": "a", "en": "b"}, "fr") == "b"
    assert in_language({"de": "a", "x": "b"}, "de") == {"de": "a", "x": "b"}
    assert sort({"product": "P"}, "en").sections["more"] == {"product": "P"}


def test_a_chart_says_in_words_what_it_draws() -> None:
    svg = bars("c", "T<", "D", [Bar("a\u202e", 2, "2 kg"), Bar("b", -1, "-1 kg", "less")])
    assert '<title id="c-title">T&lt;</title><desc id="c-desc">D</desc>' in svg
    assert 'class="bar less" x="0" y="68" width="200.0"' in svg
    assert "\u202e" not in svg
    assert bars("c", "T", "D", []).count("<rect") == 0
    svg = columns("d", "T", "D", [Column(str(n), (("good", n), ("bad", 1))) for n in range(5)])
    assert svg.count("<rect") == 10
    assert svg.count("<text") == 3
    assert "style=" not in svg
    assert columns("d", "T", "D", []).count("<rect") == 0
