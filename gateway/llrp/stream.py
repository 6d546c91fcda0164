"""A connection's bytes to LLRP messages, and responses to the requests that they answer.

LLRP 1.1, "Message Header" and "Protocol Version Management". The stream ends at the first header that breaks the
standard: without a length that can be trusted nothing behind it can be read.
"""

import struct
from typing import NamedTuple

from edge.errors import Malformed
from gateway.llrp import codec, rows
from gateway.llrp.message import VERSION_1_0_1, VERSION_1_1, Message

LARGEST = 4 << 20  # bytes of a message: 7,000 tag reports with 512 bytes read of each
MOST_WAITING = 64  # requests without a response; a driver sends them one after the other

_HEAD = struct.Struct(">HII")
_TYPE = 0x3FF
_LAST_ID = 0xFFFFFFFF
_ERROR_MESSAGE = 100


class Frame(NamedTuple):
    """One message whose head was read; body: what follows the head."""

    type: int
    id: int
    version: int
    body: bytes

    @property
    def name(self) -> str:
        """The standard's name of its type."""
        return rows.message_name(self.type)

    def message(self) -> Message:
        """The whole message read. Raises Malformed."""
        return codec.decode_body(*self)


class Stream:
    """Bytes of one connection to frames. After Malformed the connection is of no use any more.

    Holds back at most one message: no more than was received, whatever length its head states.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._held = bytearray()
        self._needed = codec.HEAD  # bytes until there is something to do

    def receive(self, data: bytes) -> list[Frame]:
        """The messages that `data` completes, in order. Malformed names the message whose head is wrong.

        Messages that stand complete before a wrong head are returned first; the next call raises.
        """
        held = self._held
        held += data
        if len(held) < self._needed:
            return []
        frames: list[Frame] = []
        at = 0
        try:
            while len(held) - at >= codec.HEAD:
                word, length, id = _HEAD.unpack_from(held, at)
                self._check(word, length)
                if len(held) - at < length:
                    self._needed = length
                    break
                body = bytes(held[at + codec.HEAD : at + length])
                frames.append(Frame(word & _TYPE, id, word >> 10 & 7, body))
                at += length
            else:
                self._needed = codec.HEAD
        except Malformed:
            if not frames:
                raise
            self._needed = codec.HEAD
        del held[:at]
        return frames

    @property
    def begun(self) -> bool:
        """Does a message wait for its rest?"""
        return bool(self._held)

    def _check(self, word: int, length: int) -> None:
        name = rows.message_name(word & _TYPE)
        version = word >> 10 & 7
        if version not in (VERSION_1_0_1, VERSION_1_1):
            raise Malformed(f"{name}: LLRP has no version {version}")
        if length < codec.HEAD:
            raise Malformed(f"{name}: a length of {length} bytes, its head has {codec.HEAD}")
        if length > self._largest:
            raise Malformed(f"{name}: {length} bytes, at most {self._largest} are taken")


class Exchanges:
    """The requests of one connection that wait for their response: a message id each, and the type that answers it."""

    def __init__(self) -> None:
        self._next = 1
        self._waiting: dict[int, int] = {}

    def request(self, type: int) -> int:
        """The id under which to send a request of this type. Its response is waited for, if the type has one."""
        id = self._next
        self._next = self._next % _LAST_ID + 1
        if type in rows.RESPONSE:
            if len(self._waiting) >= MOST_WAITING:
                raise ValueError(f"{MOST_WAITING} requests wait for a response already")
            self._waiting[id] = rows.RESPONSE[type]
        return id

    def answers(self, frame: Frame) -> int | None:
        """The id of the request that this frame answers, which waits no longer; None: it answers none.

        An ERROR_MESSAGE answers any request. Malformed: the request of that id asked for another type.
        """
        expected = self._waiting.get(frame.id)
        if expected is None or frame.type not in rows.ANSWERS:
            return None
        if frame.type == rows.CUSTOM != expected:
            return None  # the reader's own, under an id of its own
        if frame.type not in (expected, _ERROR_MESSAGE):
            wanted = rows.message_name(expected)
            raise Malformed(f"{frame.name}: it answers request {frame.id}, which wants {wanted}")
        del self._waiting[frame.id]
        return frame.id

    def forget(self, id: int) -> None:
        """Nobody waits for that response any more: it timed out."""
        self._waiting.pop(id, None)
