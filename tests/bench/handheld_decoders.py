"""The link of handhelds under fuzz: frames, messages, the gateway's end of it, the handheld's own, and its records."""

import itertools
import tempfile
from pathlib import Path
from random import Random

from edge import cbor, link
from edge.errors import Malformed
from gateway.journal import KINDS
from gateway.keys import verifier
from gateway.readers.handheld_end import End, Hello
from gateway.records import Encoder
from gateway.stations import handheld_rows
from gateway.stations.handheld_rows import Judge
from reader.clock import Clock
from reader.download import Download
from reader.link import Link
from reader.outbox import Outbox
from tests.bench import mutations
from tests.bench.decoder import Broken, Decoder, Run
from tests.bench.line import UID
from tests.bench.passports import NOW, Issuer

_HELLO = link.message(
    link.HELLO, link.VERSION, b"8 bytes.", b"four", "ada", bytes(16), {"next": 9, "boot": 2}
)
_MESSAGES = [
    _HELLO,
    link.message(link.WELCOME, link.VERSION, "gate", bytes(16), NOW, 4, 0),
    link.message(link.RECORDS, 4, [[5, b"\x88"], [6, b""]]),
    link.message(link.ACK, 6),
    link.message(link.OFFER, "trust", 7, 1200, bytes(32)),
    link.message(link.WANT, "trust", bytes(32), 0),
    link.message(link.CHUNK, "trust", 0, bytes(40)),
    link.message(link.DONE, "trust", True, ""),
    link.message(link.TEXT, "export", 0, 1, "{}"),
    link.message(link.BYE, ""),
]


def decoders(folder: Path) -> list[Decoder]:
    """All of them. folder: for what a handheld keeps."""
    frames = [link.plain(each) for each in _MESSAGES]
    session = link.Session(b"secret", _HELLO, bytes(16), False)
    frames += [session.seal(each) for each in _MESSAGES]
    issuer = Issuer()
    records = _records(issuer)
    return [
        Decoder("link frames", _frames, (), frames, share=0.5),
        Decoder("link messages", _message, (Malformed,), _MESSAGES, share=0.5),
        Decoder("link, the gateway's end", _end, (), frames, _lines, share=0.5),
        Decoder("link, the handheld's end", _device(folder), (), frames, _lines, share=0.3),
        Decoder("handheld records", _record(issuer), (), records, _changed_record, share=0.5),
    ]


def _lines(examples: list[bytes], random: Random) -> bytes:
    """Some frames, sound ones and broken ones."""
    return b"".join(
        random.choice(examples) if random.getrandbits(2) else mutations.changed(examples, random)
        for _ in range(1 + random.getrandbits(2))
    )


def _frames(data: bytes) -> None:
    frames = link.Frames()
    whole = frames.receive(data)
    pieces, found = link.Frames(), []
    for at in range(0, len(data), 7):
        found += pieces.receive(data[at : at + 7])
    if found != whole:
        raise Broken("in pieces it is another")
    if sum(len(body) for body, _ in whole) > len(data):
        raise Broken("it says more than it heard")


def _message(data: bytes) -> None:
    if link.message(*link.parse(data)) != data:
        raise Broken("an accepted message is made otherwise")


def _end(data: bytes) -> None:
    end = End("gate", b"secret" if len(data) & 1 else b"", bytes)
    for said in end.receive(data):
        if end.hello is None or (said[0] != link.HELLO and not end.is_proved):
            raise Broken("it counts, and nobody proved to have said it")
        if said[0] == link.HELLO:
            end.welcome(NOW, 4)


def _device(folder: Path) -> Run:
    at = tempfile.mkdtemp(dir=folder)
    count = itertools.count(1)
    clock = Clock(lambda: 0, lambda later, earlier: 0)
    outbox = Outbox(f"{at}/outbox", bytes)
    download = Download(f"{at}/in", {"trust": lambda path: iter(())})  # type: ignore[dict-item, return-value]

    def run(data: bytes) -> None:
        secret = b"secret" if len(data) & 1 else b""
        end = Link((b"8 bytes.", "ada"), outbox, clock, bytes, dict, download, secret)
        end.turn(0)
        if len(data) & 2:
            end.receive(link.plain(_MESSAGES[1]), 0)
        end.receive(data, next(count))
        for _ in range(4):
            sent = end.turn(3000)
            for body, is_sealed in link.Frames().receive(sent):
                link.parse(body if not is_sealed else link.unproved(body))

    return run


def _records(issuer: Issuer) -> list[bytes]:
    raw = issuer.stub(0)
    seen = {"stub": raw, "seq": 0, "slot": 0, "seen_seq": 0, "colour": "green", "elapsed_ms": 4}
    seen["verdict"] = {"integrity": "valid"}
    product = "09520123456788/A1"
    said = [
        ["verdict", UID, product, seen],
        ["result", UID, product, {"stub": raw, "seq": 0, "intent": 3, "act": "commissioned"}],
        ["intent", UID, product, {"stub": raw, "pages": 12}],
        ["void", UID, product, {"intent": 3, "reason": "erased"}],
    ]
    return [cbor.encode([7, 2, 5000, NOW, *each]) for each in said]


def _changed_record(examples: list[bytes], random: Random) -> bytes:
    """One with an item of its array or its body replaced, mostly."""
    if not random.getrandbits(2):
        return mutations.changed(examples, random)
    whole = cbor.decode(random.choice(examples))
    for _ in range(1 + random.getrandbits(1)):
        try:
            value = cbor.decode(mutations.cbor(random))
        except Malformed:
            value = -1
        if random.getrandbits(1) and isinstance(whole[7], dict):
            names = (*handheld_rows._TYPES, "clock", "handheld", "intent", "pallet", "document")
            whole[7][random.choice(names)] = value
        else:
            whole[random.randrange(8)] = value
    return cbor.encode(whole)


def _record(issuer: Issuer) -> Run:
    judge = Judge(issuer.trust, verifier, NOW)
    hello = Hello(b"8 bytes.", b"four", "ada", {"boot": 2, "ms": 9000, "next": 9})
    encode = Encoder()

    def run(data: bytes) -> None:
        act = handheld_rows.act(7, data, hello, judge)
        if act.kind not in KINDS or act.upto != 7 or "clock" in act.body or "intent" in act.body:
            raise Broken(f"a row {act.kind} that misleads the gateway")
        if act.kind == "refused" and "reason" in act.body and act.body.get("record", data) != data:
            raise Broken("its bytes are lost")
        encode(dict(act.body))
        (act.product + "x").encode()
        for name in ("seq", "seen_seq", "pages_written", "elapsed_ms"):
            if act.body.get(name) is not None and not 0 <= act.body[name] < 1 << 63:
                raise Broken(f"{name} is {act.body[name]}")
        handheld_rows.result(act, 1, "ada")

    return run
