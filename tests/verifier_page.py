"""The verifier that the passport page runs, in a node process, and edge's answers in the terms in which it answers."""

import json
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from edge import cbor, stub, trust
from edge.trust import TrustList
from edge.verify import COLOURS, Verdict, verify
from gateway.keys import verifier

Case = tuple[dict[str, Any], Any]  # a question as verifier_acts.mjs takes it, and edge's answer

PROGRAM = Path(__file__).parent / "gateway" / "web" / "verifier.mjs"
NOW = 1_790_000_000
LAST = 2**53 - 1
_ROWS = {
    row.partition(": ")[2]: row.partition(": ")[0].partition(" ")[2] for row in COLOURS.splitlines()
}  # reason -> conditions


class Page:
    """The page's verifier in one node process: `ask` as often as you like."""

    def __enter__(self) -> Self:
        self._node = subprocess.Popen(
            ["node", str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    def __exit__(self, *exc: object) -> None:
        self._node.communicate()

    def ask(self, questions: Iterable[dict[str, Any]]) -> list[Any]:
        """The answer to each question: a value as verifier.mjs tells it, or "malformed"."""
        assert self._node.stdin and self._node.stdout
        lines = [json.dumps(each).encode() + b"\n" for each in questions]
        writer = threading.Thread(target=self._write, args=(b"".join(lines),))
        writer.start()
        found = []
        for line in lines:
            answer = self._node.stdout.readline()
            assert answer, f"node ended at {line[:2000]!r}"
            found.append(json.loads(answer).get("is", "malformed"))
        writer.join()
        return found

    def _write(self, lines: bytes) -> None:
        assert self._node.stdin
        self._node.stdin.write(lines)
        self._node.stdin.flush()


def plain(value: Any) -> Any:
    """A CBOR value as verifier.mjs tells it."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, dict):
        keys = sorted(value, key=cbor.encode)
        return {"map": [[plain(key), plain(value[key])] for key in keys]}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, cbor.Tag):
        return {"tag": plain(value.number), "value": plain(value.value)}
    if type(value) is int and not -LAST <= value <= LAST:
        return {"int": str(value)}
    return value


def told_of(raw: bytes) -> tuple[dict[str, Any], Any]:
    """The question about bytes from a code, where no list is at hand, and the answer."""
    where = {"trust": None, "now": NOW, "kind": None, "id": None, "link": None}
    question = {"do": "verify", "stub": raw.hex(), **where, "previous": None, "known_seq": None}
    return question, told(*verify(raw, None, verifier, NOW))


def told(verdict: Verdict, found: stub.Stub | None, slot: int | None = 0) -> dict[str, Any]:
    """What the page must answer."""
    claims = plain(dict(found.claims)) if found is not None else None
    return {
        "verdict": verdict.as_dict(),
        "colour": verdict.colour(),
        "row": _ROWS[verdict.why()],
        "claims": claims,
        "slot": slot,
    }


def listed(found: TrustList) -> dict[str, Any]:
    """What the page must make of a trust list."""
    entries = [
        [plain(each) for each in trust._fields(entry)]  # rows with their defaults
        for entry in found.entries
    ]
    return {
        "number": found.number,
        "issued": found.issued,
        "notAfter": found.not_after,
        "entries": entries,
    }
