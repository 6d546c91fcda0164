"""An EPCIS 2.0 repository of somebody else's, as it answers a capture. What it says is taken for what it is.

POST /capture answers
202            a job, asked for until it runs no more: success, or errors
200, 201       stored at once
409            all of it stands there already
400, 422       an event is not taken, where the body is a problem in JSON: a proxy's page is no word on an event
413            smaller, by the limits in the headers
else           nothing is wrong with the events: again, later

GS1 EPCIS 2.0, "REST bindings", capture interface.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from gateway.epcis.document import EXTENSIONS, VERSION, document, to_json
from gateway.sync.answer import Answer, Later, later
from gateway.sync.http import Client
from gateway.sync.receipt import parsed

_HEADERS = {
    "Content-Type": "application/json",
    "GS1-EPCIS-Version": VERSION,
    "GS1-CBV-Version": VERSION,
    "GS1-Extensions": EXTENSIONS,
    "GS1-Capture-Error-Behaviour": "rollback",
}
_EVENTS, _BYTES = "gs1-epcis-capture-limit", "gs1-epcis-capture-file-size-limit"
_DEFAULT_EVENTS = 500
_DEFAULT_BYTES = 1 << 20
_MOST_EVENTS = 1000  # more gain nothing
_MOST_ANSWER = 4 << 20  # bytes of a job with its errors
_LONGEST_REASON = 300  # characters

_FIRST_LOOK_S = 0.1
_LONGEST_LOOK_S = 5.0
_MOST_LOOKS = 120  # at a job: about ten minutes


@dataclass(frozen=True, slots=True)
class Limits:
    """What one capture may hold."""

    events: int = _DEFAULT_EVENTS
    bytes: int = _DEFAULT_BYTES


@dataclass(frozen=True, slots=True)
class Stored:
    """All of the events are there."""


@dataclass(frozen=True, slots=True)
class Smaller:
    """One capture must hold less."""


@dataclass(frozen=True, slots=True)
class Refused:
    """At least one of the events was not taken, so none was; is_known: because it is there already."""

    reason: str
    is_known: bool = False


Outcome = Stored | Smaller | Refused | Later


class Repository:
    """A repository behind `client`, whose base URL is `url`. pause: asyncio.sleep, or a test's."""

    def __init__(
        self, client: Client, url: str, pause: Callable[[float], Awaitable[object]]
    ) -> None:
        self.limits = Limits()
        self._client = client
        self._url = url
        self._pause = pause

    async def ask_limits(self) -> Later | None:
        """Ask for the limits, which a repository need not tell; Later where nobody answers."""
        answer = await self._client.request("OPTIONS", "/capture")
        if answer.status == 0 or answer.status >= 500 or answer.status in (401, 403, 429):
            return _later(answer)
        self._learn(answer.headers)
        return None

    async def capture(self, events: Sequence[Mapping[str, Any]], created: str) -> Outcome:
        """Have events stored; created: when the document is made, a date-time."""
        body = to_json(document(events, created)).encode()
        limits = self.limits
        if len(events) > 1 and (len(events) > limits.events or len(body) > limits.bytes):
            return Smaller()
        answer = await self._client.request("POST", "/capture", body, _HEADERS, most=_MOST_ANSWER)
        if answer.status in (200, 201):
            return Stored()
        if answer.status == 202:
            return await self._job(answer.headers.get("location", ""))
        if answer.status == 409:
            return Refused("it stands there already, or another under its eventID", True)
        if answer.status == 413:
            self._learn(answer.headers)
            return Smaller()
        if answer.status in (400, 422):
            reason = _reason(parsed(answer.body))
            if reason:
                return Refused(f"the repository refuses it ({answer.status}): {reason}")
        return _later(answer)

    async def _job(self, location: str) -> Outcome:
        if not location:
            return Later("the repository took a capture and did not say where its job is")
        try:
            url = _on_host_of(self._url, location)
        except ValueError:
            return Later("the repository names a job's place that is no URL")
        wait_s = _FIRST_LOOK_S
        for _ in range(_MOST_LOOKS):
            answer = await self._client.request("GET", url, most=_MOST_ANSWER)
            job = parsed(answer.body) if answer.status == 200 else None
            if isinstance(job, dict) and job.get("running") is False:
                return _over(job)
            if answer.status in (404, 410):
                return Later("the repository forgot a capture that it took")
            if answer.status == 200 and not isinstance(job, dict):
                return Later("the repository's capture job cannot be read")
            await self._pause(max(wait_s, min(answer.retry_after_s, _LONGEST_LOOK_S)))
            wait_s = min(wait_s * 2, _LONGEST_LOOK_S)
        return Later("the repository does not come to an end with a capture")

    def _learn(self, headers: Mapping[str, str]) -> None:
        events = _number(headers.get(_EVENTS), self.limits.events)
        self.limits = Limits(
            min(events, _MOST_EVENTS), _number(headers.get(_BYTES), self.limits.bytes)
        )


def _on_host_of(base: str, location: str) -> str:
    """Where a job is, on our own host: the token is for that one, and a proxy's Location may name another.

    Raises ValueError.
    """
    host = urlsplit(base)
    found = urlsplit(urljoin(f"{base.rstrip('/')}/capture", location))
    return found._replace(scheme=host.scheme, netloc=host.netloc, fragment="").geturl()


def _over(job: Mapping[str, Any]) -> Outcome:
    if job.get("success") is True:
        return Stored()
    errors = job.get("errors")
    found = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    is_known = bool(found) and all(_is_known(each) for each in found)
    reason = next((text for each in found if (text := _reason(each))), "it did not say why")
    return Refused(f"the repository refuses it: {reason}", is_known)


def _is_known(error: Mapping[str, Any]) -> bool:
    """Whether an error says that the event stands there already."""
    return error.get("status") == 409 or "AlreadyExists" in str(error.get("type", ""))


def _reason(said: Any) -> str:
    """The sentence of a problem (RFC 9457), or of a refusal of our own; "" where it is none."""
    if not isinstance(said, dict):
        return ""
    for name in ("detail", "title", "error", "message"):
        text = said.get(name)
        if isinstance(text, str) and text:
            return text[:_LONGEST_REASON]
    return ""


def _later(answer: Answer) -> Later:
    found = later(answer)
    text = found.reason.replace("the hub", "the repository").replace("[hub]", "[epcis]")
    return Later(text, found.at_least_s)


def _number(text: str | None, otherwise: int) -> int:
    if text is None or not (text.isascii() and text.isdigit() and 0 < len(text) < 16):
        return otherwise
    return max(1, int(text))
