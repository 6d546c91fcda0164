"""Puts a bundle of firmware (reader/archive.py) that has come on trial."""

import binascii
import hashlib
import os

from edge.errors import Malformed
from reader import archive, files, update

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from reader.trust import Trust

_UPDATER = "updater"  # the role of a key that may sign firmware
_PIECE = 512  # bytes that are hashed in one turn


def install(path: "str", folder: "str", trust: "Trust", now: "int") -> "Generator[int, None, None]":
    """See reader.update.install. now: Unix seconds."""
    try:
        text = archive.text(path)
        first = text[len(archive.MAGIC) :].split(b"\n")[0].split(b" ")
        number = int(first[0])
        kid = bytes.fromhex(first[2].decode())  # portable: else no hex
    except (ValueError, IndexError):
        raise Malformed("update: no firmware bundle")
    end = max(len(text), files.size(path) - archive.SIGNATURE)
    digest = hashlib.sha256()
    crc = 0
    for at in range(0, end, _PIECE):
        data = files.part(path, at, min(_PIECE, end - at))
        digest.update(data)
        crc = binascii.crc32(data, crc)
        yield 0
    signature = files.part(path, end, archive.SIGNATURE)
    crc = binascii.crc32(signature, crc) & 0xFFFFFFFF
    signed = archive.SIGNED + digest.digest()
    for key in _keys(trust, kid, now):
        if (yield from trust.check(key, signed, signature)):
            break
    else:
        raise Malformed("update: not signed by a key that may")
    said = update.slots(folder)
    confirmed = said[:1]
    if said[1:2] != b"-" and said[2:3] != b"0":
        raise Malformed("update: what runs is on trial yet")  # and import reads from its slot
    if confirmed != b"-" and number <= _number(update.path(folder, confirmed)):
        raise Malformed("update: older than what runs")
    slot = b"b" if confirmed == b"a" else b"a"
    update.write(folder, confirmed + b"-0 0")  # nothing is on trial while the slot changes
    os.rename(path, update.path(folder, slot))
    files.write(update.path(folder, slot), (crc.to_bytes(4, "little"),), "ab")
    update.write(folder, confirmed + slot + b"0 " + str(crc).encode())


def _keys(trust: "Trust", kid: "bytes", now: "int") -> "list[bytes]":
    """The keys with this kid that may sign firmware."""
    found = [trust.root]
    for entry in trust.find(kid) if now <= trust.not_after else ():
        is_valid = entry.valid_from <= now and (entry.valid_to is None or now <= entry.valid_to)
        if is_valid and _UPDATER in entry.roles and entry.revoked_since is None:
            found.append(entry.key)
    return found


def _number(path: "str") -> "int":
    try:
        return int(archive.text(path)[len(archive.MAGIC) :].split(b" ")[0])
    except (OSError, ValueError):
        return 0
