"""The gateway's end of the link with one handheld (edge/link.py): bytes in, messages out, and the other way round.

Where the gateway holds a secret, HELLO alone counts unsealed, and proves nothing until a sealed message has followed.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from edge import link
from edge.errors import Malformed

SEQS = 1 << 32  # below it are a log's seqs, and above them in a cursor that record's mark

_ODD = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 32  # characters
_LONGEST_WHY = 120  # characters: two lines of a handheld's screen show less

Message = tuple[Any, ...]


@dataclass(frozen=True)
class Hello:
    """Who is there. id: of its key; epoch: of its log, whose seqs are others than before; info: see `number`."""

    id: bytes
    epoch: bytes
    name: str
    info: Mapping[str, Any] = field(default_factory=dict)

    def number(self, key: str) -> int:
        """What it tells of itself under `key`, a number from 0 on; 0 where that is none."""
        found = self.info.get(key)
        return found if type(found) is int and found >= 0 else 0

    @property
    def cursor(self) -> str:
        """The name under which the journal keeps how far its log has come."""
        return f"handheld/{self.id.hex()}/{self.epoch.hex()}"


class End:
    """One connection, from one hello to the next. secret: what the handheld holds, too; b"": none is asked for.

    hello: who is there, None before they said. is_proved: something came that only they can have sent, or no secret is
    asked for. refused: messages that were left out.
    """

    def __init__(self, name: str, secret: bytes, random: Callable[[int], bytes]) -> None:
        """name: the gateway's, for the handheld's screen."""
        self._name = name
        self._secret = secret
        self._random = random
        self._frames = link.Frames()
        self._session: link.Session | None = None
        self._greeting = b""
        self.hello: Hello | None = None
        self.is_proved = False
        self.refused = 0
        self.why = ""  # of the last one

    @property
    def damaged(self) -> int:
        """Pieces of the line that were no frames."""
        return self._frames.damaged

    def receive(self, data: bytes) -> Iterator[Message]:
        """The messages that count, each while `hello` is who sent it. After a HELLO `welcome` is to be sent.

        To be iterated to its end, what each brings about done in between.
        """
        for body, is_sealed in self._frames.receive(data):
            try:
                said = self._opened(body, is_sealed)
            except Malformed as why:
                said, self.why = None, str(why)
            if said is None:
                self.refused += 1
            else:
                yield said

    def welcome(self, now: int, acked: int, mark: int = 0) -> bytes:
        """The answer to a HELLO. now: Unix seconds, 0 where they are not known; acked: how far its log is stored.

        mark: edge.link.mark of that record, 0 where it is not here.
        """
        nonce = self._random(16)
        if self._secret:
            self._session = link.Session(self._secret, self._greeting, nonce, True)
        return self.frame(link.WELCOME, link.VERSION, self._name, nonce, now, acked, mark)

    def frame(self, type: int, *fields: Any) -> bytes:
        """A message's frame, sealed where there is a session."""
        said = link.message(type, *fields)
        return self._session.seal(said) if self._session is not None else link.plain(said)

    def bye(self, why: str) -> bytes:
        """The end of the session, or the wish for a hello; unsealed, for there may be no key in common."""
        self.hello, self._session, self.is_proved = None, None, False
        return link.plain(link.message(link.BYE, why[:_LONGEST_WHY]))

    def _opened(self, body: bytes, is_sealed: bool) -> Message | None:
        if not is_sealed:
            said = _parsed(body)
            if said[0] == link.HELLO:
                if body == self._greeting:  # a new one has another nonce
                    self.why = "a hello that was said before"
                    return None
                self._meet(body, said)
                return said
            return None if self._secret or self.hello is None else said
        if self._session is None:
            self.why = (
                "sealed, and no session stands"
                if self._secret
                else "no secret is known here: name a secret_file, or empty the handheld's"
            )
            return None
        opened = self._session.open(body)
        if opened is None:
            self.why = "sealed with another secret, or sent before: is it line 1 of secret_file?"
            return None
        self.is_proved = True
        said = _parsed(opened)
        return said if said[0] != link.HELLO else None

    def _meet(self, body: bytes, said: Message) -> None:
        _, _, id, epoch, name, _, info = said
        name = _ODD.sub("-", name)[:_LONGEST_NAME].strip("-") or id.hex()
        self.hello = Hello(id, epoch, name, info)
        self._greeting, self._session = body, None
        self.is_proved = not self._secret


def _parsed(data: bytes) -> Message:
    """The message. Malformed for what is none, and for seqs that no log has."""
    said = link.parse(data)
    if said[0] == link.RECORDS and max([said[1], *(seq for seq, _ in said[2])]) >= SEQS:
        raise Malformed("link: records of a seq that no log has")
    return said
