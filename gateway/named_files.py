"""The files that a configuration names, and which of them hold a secret: what the doctor and the support bundle ask."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel

SECRETS = frozenset(
    (
        *("passphrase_file", "token_file", "access_password_file", "secret_file"),
        *("client_secret_file", "accounts", "key", "device", "audit_key", "identity", "folder"),
    )
)
"""Keys of a configuration that name a secret's file, or the folder of a private key."""


class NamedFile(NamedTuple):
    """key: as in "reader.line1.secret_file"."""

    key: str
    path: Path

    @property
    def is_secret(self) -> bool:
        """Whether its content is nobody's business."""
        return self.key.rpartition(".")[2] in SECRETS


def named_files(table: BaseModel, above: str = "") -> Iterator[NamedFile]:
    """Every file and folder that a configuration names, table by table."""
    for key, value in table:
        where = f"{above}{key}"
        if isinstance(value, Path):
            yield NamedFile(where, value)
        elif isinstance(value, BaseModel):
            yield from named_files(value, f"{where}.")
        elif isinstance(value, tuple):
            for place, each in enumerate(value):
                if isinstance(each, BaseModel):
                    name = getattr(each, "name", place)
                    yield from named_files(each, f"{where}.{name}.")
