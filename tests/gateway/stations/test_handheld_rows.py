"""What the operator reads of a handheld's record."""

from typing import Any

import pytest

from edge import cbor
from gateway.keys import verifier
from gateway.readers.handheld_end import Hello
from gateway.stations import handheld_rows as rows

HELLO = Hello(b"device-1", b"epoch", "hand-7")
JUDGE = rows.Judge(None, verifier, 1_790_000_000)
ASKED = {"integrity": "valid", "key": "trusted", "binding": "match", "chain": "first"}


def told(kind: str, **body: Any) -> tuple[str, str]:
    """The line that a record becomes, and the outcome in its row."""
    record = cbor.encode([1, 1, 1, None, kind, bytes(7), "09520123456788/A1", body])
    act = rows.act(1, record, HELLO, JUDGE)
    return rows.result(act, 1, "hand-7").signal.sentence, act.body["outcome"]


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"binding": "mismatch"}, "it was written for another tag: a copy"),
        ({"key": "unknown"}, "the signing key is not in the trust list"),
        ({"key": ["\n"], "chain": None}, ""),
    ],
)
def test_a_verdict_that_is_not_green_says_why(answers: dict[str, object], why: str) -> None:
    body = {"outcome": "not_verified", "colour": "red", "verdict": ASKED | answers}
    text, _ = told("verdict", **body)
    assert text.startswith("hand-7: not_verified: 09520123456788/A1") and why in text


def test_a_green_one_names_the_product_alone() -> None:
    text, _ = told("verdict", outcome="verified", colour="green", verdict=ASKED)
    assert text == "hand-7: verified: 09520123456788/A1"


def test_a_tag_without_a_passport_is_told_as_such() -> None:
    text, _ = told("verdict", outcome="not_verified", colour="amber", state="blank")
    assert text.endswith(": no passport: blank")


def test_an_intent_and_a_self_test_are_told_as_such() -> None:
    assert told("intent", act="updated") == ("hand-7: intent: 09520123456788/A1", "intent")
    assert told("selftest", mode="selftest")[1] == "selftest"
    assert told("a\x1bb")[1] == "a?b"
