"""Readers that nfcpy drives (ACR122U, PN533, RC-S380, ...) as a TagPort; nfcpy comes with the extra of that name.

Selection and each exchange are nfcpy's; its own tag classes, which write a message the way that a tear destroys, are
not used. It lists one target at a time and switches the field off between, so a second tag is never seen.
"""

import errno
import logging
import termios
import threading
from time import monotonic

import nfc.clf
from nfc.clf import pn532 as nfc_pn532
from nfc.clf.transport import TTY

from gateway.model import ReaderBusy, ReaderGone, TagGone, TagRefused, Target
from gateway.readers.type2 import PAGE, WRITE, Runs

log = logging.getLogger(__name__)

_INTERVAL_S = 0.05  # between two looks; nfcpy's own 0.5 s finds a tag after 254 ms on average
_EXCHANGE_S = 0.0128  # the longest, WRITE, takes 10 ms; a step of the chip's time-outs
_LONGEST = 262  # bytes: nfcpy's host_command_frame_max_size less code and status, and its CRC
_WRITES = (
    2  # of a page that the tag answers by NAK, or by noise on the air; a page may be written twice
)
_ACK = b"\x0a"
_HELD = (errno.EACCES, errno.EBUSY, errno.EAGAIN)

# What nfcpy lets through when a reader is unplugged (termios.error) or answers half a frame (IndexError).
_FAULTS = (OSError, termios.error, IndexError)


class Nfcpy:
    """See TagPort. path: nfcpy's (usb:072f:2200, tty:USB0:pn532), or tty: and a file name for a PN532 on it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._clf: nfc.clf.ContactlessFrontend | None = None
        self._runs = Runs(self._exchange, self._select_again, (_LONGEST - 2) // PAGE)
        self._uid = b""
        self._stop = threading.Event()

    def open(self) -> None:
        self._uid = b""
        clf = nfc.ContactlessFrontend()
        try:
            if self._path.startswith("tty:/"):
                clf.device = nfc_pn532.init(TTY(self._path.removeprefix("tty:")))
                clf.device._path = self._path
            elif not clf.open(self._path):
                raise ReaderGone(f"nfcpy:{self._path}: no reader there: check the plug")
        except _FAULTS as why:
            if isinstance(why, OSError) and why.errno in _HELD:
                raise ReaderBusy(f"nfcpy:{self._path}: in use, or not allowed ({why})") from why
            raise self._gone_reader(why) from why
        self._clf = clf

    def close(self) -> None:
        if self._clf is None:
            return
        try:
            self._clf.close()
        except _FAULTS as why:
            log.debug("nfcpy:%s: on close: %s", self._path, why)
        self._clf = None

    def stop(self) -> None:
        self._stop.set()

    def wait(self, timeout_s: float) -> Target | None:
        until = monotonic() + timeout_s
        self._uid = b""
        while True:
            uid = self._sense(b"")
            if uid:
                self._uid = uid
                self._runs.begin(uid)
                return Target(uid)
            left_s = until - monotonic()
            if left_s <= 0 or self._stop.wait(min(left_s, _INTERVAL_S)):
                self._stop.clear()
                return None

    def read(self, first_page: int, count: int) -> bytes:
        if not self._uid:
            raise self._gone(first_page)
        data = self._runs.read(first_page, count)
        if not data:
            raise TagRefused(f"{self._tag}: page {first_page} cannot be read", first_page)
        return data

    def version(self) -> bytes:
        return self._runs.version()

    def write(self, page: int, data: bytes) -> None:
        if not self._uid:
            raise self._gone(page)
        for _ in range(_WRITES):
            if self._exchange(bytes((WRITE, page)) + data) == _ACK:
                return
            self._select_again(page)
        raise TagRefused(f"{self._tag}: page {page} cannot be written: is it locked?", page)

    def present(self) -> bool:
        if self._uid and self._sense(self._uid) != self._uid:
            self._uid = b""
        return bool(self._uid)

    def _exchange(self, command: bytes) -> bytes | None:
        """None for silence and for noise; a NAK is one byte."""
        try:
            answer = self._opened().exchange(command, _EXCHANGE_S)
        except nfc.clf.CommunicationError as why:
            log.debug("%s: %s: %r", self._tag, command.hex(), why)
            return None
        except _FAULTS as why:
            raise self._gone_reader(why) from why
        return bytes(answer) if answer is not None else None

    def _select_again(self, page: int) -> None:
        gone = self._gone(page)
        if not self.present():
            raise gone

    def _sense(self, uid: bytes) -> bytes:
        """UID of the Type 2 tag found, that one where `uid` is given; empty for none."""
        wanted = nfc.clf.RemoteTarget("106A", **({"sel_req": uid} if uid else {}))
        try:
            found = self._opened().sense(wanted, iterations=1)
        except _FAULTS as why:
            raise self._gone_reader(why) from why
        return bytes(found.sdd_res) if found is not None and found.sdd_res else b""

    def _opened(self) -> "nfc.clf.ContactlessFrontend":
        if self._clf is None:
            raise self._gone_reader("not open")
        return self._clf

    def _gone(self, page: int) -> TagGone:
        return TagGone(f"{self._tag} left the field at page {page}: hold it still", page)

    def _gone_reader(self, why: object) -> ReaderGone:
        return ReaderGone(f"nfcpy:{self._path}: the reader is gone ({why!r}): check the plug")

    @property
    def _tag(self) -> str:
        return f"nfcpy:{self._path}: tag {self._uid.hex()}"
