"""What MicroPython's unix port runs first: start.py IMAGE WIRES CALLS FLASH, the last three numbers.

IMAGE is the ROMFS image with the firmware and the simulated board's own modules: it is mounted on /rom from memory
outside the heap, as a board's flash is. The rest are open files of the host; see `simwire` and `stand`.
"""

import gc
import os
import sys

import ffi
import uctypes
import vfs

_SHARED = 1  # MAP_SHARED
_READ_WRITE = 3
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_KILL = 9


def mapped(mmap: "object", number: "int", size: "int") -> "bytearray":
    """The open file `number` as memory that its other users see change."""
    return uctypes.bytearray_at(mmap(0, size, _READ_WRITE, _SHARED, number, 0), size)


def run() -> "None":
    libc = ffi.open("libc.so.6")
    libc.func("i", "prctl", "iLLLL")(_DEATH_SIGNAL, _KILL, 0, 0, 0)  # the simulator is its power
    mmap = libc.func("p", "mmap", "pLiiiL")
    with open(sys.argv[1], "r+b") as image:
        rom = mapped(mmap, image.fileno(), os.stat(sys.argv[1])[6])
    wires, calls, flash = [int(text) for text in sys.argv[2:5]]
    sys.path[:] = ["", "/rom", ".frozen", "/lib"]
    vfs.umount("/")
    vfs.mount(vfs.VfsRom(rom), "/rom")
    import simwire

    simwire.wires = mapped(mmap, wires, 4096)
    simwire.calls = open(calls, "r+b")
    simwire.stop = libc.func("v", "_exit", "i")
    simwire.flash = mapped(mmap, flash, simwire.u32(simwire.FLASH_SIZE))


run()
for _name in ("run", "mapped", "ffi", "os", "uctypes", "vfs"):  # they would stay in the heap
    del globals()[_name]
gc.collect()
__import__("stand")
