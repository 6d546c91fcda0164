"""RAIN: the tag is taken away at every word of a commission and of an update, at any bit of it, and returned.

A stranger must then find the stub before or the stub after, valid; and the station that wrote it must finish it.
And what writing and reading back costs on the air, through the LLRP driver and a simulated reader.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, cast

from edge import epc, gen2, gen2chips, gs1, rainplan, userbank
from edge import stub as stubs
from gateway.journal import Journal
from gateway.keys import verifier
from gateway.model import Target
from gateway.readers.rain import RainReader
from gateway.readers.registry import open_reader
from gateway.stations import media, update, verify
from gateway.stations.commission import commission_one
from gateway.stations.orders import Order
from gateway.stations.post import Post
from gateway.stations.result import Result
from gateway.stations.station import Job, Station
from hwsim.air import PROFILES, AirClock, floor_us
from hwsim.gen2chips import by_name
from hwsim.gen2tag import RainTag, make
from hwsim.llrp_control import LlrpControl
from hwsim.llrp_faults import FAULTS
from hwsim.llrp_host import LlrpHost
from hwsim.llrp_reader import LlrpReader
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField
from tests.bench.passports import NOW, PRODUCT, SERIAL, Issuer
from tests.bench.size import Size, folder
from tests.bench.table import Row, progress
from tests.rain_port import FieldPort

_TWO_SLOTS = ("monzax8k", "fram4k")
_OTHERS = ("monzax2k", "monza4qt", "m730")  # one slot, a bare signature, the EPC alone
_IDLE_S = 5.0
_AWAY_S = 0.001
_SURE = 4
_STUB_BYTES = 300
_NEAR_DBM = -35.0
_MODE = PROFILES["m4-274"]  # what an R420 takes where nobody says otherwise
_CHIP = gen2chips.by_name("Monza X-8K")
_EPC = epc.sgtin_plus(PRODUCT[1], SERIAL).encode()


def rows(size: Size) -> Iterator[Row]:
    """Quick: one pattern a word; full: 16. Each word of each act, in two-slot chips and the others."""
    yield from asyncio.run(_air_time())
    patterns = size.of(1, 16)
    for chip in (*_TWO_SLOTS, *_OTHERS):
        with folder() as at:
            seen = asyncio.run(_campaign(at, chip, patterns, size.seed))
        name = by_name(chip).name
        if chip in _TWO_SLOTS:
            yield Row(
                f"{name}: removed at every word of an update, lost",
                seen["lost"],
                f"of {seen['updates']:,}",
                at_most=0,
                note=f"{patterns} patterns a word; the new stub was found {seen['new']:,} times, else the old one",
            )
        yield Row(
            f"{name}: torn, and not finished by the station",
            seen["left"],
            f"of {seen['updates'] + seen['commissions']:,}",
            at_most=0,
            note=f"{seen['commissions']:,} commissions, {seen['updates']:,} updates",
        )


async def _air_time() -> list[Row]:
    """A stub of 300 bytes onto a Monza X-8K, in virtual time.

    The floor of an update: 150 words written and read in one singulation; of the first write: all words that it takes.
    """
    chip, found = by_name("monzax8k"), []
    simulated = LlrpReader(RainField(AirClock(), RainFaults(1, FAULTS), fading_db=0.0), mode=_MODE)
    with LlrpHost([simulated], LlrpControl([simulated])) as host:
        host.do({"do": "arrive", "tag": chip.key, "rssi_dbm": _NEAR_DBM})
        reader = open_reader(f"llrp://127.0.0.1:{host.port}?antenna=1")
        assert isinstance(reader, RainReader)
        async with reader:
            target = await reader.target(_IDLE_S)
            assert target is not None
            issuer, before = Issuer(), b""
            for seq, about in ((0, "EPC and slots"), (1, "update")):
                stub = _of_size(issuer, seq, before, target.uid)
                image = (await reader.read(target, whole=True)).image
                assert isinstance(image, gen2.Image)
                layout = userbank.layout_of(image)
                if layout is None:
                    plan = rainplan.commission(_CHIP, image, _EPC, stub)
                else:
                    plan = rainplan.update(layout, image, 1, stub, seq)
                host.do({"do": "reset_stats"})
                await reader.write(plan)
                capture = await reader.read(target)
                stats = cast(dict[str, float], host.do({"do": "stats"})["stats"])
                seen = verify.look(capture, issuer.trust, verifier, NOW)
                if seen.stub is None or seen.stub.raw != stub or seen.verdict is None:
                    raise RuntimeError("what was read back is not what was written")
                written, read = int(stats["words_written"]), int(stats["words_read"])
                floor_ms = floor_us(_MODE, chip, *((150, 150) if seq else (written, read))) / 1e3
                found.append(
                    Row(
                        f"Monza X-8K: write + verify a stub of {len(stub)} bytes, {about}",
                        stats["air_ms"],
                        "ms",
                        limit=("air", floor_ms),
                        at_most=1.25 * floor_ms,
                        note=f"{written} words written, {read} read, by {_MODE.name}",
                    )
                )
                before = stub
    return found


def _of_size(issuer: Issuer, seq: int, before: bytes, uid: bytes) -> bytes:
    """The stub `seq` of the chain, 300 bytes long."""
    for length in range(1, 256):
        carrier = [stubs.RAIN, uid]
        made = issuer.stub(seq, before, uid, operator="x" * length, carrier=carrier)
        if len(made) == _STUB_BYTES:
            return made
    raise AssertionError("no stub has that size")


@dataclass
class _Bench:
    """One post at a field with at most one tag. tag: the one that is put there."""

    port: FieldPort
    post: Post
    random: Random
    tag: RainTag
    seen: Counter[str] = field(default_factory=Counter)
    is_torn: bool = False

    def commission(self) -> Job:
        """The job that puts the next product onto a new tag of the same chip."""
        self.tag = make(self.tag.chip, self.random)
        number = self.seen["products"] = self.seen["products"] + 1
        product = [*PRODUCT[:2], f"B{number}"]
        claims = {stubs.PRODUCT: product, stubs.DIGEST: bytes(32), stubs.TOTALS: {41: 310_500}}
        link = gs1.link("https://id.example.com", PRODUCT[1], f"B{number}")
        return partial(commission_one, order=Order(claims, link))

    def last(self) -> dict[str, Any]:
        """The result that was written last."""
        assert self.post.journal is not None
        return next(
            row.content() for row in reversed(self.post.journal.tail(9)) if row.kind == "result"
        )

    async def serve(self, post: Post, job: Job) -> Result:
        """Show the tag, serve it, and take it away for long enough."""
        self.port.tags.arrive(self.tag)
        station = Station(post, 0)
        result = await station.serve(job, _IDLE_S)
        self.port.tags.leave()
        await station.left()
        if result is None or await post.reader.target(_AWAY_S) is not None:
            raise RuntimeError("the bench's own tag was not served")
        return result

    async def torn(self, job: Job, word: int, mask: int) -> bool:
        """Do the job with the tag removed in the middle of its `word`; False where it has fewer words."""
        faults = self.port.tags.faults
        faults.add("tear", {"at": word, "bits": f"{mask:04x}"})
        result = await self.serve(self.post, job)
        faults.armed.clear()
        if result.outcome not in ("torn", "commissioned", "updated"):
            raise RuntimeError(f"the bench's own tag was answered with {result}")
        return result.outcome == "torn"

    async def finish(self) -> None:
        """Show the torn tag again: it must be repaired, and then verified green with its hints in order."""
        first = await self.serve(self.post, verify.verify_one)
        second = await self.serve(self.post, verify.verify_one)
        assert self.post.journal is not None
        done = (first.outcome, second.signal.colour) == ("repaired", "green")
        if not done or second.hints_torn or self.post.journal.open_intents():
            self.seen["left"] += 1

    async def look(self, old: bytes, new: bytes) -> None:
        """What one finds who knows nothing of the write."""
        stranger = Post(
            "gate", self.post.reader, None, self.post.trust, self.post.now, self.post.ticks
        )
        result = await self.serve(stranger, verify.verify_one)
        found = result.stub.raw if result.stub is not None else b""
        self.seen["new"] += found == new
        self.seen["lost"] += result.signal.colour != "green" or found not in (old, new)


async def _campaign(at: Path, chip: str, patterns: int, seed: int) -> Counter[str]:
    """What became of tags that were torn at each word of a commission, of a first update and of later ones."""
    random = Random(seed)
    async with _bench(at, chip, random) as bench:
        async for word, mask in _points(bench, patterns, random):
            bench.is_torn = await bench.torn(bench.commission(), word, mask)
            if bench.is_torn:
                bench.seen["commissions"] += 1
                await bench.finish()
            progress(f"{chip}: commission, word {word}")
        if bench.last()["profile"] in media.DETACHED:
            return bench.seen
        for is_first in (True, False):
            async for word, mask in _points(bench, patterns, random):
                if is_first:
                    await bench.serve(bench.post, bench.commission())
                await _update(bench, chip in _TWO_SLOTS, word, mask)
                progress(f"{chip}: update, word {word}")
        return bench.seen


async def _points(bench: _Bench, patterns: int, random: Random) -> AsyncIterator[tuple[int, int]]:
    """(word, mask) of each tear, until the act ended before `word` a few times: no two acts have as many words."""
    ended = 0
    for word in count(1):
        for mask in _masks(patterns, random):
            yield word, mask
            ended = 0 if bench.is_torn else ended + 1
            if ended == _SURE:
                return


async def _update(bench: _Bench, has_two_slots: bool, word: int, mask: int) -> None:
    old = bench.last().get("stub", b"")
    number = bench.seen["acts"] = bench.seen["acts"] + 1
    bench.is_torn = await bench.torn(_inspect(number), word, mask)
    if not bench.is_torn:
        return
    bench.seen["updates"] += 1
    if has_two_slots:
        assert bench.post.journal is not None
        await bench.look(old, bench.post.journal.open_intents()[0].content()["stub"])
    await bench.finish()


@asynccontextmanager
async def _bench(at: Path, chip: str, random: Random) -> AsyncIterator[_Bench]:
    issuer = Issuer()
    port = FieldPort(RainField(AirClock(), RainFaults(), fading_db=0.0), seen_at=NOW)
    reader = RainReader("bench", port, ticks=port.ticks, gather_s=0)
    async with reader, Journal(at / "journal.db") as journal:
        post = Post("bench", reader, journal, issuer.trust, lambda: NOW, port.ticks, issuer.key)
        yield _Bench(port, post, random, make(by_name(chip), random))


def _masks(patterns: int, random: Random) -> list[int]:
    """Which bits of the word reach their new value: any, then none, all, and any again."""
    return [random.getrandbits(16), 0, 0xFFFF, *(random.getrandbits(16) for _ in range(patterns))][
        :patterns
    ]


def _inspect(number: int) -> Job:
    async def job(post: Post, target: Target) -> Result:
        return await update.update_one(post, target, {stubs.STEP: 1 + number % 7})

    return job
