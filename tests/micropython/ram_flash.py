"""A flash in memory of the C library, outside the heap, with LittleFS: for MicroPython's unix port alone."""

import ffi
import uctypes
import vfs

_BLOCK = 4096  # bytes; a sector of the flash chips on the boards
_BLOCKS = 256


class Flash:
    """The block device that MicroPython's vfs asks for."""

    def __init__(self) -> "None":
        size = _BLOCK * _BLOCKS
        self.memory = memoryview(uctypes.bytearray_at(_malloc(size), size))

    def readblocks(self, block: "int", buffer: "bytearray", offset: "int" = 0) -> "None":
        start = block * _BLOCK + offset
        buffer[:] = self.memory[start : start + len(buffer)]

    def writeblocks(self, block: "int", buffer: "bytes", offset: "int" = 0) -> "None":
        start = block * _BLOCK + offset
        self.memory[start : start + len(buffer)] = buffer

    def ioctl(self, what: "int", argument: "int") -> "int":
        return {4: _BLOCKS, 5: _BLOCK}.get(what, 0)


def mount(path: "str") -> "None":
    """Make a file system in a new flash and mount it."""
    flash = Flash()
    vfs.VfsLfs2.mkfs(flash)
    vfs.mount(vfs.VfsLfs2(flash), path)


def _malloc(size: "int") -> "int":
    return ffi.open("libc.so.6").func("p", "malloc", "L")(size)  # type: ignore[no-any-return]
