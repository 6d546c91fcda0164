"""Accesses through an M100: settings, the tag that is meant, tries, and what went wrong by its type. It blocks.

From one call to the next nothing is taken for granted of how the module was left: it may have slept or restarted, and
then it has forgotten its Select, which alone keeps a write from the other tags.
"""

from collections.abc import Callable
from time import monotonic, sleep

from edge import gen2, m100
from edge.errors import Malformed
from gateway.model import (
    CannotDo,
    DeviceTrouble,
    LowPower,
    ReaderGone,
    Select,
    TagGone,
    TagLocked,
    TagRefused,
    TagTooSmall,
    WrongPassword,
)
from gateway.readers.m100link import Module
from gateway.readers.port import SeveralTags
from gateway.readers.rainport import words_of

READ_WORDS = 32
LONGEST_MASK = 31  # bytes

_ACCESS_S = 1.0  # for a tag that is awaited, from the first try on
_AGAIN_S = 0.01  # between two tries; one takes the module about as long
_LOSSES = 5  # answers, of one command
_TRIES = 3  # of a password: one that the air spoilt looks like a wrong one
_LOOKS = 2  # rounds, for two tags with one EPC: in one of them both may have taken the same slot
_Q = 4  # 16 slots, for the one tag, or few, that the Select lets through

_PASSWORDS = (m100.WRONG_PASSWORD, m100.NOT_KILLED)  # where a password may be at fault
_COME_BACK = (*m100.GONE, m100.NO_CHANNEL)


class Lost(Exception):
    """An answer did not come, and the module has been settled since: it may have forgotten its Select."""


class Failed(Exception):
    """The module answered with this error code."""

    def __init__(self, code: int) -> None:
        super().__init__(m100.error(code))
        self.code = code


class Access:
    """path: of the tty, for messages. Every call may raise ReaderGone.

    begin() forgets what the module was told. read(), write() and run() raise as RainPort's accesses; those that stand
    behind them raise Lost and Failed, and leave it to the caller to try again.
    """

    def __init__(self, path: str, module: Module) -> None:
        self._path = path
        self._module = module
        self._sent: dict[int, bytes] = {}  # settings, by command

    def begin(self) -> None:
        self._sent.clear()

    def tell(self, wire: bytes) -> bytes:
        """Parameters of the response to a command that is for the module alone."""
        for _ in range(_LOSSES):
            try:
                return self.ask(wire).params
            except Lost:
                continue
            except Failed as why:
                raise CannotDo(f"{self._path}: {why}") from why
        raise self._noisy()

    def read(self, select: Select, bank: int, word: int, count: int, password: int) -> bytes:
        """2 * count bytes."""
        self._single_out(select)
        read = b""
        for at in range(word, word + count, READ_WORDS):
            words = min(READ_WORDS, word + count - at)
            wire = m100.read(password, bank, at, words)
            read += self._run(select, gen2.place(bank, at), wire, 2 * words, words)
        return read

    def write(self, select: Select, bank: int, word: int, data: bytes, password: int) -> None:
        """data: whole words."""
        self._single_out(select)
        size = 2 * m100.WRITE_WORDS
        for at in range(0, len(data), size):
            first = word + at // 2
            wire = m100.write(password, bank, first, data[at : at + size])
            self._run(select, gen2.place(bank, first), wire, 1)

    def run(self, select: Select, place: int, wire: bytes) -> None:
        """Any other command; place: what an error shall name."""
        self._single_out(select)
        self._run(select, place, wire, 1)

    def kill(self, select: Select, password: int) -> None:
        """A tag that is silent after it, and answers again, had another password."""
        place = gen2.place(gen2.RESERVED, 0)
        try:
            self.run(select, place, m100.kill(password))
        except TagGone as gone:
            try:
                self.read(select, gen2.TID, 0, 1, 0)
            except TagGone:
                raise gone from None
            raise self._trouble(m100.WRONG_PASSWORD, place) from gone

    def set(self, wire: bytes) -> None:
        """Send a setting, where it does not stand already."""
        if self._sent.get(wire[2]) != wire:
            self.ask(wire)
            self._sent[wire[2]] = wire

    def aim(self, select: Select, session: int = 0) -> None:
        """Set the Select, for polls and accesses.

        Its mode is set each time: no late answer to the access before comes behind the answer to that.
        """
        self.set(m100.set_select(select.bank, select.bit, select.mask[:LONGEST_MASK], session))
        self.ask(m100.set_select_mode(m100.ALWAYS))

    def poll(self, q: int) -> list[m100.Seen]:
        """Who answers in one round of 2 ** q slots."""
        seen = self._module.poll(1 << q)
        if seen is None:
            raise self._lost()
        return seen

    def ask(self, wire: bytes) -> m100.Frame:
        """The response, which is no error."""
        answer = self._module.ask(wire)
        if answer is None:
            raise self._lost()
        if answer.command == m100.ERROR:
            raise Failed(answer.params[0] if answer.params else m100.BAD_COMMAND)
        return answer

    def words(self, wire: bytes, words: int) -> tuple[bytes, bytes]:
        """(EPC of the tag that answered, so many words) to a read."""
        return self._parsed(self.ask(wire), 2 * words)

    def prepare(self, select: Select) -> None:
        """Set all that an access to this tag needs."""
        self.set(m100.set_query(0, _Q))
        self.aim(select)

    def _single_out(self, select: Select) -> None:
        """SeveralTags where more than one tag is meant, as it is easily by an EPC."""
        if len(select.mask) > LONGEST_MASK:
            raise CannotDo(f"{self._path}: a mask has at most {LONGEST_MASK} bytes")
        self.begin()
        if select.bank == gen2.TID:
            return
        most = 0
        for _ in range(_LOOKS):
            try:
                self.prepare(select)
                most = max(most, len(self.poll(_Q)))
            except Lost:
                continue
            except Failed as why:
                raise CannotDo(f"{self._path}: {why}") from why
        if most > 1:
            raise SeveralTags(f"{self._path}: {most} tags have {select.mask.hex()}: leave one")

    def _run(self, select: Select, place: int, wire: bytes, size: int, words: int = 1) -> bytes:
        """What the tag answered, `size` bytes; tried again until the tag's time is up. words: from `place` on."""
        until = monotonic() + _ACCESS_S
        refusals = losses = 0
        while True:
            try:
                self.prepare(select)
                epc, data = self._parsed(self.ask(wire), size)
                if _is_meant(select, epc):
                    return data
                raise self._lost()  # the module's Select is not ours
            except Lost as why:
                losses += 1
                if losses > _LOSSES:
                    raise self._noisy() from why
                until = monotonic() + _ACCESS_S
            except Failed as why:
                refusals += why.code in _PASSWORDS
                if monotonic() >= until or not _may_pass(why.code, refusals):
                    raise self._trouble(why.code, place, words) from why
            sleep(_AGAIN_S)

    def _trouble(self, code: int, place: int, words: int = 1) -> DeviceTrouble:
        bank, word = gen2.bank_of(place), gen2.word_of(place)
        text = f"{self._path}: {words_of(bank, word, word + words - 1)}: {m100.error(code)}"
        refusal = m100.gen2_error(code)
        if code in m100.GONE:
            return TagGone(f"{text}: hold the tag still", place)
        if code == m100.WRONG_PASSWORD:
            return WrongPassword(text, place)
        if refusal is None:
            return CannotDo(text)
        return _REFUSED.get(refusal, TagRefused)(text, place)

    def _noisy(self) -> ReaderGone:
        return ReaderGone(f"{self._path}: answers are lost again and again: check the cable")

    def _lost(self) -> Lost:
        self.begin()
        self._module.settle()
        return Lost("no answer")

    def _parsed(self, answer: m100.Frame, size: int) -> tuple[bytes, bytes]:
        """(EPC, data) of a response to an access with so many bytes; Lost where it is none."""
        try:
            epc, data = m100.parse_access(answer.params)
        except Malformed as why:
            raise Lost(str(why)) from why
        if len(data) != size:
            raise Lost(f"{len(data)} bytes, not {size}")
        return epc, data


def _is_meant(select: Select, epc: bytes) -> bool:
    """Did a tag answer that the Select lets through, as far as its EPC tells?"""
    return select.bank != gen2.EPC or select.bit != 0x20 or epc.startswith(select.mask)


def _may_pass(code: int, refusals: int) -> bool:
    """May the same succeed a moment later?"""
    if code in _PASSWORDS:
        return refusals < _TRIES
    return code in _COME_BACK or m100.gen2_error(code) == m100.LOW_POWER


_REFUSED: dict[int, Callable[[str, int], TagRefused]] = {
    m100.OVERRUN: TagTooSmall,
    m100.LOCKED: TagLocked,
    m100.LOW_POWER: LowPower,
}
