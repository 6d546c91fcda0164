"""PN532: the host's frames and commands, as bytes.

NXP UM0701-02 rev. 02, 6.2 "Host controller communication protocol" and 7 "Commands supported".

    00 | 00 FF | LEN LCS | TFI PD0 .. PDn | DCS | 00            normal information frame
    00 | 00 FF | FF FF LENM LENL LCS | TFI PD0 .. | DCS | 00    extended information frame
    00 | 00 FF | 00 FF | 00  ACK          00 | 00 FF | FF 00 | 00  NACK

TFI is D4 towards the chip and D5 from it; an error frame is the lone TFI 7F. A command is here its PD bytes, code
first: `frame()` makes it ready for the wire, and a Response carries the code of the command that it answers.
"""

from edge.errors import Malformed, Truncated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Message: TypeAlias = "Ack | Nack | ErrorFrame | Response"

ACK = b"\x00\x00\xff\x00\xff\x00"
NACK = b"\x00\x00\xff\xff\x00\x00"
WAKEUP = b"\x55\x55" + bytes(
    14
)  # libnfc's: the 00s are preamble, and give the oscillator its 1.4 ms

PAYLOAD = 264  # bytes: PD0..PDn of the longest frame
THRU = PAYLOAD - 2  # bytes: what InCommunicateThru or InDataExchange returns beside code and status

GET_FIRMWARE_VERSION = 0x02
SET_SERIAL_BAUD_RATE = 0x10
SET_PARAMETERS = 0x12
SAM_CONFIGURATION = 0x14
POWER_DOWN = 0x16
RF_CONFIGURATION = 0x32
IN_DATA_EXCHANGE = 0x40
IN_COMMUNICATE_THRU = 0x42
IN_LIST_PASSIVE_TARGET = 0x4A
IN_RELEASE = 0x52
IN_SELECT = 0x54

BAUD_RATES = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1288000)

_START = b"\x00\xff"
_FROM_CHIP = 0xD5
_ERROR = 0x7F
_TO_CHIP = b"\xd4"
_MORE = -1


class Ack:
    """The chip has the last frame, or (from the host) the host wants the running command ended."""

    def __eq__(self, other: "object") -> "bool":
        return isinstance(other, Ack)

    def __hash__(self) -> "int":
        return 0x00FF


class Nack:
    """The peer asks for its last frame again."""

    def __eq__(self, other: "object") -> "bool":
        return isinstance(other, Nack)

    def __hash__(self) -> "int":
        return 0xFF00


class ErrorFrame:
    """The chip found the command's syntax wrong, or does not know it."""

    def __eq__(self, other: "object") -> "bool":
        return isinstance(other, ErrorFrame)

    def __hash__(self) -> "int":
        return _ERROR


class Response:
    """What a command returned. code: of the command (the wire's code minus one); data: what follows it."""

    def __init__(self, code: "int", data: "bytes") -> None:
        self.code = code
        self.data = data

    def __eq__(self, other: "object") -> "bool":
        return isinstance(other, Response) and (self.code, self.data) == (other.code, other.data)

    def __hash__(self) -> "int":
        return hash((self.code, self.data))

    def __repr__(self) -> "str":
        return f"Response({self.code:#04x}, {self.data.hex()})"


class Target:
    """A Type A target: its number in the chip, SENS_RES (2 bytes), SEL_RES (one byte, as int) and UID."""

    def __init__(self, number: "int", sens_res: "bytes", sel_res: "int", uid: "bytes") -> None:
        self.number = number
        self.sens_res = sens_res
        self.sel_res = sel_res
        self.uid = uid


class Frames:
    """Bytes from the chip to messages. Never raises: what is no frame is noise, and is skipped byte by byte.

    A start code by chance cannot swallow a frame: what fails its LCS, TFI or DCS is read again from the next byte.
    The postamble must be there: a frame that lost a 00 has a right sum, with the DCS as its last byte of data.
    damaged: frames with a sound header and a wrong DCS so far. Holds back at most one frame (275 bytes).
    """

    def __init__(self) -> None:
        self.damaged = 0
        self._held = bytearray()

    @property
    def begun(self) -> "bool":
        """Does a frame wait for its rest?"""
        return len(self._held) > 1  # one 00 may be a preamble's, or a postamble

    def receive(self, data: "bytes") -> "list[Message]":
        """The messages that `data` completes, in order."""
        self._held.extend(data)
        return self._messages(False)

    def give_up(self) -> "list[Message]":
        """Nothing more comes: the messages behind a frame that was begun and not ended; nothing is held after it."""
        return self._messages(True)

    def _messages(self, ended: "bool") -> "list[Message]":
        held = self._held
        found: "list[Message]" = []
        at = 0
        while True:
            start = held.find(_START, at)
            if start < 0:
                at = len(held) - 1 if held[at:] and held[-1] == 0 else len(held)
                break
            end, message = self._message(start)
            if message is not None:
                found.append(message)
            at = end
            if end == _MORE:
                at = start
                if not ended:
                    break
                at += 1
        self._held = bytearray() if ended else held[at:]
        return found

    def _message(self, start: "int") -> "tuple[int, Message | None]":
        """(where to go on, message or None) at a start code; (_MORE, None) where bytes are missing to tell."""
        held = self._held
        skip = start + 1, None
        more = _MORE, None
        if len(held) < start + 4:
            return more
        length = held[start + 2]
        check = held[start + 3]
        body = start + 4
        if length == 0x00 and check == 0xFF:
            return body, Ack()
        if length == 0xFF and check == 0x00:
            return body, Nack()
        if length == 0xFF and check == 0xFF:
            body += 3
            if len(held) < body:
                return more
            length = held[start + 4] << 8 | held[start + 5]
            check = held[start + 4] + held[start + 5] + held[start + 6]
        else:
            check += length
        if check & 0xFF or not 1 <= length <= 1 + PAYLOAD:
            return skip
        if len(held) <= body:
            return more
        if held[body] != (_ERROR if length == 1 else _FROM_CHIP):
            return skip
        end = body + length
        if len(held) <= end + 1:
            return more
        if sum(held[body : end + 1]) & 0xFF or held[end + 1]:
            self.damaged += 1
            return skip
        if length == 1:
            return end + 2, ErrorFrame()
        return end + 2, Response(held[body + 1] - 1 & 0xFF, bytes(held[body + 2 : end]))


def frame(command: "bytes") -> "bytes":
    """The information frame, normal or extended, that brings `command` (1..264 bytes) to the chip."""
    if not 1 <= len(command) <= PAYLOAD:
        raise ValueError(f"a PN532 command has 1 to {PAYLOAD} bytes, not {len(command)}")
    body = _TO_CHIP + command
    length = len(body)
    if length < 256:
        head = bytes((length, -length & 0xFF))
    else:
        head = bytes((0xFF, 0xFF, length >> 8, length & 0xFF, -(length + (length >> 8)) & 0xFF))
    return b"\x00\x00\xff" + head + body + bytes((-sum(body) & 0xFF, 0))


def get_firmware_version() -> "bytes":
    """Returns IC (32), version, revision, support."""
    return bytes((GET_FIRMWARE_VERSION,))


def set_serial_baud_rate(baud: "int") -> "bytes":
    """The chip changes over once the host has acknowledged the response (UM0701-02, 7.2.7)."""
    return bytes((SET_SERIAL_BAUD_RATE, BAUD_RATES.index(baud)))


def sam_configuration() -> "bytes":
    """Normal mode, no SAM, no IRQ; it also ends the low-battery mode that the chip wakes up in."""
    return bytes((SAM_CONFIGURATION, 0x01))


def power_down(wake_up: "int" = 0x10) -> "bytes":
    """wake_up: sources as bits, 0x10 is the HSU. Returns status."""
    return bytes((POWER_DOWN, wake_up))


def rf_configuration(item: "int", data: "bytes") -> "bytes":
    """item 1: field; 2: time-outs; 4: MxRtyCOM; 5: MxRtyATR, MxRtyPSL, MxRtyPassiveActivation."""
    return bytes((RF_CONFIGURATION, item)) + data


def in_list_passive_target(max_targets: "int" = 1, brty: "int" = 0) -> "bytes":
    """max_targets: 1 or 2; brty 0: 106 kbit/s Type A. Returns what `parse_targets` reads."""
    return bytes((IN_LIST_PASSIVE_TARGET, max_targets, brty))


def in_data_exchange(tg: "int", data: "bytes") -> "bytes":
    """Returns status and the target's answer; the chip knows Type 2 commands and their ACK."""
    return bytes((IN_DATA_EXCHANGE, tg)) + data


def in_communicate_thru(data: "bytes") -> "bytes":
    """To the selected target as it stands, CRC added. Returns status and the target's answer."""
    return bytes((IN_COMMUNICATE_THRU,)) + data


def in_select(tg: "int") -> "bytes":
    """Returns status."""
    return bytes((IN_SELECT, tg))


def in_release(tg: "int" = 0) -> "bytes":
    """tg 0: all. Returns status."""
    return bytes((IN_RELEASE, tg))


def parse_targets(data: "bytes") -> "list[Target]":
    """The Type A targets in a Response to InListPassiveTarget; raises Malformed or Truncated."""
    if not data:
        raise Truncated("InListPassiveTarget: NbTg is missing")
    count = data[0]
    if count > 2:
        raise Malformed(f"InListPassiveTarget: {count} targets, the chip knows at most 2")
    targets = []
    at = 1
    for _ in range(count):
        if len(data) < at + 5:
            raise Truncated(f"InListPassiveTarget: target data ends at {len(data)}")
        sel_res = data[at + 3]
        end = at + 5 + data[at + 4]
        if data[at + 4] not in (4, 7, 10):
            raise Malformed(f"InListPassiveTarget: a UID of {data[at + 4]} bytes at {at + 4}")
        if len(data) < end:
            raise Truncated(f"InListPassiveTarget: UID ends at {len(data)}, not at {end}")
        targets.append(Target(data[at], data[at + 1 : at + 3], sel_res, data[at + 5 : end]))
        at = end
        if sel_res & 0x20 and at < len(data):
            at += max(data[at], 1)  # ATS, whose first byte counts itself
    return targets
