"""Zebra's Simple Serial Interface as a decoder speaks it: packets, each acknowledged.

Simple Serial Interface Programmer's Guide (72E-40451). A packet: its length without the checksum, opcode, source (0:
the decoder, 4: the host), status (bit 0: sent again, bit 1: more follows), data, and the two's complement of the sum of
all that in two bytes.
"""

from hwsim.scanner_dialects import Code, Dialect, Heard

_DECODE_DATA, _ACK, _NAK = 0xF3, 0xD0, 0xD1
_TAKEN = (
    0xE6,
    0xE7,
    0xE8,
    0xE9,
    0xEA,
    0xC6,
    0xD2,
)  # beep, LEDs, scan enable and disable, parameters, flush
_RESEND, _BAD_CONTEXT = 1, 2
_AGAIN, _MORE = 1, 2  # status
_MOST_DATA = 250  # bytes of a code in one packet


class Ssi(Dialect):
    """See Dialect. The packets of one code wait for the host's CMD_ACK, one by one."""

    def hear(self, data: bytes) -> list[Heard]:
        heard: list[Heard] = []
        rest = self.pending + data
        while rest:
            size = rest[0]
            if size < 4:  # the byte that wakes it up, or noise
                rest = rest[1:]
                continue
            if len(rest) < size + 2:
                break
            whole, rest = rest[: size + 2], rest[size + 2 :]
            heard.append(self._packet(whole))
        self._keep(rest)
        return heard

    waits = True

    def read(self, code: Code) -> list[bytes]:
        text = self._text(code)
        last = max(0, len(text) - 1) // _MOST_DATA
        return [
            packet(_DECODE_DATA, bytes((code.type,)) + part, 0 if number == last else _MORE)
            for number in range(last + 1)
            for part in (text[number * _MOST_DATA : (number + 1) * _MOST_DATA],)
        ]

    def _packet(self, whole: bytes) -> Heard:
        if sum(whole[:-2]) + int.from_bytes(whole[-2:], "big") & 0xFFFF:
            return Heard("", packet(_NAK, bytes((_RESEND,))))
        refuse = packet(_NAK, bytes((_BAD_CONTEXT,)))
        match whole[1]:
            case 0xE4:
                return Heard("on", packet(_ACK), refuse)
            case 0xE5:
                return Heard("off", packet(_ACK), packet(_ACK))
            case 0xD0:
                return Heard("ack")
            case 0xD1:
                return Heard("nak")
        return Heard("", packet(_ACK) if whole[1] in _TAKEN else refuse)


def packet(opcode: int, data: bytes = b"", status: int = 0) -> bytes:
    """Of the decoder, with its checksum."""
    body = bytes((4 + len(data), opcode, 0, status)) + data
    return body + (0x10000 - sum(body)).to_bytes(2, "big")


def sent_again(whole: bytes) -> bytes:
    """The same packet with its retransmit bit."""
    return packet(whole[1], whole[4:-2], whole[3] | _AGAIN)
