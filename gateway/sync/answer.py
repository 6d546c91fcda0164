"""What a transport's answer to a batch means for the gateway. Pure: no I/O, no clock.

Over HTTP:
200  a receipt (receipt.py)
413  smaller batches            400, 422  the hub refuses what a row says: found by halving, then set aside
                               where it says so in its own form, {"error": sentence}: a proxy's page is no word on a row
else (no answer, 401, 403, 404, 409, 429, 5xx, ...)  nothing is wrong with the rows: again, later
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.sync.batch import Batch
from gateway.sync.receipt import Receipt, error_of, receipt_from_json

_TOO_LARGE = 413
_REFUSING = (400, 422)
_LONGEST_REASON = 300  # characters of a peer's sentence that are kept
_HINTS = {
    401: "check [hub] token_file",
    404: "check [hub] url",
}
_REFUSED_HINT = "check [hub] token_file and the client certificate"

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as far as it was read; headers by their names in small letters; status 0: none came,
    and `body` says why."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def retry_after_s(self) -> float:
        text = self.headers.get("retry-after", "")
        return float(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0.0


@dataclass(frozen=True, slots=True)
class Held:
    """The hub has answered with its receipt: the batch is durable there, or the receipt says what is not."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Taken:
    """The transport keeps the batch durably and brings it to the hub: *sent*; the hub's receipt confirms it."""


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


Step = Held | Taken | Smaller | SetAside | Later


def judge(batch: Batch, answer: Answer) -> Step:
    """The next step after an HTTP answer to `batch`."""
    if answer.status == 200:
        receipt = receipt_from_json(answer.body)
        if receipt is None:
            return Later("the hub's receipt cannot be read")
        if receipt.journal != batch.journal:
            return Later("the hub's receipt is not for this journal")
        return Held(receipt)
    if answer.status == _TOO_LARGE or answer.status in _REFUSING:
        if len(batch) > 1:
            return Smaller()
        sentence = error_of(answer.body)
        if sentence is not None:
            return SetAside(f"the hub refuses it ({answer.status}): {sentence}")
    return later(answer)


def later(answer: Answer) -> Later:
    """Why nothing came of a request that is to be tried again."""
    if answer.status == 0:
        return Later(_text(answer.body))
    if answer.status == 403:
        return Later(
            f"the hub refuses this gateway (403): {error_of(answer.body) or _REFUSED_HINT}",
            answer.retry_after_s,
        )
    hint = _HINTS.get(answer.status) or error_of(answer.body) or _text(answer.body)
    return Later(f"the hub answers {answer.status}: {hint}", answer.retry_after_s)


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


def _text(body: bytes) -> str:
    return body[:_LONGEST_REASON].decode("utf-8", "replace").strip()
