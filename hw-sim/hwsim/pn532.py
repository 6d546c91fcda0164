"""The PN532 as its host sees it on the UART (NXP UM0701-02, firmware V1.6): bytes in, bytes out, no I/O."""

from collections.abc import Callable
from dataclasses import dataclass

from hwsim import hsu
from hwsim.ciu import Ciu
from hwsim.clock import Clock
from hwsim.faults import Faults, WrongBaud
from hwsim.field import Field
from hwsim.ntag import ACK, REQA, SEL1, SEL2, WUPA

LOWVBAT, STANDBY, NORMAL, POWERDOWN = "lowvbat", "standby", "normal", "powerdown"

BAUDS = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1288000)

OK = 0x00
TIMEOUT = 0x01
CRC_ERROR = 0x02
SMALL_BUFFER = 0x07
BAD_FORMAT = 0x13  # "the data format does not match": also a tag's NAK
AUTH_ERROR = 0x14
WRONG_CONTEXT = 0x27

_LARGEST_RF = 262  # bytes of a tag's answer that fit beside the status byte
_SENS_TIMEOUT_US = 600.0
_EDGES_TO_WAKE = 5  # "the real waking up condition is the 5th rising edge on the serial line"
_EDGES = bytes(
    f"0{value:08b}1"[::-1].count("10") for value in range(256)
)  # rising edges of a byte on the line
_FOREVER = 0xFF
_POLL_UNIT_US = 150_000.0


class SyntaxFault(Exception):
    """The command cannot be run as it stands; the host gets the error frame."""


@dataclass(frozen=True)
class Target:
    """One tag that InListPassiveTarget or InAutoPoll has found."""

    uid: bytes
    parts: tuple[bytes, bytes]
    record: bytes  # SENS_RES, SEL_RES, NFCID1 length, NFCID1


@dataclass
class _Wait:
    """A command that runs until a tag comes: its code, how to try again, and when it gives up."""

    code: int
    attempt: Callable[[], bytes | None]
    deadline_us: float | None
    at_deadline: bytes


class Pn532:
    """One chip with its antenna's field. `receive` for virtual time; `answers` and `poll` for a paced port."""

    def __init__(self, field: Field, clock: Clock, faults: Faults | None = None) -> None:
        self.field = field
        self.clock = clock
        self.faults = faults if faults is not None else field.faults
        self.unplugged = False
        self.replug_after_s = 0.0
        self.power_cycle()
        for fault in self.faults.armed:
            if isinstance(fault, WrongBaud):
                self.baud, self.power = fault.baud, NORMAL

    def power_cycle(self) -> None:
        """As after a new supply: 115200 baud, low battery mode, no field, nothing listed."""
        self.field.switch(False)
        self.power = LOWVBAT
        self.baud = 115200
        self.next_baud: int | None = None
        self.wait: _Wait | None = None
        self.ciu = Ciu()
        self.targets: dict[int, Target] = {}
        self.selected: int | None = None
        self.parameters = 0x14
        self.rf_timeout_us = _timeout_us(0x0A)
        self.activation_retries = _FOREVER
        self._frames = hsu.Frames()
        self._edges = 0
        self._last = b""
        self._out: list[tuple[float, bytes]] = []

    def receive(self, data: bytes) -> bytes:
        """What the chip sends in answer to these bytes of the host; it does not linger where time decides."""
        chunks = self.answers(data)
        if self.wait is not None and self.wait.deadline_us is not None:
            self.clock.idle(max(0.0, self.wait.deadline_us - self.clock.now_us))
            chunks += self.poll()
        return b"".join([chunk for _, chunk in chunks])

    def answers(self, data: bytes) -> list[tuple[float, bytes]]:
        """As `receive`, each piece with the virtual time at which its last byte has left."""
        self.clock.uart_in(len(data), self.baud)
        if self.faults.armed:
            data = self.faults.line_in(data)
        if self.power in (LOWVBAT, POWERDOWN):
            data = self._wake_up(data)
        for frame in self._frames.receive(data):
            if frame is hsu.ACK:
                self._acknowledged()
            elif frame is hsu.NACK:
                if self._last:
                    self._send(self._last)
            else:
                self._command(frame)
        out, self._out = self._out, []
        return out

    def poll(self) -> list[tuple[float, bytes]]:
        """Try again what waits for a tag: call it when the field has changed, or time has passed."""
        if self.wait is not None:
            wait = self.wait
            data = wait.attempt() if self.field.present else None
            if (
                data is None
                and wait.deadline_us is not None
                and self.clock.now_us >= wait.deadline_us
            ):
                data = wait.at_deadline
            if data is not None:
                self.wait = None
                self._answer(wait.code, data)
        out, self._out = self._out, []
        return out

    def take_next_baud(self) -> None:
        """The host already talks at the speed that it has asked for: its ACK was lost on the way."""
        if self.next_baud is not None:
            self.baud, self.next_baud = self.next_baud, None
            self._frames.forget()

    # -- the host's side --

    def _wake_up(self, data: bytes) -> bytes:
        """Bytes on the line are lost until enough edges have woken the chip."""
        for at, value in enumerate(data):
            self._edges += _EDGES[value]
            if self._edges >= _EDGES_TO_WAKE:
                self._edges = 0
                self.power = STANDBY if self.power == LOWVBAT else NORMAL
                return data[at + 1 :]
        return b""

    def _acknowledged(self) -> None:
        """An ACK of the host ends the command that runs, or confirms the new speed."""
        self.wait = None
        self.take_next_baud()

    def _command(self, payload: bytes) -> None:
        self.wait = None
        self.next_baud = None
        self.clock.commands += 1
        if self.faults.armed:
            self.faults.command(self)
            if self.unplugged:
                return
        if not (self.faults.armed and self.faults.loses_ack()):
            self._send(hsu.ACK)
        try:
            if len(payload) < 2 or payload[0] != 0xD4:
                raise SyntaxFault
            handler = _COMMANDS.get(payload[1])
            if handler is None or (payload[1] in _RF_COMMANDS and self.power != NORMAL):
                raise SyntaxFault
            data = handler(self, payload[2:])
        except SyntaxFault:
            self._last = hsu.ERROR
            self._send(hsu.ERROR)
            return
        if data is not None:
            self._answer(payload[1], data)

    def _answer(self, code: int, data: bytes) -> None:
        self._last = hsu.frame(bytes((0xD5, code + 1)) + data)
        if not (self.faults.armed and self.faults.loses_answer()):
            self._send(self._last)

    def _send(self, data: bytes) -> None:
        if self.faults.armed:
            data = self.faults.line_out(data)
        self.clock.uart_out(len(data), self.baud)
        self._out.append((self.clock.now_us, data))

    # -- housekeeping commands --

    def _diagnose(self, args: bytes) -> bytes:
        _need(args, 1)
        test = args[0]
        if test in (0x00, 0x05):  # communication line, echo
            return args
        if test in (0x01, 0x02, 0x07):  # ROM, RAM, antenna: sound
            return b"\x00"
        if test == 0x04:  # polling: how many of the tries failed
            return b"\x80"
        if test == 0x06:  # attention request: is the target still there?
            return bytes([OK if self.field.present and self.field.powered else TIMEOUT])
        raise SyntaxFault

    def _get_firmware_version(self, args: bytes) -> bytes:
        return bytes.fromhex("32010607")  # PN532, version 1.6, ISO 18092 and 14443 A and B

    def _get_general_status(self, args: bytes) -> bytes:
        listed = b"".join(bytes((number, 0, 0, 0x10)) for number in sorted(self.targets))
        return bytes((OK, self.field.powered, len(self.targets))) + listed + b"\x80"

    def _read_register(self, args: bytes) -> bytes:
        _need(args, 2)
        self._sync_ciu()
        return bytes(self.ciu.read(args[i] << 8 | args[i + 1]) for i in range(0, len(args) - 1, 2))

    def _write_register(self, args: bytes) -> bytes:
        _need(args, 3)
        self._sync_ciu()
        for i in range(0, len(args) - 2, 3):
            self.ciu.write(args[i] << 8 | args[i + 1], args[i + 2])
        self.field.switch(self.ciu.drivers_on())
        return b""

    def _sync_ciu(self) -> None:
        self.ciu.switch_drivers(self.field.powered)

    def _read_gpio(self, args: bytes) -> bytes:
        return bytes.fromhex("3f0700")

    def _write_gpio(self, args: bytes) -> bytes:
        _need(args, 2)
        return b""

    def _set_serial_baud_rate(self, args: bytes) -> bytes:
        _need(args, 1)
        if args[0] >= len(BAUDS):
            raise SyntaxFault
        self.next_baud = BAUDS[args[0]]  # from the host's ACK on
        return b""

    def _set_parameters(self, args: bytes) -> bytes:
        _need(args, 1)
        self.parameters = args[0]
        return b""

    def _sam_configuration(self, args: bytes) -> bytes:
        _need(args, 1)
        if args[0] not in (1, 2, 3, 4):
            raise SyntaxFault
        self.power = NORMAL
        return b""

    def _power_down(self, args: bytes) -> bytes:
        _need(args, 1)
        self._release_all()
        self.field.switch(False)
        self.power = POWERDOWN
        self._edges = 0
        return b"\x00"

    def _rf_configuration(self, args: bytes) -> bytes:
        _need(args, 2)
        item, data = args[0], args[1:]
        if item not in _RF_ITEMS or len(data) != _RF_ITEMS[item]:
            raise SyntaxFault
        if item == 0x01:
            self.field.switch(bool(data[0] & 1))
            if not data[0] & 1:
                self._release_all()
        elif item == 0x02:
            self.rf_timeout_us = _timeout_us(data[2])
        elif item == 0x05:
            self.activation_retries = data[2]
        return b""

    # -- targets --

    def _in_list_passive_target(self, args: bytes) -> bytes | None:
        _need(args, 2)
        most, modulation, wanted = args[0], args[1], args[2:]
        if most not in (1, 2) or modulation > 4:
            raise SyntaxFault
        self._release_all()
        if modulation != 0:
            wanted = b""

        def attempt() -> bytes | None:
            if modulation == 0:
                return self._list(most, wanted) or None
            return self._call_in_vain()

        forever = self.activation_retries == _FOREVER
        for _ in range(
            2 if forever else 1 + self.activation_retries
        ):  # a selected tag hears the second call only
            found = attempt()
            if found is not None:
                return found
        if not forever:
            return b"\x00"
        self.wait = _Wait(0x4A, attempt, None, b"\x00")
        return None

    def _in_auto_poll(self, args: bytes) -> bytes | None:
        _need(args, 3)
        count, period, types = args[0], args[1], args[2:]
        self._release_all()

        def attempt() -> bytes | None:
            for kind in types:
                if kind in (0x00, 0x10) and self._list(1, b""):
                    data = b"\x01" + self.targets[1].record
                    return bytes((1, kind or 0x10, len(data))) + data
            return None

        found = attempt() or attempt()
        if found is not None:
            return found
        duration = count * period * len(types) * _POLL_UNIT_US
        deadline = None if count == _FOREVER else self.clock.now_us + duration
        self.wait = _Wait(0x60, attempt, deadline, b"\x00")
        return None

    def _list(self, most: int, wanted: bytes) -> bytes:
        """Select up to `most` tags; the answer of InListPassiveTarget, or nothing."""
        self.field.switch(True)
        while len(self.targets) < most:
            if self.selected is not None:
                self._halt()
            target = self._select(REQA, _parts(wanted))
            if target is None:
                break
            self.selected = len(self.targets) + 1
            self.targets[self.selected] = target
        if not self.targets:
            return b""
        self.ciu.after_activation()
        records = [bytes([number]) + target.record for number, target in self.targets.items()]
        return bytes([len(records)]) + b"".join(records)

    def _call_in_vain(self) -> bytes | None:
        """A modulation that no tag here speaks."""
        self.field.switch(True)
        self.clock.silence(_SENS_TIMEOUT_US)
        return None

    def _select(self, call: int, parts: tuple[bytes, ...] | None) -> Target | None:
        """Wake, resolve collisions, select both cascade levels (ISO/IEC 14443-3)."""
        self.ciu.put_fifo(call)
        if not self.field.exchange(bytes([call]), _SENS_TIMEOUT_US, short=True):
            return None
        self.ciu.put_fifo(0)
        chosen = []
        for level, select in enumerate((SEL1, SEL2)):
            part = self._resolve(select)
            if part is not None and parts is not None:
                part = parts[level]
            if part is None or not self.field.exchange(
                bytes((select, 0x70)) + part, _SENS_TIMEOUT_US
            ):
                return None
            chosen.append(part)
        uid = chosen[0][1:4] + chosen[1][:4]
        record = bytes.fromhex("004400") + bytes([len(uid)]) + uid
        return Target(uid, (chosen[0], chosen[1]), record)

    def _resolve(self, select: int) -> bytes | None:
        """One UID part; where tags collide, the reader goes on with the one that sent a 1."""
        prefix, bits = b"", 0
        while True:
            frame = bytes((select, (2 + bits // 8) << 4 | bits % 8)) + prefix
            parts = [
                a for a in self.field.exchange(frame, _SENS_TIMEOUT_US) if isinstance(a, bytes)
            ]
            if not parts:
                return None
            numbers = [int.from_bytes(part, "little") for part in parts]
            collisions = 0
            for number in numbers:
                collisions |= number ^ numbers[0]
            if not collisions:
                return parts[0]
            bits = (collisions & -collisions).bit_length()
            known = numbers[0] & ((1 << bits) - 1) | 1 << (bits - 1)
            prefix = known.to_bytes((bits + 7) // 8, "little")

    def _halt(self) -> None:
        self.field.exchange(b"\x50\x00", 0.0)
        self.selected = None

    def _release_all(self) -> None:
        self.targets.clear()
        self.selected = None

    def _reselect(self, number: int) -> bool:
        """Make this listed target the selected one."""
        if self.selected == number:
            return True
        if self.selected is not None:
            self._halt()
        target = self.targets[number]
        if self._select(WUPA, target.parts) is None:
            return False
        self.selected = number
        return True

    def _in_select(self, args: bytes) -> bytes:
        _need(args, 1)
        if args[0] not in self.targets:
            return bytes([WRONG_CONTEXT])
        return bytes([OK if self._reselect(args[0]) else TIMEOUT])

    def _in_deselect(self, args: bytes) -> bytes:
        """A type 2 tag knows no deselect: nothing goes on the air."""
        _need(args, 1)
        return bytes([OK if args[0] == 0 or args[0] in self.targets else WRONG_CONTEXT])

    def _in_release(self, args: bytes) -> bytes:
        _need(args, 1)
        if args[0] == 0:
            self._release_all()
        elif self.targets.pop(args[0], None) is None:
            return bytes([WRONG_CONTEXT])
        elif self.selected == args[0]:
            self.selected = None
        return bytes([OK])

    def _no_peer(self, args: bytes) -> bytes:
        """InJumpForDEP and its kin: nobody here speaks NFC-DEP."""
        self._call_in_vain()
        return bytes([TIMEOUT])

    # -- exchanges --

    def _in_data_exchange(self, args: bytes) -> bytes:
        """As the firmware treats a MIFARE or type 2 target: it knows their commands, and checks ACK and CRC itself."""
        _need(args, 2)
        number, data = args[0] & 0x3F, args[1:]
        if number not in self.targets:
            return bytes([WRONG_CONTEXT])
        if self.faults.armed:
            self.faults.exchange(self)
        if not self._reselect(number):
            return bytes([TIMEOUT])
        if data[0] in (0x60, 0x61):  # MIFARE Classic's authentication, not GET_VERSION
            self.field.exchange(data[:2], self.rf_timeout_us)
            return bytes([AUTH_ERROR])
        if data[0] == 0xA0 and len(data) == 18:
            status = self._exchange_data(data[:2])
            return status if status != b"\x00" else self._exchange_data(data[2:])
        return self._exchange_data(data)

    def _exchange_data(self, data: bytes) -> bytes:
        answers = self.field.exchange(data, self.rf_timeout_us)
        if not answers:
            return bytes([TIMEOUT])
        answer = answers[0]
        if isinstance(answer, int):
            return bytes([OK if answer == ACK else BAD_FORMAT])
        return self._within_buffer(answer)

    def _in_communicate_thru(self, args: bytes) -> bytes:
        """The frame goes out and the answer comes back as the CIU's registers say: CRC made, checked, or neither."""
        _need(args, 1)
        if self.faults.armed:
            self.faults.exchange(self)
        reply = self.ciu.transceive(args, self.field, self.rf_timeout_us)
        if isinstance(reply, int):
            return bytes([reply])
        return self._within_buffer(reply)

    def _within_buffer(self, answer: bytes) -> bytes:
        room = self.faults.rf_buffer_size(_LARGEST_RF) if self.faults.armed else _LARGEST_RF
        return b"\x00" + answer if len(answer) <= room else bytes([SMALL_BUFFER])


def _need(args: bytes, count: int) -> None:
    if len(args) < count:
        raise SyntaxFault


def _timeout_us(code: int) -> float:
    """RFConfiguration's timing code: 100 us, doubled each step; 0 means none."""
    return 100.0 * 2 ** (min(code, 16) - 1) if code else 0.0


def _parts(wanted: bytes) -> tuple[bytes, ...] | None:
    """Both UID parts, each with its check byte, of the UID as InListPassiveTarget takes it: 88 and 3 bytes, 4 bytes."""
    if not wanted:
        return None
    if len(wanted) != 8:
        raise SyntaxFault
    halves = (wanted[:4], wanted[4:])
    return tuple(half + bytes([half[0] ^ half[1] ^ half[2] ^ half[3]]) for half in halves)


_RF_ITEMS = {0x01: 1, 0x02: 3, 0x04: 1, 0x05: 3, 0x0A: 11, 0x0B: 8, 0x0C: 3, 0x0D: 9}  # item: bytes

_COMMANDS: dict[int, Callable[[Pn532, bytes], bytes | None]] = {
    0x00: Pn532._diagnose,
    0x02: Pn532._get_firmware_version,
    0x04: Pn532._get_general_status,
    0x06: Pn532._read_register,
    0x08: Pn532._write_register,
    0x0C: Pn532._read_gpio,
    0x0E: Pn532._write_gpio,
    0x10: Pn532._set_serial_baud_rate,
    0x12: Pn532._set_parameters,
    0x14: Pn532._sam_configuration,
    0x16: Pn532._power_down,
    0x32: Pn532._rf_configuration,
    0x40: Pn532._in_data_exchange,
    0x42: Pn532._in_communicate_thru,
    0x44: Pn532._in_deselect,
    0x46: Pn532._no_peer,
    0x4A: Pn532._in_list_passive_target,
    0x50: Pn532._no_peer,
    0x52: Pn532._in_release,
    0x54: Pn532._in_select,
    0x56: Pn532._no_peer,
    0x60: Pn532._in_auto_poll,
}
_RF_COMMANDS = frozenset((0x40, 0x42, 0x44, 0x46, 0x4A, 0x50, 0x52, 0x54, 0x56, 0x60))
