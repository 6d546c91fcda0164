"""A firmware bundle, and the read-only file system that it is: boot.py mounts it, and import reads from it.

    tagwright firmware 1 NUMBER VERSION KID      text, each line ended by LF; KID: of the signing key, in hex
    PATH OFFSET SIZE                             of each member, in order; OFFSET: behind the blank line
                                                 a blank line
    members                                      modules as mpy-cross made them, raw deflate, window 2^10
    signature                                    Ed25519, 64 bytes, over SIGNED || SHA-256 of all before it

Imports nothing of ours: boot.py forgets this module before it mounts another of this name.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAGIC = b"tagwright firmware 1 "
SIGNED = b"tagwright firmware\n"
SIGNATURE = 64  # bytes
WINDOW = 10  # bits of deflate's window, which is taken from the heap
_LARGEST = 8192  # bytes of the text
_PIECE = 512
_FOLDER = 0x4000
_FILE = 0x8000
_ENOENT = 2


def text(path: "str") -> "bytes":
    """The text of the bundle in the file `path`, up to its blank line. OSError where there is none, ValueError."""
    found = b""
    with open(path, "rb") as file:
        while len(found) < _LARGEST:
            data = file.read(_PIECE)
            found += data
            end = found.find(b"\n\n")
            if not data or not found.startswith(MAGIC):
                break
            if end > 0:
                return found[: end + 2]
    raise ValueError("no firmware bundle")


class Archive:
    """To be mounted with vfs.mount."""

    def __init__(self, path: "str") -> None:
        """OSError or ValueError where the file `path` is no bundle."""
        self._path = path
        self._text = text(path)

    def mount(self, readonly: "bool", mkfs: "bool") -> None:
        """For vfs.mount."""

    def umount(self) -> None:
        """For vfs.umount."""

    def stat(self, path: "str") -> "tuple[int, ...]":
        """As os.stat; a folder is there when a member lies in it."""
        name = path.strip("/").encode()
        if not name or self._text.find(b"\n" + name + b"/") >= 0:
            return (_FOLDER,) + (0,) * 9
        return (_FILE,) + (0,) * 5 + (self._member(name)[1],) + (0,) * 3

    def open(self, path: "str", mode: "str") -> "Any":
        """The member as a stream of its bytes."""
        from deflate import RAW, DeflateIO

        offset, _ = self._member(path.strip("/").encode())
        file = open(self._path, "rb")  # noqa: SIM115 (the stream closes it)
        file.seek(len(self._text) + offset)
        return DeflateIO(file, RAW, WINDOW, True)

    def _member(self, name: "bytes") -> "tuple[int, int]":
        """(offset, size) of a member; OSError ENOENT."""
        at = self._text.find(b"\n" + name + b" ")
        if at < 0:
            raise OSError(_ENOENT)
        fields = self._text[at + 1 : self._text.find(b"\n", at + 1)].split(b" ")
        return int(fields[1]), int(fields[2])
