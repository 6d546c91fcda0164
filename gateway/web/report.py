"""What people without an account report of a product: its section of the passport page, and the form.

No script is needed. A report is its sender's own word, and stands apart from what gateways signed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from gateway.web import passport
from gateway.web.templates import render
from gateway.web.words import Words, words

SECTIONS = (*passport.SECTIONS, "report")
LONGEST = 500  # characters of a text


@dataclass(frozen=True, slots=True)
class Shown:
    """A report on the page. kind: "repair" or "handover"; day: when it was done; came: the day it was sent, UTC."""

    kind: str
    day: str
    text: str
    came: str
    is_seen: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a form was not taken. place: "kind", "day", "text" or "form"; key: of section report.problem.

    said: the sender's own words that are meant; filled: what the text has room for.
    """

    place: str
    key: str
    said: str = ""
    filled: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a product. path: of its page; latest: the last day that may be reported; rest: as it was typed."""

    path: str
    gtin: str
    qualifiers: Mapping[str, str]
    latest: str
    token: str
    kind: str = ""
    day: str = ""
    text: str = ""
    problems: Sequence[Problem] = ()


def section(path: str, shown: Sequence[Shown], more: int, language: str) -> Markup:
    """The passport page's section. path: of the page; more: how many reports are not shown."""
    t = words(language, *SECTIONS)
    return Markup(render("reports.html", t, path=path, reports=shown, more=more))


def form(said: Form, language: str) -> str:
    """The page with the form; with problems, what was typed stands there still."""
    wrong = {each.place for each in said.problems}
    return render(
        "report.html", _words(language), form=said, wrong=wrong, longest=LONGEST, query=""
    )


def notice(language: str, name: str, detail: str = "") -> str:
    """A page that says what is amiss. name: "unknown" or "bad", of section report.notice."""
    t = _words(language)
    title, means, todo = (t(f"report.notice.{name}.{part}") for part in ("title", "means", "do"))
    return render("notice.html", t, title=title, means=means, todo=todo, detail=detail, query="")


def inspector(link: str, query: str, language: str) -> str:
    """The inspector's page. link: the Digital Link that it begins with, or ""; query: the same for an address."""
    return render("inspect.html", _words(language), link=link, query=query)


def _words(language: str) -> Words:
    return words(language, *SECTIONS)
