"""The hub's passports: every version of each, as published, with its SHA-256 and the time from which it is in force.

At most one passport of a subject (product, batch or model) is in force; one that was withdrawn can be read at any date
before, and its subject may have another.
"""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from edge.errors import Malformed
from gateway.hub import classes, passport, results
from gateway.hub.access import CLASSES
from gateway.hub.database import Database, Session
from gateway.hub.passport import Passport
from gateway.hub.results import Problem

Change = Callable[[dict[str, Any]], dict[str, Any]]

_COLUMNS = "p.number, p.id, v.at_ns, v.sha256, v.document"
_NEWEST = (
    f"SELECT {_COLUMNS} FROM passports p"
    " JOIN passport_versions v ON v.passport = p.number AND v.at_ns = p.changed_ns"
)
_BY_ID = f"{_NEWEST} WHERE p.id = $1 AND p.deleted_ns IS NULL"
_BY_SUBJECT = f"{_NEWEST} WHERE p.subject = $1 AND p.deleted_ns IS NULL"
_AT = (
    f"SELECT {_COLUMNS} FROM passports p JOIN passport_versions v ON v.passport = p.number"
    " WHERE p.subject = $1 AND v.at_ns <= $2 AND (p.deleted_ns IS NULL OR p.deleted_ns > $2)"
    " ORDER BY v.at_ns DESC LIMIT 1"
)
_LAST = (
    "SELECT v.document FROM passports p"
    " JOIN passport_versions v ON v.passport = p.number AND v.at_ns = p.changed_ns WHERE p.subject = $1"
)
_TAKEN = (
    "a passport of this identifier, or another one of this product, is in force:"
    " change it, or withdraw it first"
)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a passport: `raw` as published, in force from `at_ns` on.

    later: documents whose maps of access classes count beside its own; none where it is in force.
    """

    number: int
    id: str
    at_ns: int
    sha256: bytes
    raw: bytes
    later: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """What a caller may read of a version: the bytes as published where that is all of it.

    sha256: of these bytes, so that it tells nothing of what is left out; withheld: the classes of that.
    """

    raw: bytes
    sha256: bytes
    withheld: tuple[str, ...] = ()

    @property
    def etag(self) -> str:
        return f'"{self.sha256.hex()}"'


class Passports:
    """Passports in `database`. now_ns: the hub's clock; defaults: access classes that count for every document."""

    def __init__(
        self,
        database: Database,
        now_ns: Callable[[], int],
        defaults: Mapping[str, str] | None = None,
    ) -> None:
        self._database = database
        self._now_ns = now_ns
        self._defaults = classes.checked(dict(defaults or {}), "passport classes")

    def view(self, version: Version, seen: Collection[str]) -> View:
        """What a caller who sees these classes may read of it."""
        if set(seen) >= CLASSES or not self._may_hide(version):
            return View(version.raw, version.sha256)
        document = passport.parse(version.raw)
        left = classes.view(document, self._maps(version, document), seen)
        if left is document:
            return View(version.raw, version.sha256)
        raw = passport.encoded(left)
        return View(raw, sha256(raw).digest(), tuple(left[classes.WITHHELD]))

    async def newest(self, id: str) -> Version:
        """The newest version of a passport in force. Raises Problem."""
        return _one(
            await self._database.fetch(_BY_ID, _stored(id)), f"there is no passport {id[:200]!r}"
        )

    async def of_product(self, product: str) -> Version:
        """The newest version of the passport of a product, by its identifier. Raises Problem, Malformed."""
        found = await self._database.fetch(_BY_SUBJECT, _stored(passport.subject(product)))
        return _one(found, f"there is no passport of {product[:200]!r}")

    async def of_product_at(self, product: str, at_ns: int) -> Version:
        """What was in force at that moment. Raises Problem, Malformed."""
        subject = _stored(passport.subject(product))
        found = await self._database.fetch(_AT, subject, at_ns)
        version = _one(found, f"there was no passport of {product[:200]!r} at that time")
        later = await self._database.fetch(_LAST, subject)
        return replace(version, later=tuple(raw for (raw,) in later if raw != version.raw))

    async def ids(self, products: Sequence[str]) -> dict[str, str]:
        """Product identifier -> passport id, for those of `products` that have one in force. Raises Malformed."""
        subjects = {
            product: passport.subject(product) for product in products if "\0" not in product
        }
        rows = await self._database.fetch(
            "SELECT subject, id FROM passports WHERE subject = ANY($1) AND deleted_ns IS NULL",
            sorted(set(subjects.values())),
        )
        held: dict[str, str] = dict(rows)
        return {product: held[each] for product, each in subjects.items() if each in held}

    async def create(self, raw: bytes) -> tuple[Passport, Version]:
        """Publish a new passport; its id and time of update are added where it has none. Raises Problem, Malformed."""
        at_ns = self._now_ns()
        found = passport.read(passport.completed(raw, f"urn:uuid:{uuid.uuid4()}", at_ns))
        async with self._database.transaction() as session:
            rows = await session.fetch(
                "INSERT INTO passports (id, subject, changed_ns) VALUES ($1, $2, $3)"
                " ON CONFLICT DO NOTHING RETURNING number",
                found.id,
                found.subject,
                at_ns,
            )
            if not rows:
                raise Problem(results.STANDS, _TAKEN)
            version = Version(rows[0][0], found.id, at_ns, found.sha256, found.raw)
            await _add(session, version)
        return found, version

    async def change(self, id: str, wanted: Collection[str] | None, change: Change) -> Version:
        """Put a new version in force: what `change` makes of the newest.

        wanted: ETags, one of which the newest must have; None: any. Raises Problem, Malformed; nothing is changed then.
        """
        async with self._database.transaction() as session:
            held = await self._locked(session, id)
            if wanted is not None and f'"{held.sha256.hex()}"' not in wanted:
                raise Problem(results.CHANGED, "the passport has changed since: read it again")
            at_ns = max(self._now_ns(), held.at_ns + 1)
            old = passport.parse(held.raw)
            raw = passport.updated(change(old), at_ns)
            found = passport.read(raw)
            for name in passport.FIXED:
                if found.said[name] != old[name]:
                    raise Malformed(
                        f"{name} stays as it is: a product of its own has a passport of its own"
                    )
            version = Version(held.number, id, at_ns, found.sha256, raw)
            await _add(session, version)
            await session.execute(
                "UPDATE passports SET changed_ns = $2 WHERE number = $1", held.number, at_ns
            )
        return version

    async def withdraw(self, id: str, wanted: Collection[str] | None) -> None:
        """Take a passport out of force; its history stays. Raises Problem."""
        async with self._database.transaction() as session:
            held = await self._locked(session, id)
            if wanted is not None and f'"{held.sha256.hex()}"' not in wanted:
                raise Problem(results.CHANGED, "the passport has changed since: read it again")
            await session.execute(
                "UPDATE passports SET deleted_ns = $2 WHERE number = $1",
                held.number,
                max(self._now_ns(), held.at_ns + 1),
            )

    async def register(self, product: str, pointer: bytes) -> tuple[str, Version]:
        """Keep a registry pointer to the passport of a product; its registration's id, and the version it is of.

        Raises Problem, Malformed.
        """
        version = await self.of_product(product)
        id = f"urn:uuid:{uuid.uuid4()}"
        async with self._database.transaction() as session:
            await session.execute(
                "INSERT INTO registrations (id, passport, at_ns, sha256, pointer) VALUES ($1, $2, $3, $4, $5)",
                id,
                version.number,
                self._now_ns(),
                version.sha256,
                pointer.decode("ascii"),
            )
        return id, version

    async def _locked(self, session: Session, id: str) -> Version:
        await session.fetch(
            f"SELECT number FROM passports WHERE id = $1{self._database.locking}", _stored(id)
        )
        return _one(await session.fetch(_BY_ID, _stored(id)), f"there is no passport {id[:200]!r}")

    def _may_hide(self, version: Version) -> bool:
        """Whether it may have a map: its name stands in the bytes, or may stand there escaped."""
        if self._defaults:
            return True
        said = (version.raw, *version.later)
        return any(classes.MEMBER.encode() in raw or b"\\u" in raw for raw in said)

    def _maps(self, version: Version, document: dict[str, Any]) -> list[Mapping[str, str]]:
        """Its own map, the later ones' and the hub's: what is restricted today was never public."""
        documents = [document, *map(passport.parse, version.later)]
        return [self._defaults, *(each.get(classes.MEMBER, {}) for each in documents)]


async def _add(session: Session, version: Version) -> None:
    await session.execute(
        "INSERT INTO passport_versions (passport, at_ns, sha256, document) VALUES ($1, $2, $3, $4)",
        version.number,
        version.at_ns,
        version.sha256,
        version.raw,
    )


def _one(rows: list[tuple[Any, ...]], missing: str) -> Version:
    if not rows:
        raise Problem(results.MISSING, missing)
    return Version(*rows[0])


def _stored(text: str) -> str:
    """Text that a column can hold. Raises Problem: what PostgreSQL cannot hold, no passport has."""
    if "\0" in text:
        raise Problem(results.MISSING, "there is no such passport")
    return text
