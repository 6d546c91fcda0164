"""The operations of an AccessSpec on one tag, each with the standard's result code.

LLRP 1.0.1 and 1.1, "C1G2 OpSpecs" and "C1G2 OpSpec results". The order is the AccessSpec's; after an operation that
failed those that follow are neither tried nor reported. Air time is counted, nothing waits.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hwsim.air import Profile as Mode
from hwsim.gen2chips import WORD
from hwsim.gen2tag import INSUFFICIENT_POWER, MEMORY_LOCKED, MEMORY_OVERRUN, Answer, RainTag
from hwsim.llrp_bytes import Node, encode, make
from hwsim.llrp_tally import Tally
from hwsim.rainfield import Heard, RainField

Outcome = tuple[int, dict[str, int | bytes]]
"""What went wrong, 0 for nothing, and the fields of the result that only this operation has."""

# beside the error codes of a tag
_WRONG_PASSWORD, _NO_KILL_PASSWORD, _TAG, _SILENT = 0x100, 0x101, 0x102, 0x103

_WRITE_CODES = {MEMORY_OVERRUN: 1, MEMORY_LOCKED: 2, INSUFFICIENT_POWER: 3, _TAG: 4, _SILENT: 5}
_CODES: dict[str, dict[int, int]] = {
    "C1G2Read": {_TAG: 1, _SILENT: 2},
    "C1G2Write": _WRITE_CODES,
    "C1G2BlockWrite": _WRITE_CODES,
    "C1G2BlockErase": _WRITE_CODES,
    "C1G2Kill": {_NO_KILL_PASSWORD: 1, INSUFFICIENT_POWER: 2, _TAG: 3, _SILENT: 4},
    "C1G2Recommission": {_NO_KILL_PASSWORD: 1, INSUFFICIENT_POWER: 2, _TAG: 3, _SILENT: 4},
    "C1G2Lock": {INSUFFICIENT_POWER: 1, _TAG: 2, _SILENT: 3},
    "C1G2BlockPermalock": {INSUFFICIENT_POWER: 1, _TAG: 2, _SILENT: 3},
    "C1G2GetBlockPermalockStatus": {_TAG: 1, _SILENT: 2},
}
_CODES_1_1: dict[str, dict[int, int]] = {
    "C1G2Read": {MEMORY_OVERRUN: 4, MEMORY_LOCKED: 5, _WRONG_PASSWORD: 6},
    "C1G2Write": {_WRONG_PASSWORD: 7},
    "C1G2BlockWrite": {_WRONG_PASSWORD: 7},
    "C1G2BlockErase": {_WRONG_PASSWORD: 7},
    "C1G2Kill": {_WRONG_PASSWORD: 6},
    "C1G2Recommission": {_WRONG_PASSWORD: 6},
    "C1G2Lock": {_WRONG_PASSWORD: 5, MEMORY_OVERRUN: 6, MEMORY_LOCKED: 7},
    "C1G2BlockPermalock": {_WRONG_PASSWORD: 5, MEMORY_OVERRUN: 6},
    "C1G2GetBlockPermalockStatus": {_WRONG_PASSWORD: 4, MEMORY_OVERRUN: 5},
}
OPERATIONS = tuple(_CODES)

_LOCK_ACTIONS = (0b10, 0b11, 0b01, 0b00)  # read/write, permalock, permaunlock, unlock
_LONGEST_READ = 255  # words of one Read on the air


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

    def _run(self, operation: Node) -> Outcome:
        """What went wrong, 0 for nothing; and the result's own fields."""
        password = operation.fields.get("AccessPassword", 0)
        assert isinstance(password, int)
        if password and password != self.secured:
            self.tally.air("access", self.mode.access_us())
            if not self._there():
                return _SILENT, {}
            if self.tag.access(password) is None:
                self.gone = True
                return _WRONG_PASSWORD, {}
            self.secured = password
        return _RUN[operation.name](self, operation)

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
            told = answer in (MEMORY_OVERRUN, MEMORY_LOCKED, INSUFFICIENT_POWER)
            return answer if told else _TAG
        return 0

    # -- the operations --

    def _read(self, operation: Node) -> Outcome:
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

    def _write_words(self, operation: Node) -> Outcome:
        return self._write(operation, 1, blocks=False)

    def _write_blocks(self, operation: Node) -> Outcome:
        return self._write(operation, self.block_write_words, blocks=True)

    def _write(self, operation: Node, most: int, blocks: bool) -> Outcome:
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

    def _block_erase(self, operation: Node) -> Outcome:
        bank, pointer = operation.number("MB"), operation.number("WordPointer")
        words = operation.number("WordCount")
        answer = self.tag.block_erase(bank, pointer, words) if self._there() else None
        program_us = self.tag.chip.programming_us(pointer, max(1, words))
        self.tally.air("block_erase", self.mode.block_erase_us(program_us, pointer))
        return self._outcome(answer), {}

    def _lock(self, operation: Node) -> Outcome:
        mask = action = 0
        for payload in operation.all("C1G2LockPayload"):
            shift = 2 * (4 - payload.number("DataField"))
            mask |= 0b11 << shift
            action |= _LOCK_ACTIONS[payload.number("Privilege")] << shift
        answer = self.tag.lock(mask, action) if self._there() else None
        self.tally.air("lock", self.mode.lock_us(self.tag.chip.program_us))
        return self._outcome(answer), {}

    def _kill(self, operation: Node) -> Outcome:
        return self._kill_or_recommission(operation, 0)

    def _recommission(self, operation: Node) -> Outcome:
        """Without a bit it is a Kill, as it is on the air."""
        bits = [operation.number(name) for name in ("SB3", "SB2", "LSB")]
        return self._kill_or_recommission(operation, bits[0] << 2 | bits[1] << 1 | bits[2])

    def _kill_or_recommission(self, operation: Node, bits: int) -> Outcome:
        password = operation.number("KillPassword")
        self.tally.air("kill", self.mode.kill_us(self.tag.chip.program_us))
        if not password:
            return _NO_KILL_PASSWORD, {}
        answer = self.tag.kill(password, bits) if self._there() else None
        if answer is None and not self.gone:
            self.gone = True
            return _WRONG_PASSWORD, {}
        return self._outcome(answer), {}

    def _block_permalock(self, operation: Node) -> Outcome:
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

    def _permalock_status(self, operation: Node) -> Outcome:
        ranges = operation.number("BlockRange")
        answer: Answer = None
        if self._there():
            answer = self.tag.permalock_status(
                operation.number("MB"), operation.number("BlockPointer"), ranges
            )
        self.tally.air("permalock", self.mode.block_permalock_us(ranges, 0.0))
        outcome = self._outcome(answer)
        return outcome, {"PermalockStatus": answer} if isinstance(answer, bytes) else {}


_RUN: dict[str, Callable[[Access, Node], Outcome]] = {
    "C1G2Read": Access._read,
    "C1G2Write": Access._write_words,
    "C1G2BlockWrite": Access._write_blocks,
    "C1G2BlockErase": Access._block_erase,
    "C1G2Lock": Access._lock,
    "C1G2Kill": Access._kill,
    "C1G2Recommission": Access._recommission,
    "C1G2BlockPermalock": Access._block_permalock,
    "C1G2GetBlockPermalockStatus": Access._permalock_status,
}


def _result(operation: Node, code: int, more: dict[str, int | bytes]) -> Node:
    return make(
        operation.name + "OpSpecResult",
        Result=code,
        OpSpecID=operation.number("OpSpecID"),
        **more,
    )
