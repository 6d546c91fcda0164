"""Zebra's (Symbol's) Simple Serial Interface: packets with a checksum, each of them acknowledged.

Simple Serial Interface Programmer's Guide (72E-40451); SE-923 Scan Engine Integration Guide, chapter 6, "Simple Serial
Interface": packet format, opcodes, DECODE_DATA. Length (without the checksum), opcode, source, status, data, checksum:
two's complement of the sum, high byte first.
"""

from gateway.readers.scanner_talk import PAUSE_S, Code, Said, code, lost, named

_HEAD = 4  # length, opcode, source, status
_CHECK = 2
_DECODER, _HOST = 0, 4  # sources
_RETRANSMIT, _CONTINUED = 0x01, 0x02  # status

_START, _STOP, _ACK, _NAK = 0xE4, 0xE5, 0xD0, 0xD1
_DECODE_DATA, _EVENT = 0xF3, 0xF6
_RESEND = 1  # cause of a NAK
_CAUSES = {1: "send again", 2: "not now: is its trigger mode host?", 6: "denied", 10: "cancelled"}
_LONGEST = 16_384  # bytes of one code, over as many packets as it takes
_GIVES_UP_S = 6.0  # a packet is sent again twice, 2 s apart: "Retries"
_NO_READ = b"NR"  # "Transmit No Read Message" of Zebra's reference guides

# DECODE_DATA, "Code types". Data Matrix and QR do not say whether they are GS1's: AIM identifiers do, where enabled.
_TYPES = {
    0x01: ("]A0", "Code39"),
    0x02: ("]F0", "Codabar"),
    0x03: ("]C0", "Code128"),
    0x06: ("]I0", "ITF"),
    0x07: ("]G0", "Code93"),
    0x08: ("]E0", "UPCA"),
    0x09: ("", "UPCE"),
    0x0A: ("]E4", "EAN8"),
    0x0B: ("]E0", "EAN13"),
    0x0F: ("]C1", "Code128"),
    0x11: ("", "PDF417"),
    0x1B: ("", "DataMatrix"),
    0x1C: ("", "QRCode"),
    0x25: ("", "MaxiCode"),
    0x2D: ("", "Aztec"),
    0x30: ("]e0", "DataBar"),
    0x31: ("]e0", "DataBar"),
    0x32: ("]e0", "DataBar"),
}


def _packet(opcode: int, data: bytes = b"") -> bytes:
    body = bytes((_HEAD + len(data), opcode, _HOST, 0)) + data
    return body + _checksum(body)


def _checksum(body: bytes) -> bytes:
    return (-sum(body) & 0xFFFF).to_bytes(_CHECK, "big")


START_SESSION = _packet(_START)
STOP_SESSION = _packet(_STOP)
_ACKNOWLEDGE = _packet(_ACK)
_SEND_AGAIN = _packet(_NAK, bytes((_RESEND,)))


class Ssi:
    """A Dialect of packets. At most one packet, and the parts of one code, wait."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._parts = b""
        self._type = 0  # of the code whose parts wait
        self._last = b""  # packet: sent again where our acknowledgement was lost

    @property
    def is_partial(self) -> bool:
        return bool(self._buffer or self._parts)

    @property
    def pause_s(self) -> float:
        return PAUSE_S if self._buffer else _GIVES_UP_S

    def receive(self, data: bytes) -> list[Said]:
        said: list[Said] = []
        self._buffer += data
        dropped = 0
        while self._buffer:
            size = self._buffer[0]
            if size < _HEAD or self._buffer[2:3] not in (b"", bytes((_DECODER,))):
                del self._buffer[0]
                dropped += 1
                continue
            if len(self._buffer) < size + _CHECK:
                break
            packet, check = bytes(self._buffer[:size]), self._buffer[size : size + _CHECK]
            if check != _checksum(packet):
                said.append(self._again())
                break
            del self._buffer[: size + _CHECK]
            said += self._understand(packet)
        if not dropped:
            return said
        answer = b"" if said or self._buffer else _SEND_AGAIN  # it may have been a packet
        return [lost(dropped)._replace(answer=answer), *said]

    def silence(self) -> list[Said]:
        return [self._again()] if self._buffer else self._forsaken()

    def _again(self) -> Said:
        """The scanner waits for our answer: what has come can be dropped."""
        count = len(self._buffer)
        self._buffer.clear()
        return lost(count)._replace(answer=_SEND_AGAIN)

    def _forsaken(self) -> list[Said]:
        """The rest of a code never comes."""
        count, self._parts = len(self._parts), b""
        return [lost(count)] if count else []

    def _understand(self, packet: bytes) -> list[Said]:
        opcode, status, data = packet[1], packet[3], packet[_HEAD:]
        if opcode == _NAK:
            cause = data[0] if data else 0
            return [Said("refused", text=f"NAK {_CAUSES.get(cause, cause)}")]
        if opcode not in (_DECODE_DATA, _EVENT):
            return [Said("alive")]
        content = packet[:3] + data
        if status & _RETRANSMIT and content == self._last:
            return [Said("alive", answer=_ACKNOWLEDGE)]
        self._last = content
        if opcode == _EVENT or not data:
            return [Said("alive", answer=_ACKNOWLEDGE)]
        before = self._forsaken() if data[0] != self._type else []
        self._type = data[0]
        self._parts += data[1:]
        if status & _CONTINUED:
            if len(self._parts) > _LONGEST:
                before += self._forsaken()
            return [*before, Said("alive", answer=_ACKNOWLEDGE)]
        whole, self._parts = self._parts, b""
        found = _code(data[0], whole)
        if found.data in (b"", _NO_READ):
            return [*before, Said("no_read", answer=_ACKNOWLEDGE)]
        return [*before, Said("read", (found,), answer=_ACKNOWLEDGE)]


def _code(type: int, data: bytes) -> Code:
    """AIM's identifier says more than the type, where the scanner sends it, too. A suffix of CR LF is no data."""
    data = data.removesuffix(b"\n").removesuffix(b"\r")
    found = code(data, {})
    return found if found.aim else named(data, *_TYPES.get(type, ("", "")))
