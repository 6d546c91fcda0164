"""The handheld's end of the link (edge/link.py): says hello until it is welcomed, hands over its records, and takes
what the gateway offers. Bytes in, bytes out; the transport is another's.

A record counts as handed over when its ACK came, not before; what was not acknowledged in time is sent again, and the
gateway leaves out what it has. Any break ends the session, and the next one goes on from where the gateway says.
"""

from edge import link
from edge.errors import Malformed
from reader.errors import DeviceTrouble

try:
    from micropython import const
except ImportError:

    def const(value: "int") -> "int":
        return value


TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from reader.clock import Clock
    from reader.download import Download
    from reader.outbox import Outbox


_HELLO_MS = const(2000)  # between two hellos
_AGAIN_MS = const(3000)  # until what was not answered is sent again
_BEAT_MS = const(5000)  # between two signs of life
_SILENT_MS = const(12000)  # after which the gateway is gone
_EARLIEST = const(1767225600)  # 2026-01-01, and
_LATEST = const(4102444800)  # 2100: a gateway's clock that is wrong sets none here
_WINDOW = const(
    512
)  # bytes of records in one message, unless a single one is larger: it takes five times its size
_PART = const(400)  # characters of a text in one message
_PARTS = const(64)


class Link:
    """One transport's worth: begin() it whenever a transport comes up.

    up: welcomed by a gateway; gateway: its name; trouble: what the screen should tell, "" for nothing; faults: pieces
    of the line that were no frames, or not the gateway's. about: what HELLO tells of the device, by name.
    """

    def __init__(
        self,
        identity: "tuple[bytes, str]",
        outbox: "Outbox",
        clock: "Clock",
        random: "Callable[[int], bytes]",
        about: "Callable[[], dict[str, Any]]",
        download: "Download",
        secret: "bytes" = b"",
    ) -> None:
        """identity: the key's kid, and a name for people. secret: what the gateway holds, too; b"": none."""
        self._id, self._name = identity
        self._outbox = outbox
        self._clock = clock
        self._random = random
        self._about = about
        self._download = download
        self._secret = secret
        self._session: "link.Session | None" = None
        self._refused = 0
        self._heard = 0
        self._beat = 0  # when a sign of life is due,
        self._want_due = 0  # and a chunk asked for
        self._texts: "list[tuple[str, str]]" = []
        self.begin()

    def begin(self) -> None:
        """Another transport, or the same one anew."""
        self._frames = link.Frames()
        self._leave("")
        self._due = 0

    @property
    def waiting(self) -> "int":
        return self._outbox.waiting

    @property
    def faults(self) -> "int":
        return self._refused + self._frames.damaged

    def text(self, what: "str", text: "str") -> "bool":
        """Hand over an export or a self-test, instead of one under way; whether a gateway is there to take it."""
        if self.up:
            pieces = [text[at : at + _PART] for at in range(0, len(text), _PART)][:_PARTS]
            self._texts = [(what, each) for each in pieces]
            self._parts = len(pieces)
        return self.up

    def receive(self, data: "bytes", now_ms: "int") -> None:
        """What came from the transport."""
        for body, is_sealed in self._frames.receive(data):
            try:
                said = self._opened(body, is_sealed)
                if said is not None:
                    self._heard = now_ms
                    self._take(said, now_ms)
            except Malformed as why:
                self._refused += 1
                self.trouble = str(why)
            except DeviceTrouble as why:
                self.trouble = str(why)

    def turn(self, now_ms: "int") -> "bytes":
        """To be called often: what the transport is to send, at most one frame; b"" for nothing."""
        if not self.up:
            return self._hello(now_ms) if now_ms >= self._due else b""
        if now_ms - self._heard > _SILENT_MS:
            self._leave("gateway is silent")
            return b""
        done = self._download.turn()
        if done is not None:
            return self._sealed(link.DONE, *done)
        if self._texts:
            what, text = self._texts.pop(0)
            part = self._parts - len(self._texts) - 1
            return self._sealed(link.TEXT, what, part, self._parts, text)
        if now_ms >= self._want_due and self._download.offset >= 0:
            self._want_due = now_ms + _AGAIN_MS
            wanted = self._download
            return self._sealed(link.WANT, wanted.what, wanted.sha256, wanted.offset)
        if now_ms >= self._due if self._outbox.waiting else now_ms >= self._beat:
            self._due = now_ms + _AGAIN_MS
            self._beat = now_ms + _BEAT_MS
            after = self._outbox.acked
            some = [[seq, data] for seq, data in self._outbox.read(after + 1, _WINDOW)]
            return self._sealed(link.RECORDS, after, some)
        return b""

    def _hello(self, now_ms: "int") -> "bytes":
        self._due = now_ms + _HELLO_MS
        outbox, clock = self._outbox, self._clock
        info = self._about()
        info["first"] = outbox.first
        info["next"] = outbox.next
        info["acked"] = outbox.acked
        info["ms"] = clock.ms()
        info["now"] = clock.now()
        info["synced"] = clock.synced
        nonce = self._random(16)
        self._greeting = link.message(
            link.HELLO, link.VERSION, self._id, outbox.epoch, self._name, nonce, info
        )
        return link.plain(self._greeting)

    def _opened(self, body: "bytes", is_sealed: "bool") -> "tuple[Any, ...] | None":
        """The message, where it may count: with a secret none that is not sealed, but for a BYE."""
        if not self._secret:
            if is_sealed:
                raise Malformed("gateway has a secret, this reader none")
            said = link.parse(body)
            return said if self.up or said[0] in (link.WELCOME, link.BYE) else None
        if not is_sealed:
            said = link.parse(body)
            if said[0] == link.WELCOME:
                raise Malformed("gateway has no secret, this reader has one")
            return said if said[0] == link.BYE else None
        if self._session is None:
            said = link.parse(link.unproved(body))
            if said[0] != link.WELCOME or not self._greeting:
                return None
            session = link.Session(self._secret, self._greeting, said[3], False)
            if session.open(body) is None:
                raise Malformed("gateway has another secret")
            self._session = session
            return said
        opened = self._session.open(body)
        if opened is None:
            self._refused += 1
            return None
        return link.parse(opened)

    def _take(self, said: "tuple[Any, ...]", now_ms: "int") -> None:
        kind = said[0]
        if kind == link.WELCOME:
            self.up = True
            self.trouble = ""
            self.gateway = said[2]
            if _EARLIEST <= said[4] < _LATEST:
                self._clock.set(said[4])
            if not self._outbox.goes_on(said[5], said[6]):
                self._leave("")
                self._outbox.append("damaged", b"", "", {}, self._clock)
                return
            self._outbox.acknowledged(said[5])
            self._due = self._beat = self._want_due = now_ms
        elif kind == link.ACK:
            if said[1] > self._outbox.acked or not self.waiting:
                self._outbox.acknowledged(said[1])
                self._due = now_ms
        elif kind == link.OFFER:
            self._download.offered(said[1], said[3], said[4])
            self._want_due = now_ms
        elif kind == link.CHUNK:
            self._download.take(said[1], said[2], said[3])
            self._want_due = now_ms
        elif kind == link.BYE:
            if self.up:
                self._leave(said[1])
            self.trouble = said[1]

    def _leave(self, why: "str") -> None:
        """Down; the next hello keeps its time, so that whoever says BYE all the time is not answered as often."""
        self.up = False
        self.gateway = ""
        self.trouble = why
        self._greeting = b""
        self._session = None
        self._texts = []
        self._parts = 0
        self._download.rest()

    def _sealed(self, type: "int", *fields: "Any") -> "bytes":
        said = link.message(type, *fields)
        return self._session.seal(said) if self._session is not None else link.plain(said)
