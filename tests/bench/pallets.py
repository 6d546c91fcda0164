"""A pallet of 500 tags, of which the inventory round brought the words: judged, and durable in the journal."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from edge import epc as epcs
from edge import gen2, gen2chips, rainplan, stub
from gateway.journal import Journal
from gateway.model import Sighting
from gateway.stations.dock import judged_at_once, recorded
from gateway.stations.pallet import Advice, Pallet
from gateway.stations.post import Post
from gateway.stations.window import Passage
from tests.bench.passports import NOW, PRODUCT, Issuer
from tests.bench.size import folder
from tests.bench.table import Row

_TAGS = 500
_WORDS = 128  # of the USER bank, in the same round
_TID = bytes.fromhex("e2c011502000")  # of a Monza X-8K, without its serial
_ROUNDS = 3


def rows() -> Iterator[Row]:
    """One row: from the last sighting to the answer."""
    issuer = Issuer()
    tags = tuple(_tag(issuer, number) for number in range(1, _TAGS + 1))
    with folder() as at:
        took = min(asyncio.run(_verified(at / f"{n}.db", issuer, tags)) for n in range(_ROUNDS))
    yield Row(
        f"a pallet of {_TAGS} signed tags: judged against its advice, and durable",
        took * 1e3,
        "ms",
        note=f"{took / _TAGS * 1e6:.0f} us a tag: the words parsed, Ed25519 verified, one row each, one commit",
    )


async def _verified(path: Path, issuer: Issuer, tags: tuple[Sighting, ...]) -> float:
    async with Journal(path) as journal:
        post = Post("dock", None, journal, issuer.trust, lambda: NOW, time.perf_counter, issuer.key)
        started = time.perf_counter()
        items = tuple(await judged_at_once(post, tags))
        advice = Advice(frozenset(item.name for item in items))
        passage = Passage("tags", "idle", NOW - 3.0, NOW, tags)
        answer = await recorded(post, Pallet(items, passage, advice), started)
        took = time.perf_counter() - started
    if answer.pallet.count("green") != _TAGS or answer.summary.signal.colour != "green":
        raise RuntimeError(f"the bench's own pallet: {answer.summary.signal.sentence}")
    return took


def _tag(issuer: Issuer, number: int) -> Sighting:
    """A tag as commissioned, with what the round read of it."""
    tid = _TID + number.to_bytes(6, "big")
    product = [stub.GS1, PRODUCT[1], str(number)]
    signed = issuer.stub(0, uid=tid, product=product, carrier=[stub.RAIN, tid])
    epc = epcs.sgtin96(PRODUCT[1], str(number), 7).encode()
    image = gen2.Image()
    for place, data in rainplan.commission(gen2chips.by_name("Monza X-8K"), image, epc, signed):
        image.put(place, data)
    user = image.run(gen2.place(gen2.USER, 0))[: 2 * _WORDS]
    return Sighting(epc, tid, 1, -50.0, NOW, user=user)
