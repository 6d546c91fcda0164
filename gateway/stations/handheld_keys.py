"""The keys that handhelds made for themselves, and how one that is on no trust list comes there."""

import logging
from pathlib import Path

from edge import cose
from edge.trust import TrustList
from gateway.journal import Journal, JournalFull, Records
from gateway.readers.handheld_end import Hello

log = logging.getLogger(__name__)

_MARK = "handheld/key/"  # a cursor's name begins so, where a key was met that was on no list
_SIZE = 32  # bytes: Ed25519
_MOST = 64  # keys that are kept so


class Keys:
    """What handhelds said of their keys. trust_file: where the trust list lies, None where none is named."""

    def __init__(self, journal: Journal, trust_file: Path | None) -> None:
        self._journal = journal
        self._trust_file = trust_file
        self._told: set[bytes] = set()

    async def met(self, hello: Hello, trust: TrustList | None) -> None:
        """A handheld is here that has proved itself: of a key that is on no list is told once how it is put there."""
        key = _key(hello)
        if not key or key in self._told or len(self._told) >= _MOST or _is_on(trust, key):
            return
        self._told.add(key)
        text = "%s: its key is on no trust list, so readers trust nothing that it writes; where the root key is: %s"
        log.warning(text, hello.name, remedy(key, self._trust_file))
        if len(_marked(self._journal)) < _MOST:
            try:
                await self._journal.move_cursor(_MARK + key.hex(), 1)
            except JournalFull as why:
                log.warning("%s: %s", hello.name, why)


def strangers(records: Records, trust: TrustList | None) -> list[bytes]:
    """The public keys of handhelds that were here, and are still on no list."""
    return [key for key in _marked(records) if not _is_on(trust, key)]


def remedy(key: bytes, trust_file: Path | None) -> str:
    """What to type."""
    name = trust_file.name if trust_file is not None else "trust.cbor"
    return f"tagwright key trust --add {key.hex()} --out {name}"


def _key(hello: Hello) -> bytes:
    """The public key that it told, b"" where that is not the one of its id."""
    key = hello.info.get("key")
    if not isinstance(key, bytes) or len(key) != _SIZE or cose.kid(key) != hello.id:
        return b""
    return key


def _is_on(trust: TrustList | None, key: bytes) -> bool:
    return trust is not None and any(each.key == key for each in trust.find(cose.kid(key)))


def _marked(records: Records) -> list[bytes]:
    names = [name for name in records.cursors() if name.startswith(_MARK)]
    return [bytes.fromhex(name.removeprefix(_MARK)) for name in names]
