"""What a report's text may not hold is found as people write it, and a part number is no telephone number."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gateway.hub.screening import screened
from gateway.hub.screening_patterns import PATTERNS
from gateway.web.words import NAMES, words

WRONG = {
    "email": (
        "mail jan@voorbeeld.nl",
        "jan (at) voorbeeld punt nl",
        "jan[at]voorbeeld[dot]nl",
        "jan at mail dot com",
        "j@\u200bx.de",
        "ｊａｎ＠mail.com",
    ),
    "phone": (
        "bel 0612345678",
        "06 12 34 56 78",
        "+31 6 12345678",
        "+49 (0)151 23456789",
        "0151 23456789",
        "030/1234567",
        "(020) 123 45 67",
        "01 23 45 67 89",
        "0475 12 34 56",
        "13812345678",
        "电话：010-12345678",
        "212-555-0100",
        "００３１６１２３４５６７８",
        "0\u200b6\u200b12345678",
    ),
    "iban": ("NL91 ABNA 0417 1643 00 betaald", "DE89370400440532013000", "fr14 2004 1010 0505 0001 3M02 606"),
    "card": ("4111 1111 1111 1111", "378282246310005", "5555-5555-5555-4444"),
    "plate": ("kenteken AB-123-C", "Kennzeichen: M-AB 1234", "number plate is AB12 CDE", "京A12345"),
    "name": (
        "Mr. Smith",
        "mevr. van der Berg",
        "Herr Müller hat",
        "dhr Jansen",
        "Mme Lefèvre",
        "M. Dupont",
        "王先生",
    ),
    "address": (
        "Hauptstraße 12, 10115 Berlin",
        "Damrak 12, 1012 AB Amsterdam",
        "12 rue de la Paix, 75002 Paris",
        "221B Baker Street, London NW1 6XE",
        "南京路100号",
    ),
    "link": ("https://spam.example/x", "www.spam.nl", "spam.com", "bit.ly/x1"),
    "markup": ("<a href=x>", "<!-- x", "[url=x]", "[x](y)", "&lt;b", "{{ x }}"),
}  # fmt: skip
RIGHT = """\
Replaced the screen; pressure < 5 bar, part 0 445 110 183 > 12
Bosch 0445110183 on 06-11-2026 10:30
GTIN 09520123456788, EAN 4006381333931
Motor 12 1500 PS bij 3000 rpm, 4000 Stunden
20 MM Rohr, M8x20, 5mw laser, Dr, Akku 12V.Neu
3 Stück @ 5 Euro. Danach
Motor vervangen.de lager ook
serial 0012345678 SN AB-12-34
Motor 12, 15000 Umdrehungen
这位先生修好了
DIN EN ISO 12100, 2026-11-06 2026.11.06
DE12 3456 7890 1234 5678 90
1234 5678 9012 3456 and 4111 1111 1111 1112
torque 10-20-30 Nm; 100 000 km; 1.234.567,89
Verkocht aan een buurman, met lader & doos."""


@pytest.mark.parametrize(("kind", "text"), [(k, each) for k, all in WRONG.items() for each in all])
def test_what_may_not_stand_there_is_found_and_named(kind: str, text: str) -> None:
    (found,) = screened(f"Screen replaced. {text}")
    assert found.kind == kind
    assert 0 < len(found.said) <= 60


@pytest.mark.parametrize("text", RIGHT.splitlines())
def test_ordinary_words_and_numbers_may_stand_there(text: str) -> None:
    assert screened(text) == []


def test_several_kinds_are_named_at_once_and_each_has_its_words() -> None:
    found = screened("Herr Müller, 0612345678, a@b.de, b@c.de")
    assert [each.kind for each in found] == ["email", "phone", "name"]
    kinds = {kind.removesuffix("~") for kind, _ in PATTERNS}
    assert kinds == set(WRONG)
    for language in NAMES:
        assert kinds <= words(language, "report").beginning("report.problem.").keys()


@given(some.text(max_size=500))
def test_any_text_is_screened(text: str) -> None:
    for each in screened(text):
        assert each.said


def test_no_text_takes_long() -> None:
    began = time.process_time()
    for text in (
        "a",
        "1 ",
        "a.1",
        "<a",
        "0",
        "Mr Van de la ",
        "straße 1 ",
        "ﷺ",
        "12 rue de ",
        "a@",
        "(at)",
    ):
        screened((text * 500)[:500])
    assert time.process_time() - began < 2
