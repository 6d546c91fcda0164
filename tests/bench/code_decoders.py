"""The decoders of codes: what a camera or scanner read."""

from random import Random

from edge import codes, elements, mh10, printed, weblink
from edge.errors import Malformed
from gateway.optics import elements as wide
from tests.bench import mutations
from tests.bench.decoder import Broken, Decoder
from tests.bench.passports import LINK

_AIMS = ("", "", "]Q1", "]Q3", "]d1", "]d2", "]C1", "]E0", "]E3", "]E4", "]I1")
_PRODUCT = [0, 9520123456788, "A1"]
_STRINGS = [
    b"01095201234567881726112210LOT7\x1d21A1",
    b"\x1d0010614141234567890802095201234567883725\x1d10ABC123",
    b"800300614141123452400\x1d806610414\x1d4140614141123452254400\x1d3103000195",
    b"0109520123456788\x1d70401ABC\x1d3922100\x1d4309180000000010000000\x1d8013123456ABXX",
]
_MESSAGES = [
    b"[)>\x1e06\x1d25SUN123456789PA12345\x1d4LUS\x1d16D20131108\x1e05\x1d13131108\x1e\x04",
    b"[)>\x1e12\x1dMFR 0CVA5\x1dPNO 1234\x1dSER 786950\x1e\x04",
    b"[)>\x1e06\x1d17V0CVA5\x1d1P1234\x1dS786950\x1e\x04",
]
_LINKS = [
    LINK.encode(),
    b"https://id.example.com:443/some/path/01/09520123456788/10/B%2F1/21/A1?17=261122&99=X#part",
    b"HTTPS://xn--exmple-4nf.com/p/1?x=%20",
    b"http://[2001:db8::1]/00/952012345678912345?02=09520123456788&37=25",
]
_TEXTS = [b"9520123456788", b"]E09520123456788", "Gr\u00f6\u00dfe 42".encode()]


def decoders(stub: bytes) -> list[Decoder]:
    """All of them; stub: one that is signed."""
    labels = [printed.join(LINK, stub, form).encode() for form in printed.FORMS]
    whole = [*_STRINGS, *_MESSAGES, *_LINKS, *_TEXTS, *labels]
    return [
        Decoder("element strings", _elements, (Malformed,), _STRINGS, _elements_input),
        Decoder("ISO 15434 messages", _message, (Malformed,), _MESSAGES),
        Decoder("web links", _web_link, (Malformed,), _LINKS, mutations.text),
        Decoder("printed stubs", _printed, (Malformed,), labels, mutations.text),
        Decoder("codes", _code, (), [*whole, bytes(9000)]),
        Decoder("codes, by the wide dictionary", _wide, (), whole, _elements_input, share=0.3),
    ]


def _elements(data: bytes) -> None:
    pairs = elements.parse(data)
    if elements.parse(elements.encode(pairs)) != pairs:
        raise Broken("accepted elements are written otherwise")


def _elements_input(examples: list[bytes], random: Random) -> bytes:
    """Changed anywhere; or AIs of edge's table and others, with values that nearly fit."""
    if random.getrandbits(1):
        return mutations.changed(examples, random)
    made = bytearray()
    for _ in range(random.randrange(1, 6)):
        made += (
            str(random.choice((random.randrange(100), random.randrange(10_000)))).zfill(2).encode()
        )
        kind = random.choice((b"0123456789", b"0123456789AZaz/-_%", b"\x1d #\xff"))
        made += bytes(random.choices(kind, k=random.choice((0, 2, 6, 13, 14, 18, 20, 31, 91))))
        made += random.choice((b"", b"\x1d"))
    return bytes(made)


def _message(data: bytes) -> None:
    found = mh10.parse(data)
    found.unique()
    for format, items in found.parts:
        if mh10.parse(mh10.encode(format, items)).items != items:
            raise Broken("an accepted message is written otherwise")


def _web_link(data: bytes) -> None:
    text = _text(data)
    said = weblink.faults(text, ("id.example.com",), 2, _PRODUCT)
    weblink.faults(text, (), 1, [1, text])
    found = weblink.parse(text)
    if not said and (found.scheme, found.host) != ("https", "id.example.com"):
        raise Broken("a link to elsewhere has no fault")


def _printed(data: bytes) -> None:
    text = _text(data)
    link, stub = printed.split(text)
    if stub is not None and text not in [printed.join(link, stub, form) for form in printed.FORMS]:
        raise Broken("an accepted fragment is spelled otherwise")


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as why:  # a code's bytes have been looked at before
        raise Malformed(str(why)) from why


def _code(data: bytes) -> None:
    _check(codes.understand(_aim(data), data))


def _wide(data: bytes) -> None:
    _check(wide.understand(_aim(data), data))


def _aim(data: bytes) -> str:
    return _AIMS[sum(data) % len(_AIMS)]


def _check(code: codes.Code) -> None:
    codes.names(code, _PRODUCT)
    codes.names(code, [1, LINK])
    if (
        (code.form == codes.BINARY or code.text is None)
        and code.product
        and code.form == codes.LINK
    ):
        raise Broken("a link that cannot be shown names a product")
    if code.form == codes.BINARY and not code.fault:
        raise Broken("what is not understood is refused")
    if (
        code.product is not None
        and code.product[0] == 0
        and codes.names(code, code.product) is False
    ):
        raise Broken("it does not name what it names")
