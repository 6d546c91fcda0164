"""PN532 host frames on the high speed UART (UM0701-02, "Host controller communication protocol")."""

ACK = bytes.fromhex("0000ff00ff00")
NACK = bytes.fromhex("0000ffff0000")
ERROR = bytes.fromhex("0000ff01ff7f8100")  # "syntax error": a whole frame, TFI 7F

LARGEST = 265  # bytes from TFI to the last data byte; a longer length field is noise


def frame(payload: bytes) -> bytes:
    """The information frame around TFI and data: normal up to 255 bytes, extended beyond."""
    size = len(payload)
    if not 0 < size <= LARGEST:
        raise ValueError(f"a frame holds 1 to {LARGEST} bytes, not {size}")
    if size < 256:
        head = bytes((0, 0, 0xFF, size, -size & 0xFF))
    else:
        high, low = divmod(size, 256)
        head = bytes((0, 0, 0xFF, 0xFF, 0xFF, high, low, -(high + low) & 0xFF))
    return head + payload + bytes((-sum(payload) & 0xFF, 0))


class Frames:
    """Bytes in, frames out; what is no frame is skipped."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def receive(self, data: bytes) -> list[bytes]:
        """The frames that end in `data`: ACK, NACK (those very objects), or the payload from TFI on."""
        self._buffer += data
        frames = []
        while (found := self._next()) is not None:
            frames.append(found)
        return frames

    def forget(self) -> None:
        """Drop a frame that has begun."""
        self._buffer.clear()

    def _next(self) -> bytes | None:
        buffer = self._buffer
        while True:
            start = buffer.find(b"\x00\xff")
            if start < 0:
                del buffer[: len(buffer) - buffer.endswith(b"\x00")]
                return None
            if start:
                del buffer[:start]
            if len(buffer) < 4:
                return None
            length, check = buffer[2], buffer[3]
            if (length, check) == (0x00, 0xFF):
                del buffer[:4]
                return ACK
            if (length, check) == (0xFF, 0x00):
                del buffer[:4]
                return NACK
            first = 4
            if (length, check) == (0xFF, 0xFF):
                first = 7
                if len(buffer) < first:
                    return None
                length = buffer[4] << 8 | buffer[5]
                sound = not (buffer[4] + buffer[5] + buffer[6]) & 0xFF and 0 < length <= LARGEST
            else:
                sound = not (length + check) & 0xFF
            if sound:
                end = first + length + 1
                if len(buffer) < end:
                    return None
                if not sum(buffer[first:end]) & 0xFF:
                    payload = bytes(buffer[first : end - 1])
                    del buffer[:end]
                    return payload
            del buffer[:1]
