"""The PN532's contactless interface unit: its registers, and a frame sent as they say (PN532 data sheet, "CIU")."""

from hwsim.field import Field, crc_a, is_anticollision
from hwsim.ntag import REQA, WUPA

TX_MODE, RX_MODE, TX_CONTROL, TX_AUTO = 0x6302, 0x6303, 0x6304, 0x6305
FIFO_DATA, FIFO_LEVEL, CONTROL, BIT_FRAMING = 0x6339, 0x633A, 0x633C, 0x633D

_TIMEOUT, _CRC_ERROR = 0x01, 0x02

_AT_RESET = {
    0x6301: 0x3B,
    TX_CONTROL: 0x80,
    0x6306: 0x10,
    0x6307: 0x84,
    0x6308: 0x84,
    0x6309: 0x4D,
    0x6327: 0x82,
}


class Ciu:
    """Registers hold what is written; few of them mean something here."""

    def __init__(self) -> None:
        self._registers = dict(_AT_RESET)
        self._fifo = bytearray()

    def read(self, address: int) -> int:
        if address == FIFO_DATA:
            return self._fifo.pop(0) if self._fifo else 0
        if address == FIFO_LEVEL:
            return len(self._fifo)
        return self._registers.get(address, 0)

    def write(self, address: int, value: int) -> None:
        if address == FIFO_DATA:
            self._fifo = (self._fifo + bytes([value]))[-64:]
        elif address == FIFO_LEVEL:
            if value & 0x80:
                self._fifo.clear()
        else:
            self._registers[address] = value

    def put_fifo(self, value: int) -> None:
        """What the firmware leaves there: nfcpy takes a SENS_REQ that still stands there for "no tag"."""
        self._fifo = bytearray([value])

    def drivers_on(self) -> bool:
        return bool(self._registers[TX_CONTROL] & 0x03)

    def switch_drivers(self, on: bool) -> None:
        self._registers[TX_CONTROL] = self._registers[TX_CONTROL] & ~0x03 | (0x03 if on else 0)

    def after_activation(self) -> None:
        """As the firmware leaves it when a type A target is listed: 106 kbit/s, CRC on both ways."""
        self._registers[TX_MODE] = 0x80
        self._registers[RX_MODE] = 0x80

    def transceive(self, data: bytes, field: Field, timeout_us: float) -> bytes | int:
        """The bytes that the receiver leaves in the FIFO, or an error code of the firmware."""
        sends_crc = self._registers.get(TX_MODE, 0) & 0x80
        checks_crc = self._registers.get(RX_MODE, 0) & 0x80
        short = (
            self._registers.get(BIT_FRAMING, 0) & 0x07 == 7
            and len(data) == 1
            and data[0] in (REQA, WUPA)
        )
        frame, broken = data, False
        if not short and not sends_crc and not is_anticollision(data):
            frame, broken = data[:-2], data[-2:] != crc_a(data[:-2])
        answers = field.exchange(frame, timeout_us, short=short, broken=broken)
        if not answers:
            return _TIMEOUT
        answer = answers[0]
        self._registers[CONTROL] = 0x10 | (4 if isinstance(answer, int) else 0)  # RxLastBits
        if isinstance(answer, int):
            return _CRC_ERROR if checks_crc else bytes([answer])
        if short or is_anticollision(frame):  # these carry no CRC
            return _CRC_ERROR if checks_crc else answer
        return answer if checks_crc else answer + crc_a(answer)
