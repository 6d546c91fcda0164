"""Chooses the firmware before main.py runs: the bundle on trial, else the confirmed one, else the plain folders.

A bundle on trial has two starts to prove itself in (reader/update.py confirms it); a watchdog ends those in which it
hangs. What /data/slots holds is told in reader/update.py. Nothing is raised here: main.py would not run.
"""

import sys

_FOLDER = "/data"
_STARTS = b"2"  # of a bundle on trial
_WATCHDOG_MS = 8000
_PIECE = 512
_RESIDUE = 0x2144DF1C  # of CRC-32, over whatever ends with its own, least byte first


def choose() -> None:
    """Mount what counts; a start of the bundle on trial is counted before it begins."""
    try:
        with open(_FOLDER + "/slots", "rb") as file:
            said = file.read()
    except OSError:
        return
    confirmed, trial, starts = said[:1], said[1:2], said[2:3]
    if trial in (b"a", b"b") and starts:
        if starts < _STARTS and write(confirmed + trial + bytes((starts[0] + 1,)) + said[3:]):
            from machine import WDT

            WDT(timeout=_WATCHDOG_MS)
            if mount(trial):
                return
        write(confirmed + b"-x" + said[3:])
    mount(confirmed)


def write(said: "bytes") -> "bool":
    """Whether the flash took it: a start that could not be counted is none."""
    try:
        with open(_FOLDER + "/slots", "wb") as file:
            file.write(said)
    except OSError:
        return False
    return True


def mount(slot: "bytes") -> "bool":
    """Whether a slot's bundle is what import reads from now on; one that was damaged is not."""
    import vfs

    from reader.archive import Archive

    try:
        path = f"{_FOLDER}/firmware.{slot.decode()}"  # portable: a or b
        if not is_whole(path):
            return False
        vfs.mount(Archive(path), "/app")
    except (OSError, ValueError):
        return False
    sys.path.insert(0, "/app")
    return True


def is_whole(path: "str") -> "bool":
    """Whether the CRC-32 that reader/bundle.py put at its end is that of the file."""
    from binascii import crc32

    crc = 0
    with open(path, "rb") as file:
        data = file.read(_PIECE)
        while data:
            crc = crc32(data, crc)
            data = file.read(_PIECE)
    return crc & 0xFFFFFFFF == _RESIDUE


choose()
for name in list(sys.modules):
    if name.split(".")[0] == "reader":
        del sys.modules[name]
