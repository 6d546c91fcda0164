"""The M100's tag operations: Read, Write word by word, Lock, Kill and BlockPermalock, of one tag at a time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hwsim.gen2chips import WORD
from hwsim.gen2tag import Answer, RainTag
from hwsim.m100wire import BadCommand, need
from hwsim.rainfield import Heard

if TYPE_CHECKING:
    from hwsim.m100 import M100

_BAD_PASSWORD = 0x16
_LONGEST_WRITE = 32  # words


@dataclass(frozen=True)
class Operation:
    """The module's codes for an access that failed: no reply of the tag, or its error code's upper half."""

    silent: int
    refused: int


_READ = Operation(0x09, 0xA0)
_WRITE = Operation(0x10, 0xB0)
_LOCK = Operation(0x13, 0xC0)
_KILL = Operation(0x12, 0xD0)
_PERMALOCK = Operation(0x14, 0xE0)


@dataclass(frozen=True)
class Opened:
    """A tag that has been singulated and, where a password was given, secured."""

    module: "M100"
    operation: Operation
    heard: Heard
    said: bytes  # length, PC and EPC as they were then

    @property
    def tag(self) -> RainTag:
        return self.heard.tag

    def is_there(self) -> bool:
        """Ask before each command to the tag."""
        return self.module.field.still_there(self.heard)

    def conclude(self, command: int, answer: Answer) -> None:
        """Tell the host what the tag has replied; a bare success is a zero."""
        if answer is None:
            self.module.fail(self.operation.silent)
        elif isinstance(answer, int):
            self.module.fail(self.operation.refused | answer & 0xF, self.said)
        else:
            self.module.reply(command, self.said + (answer or b"\x00"))


def read(module: "M100", given: bytes) -> None:
    """39h: password, bank, pointer, words."""
    need(given, 9)
    opened = _open(module, _READ, given[:4])
    if opened is None:
        return
    pointer, words = _words(given[5:9])
    answer = opened.tag.read(given[4] & 3, pointer, words) if opened.is_there() else None
    got = len(answer) // WORD if isinstance(answer, bytes) else 0
    module.clock.words_read += got
    module.clock.air(module.profile.read_us(got, pointer))
    opened.conclude(0x39, answer)


def write(module: "M100", given: bytes) -> None:
    """49h: password, bank, pointer, words, data."""
    need(given, 9)
    pointer, words = _words(given[5:9])
    data = given[9:]
    if not 0 < words <= _LONGEST_WRITE or len(data) != WORD * words:
        raise BadCommand
    opened = _open(module, _WRITE, given[:4])
    if opened is None:
        return
    tag = opened.tag
    answer: Answer = b""
    for number in range(words):
        word = data[WORD * number : WORD * (number + 1)]
        answer = tag.write(given[4] & 3, pointer + number, word) if opened.is_there() else None
        module.clock.air(module.profile.write_us(tag.chip.program_us, pointer + number))
        if answer != b"":
            break
        module.clock.words_written += 1
    opened.conclude(0x49, answer)


def lock(module: "M100", given: bytes) -> None:
    """82h: password, mask and action in the lower 20 bits of three bytes."""
    need(given, 7)
    opened = _open(module, _LOCK, given[:4])
    if opened is None:
        return
    payload = int.from_bytes(given[4:7], "big")
    tag = opened.tag
    answer = tag.lock(payload >> 10 & 0x3FF, payload & 0x3FF) if opened.is_there() else None
    module.clock.air(module.profile.lock_us(tag.chip.program_us))
    opened.conclude(0x82, answer)


def kill(module: "M100", given: bytes) -> None:
    """65h: the kill password."""
    need(given, 4)
    opened = _open(module, _KILL, bytes(4))
    if opened is None:
        return
    tag = opened.tag
    answer = tag.kill(int.from_bytes(given[:4], "big")) if opened.is_there() else None
    module.clock.air(module.profile.kill_us(tag.chip.program_us))
    opened.conclude(0x65, answer)


def block_permalock(module: "M100", given: bytes) -> None:
    """D3h: password, lock or read, bank, pointer and range in units of 16 blocks, and to lock a mask."""
    need(given, 9)
    locks, bank, ranges, mask = bool(given[4]), given[5] & 3, given[8], given[9:]
    if len(mask) != (WORD * ranges if locks else 0):
        raise BadCommand
    opened = _open(module, _PERMALOCK, given[:4])
    if opened is None:
        return
    tag, pointer = opened.tag, given[6] << 8 | given[7]
    there = opened.is_there()
    module.clock.air(module.profile.block_permalock_us(ranges, tag.chip.program_us))
    if locks:
        opened.conclude(0xD4, tag.block_permalock(bank, pointer, ranges, mask) if there else None)
        return
    answer = tag.permalock_status(bank, pointer, ranges) if there else None
    if isinstance(answer, bytes):
        answer = bytes((ranges,)) + answer
    opened.conclude(0xD3, answer)


def _open(module: "M100", operation: Operation, password: bytes) -> Opened | None:
    """Singulate the first tag that takes part and secure it; where that fails the host is told, and None returned."""
    clock, profile = module.clock, module.profile
    if module.selects(inventory=False):
        clock.air(profile.select_us(module.mask_bits))
    clock.air(profile.query_us())
    for heard in module.field.heard(1, module.power_dbm):
        tag = heard.tag
        if not module.takes_part(tag, inventory=False):
            continue
        said = tag.singulate()
        if said is None:
            continue
        clock.singulations += 1
        clock.air(profile.singulation_us(len(tag.epc) // WORD) + profile.req_rn_us())
        opened = Opened(module, operation, heard, bytes((len(said),)) + said)
        if any(password):
            clock.air(profile.access_us())
            if not opened.is_there() or tag.access(int.from_bytes(password, "big")) is None:
                module.fail(_BAD_PASSWORD, opened.said)
                return None
        return opened
    module.fail(operation.silent)
    return None


def _words(given: bytes) -> tuple[int, int]:
    """Pointer and count."""
    return given[0] << 8 | given[1], given[2] << 8 | given[3]
