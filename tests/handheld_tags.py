"""A day's tags for a handheld: genuine, torn, foreign, cloned and revoked NTAG215s; and whose keys count."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nacl.signing import SigningKey

from edge import chips, cose, plan, stub, trust
from edge.trust import Entry, TrustList
from edge.type2 import Image

CHIP = chips.by_name("ntag215")
LINK = "https://id.example.com/01/09520123456788/21/"
NOW = 1_790_000_000
YEAR_S = 31_536_000

COLOURS = {
    "genuine": "green",
    "torn": "green",
    "foreign": "amber",  # no passport
    "cloned": "red",
    "revoked": "red",
}
"""Kind of tag -> the colour of what is written down of it."""

ROOT = SigningKey(b"the offline root's seed, no secret"[:32])
ISSUER = SigningKey(b"the issuer's seed, which is public"[:32])
STOLEN = SigningKey(b"a seed that somebody has stolen.."[:32])


@dataclass(frozen=True)
class Tag:
    """One tag: its 7-byte UID, its memory, and what it is (a key of COLOURS)."""

    uid: bytes
    memory: bytes
    kind: str


def trust_list(*handhelds: bytes, number: int = 1) -> bytes:
    """The signed list: the issuer's key, one that was revoked, and the public keys of handhelds that may sign."""
    entries = [
        Entry(kid(ISSUER), public(ISSUER), "the maker"),
        Entry(kid(STOLEN), public(STOLEN), "a thief", revoked_since=NOW - 1000),
        *[Entry(cose.kid(key), key, "the repair shop") for key in handhelds],
    ]
    issued = TrustList(number, NOW - 10_000, NOW + 50 * YEAR_S, tuple(entries))
    return trust.encode(issued, -19, kid(ROOT), sign(ROOT))


def day(count: int) -> Iterator[Tag]:
    """So many tags: of ten, six are genuine, and one each of the other kinds."""
    for number in range(count):
        kind = {3: "torn", 5: "foreign", 7: "cloned", 9: "revoked"}.get(number % 10, "genuine")
        yield tag(number, kind)


def tag(number: int, kind: str = "genuine") -> Tag:
    """The tag with this number; kind: a key of COLOURS."""
    uid = b"\x04" + number.to_bytes(6, "big")
    blank = delivered(uid)
    link = f"{LINK}A{number}"
    if kind == "foreign":
        done = plan.link_only(CHIP, blank, "https://shop.example.org/")
        return Tag(uid, memory(written(blank, done)), kind)
    key = STOLEN if kind == "revoked" else ISSUER
    bound = b"\x04\xee" + uid[2:] if kind == "cloned" else uid
    first = signed(key, number, bound, 0)
    image = written(blank, plan.commission(CHIP, blank, link, first))
    if kind == "torn":
        layout = stub_layout(image)
        second = signed(key, number, bound, 1, first)
        todo = plan.update(layout, image, 1, second, 1)
        image = written(image, todo[: 1 + number % (len(todo) - 1)])
    return Tag(uid, memory(image), kind)


def signed(key: SigningKey, number: int, uid: bytes, seq: int, before: bytes = b"") -> bytes:
    """The stub of product `number` on the tag `uid`."""
    claims: dict[int, object] = {
        stub.VERSION: 1,
        stub.PRODUCT: [0, 9520123456788, f"A{number}"],
        stub.ISSUED_AT: NOW + seq,
        stub.SEQ: seq,
        stub.CARRIER: [stub.NFC, uid],
        stub.TOTALS: {10: 1200, 41: 5300},
    }
    if before:
        claims[stub.PREV] = stub.link16(before)
    return stub.encode(claims, cose.ED25519, kid(key), sign(key))


def delivered(uid: bytes) -> Image:
    """The whole memory of an NTAG215 as it leaves the factory."""
    check_0 = 0x88 ^ uid[0] ^ uid[1] ^ uid[2]
    check_1 = uid[3] ^ uid[4] ^ uid[5] ^ uid[6]
    head = uid[:3] + bytes((check_0,)) + uid[3:] + bytes((check_1, 0x48, 0, 0))
    image = Image(head + CHIP.cc + CHIP.factory)
    image.put(6, bytes(4 * (CHIP.pages - 6)))
    return image


def written(image: Image, done: "plan.Plan") -> Image:
    """The memory after these page writes."""
    after = image.copy()
    for page, data in done:
        after.put(page, data)
    return after


def memory(image: Image) -> bytes:
    return image.get(0, CHIP.pages)


def stub_layout(image: Image) -> "plan.slots.Layout":
    layout = plan.slots.layout_of(image)
    assert layout is not None
    return layout


def public(key: SigningKey) -> bytes:
    return bytes(key.verify_key)


def kid(key: SigningKey) -> bytes:
    return cose.kid(public(key))


def sign(key: SigningKey) -> Callable[[bytes], bytes]:
    return lambda data: bytes(key.sign(data).signature)
