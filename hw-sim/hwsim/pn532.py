"""The PN532 as its host sees it on the UART (NXP UM0701-02, firmware V1.6): bytes in, bytes out, no I/O."""

from collections.abc import Callable

from hwsim import hsu
from hwsim.clock import Clock
from hwsim.faults import Faults
from hwsim.field import Field
from hwsim.initiator import COMMANDS, Initiator, SyntaxFault, Wait, need, timeout_us

LOWVBAT, STANDBY, NORMAL, POWERDOWN = "lowvbat", "standby", "normal", "powerdown"

BAUDS = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1288000)

_EDGES_TO_WAKE = 5  # "the real waking up condition is the 5th rising edge on the serial line"
_EDGES = bytes(
    [f"1{value:08b}0".count("10") for value in range(256)]
)  # rising ones, stop bit to start bit


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
            fault.start(self)

    def power_cycle(self) -> None:
        """As after a new supply: 115200 baud, low battery mode, no field, nothing listed."""
        self.field.switch(False)
        self.power = LOWVBAT
        self.baud = 115200
        self.next_baud: int | None = None  # asked for, until the host's ACK
        self.wait: Wait | None = None
        self.initiator = Initiator(self.field, self.faults)
        self._frames = hsu.Frames()
        self._edges = 0
        self._running = 0  # the command that waits
        self._last = b""
        self._out: list[tuple[float, bytes]] = []

    def stand_at(self, baud: int) -> None:
        """Awake and at this speed, as a host leaves it that ends without a word."""
        if baud not in BAUDS:
            raise ValueError(f"a PN532 knows {', '.join(map(str, BAUDS))} baud, not {baud}")
        self.power, self.baud, self.next_baud = NORMAL, baud, None

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
                self.wait = None
                self.take_next_baud()
            elif frame is hsu.NACK:
                if self._last:
                    self._send(self._last)
            else:
                self._command(frame)
        out, self._out = self._out, []
        return out

    def poll(self) -> list[tuple[float, bytes]]:
        """Try again what waits for a tag: call it when the field has changed, or time has passed."""
        wait = self.wait
        if wait is not None:
            data = wait.attempt() if self.field.present else None
            late = wait.deadline_us is not None and self.clock.now_us >= wait.deadline_us
            if data is None and late:
                data = wait.at_deadline
            if data is not None:
                self.wait = None
                self._answer(self._running, data)
        out, self._out = self._out, []
        return out

    def take_next_baud(self) -> None:
        """The host's ACK, or its first bytes at the speed that it has asked for: its ACK may be lost on the way."""
        if self.next_baud is not None:
            self.baud, self.next_baud = self.next_baud, None

    def _wake_up(self, data: bytes) -> bytes:
        """Bytes on the line are lost until enough edges have woken the chip."""
        for at, value in enumerate(data):
            self._edges += _EDGES[value]
            if self._edges >= _EDGES_TO_WAKE:
                self._edges = 0
                self.power = STANDBY if self.power == LOWVBAT else NORMAL
                return data[at + 1 :]
        return b""

    def _command(self, payload: bytes) -> None:
        """Any command ends the one that waits."""
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
            answer = self._run(payload)
        except SyntaxFault:
            self._last = hsu.ERROR
            self._send(hsu.ERROR)
            return
        if isinstance(answer, Wait):
            self.wait, self._running = answer, payload[1]
        else:
            self._answer(payload[1], answer)

    def _run(self, payload: bytes) -> bytes | Wait:
        if len(payload) < 2 or payload[0] != 0xD4:
            raise SyntaxFault
        code, args = payload[1], payload[2:]
        if code in COMMANDS and self.power == NORMAL:
            return COMMANDS[code](self.initiator, args)
        if code in _HOUSEKEEPING:
            return _HOUSEKEEPING[code](self, args)
        raise SyntaxFault

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
        need(args, 1)
        test = args[0]
        if test in (0x00, 0x05):  # communication line, echo
            return args
        if test in (0x01, 0x02, 0x07):  # ROM, RAM, antenna: sound
            return b"\x00"
        if test == 0x04:  # polling for FeliCa: every one of the 128 tries failed
            return b"\x80"
        if test == 0x06:  # attention request: is the target still there?
            return b"\x00" if self.field.present and self.field.powered else b"\x01"
        raise SyntaxFault

    def _get_firmware_version(self, args: bytes) -> bytes:
        return bytes.fromhex("32010607")  # PN532, version 1.6, ISO 18092 and 14443 A and B

    def _get_general_status(self, args: bytes) -> bytes:
        targets = self.initiator.targets
        listed = b"".join([bytes((number, 0, 0, 0x10)) for number in sorted(targets)])
        return bytes((0, self.field.powered, len(targets))) + listed + b"\x80"

    def _read_register(self, args: bytes) -> bytes:
        need(args, 2)
        ciu = self.initiator.ciu
        ciu.switch_drivers(self.field.powered)
        return bytes([ciu.read(args[i] << 8 | args[i + 1]) for i in range(0, len(args) - 1, 2)])

    def _write_register(self, args: bytes) -> bytes:
        need(args, 3)
        ciu = self.initiator.ciu
        ciu.switch_drivers(self.field.powered)
        for i in range(0, len(args) - 2, 3):
            ciu.write(args[i] << 8 | args[i + 1], args[i + 2])
        self.field.switch(ciu.drivers_on())
        return b""

    def _read_gpio(self, args: bytes) -> bytes:
        return bytes.fromhex("3f0700")

    def _write_gpio(self, args: bytes) -> bytes:
        need(args, 2)
        return b""

    def _set_serial_baud_rate(self, args: bytes) -> bytes:
        need(args, 1)
        if args[0] >= len(BAUDS):
            raise SyntaxFault
        self.next_baud = BAUDS[args[0]]
        return b""

    def _set_parameters(self, args: bytes) -> bytes:
        need(args, 1)
        return b""

    def _sam_configuration(self, args: bytes) -> bytes:
        need(args, 1)
        if args[0] not in (1, 2, 3, 4):
            raise SyntaxFault
        self.power = NORMAL
        return b""

    def _power_down(self, args: bytes) -> bytes:
        need(args, 1)
        self.initiator.forget()
        self.field.switch(False)
        self.power = POWERDOWN
        self._edges = 0
        return b"\x00"

    def _rf_configuration(self, args: bytes) -> bytes:
        need(args, 2)
        item, data = args[0], args[1:]
        if len(data) != _RF_ITEMS.get(item):
            raise SyntaxFault
        if item == 0x01:
            self.field.switch(bool(data[0] & 1))
            if not data[0] & 1:
                self.initiator.forget()
        elif item == 0x02:
            self.initiator.timeout_us = timeout_us(data[2])
        elif item == 0x05:
            self.initiator.retries = data[2]
        return b""


_RF_ITEMS = {
    0x01: 1,
    0x02: 3,
    0x04: 1,
    0x05: 3,
    0x0A: 11,
    0x0B: 8,
    0x0C: 3,
    0x0D: 9,
}  # bytes of each

_HOUSEKEEPING: dict[int, Callable[[Pn532, bytes], bytes]] = {
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
}
