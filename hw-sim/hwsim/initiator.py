"""The PN532's reader side: listing tags, and exchanges with them (UM0701-02, initiator commands)."""

from collections.abc import Callable
from dataclasses import dataclass

from hwsim.ciu import Ciu
from hwsim.faults import Faults
from hwsim.field import Field
from hwsim.ntag import ACK, REQA, SEL1, SEL2, WUPA

OK = 0x00
TIMEOUT = 0x01
SMALL_BUFFER = 0x07
BAD_FORMAT = 0x13  # "the data format does not match": also a tag's NAK
AUTH_ERROR = 0x14
WRONG_CONTEXT = 0x27

_LARGEST_RF = 262  # bytes of a tag's answer that fit beside the status byte
_SENS_TIMEOUT_US = 600.0
_FOREVER = 0xFF
_POLL_UNIT_US = 150_000.0


class SyntaxFault(Exception):
    """The command cannot be run as it stands; the host gets the error frame."""


@dataclass(frozen=True)
class Target:
    """One tag that is listed; record: SENS_RES, SEL_RES, NFCID1 length, NFCID1."""

    parts: tuple[bytes, bytes]
    record: bytes


@dataclass(frozen=True)
class Wait:
    """A command runs until a tag comes: how to try again, and when and with what it gives up."""

    attempt: Callable[[], bytes | None]
    deadline_us: float | None
    at_deadline: bytes


class Initiator:
    """Up to two listed targets, of which one is selected."""

    def __init__(self, field: Field, faults: Faults) -> None:
        self.field = field
        self.faults = faults
        self.ciu = Ciu()
        self.targets: dict[int, Target] = {}
        self.selected: int | None = None
        self.retries = _FOREVER  # MxRtyPassiveActivation
        self.timeout_us = timeout_us(0x0A)  # of an exchange

    def forget(self) -> None:
        """Nothing is listed any more; nothing goes on the air."""
        self.targets.clear()
        self.selected = None

    # -- listing --

    def list_passive_target(self, args: bytes) -> bytes | Wait:
        need(args, 2)
        most, modulation, wanted = args[0], args[1], args[2:]
        if most not in (1, 2) or modulation > 4:
            raise SyntaxFault
        self.forget()
        parts = _parts(wanted) if modulation == 0 and wanted else None

        def attempt() -> bytes | None:
            if modulation == 0:
                return self._list(most, parts) or None
            self._call_in_vain()
            return None

        forever = self.retries == _FOREVER
        for _ in range(2 if forever else 1 + self.retries):  # a selected tag hears the second call
            found = attempt()
            if found is not None:
                return found
        return Wait(attempt, None, b"\x00") if forever else b"\x00"

    def auto_poll(self, args: bytes) -> bytes | Wait:
        need(args, 3)
        count, period, kinds = args[0], args[1], args[2:]
        self.forget()

        def attempt() -> bytes | None:
            for kind in kinds:
                if kind in (0x00, 0x10) and self._list(
                    1, None
                ):  # generic 106 kbit/s type A, MIFARE
                    data = b"\x01" + self.targets[1].record
                    return bytes((1, kind or 0x10, len(data))) + data
            return None

        found = attempt() or attempt()
        if found is not None:
            return found
        duration_us = count * period * len(kinds) * _POLL_UNIT_US
        deadline_us = None if count == _FOREVER else self.field.clock.now_us + duration_us
        return Wait(attempt, deadline_us, b"\x00")

    def select(self, args: bytes) -> bytes:
        need(args, 1)
        if args[0] not in self.targets:
            return bytes([WRONG_CONTEXT])
        return bytes([OK if self._reselect(args[0]) else TIMEOUT])

    def deselect(self, args: bytes) -> bytes:
        """A type 2 tag knows no deselect: nothing goes on the air."""
        need(args, 1)
        return bytes([OK if args[0] == 0 or args[0] in self.targets else WRONG_CONTEXT])

    def release(self, args: bytes) -> bytes:
        need(args, 1)
        if args[0] == 0:
            self.forget()
        elif self.targets.pop(args[0], None) is None:
            return bytes([WRONG_CONTEXT])
        elif self.selected == args[0]:
            self.selected = None
        return bytes([OK])

    def jump_for_dep(self, args: bytes) -> bytes:
        """InJumpForDEP and its kin: nobody here speaks NFC-DEP."""
        self._call_in_vain()
        return bytes([TIMEOUT])

    # -- exchanges --

    def data_exchange(self, args: bytes) -> bytes:
        """As the firmware treats a MIFARE or type 2 target: it checks ACK and CRC itself."""
        need(args, 2)
        number, data = args[0] & 0x3F, args[1:]
        if number not in self.targets:
            return bytes([WRONG_CONTEXT])
        if self.faults.armed:
            self.faults.exchange(self.field)
        if not self._reselect(number):
            return bytes([TIMEOUT])
        if data[0] in (0x60, 0x61):  # MIFARE Classic's authentication, not GET_VERSION
            self.field.exchange(data[:2], self.timeout_us)
            return bytes([AUTH_ERROR])
        if data[0] == 0xA0 and len(data) == 18:
            status = self._exchange(data[:2])
            return status if status != b"\x00" else self._exchange(data[2:])
        return self._exchange(data)

    def communicate_thru(self, args: bytes) -> bytes:
        """The frame goes out and the answer comes back as the CIU's registers say."""
        if not args:  # libnfc sends it: nothing on the air, nothing back
            return bytes([TIMEOUT])
        if self.faults.armed:
            self.faults.exchange(self.field)
        reply = self.ciu.transceive(args, self.field, self.timeout_us)
        if isinstance(reply, int):
            return bytes([reply])
        return self._within_buffer(reply)

    def _exchange(self, data: bytes) -> bytes:
        answers = self.field.exchange(data, self.timeout_us)
        if not answers:
            return bytes([TIMEOUT])
        answer = answers[0]
        if isinstance(answer, int):
            return bytes([OK if answer == ACK else BAD_FORMAT])
        return self._within_buffer(answer)

    def _within_buffer(self, answer: bytes) -> bytes:
        room = self.faults.rf_buffer_size(_LARGEST_RF) if self.faults.armed else _LARGEST_RF
        return b"\x00" + answer if len(answer) <= room else bytes([SMALL_BUFFER])

    # -- the air (ISO/IEC 14443-3, type A) --

    def _list(self, most: int, parts: tuple[bytes, bytes] | None) -> bytes:
        """Select up to `most` tags; the answer of InListPassiveTarget, or nothing."""
        self.field.switch(True)
        while len(self.targets) < most:
            if self.selected is not None:
                self._halt()
            target = self._activate(REQA, parts)
            if target is None:
                break
            self.selected = len(self.targets) + 1
            self.targets[self.selected] = target
        if not self.targets:
            return b""
        self.ciu.after_activation()
        records = [bytes([number]) + target.record for number, target in self.targets.items()]
        return bytes([len(records)]) + b"".join(records)

    def _call_in_vain(self) -> None:
        """A modulation that no tag here speaks."""
        self.field.switch(True)
        self.field.clock.silence(_SENS_TIMEOUT_US)

    def _activate(self, call: int, parts: tuple[bytes, bytes] | None) -> Target | None:
        """Call, resolve collisions, select both cascade levels: any tag, or the one with these UID parts."""
        self.ciu.put_fifo(call)
        if not self.field.exchange(bytes([call]), _SENS_TIMEOUT_US, short=True):
            return None
        self.ciu.put_fifo(0)
        chosen = []
        for level, select in enumerate((SEL1, SEL2)):
            if parts is None:
                part = self._resolve(select)
            else:
                part = parts[level]
                self.field.exchange(bytes((select, 0x20)), _SENS_TIMEOUT_US)
            if part is None:
                return None
            if not self.field.exchange(bytes((select, 0x70)) + part, _SENS_TIMEOUT_US):
                return None
            chosen.append(part)
        uid = chosen[0][1:4] + chosen[1][:4]
        record = bytes.fromhex("004400") + bytes([len(uid)]) + uid
        return Target((chosen[0], chosen[1]), record)

    def _resolve(self, select: int) -> bytes | None:
        """One UID part; where tags collide, the reader goes on with the one that sent a 1."""
        prefix, bits = b"", 0
        while True:
            frame = bytes((select, (2 + bits // 8) << 4 | bits % 8)) + prefix
            answers = self.field.exchange(frame, _SENS_TIMEOUT_US)
            numbers = [
                int.from_bytes(part, "little") for part in answers if isinstance(part, bytes)
            ]
            if not numbers:
                return None
            collisions = 0
            for number in numbers:
                collisions |= number ^ numbers[0]
            if not collisions:
                return numbers[0].to_bytes(5, "little")
            bits = (collisions & -collisions).bit_length()
            known = numbers[0] & ((1 << bits) - 1) | 1 << (bits - 1)
            prefix = known.to_bytes((bits + 7) // 8, "little")

    def _halt(self) -> None:
        self.field.exchange(b"\x50\x00", 0.0)
        self.selected = None

    def _reselect(self, number: int) -> bool:
        """Make this listed target the selected one."""
        if self.selected == number:
            return True
        if self.selected is not None:
            self._halt()
        if self._activate(WUPA, self.targets[number].parts) is None:
            return False
        self.selected = number
        return True


def need(args: bytes, count: int) -> None:
    """SyntaxFault where a command has too few bytes."""
    if len(args) < count:
        raise SyntaxFault


def timeout_us(code: int) -> float:
    """RFConfiguration's timing code: 100 us, doubled each step; 0 means none."""
    return 100.0 * 2 ** (min(code, 16) - 1) if code else 0.0


def _parts(wanted: bytes) -> tuple[bytes, bytes]:
    """Both UID parts, each with its check byte, of a UID as InListPassiveTarget takes it: 88, then 7 bytes."""
    if len(wanted) != 8:
        raise SyntaxFault
    one, two = (
        half + bytes([half[0] ^ half[1] ^ half[2] ^ half[3]]) for half in (wanted[:4], wanted[4:])
    )
    return one, two


COMMANDS: dict[int, Callable[[Initiator, bytes], bytes | Wait]] = {
    0x40: Initiator.data_exchange,
    0x42: Initiator.communicate_thru,
    0x44: Initiator.deselect,
    0x46: Initiator.jump_for_dep,
    0x4A: Initiator.list_passive_target,
    0x50: Initiator.jump_for_dep,
    0x52: Initiator.release,
    0x54: Initiator.select,
    0x56: Initiator.jump_for_dep,
    0x60: Initiator.auto_poll,
}
