"""The station page's local accounts: a file of names, roles and Argon2id hashes (RFC 9106) that its owner alone reads.

    {"accounts": {"ada": {"role": "lead", "hash": "$argon2id$..."}}}

The file is read anew for each login, so what `tagwright account` changed counts at once.
"""

import json
from hashlib import sha256
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway import private_file
from gateway.web.person import ROLES, Person

SHORTEST = 10  # characters of a password
LONGEST = 256
_LONGEST_NAME = 64
_LARGEST = 1 << 20  # bytes of the file

_HASHER = PasswordHasher()  # RFC 9106, "Parameter Choice": the second recommended option, 64 MiB


class AccountProblem(Exception):
    """The file, or what is to be put there, cannot be used; the text says what and what to do."""


class Accounts:
    """The accounts of one file. Nothing of it is kept between calls. hasher: for tests, which have no time."""

    def __init__(self, path: Path, hasher: PasswordHasher = _HASHER) -> None:
        self.path = path
        self._hasher = hasher
        self._nobody = (
            ""  # a hash that no password fits, made when the first unknown name is asked for
        )

    def people(self) -> list[Person]:
        """Everyone, by name. Raises AccountProblem."""
        return [Person(name, role) for name, (role, _) in sorted(self._read().items())]

    def find(self, name: str) -> Person | None:
        """Raises AccountProblem."""
        found = self._read().get(name)
        return _person(name, *found) if found is not None else None

    def still(self, person: Person) -> Person | None:
        """The person as the file has him now; None: his password is another, or he is gone. Raises AccountProblem."""
        found = self.find(person.name)
        return found if found is not None and found.id == person.id else None

    def check(self, name: str, password: str) -> Person | None:
        """Who that is; None where name and password do not fit, which takes as long. Raises AccountProblem.

        It computes for about 0.1 s: give it to a thread.
        """
        role, stored = self._read().get(name, ("", ""))
        try:
            self._hasher.verify(stored or self._nobodys(), password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return None
        return _person(name, role, stored) if stored else None

    def put(self, name: str, role: str, password: str) -> None:
        """Add an account, or change one. Raises AccountProblem."""
        if not name.isprintable() or not 0 < len(name.strip()) == len(name) <= _LONGEST_NAME:
            raise AccountProblem(f"a name has 1 to {_LONGEST_NAME} characters that can be printed")
        if role not in ROLES:
            raise AccountProblem(f"role {role!r} is none of {', '.join(ROLES)}")
        if not SHORTEST <= len(password) <= LONGEST:
            raise AccountProblem(f"a password has {SHORTEST} to {LONGEST} characters")
        self._write(self._read() | {name: (role, self._hasher.hash(password))})

    def remove(self, name: str) -> None:
        """Raises AccountProblem, too where there is no such account."""
        accounts = self._read()
        if accounts.pop(name, None) is None:
            raise AccountProblem(f"{self.path}: there is no account {name!r}")
        self._write(accounts)

    def _nobodys(self) -> str:
        self._nobody = self._nobody or self._hasher.hash("nobody")[:-4] + "AAAA"
        return self._nobody

    def _read(self) -> dict[str, tuple[str, str]]:
        """Name -> (role, hash)."""
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as why:
            raise AccountProblem(f"cannot read {self.path}: {why.strerror}") from why
        try:
            if len(raw) > _LARGEST:
                raise ValueError(f"more than {_LARGEST} bytes")
            found = {
                str(name): (str(each["role"]), str(each["hash"]))
                for name, each in json.loads(raw)["accounts"].items()
            }
            if any(role not in ROLES for role, _ in found.values()):
                raise ValueError(f"a role is none of {', '.join(ROLES)}")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as why:
            raise AccountProblem(
                f"{self.path} is no file of `tagwright account`: {why}: restore it, or remove it"
            ) from why
        return found

    def _write(self, accounts: dict[str, tuple[str, str]]) -> None:
        said = {name: {"role": role, "hash": hash} for name, (role, hash) in accounts.items()}
        text = json.dumps({"accounts": said}, indent=1, sort_keys=True, ensure_ascii=False)
        try:
            private_file.replace(self.path, text.encode() + b"\n")
        except OSError as why:
            raise AccountProblem(f"cannot write {self.path}: {why.strerror}") from why


def _person(name: str, role: str, stored: str) -> Person:
    return Person(name, role, id=sha256(stored.encode()).hexdigest()[:16])
