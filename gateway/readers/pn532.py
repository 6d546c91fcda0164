"""A PN532 on a serial line as a TagPort: one command of the chip for each exchange with the tag.

Targets are listed one at a time: with MaxTg = 2, firmware 1.6 answers every second command only (NXP community, thread
481864). A second tag shows itself when the field is listed again: the selected tag takes that REQA as an error and
falls silent, and the other one answers in its place.
"""

import logging

from edge import pn532
from edge.exchange import A_FEW
from gateway.model import DeviceTrouble, TagGone, TagRefused, Target
from gateway.readers.hsu import BAUD, FOR_EVER, Chip
from gateway.readers.pn532status import status
from gateway.readers.type2 import PAGE, WRITE, Runs

log = logging.getLogger(__name__)

_LIST_S = 0.1  # a tag that is there is selected in about 10 ms; three tries without one take 20

_WRITES = (
    2  # of a page that the tag answers by NAK, or by noise on the air; a page may be written twice
)

_TARGET = 1  # the number that the chip gives to its only target
_DONE = b"\x00"  # status


class Pn532:
    """See TagPort. path: of the tty; baud: rate to use between open() and close()."""

    def __init__(self, path: str, baud: int = BAUD) -> None:
        self._path = path
        self._chip = Chip(path, baud)
        self._runs = Runs(self._thru, self._select_again, pn532.THRU // PAGE)
        self._uid = b""  # of the selected tag
        self._alone = False  # it was, when last looked after
        self._status = ""

    def open(self) -> None:
        self._uid = b""
        self._chip.open()

    def close(self) -> None:
        self._chip.close()

    def stop(self) -> None:
        self._chip.stop()

    def wait(self, timeout_s: float) -> Target | None:
        self._uid = b""
        self._chip.set_retries(FOR_EVER)
        found = self._chip.await_target(timeout_s)
        if found is None:
            return None
        self._uid, self._alone = found.uid, False
        self._runs.begin(found.uid)
        return Target(found.uid)

    def read(self, first_page: int, count: int) -> bytes:
        if not self._uid:
            raise self._gone(first_page)
        data = self._runs.read(first_page, count)
        if not data:
            raise TagRefused(
                f"{self._tag}: page {first_page} cannot be read ({self._status})", first_page
            )
        return data

    def version(self) -> bytes:
        return self._runs.version()

    def write(self, page: int, data: bytes) -> None:
        if not self._alone:
            self._find_again(page)
            self._alone = True
        command = pn532.in_data_exchange(_TARGET, bytes((WRITE, page)) + data)
        for _ in range(_WRITES):
            answer = self._chip.ask(command)
            if answer[:1] == _DONE:
                return
            self._status = _why(answer)
            self._select_again(page)
        raise TagRefused(
            f"{self._tag}: page {page} cannot be written ({self._status}): is it locked?", page
        )

    def present(self) -> bool:
        self._chip.set_retries(A_FEW)
        return self._is_there()

    def _thru(self, command: bytes) -> bytes | None:
        answer = self._chip.ask(pn532.in_communicate_thru(command))
        if answer[:1] == _DONE:
            return answer[1:]
        self._status = _why(answer)
        log.debug("%s: %s: %s", self._tag, command.hex(), self._status)
        return None

    def _select_again(self, page: int) -> None:
        """After a fault. TagGone, or DeviceTrouble where the tag is not alone."""
        self._chip.set_retries(A_FEW)
        self._find_again(page)

    def _find_again(self, page: int) -> None:
        gone = self._gone(page)
        if not self._uid or not self._is_there():
            raise gone

    def _is_there(self) -> bool:
        """The selected tag is selected anew; else none is."""
        found = self._listed()
        if found != self._uid and found:
            other, found = found, self._listed()
            if found == self._uid:
                raise DeviceTrouble(
                    f"two tags on reader {self._path}, {found.hex()} and {other.hex()}: leave one"
                )
        if found != self._uid:
            self._uid, self._alone = b"", False
        return bool(self._uid)

    def _listed(self) -> bytes:
        found = self._chip.list_target(_LIST_S)
        return found.uid if found is not None else b""

    def _gone(self, page: int) -> TagGone:
        return TagGone(f"{self._tag} left the field at page {page}: hold it still", page)

    @property
    def _tag(self) -> str:
        return f"{self._path}: tag {self._uid.hex()}"


def _why(answer: bytes) -> str:
    return status(answer[0]) if answer else "no status"
