"""The simulated board's wires: memory that the host shares, and calls to it that return when the world has answered.

The layout of the memory is `hwsim.handheld_wires`. Interrupts come late by a turn: they are served when the firmware
next asks the board for something, which every turn of its loop does.
"""

import struct

from micropython import const

wires = calls = flash = stop = None  # set by start.py

FLASH_SIZE = 40  # start.py's

_BELL = const(0)
_HEAP_WATCHED = const(1)
_HEAP_PEAK = const(28)
_LEVELS = const(64)
_EDGES = const(128)

wakes_by = 255  # the pin that ends a deep sleep
handlers = {}  # pin: [callback, trigger, edges seen, the Pin]
_heard = 0
_files = {}


def u32(at: "int") -> "int":
    return struct.unpack_from("<I", wires, at)[0]


def put_u32(at: "int", value: "int") -> "None":
    struct.pack_into("<I", wires, at, value)


def call(kind: "int", number: "int", data: "bytes" = b"") -> "bytes":
    """Tell the host what the board does, and return its answer."""
    calls.write(struct.pack("<BBH", kind, number, len(data)))
    if data:
        calls.write(data)
    (size,) = struct.unpack("<H", calls.read(2))
    return calls.read(size) if size else b""


def opened(number: "int") -> "object":
    """The host's open file of that number, which is never closed: there would be no second one."""
    if number not in _files:
        _files[number] = open(number, "r+b")
    return _files[number]


def turn() -> "None":
    """Serve the interrupts that have come."""
    global _heard
    if wires[_HEAP_WATCHED]:
        _watch_heap()
    bell = wires[_BELL]
    if bell == _heard:
        return
    _heard = bell
    for number in list(handlers):
        handler = handlers[number]
        edges = wires[_EDGES + number]
        while handler[2] != edges:
            handler[2] = handler[2] + 1 & 0xFF
            rising = wires[_LEVELS + number] ^ (edges - handler[2] & 1)
            if handler[1] & (1 if rising else 2):
                handler[0](handler[3])


def _watch_heap() -> "None":
    import gc

    gc.collect()
    used = gc.mem_alloc()
    if used > u32(_HEAP_PEAK):
        put_u32(_HEAP_PEAK, used)
