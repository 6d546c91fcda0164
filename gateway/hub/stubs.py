"""What the register keeps of products: which rows are about each, its stubs, and the faults of their chain."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from edge import envelope, gs1, stub
from edge.errors import Malformed
from gateway.hub import alarms
from gateway.hub.alarms import Alarm
from gateway.hub.chains import Fault, Link, judge
from gateway.hub.database import Session, Value
from gateway.hub.register import Entry
from gateway.records import Row

_WRITTEN = ("result", "repair")  # kinds of rows whose stub was read back from a tag and was right
_SEEN = "verdict"

_KNOWN = "SELECT sha256, written, at_ns, journal, row_seq FROM stubs WHERE sha256 = ANY($1)"
_CHAIN = (
    "SELECT name, sha256, seq, prev, link, at_ns, journal, row_seq FROM stubs WHERE name = ANY($1)"
)
_LOCK = (  # whoever brings a product a stub holds its row, so that no two miss each other's
    "INSERT INTO products (name, newest) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET newest ="
    " CASE WHEN excluded.newest > products.newest THEN excluded.newest ELSE products.newest END"
)
_KEEP = (
    "INSERT INTO stubs (sha256, name, product, uid, seq, prev, link, kid, issued_at, stub, written,"
    " at_ns, journal, row_seq) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    " ON CONFLICT (sha256) DO UPDATE SET product = excluded.product, uid = excluded.uid,"
    " written = excluded.written, at_ns = excluded.at_ns, journal = excluded.journal,"
    " row_seq = excluded.row_seq WHERE (-excluded.written, excluded.at_ns, excluded.journal,"
    " excluded.row_seq) < (-stubs.written, stubs.at_ns, stubs.journal, stubs.row_seq)"
)
_COUNT = "UPDATE clerk SET stubs = stubs + $2, products = products + $3 WHERE journal = $1"


@dataclass(frozen=True, slots=True)
class _Told:
    """A stub that a row tells of."""

    sha256: bytes
    raw: bytes
    entry: Entry
    row: Row
    written: int

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Which of several rows counts: the least; one that wrote it before one that saw it, then the first."""
        return -self.written, self.row.at_ns, self.entry.journal, self.row.seq


@dataclass(frozen=True, slots=True)
class _Kept:
    """A row of the table: what the stub itself says."""

    told: _Told
    name: str
    link: Link
    kid: bytes
    issued_at: int

    @property
    def columns(self) -> tuple[Value, ...]:
        link, row = self.link, self.told.row
        said = (link.sha256, self.name, row.product, row.uid, link.seq, link.prev, link.link)
        origin = (self.told.written, row.at_ns, self.told.entry.journal, row.seq)
        return (*said, self.kid, self.issued_at, self.told.raw, *origin)


class Stubs:
    """The registrar of products."""

    async def enter(self, session: Session, entries: Sequence[Entry]) -> None:
        """Enter rows: product_events, products, stubs, and the alarms of chains."""
        about = [
            (each.name, each.row.at_ns, each.journal, each.row.seq)
            for each in entries
            if each.name and isinstance(each.row, Row)
        ]
        await session.copy("product_events", ("name", "at_ns", "journal", "seq"), about)
        told = await self._unknown(session, entries)
        kept = [each for each in map(_kept, told) if each is not None]
        if kept:
            await self._keep(session, kept)

    async def _unknown(self, session: Session, entries: Sequence[Entry]) -> list[_Told]:
        """The stubs that are not known, or known from a row that counts less."""
        best: dict[bytes, _Told] = {}
        for each in filter(None, map(_told, entries)):
            if each.sha256 not in best or each.rank < best[each.sha256].rank:
                best[each.sha256] = each
        if not best:
            return []
        known = {
            hash: (-written, at_ns, journal, seq)
            for hash, written, at_ns, journal, seq in await session.fetch(_KNOWN, list(best))
        }
        return [t for t in best.values() if t.sha256 not in known or t.rank < known[t.sha256]]

    async def _keep(self, session: Session, kept: Sequence[_Kept]) -> None:
        newest: dict[str, int] = {}
        for each in kept:
            newest[each.name] = max(each.link.seq, newest.get(each.name, 0))
        await session.execute_many(_LOCK, sorted(newest.items()))
        chains: dict[str, list[Link]] = {name: [] for name in newest}
        for name, *link in await session.fetch(_CHAIN, list(newest)):
            chains[name].append(Link(*link))
        await session.execute_many(_KEEP, sorted(each.columns for each in kept))
        await session.execute_many(_COUNT, _tally(kept, chains))
        fresh: defaultdict[str, list[Link]] = defaultdict(list)
        for each in kept:
            fresh[each.name].append(each.link)
        faults: list[Alarm] = []
        closed: dict[str, int] = {}
        for name, links in fresh.items():
            judged = judge(_linked(chains[name]), _linked(links))
            faults += [_alarm(alarms.FORK, name, each) for each in judged.forks]
            faults += [_alarm(alarms.CHAIN_GAP, name, each) for each in judged.gaps]
            closed |= {alarms.key(_cause(name, c)): link.at_ns for c, link in judged.closed}
        await alarms.sound(session, faults)
        await alarms.close(session, alarms.CHAIN_GAP, closed)


def _told(each: Entry) -> _Told | None:
    """The stub of a row: one that was written, or one that was seen under a trusted key."""
    if each.content is None or not isinstance(each.row, Row):
        return None
    raw = each.content.get("stub")
    if not isinstance(raw, bytes) or not 0 < len(raw) <= envelope.CEILING:
        return None
    written = each.row.kind in _WRITTEN
    if not written and (each.row.kind != _SEEN or "seen_seq" not in each.content):
        return None
    return _Told(sha256(raw).digest(), raw, each, each.row, int(written))


def _kept(told: _Told) -> _Kept | None:
    """What the signed stub says; a mini record says neither product nor number, so the row's stand."""
    row = told.row
    origin = (row.at_ns, told.entry.journal, row.seq)
    try:
        found = stub.decode(told.raw)
    except Malformed:
        said = told.entry.content or {}
        number = said.get("seq")
        seq = number if type(number) is int and 0 <= number < 1 << 53 else 0
        mini = _Kept(told, told.entry.name, Link(told.sha256, seq, b"", b"", *origin), b"", 0)
        return mini if told.written and mini.name else None
    name = told.entry.name
    if found.product[0] == stub.GS1:
        name = f"{gs1.gtin14(found.product[1])}/{found.product[-1]}"
    link = Link(told.sha256, found.seq, found.prev or b"", told.sha256[:16], *origin)
    return _Kept(told, name, link, found.kid, found.issued_at)


def _tally(kept: Iterable[_Kept], chains: dict[str, list[Link]]) -> list[tuple[int, int, int]]:
    """(journal, new stubs, products whose first stub came with them)."""
    known = {link.sha256 for chain in chains.values() for link in chain}
    stubs: Counter[int] = Counter()
    products: dict[str, int] = {}
    for each in kept:
        if each.link.sha256 not in known:
            stubs[each.told.entry.journal] += 1
            if not chains[each.name]:
                products.setdefault(each.name, each.told.entry.journal)
    first = Counter(products.values())
    return sorted((journal, count, first[journal]) for journal, count in stubs.items())


def _linked(links: Iterable[Link]) -> list[Link]:
    """Without mini records, which have no chain."""
    return [link for link in links if link.link]


def _cause(name: str, cause: str) -> str:
    return f"{name}\n{cause}"


def _alarm(kind: str, name: str, fault: Fault) -> Alarm:
    link = fault.link
    cause = _cause(name, fault.cause)
    return Alarm(kind, cause, name, fault.text, link.at_ns, link.journal, link.row_seq)
