"""The decoders of edge for RAIN: what a tag's banks hold, what a serial module sends, what a URI says."""

from random import Random

from edge import bare, epc, gen2, gen2chips, m100, rain, rainplan, tid, userbank
from edge import verify as verdicts
from edge.errors import DoesNotFit, Malformed
from tests.bench import mutations
from tests.bench.decoder import Broken, Decoder, Run
from tests.bench.passports import NOW, Issuer

_RAIN = 2  # claim 7
_TID_AT, _PC_AT, _USER_AT = (
    0,
    40,
    40 + 64,
)  # of an input that is a whole tag: 20 words, PC and EPC, the USER bank
_TID = bytes.fromhex("e28011502000112233445566")  # Monza X-8K
_SMALL = bytes.fromhex("e28011c12000112233445566")  # M781
_TOLD = bytes.fromhex("e28108043c00112233445566 19de 0000000004000140 00040200")  # by its XTID
_EPC = epc.sgtin_plus(9520123456788, "A1")
_EPCS = (
    *(_EPC, epc.sgtin_plus(9520123456788, "0070"), epc.sgtin_plus(9520123456788, 'a"%/?')),
    *(epc.sgtin96(9520123456788, "12345", 7), epc.sgtin198(9520123456788, "ab/c%d", 12)),
    *(epc.dsgtin_plus(9520123456788, "x-y_Z", "17", "280229"), epc.giai202("0614141", "32a/b")),
    *(epc.sscc96("106141412345678908", 7), epc.grai96("0614141123452", "5678", 7)),
    epc.giai96("0614141", "5678"),
)


def decoders() -> list[Decoder]:
    """All of them, with examples under a key of their own."""
    issuer = Issuer()
    codes = [each.encode() for each in _EPCS]
    uris = [each.tag_uri or each.link or "" for each in _EPCS]
    return [
        Decoder("EPC", _epc, (Malformed,), codes),
        Decoder("EPC URI", _uri, (Malformed,), [each.encode() for each in uris], mutations.text),
        Decoder("TID", _tid, (), [_TID, _SMALL, _TOLD, bytes.fromhex("e004010203040506")]),
        Decoder("RAIN tag memory", _tag(issuer), (), _memories(issuer), _memory),
        Decoder("M100 frames", _frames, (), _frame_examples(), _line),
    ]


def _epc(data: bytes) -> None:
    found = epc.decode(data)
    again = found.encode()
    if epc.decode(again) != found or epc.decode(again + bytes(2)) != found:
        raise Broken("an accepted EPC is encoded otherwise")
    for uri in (found.tag_uri, found.uri if found.tag_uri else None):
        if uri is not None and epc.from_uri(uri, found.scheme, found.filter) != found:
            raise Broken("an accepted EPC has another's URI")
    link = found.link
    if (
        link is not None
        and found.tag_uri is None
        and epc.from_uri(link, found.scheme, found.filter) != found
    ):
        raise Broken("an accepted EPC has another's link")


def _uri(data: bytes) -> None:
    try:
        uri = data.decode()
    except UnicodeDecodeError as why:  # whoever reads the URI has looked at that before
        raise Malformed(str(why)) from why
    found = epc.from_uri(uri)
    if epc.decode(found.encode()) != found:
        raise Broken("an accepted URI is encoded otherwise")


def _tid(data: bytes) -> None:
    found, name = tid.Tid(data), tid.identity(data)
    if tid.identity(name) != name or bool(name) != bool(found.serial):
        raise Broken("an identity that names no tag")
    chip = gen2chips.by_tid(data)
    if chip is not None and gen2chips.by_name(chip.name).user_words != chip.user_words:
        raise Broken("a chip whose name is another's")


def _tag(issuer: Issuer) -> Run:
    """A reader's whole walk over a tag: what to read, what it carries, what that is worth; then it is written."""
    stubs = issuer.chain(1)

    def run(data: bytes) -> None:
        image = _image(data)
        user = data[_USER_AT:]
        for _ in range(60):
            step = rain.next_read(image)
            if step is None:
                break
            place, words = step
            if words < 1 or image.has(place, 1):
                raise Broken(f"a read of {words} words from {place:#x}")
            bank = user if gen2.bank_of(place) == gen2.USER else b""
            at = 2 * gen2.word_of(place)
            read = bank[at : at + 2 * words]
            if not read:  # the bank ends before it
                break
            image.put(place, read + bytes(len(read) % 2))
        else:
            raise Broken("reading never ends")
        id = tid.identity(image.tid)
        found = rain.carrier(image, id)
        _, verdict, _ = verdicts.verify_best(
            found.stubs, issuer.trust, _yes, NOW, _RAIN, id, found.link
        )
        if verdict.binding == "match" and not id:
            raise Broken("bound to a tag without a serial")
        if found.mini is not None:
            bare.verify_bare(found.mini, found.uri_record or b"", id, issuer.trust, _yes, NOW)
        if found.chip is not None:
            _write(image, found.chip, stubs[0])

    return run


def _write(image: gen2.Image, chip: gen2chips.Chip, signed: bytes) -> None:
    """Whatever stood there, a commission shows its stub, and a format nothing."""
    try:
        plan = rainplan.commission(chip, image, _EPC.encode(), signed)
    except DoesNotFit:
        return
    after = _after(image, plan)
    seen = rain.carrier(after, b"")
    if (0, signed) not in seen.stubs or seen.hinted != 0 or seen.epc != _EPC:
        raise Broken("a commission that does not show its stub")
    if rainplan.commission(chip, after, _EPC.encode(), signed):
        raise Broken("a commission that never ends")
    if rain.carrier(_after(image, rainplan.format(chip, image)), b"").state in ("slots", "bare"):
        raise Broken("a format that leaves something")


def _after(image: gen2.Image, plan: list[tuple[int, bytes]]) -> gen2.Image:
    after = image.copy()
    for place, data in plan:
        after.put(place, data)
    return after


def _image(data: bytes) -> gen2.Image:
    """As a sighting gives it: as many words of the TID as it has, PC and EPC."""
    image = gen2.Image()
    image.put(gen2.place(gen2.TID, 0), data[_TID_AT:_PC_AT][: len(data) // 2 * 2])
    at_pc = data[_PC_AT:_USER_AT]
    words = 1 + gen2.epc_words_of(int.from_bytes(at_pc[:2], "big"))
    image.put(gen2.PC_PLACE, at_pc[: len(at_pc) // 2 * 2][: 2 * words])
    return image


def _memories(issuer: Issuer) -> list[bytes]:
    stubs, found = issuer.chain(3), []
    for raw in (_TID, _TOLD, _SMALL):
        image, chip = gen2.Image(), gen2chips.by_tid(raw)
        assert chip is not None
        image.put(gen2.place(gen2.TID, 0), raw.ljust(40, b"\x00"))
        image.put(gen2.PC_PLACE, bytes(64))
        image.put(gen2.place(gen2.USER, 0), bytes(2 * chip.user_words))
        if raw is _SMALL:
            sign = issuer.key.sign
            signature = bare.sign(_EPC.encode(), tid.identity(raw), sign)
            made = rainplan.commission_bare(chip, image, _EPC.encode(), signature)
        else:
            made = rainplan.commission(chip, image, _EPC.encode(), stubs[0])
        image = _after(image, made)
        found.append(_whole(image, chip))
        for seq in (1, 2) if raw is not _SMALL else ():
            layout = userbank.layout_of(image)
            assert layout is not None
            image = _after(image, rainplan.update(layout, image, seq % 2, stubs[seq], seq))
            found.append(_whole(image, chip))
    return found


def _whole(image: gen2.Image, chip: gen2chips.Chip) -> bytes:
    user = image.get(gen2.place(gen2.USER, 0), chip.user_words)
    return image.get(gen2.place(gen2.TID, 0), 20) + image.get(gen2.PC_PLACE, 32) + user


def _memory(examples: list[bytes], random: Random) -> bytes:
    """A tag with changes where its structure stands: TID, PC, EPC, magic, size, hints, slots."""
    data = bytearray(random.choice(examples))
    for _ in range(1 + random.getrandbits(2)):
        at = random.choice((0, 4, 12, _PC_AT, _PC_AT + 2, _USER_AT, _USER_AT + 8, _USER_AT + 16))
        at = random.choice((at, at, random.randrange(len(data))))
        at = min(at + random.randrange(8), len(data) - 1)
        data[at] = random.choice((0, 0xD2, 0x54, 0x57, data[at] ^ 1 << random.randrange(8)))
    return bytes(data)


def _frames(data: bytes) -> None:
    """The same frames, however the line cuts the bytes; and what they say, or Malformed."""
    whole, split = m100.Frames(), m100.Frames()
    found = [*whole.receive(data), *whole.give_up()]
    cut = sum(data) % (len(data) + 1) if data else 0
    parts = [*split.receive(data[:cut]), *split.receive(data[cut:]), *split.give_up()]
    if found != parts:
        raise Broken("cut in two, it reads otherwise")
    for each in found:
        m100.parse_info(each.params)
        for parse in (m100.parse_seen, m100.parse_access, m100.parse_power):
            try:
                parse(each.params)
            except Malformed:
                continue


def _answer(type: int, command: int, params: bytes) -> bytes:
    body = bytes((type, command)) + len(params).to_bytes(2, "big") + params
    return b"\xbb" + body + bytes((sum(body) & 0xFF, 0x7E))


def _frame_examples() -> list[bytes]:
    said = bytes((14, 0x30, 0)) + bytes.fromhex("30751feb705c5904e3d50d70")
    return [
        _answer(2, m100.SINGLE_POLL, b"\xc9" + said[1:] + b"\x3a\x76"),
        _answer(1, m100.READ, said + bytes.fromhex("bb7ebb01390005") + b"\xbb"),
        _answer(1, m100.WRITE, said + b"\x00"),
        _answer(1, m100.ERROR, b"\x15"),
        _answer(1, m100.INFO, b"\x00M100 V1.00"),
        _answer(1, m100.GET_POWER, b"\x07\xd0"),
    ]


def _line(examples: list[bytes], random: Random) -> bytes:
    """A line's bytes: frames, sound and broken, with noise between and inside."""
    out = b""
    for _ in range(1 + random.getrandbits(2)):
        act = random.getrandbits(2)
        if act == 0:
            out += mutations.changed(examples, random)
        elif act == 1:
            out += mutations.anything(random)[:40] + b"\xbb" * random.randrange(3)
        else:
            out += random.choice(examples)
    return out


def _yes(key: bytes, message: bytes, signature: bytes) -> bool:
    return True
