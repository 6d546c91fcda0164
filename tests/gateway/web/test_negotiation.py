"""What a client would rather have (RFC 9110, section 12.5; RFC 4647)."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gateway.web.negotiation import Accept, Languages

OFFERS = ("text/html", "application/json", "application/linkset+json")
# RFC 9110, section 12.5.1, the example with its table of qualities
RFC = "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, */*;q=0.5"


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, "text/html"),
        ("", "text/html"),
        ("*/*", "text/html"),
        ("application/json", "application/json"),
        ("application/*", "application/json"),
        ("APPLICATION/JSON", "application/json"),
        ("application/linkset+json, application/json;q=0.9", "application/linkset+json"),
        ("application/json;q=0.2, text/html;q=0.1", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", "text/html"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/html;q=0, */*", "application/json"),
        ("text/*;q=0, application/json;q=0.001", "application/json"),
        ("application/json; charset=utf-8", "application/json"),
        ('application/json;profile="a,b", application/linkset+json', "application/linkset+json"),
        ("image/png", None),
        ("text/html;q=0", None),
        ("text/html;q=2", "text/html"),  # cannot be read: nothing is asked for
        ("application/json ; Q=0.5 , text/html ; q=0.4", "application/json"),
        (",,,;;,", "text/html"),
        ("*/json", "text/html"),
        ("a" * 5000, "text/html"),
    ],
)
def test_the_offer_that_is_wanted_most_is_taken_and_the_first_of_equals(
    header: str | None, wanted: str | None
) -> None:
    assert Accept(header).best(OFFERS) == wanted


@pytest.mark.parametrize(
    ("media", "quality"), [("text/html", 0.3), ("image/jpeg", 0.5), ("text/plain", 0.7)]
)
def test_the_most_specific_range_counts_as_in_the_rfc(media: str, quality: float) -> None:
    assert Accept(RFC).quality(media) == quality


@pytest.mark.parametrize(
    ("header", "best"),
    [
        ("de", "de"),
        ("de-CH, en;q=0.9", "de"),
        ("pt-BR;q=0.9, en;q=0.8", "pt"),
        ("zh", "zh-Hant-TW"),
        ("en;q=0.1, fr;q=0.9", "fr"),
        ("fr;q=0, *;q=0.5, de;q=0.4", "en"),
        ("FR", "fr"),
    ],
)
def test_the_language_that_is_nearest_to_what_is_wanted_most(header: str, best: str) -> None:
    languages = Languages(header)
    assert max(("en", "de", "fr", "pt", "zh-Hant-TW"), key=languages.quality) == best


def test_a_language_that_is_not_asked_for_has_no_quality() -> None:
    assert Languages("en-GB, de;q=0").quality("fr") == (0.0, 0)
    assert Languages("en-GB, de;q=0").quality("de")[0] == 0.0
    assert Languages("eng").quality("en") == (0.0, 0)
    assert not Languages(None)


@given(some.text(max_size=300) | some.text('*/;,q=.01 "\\abc-', max_size=300))
def test_noise_asks_for_something_or_nothing_and_raises_nothing(header: str) -> None:
    assert Accept(header).best(OFFERS) in (*OFFERS, None)
    assert 0 <= Languages(header).quality("de")[0] <= 1
