"""Runs run.py with all code in read-only memory outside the heap, as on a handheld: in_rom.py IMAGE FILE

IMAGE is a ROMFS image; bytecode is executed where it lies in it, so the heap holds only what the code makes.
For MicroPython's unix port alone: memory outside the heap comes from the C library.
"""

import os
import sys

import ffi
import uctypes
import vfs


def mount(path: "str") -> None:
    """Mount the ROMFS image of the host's file `path` on /rom."""
    size = os.stat(path)[6]  # noqa: PTH116 (MicroPython has no pathlib)
    malloc = ffi.open("libc.so.6").func("p", "malloc", "L")
    memory = uctypes.bytearray_at(malloc(size), size)
    with open(path, "rb") as image:  # noqa: PTH123
        image.readinto(memory)
    vfs.mount(vfs.VfsRom(memory), "/rom")


mount(sys.argv[1])
sys.argv[:] = ["/rom/tests/micropython/run.py", "/rom", sys.argv[2]]
sys.path.insert(0, "/rom/tests/micropython")
__import__("run")
