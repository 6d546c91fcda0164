"""New firmware: a signed bundle goes into the slot that is not in use, and has to prove itself.

FOLDER/slots says which of firmware.a and firmware.b counts: the confirmed one, the one on trial, how often that was
started, and the CRC-32 of the last bundle that came: b"ab1 2864434397", "-" for none. boot.py reads it.
"""

import binascii
import hashlib
import os

from edge.errors import Malformed
from reader import archive, files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from reader.trust import Trust

    Turns = Generator[int, None, None]

FOLDER = "/data"  # where boot.py looks

_NONE = b"--0 0"
_UPDATER = "updater"  # the role of a key that may sign firmware
_PIECE = 512  # bytes that are hashed in one turn


def install(folder: "str", trust: "Trust") -> "Callable[[str], Turns]":
    """What puts the bundle in a file on trial, in turns, from the next start on; the file is moved away.

    It is signed by the root of `trust`, or by one of its keys with role "updater". Raises Malformed.
    """

    def turns(path: "str") -> "Turns":
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
        for key in _keys(trust, kid):
            if (yield from trust.check(key, signed, signature)):
                break
        else:
            raise Malformed("update: not signed by a key that may")
        confirmed = _slots(folder)[:1]
        if confirmed != b"-" and number <= _number(_path(folder, confirmed)):
            raise Malformed("update: older than what runs")
        slot = b"b" if confirmed == b"a" else b"a"
        _write(folder, confirmed + b"-0 0")  # nothing is on trial while the slot changes
        os.rename(path, _path(folder, slot))
        _write(folder, confirmed + slot + b"0 " + str(crc).encode())

    return turns


def confirm(folder: "str" = FOLDER) -> None:
    """What is on trial, and was started, has proven itself."""
    slots = _slots(folder)
    if slots[1:2] != b"-" and slots[2:3] != b"0":
        _write(folder, slots[1:2] + b"-0" + slots[3:])


def is_due(folder: "str" = FOLDER) -> "bool":
    """Whether the next start will try new firmware."""
    slots = _slots(folder)
    return slots[1:2] != b"-" and slots[2:3] == b"0"


def number(folder: "str" = FOLDER) -> "int":
    """CRC-32 of the last bundle that came, whether it proved itself or not; 0 for none."""
    try:
        return int(_slots(folder)[4:])
    except ValueError:
        return 0


def _keys(trust: "Trust", kid: "bytes") -> "list[bytes]":
    """The keys with this kid that may sign firmware."""
    found = [
        entry.key
        for entry in trust.find(kid)
        if _UPDATER in entry.roles and entry.revoked_since is None
    ]
    return [trust.root] + found


def _number(path: "str") -> "int":
    try:
        return int(archive.text(path)[len(archive.MAGIC) :].split(b" ")[0])
    except (OSError, ValueError):
        return 0


def _slots(folder: "str") -> "bytes":
    return files.read(folder + "/slots") or _NONE


def _write(folder: "str", slots: "bytes") -> None:
    files.write(folder + "/slots", (slots,))


def _path(folder: "str", slot: "bytes") -> "str":
    return f"{folder}/firmware.{slot.decode()}"  # portable: a or b
