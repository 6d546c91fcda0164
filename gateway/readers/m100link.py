"""An M100 module behind a serial line: command in, answer out, whatever the line loses, adds or turns round.

"MagicRF M100 & QM100 firmware manual" V2.3. The codec is edge/m100.py.
"""

import logging
from time import monotonic

from edge import gen2, m100
from edge.errors import Malformed
from gateway.model import ReaderGone
from gateway.readers.line import SerialLine

log = logging.getLogger(__name__)

_SETTING_S = 0.3  # to a command that asks no tag: some milliseconds, and a USB bridge's 16 each way
_TAG_S = 0.5  # to one that does, with the module's own tries
_WORD_S = 0.04  # more for each word to be written: twice what Gen2 allows for its reply
_POLL_S = 1.0  # a round of 256 slots takes about a tenth of it
_GAP_S = 0.05  # within an answer, and between the tags of a round: three times a USB bridge's 16 ms
_SLOT_S = 0.0005  # an empty one; so long may nothing come before the next tag
_WAKES = 5  # tries
_FLUSH = bytes(
    80
)  # more than what may miss of the longest command that a former user left half sent

_ASKS_A_TAG = (m100.READ, m100.WRITE, m100.LOCK, m100.KILL, m100.BLOCK_PERMALOCK)


class Module:
    """Every call may raise ReaderGone; the module is then to be closed, and may be opened again.

    No command is sent twice here: where an answer is missing, the module may have slept or restarted, and then it has
    forgotten its Select.
    """

    def __init__(self, path: str, baud: int) -> None:
        self._path = path
        self._baud = baud
        self._line = SerialLine(path)
        self._frames = m100.Frames()

    def open(self) -> str:
        """End what a former user left running; returns the module's name. ReaderBusy where the line is in use."""
        self._line.open(self._baud)
        try:
            self.ask(m100.stop_multi_poll())
            return self.settle()
        except ReaderGone:
            self._line.close()
            raise

    def close(self) -> None:
        """Never raises; closing twice is harmless."""
        self._line.close()

    def settle(self) -> str:
        """Wake it, if it sleeps, and let pass what it still has to say; returns its name."""
        for each in (b"\0",) + (_FLUSH,) * (_WAKES - 1):
            self._line.send(each)  # the byte that wakes it is lost, the others are noise
            answer = self.ask(m100.info(m100.HARDWARE))
            if answer is not None and answer.command == m100.INFO:
                return m100.parse_info(answer.params)
        raise ReaderGone(
            f"{self._path}: no M100 answers at {self._baud} baud: check its supply and wiring"
        )

    def ask(self, command: bytes) -> m100.Frame | None:
        """The response, an error response too; None where none came, or a spoilt one: then settle().

        A late answer to the same command as before may be taken for this one's: ask another between them.
        """
        secret = m100.has_secret(command)
        self._line.secret |= secret
        answer = self._ask(command, monotonic() + _patience_s(command))
        if answer is not None and not secret:  # what had one to tell has told it by now
            self._line.secret = False
        return answer

    def poll(self, slots: int) -> list[m100.Seen] | None:
        """The tags of one round, a tag with each notification; None where the module said nothing."""
        deadline = monotonic() + _POLL_S
        self._send(m100.single_poll())
        gap_s = _GAP_S + slots * _SLOT_S
        found: list[m100.Seen] | None = None
        while data := self._line.receive(deadline):
            found = found or []
            for frame in self._frames.receive(data):
                if frame.type == m100.NOTIFICATION:
                    self._note(found, frame)
                elif frame.command == m100.ERROR:
                    return found
            deadline = monotonic() + gap_s
        return found

    def _note(self, found: list[m100.Seen], frame: m100.Frame) -> None:
        try:
            found.append(m100.parse_seen(frame.params))
        except Malformed as why:
            log.debug("%s: %s", self._path, why)

    def _ask(self, command: bytes, deadline: float) -> m100.Frame | None:
        self._send(command)
        damaged = self._frames.damaged
        while data := self._line.receive(deadline):
            for frame in self._frames.receive(data):
                if frame.answers(command[2]) and not _is_stray(frame, command):
                    return frame
            if self._frames.damaged > damaged:
                break
            deadline = min(deadline, monotonic() + _GAP_S)
        self._line.drain()
        return None

    def _send(self, command: bytes) -> None:
        self._line.drain()
        self._frames.give_up()
        self._line.send(command)


def _is_stray(frame: m100.Frame, command: bytes) -> bool:
    """A tag's error, where no tag was asked: it comes late."""
    if frame.command != m100.ERROR or command[2] in _ASKS_A_TAG:
        return False
    return frame.params[:1] != bytes((m100.BAD_COMMAND,))


def _patience_s(command: bytes) -> float:
    if command[2] not in _ASKS_A_TAG:
        return _SETTING_S
    words = len(command) // gen2.WORD if command[2] == m100.WRITE else 0
    return _TAG_S + words * _WORD_S
