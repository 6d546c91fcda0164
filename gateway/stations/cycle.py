"""The read cycle: from a trigger and what a code reader sees afterwards to exactly one Outcome.

single        a trigger begins a cycle, which ends when enough was read, or after timeout_s
level         the same, but it ends when the trigger goes off
continuous    every new value is an Outcome by itself
presentation  a value that comes into view begins a cycle by itself, of it and those that come with it

A trigger is obeyed in each mode. What one brings is answered in the order in which they came: a trigger that comes
while another one runs is not obeyed, but answered, after that one. Times are Unix seconds, and given.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

from gateway.config import CodesConfig
from gateway.model import CodeRead, Look, Wanted
from gateway.stations.duplicates import Duplicates
from gateway.stations.policy import MatchList

READ, NO_READ, PARTIAL = "read", "no_read", "partial"
TOO_MANY, NO_MATCH, REPEATED = "too_many", "no_match", "repeated"
WORDS = (READ, NO_READ, PARTIAL, TOO_MANY, NO_MATCH, REPEATED)

MOST_WAITING = 64  # triggers during one cycle; one more ends it
_MOST_CODES = 256  # kept of one cycle, whatever a picture holds
_LATE_S = 1.0  # so long after a cycle a device may still say that it found nothing


@dataclass(frozen=True)
class Outcome:
    """What became of one trigger. trigger: its number, from 1, without gaps; started_at, ended_at: Unix seconds.

    word: read; no_read; partial: fewer codes than asked for; too_many; no_match: not of the match list; repeated: all
    of it was read a moment ago. codes: in the order of their first sight. reason: for people, "" where read.
    """

    trigger: int
    word: str
    codes: tuple[CodeRead, ...]
    started_at: float
    ended_at: float
    reason: str = ""


@dataclass
class _Running:
    trigger: int  # its number; 0: it began by itself, and gets one at its end
    started_at: float
    ends_at: float  # inf: when the trigger goes off
    count: int
    most: int
    is_fresh: bool  # no duplicate of what was read before it
    waiting: list[float] = field(default_factory=list)  # when other triggers came meanwhile
    codes: list[CodeRead] = field(default_factory=list)
    unreadable: int = 0


class Cycle:
    """One reader's cycles. Give it what happens, in the order in which it does; take what each answers."""

    def __init__(self, rules: CodesConfig, match: MatchList | None = None) -> None:
        self.triggers = 0  # so many have come, those that a reader made itself counted in
        self._rules = rules
        self._match = match or MatchList(rules.match)
        self._known = Duplicates(rules.duplicate_s)  # values that were answered
        self._in_view = Duplicates(rules.duplicate_s)
        self._running: _Running | None = None
        self._cut_at = -inf  # when a cycle ended before its device said so

    @property
    def trigger(self) -> int:
        """The number of the trigger that runs, for which the reader shall look hard; 0: none."""
        return self._running.trigger if self._running is not None else 0

    @property
    def due_at(self) -> float | None:
        """When `tick` is to be called at the latest, Unix seconds; None: need not be."""
        return (
            None if self._running is None or self._running.ends_at == inf else self._running.ends_at
        )

    def trigger_on(
        self, at: float, timeout_s: float | None = None, want: Wanted | None = None
    ) -> list[Outcome]:
        """A trigger; its number is `triggers` from now on.

        timeout_s: how long it lasts, inf: until `trigger_off`, None: as the rules have it. want: other than the rules:
        so many codes, whatever was read before.
        """
        before = self.tick(at)
        self.triggers += 1
        running = self._running
        if running is not None and running.trigger:
            running.waiting.append(at)
            if len(running.waiting) <= MOST_WAITING:
                return before
            return self._end(at, f"{len(running.waiting)} more triggers came meanwhile")
        if timeout_s is None:
            timeout_s = inf if self._rules.trigger == "level" else self._rules.timeout_s
        self._running = self._begun(self.triggers, at, timeout_s, want)
        return before

    def trigger_off(self, at: float, reason: str = "") -> list[Outcome]:
        """A trigger that lasts until this ends; harmless for others. reason: why nothing may have been read."""
        running = self._running
        if running is None or running.ends_at != inf:
            return []
        return self._end(at, reason)

    def look(self, look: Look) -> list[Outcome]:
        """What the reader saw. Of a picture from before the trigger nothing counts."""
        before = self.tick(look.at)
        running = self._running
        if running is None:
            return before + self._untriggered(look)
        if not running.trigger:
            look = self._arrived(look, running.codes)
        return before + self._gathered(running, look)

    def tick(self, at: float, reason: str = "") -> list[Outcome]:
        """Time has passed. reason: why nothing may have been read."""
        running = self._running
        if running is None or at < running.ends_at:
            return []
        return self._end(at, reason)

    def lost(self, at: float, reason: str) -> list[Outcome]:
        """The device cannot go on with this trigger."""
        return self._end(at, reason) if self._running is not None else []

    def forget(self) -> None:
        """What was read before is new again."""
        self._known = Duplicates(self._rules.duplicate_s)
        self._in_view = Duplicates(self._rules.duplicate_s)

    def _begun(self, trigger: int, at: float, timeout_s: float, want: Wanted | None) -> _Running:
        count = want.count if want else self._rules.count
        most = max(count, self._rules.most)
        is_fresh = trigger > 0 and want is None
        return _Running(trigger, at, at + timeout_s, count, most, is_fresh)

    def _untriggered(self, look: Look) -> list[Outcome]:
        if self._rules.trigger == "continuous":
            return self._continuous(look)
        if self._rules.trigger == "presentation":
            return self._presented(look)
        return []

    def _continuous(self, look: Look) -> list[Outcome]:
        if look.no_read:
            return self._own_no_read(look)
        outcomes = []
        for code in look.codes[:_MOST_CODES]:
            if not self._in_view.saw(code.data, look.at):
                self.triggers += 1
                word, reason = self._word(_one(code, look.at))
                if word == READ:
                    self._known.saw(code.data, look.at)
                outcomes.append(Outcome(self.triggers, word, (code,), look.at, look.at, reason))
        return outcomes

    def _presented(self, look: Look) -> list[Outcome]:
        if look.no_read:
            return self._own_no_read(look)
        fresh = self._arrived(look, ())
        if not fresh.codes:
            return []
        self._running = self._begun(0, look.at, self._rules.timeout_s, None)
        return self._gathered(self._running, fresh)

    def _arrived(self, look: Look, already: Iterable[CodeRead]) -> Look:
        """The look without what has been in view before; `already`: codes of this presentation."""
        own = {code.data for code in already}
        codes = []
        for code in look.codes[:_MOST_CODES]:
            if not self._in_view.saw(code.data, look.at) or code.data in own:
                own.add(code.data)
                codes.append(code)
        return look._replace(codes=tuple(codes))

    def _own_no_read(self, look: Look) -> list[Outcome]:
        """The device has a trigger of its own, and nothing was there."""
        if look.at - self._cut_at < _LATE_S:
            return []
        self.triggers += 1
        return [Outcome(self.triggers, NO_READ, (), look.at, look.at, "the reader found no code")]

    def _gathered(self, running: _Running, look: Look) -> list[Outcome]:
        if look.at < running.started_at:
            return []
        running.unreadable = max(running.unreadable, look.unreadable)
        self._add(running, look)
        if len(running.codes) < running.most and not look.no_read:
            return []
        reason = "the reader found no more" if look.no_read else ""
        outcomes = self._end(look.at, reason)
        self._cut_at = -inf
        return outcomes

    def _add(self, running: _Running, look: Look) -> None:
        """Add the codes that were not read yet. Without in_trigger a value counts as often as one picture holds it,
        and as often as a scanner, which has no pictures, tells it."""
        left: list[bytes] = []
        if self._rules.in_trigger or look.frame:
            left = [code.data for code in running.codes]
        for code in look.codes:
            if code.data in left:
                if not self._rules.in_trigger:
                    left.remove(code.data)
                continue
            if len(running.codes) < _MOST_CODES:
                running.codes.append(code)
            if self._rules.in_trigger:
                left.append(code.data)

    def _end(self, at: float, reason: str = "") -> list[Outcome]:
        """End the running cycle, and answer the triggers that came meanwhile."""
        running = self._running
        assert running is not None
        self._running, self._cut_at = None, at
        if not running.trigger:
            self.triggers += 1
        first = running.trigger or self.triggers
        word, why = self._word(running, reason)
        for code in running.codes:
            self._in_view.saw(code.data, at)
            if word in (READ, REPEATED):
                self._known.saw(code.data, at)
        outcomes = [Outcome(first, word, tuple(running.codes), running.started_at, at, why)]
        for number, came_at in enumerate(running.waiting, first + 1):
            why = f"it came while trigger {first} ran"
            outcomes.append(Outcome(number, NO_READ, (), came_at, at, why))
        return outcomes

    def _word(self, running: _Running, reason: str = "") -> tuple[str, str]:
        """The word for a cycle with these codes, and the reason for any but "read"."""
        codes, count = running.codes, running.count
        if not codes:
            return NO_READ, reason or _nothing(running.unreadable)
        if len(codes) > running.most:
            return TOO_MANY, f"{len(codes)} codes, {running.most} at most"
        strange = sum(not self._match.allows(code.data) for code in codes)
        if strange:
            return NO_MATCH, f"{strange} of {len(codes)} not of the match list"
        if len(codes) < count:
            word = PARTIAL if self._rules.partial == "partial" else NO_READ
            return word, f"{len(codes)} of {count} codes" + (f": {reason}" if reason else "")
        if running.is_fresh and all(
            self._known.knows(code.data, running.started_at) for code in codes
        ):
            return REPEATED, f"read within {self._rules.duplicate_s:g} s before"
        return READ, ""


def _one(code: CodeRead, at: float) -> _Running:
    return _Running(0, at, at, 1, 1, False, codes=[code])


def _nothing(unreadable: int) -> str:
    return f"no code was read; {unreadable} located" if unreadable else "no code was read"
