"""What the hub's answer to a batch means for the gateway. Pure: no I/O, no clock.

200  receipt {"journal": hex, "watermark": n, "conflicts": [seq, ...]}: the hub holds all rows up to n
413  smaller batches            400, 422  the hub refuses what a row says: found by halving, then set aside
                               where it says so in its own form, {"error": sentence}: a proxy's page is no word on a row
else (no answer, 401, 404, 409, 429, 5xx, ...)  nothing is wrong with the rows: again, later
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.sync.batch import Batch

_TOO_LARGE = 413
_REFUSING = (400, 422)
_LONGEST_REASON = 300  # characters of a peer's sentence that are kept
_CONFLICT = "the hub holds another row under this number: was this journal copied or restored?"
_HINTS = {
    401: "check [hub] token_file",
    403: "check [hub] token_file and the client certificate",
    404: "check [hub] url",
}

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as far as it was read; status 0: none came, and `body` says why."""

    status: int
    body: bytes
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """The hub holds all rows up to `watermark`; `apart`: seq -> why, of rows that it holds otherwise."""

    watermark: int
    apart: dict[int, str]


@dataclass(frozen=True, slots=True)
class Smaller:
    """Send half as many rows."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """The one row of this batch cannot be taken."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """Send the same again after a pause, at least `at_least_s` long."""

    reason: str
    at_least_s: float = 0.0


Step = Held | Smaller | SetAside | Later


def judge(batch: Batch, answer: Answer, is_withheld: bool) -> Step:
    """The next step. is_withheld: the batch is one row, and that was set aside already."""
    if answer.status == 200:
        return _receipt(batch, answer.body)
    if answer.status == _TOO_LARGE or answer.status in _REFUSING:
        if len(batch) > 1:
            return Smaller()
        sentence = _error(answer.body)
        if sentence is not None and not is_withheld:
            return SetAside(f"the hub refuses it ({answer.status}): {sentence}")
    if answer.status == 0:
        return Later(_text(answer.body))
    hint = _HINTS.get(answer.status, _text(answer.body))
    return Later(f"the hub answers {answer.status}: {hint}", answer.retry_after_s or 0.0)


class Pause:
    """How long to wait before the next try: doubling, with full jitter (uniform(low, high) is passed in)."""

    def __init__(self, uniform: Callable[[float, float], float]) -> None:
        self._uniform = uniform
        self._ceiling_s = _FIRST_PAUSE_S

    def next_s(self, at_least_s: float) -> float:
        wait_s = self._uniform(0.0, self._ceiling_s)
        self._ceiling_s = min(self._ceiling_s * 2, _LONGEST_PAUSE_S)
        return max(wait_s, min(at_least_s, _LONGEST_PAUSE_S))

    def reset(self) -> None:
        self._ceiling_s = _FIRST_PAUSE_S


def _receipt(batch: Batch, body: bytes) -> Step:
    receipt = _json(body)
    if not isinstance(receipt, dict) or receipt.get("journal") != batch.journal.hex():
        return Later("the hub's receipt is not for this journal")
    watermark, conflicts = receipt.get("watermark"), receipt.get("conflicts", [])
    if type(watermark) is not int or watermark < 0 or not isinstance(conflicts, list):
        return Later("the hub's receipt cannot be read")
    apart = {n: _CONFLICT for n in conflicts if type(n) is int and batch.first <= n <= batch.last}
    return Held(min(watermark, batch.last), apart)


def _error(body: bytes) -> str | None:
    """The sentence of a refusal in the hub's form; None where the body is another's."""
    said = _json(body)
    sentence = said.get("error") if isinstance(said, dict) else None
    return sentence[:_LONGEST_REASON] if isinstance(sentence, str) else None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # what json.loads raises for text that is no JSON
        return None


def _text(body: bytes) -> str:
    return body[:_LONGEST_REASON].decode("utf-8", "replace").strip()
