"""One scan on MicroPython, again and again: handheld_scan_run.py ROOT FLASH CONVERSATION ROOTKEY COUNT.

ROOT holds edge/ and reader/ compiled, FLASH an empty folder with a file `list`, the signed trust list. CONVERSATION is
what passed between the driver and the PN532: a line each, "> " or "< " and hex. The job is verify, from the look that
finds the tag to the last pixel, with its record on flash. Prints nothing; whoever runs it counts.
"""

# ruff: noqa: E402, I001, UP037, PTH123 (it is MicroPython's)

import gc
import sys

sys.path.insert(0, sys.argv[1])

for _name in ("edge.curve", "edge.cose", "edge.stub", "edge.slots", "edge.verify"):
    __import__(_name)

import framebuf
from reader import jobs
from reader.outbox import Outbox
from reader.pn532 import Pn532
from reader.screen import HEIGHT, WIDTH, draw
from reader.settings import Settings
from reader.state import State
from reader.station import Kit, Station
from reader.trust import Trust

NOW = 1790000100


class Clock:
    """Stands still within a scan."""

    synced = True

    def __init__(self) -> None:
        self.at = 0

    def ms(self) -> "int":
        return self.at

    def now(self) -> "int":
        return NOW


class Replay:
    """The chip's side of a conversation, as it was."""

    def __init__(self, path: "str") -> None:
        self.turns: "list[tuple[bytes, bytes]]" = []
        sent = b""
        with open(path) as file:
            for line in file:
                data = bytes.fromhex(line[2:].strip())
                if line[0] == ">":
                    sent = data
                else:
                    self.turns.append((sent, data))
        self.rewind()

    def rewind(self) -> None:
        self.at = 0
        self.answer = b""

    def write(self, data: "bytes") -> None:
        assert self.turns[self.at][0] == data, (self.at, data)
        self.answer = self.turns[self.at][1]
        self.at += 1

    def read(self, most: "int") -> "bytes":
        data, self.answer = self.answer[:most], self.answer[most:]
        return data


class Key:
    kid = b"no key.."
    public = bytes(32)
    operator = ""


def main(flash: "str", conversation: "str", root: "str", count: "int") -> None:
    state, clock = State(flash), Clock()
    trust = Trust(flash + "/trust", bytes.fromhex(root), state)
    for _ in trust.install(flash + "/list"):
        pass
    outbox = Outbox(flash + "/outbox", lambda size: bytes(size))
    kit = Kit(Settings(), clock, Key, trust, outbox, None)  # type: ignore[arg-type]
    port = Replay(conversation)
    canvas = framebuf.FrameBuffer(bytearray(WIDTH * HEIGHT // 8), WIDTH, HEIGHT, framebuf.MONO_VLSB)
    for _ in range(count):
        port.rewind()
        station = Station(kit, Pn532(port, None, clock), None, lambda screen: None)
        work = station.run(jobs.verify_one(kit))
        while True:
            try:
                next(work)
            except StopIteration as end:
                result = end.value
                break
        assert result.verdict.is_green(), result.verdict
        draw(result.screen, canvas)
        outbox.acknowledged(outbox.next - 1)
        gc.collect()


main(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
