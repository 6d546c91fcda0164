"""Applies the rules to a text: what is found, and which comments allow it.

A statement opts out with `# portable: REASON` on one of its lines (a compound one: of its head's lines) or on the line
before. An opt-out without a reason, and one that allows nothing, are found themselves.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.portability.rules import RULES, Rule
from tests.portability.source import Source


@dataclass(frozen=True, order=True)
class Finding:
    """What stands at `line` and what to do about it."""

    line: int
    rule: str
    reason: str

    def __str__(self) -> str:
        return f"{self.line}: {self.rule}: {self.reason}"


def findings(text: str) -> list[Finding]:
    """All that the rules find in the text of a module, by line."""
    source = Source(text)
    used: set[int] = set()
    found = {each for rule in RULES for each in _of(rule, source, used)}
    for line, reason in source.allowed.items():
        if not reason:
            found.add(Finding(line, "opt-out", "`# portable:` states a reason"))
        elif line not in used:
            found.add(Finding(line, "opt-out", "`# portable:` stands where nothing is found"))
    return sorted(found)


def _of(rule: Rule, source: Source, used: set[int]) -> Iterator[Finding]:
    for node in rule.find(source):
        opted = [at for at in source.statement(node) if source.allowed.get(at)]
        used.update(opted)
        if not opted:
            yield Finding(node.lineno, rule.name, rule.reason)  # type: ignore[attr-defined]
