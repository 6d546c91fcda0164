"""Every language of a section has the same keys, with the same things to fill in; the choice follows the header."""

import string

import pytest

from gateway.web import words as texts
from gateway.web.inert import inert
from gateway.web.templates import foreign

SECTIONS = sorted({path.name[:-5] for path in (texts._TEXTS / "en").iterdir()})


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("section", SECTIONS)
def test_each_language_says_the_same(section: str) -> None:
    english = texts.words("en", section).beginning("")
    for language in texts.offered(section):
        other = texts.words(language, section).beginning("")
        assert other.keys() == english.keys(), language
        for key, text in english.items():
            assert text and other[key]
            assert _names(other[key]) == _names(text), (language, key)


@pytest.mark.parametrize(
    ("header", "language"),
    [(None, "en"), ("de-CH,de;q=0.9", "de"), ("ja", "en"), ("ja, nl;q=0.2", "nl"), ("zh-CN", "zh")],
)
def test_the_language_is_what_the_browser_asks_for(header: str | None, language: str) -> None:
    assert texts.chosen(header, "common") == language
    assert texts.chosen(header, "common", "fr") == "fr"
    assert texts.chosen(header, "common", "tlh") == language


def test_what_is_invisible_or_turns_the_direction_is_shown() -> None:
    assert inert("A\u200bB\u202eC\x00\n") == "A\ufffdB\ufffdC\ufffd "
    assert inert("می\u200cخواهم") == "می\u200cخواهم"
    assert inert("x" * 5, 3) == "xxx…"
    assert foreign("<b>&\u2066") == "<bdi>&lt;b&gt;&amp;\ufffd</bdi>"
