"""A journal row as the page shows it: JSON of words, numbers and short texts; nothing of a stub or a password.

{"seq", "at": Unix seconds, "kind", "station", "uid", "epc": hex, "product", "outcome", "colour", "sentence", "why",
 "code": {"text", "symbology", "count"} or null, "verdict": {...} or null, "elapsed_ms", "pages_written", "order_row",
 "answer": whether it is one to the person at the line, "ends": whether it ends what the answer before began,
 "about": {...} of what only such rows have}

colour: "green", "amber", "red", "" where it is no answer. why: the conditions of the verdict's row (edge.verify),
"integrity=malformed"; "" for none, and where the answer is another than the verdict's: then `sentence` alone says why.
Rows may come from a network: what is of the wrong type counts as not said.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Any

from edge.verify import Verdict, colours
from gateway.clock import happened
from gateway.records import Gap, Row

Shown = dict[str, Any]

_GREEN, _AMBER, _RED = "green", "amber", "red"
_COLOURS = (_GREEN, _AMBER, _RED)
_LONGEST = 400  # characters of a text
_QUESTIONS = ("integrity", "key", "binding", "chain", "evidence", "link")
_ANSWERS = (
    *("result", "verdict", "refused", "void", "bind", "code", "label", "pallet", "window"),
    *("presence", "handheld"),
)
_BY_OUTCOME = {
    "bound": _GREEN,
    "incomplete": _AMBER,
    "passed": _GREEN,
    "failed": _RED,
    "tags": _GREEN,
    "empty": _RED,
    "broken": _AMBER,
    "arrived": _GREEN,
    "moved": _GREEN,
}
_BY_KIND = {"result": _GREEN, "void": _RED, "refused": _RED, "handheld": _AMBER}
_ABOUT = {
    "pallet": ("tags", "green", "amber", "red", "partial", "expected", "missing_count", "unexpected_count"),
    "window": ("tags", "closed_by"),
    "presence": ("zone", "before", "rssi_dbm", "reads"),
    "intent": ("act", "order_row"),
    "void": ("intent",),
    "result": ("intent", "seq", "locked"),
    "verdict": ("seq",),
    "repair": ("seq",),
    "clock": ("before_ns", "after_ns"),
    "handheld": ("first", "last"),
    "audit": ("act", "about", "name", "role", "account", "origin", "allowed"),
}  # fmt: skip


def shown(row: Row) -> Shown:
    """The row as the page has it."""
    said = row.content()
    verdict = _verdict(said)
    outcome = _outcome(row.kind, said)
    is_answer = row.kind in _ANSWERS and "pallet" not in said
    colour = _colour(row.kind, said, outcome, verdict) if is_answer else ""
    why, sentence = "", text(said, "reason") or _wanting(said)
    if verdict is not None:
        read_from = "code" if row.kind == "code" else "tag"
        judged, conditions, words = _why(tuple(verdict.items()), read_from)
        if colour in ("", judged) or not (sentence or judged == _GREEN):
            why, sentence = conditions, sentence or words
    epc = said.get("epc")
    return {
        "seq": row.seq,
        "at": round(happened(said, row.at_ns, True)[0] / 1e9, 3),
        "kind": row.kind,
        "station": row.station,
        "uid": row.uid.hex(),
        "epc": epc.hex() if isinstance(epc, bytes) else "",
        "product": row.product[:_LONGEST],
        "outcome": outcome,
        "colour": colour,
        "sentence": sentence,
        "why": why,
        "code": _code(said),
        "verdict": verdict,
        "elapsed_ms": number(said, "elapsed_ms"),
        "pages_written": number(said, "pages_written"),
        "order_row": number(said, "order_row"),
        "answer": is_answer,
        "ends": row.kind in ("bind", "label") or (row.kind == "refused" and "codes" in said),
        "about": {name: plain(said[name]) for name in _ABOUT.get(row.kind, ()) if name in said},
    }


def gap(found: Gap) -> Shown:
    """Rows that are no longer here: "trimmed", given back once the hub had them, or "dropped"."""
    return {"first": found.first, "last": found.last, "reason": found.reason}


def encoded(value: Any) -> bytes:
    """As JSON in ASCII, without a line feed: fit for an event stream."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def text(said: Mapping[str, Any], name: str) -> str:
    """A text of a row's body, not too long; "" where there is none of that name."""
    found = said.get(name)
    return found[:_LONGEST] if isinstance(found, str) else ""


def number(said: Mapping[str, Any], name: str) -> float | None:
    """A finite number of a row's body; None where there is none of that name."""
    found = said.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not isfinite(found):
        return None
    return found


def plain(value: Any) -> Any:
    """A value of a row's body as JSON may have it; what is neither text, number nor bytes is left out as None."""
    if isinstance(value, str):
        return value[:_LONGEST]
    if isinstance(value, bytes):
        return value[:64].hex()
    if isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
        return value
    return None


def _outcome(kind: str, said: Mapping[str, Any]) -> str:
    if kind == "result" and said.get("repaired") is True:
        return "repaired"
    if kind in ("result", "presence", "audit"):
        return text(said, "act")
    return text(said, "outcome") or ("voided" if kind == "void" else "")


def _colour(
    kind: str, said: Mapping[str, Any], outcome: str, verdict: Mapping[str, str] | None
) -> str:
    if text(said, "colour") in _COLOURS:
        return text(said, "colour")
    if kind == "presence" and outcome == "departed":
        return _GREEN if text(said, "reason") == "unseen" else _AMBER
    if outcome in ("", "refused", "failed") or kind in ("void", "refused") or verdict is None:
        return _BY_OUTCOME.get(outcome) or _BY_KIND.get(kind, _AMBER)
    if kind == "result" and text(said, "reason"):  # written, but for what that says
        return _AMBER
    if outcome == "incomplete":
        return _AMBER
    return _judged(tuple(verdict.items()), "tag").colour()


def _verdict(said: Mapping[str, Any]) -> dict[str, str] | None:
    found = said.get("verdict")
    if not isinstance(found, dict):
        return None
    return {name: text(found, name) or "not_checked" for name in _QUESTIONS}


def _judged(answers: tuple[tuple[str, str], ...], read_from: str) -> Verdict:
    said = dict(answers)
    found = Verdict(said["integrity"], read_from)
    for name in _QUESTIONS:
        setattr(found, name, said[name])
    return found


@lru_cache(maxsize=64)
def _why(answers: tuple[tuple[str, str], ...], read_from: str) -> tuple[str, str, str]:
    """(colour, conditions, reason) of the verdict's row in edge.verify.COLOURS."""
    verdict = _judged(answers, read_from)
    for colour, asked, why in colours():
        if all(getattr(verdict, question) in words for question, words in asked):
            said = " ".join(f"{question}={'/'.join(words)}" for question, words in asked)
            return colour, said, why
    return "", "", ""


def _wanting(said: Mapping[str, Any]) -> str:
    """What is wrong with a label, or which carriers a product has not and why; "" where a row says nothing of that."""
    faults, missing, found = said.get("faults"), said.get("missing"), []
    if isinstance(faults, list):
        found += [str(plain(each)) for each in faults]
    if isinstance(missing, dict):
        found += [f"{plain(each)}: {plain(why)}" for each, why in missing.items()]
    return "; ".join(found)[:_LONGEST]


def _code(said: Mapping[str, Any]) -> Shown | None:
    codes = said.get("codes")
    if not isinstance(codes, list) or not codes or not isinstance(codes[0], dict):
        return None
    data = codes[0].get("data")
    told = data.decode("utf-8", "replace") if isinstance(data, bytes) else text(codes[0], "data")
    return {
        "text": told[:_LONGEST],
        "symbology": text(codes[0], "symbology"),
        "count": len(codes),
    }
