"""RAIN tag memory for the tests of edge: as delivered, written, torn, and read the way a reader does."""

import random
from functools import cache
from hashlib import sha512

import tags

from edge import gen2, gen2chips, rain, stub, tid
from edge.gen2 import EPC_PLACE, PC_PLACE, TID, USER, Image, place

Plan = list[tuple[int, bytes]]

EPC = bytes.fromhex("3066c4409047e140075bcd15")  # SGTIN-96 of the Tag Data Standard 2.3, E.3
OTHER_EPC = bytes.fromhex("3066c4409047e140075bcd16")
LONG_EPC = bytes.fromhex("f73795211411234538566cb0afc4")  # SGTIN+, the same annex
SERIAL = bytes.fromhex("112233445566")


@cache
def tid_of(name: str) -> bytes:
    """The TID bank of a chip: an XTID with a serial of 48 bits, or 64 bits of serial where the chip has no XTID."""
    chip = gen2chips.by_name(name)
    model = chip.model if chip.model != gen2chips.NO_MODEL else 0x804
    short = (0xE2 << 24 | chip.mdid << 12 | model).to_bytes(4, "big")
    if chip.mdid == 0x003 and chip.model != 0x821:
        return short + SERIAL + b"\x77\x88"
    short = short[:1] + bytes((short[1] | 0x80,)) + short[2:]
    if chip.model != gen2chips.NO_MODEL:
        return short + b"\x20\x00" + SERIAL
    segments = bytes((0x19, 0xC0 | chip.epc_words)) + bytes(8)
    segments += chip.permalock_block_words.to_bytes(2, "big") + chip.user_words.to_bytes(2, "big")
    return short + b"\x3c\x00" + SERIAL + segments


def delivered(name: str) -> Image:
    """The whole memory of a chip as it leaves the factory: an EPC of no scheme, an empty USER bank."""
    chip = gen2chips.by_name(name)
    memory = Image()
    memory.put(place(TID, 0), tid_of(name))
    memory.put(place(gen2.EPC, 0), bytes(4 + 2 * chip.epc_words))
    memory.put(PC_PLACE, b"\x30\x00" + tid_of(name)[:12])
    memory.put(place(USER, 0), bytes(2 * chip.user_words))
    return memory


@cache
def signed(seq: int, size: int = 0, salt: int = 0, name: str = "monza x-8k") -> bytes:
    """A stub with this seq for the chip's tag, of `size` bytes where that is enough, with a hash for a signature."""
    id = tid.identity(tid_of(name))
    like = stub.decode(tags.signed(seq, size + len(tags.UID) - len(id), salt))
    claims = like.claims | {stub.CARRIER: [stub.RAIN, id]}
    return stub.encode(claims, -19, tags.KID, lambda message: sha512(message).digest())


def write(memory: Image, plan: Plan) -> Image:
    """The memory after a plan."""
    after = memory.copy()
    for at, data in plan:
        after.put(at, data)
    return after


def steps(plan: Plan) -> Plan:
    """The plan word by word, as a tag sees it."""
    return [(at + n, data[2 * n : 2 * n + 2]) for at, data in plan for n in range(len(data) // 2)]


def tear(memory: Image, plan: Plan, done: int, garbage: random.Random) -> Image:
    """The memory after `done` words of the plan, the next one being anything."""
    words = steps(plan)
    after = write(memory, words[:done])
    if done < len(words):
        after.put(words[done][0], garbage.randbytes(2))
    return after


def read(memory: Image, whole: bool = False) -> tuple[Image, Plan]:
    """What a reader sees from the sighting on, and the reads that it took; one past the end of a bank fails."""
    seen, reads = Image(), []
    seen.put(place(TID, 0), memory.get(place(TID, 0), 6))
    seen.put(PC_PLACE, memory.get(PC_PLACE, 1))
    seen.put(EPC_PLACE, memory.epc)
    while more := rain.next_read(seen, whole):
        assert more[1] > 0, f"a read of nothing: {more}"
        assert not seen.has(more[0], 1), f"place {more[0]:#x} is read twice"
        reads.append(more)
        seen.put(more[0], memory.get(*more))
    return seen, reads


def look(memory: Image, whole: bool = False) -> rain.Carrier:
    """What the tag carries, by the reads that its content asks for."""
    seen = read(memory, whole)[0]
    return rain.carrier(seen, tid.identity(seen.tid))
