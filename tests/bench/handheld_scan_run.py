"""Scans on MicroPython, by the linked firmware on a board by script: handheld_scan_run.py ROOT CONVERSATION ROOTKEY
PROGSIZE COUNT.

ROOT holds what handheld_scan.py has linked, and the file `list`, the signed trust list. CONVERSATION is what passed
between the firmware and the PN532: a line each, "> " or "< " and hex. The flash is a LittleFS in memory, whose driver
is not counted. Printed is what it did in each scan, from the command that finds the tag to the last row of the
verdict's picture: sectors erased, pages programmed. os.rmdir marks places for count_instructions.c; the last line is
a letter for each: L the command, g and e the begin and end of a collection, S the last row.
"""

# ruff: noqa: UP037, PTH102, PTH106, PTH123 (it is MicroPython's)

import gc
import os
import sys

import ffi
import uctypes
import vfs

sys.path.insert(0, sys.argv[1])

import handheld

NOW = 1790000100
FOLDER = "/ram/data"
LIST = b"\xd4\x4a\x01\x00"  # InListPassiveTarget, one target of type A

_BLOCK = 4096
_BLOCKS = 128
_PAGE = 256

_libc = ffi.open("libc.so.6")
uncounted = _libc.func("v", "sched_yield", "")  # from one call to the next
marks: "list[str]" = []


def mark(letter: "str") -> None:
    marks.append(letter)
    try:
        os.rmdir("/no/such/folder")
    except OSError:
        pass


class Collector:
    """gc, as the firmware sees it."""

    def collect(self) -> None:
        mark("g")
        gc.collect()
        mark("e")


class Flash:
    """A block device in memory that is not the heap's, and that counts. A board's is in C."""

    def __init__(self) -> None:
        size = _BLOCK * _BLOCKS
        place = _libc.func("p", "malloc", "L")(size)
        self.memory = memoryview(uctypes.bytearray_at(place, size))
        self.erased = self.programmed = 0

    def readblocks(self, block: "int", buffer: "bytearray", offset: "int" = 0) -> None:
        uncounted()
        start = block * _BLOCK + offset
        buffer[:] = self.memory[start : start + len(buffer)]
        uncounted()

    def writeblocks(self, block: "int", data: "bytes", offset: "int" = 0) -> None:
        uncounted()
        start = block * _BLOCK + offset
        self.memory[start : start + len(data)] = data
        self.programmed += (start + len(data) - 1) // _PAGE - start // _PAGE + 1
        uncounted()

    def ioctl(self, what: "int", block: "int") -> "int":
        if what == 6:
            self.erased += 1
        return {4: _BLOCKS, 5: _BLOCK}.get(what, 0)


class Replay:
    """The chip's side of a conversation, as it was."""

    def __init__(self, path: "str") -> None:
        self.turns: "list[tuple[bytes, bytes]]" = []
        self.at = 0
        sent = b""
        with open(path) as file:
            for line in file:
                data = bytes.fromhex(line[2:].strip())
                if line[0] == ">":
                    sent = data
                else:
                    self.turns.append((sent, data))

    def exchange(self, data: "bytes") -> "bytes":
        assert self.turns[self.at][0] == data, (self.at, data)
        if LIST in data:
            mark("L")
        self.at += 1
        return self.turns[self.at - 1][1]


def main(conversation: "str", key: "str", progsize: "int", count: "int") -> None:
    flash = Flash()
    vfs.VfsLfs2.mkfs(flash, progsize=progsize, readsize=progsize)
    vfs.mount(vfs.VfsLfs2(flash, progsize=progsize, readsize=progsize), "/ram")
    os.mkdir(FOLDER)
    with open(sys.argv[1] + "/list", "rb") as source, open(FOLDER + "/list", "wb") as copy:
        copy.write(source.read())
    replay = Replay(conversation)

    def shown() -> None:
        mark("S")
        print(flash.erased, flash.programmed)

    board = handheld.made(replay.exchange, shown, FOLDER, bytes.fromhex(key), NOW)
    handheld.gc = Collector()
    for _ in range(count):
        handheld.rest(board)
        replay.at = 0
        flash.erased = flash.programmed = 0
        assert handheld.scan(board)
        handheld.acknowledge(board)
    print("".join(marks))


main(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
