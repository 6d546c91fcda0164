"""The decoders of edge: what a carrier holds, or a reader chip sends."""

import json
from collections.abc import Mapping
from random import Random

from edge import carrier as carriers
from edge import (
    cbor,
    chips,
    claims,
    cose,
    gs1,
    mini,
    ndef,
    plan,
    pn532,
    slots,
    stub,
    tlv,
    trust,
    type2,
)
from edge import verify as verdicts
from edge.errors import DoesNotFit, Malformed
from tests.bench import code_decoders, mutations, rain_decoders
from tests.bench.decoder import Broken, Decoder, Make, Run
from tests.bench.line import UID
from tests.bench.passports import KIND, LINK, NOW, Issuer

_SHORT = "https://example.com/01/09520123456788"  # what an NTAG213 has room for


def decoders() -> list[Decoder]:
    """All of them, with examples under a key of their own."""
    issuer = Issuer()
    stubs = issuer.chain(3)
    kid = issuer.key.kid
    whole = stub.decode(stubs[1]).claims
    return [
        Decoder("CBOR", _cbor, (Malformed,), [*stubs, cbor.encode(whole)], _cbor_input),
        Decoder("COSE", _cose, (Malformed,), [*stubs, _mini(issuer)]),
        Decoder("stub", _stub, (Malformed,), stubs, _stub_input(whole, kid), share=2),
        Decoder("verdict", _verdict(issuer), (), stubs, _stub_input(whole, kid)),
        Decoder("claims JSON", _claims, (Malformed,), _claims_examples(stubs), mutations.json_text),
        Decoder("trust list", _trust, (Malformed,), _trust_examples(issuer), share=0.3),
        Decoder("NDEF", _ndef, (Malformed,), _messages(issuer)),
        Decoder(
            "TLV",
            _tlv,
            (Malformed,),
            [b"\x03\x04abcd\xfe", b"\x01\x03\xa0\x0c\x34\x03\xff\x01\x00"],
        ),
        Decoder("tag memory", _tag(issuer), (), _memories(issuer), mutations.memory, share=2),
        Decoder("mini record", _mini_verdict(issuer), (), [_mini(issuer)]),
        Decoder("PN532 frames", _frames, (), _frame_examples(), mutations.frames),
        Decoder("PN532 targets", _targets, (Malformed,), [bytes.fromhex("010100440007") + UID]),
        Decoder(
            "GS1 link",
            _link,
            (Malformed,),
            [LINK.encode(), _PLAIN_LINK, _LONG_LINK],
            mutations.text,
        ),
        *rain_decoders.decoders(),
        *code_decoders.decoders(stubs[0]),
    ]


def _cbor(data: bytes) -> None:
    if cbor.encode(cbor.decode(data)) != data:
        raise Broken("an accepted item is encoded otherwise")


def _cbor_input(examples: list[bytes], random: Random) -> bytes:
    return mutations.cbor(random) if random.getrandbits(1) else mutations.changed(examples, random)


def _cose(data: bytes) -> None:
    found = cose.parse(data)
    body = [found.protected, found.unprotected, found.payload, found.signature]
    again = cbor.encode(cbor.Tag(cose.TAG, body) if found.tagged else body)
    if again != data or (found.protected and cbor.encode(found.headers) != found.protected):
        raise Broken("an accepted Sign1 is encoded otherwise")


def _stub(data: bytes) -> None:
    """Accepts exactly what the encoder produces."""
    try:
        found = stub.decode(data)
    except Malformed:
        if _is_of_encoder(data):
            raise Broken("refused, though the encoder makes it") from None
        raise
    signature = found.signature
    if stub.encode(found.claims, found.alg, found.kid, lambda _: signature) != data:
        raise Broken("an accepted stub is encoded otherwise")


def _is_of_encoder(data: bytes) -> bool:
    try:
        sign1 = cose.parse(data)
        said = cbor.decode(sign1.payload or b"")
        if not isinstance(said, dict) or not isinstance(sign1.alg, int) or sign1.kid is None:
            return False
        return stub.encode(said, sign1.alg, sign1.kid, lambda _: sign1.signature) == data
    except (Malformed, DoesNotFit):
        return False


def _stub_input(whole: Mapping[int, object], kid: bytes) -> Make:
    def make(examples: list[bytes], random: Random) -> bytes:
        if random.getrandbits(2) == 0:
            return mutations.changed(examples, random)
        return mutations.sign1(mutations.claims(whole, random), kid, random)

    return make


def _verdict(issuer: Issuer) -> Run:
    def run(data: bytes) -> None:
        verdict, _ = verdicts.verify(data, issuer.trust, _yes, NOW, KIND, UID, LINK, previous=data)
        verdict.why()

    return run


def _claims(data: bytes) -> None:
    try:
        obj = json.loads(data)
    except (ValueError, RecursionError) as why:  # json's, not ours
        raise Malformed(str(why)) from why
    found = claims.from_names(obj)
    if claims.from_names(claims.to_names(found)) != found:
        raise Broken("accepted claims are named otherwise")


def _claims_examples(stubs: list[bytes]) -> list[bytes]:
    extra = {"sector": {"profile": 1, "fields": {"1": {"hex": "00ff"}}}, "16": {"1": [None, True]}}
    named = [claims.to_names(stub.decode(raw).claims) for raw in stubs]
    others = [{**named[0], **extra}, {"product": {"scheme": "did", "did": "did:example:1"}}]
    return [json.dumps(each).encode() for each in [*named, *others]]


def _trust(data: bytes) -> None:
    trust.decode(data, bytes(32), _yes)


def _trust_examples(issuer: Issuer) -> list[bytes]:
    key, other = issuer.key, Issuer("p256").key
    limited = trust.Entry(
        other.kid, other.public, "op", ("issuer", "verifier"), 5, 10, 7, ("952",), "EU"
    )
    lists = [issuer.trust, trust.TrustList(2, 1, 9, (*issuer.trust.entries, limited))]
    return [trust.encode(each, key.alg, key.kid, key.sign) for each in lists]


def _ndef(data: bytes) -> None:
    records = ndef.decode(data)
    if ndef.decode(ndef.encode(records)) != records:
        raise Broken("an accepted message is encoded otherwise")
    ndef.first_record_bytes(data)
    for record in records:
        ndef.uri_of(record)


def _messages(issuer: Issuer) -> list[bytes]:
    link = ndef.uri_record(LINK)
    ours = ndef.Record(ndef.EXTERNAL, slots.DEFAULT_TYPE, b"", issuer.stub(0))
    image = ndef.Record(ndef.MIME, b"image/png", b"id", bytes(300))
    return [ndef.encode(each) for each in ([link], [link, ours], [link, image, ours])]


def _tlv(data: bytes) -> None:
    for _ in tlv.blocks(data):
        pass


_LEAST = 16  # pages of any Type 2 tag


def _tag(issuer: Issuer) -> Run:
    """A reader's whole walk over a tag's memory: what to read, what it carries, what that is worth."""

    def run(data: bytes) -> None:
        size = max(_LEAST, len(data) // type2.PAGE)
        data = data.ljust(size * type2.PAGE, b"\x00")
        image = type2.Image()
        for _ in range(size + 2):
            step = carriers.next_read(image)
            if step is None or step[0] >= size:
                break
            first, count = step
            if count < 1 or image.has(first, 1):
                raise Broken(f"a read of {count} pages from {first}")
            image.put(first, data[first * 4 : min(size, first + count) * 4])
        else:
            raise Broken("reading never ends")
        found = carriers.carrier(image, UID)
        verdicts.verify_best(found.stubs, issuer.trust, _yes, NOW, KIND, UID, found.link)
        if found.mini is not None and found.uri_record is not None:
            verdicts.verify_mini(found.uri_record, found.mini, KIND, UID, issuer.trust, _yes, NOW)
        if found.layout is not None:
            type2.locked_pages(image, found.chip)

    return run


def _memories(issuer: Issuer) -> list[bytes]:
    stubs, found = issuer.chain(3), []
    for chip in chips.CHIPS[:3]:
        image = type2.Image(
            UID[:3] + b"\x9f" + UID[3:] + b"\x44\x48\x00\x00" + chip.cc + chip.factory
        )
        image.put(6, bytes(4 * (chip.pages - 6)))
        found.append(image.get(0, chip.pages))
        if chip.name == "NTAG213":
            pages = plan.commission_mini(chip, image, _SHORT, _mini(issuer))
        else:
            pages = plan.commission(chip, image, LINK, stubs[0])
        _apply(image, pages)
        found.append(image.get(0, chip.pages))
        for seq in (1, 2) if chip.name != "NTAG213" else ():
            layout = slots.layout_of(image)
            assert layout is not None
            _apply(image, plan.update(layout, image, seq % 2, stubs[seq], seq))
            found.append(image.get(0, chip.pages))
    return found


def _apply(image: type2.Image, pages: list[tuple[int, bytes]]) -> None:
    for page, data in pages:
        image.put(page, data)


def _mini(issuer: Issuer) -> bytes:
    key = issuer.key
    return mini.record(mini.uri_record(_SHORT), KIND, UID, key.alg, key.kid, key.sign).payload


def _mini_verdict(issuer: Issuer) -> Run:
    uri_record = mini.uri_record(_SHORT)

    def run(data: bytes) -> None:
        mini.is_mini(data)
        verdict = verdicts.verify_mini(uri_record, data, KIND, UID, issuer.trust, _yes, NOW)
        verdict.why()
        verdicts.verify_mini(data, _mini_known, KIND, UID, issuer.trust, _yes, NOW)

    _mini_known = _mini(issuer)
    return run


def _frames(data: bytes) -> None:
    """The same messages, however the line cuts the bytes."""
    whole, split = pn532.Frames(), pn532.Frames()
    found = [*map(repr_of, whole.receive(data)), *map(repr_of, whole.give_up())]
    cut = sum(data) % (len(data) + 1) if data else 0
    parts = [*split.receive(data[:cut]), *split.receive(data[cut:]), *split.give_up()]
    if found != [repr_of(each) for each in parts]:
        raise Broken("cut in two, it reads otherwise")


def repr_of(message: object) -> str:
    return f"{type(message).__name__} {sorted(vars(message).items())}"


def _frame_examples() -> list[bytes]:
    answers = [b"\x32\x01\x06\x07", b"\x00" + bytes(260), bytes.fromhex("010100440007") + UID]
    made = [pn532.ACK, pn532.NACK, b"\x00\x00\xff\x01\xff\x7f\x81\x00"]
    for said in answers:
        frame = bytearray(pn532.frame(b"\x4b" + said))
        at = 5 if frame[3] != 0xFF else 8
        frame[at] = 0xD5
        frame[-2] = (frame[-2] - 1) & 0xFF
        made.append(bytes(frame))
    return made


def _targets(data: bytes) -> None:
    pn532.parse_targets(data)


_PLAIN_LINK = b"https://id.example.com/01/09520123456788/21/A1"
_LONG_LINK = b"https://example.com/some/path/01/09520123456788/10/LOT%2F1/21/A%201?15=271231#frag"


_PRODUCT = [0, 9520123456788, "A1"]


def _link(data: bytes) -> None:
    try:
        uri = data.decode()
    except UnicodeDecodeError as why:  # NDEF has looked at that before
        raise Malformed(str(why)) from why
    named = gs1.link_names(uri, _PRODUCT)
    gs1.link_names(uri, [1, "https://example.com/x"])
    gtin, batch, serial = gs1.parse_link(uri)
    if named is not (gtin == _PRODUCT[1] and serial in (None, _PRODUCT[2])):
        raise Broken("it names another product than it says")
    if gs1.is_gtin(gtin) and serial not in (".", "..") and batch not in (".", ".."):
        again = gs1.link("https://id.example.com", gtin, serial, batch)
        if gs1.parse_link(again) != (gtin, batch, serial):
            raise Broken("an accepted link is written otherwise")


def _yes(key: bytes, message: bytes, signature: bytes) -> bool:
    return True
