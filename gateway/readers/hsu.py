"""A PN532 behind a serial line: command in, answer out, whatever the line loses, adds or turns round.

NXP UM0701-02, 6.2 "Host controller communication protocol". The codec is edge/pn532.py.
"""

import logging
from collections.abc import Callable
from time import monotonic, sleep

from edge import pn532
from edge.errors import Malformed
from gateway.model import DeviceTrouble, ReaderGone
from gateway.readers.line import SerialLine

log = logging.getLogger(__name__)

BAUD = 115200  # the chip's after power-up, and where it is left on close
FOR_EVER = 0xFF  # MxRtyPassiveActivation: list until a target comes, or the host ends it
A_FEW = 0x02  # three tries: the second finds a tag that was selected, and takes the first REQA as an error

_PROBED = (BAUD, 921600, 460800, 230400, 57600, 38400, 19200, 9600)
_ROUNDS = 2  # the first frame may end one that a crash left half sent

_PROBE_S = 0.1  # ACK within 15 ms (UM0701-02, 6.2.1.3), and a USB bridge's 16 ms for each direction
_ACK_S = 0.1  # as above; nfcpy's too
_ANSWER_S = 0.5  # the longest frame takes 0.29 s at 9600 baud
_GAP_S = 0.05  # within a frame: three times a USB bridge's 16 ms; then bytes of it are lost
_SETTLE_S = 0.001  # after a change of rate; UM0701-02, 7.2.7 asks for 0.2 ms
_SENDS = 3  # of a command that is not answered

_FIELD = 0x01
_TIMINGS = 0x02
_MAX_RETRIES = 0x05
_TYPE_2_TIMINGS = (
    b"\x00\x0b\x08"  # ATR_RES 102.4 ms as delivered; a tag 12.8 ms (the longest: WRITE, 10 ms)
)

_LIST = pn532.in_list_passive_target(1)


class Chip:
    """Every call but stop() may raise ReaderGone; the chip is then to be closed, and may be opened again."""

    def __init__(self, path: str, baud: int = BAUD) -> None:
        if baud not in pn532.BAUD_RATES:
            raise ValueError(f"a PN532 knows {pn532.BAUD_RATES} baud, not {baud}")
        self._path = path
        self._baud = baud
        self._line = SerialLine(path)
        self._frames = pn532.Frames()
        self._acked = False
        self._unsure = False  # an answer to an earlier command may still come
        self._retries: int | None = None
        self._at = BAUD

    def open(self) -> None:
        """Find the chip at whatever rate it was left, wake it up and set it; ReaderBusy where the line is in use."""
        self._line.open(BAUD)
        try:
            self._find()
            self.ask(pn532.rf_configuration(_TIMINGS, _TYPE_2_TIMINGS))
            self._retries = None
            self.set_retries(FOR_EVER)
        except DeviceTrouble:
            self._line.close()
            raise

    def close(self) -> None:
        """Field off, rate as after power-up. Never raises."""
        if self._line.is_open:
            try:
                self.ask(pn532.rf_configuration(_FIELD, b"\x00"))
                self._change_baud(BAUD)
            except DeviceTrouble as why:
                log.debug("%s: left as it was: %s", self._path, why)
        self._line.close()

    def stop(self) -> None:
        """From any thread: end the running await_target(), or the next one."""
        self._line.stop()

    def ask(self, command: bytes) -> bytes:
        """What the chip answers, status byte included; sent again where nothing comes."""
        for _ in range(_SENDS):
            self._send(command)
            now = monotonic()
            answer = self._answer(command[0], now + _ACK_S, now + _ANSWER_S, self._line.receive)
            if answer is None and self._acked:
                self._line.send(pn532.NACK)
                again = monotonic() + _ACK_S
                answer = self._answer(command[0], again, again, self._line.receive)
            if answer is not None:
                return answer
            self._unsure = True
        raise self._mute()

    def set_retries(self, count: int) -> None:
        """MxRtyPassiveActivation: FOR_EVER or A_FEW."""
        if count != self._retries:
            self.ask(pn532.rf_configuration(_MAX_RETRIES, bytes((0xFF, 0x01, count))))
            self._retries = count

    def await_target(self, timeout_s: float) -> pn532.Target | None:
        """The first Type A target that comes; None after `timeout_s` or stop(), with the chip idle again."""
        return self._list(monotonic() + timeout_s, self._line.receive_or_stop)

    def list_target(self, timeout_s: float) -> pn532.Target | None:
        """As await_target(), deaf to stop()."""
        return self._list(monotonic() + timeout_s, self._line.receive)

    def _list(self, until: float, receive: Callable[[float], bytes]) -> pn532.Target | None:
        for _ in range(_SENDS):
            self._send(_LIST)
            answer = self._answer(_LIST[0], monotonic() + _ACK_S, until, receive)
            if answer is not None:
                return self._first(answer)
            self._unsure = True
            if self._acked:
                self._line.send(pn532.ACK)
                return None
        raise self._mute()

    def _mute(self) -> ReaderGone:
        return ReaderGone(f"{self._path}: the PN532 does not answer: check its supply and wiring")

    def _first(self, listed: bytes) -> pn532.Target | None:
        try:
            targets = pn532.parse_targets(listed)
        except Malformed as why:
            log.warning("%s: %s", self._path, why)
            return None
        return targets[0] if targets else None

    def _send(self, command: bytes) -> None:
        if self._unsure:
            self._line.drain()
            self._frames.give_up()
        self._acked = False
        self._line.send(pn532.frame(command))

    def _answer(
        self, code: int, ack_by: float, answer_by: float, receive: Callable[[float], bytes]
    ) -> bytes | None:
        """Data of the Response to `code`; None at a deadline, or on an error frame.

        A lost ACK does no harm, unless an answer to an earlier command may be on its way.
        """
        frames = self._frames
        damaged = frames.damaged
        while True:
            begun = frames.begun
            deadline = answer_by if self._acked else ack_by
            if begun:
                deadline = min(deadline, monotonic() + _GAP_S)
            data = receive(deadline) if self._acked else self._line.receive(deadline)
            messages = frames.receive(data) if data else frames.give_up()
            for message in messages:
                if isinstance(message, pn532.Ack):
                    self._acked = True
                elif isinstance(message, pn532.ErrorFrame):
                    self._acked = False  # spoilt on the way, or the chip has lost its supply
                    return None
                elif (
                    isinstance(message, pn532.Response)
                    and message.code == code
                    and (self._acked or not self._unsure)
                ):
                    self._unsure = False
                    return message.data
            if frames.damaged > damaged or (begun and not data):
                damaged = frames.damaged
                self._line.send(pn532.NACK)
            elif not data and not messages:
                return None

    def _find(self) -> None:
        for baud in _PROBED * _ROUNDS:
            self._line.set_baud(baud)
            self._line.drain()
            self._frames.give_up()
            self._acked = self._unsure = False
            self._line.send(pn532.WAKEUP + pn532.frame(pn532.sam_configuration()))
            until = monotonic() + _PROBE_S
            if self._answer(pn532.SAM_CONFIGURATION, until, until, self._line.receive) is None:
                continue
            version = self.ask(pn532.get_firmware_version())
            log.info("%s: PN5%s at %d baud", self._path, version[:3].hex("."), baud)
            self._at = baud
            self._change_baud(self._baud)
            return
        raise ReaderGone(f"{self._path}: no PN532 answers at any rate: is it set to HSU?")

    def _change_baud(self, baud: int) -> None:
        if baud == self._at:
            return
        self.ask(pn532.set_serial_baud_rate(baud))
        self._line.send(pn532.ACK)
        self._line.set_baud(baud)
        sleep(_SETTLE_S)
        self._at = baud
        self._unsure = True
        self.ask(pn532.get_firmware_version())
