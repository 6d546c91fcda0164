"""What scanners say and understand, maker by maker, as their manuals have it; one object for each connection's talk.

Keyence SR-750 User's Manual 8-1, 8-2; Cognex DataMan Communications and Programming Guide, "DMCC Overview"; Honeywell
N86 User's Guide, "Trigger Commands"; Datalogic PowerScan Product Reference Guide, appendix E; Omron V430-F User Manual
for Communication Settings, "Behavior of the Host Protocol"; Zebra's SSI is in hwsim.scanner_ssi.
"""

import base64
from dataclasses import dataclass, field
from typing import ClassVar

_LONGEST = 1024  # bytes of one command


@dataclass(frozen=True)
class Code:
    """What is printed. type: as SSI numbers them."""

    data: bytes
    aim: str = ""
    type: int = 0


@dataclass(frozen=True)
class Heard:
    """A command. word: "on", "off", "ack", "nak" or "" (answered already). accept, refuse: replies, by its state."""

    word: str
    accept: bytes = b""
    refuse: bytes = b""


@dataclass
class Setting:
    """How a scanner is set. aim: it sends AIM identifiers; none, header, end: its no-read text and its frame."""

    aim: bool = True
    none: bytes = b""
    header: bytes = b""
    end: bytes = b"\r\n"
    replies: bool = True  # Keyence: "Specify response character"; Cognex: extended responses


@dataclass
class Dialect:
    """Nothing is understood, and codes are said with a frame."""

    setting: Setting
    waits: ClassVar[bool] = False  # for an acknowledgement of each message
    pending: bytes = field(default=b"", init=False)

    def hear(self, data: bytes) -> list[Heard]:
        return []

    def read(self, code: Code) -> list[bytes]:
        """The messages that tell it, in their order."""
        return [self.setting.header + self._text(code) + self.setting.end]

    def no_read(self) -> list[bytes]:
        """None where it says nothing then."""
        return self.read(Code(self.setting.none)) if self.setting.none else []

    def _text(self, code: Code) -> bytes:
        return (code.aim.encode() if self.setting.aim else b"") + code.data

    def _keep(self, data: bytes) -> None:
        self.pending = data[-_LONGEST:]


class Keyence(Dialect):
    """Commands end with CR, or stand between STX and ETX; replies mirror that. ESC empties the receive buffer."""

    def hear(self, data: bytes) -> list[Heard]:
        heard: list[Heard] = []
        rest = (self.pending + data).rpartition(b"\x1b")[2]
        while True:
            rest = rest.lstrip(b"\n")
            framed = rest.startswith(b"\x02")
            command, end, behind = rest.partition(b"\x03" if framed else b"\r")
            if not end:
                self._keep(rest)
                return heard
            heard.append(self._command(command[framed:].decode("latin-1"), framed))
            rest = behind

    def _command(self, command: str, framed: bool) -> Heard:
        def reply(text: str) -> bytes:
            if not self.setting.replies:
                return b""
            return b"\x02" + text.encode() + b"\x03" if framed else text.encode() + b"\r"

        if command == "LOFF":
            return Heard("off", reply("OK,LOFF"), reply("ER,LOFF,20"))
        if command.startswith("LON") and (command[3:].isdecimal() or not command[3:]):
            return Heard("on", reply(f"OK,{command}"), reply(f"ER,{command},20"))
        if command == "KEYENCE":
            return Heard("", reply("OK,KEYENCE,SR-1000,1.00"))
        return Heard("", reply(f"ER,{command},00"))


class Cognex(Dialect):
    """DMCC: ||checksum:id>COMMAND CR LF. Silent, or extended after SET COM.DMCC-RESPONSE."""

    def hear(self, data: bytes) -> list[Heard]:
        heard: list[Heard] = []
        *lines, rest = (self.pending + data).split(b"\r\n")
        self._keep(rest)
        for line in lines:
            at = line.find(b"||")
            header, mark, body = line[at + 2 :].partition(b">")
            if at >= 0 and mark:  # what has no header is no command, and is not answered
                heard.append(self._command(header, body, line[at:]))
        return heard

    def read(self, code: Code) -> list[bytes]:
        if not self.setting.replies:
            return super().read(code)
        return [b"||[1]" + base64.b64encode(self._text(code)) + b"\r\n"]

    def no_read(self) -> list[bytes]:
        return self.read(Code(self.setting.none)) if self.setting.replies else super().no_read()

    def _command(self, header: bytes, body: bytes, line: bytes) -> Heard:
        summed = header.startswith(b"1")

        def reply(status: int, text: str = "") -> bytes:
            if not self.setting.replies:
                return text.encode() + b"\r\n" if text else b""
            whole = b"||" + header + f"[{status}]{text}".encode()
            return whole + (bytes((_xor(whole),)) if summed else b"") + b"\r\n"

        if summed:
            if not body or _xor(line[:-1]) != line[-1]:
                return Heard("", reply(103))
            body = body[:-1]
        words = body.decode("latin-1").upper().split()
        match words:
            case ["TRIGGER", "ON"]:
                return Heard("on", reply(0), reply(104))
            case ["TRIGGER", "OFF"]:
                return Heard("off", reply(0), reply(0))
            case ["SET", "COM.DMCC-RESPONSE", ("0" | "1" | "2") as mode]:
                self.setting.replies = mode != "0"
                return Heard("", reply(0))
            case ["GET", "COM.DMCC-RESPONSE"]:
                return Heard("", reply(0, str(int(self.setting.replies))))
            case ["GET", "DEVICE.TYPE"]:
                return Heard("", reply(0, "DM280"))
            case ["GET", "SYMBOL.DATAMATRIX"]:
                return Heard("", reply(0, "ON"))
            case ["SET", "SYMBOL.DATAMATRIX", "ON" | "OFF"]:
                return Heard("", reply(0))
            case ["GET" | "SET", *_]:
                return Heard("", reply(102))
        return Heard("", reply(101))


class Honeywell(Dialect):
    """SYN T CR pulls the trigger, SYN U CR lets it go."""

    def hear(self, data: bytes) -> list[Heard]:
        *commands, rest = (self.pending + data).split(b"\r")
        self._keep(rest)
        words = {b"\x16T": "on", b"\x16U": "off"}
        return [Heard(words[each[-2:]]) for each in commands if each[-2:] in words]


class Datalogic(Dialect):
    """One character is one command; 06 and 15 answer a label."""

    def hear(self, data: bytes) -> list[Heard]:
        words = {ord("T"): "on", ord("X"): "off", 0x06: "ack", 0x15: "nak"}
        return [Heard(words[each]) for each in data if each in words]


class Omron(Dialect):
    """The serial trigger is a space between angle brackets; other commands stand there, too."""

    def hear(self, data: bytes) -> list[Heard]:
        heard: list[Heard] = []
        rest = self.pending + data
        while True:
            command, end, behind = rest.partition(b">")
            if not end:
                self._keep(rest)
                return heard
            if command.endswith(b"< "):
                heard.append(Heard("on"))
            rest = behind


def _xor(data: bytes) -> int:
    found = 0
    for each in data:
        found ^= each
    return found
