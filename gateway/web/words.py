"""The pages' texts: gateway/web/texts/LANGUAGE/SECTION.toml, the same keys in each language that a section has.

English is complete; a section that a language lacks is not offered in it. A text's {name} is filled in by the page.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from gateway.web.negotiation import languages_of

NAMES = {"en": "English", "nl": "Nederlands", "de": "Deutsch", "fr": "Français", "zh": "中文"}
_TEXTS = files("gateway.web") / "texts"
_FIRST = "en"  # where nothing is asked for, or nothing that there is


class Words:
    """The texts of some sections in one language: `words("station.title", n=3)`. language: a BCP 47 tag."""

    def __init__(self, language: str, sections: Sequence[str]) -> None:
        self.language = language
        self._texts = {
            f"{section}.{key}": text
            for section in sections
            for key, text in _section(language, section).items()
        }

    def __call__(self, key: str, **filled: object) -> str:
        """The text of `key`. Raises KeyError: a bug of the page."""
        text = self._texts[key]
        return text.format_map(filled) if filled else text

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def beginning(self, prefix: str) -> dict[str, str]:
        """Every text whose key begins with `prefix`, by what follows it: for a page's script."""
        return {
            key.removeprefix(prefix): text
            for key, text in self._texts.items()
            if key.startswith(prefix)
        }


def offered(section: str) -> list[str]:
    """The languages in which there is this section."""
    return [each for each in NAMES if (_TEXTS / each / f"{section}.toml").is_file()]


def chosen(accept_language: str | None, section: str, named: str | None = None) -> str:
    """The language that fits an Accept-Language header best; `named`: one that was picked by hand, if it is offered."""
    languages = offered(section)
    if named in languages:
        return str(named)
    wanted = languages_of(accept_language)
    best = max(languages, key=wanted.quality)  # max() takes the first of equals
    return best if wanted.quality(best)[0] > 0 else _FIRST


@cache
def words(language: str, *sections: str) -> Words:
    """The texts of these sections; each is read once."""
    return Words(language, sections)


def _section(language: str, section: str) -> dict[str, str]:
    table = tomllib.loads((_TEXTS / language / f"{section}.toml").read_text(encoding="utf-8"))
    return dict(_flat("", table))


def _flat(prefix: str, table: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    for key, value in table.items():
        found += (
            [(prefix + key, value)] if isinstance(value, str) else _flat(f"{prefix}{key}.", value)
        )
    return found
