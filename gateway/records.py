"""What stands in a journal: its rows and gaps, their chain by SHA-256, and every question asked of them."""

import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import cbor2

from edge.stub import link16
from gateway.clock import Times
from gateway.journal_asked import Asked
from gateway.journal_room import Pressure, Room, stored_room, used_bytes

CONFIRMED = "acknowledged"  # the cursor up to which the system of record holds every row
ACKNOWLEDGED = CONFIRMED
SENT = "sent"  # the cursor up to which the transport took every row
LINK = "link16"  # the key of a stub's link in what is left of a result's body
CLOCK = "clock"  # the key of each body that the journal itself puts there
SCHEMA = 2

Value = int | str | bytes  # what SQLite holds

COLUMNS = "seq, at_ns, kind, station, uid, product, body, hash"
_BUSY_S = 10.0  # while another process recovers the file


class JournalTrouble(Exception):
    """The journal's file or disk is at fault; the text says what, where and what to do."""


class Row(NamedTuple):
    """One durable act. at_ns: wall clock, ns since 1970; body: CBOR map; hash: 32 bytes, by Chain."""

    seq: int
    at_ns: int
    kind: str
    station: str
    uid: bytes
    product: str
    body: bytes
    hash: bytes

    def content(self) -> dict[str, Any]:
        """The body as the dict that was appended."""
        content: dict[str, Any] = cbor2.loads(self.body)
        content.pop(CLOCK, None)
        return content

    def clock(self) -> Times | None:
        """What the row says of its time; None for one of a Tagwright that did not say."""
        said = cbor2.loads(self.body).get(CLOCK)
        return Times(*said) if said is not None else None


class Gap(NamedTuple):
    """Rows that are no longer here, `first` to `last`, as one.

    reason: "trimmed", confirmed and given back; "dropped", never confirmed, over its quota. hash: of the row `last`,
    so that the chain goes on over it.
    """

    first: int
    last: int
    reason: str
    hash: bytes


_KEPT = ("seq", "slot", "digest", LINK)


def remnant(body: bytes) -> bytes:
    """What is kept of a result's body when its row is given back: its stub's number, slot and link, and the digest."""
    said: dict[str, Any] = cbor2.loads(body)
    if isinstance(stub := said.get("stub"), bytes) and stub:
        said[LINK] = link16(stub)
    return cbor2.dumps({name: said[name] for name in _KEPT if name in said}, canonical=True)


class Aside(NamedTuple):
    """A row in quarantine. sink: the cursor of who refused it; replay: 1 where it is to be offered once more."""

    sink: str
    seq: int
    at_ns: int
    reason: str
    replay: int


class Encoder:
    """Deterministic CBOR by one cbor2 encoder for many values (2 us a row; cbor2.dumps: 8). One thread's own."""

    def __init__(self) -> None:
        self._out = BytesIO()
        self._encoder = cbor2.CBOREncoder(self._out, canonical=True)

    def __call__(self, value: Any) -> bytes:
        """Raises ValueError for a value that CBOR cannot hold."""
        self._out.seek(0)
        self._out.truncate()
        try:
            self._encoder.encode(value)
        except cbor2.CBOREncodeError as e:
            raise ValueError(str(e)) from e
        return self._out.getvalue()


class Chain:
    """The chain of hashes: each row's is SHA-256(hash of the row before || CBOR of the row's array)."""

    def __init__(self, before: bytes) -> None:
        """before: the hash of the row before the next one; the journal's id where that has seq 1."""
        self.last = before
        self._encode = Encoder()

    def follow(
        self,
        seq: int,
        at_ns: int,
        kind: str,
        station: str,
        uid: bytes,
        product: str,
        body: bytes,
    ) -> bytes:
        """The hash (32 bytes) of the next row."""
        row = self._encode([seq, at_ns, kind, station, uid, product, body])
        self.last = sha256(self.last + row).digest()
        return self.last


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """An SQLite connection in autocommit mode; mode: "ro", or "rwc" to make the file where it is missing."""
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )


class Records:
    """A journal, read only, also while a gateway writes it. Answers hold durable rows, in order of seq."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Raises JournalTrouble where there is no journal at `path`, or one of another version."""
        try:
            self._read = connect(Path(path), "ro")
        except sqlite3.Error as e:
            raise JournalTrouble(f"there is no journal at {path}: {e}") from e
        try:
            (version,) = self._read.execute("PRAGMA user_version").fetchone()
            (identity,) = self._read.execute("SELECT id FROM journal").fetchone()
        except (sqlite3.Error, TypeError) as e:
            self._read.close()
            raise JournalTrouble(f"{path} cannot be read as a journal: {e}") from e
        if version != SCHEMA:
            self._read.close()
            raise JournalTrouble(
                f"{path} has schema {version}, this Tagwright reads {SCHEMA}: "
                + ("start the gateway once" if version < SCHEMA else "use a newer Tagwright")
            )
        self._first_id: bytes = identity

    @property
    def id(self) -> bytes:
        """16 random bytes under which the rows behind `origin` are sent; made with the file, or by `branch`."""
        found = self._read.execute("SELECT id FROM branches ORDER BY number DESC LIMIT 1")
        (newest,) = found.fetchone() or (self._first_id,)
        identity: bytes = newest
        return identity

    @property
    def origin(self) -> tuple[bytes, int] | None:
        """(id, seq) of the journal that this one goes on from, behind that seq; None where it has its first id."""
        newest = self._read.execute("SELECT after FROM branches ORDER BY number DESC LIMIT 1")
        if (found := newest.fetchone()) is None:
            return None
        (after,) = found
        before = self._read.execute(
            "SELECT id FROM branches WHERE after < ? ORDER BY number DESC LIMIT 1", (after,)
        )
        (older,) = before.fetchone() or (self._first_id,)
        return older, after

    def branches(self) -> list[tuple[bytes, int]]:
        """(id, after) of the ids that it goes under, in order: each for the rows behind `after`, up to the next."""
        found = [(self._first_id, 0)]
        for identity, after in self._read.execute("SELECT id, after FROM branches ORDER BY number"):
            while len(found) > 1 and found[-1][1] >= after:
                found.pop()
            found.append((identity, after))
        return found

    def close(self) -> None:
        self._read.close()

    def head(self) -> int:
        """The highest seq, 0 where there is none."""
        return self._number("SELECT max(seq) FROM events") or 0

    def after(self, seq: int, limit: int) -> list[Row]:
        """At most `limit` rows behind `seq`."""
        return list(self._rows("WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit))

    def before(self, seq: int, limit: int) -> list[Row]:
        """At most `limit` rows up to `seq`, the newest first."""
        return list(self._rows("WHERE seq <= ? ORDER BY seq DESC LIMIT ?", seq, limit))

    def matching(self, first: int, last: int, asked: Asked, limit: int) -> list[Row]:
        """The newest `limit` rows from `first` to `last` that are as asked; costs what lies between, but for a uid."""
        clause, values = asked.clause()
        clause = f"WHERE seq BETWEEN ? AND ? {clause} ORDER BY seq DESC LIMIT ?"
        return list(self._rows(clause, first, last, *values, limit))

    def life(self, product: str, after: int, limit: int) -> list[Row]:
        """At most `limit` rows of a product behind row `after`."""
        clause = "WHERE product = ? AND product <> '' AND seq > ? ORDER BY seq LIMIT ?"
        return list(self._rows(clause, product, after, limit))

    def pieces(self, seq: int, limit: int) -> list[Row | Gap]:
        """At most `limit` rows and gaps behind `seq`, without a hole; of a gap around `seq` what is behind it."""
        with self._at_once():
            found: list[Row | Gap] = [*self.after(seq, limit), *self.gaps(seq, limit)]
        found.sort(key=lambda each: each[0])
        if found and isinstance(around := found[0], Gap) and around.first <= seq:
            found[0] = around._replace(first=seq + 1)
        return found[:limit]

    def gaps(self, seq: int = 0, limit: int = -1) -> list[Gap]:
        """At most `limit` gaps that end behind `seq`."""
        query = "SELECT first, last, reason, hash FROM gaps WHERE last > ? ORDER BY first LIMIT ?"
        return [Gap(*columns) for columns in self._read.execute(query, (seq, limit))]

    def hash_at(self, seq: int) -> bytes:
        """The hash of a row or of a gap's last row; for 0 the journal's first id, which the chain begins with.

        Raises LookupError for a seq inside a gap or beyond the head: its hash is not known here.
        """
        if seq == 0:
            return self._first_id
        query = (
            "SELECT hash FROM events WHERE seq = ? UNION ALL SELECT hash FROM gaps WHERE last = ?"
        )
        found = self._read.execute(query, (seq, seq)).fetchone()
        if found is None:
            raise LookupError(f"the journal does not know the hash of row {seq}")
        digest: bytes = found[0]
        return digest

    def tail(self, count: int) -> list[Row]:
        """The last `count` rows."""
        return list(self._rows("ORDER BY seq DESC LIMIT ?", count))[::-1]

    def open_intents(self, uid: bytes | None = None) -> list[Row]:
        """Intents (of this tag) that no result or void has closed; costs what is open, not what is stored."""
        if uid is None:
            return list(self._rows("WHERE seq IN (SELECT seq FROM open_intents) ORDER BY seq"))
        return list(
            self._rows(
                "WHERE seq IN (SELECT seq FROM open_intents WHERE uid = ?) ORDER BY seq", uid
            )
        )

    def last_for_product(self, product: str) -> Row | None:
        """The newest row of this product."""
        newest = "WHERE product = ? AND product <> '' ORDER BY seq DESC LIMIT 1"
        return next(self._rows(newest, product), None)

    def last_result(self, product: str) -> Row | None:
        """The newest result row of this product: the write that last put it on a tag.

        Of one that was given back, no hash and station, and of its body what `remnant` leaves.
        """
        clause = "WHERE product = ? AND product <> '' AND kind = 'result' ORDER BY seq DESC LIMIT 1"
        with self._at_once():
            here = next(self._rows(clause, product), None)
            query = "SELECT seq, at_ns, uid, body FROM written WHERE product = ?"
            gone = self._read.execute(query, (product,)).fetchone()
        if gone is None or (here is not None and here.seq > gone[0]):
            return here
        seq, at_ns, uid, body = gone
        return Row(seq, at_ns, "result", "", uid, product, body, b"")

    def last_of_kind(self, kind: str, product: str) -> Row | None:
        """The newest row of this kind of the product, as "bind": which codes were read beside its tag."""
        clause = "WHERE product = ? AND product <> '' AND kind = ? ORDER BY seq DESC LIMIT 1"
        return next(self._rows(clause, product, kind), None)

    def last_for_uid(self, uid: bytes) -> Row | None:
        """The newest row of this tag."""
        return next(self._rows("WHERE uid = ? AND uid <> x'' ORDER BY seq DESC LIMIT 1", uid), None)

    def remembered(self, uid: bytes) -> Row | None:
        """The newest result row of this tag, where the tag has its EPC alone and its stub stands in that row only."""
        clause = "WHERE seq = (SELECT seq FROM remembered WHERE uid = ?)"
        return next(self._rows(clause, uid), None)

    def known_seq(self, product: str) -> int | None:
        """The highest stub seq of this product: written (body "seq" of a result), or seen (verdict, "seen_seq")."""
        return self._number("SELECT seq FROM known_stubs WHERE product = ?", product)

    def cursor(self, name: str) -> int:
        """How far the reader called `name` has come: a seq, 0 at the start."""
        return self._number("SELECT seq FROM cursors WHERE name = ?", name) or 0

    def cursors(self) -> dict[str, int]:
        """Each reader's name, and how far it has come."""
        return dict(self._read.execute("SELECT name, seq FROM cursors ORDER BY name").fetchall())

    @property
    def sinks(self) -> set[str]:
        """The cursors behind which nothing is trimmed."""
        return {name for (name,) in self._read.execute("SELECT name FROM cursors WHERE holds = 1")}

    def pressure(self) -> Pressure:
        """How full the journal is."""
        return self._room().pressure(used_bytes(self._read))

    def dropped(self) -> dict[str, int]:
        """Class -> how many of its rows were dropped since the file was made."""
        return self._room().dropped

    def lag(self) -> int:
        """How many rows the hub has not acknowledged."""
        return self.head() - self.cursor(ACKNOWLEDGED)

    def cuts(self, seq: int) -> list[tuple[int, int]]:
        """(first, last) of the batches that were cut and end behind `seq`, in order."""
        query = "SELECT first, last FROM cuts WHERE last > ? ORDER BY first"
        return self._read.execute(query, (seq,)).fetchall()

    def quarantined(
        self, first: int = 1, last: int = 1 << 62, sink: str = CONFIRMED
    ) -> dict[int, str]:
        """seq -> reason of the rows from `first` to `last` that a sink refused for what they say."""
        query = (
            "SELECT seq, reason FROM quarantine WHERE sink = ? AND seq BETWEEN ? AND ? ORDER BY seq"
        )
        return dict(self._read.execute(query, (sink, first, last)).fetchall())

    def aside(self) -> list[Aside]:
        """What is in quarantine, for every sink."""
        query = "SELECT sink, seq, at_ns, reason, replay FROM quarantine ORDER BY sink, seq"
        return [Aside(*columns) for columns in self._read.execute(query)]

    def replays(self, sink: str = CONFIRMED) -> list[int]:
        """The rows in quarantine that are to be offered to the sink once more."""
        query = "SELECT seq FROM quarantine WHERE sink = ? AND replay = 1 ORDER BY seq"
        return [seq for (seq,) in self._read.execute(query, (sink,))]

    def verify(self, told: Callable[[int], None] = lambda seq: None) -> int | None:
        """Recompute the chain, over gaps: the first seq that is missing or does not follow, None when all do.

        told: called now and then with how far it is.
        """
        chain, expected = Chain(self._first_id), 1
        with self._at_once():
            gaps = deque(self.gaps())
            for row in self._rows("ORDER BY seq"):
                while gaps and gaps[0].first == expected:
                    gap = gaps.popleft()
                    chain.last, expected = gap.hash, gap.last + 1
                content = (row.at_ns, row.kind, row.station, row.uid, row.product, row.body)
                if chain.follow(expected, *content) != row.hash:
                    return expected
                if not expected & 0x3FF:
                    told(expected)
                expected += 1
        return gaps[0].first if gaps else None

    def _room(self) -> Room:
        with self._at_once():
            return stored_room(self._read)

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """What is read inside is of one moment, whatever the writer does meanwhile."""
        self._read.execute("BEGIN")
        try:
            yield
        finally:
            self._read.execute("COMMIT")

    def _rows(self, clause: str, *values: int | str | bytes) -> Iterator[Row]:
        for columns in self._read.execute(f"SELECT {COLUMNS} FROM events {clause}", values):
            yield Row(*columns)

    def _number(self, query: str, *values: str) -> int | None:
        found = self._read.execute(query, values).fetchone()
        return found[0] if found else None
