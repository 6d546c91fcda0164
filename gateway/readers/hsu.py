"""A PN532 behind a serial line: command in, answer out, whatever the line loses, adds or turns round.

NXP UM0701-02, 6.2 "Host controller communication protocol". The conversation is edge/exchange.py, driven here over a
tty; the codec is edge/pn532.py.
"""

import logging
from collections.abc import Callable
from math import ceil
from time import monotonic, sleep

from edge import exchange, pn532
from edge.errors import Malformed
from edge.exchange import LIST
from gateway.model import DeviceTrouble, ReaderGone
from gateway.readers.line import SerialLine

log = logging.getLogger(__name__)

BAUD = 115200  # the chip's after power-up, and where it is left on close
FOR_EVER = 0xFF  # MxRtyPassiveActivation: list until a target comes, or the host ends it

_PROBED = (BAUD, 921600, 460800, 230400, 57600, 38400, 19200, 9600)
_ROUNDS = 2  # the first frame may end one that a crash left half sent

_PROBE_MS = (
    100  # ACK within 15 ms (UM0701-02, 6.2.1.3), and a USB bridge's 16 ms for each direction
)
_ACK_MS = 100  # as above; nfcpy's too
_ANSWER_MS = 500  # the longest frame takes 0.29 s at 9600 baud
_GAP_MS = 50  # within a frame: three times a USB bridge's 16 ms
_SETTLE_S = 0.001  # after a change of rate; UM0701-02, 7.2.7 asks for 0.2 ms
_SENDS = 3  # of a command that is not answered


class Chip:
    """Every call but stop() may raise ReaderGone; the chip is then to be closed, and may be opened again."""

    def __init__(self, path: str, baud: int = BAUD) -> None:
        if baud not in pn532.BAUD_RATES:
            raise ValueError(f"a PN532 knows {pn532.BAUD_RATES} baud, not {baud}")
        self._path = path
        self._baud = baud
        self._line = SerialLine(path)
        self.exchange = exchange.Exchange(_now_ms, _ACK_MS, _ANSWER_MS, _GAP_MS)
        self._retries: int | None = None
        self._at = BAUD

    def open(self) -> None:
        """Find the chip at whatever rate it was left, wake it up and set it; ReaderBusy where the line is in use."""
        self._line.open(BAUD)
        try:
            self._find()
            self.ask(exchange.TIMINGS)
            self._retries = None
            self.set_retries(FOR_EVER)
        except DeviceTrouble:
            self._line.close()
            raise

    def close(self) -> None:
        """Field off, rate as after power-up. Never raises."""
        if self._line.is_open:
            try:
                self.ask(exchange.FIELD_OFF)
                self._change_baud(BAUD)
            except DeviceTrouble as why:
                log.debug("%s: left as it was: %s", self._path, why)
        self._line.close()

    def stop(self) -> None:
        """From any thread: end the running await_target(), or the next one."""
        self._line.stop()

    def ask(self, command: bytes) -> bytes:
        """What the chip answers, status byte included; sent again where nothing comes."""
        answer = self._drive(self.exchange.ask(command), self._line.receive)
        if answer is None:
            raise self._mute()
        return answer

    def set_retries(self, count: int) -> None:
        """MxRtyPassiveActivation: FOR_EVER or A_FEW."""
        if count != self._retries:
            self.ask(exchange.retries(count))
            self._retries = count

    def await_target(self, timeout_s: float) -> pn532.Target | None:
        """The first Type A target that comes; None after `timeout_s` or stop(), with the chip idle again."""
        return self._list(monotonic() + timeout_s, self._line.receive_or_stop)

    def list_target(self, timeout_s: float) -> pn532.Target | None:
        """As await_target(), deaf to stop()."""
        return self._list(monotonic() + timeout_s, self._line.receive)

    def _list(self, until: float, receive: Callable[[float], bytes]) -> pn532.Target | None:
        talk = self.exchange
        for _ in range(_SENDS):
            self._drive(talk.begin(LIST), self._line.receive)
            listed = talk.answer(LIST[0], _now_ms() + talk.ack_ms, ceil(until * 1000))
            answer = self._drive(listed, receive)
            if answer is not None:
                return self._first(answer)
            talk.unsure = True
            if talk.acked:
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

    def _drive(self, steps: "exchange.Answer", receive: Callable[[float], bytes]) -> bytes | None:
        """What `steps` come to; receive: for what follows the chip's ACK."""
        line, talk = self._line, self.exchange
        try:
            step = next(steps)
            while True:
                if isinstance(step, bytes):
                    line.send(step)
                    step = next(steps)
                else:
                    listen = receive if talk.acked else line.receive
                    step = steps.send(listen(step / 1000))
        except StopIteration as end:
            answer: bytes | None = end.value
            return answer

    def _find(self) -> None:
        for baud in _PROBED * _ROUNDS:
            self._line.set_baud(baud)
            self._line.drain()
            self.exchange.forget()
            self._line.send(pn532.WAKEUP + pn532.frame(pn532.sam_configuration()))
            until = _now_ms() + _PROBE_MS
            woken = self.exchange.answer(pn532.SAM_CONFIGURATION, until, until)
            if self._drive(woken, self._line.receive) is None:
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
        self.exchange.unsure = True
        self.ask(pn532.get_firmware_version())


def _now_ms() -> int:
    return int(monotonic() * 1000)
