"""Hostile input: valid examples changed at random, and made from scratch by those who know the structure."""

import json
from collections.abc import Mapping
from random import Random

from edge import pn532

_TELLING = bytes.fromhex(
    "00011718191a1b1f3f40585f7f809fa0bfc0d2d5e1f4f6f7f9fbfdfeff"
)  # heads of CBOR, TLV and frames
_WORDS = (
    *("", "0", "-1", "1e400", "nan", "0.5", "99999999999999999999", "true", "null", "\0"),
    *('"', "'", "[", "]", "{", "}", "=", ",", "\n", "\r\n", "\\u0000", "[[reader]]", "%2F"),
    *("https://", "1979-05-27T07:32:00Z", "\ufeff", "\u00e9", "\U0001f4a9"),
)
_VALUES = (
    *("0", "-1", "1", "7", "41", "9007199254740992", "0.5", "true", "[]", "{}", "[1, 2]", '""'),
    *('"x"', '"recycled"', '"09520123456788"', '"00ff"', '{"hex": "00"}', '{"map": [[1, 2]]}'),
    *("1979-05-27", "'x'"),
)  # all but the last two are JSON
_LONGEST = 600  # bytes of input from nothing


def changed(examples: list[bytes], random: Random) -> bytes:
    """One of the examples with one to eight changes of its bytes."""
    data = bytearray(random.choice(examples))
    for _ in range(1 + min(random.getrandbits(3), random.getrandbits(3))):
        random.choice(_CHANGES)(data, examples, random)
    return bytes(data)


def anything(random: Random) -> bytes:
    """Random bytes, or random among the telling ones."""
    size = random.randrange(random.choice((8, 64, _LONGEST)))
    if random.getrandbits(1):
        return random.randbytes(size)
    return bytes(random.choices(_TELLING, k=size))


def text(examples: list[bytes], random: Random) -> bytes:
    """One of the examples with words, lines or cells changed."""
    found = random.choice(examples).decode()
    for _ in range(1 + random.getrandbits(2)):
        at = random.randrange(len(found) + 1)
        end = min(len(found), at + random.choice((0, 1, 3, 10, 40)))
        word = (
            random.choice(_WORDS)
            if random.getrandbits(1)
            else found[at - random.randrange(40) : at]
        )
        found = found[:at] + word * random.choice((1, 1, 1, 2, 50)) + found[end:]
    return found.encode("utf-8", "surrogatepass")


def json_text(examples: list[bytes], random: Random) -> bytes:
    """One of the examples with values of its objects dropped, doubled under other keys, or replaced."""
    if not random.getrandbits(2):
        return text(examples, random)
    whole = json.loads(random.choice(examples))
    for _ in range(1 + random.getrandbits(1)):
        _change_value(whole, random)
    return json.dumps(whole).encode()


def toml_text(examples: list[bytes], random: Random) -> bytes:
    """One of the examples with lines dropped, doubled, moved, or given other values."""
    if not random.getrandbits(2):
        return text(examples, random)
    found = random.choice(examples).decode().splitlines()
    for _ in range(1 + random.getrandbits(1)):
        place = random.randrange(len(found))
        key, equals, _ = found[place].partition(" = ")
        act = random.getrandbits(2)
        if act == 0:
            del found[place]
        elif act == 1:
            found.insert(random.randrange(len(found)), found[place])
        elif equals:
            found[place] = f"{key} = {random.choice(_VALUES)}"
    return "\n".join(found).encode()


def _change_value(whole: dict[str, object], random: Random) -> None:
    """Go down at random, and change one entry there."""
    key = random.choice([*whole] or [""])
    inner = whole.get(key)
    if isinstance(inner, dict) and random.getrandbits(1):
        _change_value(inner, random)
        return
    act = random.getrandbits(2)
    if act == 0:
        whole.pop(key, None)
    elif act == 1:
        whole[random.choice((*whole, "16", "63", "64", "41", "map", "hex", "tag"))] = inner
    else:
        whole[key] = json.loads(random.choice(_VALUES[:-2]))


def cbor(random: Random, depth: int = 4) -> bytes:
    """One CBOR item, mostly deterministic: sometimes a head is longer than it must be, or keys are out of order."""
    kind = random.choice("iiibbttamTs" if depth else "iiibbts")
    if kind == "i":
        return _head(
            random.choice((0x00, 0x20)),
            random.getrandbits(random.choice((4, 8, 16, 33, 64))),
            random,
        )
    if kind == "b":
        data = random.randbytes(random.choice((0, 1, 16, 24, 32, 64)))
        return _head(0x40, len(data), random) + data
    if kind == "t":
        data = random.choice(("", "a", "ü", "did:example:1", "x" * 24)).encode() + random.choice(
            (b"", b"", b"\xff")
        )
        return _head(0x60, len(data), random) + data
    if kind == "s":
        return random.choice((b"\xf4", b"\xf5", b"\xf6", b"\xf7", b"\xf8\x20", b"\xf9\x00\x00"))
    count = random.randrange(4)
    if kind == "T":
        return _head(0xC0, random.choice((18, 0, 61, 1 << 40)), random) + cbor(random, depth - 1)
    if kind == "a":
        return _head(0x80, count, random) + b"".join(cbor(random, depth - 1) for _ in range(count))
    keys = {cbor(random, 0) for _ in range(count)}
    ordered = sorted(keys) if random.getrandbits(3) else list(keys)
    return _head(0xA0, len(ordered), random) + b"".join(
        key + cbor(random, depth - 1) for key in ordered
    )


def claims(whole: Mapping[int, object], random: Random) -> bytes:
    """The CBOR map of a stub's claims with some of them dropped, doubled, strange or out of order."""
    from edge.cbor import encode

    entries = [(encode(key), encode(value)) for key, value in whole.items()]
    for _ in range(random.getrandbits(2)):
        place = random.randrange(len(entries)) if entries else 0
        act = random.getrandbits(2)
        if act == 0 and entries:
            del entries[place]
        elif act == 1 and entries:
            entries[place] = (entries[place][0], cbor(random))
        elif act == 2:
            entries.append((encode(random.choice((0, 2, 5, 9, 15, 16, 63, 64, -1))), cbor(random)))
        elif entries:
            key, value = entries[place]
            entries[place] = (key, changed([value], random))
    if random.getrandbits(4):
        entries = sorted(dict(entries).items())
    return _head(0xA0, len(entries), random) + b"".join(key + value for key, value in entries)


def sign1(payload: bytes, kid: bytes, random: Random) -> bytes:
    """A stub's envelope around `payload`, with the right lengths."""
    alg = random.choice((b"\x32", b"\x32", b"\x27", b"\x28", b"\x01"))
    tag = b"" if not random.getrandbits(4) else b"\xd2"
    unprotected = b"\xa0" if random.getrandbits(4) else cbor(random, 1)
    head = tag + b"\x84\x4d\xa2\x01" + alg + b"\x04\x48" + kid + unprotected
    return head + _head(0x40, len(payload), random) + payload + b"\x58\x40" + random.randbytes(64)


def memory(examples: list[bytes], random: Random) -> bytes:
    """A tag's memory with changes where its structure stands: CC, TLVs, record headers, magic, hints, slots."""
    data = bytearray(random.choice(examples))
    for _ in range(1 + random.getrandbits(2)):
        at = random.choice(
            (12, 16, 20, 24, 60, 80, 84, 88, 92, 96, 100, random.randrange(len(data)))
        )
        at = min(at + random.randrange(8), len(data) - 1)
        data[at] = random.choice(
            (random.choice(_TELLING), random.getrandbits(8), data[at] ^ 1 << random.randrange(8))
        )
    return bytes(data)


def frames(examples: list[bytes], random: Random) -> bytes:
    """A line's bytes: frames, sound and broken, with noise between and inside."""
    out = bytearray()
    for _ in range(1 + random.getrandbits(2)):
        act = random.getrandbits(3)
        if act < 3:
            out += random.choice(examples)
        elif act == 3:
            body = bytearray(pn532.frame(random.randbytes(1 + random.randrange(264))))
            body[5 if body[3] != 0xFF else 8] = 0xD5
            out += body
        elif act == 4:
            out += changed(examples, random)
        elif act == 5:
            out += b"\x00\xff" * random.randrange(20)
        else:
            out += anything(random)[:40]
    return bytes(out)


def _head(major: int, argument: int, random: Random) -> bytes:
    """A head, in one of sixty-four cases longer than it must be."""
    widths = [(24, 0), (1 << 8, 1), (1 << 16, 2), (1 << 32, 4), (1 << 64, 8)]
    place = next(n for n, (limit, _) in enumerate(widths) if argument < limit)
    if not random.getrandbits(6):
        place = random.randrange(place, 5)
    width = widths[place][1]
    if not width:
        return bytes((major | argument,))
    return bytes((major | 23 + place,)) + argument.to_bytes(width, "big")


def _flip(data: bytearray, examples: list[bytes], random: Random) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _set(data: bytearray, examples: list[bytes], random: Random) -> None:
    if data:
        data[random.randrange(len(data))] = random.choice(_TELLING)


def _cut(data: bytearray, examples: list[bytes], random: Random) -> None:
    at = random.randrange(len(data) + 1)
    data[at : at + random.choice((1, 2, 4, 40, 1 << 16))] = b""


def _insert(data: bytearray, examples: list[bytes], random: Random) -> None:
    at = random.randrange(len(data) + 1)
    data[at:at] = random.randbytes(random.choice((1, 1, 2, 4, 40)))


def _double(data: bytearray, examples: list[bytes], random: Random) -> None:
    at = random.randrange(len(data) + 1)
    data[at:at] = data[at : at + random.choice((1, 4, 40))] * random.choice((1, 1, 8))


def _splice(data: bytearray, examples: list[bytes], random: Random) -> None:
    other = random.choice(examples)
    data[random.randrange(len(data) + 1) :] = other[random.randrange(len(other) + 1) :]


_CHANGES = (_flip, _flip, _set, _set, _cut, _insert, _double, _splice)
