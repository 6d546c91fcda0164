"""JPEG pictures as RTP packets: RFC 3550 ("RTP Fixed Header Fields", "SR: Sender Report"), RFC 2435."""

import struct
from dataclasses import dataclass

PAYLOAD_TYPE = 26  # RFC 3551, "JPEG"
CLOCK_HZ = 90_000
LARGEST_PX = 2040  # of a side: eight times an octet
_PAYLOAD = 1400  # octets of a packet, so that it fits into one Ethernet frame
_TABLES_IN_BAND = 255  # Q: the tables stand in each picture's first packet, and may change
_RESTARTS = 64  # added to the type where the scan has restart markers
_TYPES = {b"\x21\x11\x11": 0, b"\x22\x11\x11": 1}  # sampling: 4:2:2, 4:2:0
_NTP_EPOCH_S = 2_208_988_800  # 1900 to 1970
_SOI, _SOF0, _DQT, _DRI, _SOS = 0xD8, 0xC0, 0xDB, 0xDD, 0xDA
_SHORTEST = {_SOF0: 6, _DRI: 2}


@dataclass(frozen=True)
class Picture:
    """What of a JPEG goes into packets. tables: luminance and chrominance, 64 octets each."""

    kind: int
    width: int
    height: int
    tables: bytes
    restarts: int
    scan: bytes


def picture(jpeg: bytes) -> Picture:
    """Take a JPEG apart; ValueError where RFC 2435 has no type for it.

    Its Huffman tables are taken for those of the standard: no packet carries them.
    """
    if jpeg[:2] != bytes((0xFF, _SOI)):
        raise ValueError("no JPEG")
    tables: dict[int, bytes] = {}
    kind, width, height, restarts, at = -1, 0, 0, 0, 2
    while at + 4 <= len(jpeg):
        marker = jpeg[at + 1]
        length = int.from_bytes(jpeg[at + 2 : at + 4], "big")
        body = jpeg[at + 4 : at + 2 + length]
        if len(body) != length - 2 or len(body) < _SHORTEST.get(marker, 0):
            raise ValueError("a JPEG that is cut before its scan")
        at += 2 + length
        if marker == _DQT:
            for start in range(0, len(body) - 64, 65):
                tables[body[start]] = body[start + 1 : start + 65]
        elif marker == _SOF0:
            height, width = struct.unpack_from(">HH", body, 1)
            kind = _TYPES.get(body[7:15:3], -1)
        elif marker == _DRI:
            restarts = int.from_bytes(body[:2], "big")
        elif marker == _SOS:
            break
    else:
        raise ValueError("a JPEG without a scan")
    if kind < 0 or set(tables) != {0, 1}:
        raise ValueError("RTP carries baseline JPEG of 4:2:2 or 4:2:0 with two tables of 8 bit")
    check_size(width, height)
    return Picture(
        kind, width, height, tables[0] + tables[1], restarts, jpeg[at:].removesuffix(b"\xff\xd9")
    )


def check_size(width: int, height: int) -> None:
    """ValueError where no packet can say this size."""
    if max(width, height) > LARGEST_PX or width % 8 or height % 8:
        raise ValueError(
            f"RTP carries JPEG up to {LARGEST_PX} pixels a side, in steps of 8: not {width} x {height}"
        )


class Stream:
    """One source of RTP. ssrc: 32 bit; sequence: 16 bit, the first packet's."""

    def __init__(self, ssrc: int, sequence: int = 0) -> None:
        self.ssrc = ssrc
        self.sequence = sequence
        self._packets = 0
        self._octets = 0

    def packets(self, jpeg: bytes, timestamp: int) -> list[bytes]:
        """The packets of one picture, the last with the marker bit; ValueError as `picture`."""
        shown = picture(jpeg)
        first = b""
        if shown.restarts:
            first = struct.pack(">HH", shown.restarts, 0xFFFF)  # of no use where packets are lost
        quantization = struct.pack(">BBH", 0, 0, len(shown.tables)) + shown.tables
        kind = shown.kind + (_RESTARTS if shown.restarts else 0)
        packets, offset = [], 0
        while True:
            extra = first + (b"" if offset else quantization)
            part = shown.scan[offset : offset + _PAYLOAD - len(extra)]
            is_last = offset + len(part) >= len(shown.scan)
            head = struct.pack(">I", offset) + struct.pack(
                ">BBBB", kind, _TABLES_IN_BAND, shown.width // 8, shown.height // 8
            )
            packets.append(self._packet(timestamp, is_last, head + extra + part))
            offset += len(part)
            if is_last:
                return packets

    def report(self, timestamp: int, now_s: float) -> bytes:
        """A sender report: which moment, in seconds since 1970, a timestamp is."""
        ntp = round((now_s + _NTP_EPOCH_S) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF
        counts = self._packets & 0xFFFFFFFF, self._octets & 0xFFFFFFFF
        return struct.pack(
            ">BBHIQIII", 0x80, 200, 6, self.ssrc, ntp, timestamp & 0xFFFFFFFF, *counts
        )

    def _packet(self, timestamp: int, is_last: bool, payload: bytes) -> bytes:
        head = struct.pack(
            ">BBHII",
            0x80,
            PAYLOAD_TYPE | (0x80 if is_last else 0),
            self.sequence,
            timestamp & 0xFFFFFFFF,
            self.ssrc,
        )
        self.sequence = (self.sequence + 1) & 0xFFFF
        self._packets += 1
        self._octets += len(payload)
        return head + payload
