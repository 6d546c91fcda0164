"""Chooses the firmware before main.py runs: the bundle on trial, else the confirmed one, else the plain folders.

A bundle on trial has two starts to prove itself in (reader/update.py confirms it); a watchdog ends those in which it
hangs. What /data/slots holds is told in reader/update.py.
"""

import sys

_FOLDER = "/data"
_STARTS = b"2"  # of a bundle on trial
_WATCHDOG_MS = 8000


def slots() -> "list[bytes]":
    """The slots to try, in order; a start of the one on trial is counted before it begins."""
    try:
        with open(_FOLDER + "/slots", "rb") as file:
            said = file.read()
    except OSError:
        return []
    confirmed, trial, starts = said[:1], said[1:2], said[2:3]
    if trial not in (b"a", b"b") or not starts:
        return [confirmed]
    if starts >= _STARTS:
        write(confirmed + b"-0" + said[3:])
        return [confirmed]
    write(confirmed + trial + bytes((starts[0] + 1,)) + said[3:])
    from machine import WDT

    WDT(timeout=_WATCHDOG_MS)
    return [trial, confirmed]


def write(said: "bytes") -> None:
    with open(_FOLDER + "/slots", "wb") as file:
        file.write(said)


def mount(slot: "bytes") -> "bool":
    """Whether a slot's bundle is what import reads from now on."""
    import vfs

    from reader.archive import Archive

    try:
        vfs.mount(Archive(f"{_FOLDER}/firmware.{slot.decode()}"), "/app")  # portable: a or b
    except (OSError, ValueError):
        return False
    sys.path.insert(0, "/app")
    return True


for slot in slots():
    if mount(slot):
        break
for name in list(sys.modules):
    if name.split(".")[0] == "reader":
        del sys.modules[name]
