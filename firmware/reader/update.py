"""New firmware: a signed bundle goes into the slot that is not in use, and has to prove itself.

FOLDER/slots says which of firmware.a and firmware.b counts: the confirmed one, the one on trial, how often that was
started, and the CRC-32 of the last bundle that came: b"ab1 2864434397", "-" for none; b"a-x ..." where the last trial
failed. boot.py reads it. Behind each bundle stands its CRC-32, so that one that was damaged is not started.
"""

from reader import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from reader.clock import Clock
    from reader.trust import Trust

    Turns = Generator[int, None, None]

FOLDER = "/data"  # where boot.py looks

_NONE = b"--0 0"


def install(folder: "str", trust: "Trust", clock: "Clock") -> "Callable[[str], Turns]":
    """What puts the bundle in a file on trial, in turns, from the next start on; the file is moved away.

    It is signed by the root of `trust`, or by one of its keys with role "updater", valid now. Raises Malformed.
    """

    def turns(path: "str") -> "Turns":
        from reader import bundle

        return bundle.install(path, folder, trust, clock.now())

    return turns


def confirm(folder: "str" = FOLDER) -> None:
    """What is on trial, and was started, has proven itself."""
    said = slots(folder)
    if said[1:2] != b"-" and said[2:3] != b"0":
        write(folder, said[1:2] + b"-0" + said[3:])


def is_due(folder: "str" = FOLDER) -> "bool":
    """Whether the next start will try new firmware."""
    said = slots(folder)
    return said[1:2] != b"-" and said[2:3] == b"0"


def number(folder: "str" = FOLDER) -> "int":
    """CRC-32 of the last bundle that came, whether it proved itself or not; 0 for none."""
    try:
        return int(slots(folder)[4:])
    except ValueError:
        return 0


def slots(folder: "str") -> "bytes":
    """What FOLDER/slots says."""
    return files.read(folder + "/slots") or _NONE


def write(folder: "str", said: "bytes") -> None:
    files.write(folder + "/slots", (said,))


def path(folder: "str", slot: "bytes") -> "str":
    """Of a slot's bundle."""
    return f"{folder}/firmware.{slot.decode()}"  # portable: a or b
