"""A verdict in words for people: the row of edge's table that decided it, and each answer with its mark.

The texts stand in the section "verdict", those of a row under its conditions as COLOURS writes them; the page's script
shows its own verdict by the same keys.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from edge.verify import COLOURS, Verdict
from gateway.web.words import Words

NONE = "none"  # the colour where nothing was checked
UNPROVEN = "unproven"  # what only a signature that holds can tell
QUESTIONS = ("integrity", "key", "binding", "chain", "link", "evidence")

_ROWS = {
    line.partition(": ")[2]: line.partition(": ")[0].partition(" ")[2]
    for line in COLOURS.splitlines()
}  # reason -> conditions
_YES = frozenset(("valid", "trusted", "match", "first", "follows", "second-party", "third-party"))
_NO = frozenset(
    ("bad_signature", "malformed", "revoked", "wrong_role", "mismatch", "fork", "behind")
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands in the page's verdict. answers: (question, answer, mark: "yes", "no" or "open"), or none.

    An answer may be UNPROVEN.
    """

    colour: str
    row: str | None
    title: str
    means: str
    todo: str
    answers: tuple[tuple[str, str, str], ...] = ()


def row(verdict: Verdict) -> str:
    """The conditions of the row of COLOURS that gave the verdict its colour; "" for the last."""
    return _ROWS[verdict.why()]


def marks() -> dict[str, str]:
    """answer -> its mark, of those that are not open."""
    return dict.fromkeys(sorted(_YES), "yes") | dict.fromkeys(sorted(_NO), "no")


def shown(verdict: Verdict, t: Words) -> Shown:
    """A verdict in the language of `t`."""
    key = row(verdict)
    return Shown(
        verdict.colour(),
        key,
        t(f"verdict.row.{key}.title"),
        t(_means(key, verdict, t)),
        t(f"verdict.row.{key}.do"),
        tuple(_answers(verdict.as_dict())),
    )


def _means(key: str, verdict: Verdict, t: Words) -> str:
    """The key of a row's meaning: of what is bound to no tag, a green one promises less."""
    unbound = f"verdict.row.{key}.means_unbound"
    return (
        unbound if verdict.binding == "not_bound" and unbound in t else f"verdict.row.{key}.means"
    )


def unchecked(why: str, t: Words) -> Shown:
    """Where nothing was checked; why: "no_stub", "no_list" or "mini"."""
    said = f"verdict.none.{why}"
    return Shown(NONE, None, t(f"{said}.title"), t(f"{said}.means"), t("verdict.none.do"))


def _answers(said: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Nothing good is said of a record whose signature was not found to hold."""
    known = marks()
    for question in QUESTIONS:
        answer = said[question]
        mark = known.get(answer, "open")
        is_claim = question == "evidence" and answer != "not_stated"
        if said["integrity"] != "valid" and (mark == "yes" or is_claim):
            answer, mark = UNPROVEN, "open"
        yield question, answer, mark
