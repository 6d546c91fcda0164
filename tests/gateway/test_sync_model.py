"""A model of sync: whatever network, hub and gateways do, an acknowledged row is at the hub exactly once.

Two at a time of these three: a hub that lost its data, copies of a journal, rows given back. With all three, what one
copy has to report as a gap hides the rows that another one still has.
"""

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.sync.answer import Answer, Later, judge
from tests.sync_world import Gateway, Request, World

MEMORY = Path("/dev/shm")  # where fsync costs nothing
CAMPAIGN = os.environ.get("TAGWRIGHT_SYNC_EXAMPLES")  # so many, other ones each time
MOST_GATEWAYS = 3
MOST_ROUNDS = 400

ANY = st.integers(0, 1 << 16)


class Sync(RuleBasedStateMachine):
    """The rules pick by numbers, modulo what there is."""

    def __init__(self) -> None:
        super().__init__()
        memory = str(MEMORY) if MEMORY.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(dir=memory))
        self.world = World(self.folder)
        self.has_restored = self.has_trimmed = False

    @initialize()
    def begin(self) -> None:
        self.world.do(self.world.start(self.folder / "gateway0.db"))

    def gateway(self, pick: int) -> Gateway:
        return self.world.gateways[pick % len(self.world.gateways)]

    def request(self, pick: int) -> Request:
        return self.world.requests[pick % len(self.world.requests)]

    @rule(
        pick=ANY,
        count=st.sampled_from([1, 1, 2, 5, 70, 600]),
        size=st.sampled_from([0, 0, 200_000]),
        is_poison=st.sampled_from([False, False, False, True]),
    )
    def append(self, pick: int, count: int, size: int, is_poison: bool) -> None:
        world = self.world
        world.do(
            world.append(self.gateway(pick), min(count, 5) if size else count, size, is_poison)
        )

    @precondition(lambda self: self.world.requests)
    @rule(pick=ANY)
    def deliver(self, pick: int) -> None:
        async def act() -> None:
            request = self.request(pick)
            request.answer.set_result(await self.world.answer(request.batch))

        self.world.do(act())

    @precondition(lambda self: self.world.requests)
    @rule(pick=ANY)
    def lose_the_request(self, pick: int) -> None:
        self.world.do(self.world.settle(self.request(pick), Later("lost")))

    @precondition(lambda self: self.world.requests)
    @rule(pick=ANY)
    def lose_the_answer(self, pick: int) -> None:
        async def act() -> None:
            request = self.request(pick)
            await self.world.answer(request.batch)
            request.answer.set_result(Later("lost"))

        self.world.do(act())

    @precondition(lambda self: self.world.requests)
    @rule(pick=ANY)
    def duplicate(self, pick: int) -> None:
        self.world.strays.append(self.request(pick).batch)

    @precondition(lambda self: self.world.strays)
    @rule(pick=ANY)
    def deliver_a_stray_copy(self, pick: int) -> None:
        strays = self.world.strays
        self.world.do(self.world.answer(strays.pop(pick % len(strays))))

    @precondition(lambda self: self.world.requests)
    @rule(pick=ANY)
    def find_it_too_large(self, pick: int) -> None:
        request = self.request(pick)
        step = judge(request.batch, Answer(413, b"")) if len(request.batch) > 1 else Later("odd")
        self.world.do(self.world.settle(request, step))

    @precondition(lambda self: self.world.requests)
    @rule(pick=ANY)
    def enqueue(self, pick: int) -> None:
        self.world.do(self.world.enqueue(self.request(pick)))

    @precondition(lambda self: self.world.stream)
    @rule(picks=st.lists(ANY, min_size=1, max_size=4))
    def consume(self, picks: list[int]) -> None:
        places = [pick % len(self.world.stream) for pick in picks]
        self.world.do(self.world.consume(places))

    @precondition(lambda self: self.world.told)
    @rule(pick=ANY, is_lost=st.booleans())
    def tell(self, pick: int, is_lost: bool) -> None:
        place = pick % len(self.world.told)
        if is_lost:
            self.world.told.pop(place)
        else:
            self.world.do(self.world.tell(place))

    @precondition(lambda self: self.world.stream)
    @rule()
    def lose_the_stream(self) -> None:
        self.world.do(self.world.lose_stream())

    @rule()
    def pass_time(self) -> None:
        self.world.do(self.world.pass_time())

    @precondition(lambda self: self.world.acknowledged)
    @rule(questions=st.integers(1, 3))
    def go_deaf(self, questions: int) -> None:
        self.world.deaf = questions

    @precondition(lambda self: self.world.stream or self.world.requests)
    @rule(when=st.sampled_from(["before", "after"]))
    def crash_the_hub(self, when: str) -> None:
        self.world.do(self.world.crash(when))

    @rule(pick=ANY)
    def kill(self, pick: int) -> None:
        self.world.do(self.world.kill(self.gateway(pick)))

    @precondition(
        lambda self: (
            len(self.world.gateways) < MOST_GATEWAYS
            and not (self.has_restored and self.has_trimmed)
        )
    )
    @rule(pick=ANY)
    def clone(self, pick: int) -> None:
        self.world.do(self.world.clone(self.gateway(pick)))

    @precondition(lambda self: not self.has_restored or len(self.world.gateways) == 1)
    @rule(pick=ANY)
    def trim(self, pick: int) -> None:
        self.world.do(self.world.trim(self.gateway(pick)))
        self.has_trimmed = True

    @precondition(lambda self: self.world.poison)
    @rule()
    def release(self) -> None:
        self.world.do(self.world.release())

    @precondition(lambda self: self.world.acknowledged)
    @rule()
    def back_up_the_hub(self) -> None:
        self.world.do(self.world.back_up())

    @precondition(lambda self: not self.has_trimmed or len(self.world.gateways) == 1)
    @rule()
    def restore_the_hub(self) -> None:
        self.world.do(self.world.restore())
        self.has_restored = True

    @invariant()
    def what_is_confirmed_is_held_and_nothing_is_held_twice(self) -> None:
        if self.world.gateways:
            held = Counter(self.world.do(self.world.held()))
            assert not [hash for hash, times in held.items() if times > 1]
            if not self.has_restored:
                assert self.world.confirmed() <= set(held)

    def teardown(self) -> None:
        try:
            if self.world.gateways:
                self.heal()
        finally:
            self.world.close()
            shutil.rmtree(self.folder)

    def heal(self) -> None:
        """From now on everything works: all that was acknowledged arrives."""
        world = self.world
        world.deaf = 0
        world.do(world.release())
        while (
            world.told
        ):  # what the hub said before it lost its data is believed until the next question
            world.do(world.tell(0))
        for gateway in world.gateways if self.has_restored else []:
            world.do(world.kill(gateway))  # at its start it asks; later on now and then
        world.do(world.pass_time())
        for _ in range(MOST_ROUNDS):
            while world.stream:
                world.do(world.consume(list(range(len(world.stream)))))
            while world.told:
                world.do(world.tell(0))
            while world.requests:
                self.deliver(0)
            if not world.unconfirmed():
                if not world.set_aside():
                    break
                world.do(world.release())  # a refusal of before was still on its way
            world.do(world.pass_time())
        assert not world.unconfirmed(), [g.uplink.trouble for g in world.gateways]
        held = Counter(world.do(world.held()))
        assert set(held.values()) <= {1}
        missing = set(world.acknowledged) - set(held)
        gaps = world.do(world.gaps())
        if self.has_restored:  # what the hub lost and nobody has any more stands in gaps
            assert not missing & world.stored()
            assert set(gaps) <= {"trimmed"}
        else:
            assert not missing
            assert gaps == []
        assert world.do(world.withheld()) == 0


TestSync = Sync.TestCase
TestSync.settings = settings(
    max_examples=int(CAMPAIGN or 20),
    derandomize=CAMPAIGN is None,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
