"""Questions to the page's verifier at every limit that edge has: claims, fields, links and sizes, on it and past it."""

from collections.abc import Iterator
from typing import Any

from edge import cbor, cose, gs1, printed, stub, trust
from edge.errors import Malformed
from edge.trust import TrustList
from edge.verify import verify
from gateway.keys import DeviceKey, verifier
from tests.verifier_page import LAST, NOW, Case, listed, plain, told, told_of

_GTIN = 9520123456788
_UID, _TID = bytes(7), bytes(12)
_CHARACTERS = [chr(code) for code in (*range(0x80), 0xE9, 0x2028, 0xFEFF, 0x1F4A9)]
_INTEGERS = (*range(65), 255, 256, LAST, LAST + 1, 2**64 - 1, -1)
_LONG = [letter * size for letter in "xü\U0001f4a9" for size in (63, 64, 127, 128, 254, 255, 256)]


def stubs() -> Iterator[Case]:
    """Stubs with one claim on the limit; nobody signed them."""
    for key, value in _claims():
        claims = {0: 1, 1: [0, _GTIN, "A1"], 4: NOW, 5: 0, key: value}
        if key == stub.PREV or claims[stub.SEQ] not in (0, None):
            claims = {stub.PREV: bytes(16), **claims}
        if key == stub.PREV:
            claims[stub.SEQ] = 1
        yield told_of(_enveloped(cbor.encode(claims)))
    whole = {0: 1, 1: [0, _GTIN, "A1"], 4: NOW, 5: 0}
    for key in (0, 1, 4, 5):
        yield told_of(_enveloped(cbor.encode({k: v for k, v in whole.items() if k != key})))
    room = 4096 - len(_enveloped(cbor.encode({**whole, 40: bytes(300)}))) + 300
    for size in (room - 1, room, room + 1):
        yield told_of(_enveloped(cbor.encode({**whole, 40: bytes(size)})))
    for head in (b"\x7f", b"\x80", b"\xa0", b"\xc0", b"\xf4"):
        yield told_of(_enveloped(b"\xa1" + head + b"\x00"))


def items() -> Iterator[Case]:
    """Every head of CBOR, and every character of a text."""
    tails = ("", "00", "17", "18", "ff", "0100", "00ff", "00010000", "0000ffff", "0000000100000000")
    tails = (*tails, "00000000ffffffff", "001fffffffffffff", "0020000000000000", "f" * 16)
    made = [bytes([first]) + bytes.fromhex(tail) for first in range(256) for tail in tails]
    made += [cbor.encode(text) for text in _CHARACTERS]
    made += [b"\x63" + bytes((0xED, 0xA0 + n, 0x80)) for n in range(-1, 2)]
    made += [b"\x81" * depth + b"\x00" for depth in (7, 8, 9)]
    made += [
        bytes.fromhex(text)
        for text in ("a2000000", "a200000000", "a201000000", "a2410000", "62c080")
    ]
    for data in made:
        try:
            answer = plain(cbor.decode(data))
        except Malformed:
            answer = "malformed"
        yield {"do": "cbor", "data": data.hex()}, answer


def fragments() -> Iterator[Case]:
    """Each form in each length, some bits too many, and about the ceiling."""
    raws = [b"\xd2\x84" + bytes(size) for size in (*range(8), 4093, 4094, 4095)]
    texts = [printed.spell(raw, form) for raw in raws for form in printed.FORMS]
    texts += [text[:-1] + last for text in texts[:16] for last in "BCDEIQ2_"]
    texts += [text + more for text in texts[:16] for more in ("A", "AA", "AAAAAAAA", "=", "#")]
    texts += [
        "",
        "0",
        "2",
        "1",
        *(
            printed.spell(bytes([first, 0x84, 0]), form)
            for first in (0xD2, 0xD3, 0xD0)
            for form in printed.FORMS
        ),
    ]
    for text in texts:
        try:
            answer = plain(printed.split("https://a/#s=" + text)[1])
        except Malformed:
            answer = "malformed"
        yield {"do": "fragment", "text": "#s=" + text}, answer


def links() -> Iterator[Case]:
    """Each character in each place of a link, each AI in each place, and about the longest."""
    gtin = f"/01/{_GTIN:014d}"
    whole = f"https://a.b{gtin}/10/B1/21/A1?17=270101#x"
    made = [whole[:at] + c + whole[at:] for at in (9, 12, 29, 36, 38, 46, 54) for c in _CHARACTERS]
    made += [whole.replace("A1", f"%{ord(c):02X}") for c in _CHARACTERS[:0x80]]
    made += [f"https://a{gtin}?{ai}={value}" for ai in range(40) for value in ("", "1", "%", "%4")]
    made += [f"https://a{gtin}?{n:02}=1" for n in range(300)]
    made += [
        f"https://a{gtin}/235/{'x' * size}{more}"
        for size in (0, 1, 28, 29)
        for more in ("", "?10=1", "?21=1")
    ]
    made += [
        f"https://a{gtin}/{a}/A1/{b}/A1"
        for a in ("01", 10, 21, 22, 235, 11)
        for b in ("01", 10, 21, 22, 235)
    ]
    made += [f"https://a{gtin}/{ai}/{'x' * size}" for ai in (10, 21, 22) for size in (0, 1, 20, 21)]
    made += [
        "https://a/".ljust(size - len(gtin) - 6, "x") + gtin + "/21/A1"
        for size in (2047, 2048, 2049)
    ]
    made += [
        f"https://a/01/{number}"
        for number in ("0" * 14, "9520123456788", "09520123456789", "9" * 15)
    ]
    made += [f"{scheme}://a{gtin}" for scheme in ("http", "HTTP", "Http", "https", "HTTPS", "ftp")]
    made += [
        f"https://a{gtin}?" + "&".join(f"{n}=1" for n in range(40, 40 + count))
        for count in (32, 33)
    ]
    products: tuple[list[Any], ...] = ([0, _GTIN, "A1"], [0, _GTIN, "B1", "A1"], [0, 31, "A1"])
    for link in made:
        for product in products:
            question = {"do": "names", "link": link, "product": product}
            yield question, gs1.link_names(link, product)


def chains() -> Iterator[Case]:
    """A trust list, and stubs by its key held against each other."""
    key, root = DeviceKey.generate(), DeviceKey.generate()
    found = TrustList(1, NOW, NOW, (key.card.entry(NOW),))
    data = trust.encode(found, root.alg, root.kid, root.sign)
    yield (
        {"do": "trust", "name": "chains", "data": data.hex(), "root": root.public.hex()},
        listed(found),
    )
    products: tuple[list[Any], ...] = (
        [0, _GTIN, "A1"],
        [0, _GTIN, "B1", "A1"],
        [0, _GTIN, "B2", "A1"],
    )
    products = (*products, [0, _GTIN, "A1", "B1"], [0, 31, "A1"], [3, "A1"], [3, "A2"])
    for before in products:
        for product in products:
            for carrier in (None, [1, _UID], [2, _TID]):
                first = _signed(key, {1: before, 5: 0, 7: [1, _UID]})
                second = {1: product, 5: 1, 6: stub.link16(first), 7: carrier}
                raw = _signed(key, second)
                asked = {
                    "kind": None,
                    "id": None,
                    "link": None,
                    "previous": first,
                    "known_seq": None,
                }
                question = {
                    "do": "verify",
                    "stub": raw.hex(),
                    "trust": "chains",
                    "now": NOW,
                    **asked,
                }
                yield (
                    {**question, "previous": first.hex()},
                    told(*verify(raw, found, verifier, NOW, **asked)),
                )


def lists() -> Iterator[Case]:
    """Trust lists with one field on the limit, all signed by their root."""
    keys = sorted((DeviceKey.generate() for _ in range(3)), key=lambda key: key.kid)
    root = DeviceKey.generate()
    good = [[key.kid, key.public] for key in keys]
    made: list[Any] = [
        [1, NOW, NOW, rows] for rows in (good, good[::-1], good[:1] * 2, [], good[:1])
    ]
    texts = ("", "a", *_LONG, 1, b"", None)
    numbers = (0, 1, 2, 23, 24, LAST, LAST + 1, -1, True, "1", b"", None)
    fields: dict[int, tuple[Any, ...]] = {
        0: (bytes(7), bytes(8), bytes(9), 1, "12345678", None),
        1: (bytes(32), bytes(31), bytes(64), root.public, "x" * 32, None),
        2: texts,
        3: (
            ["issuer"],
            [],
            ["issuer", "issuer"],
            ["x"],
            *([text] for text in texts),
            "issuer",
            None,
        ),
        4: numbers,
        5: numbers,
        6: numbers,
        7: ([], [""], *([digit * size] for digit in "19x" for size in (1, 13, 14)), [1], "1", None),
        8: texts,
        9: texts,
    }
    for at, values in fields.items():
        for value in values:
            row = [*[*good[0], *[None] * 7][: max(at, 2)], value]
            made.append(
                [1, NOW, NOW, [row if at > 1 else [*good[0][:at], value, *good[0][at + 1 :]]]]
            )
    made += [
        [*[value if n == at else 1 for n in range(3)], []] for at in range(3) for value in numbers
    ]
    made += [
        [1, 1, 1],
        [1, 1, 1, [], []],
        [1, 1, 1, {}],
        {},
        1,
        "x",
        [1, 1, 1, [None]],
        [1, 1, 1, [{}]],
    ]
    for number, whole in enumerate(made):
        data = cose.sign1(cbor.encode(whole), root.alg, root.kid, root.sign)
        answer: Any = "malformed"
        try:
            answer = listed(trust.decode(data, root.public, verifier))
        except Malformed:
            pass
        yield (
            {"do": "trust", "name": f"l{number}", "data": data.hex(), "root": root.public.hex()},
            answer,
        )


def _claims() -> Iterator[tuple[int, Any]]:
    """(key, value)"""
    for key in (0, 2, 4, 5, 9, 10, 15, 16, 63, 64):
        yield from ((key, value) for value in (*_INTEGERS, 253402300799, 253402300800))
    for key in (3, 6, 14):
        yield from ((key, bytes(size)) for size in (0, 15, 16, 17, 31, 32, 33, 64))
    for kind in range(4):
        yield from ((stub.CARRIER, [kind, bytes(size)]) for size in range(70))
    for code in range(70):
        yield stub.TOTALS, {code: 1}
    yield from ((stub.TOTALS, {41: 1, 10: value}) for value in (*_INTEGERS, None, "1", b"\x01"))
    yield from ((stub.PARTS, [value, bytes(16)]) for value in _INTEGERS)
    yield from ((stub.PARTS, [1, bytes(size)]) for size in (15, 17))
    yield from ((stub.SECTOR, [value, {1: 1}]) for value in (*_INTEGERS, "1"))
    for field in (0, -1, 2**64 - 1, -(2**64), "", "1", b"", b"1"):
        yield stub.SECTOR, [1, {0: 0, field: {}}]
    yield from ((stub.SECTOR, value) for value in ([1, {}, {}], [1], [1, []], [1, cbor.Tag(1, {})]))
    yield from ((stub.OPERATOR, value) for value in ("", *_CHARACTERS, *_LONG, b"x", 1))
    yield from ((stub.PRODUCT, [3, value]) for value in (*_CHARACTERS, "", *_LONG))
    for value in ("did:", "did:x", "did", "Did:x", "did:" + "x" * 251, "did:" + "x" * 252):
        yield stub.PRODUCT, [2, value]
    for value in (
        "https://a",
        "https://",
        "HTTPS://a",
        "Https://a",
        "ftp://a",
        "https://" + "x" * 247,
    ):
        yield from (
            (stub.PRODUCT, [1, value + more]) for more in ("", "x", "/é", "/%", "?", "#", "@")
        )
    for serial in (*_CHARACTERS, "", "x" * 20, "x" * 21, 1, b"x"):
        yield stub.PRODUCT, [0, _GTIN, serial]
        yield stub.PRODUCT, [0, _GTIN, serial, "x" * 20]
        yield stub.PRODUCT, [0, _GTIN, "x", serial]
    for digits in range(1, 17):
        for number in range(10**digits // 4 * 3, 10**digits // 4 * 3 + 10):
            yield stub.PRODUCT, [0, number, "A1"]
    yield from ((stub.PRODUCT, [0, number, "A1"]) for number in (*_INTEGERS, -31, "31"))
    for value in (
        [],
        [0],
        [0, _GTIN],
        [0, _GTIN, "A", "B", "C"],
        [3, "A", "B"],
        [4, "A"],
        [False, _GTIN, "A"],
    ):
        yield stub.PRODUCT, value


def _enveloped(payload: bytes) -> bytes:
    return cose.sign1(payload, cose.ED25519, bytes(8), lambda message: bytes(64))


def _signed(key: DeviceKey, claims: dict[int, Any]) -> bytes:
    said = {0: 1, 4: NOW, **claims}
    return stub.encode({k: v for k, v in said.items() if v is not None}, key.alg, key.kid, key.sign)
