"""Tag memory for the tests of edge: as delivered, written, torn, and read the way a reader does."""

import hashlib
from functools import cache

from edge import carrier, chips, stub, type2
from edge.type2 import Image

Plan = list[tuple[int, bytes]]

UID = bytes.fromhex("04a1b2c3d4e5f6")
LINK = "https://id.example.com/01/09520123456788/21/A1B2C3D4E5"
KID = b"\x01\x02\x03\x04\x05\x06\x07\x08"


def delivered(name: str) -> Image:
    """The whole memory of a chip as it leaves the factory; Ultralight EV1 has no CC then."""
    chip = chips.by_name(name)
    head = UID[:3] + b"\x9f" + UID[3:] + b"\x44\x48\x00\x00"
    cc = bytes(4) if chip.version[2] == 3 else chip.cc
    memory = Image(head + cc + chip.factory)
    memory.put(6, bytes(4 * (chip.pages - 6)))
    return memory


def link(length: int) -> str:
    """An https link of so many characters."""
    return LINK[:44].ljust(length, "x")[:length]


@cache
def signed(seq: int, size: int = 0, salt: int = 0) -> bytes:
    """A stub with this seq, of `size` bytes where that is enough; its signature is a hash, no signature."""
    claims = {
        stub.VERSION: 1,
        stub.PRODUCT: [0, 9520123456788, "A1"],
        stub.ISSUED_AT: 1790000000 + salt,
        stub.SEQ: seq,
        stub.CARRIER: [1, UID],
    }
    if seq:
        claims[stub.PREV] = hashlib.sha256(bytes((salt & 0xFF,))).digest()[:16]
    for lacking in range(size - stub.size(claims)):
        filled = claims | {16: b"x" * lacking}  # claim 16 is kept though unknown
        if stub.size(filled) >= size:
            claims = filled
            break
    return stub.encode(claims, -19, KID, lambda message: hashlib.sha512(message).digest())


def write(memory: Image, plan: Plan) -> Image:
    """The memory after a plan; pages 2 and 3 only gain bits, as on the chip."""
    after = memory.copy()
    for page, data in plan:
        if page in (2, 3):
            data = bytes(old | new for old, new in zip(memory.get(page, 1), data, strict=True))
        after.put(page, data)
    return after


def tear(memory: Image, plan: Plan, done: int, mask: int) -> Image:
    """The memory after `done` writes, where of the next page only the bits in the 32-bit `mask` have changed."""
    after = write(memory, plan[:done])
    if done < len(plan):
        page, data = plan[done]
        old, new = (int.from_bytes(part, "big") for part in (after.get(page, 1), data))
        after.put(page, (old & ~mask | new & mask).to_bytes(4, "big"))
    return after


def read(memory: Image, whole: bool = False) -> tuple[Image, list[tuple[int, int]]]:
    """What a reader sees, and the reads that it took; a read past the end of the memory is cut short."""
    last = memory.pages()[-1]
    seen, reads = Image(), []
    while more := carrier.next_read(seen, whole):
        first, count = more
        count = min(count, last + 1 - first)
        assert count > 0 and first >= 0, f"a read of nothing: {more}"
        assert not seen.has(first, 1), f"page {first} is read twice"
        reads.append((first, count))
        seen.put(first, memory.get(first, count))
    return seen, reads


def look(memory: Image, whole: bool = False) -> carrier.Carrier:
    """What the tag carries, by the reads that its content asks for."""
    return carrier.carrier(read(memory, whole)[0], UID)


def pages_of(image: type2.Image) -> bytes:
    """All bytes of a memory that is held whole."""
    return image.get(0, len(image.pages()))
