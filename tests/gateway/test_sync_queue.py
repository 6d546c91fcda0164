"""The uplink over a transport that keeps batches for the hub: sent is not confirmed, and receipts come later."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.journal import CONFIRMED, SENT, JournalFull
from gateway.sync.answer import Later
from gateway.sync.flight import Flight, Leg
from gateway.sync.patience import Patience
from gateway.sync.receipt import Receipt
from tests.sync_world import WINDOW, Gateway, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def begun(world: World, rows: int = 0, is_poison: bool = False) -> Gateway:
    gateway: Gateway = world.do(world.start(world.folder / "gateway.db"))
    if rows:
        world.do(world.append(gateway, rows, 0, is_poison))
    return gateway


def enqueue(world: World) -> None:
    while world.requests:
        world.do(world.enqueue(world.requests[0]))


def consume(world: World) -> None:
    while world.stream:
        world.do(world.consume(list(range(len(world.stream)))))
    while world.told:
        world.do(world.tell(0))


def cursors(gateway: Gateway) -> tuple[int, int]:
    return gateway.journal.cursor(SENT), gateway.journal.cursor(CONFIRMED)


def looks(world: World, count: int) -> None:
    for _ in range(count):
        world.do(world.pass_time())


def test_what_the_stream_took_is_sent_and_what_the_hub_holds_is_confirmed(world: World) -> None:
    gateway = begun(world, 100)
    assert cursors(gateway) == (0, 0)
    enqueue(world)
    assert cursors(gateway) == (100, 0)
    consume(world)
    assert cursors(gateway) == (100, 100)
    assert gateway.journal.cuts(0) == []


def test_a_window_of_batches_is_under_way_at_once(world: World) -> None:
    gateway = begun(world, 512 * 5)
    assert len(world.requests) == WINDOW
    world.do(world.enqueue(world.requests[1]))
    assert cursors(gateway) == (0, 0)
    assert [each.batch.first for each in world.requests] == [1, 1025, 1537]
    enqueue(world)
    world.do(world.consume([4, 2]))
    consume(world)
    assert cursors(gateway) == (2560, 2560)


def test_a_gateway_that_was_killed_does_not_send_again_what_was_sent(world: World) -> None:
    gateway = begun(world, 512 * 2)
    enqueue(world)
    world.do(world.append(gateway, 3, 0, False))
    world.do(world.kill(gateway))
    assert [each.batch.first for each in world.requests] == [1025]
    consume(world)
    assert cursors(gateway) == (1024, 1024)


def test_a_receipt_that_came_while_the_gateway_was_away_is_asked_for(world: World) -> None:
    gateway = begun(world, 5)
    enqueue(world)
    world.do(world.consume([0]))
    world.told.clear()
    assert cursors(gateway) == (5, 0)
    world.do(world.kill(gateway))
    assert cursors(gateway) == (5, 5)


def test_a_batch_that_the_stream_lost_is_sent_again_under_another_attempt(world: World) -> None:
    gateway = begun(world, 5)
    enqueue(world)
    world.stream.clear()  # and it remembers the message's id
    looks(world, 3)
    assert not world.requests
    assert gateway.uplink.trouble is None
    looks(world, 1)
    assert [each.attempt for each in world.requests] == [1]
    assert gateway.uplink.trouble == "the hub holds rows up to 0 only"
    enqueue(world)
    consume(world)
    assert cursors(gateway) == (5, 5)
    assert gateway.uplink.trouble is None


def test_after_a_stream_was_lost_ever_more_is_sent_again_as_it_helps(world: World) -> None:
    gateway = begun(world, 512 * 7)
    enqueue(world)
    world.stream.clear()
    looks(world, 4)
    sizes = []
    while cursors(gateway)[1] < 3584:
        sizes.append(len(world.requests))
        enqueue(world)
        consume(world)
    assert sizes == [1, 2, 3]  # of four, a window


def test_a_queue_that_is_only_slow_is_not_flooded(world: World) -> None:
    begun(world, 512 * 7)
    enqueue(world)
    for _ in range(50):
        looks(world, 1)
        enqueue(world)
    assert len(world.stream) <= 7 + 4


def test_of_batches_that_were_lost_in_between_these_alone_are_sent_again(world: World) -> None:
    gateway = begun(world, 512 * 5)
    enqueue(world)
    del world.stream[1], world.stream[2]  # the second and the fourth
    consume(world)
    assert cursors(gateway) == (2560, 512)
    looks(world, 4)
    assert [each.batch.first for each in world.requests] == [513, 1537]
    enqueue(world)
    consume(world)
    assert cursors(gateway) == (2560, 2560)


def test_a_row_that_a_consumer_refuses_is_found_by_halving_and_set_aside(world: World) -> None:
    gateway = begun(world, 9, is_poison=True)
    world.do(world.append(gateway, 9, 0, False))
    for _ in range(9):
        enqueue(world)
        consume(world)
    assert cursors(gateway) == (18, 18)
    assert gateway.journal.quarantined() == {9: "row 9 is not to our taste"}
    assert world.do(world.withheld()) == 1


def test_a_row_out_of_quarantine_is_replayed_whole(world: World) -> None:
    gateway = begun(world, 1, is_poison=True)
    for _ in range(2):
        enqueue(world)
        consume(world)
    assert cursors(gateway) == (1, 1)
    world.do(world.release())
    looks(world, 1)
    (replay,) = world.requests
    assert (replay.batch.key, replay.attempt > 1) == (f"{gateway.journal.id.hex()}/1-1", True)
    enqueue(world)
    consume(world)
    assert world.do(world.withheld()) == 0
    assert gateway.journal.quarantined() == {}


def test_a_replay_that_is_refused_again_goes_back_into_quarantine(world: World) -> None:
    gateway = begun(world, 2, is_poison=True)
    for _ in range(4):
        enqueue(world)
        consume(world)
    poison = set(world.poison)
    world.do(world.release())
    world.poison |= poison
    looks(world, 1)
    enqueue(world)
    assert gateway.journal.quarantined() == {}
    consume(world)
    assert gateway.journal.quarantined() == {2: "row 2 is not to our taste"}
    assert gateway.journal.replays() == []


def test_rows_that_are_dropped_before_they_were_sent_reach_the_hub_as_a_gap(
    world: World,
) -> None:
    gateway: Gateway = world.do(world.start(world.folder / "gateway.db", 1 << 20))
    world.do(world.append(gateway, 100, 1000, False, "presence"))
    (request,) = world.requests
    assert request.batch.last == 100
    world.do(world.settle(request, Later("down")))
    while not gateway.journal.dropped()["telemetry"]:
        world.do(world.append(gateway, 10, 1000, False, "presence"))
    looks(world, 1)
    while world.requests:
        enqueue(world)
        consume(world)
    head = gateway.journal.head()
    assert cursors(gateway) == (head, head)
    assert world.do(world.gaps()) == ["dropped"]
    assert set(world.do(world.held())) == world.stored()


def test_a_gateway_that_the_hub_refuses_says_so(world: World) -> None:
    gateway = begun(world, 1)
    refusal = Receipt(gateway.journal.id, 0, refused="gateway a was revoked")
    world.do(world.hear(gateway, refusal))
    assert gateway.uplink.trouble == "the hub refuses this gateway: gateway a was revoked"
    enqueue(world)
    looks(world, 1)
    enqueue(world)
    assert gateway.uplink.trouble == "the hub refuses this gateway: gateway a was revoked"
    consume(world)
    assert gateway.uplink.trouble is None
    assert gateway.journal.quarantined() == {}


def test_receipts_of_other_journals_and_old_ones_change_nothing(world: World) -> None:
    gateway = begun(world, 5)
    enqueue(world)
    consume(world)
    own = gateway.journal.id
    for receipt in (Receipt(bytes(16), 9), Receipt(own, 3), Receipt(own, 0)):
        world.do(world.hear(gateway, receipt))
    assert cursors(gateway) == (5, 5)
    assert gateway.uplink.trouble is None


def test_a_question_that_nobody_answers_is_said_and_nothing_is_sent_again(world: World) -> None:
    gateway = begun(world, 5)
    enqueue(world)
    world.deaf = 1000
    looks(world, 50)
    assert not world.requests
    assert gateway.uplink.trouble == "the hub says nothing: the network is away"


def test_a_journal_that_is_full_for_a_while_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_: object) -> None:
        raise JournalFull("the disk is full")

    gateway = begun(world)
    with monkeypatch.context() as disk:
        disk.setattr(gateway.journal, "cut", full)
        world.do(world.append(gateway, 5, 0, False))
        assert gateway.uplink.trouble == "the disk is full"
        looks(world, 3)
        assert not world.requests
    looks(world, 1)
    enqueue(world)
    consume(world)
    assert cursors(gateway) == (5, 5)
    assert gateway.uplink.trouble is None


def test_nothing_is_sent_while_it_is_not_known_what_the_hub_has_of_ours(world: World) -> None:
    gateway = begun(world, 5)
    enqueue(world)
    consume(world)
    world.deaf = 1000
    stranger = Receipt(gateway.journal.id, 9, hash=bytes(32))
    world.do(world.hear(gateway, stranger))
    world.do(world.append(gateway, 5, 0, False))
    looks(world, 3)
    assert not world.requests
    assert gateway.uplink.trouble == "the network is away"
    world.deaf = 0
    looks(world, 1)
    enqueue(world)
    consume(world)
    assert cursors(gateway) == (10, 10)
    assert len(gateway.journal.branches()) == 1  # the hub itself knew nothing of that


def test_who_waits_for_the_hub_hears_of_what_it_was_found_to_hold(world: World) -> None:
    gateway = begun(world, 5)
    enqueue(world)
    world.do(world.consume([0]))
    world.told.clear()  # the hub holds all five, and its receipt is lost

    async def waited_for() -> asyncio.Task[None]:
        return asyncio.create_task(gateway.uplink.acknowledged(5))

    waiting = world.do(waited_for())
    stranger = Receipt(gateway.journal.id, 9, hash=bytes(32))
    world.do(world.hear(gateway, stranger))
    assert cursors(gateway) == (5, 5)
    assert waiting.done()


def test_one_try_at_a_time_while_nothing_works(world: World) -> None:
    begun(world, 512 * 5)
    for request in list(world.requests):
        world.do(world.settle(request, Later("down")))
    looks(world, 1)
    assert len(world.requests) == 1
    world.do(world.settle(world.requests[0], Later("down")))
    looks(world, 1)
    world.do(world.enqueue(world.requests[0]))
    assert len(world.requests) == WINDOW


def test_legs_that_were_cut_before_a_restart_are_taken_up_without_a_hole() -> None:
    flight = Flight(10, [(9, 12), (13, 20), (22, 30)], sent=12)
    assert [leg.first for leg in flight.owed()] == [9]
    assert [leg.first for leg in flight.waiting] == [13]
    assert flight.end == 20
    assert flight.sent == 12


def test_sent_is_what_lies_before_the_first_that_is_not() -> None:
    flight = Flight(0)
    flight.add([(1, 4), (5, 8), (9, 12)])
    first, second = flight.start(), flight.start()
    flight.take(second)
    assert flight.sent == 0
    flight.take(first)
    assert flight.sent == 8
    flight.back(first)
    assert (flight.sent, first.attempt) == (0, 1)
    flight.confirm(8)
    assert [leg.first for leg in flight.waiting] == [9]
    assert flight.sent == 8


def test_patience_grows_while_nothing_helps() -> None:
    patience = Patience()
    assert patience.is_over(0, is_owed=False)  # the first look asks
    asked = [look for look in range(100) if patience.is_over(0, is_owed=True)]
    assert asked == [3, 9, 21, 45, 93]
    assert not patience.is_over(5, is_owed=True)
    assert [patience.is_over(5, is_owed=True) for _ in range(3)] == [False, False, True]


def test_an_uplink_that_has_nothing_to_do_asks_now_and_then() -> None:
    patience = Patience()
    asked = [look for look in range(200) if patience.is_over(7, is_owed=False)]
    assert asked == [0, 61, 122, 183]


def test_what_lies_below_what_the_hub_holds_is_lost_for_sure() -> None:
    legs = [Leg(1, 4), Leg(5, 8), Leg(9, 12)]
    assert Patience().suspect(legs, [(5, 6)]) == [legs[1]]
    patience = Patience()
    assert patience.suspect(legs, []) == [legs[0]]
    assert patience.confirmed(4) == legs[1:]
    assert patience.confirmed(12) == []
    patience.suspect(legs, [])
    assert patience.confirmed(8) == []  # more than was sent again: the queue was only slow
    assert patience.confirmed(12) == []
