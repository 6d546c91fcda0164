"""The decoders of LLRP under fuzz: a reader is a peer that can lie."""

import copy
from random import Random
from typing import TypeVar

from edge.errors import Malformed
from gateway.llrp import codec
from gateway.llrp.message import VERSION_1_1, Element, Parameter
from gateway.llrp.reports import reports
from gateway.llrp.stream import Frame, Stream
from tests.bench import mutations
from tests.bench.decoder import Broken, Decoder
from tests.llrp_messages import LONG_EPC, MESSAGES, full_report, tag_report
from tests.llrp_reports import body_of, by_the_codec, usual

_HEAD = codec.HEAD

_E = TypeVar("_E", bound=Element)


def decoders() -> list[Decoder]:
    """All of them."""
    whole = [codec.encode(each) for each in MESSAGES]
    return [
        Decoder("LLRP message", _message, (Malformed,), whole, _message_input),
        Decoder("LLRP stream", _stream, (Malformed,), whole, _stream_input, 0.5),
        Decoder("LLRP reports", _reports, (Malformed,), _bodies(), share=2),
    ]


def _message(data: bytes) -> None:
    """Whatever its head says of the length: what is behind it is the message."""
    type = int.from_bytes(data[:2]) & 0x3FF
    found = codec.decode_body(type, 1, VERSION_1_1, data[_HEAD:])
    again = codec.decode(codec.encode(found))
    if again != found:
        raise Broken("an accepted message is encoded otherwise")
    repr(found)
    if found.get("LLRPStatus") is not None:
        codec.status(found)


def _message_input(examples: list[bytes], random: Random) -> bytes:
    """Bytes changed; or parameters dropped, doubled, moved and put where others belong, under the right lengths."""
    if random.getrandbits(1):
        return mutations.changed(examples, random)
    made = _changed(random.choice(MESSAGES), random)
    for _ in range(random.getrandbits(2)):
        made = _changed(made, random)
    try:
        data = codec.encode(made)
    except ValueError:  # it has grown too long
        return random.choice(examples)
    return data if random.getrandbits(2) else mutations.changed([data], random)


def _changed(element: _E, random: Random) -> _E:
    """The element with one change among its parameters, or inside one of them."""
    inner = list(element.parameters)
    place = random.randrange(len(inner) + 1)
    act = random.getrandbits(3)
    if act >= 4 and place < len(inner):
        inner[place] = _changed(inner[place], random)
    elif act == 0:
        inner[place : place + 1] = []
    elif act == 1:
        inner[place:place] = inner[place : place + 1] * random.choice((1, 2, 20))
    elif act == 2:
        random.shuffle(inner)
    else:
        inner[place:place] = [_any(random)]
    made = copy.copy(element)
    object.__setattr__(made, "parameters", tuple(inner))
    return made


def _any(random: Random) -> Parameter:
    """A parameter from anywhere."""
    found: Element = random.choice(MESSAGES)
    while found.parameters and random.getrandbits(2):
        found = random.choice(found.parameters)
    return found if isinstance(found, Parameter) else tag_report(random.getrandbits(8))


def _stream(data: bytes) -> None:
    """The same frames however the bytes are cut; and it ends where a head is wrong."""
    whole, cut = _frames(data, len(data) or 1), _frames(data, 1 + sum(data) % 7)
    if whole != cut:
        raise Broken("cut in pieces, it reads otherwise")
    for frame in whole[0]:
        frame.message()


def _frames(data: bytes, size: int) -> tuple[list[Frame], str]:
    stream = Stream()
    found: list[Frame] = []
    try:
        for at in range(0, len(data), size):
            found += stream.receive(data[at : at + size])
        found += stream.receive(b"")
    except Malformed as why:
        return found, str(why)
    return found, ""


def _stream_input(examples: list[bytes], random: Random) -> bytes:
    data = b"".join(random.choices(examples, k=1 + random.getrandbits(2)))
    return mutations.changed([data], random)


def _bodies() -> list[bytes]:
    reads = usual(6, 8)
    mixed = body_of([tag_report(2, LONG_EPC), *[tag_report()] * 5, full_report(), tag_report(3)])
    return [usual(5), reads, mixed, body_of([full_report()] * 4)]


def _reports(data: bytes) -> None:
    """Refused by both ways, or read alike by both."""
    try:
        expected = by_the_codec(data)
    except Malformed:
        expected = None
    try:
        found = reports(data)
    except Malformed:
        found = None
    if found != expected:
        raise Broken("it reads otherwise than the codec")
    if found is None:
        raise Malformed("by both")
