"""A product's chain of stubs, as all gateways together tell it: where it forks, and where a link is missing.

A stub that is not the first states, as `prev`, the link of the one before it (edge/stub.py, link16). Two gateways that
go on from the same stub fork the chain. A prev that no known stub has is a gap, until that stub turns up.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple


class Link(NamedTuple):
    """A signed stub in its chain. link: its own link16; prev: what it states, b"" where it follows none.

    at_ns, journal, row_seq: of the row that tells of it.
    """

    sha256: bytes
    seq: int
    prev: bytes
    link: bytes
    at_ns: int = 0
    journal: int = 0
    row_seq: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """cause: the same for the same fault of a product, however it was found. link: the stub that shows it."""

    cause: str
    text: str
    link: Link


@dataclass(slots=True)
class Judgement:
    """What new stubs change. closed: causes of gaps that they explain, and the stub that does."""

    forks: list[Fault] = field(default_factory=list)
    gaps: list[Fault] = field(default_factory=list)
    closed: list[tuple[str, Link]] = field(default_factory=list)


def judge(known: Iterable[Link], new: Iterable[Link]) -> Judgement:
    """Hold the new stubs of one product against those known before; every order of arrival ends the same."""
    chain = {link.sha256: link for link in known}
    fresh = {link.sha256: link for link in new if link.sha256 not in chain}
    chain |= fresh
    by_seq: defaultdict[int, list[Link]] = defaultdict(list)
    by_prev: defaultdict[bytes, list[Link]] = defaultdict(list)
    by_link: dict[bytes, Link] = {}
    for link in sorted(chain.values(), key=_told):
        by_seq[link.seq].append(link)
        by_link[link.link] = link
        if link.prev:
            by_prev[link.prev].append(link)
    found = Judgement()
    for link in sorted(fresh.values(), key=_told):
        found.forks += _forks(by_seq[link.seq], by_prev.get(link.prev, []))
        found.gaps += _gaps(link, by_link.get(link.prev))
        for successor in by_prev.get(link.link, []):
            found.closed.append((_gap(successor), link))
            found.gaps += _gaps(successor, link)
    return found


def _forks(same_seq: list[Link], same_prev: list[Link]) -> list[Fault]:
    found = []
    if len(same_seq) > 1:
        seq = same_seq[0].seq
        found.append(Fault(f"seq {seq}", f"two different stubs are number {seq}", same_seq[1]))
    if len({link.seq for link in same_prev}) > 1:
        text = "stubs with different numbers follow the same one"
        found.append(Fault(f"prev {same_prev[0].prev.hex()}", text, same_prev[1]))
    return found


def _gaps(link: Link, before: Link | None) -> list[Fault]:
    if not link.prev:
        return []
    if before is None:
        text = f"stub {link.seq} follows one that no gateway has told of"
        return [Fault(_gap(link), text, link)]
    if link.seq != before.seq + 1:
        text = f"stub {link.seq} follows stub {before.seq}: numbers between were left out"
        return [Fault(f"skip {link.sha256.hex()}", text, link)]
    return []


def _gap(link: Link) -> str:
    return f"gap {link.sha256.hex()}"


def _told(link: Link) -> tuple[int, int, int, bytes]:
    return link.at_ns, link.journal, link.row_seq, link.sha256
