"""Stands in for the part of MicroPython that starts a board: mounts the flash, then runs boot.py and main.py.

The flash is a LittleFS on memory that the host shares: what is written there stands, whatever becomes of this
process. Its power can be cut in the n-th write, which then is half done. An exception of the firmware's ends the
process; the host shows it.
"""

import gc

import simwire
import vfs
from micropython import const

_CUT_AT = const(12)
_WRITES = const(16)
_CUT_SHARE = const(20)
_HEAP_AT_START = const(32)
_SEEDED = const(36)
_PROG_SIZE = const(44)
_HEAP_OF_BOARD = const(48)
_MEASURES = const(52)
_BARE = const(
    704
)  # bytes of the heap that MicroPython has in use before anything runs, on a board, too

_IN_C = (
    "machine",
    "machine_uart",
    "machine_i2c",
    "machine_spi",
    "network",
    "neopixel",
    "esp32",
    "rp2",
)

_BLOCK = const(4096)
_POWER_CUT = const(99)  # exit status


class Flash:
    """A block device of MicroPython's extended kind (ioctl 6 erases)."""

    def readblocks(self, block, buffer, offset=0):
        at = block * _BLOCK + offset
        buffer[:] = memoryview(simwire.flash)[at : at + len(buffer)]

    def writeblocks(self, block, data, offset=0):
        size = self._survives(len(data))
        at = block * _BLOCK + offset
        memoryview(simwire.flash)[at : at + size] = memoryview(data)[:size]
        if size != len(data):
            simwire.stop(_POWER_CUT)

    def ioctl(self, request, argument):
        if request == 4:
            return len(simwire.flash) // _BLOCK
        if request == 5:
            return _BLOCK
        if request == 6:
            size = self._survives(_BLOCK)
            for at in range(argument * _BLOCK, argument * _BLOCK + size):
                simwire.flash[at] = 0xFF  # in place: a block of its own would not fit the heap
            if size != _BLOCK:
                simwire.stop(_POWER_CUT)
        return 0

    def _survives(self, size):
        """So many bytes of this write reach the flash before the power is gone: mostly all."""
        count = simwire.u32(_WRITES) + 1
        simwire.put_u32(_WRITES, count)
        if count != simwire.u32(_CUT_AT):
            return size
        return size * simwire.wires[_CUT_SHARE] // 256


def mount():
    flash = Flash()
    size = simwire.u32(_PROG_SIZE)
    try:
        system = vfs.VfsLfs2(flash, progsize=size, readsize=size)
    except OSError:  # blank
        vfs.VfsLfs2.mkfs(flash, progsize=size, readsize=size)
        system = vfs.VfsLfs2(flash, progsize=size, readsize=size)
    vfs.mount(system, "/")


def seed():
    """Files that the host wants on the flash, once: /rom/seed/INDEX has a line a file.

    One whose line begins with + is a JSON object, and changes what stands there already.
    """
    try:
        lines = open("/rom/seed/index").read().split("\n")
    except OSError:
        return
    import os

    for number, path in enumerate(lines):
        folder = ""
        if path[0] == "+":
            change(path[1:], "/rom/seed/%d" % number)
            continue
        for part in path.split("/")[:-1]:
            folder += part
            try:
                os.mkdir(folder)
            except OSError:
                pass
            folder += "/"
        with open("/rom/seed/%d" % number, "rb") as source, open(path, "wb") as copy:
            while True:
                data = source.read(512)
                if not data:
                    break
                copy.write(data)


def change(path, seed):
    import json

    values = {}
    try:
        with open(path) as file:
            values.update(json.load(file))
    except (OSError, ValueError, TypeError):  # none yet, or no object
        pass
    with open(seed) as file:
        values.update(json.load(file))
    with open(path, "w") as file:
        json.dump(values, file)


def run(name):
    """As the board's start does: from source, in __main__, and no harm where it is not there."""
    try:
        with open("/rom/" + name) as source:
            text = source.read()
    except OSError:
        return
    code = compile(text, name, "exec")
    del text
    gc.collect()
    exec(code, {"__name__": "__main__"})


def measure():
    """Load all that is in a real board's MicroPython anyway: what is left of the heap is the firmware's."""
    for name in _IN_C:
        try:
            __import__(name)
        except ImportError:  # the other board's
            pass
    gc.collect()
    simwire.put_u32(_HEAP_OF_BOARD, gc.mem_alloc() - _BARE)
    if simwire.wires[_MEASURES]:
        simwire.stop(0)


def start():
    measure()
    mount()
    if not simwire.wires[_SEEDED]:
        seed()
        simwire.wires[_SEEDED] = 1
    for name in ("measure", "mount", "seed", "change"):  # they would stay in the heap
        del globals()[name]
    gc.collect()
    simwire.put_u32(_HEAP_AT_START, gc.mem_alloc())
    simwire.call(66, 0)
    run("boot.py")
    run("main.py")
    simwire.call(88, 0)


start()
