"""AccessSpecs at work: which tags they are for, and their operations on a tag, each with the standard's result code.

LLRP 1.0.1 and 1.1, "Access operation" and "C1G2 OpSpec results". The order is the AccessSpec's; after an operation
that failed those that follow are neither tried nor reported. Air time is counted, nothing waits.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from hwsim.air import AirClock
from hwsim.air import Profile as Mode
from hwsim.gen2chips import WORD
from hwsim.gen2tag import (
    EPC,
    INSUFFICIENT_POWER,
    MEMORY_LOCKED,
    MEMORY_OVERRUN,
    Answer,
    RainTag,
)
from hwsim.llrp_bytes import Node, encode, make
from hwsim.rainfield import Heard, RainField

_WRONG_PASSWORD, _NO_KILL_PASSWORD, _TAG, _SILENT, _READER = 0x100, 0x101, 0x102, 0x103, 0x104

_WRITE_CODES = {
    MEMORY_OVERRUN: 1,
    MEMORY_LOCKED: 2,
    INSUFFICIENT_POWER: 3,
    _TAG: 4,
    _SILENT: 5,
    _READER: 6,
}
_CODES: dict[str, dict[int, int]] = {
    "C1G2Read": {_TAG: 1, _SILENT: 2, _READER: 3},
    "C1G2Write": _WRITE_CODES,
    "C1G2BlockWrite": _WRITE_CODES,
    "C1G2BlockErase": _WRITE_CODES,
    "C1G2Kill": {_NO_KILL_PASSWORD: 1, INSUFFICIENT_POWER: 2, _TAG: 3, _SILENT: 4, _READER: 5},
    "C1G2Lock": {INSUFFICIENT_POWER: 1, _TAG: 2, _SILENT: 3, _READER: 4},
    "C1G2BlockPermalock": {INSUFFICIENT_POWER: 1, _TAG: 2, _SILENT: 3, _READER: 4},
    "C1G2GetBlockPermalockStatus": {_TAG: 1, _SILENT: 2, _READER: 3},
}
_CODES_1_1: dict[str, dict[int, int]] = {
    "C1G2Read": {MEMORY_OVERRUN: 4, MEMORY_LOCKED: 5, _WRONG_PASSWORD: 6},
    "C1G2Write": {_WRONG_PASSWORD: 7},
    "C1G2BlockWrite": {_WRONG_PASSWORD: 7},
    "C1G2BlockErase": {_WRONG_PASSWORD: 7},
    "C1G2Kill": {_WRONG_PASSWORD: 6},
    "C1G2Lock": {_WRONG_PASSWORD: 5, MEMORY_OVERRUN: 6, MEMORY_LOCKED: 7},
    "C1G2BlockPermalock": {_WRONG_PASSWORD: 5, MEMORY_OVERRUN: 6},
    "C1G2GetBlockPermalockStatus": {_WRONG_PASSWORD: 4, MEMORY_OVERRUN: 5},
}
OPERATIONS = tuple(_CODES)

_LONGEST_READ = 255  # words of one Read on the air


@dataclass
class Tally:
    """What the reader has done since it was last asked to forget. air_us: by what it was spent on."""

    clock: AirClock
    reports: int = 0
    sightings: int = 0
    lost: int = 0  # sightings that no client took
    ops: int = 0
    air_us: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def air(self, kind: str, duration_us: float) -> None:
        """An exchange that real time did not wait for."""
        self.clock.air(duration_us)
        if duration_us:
            self.air_us[kind] += duration_us

    def was_air(self, kind: str, duration_us: float) -> None:
        """An exchange that real time has passed with."""
        self.clock.was_air(duration_us)
        self.air_us[kind] += duration_us

    def stats(self) -> dict[str, object]:
        """As the simulator says them."""
        return {
            "reports": self.reports,
            "sightings": self.sightings,
            "lost": self.lost,
            "ops": self.ops,
            "words_written": self.clock.words_written,
            "words_read": self.clock.words_read,
            "air_us": {kind: round(us) for kind, us in self.air_us.items()},
            **self.clock.stats(),
        }

    def reset(self) -> None:
        self.clock.reset()
        self.reports = self.sightings = self.lost = self.ops = 0
        self.air_us.clear()


@dataclass
class AccessSpec:
    """One AccessSpec of the reader."""

    node: Node
    enabled: bool = False
    left: int = 0  # operations until it is deleted; 0: without end

    @property
    def id(self) -> int:
        return self.node.number("AccessSpecID")

    @property
    def operations(self) -> list[Node]:
        return self.node.one("AccessCommand").all(*OPERATIONS)

    def is_for(self, rospec_id: int, antenna: int) -> bool:
        """0 stands for any."""
        return (
            self.enabled
            and self.node.number("AntennaID") in (0, antenna)
            and self.node.number("ROSpecID") in (0, rospec_id)
        )

    def matches(self, tag: RainTag) -> bool:
        """Does the tag have all patterns of the TagSpec?"""
        return all(_has(tag, each) == bool(each.number("Match")) for each in self.patterns)

    @property
    def patterns(self) -> list[Node]:
        return self.node.one("AccessCommand").one("C1G2TagSpec").all("C1G2TargetTag")

    def match_us(self, mode: Mode) -> float:
        """What it takes to read what the patterns ask of other banks than EPC, which the tag has told."""
        total_us = 0.0
        for each in self.patterns:
            bits, pointer = each.bits("TagMask").length, each.number("Pointer")
            if bits and each.number("MB") != EPC:
                words = (pointer + bits + 15) // 16 - pointer // 16
                total_us += mode.read_us(words, pointer // 16)
        return total_us


@dataclass
class Access:
    """One AccessSpec on one tag that has been singulated; `run` returns its OpSpecResults in bytes."""

    field: RainField
    tally: Tally
    mode: Mode
    version: int
    block_write_words: int  # of one BlockWrite on the air; 0: as long as the host has it
    heard: Heard
    secured: int | None = None  # the password that the tag has accepted
    gone: bool = False

    @property
    def tag(self) -> RainTag:
        return self.heard.tag

    def run(self, operations: list[Node]) -> list[bytes]:
        """In order, until one has failed."""
        results = []
        for operation in operations:
            self.tally.ops += 1
            outcome, more = self._run(operation)
            results.append(encode(_result(operation, self._code(operation, outcome), more)))
            if outcome:
                break
        return results

    def _run(self, operation: Node) -> tuple[int, "dict[str, int | bytes]"]:
        """What went wrong, 0 for nothing; and the result's own fields."""
        password = operation.fields.get("AccessPassword", 0)
        assert isinstance(password, int)
        if password and password != self.secured:
            self.tally.air("access", self.mode.access_us())
            if not self._there() or self.tag.access(password) is None:
                self.gone = True
                return _WRONG_PASSWORD, {}
            self.secured = password
        return getattr(self, "_" + operation.name)(operation)  # type: ignore[no-any-return]

    def _code(self, operation: Node, outcome: int) -> int:
        if not outcome:
            return 0
        codes = dict(_CODES[operation.name])
        if self.version > 1:
            codes.update(_CODES_1_1[operation.name])
        if outcome == _WRONG_PASSWORD and outcome not in codes:
            return codes[_SILENT]
        return codes.get(outcome, codes[_TAG])

    def _there(self) -> bool:
        """Call it before each command to the tag."""
        if not self.gone:
            self.gone = not self.field.still_there(self.heard)
        return not self.gone

    def _outcome(self, answer: Answer) -> int:
        if answer is None:
            self.gone = True
            return _SILENT
        if isinstance(answer, int):
            return answer if answer in (3, 4, 0xB) else _TAG
        return 0

    # -- the operations --

    def _C1G2Read(self, operation: Node) -> tuple[int, dict[str, int | bytes]]:
        bank, pointer = operation.number("MB"), operation.number("WordPointer")
        left, got = operation.number("WordCount"), b""
        while True:
            words = min(left, _LONGEST_READ)
            answer = self.tag.read(bank, pointer, words) if self._there() else None
            read = len(answer) // WORD if isinstance(answer, bytes) else 0
            self.tally.air("read", self.mode.read_us(read, pointer))
            self.tally.clock.words_read += read
            outcome = self._outcome(answer)
            if outcome or not isinstance(answer, bytes):
                return outcome, {}
            got += answer
            left -= words
            pointer += words
            if left <= 0:
                return 0, {"ReadData": got}

    def _C1G2Write(self, operation: Node) -> tuple[int, dict[str, int | bytes]]:
        return self._write(operation, 1, blocks=False)

    def _C1G2BlockWrite(self, operation: Node) -> tuple[int, dict[str, int | bytes]]:
        return self._write(operation, self.block_write_words, blocks=True)

    def _write(
        self, operation: Node, most: int, blocks: bool
    ) -> tuple[int, dict[str, int | bytes]]:
        """In commands of up to `most` words, which end where a multiple of it does; 0: in one."""
        bank, pointer = operation.number("MB"), operation.number("WordPointer")
        data, written, outcome = operation.raw("WriteData"), 0, 0
        total = len(data) // WORD
        while written < total and not outcome:
            first = pointer + written
            words = min(total - written, most - first % most) if most else total
            piece = data[WORD * written : WORD * (written + words)]
            program_us = self.tag.chip.programming_us(first, words)
            answer: Answer = None
            if self._there():
                answer = (
                    self.tag.block_write(bank, first, piece)
                    if blocks
                    else self.tag.write(bank, first, piece)
                )
            if blocks:
                self.tally.air("block_write", self.mode.block_write_us(words, program_us, first))
            else:
                self.tally.air("write", self.mode.write_us(program_us, first))
            outcome = self._outcome(answer)
            written += 0 if outcome else words
        self.tally.clock.words_written += written
        return outcome, {"NumWordsWritten": written}

    def _C1G2BlockErase(self, operation: Node) -> tuple[int, dict[str, int | bytes]]:
        bank, pointer = operation.number("MB"), operation.number("WordPointer")
        words = operation.number("WordCount")
        answer = self.tag.block_erase(bank, pointer, words) if self._there() else None
        program_us = self.tag.chip.programming_us(pointer, max(1, words))
        self.tally.air("block_erase", self.mode.block_erase_us(program_us, pointer))
        return self._outcome(answer), {}

    def _C1G2Lock(self, operation: Node) -> tuple[int, dict[str, int | bytes]]:
        mask = action = 0
        for payload in operation.all("C1G2LockPayload"):
            shift = 2 * (4 - payload.number("DataField"))
            mask |= _LOCK_MASKS[payload.number("Privilege")] << shift
            action |= _LOCK_ACTIONS[payload.number("Privilege")] << shift
        answer = self.tag.lock(mask, action) if self._there() else None
        self.tally.air("lock", self.mode.lock_us(self.tag.chip.program_us))
        return self._outcome(answer), {}

    def _C1G2Kill(self, operation: Node) -> tuple[int, dict[str, int | bytes]]:
        password = operation.number("KillPassword")
        self.tally.air("kill", self.mode.kill_us(self.tag.chip.program_us))
        if not password:
            return _NO_KILL_PASSWORD, {}
        answer = self.tag.kill(password) if self._there() else None
        if answer is None and not self.gone:
            self.gone = True
            return _WRONG_PASSWORD, {}
        return self._outcome(answer), {}

    def _C1G2BlockPermalock(self, operation: Node) -> tuple[int, dict[str, int | bytes]]:
        mask = operation.raw("BlockMask")
        ranges = len(mask) // WORD
        answer: Answer = None
        if self._there():
            answer = self.tag.block_permalock(
                operation.number("MB"), operation.number("BlockPointer"), ranges, mask
            )
        program_us = self.tag.chip.program_us
        self.tally.air("permalock", self.mode.block_permalock_us(ranges, program_us))
        return self._outcome(answer), {}

    def _C1G2GetBlockPermalockStatus(self, operation: Node) -> tuple[int, dict[str, int | bytes]]:
        ranges = operation.number("BlockRange")
        answer: Answer = None
        if self._there():
            answer = self.tag.permalock_status(
                operation.number("MB"), operation.number("BlockPointer"), ranges
            )
        self.tally.air("permalock", self.mode.block_permalock_us(ranges, 0.0))
        outcome = self._outcome(answer)
        return outcome, {"PermalockStatus": answer} if isinstance(answer, bytes) else {}


_LOCK_MASKS = (0b11, 0b11, 0b11, 0b11)  # read/write, permalock, permaunlock, unlock
_LOCK_ACTIONS = (0b10, 0b11, 0b01, 0b00)


def _has(tag: RainTag, pattern: Node) -> bool:
    """Does the bank have the pattern's data wherever its mask is set?"""
    mask, data = pattern.bits("TagMask"), pattern.bits("TagData")
    bank, pointer = pattern.number("MB"), pattern.number("Pointer")
    ones = int.from_bytes(mask.data, "big") >> 8 * len(mask.data) - mask.length
    wanted = int.from_bytes(data.data, "big") >> 8 * len(data.data) - data.length
    if data.length < mask.length:
        wanted <<= mask.length - data.length
    at = 0
    while at < mask.length:
        if not ones >> mask.length - 1 - at & 1:
            at += 1
            continue
        end = at
        while end < mask.length and ones >> mask.length - 1 - end & 1:
            end += 1
        bits = end - at
        run = (wanted >> mask.length - end & (1 << bits) - 1) << -bits % 8
        if not tag.matches(bank, pointer + at, bits, run.to_bytes((bits + 7) // 8, "big")):
            return False
        at = end
    return True


def _result(operation: Node, code: int, more: "dict[str, int | bytes]") -> Node:
    return make(
        operation.name + "OpSpecResult",
        Result=code,
        OpSpecID=operation.number("OpSpecID"),
        **more,
    )
