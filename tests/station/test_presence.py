"""Presence: scripted sightings in, movements out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import PresenceConfig
from gateway.model import Sighting
from gateway.stations.presence import Movement, Presence
from gateway.stations.zones import Zones

EPC = bytes.fromhex("3034257bf400b7800004cb2f")
OTHER_EPC = bytes.fromhex("3034257bf400b7800004cb30")
TID = bytes.fromhex("e280119120006867a9e80329")  # XTID, serial of 48 bits
OTHER_TID = bytes.fromhex("e280119120006867a9e8032a")
NO_SERIAL = bytes.fromhex("e2001234")
T0 = 1_790_000_000.0
DOCK, GATE = 1, 2
RULES = PresenceConfig(zones={"1": "dock", "2": "gate"})


def presence(rules: PresenceConfig = RULES, **more: int) -> Presence:
    return Presence({"north": rules}, **more)


def rules(**changed: object) -> PresenceConfig:
    return RULES.model_copy(update=changed)


def seen(
    at: float, antenna: int = DOCK, rssi: float = -50.0, epc: bytes = EPC, tid: bytes = TID
) -> Sighting:
    return Sighting(epc, tid, antenna, rssi, T0 + at)


def acts(moved: list[Movement]) -> list[tuple[str, str, str]]:
    return [(each.act, each.before, each.zone) for each in moved]


def play(floor: Presence, *sightings: Sighting) -> list[Movement]:
    return [moved for each in sightings for moved in floor.sight("north", each)]


def test_a_tag_arrives_once_and_departs_when_it_was_unseen_for_long() -> None:
    floor = presence()
    (arrived,) = play(floor, seen(0), seen(1), seen(2))
    assert (arrived.act, arrived.zone, arrived.identity, arrived.epc) == (
        "arrived",
        "dock",
        TID,
        EPC,
    )
    assert (arrived.reader, arrived.antenna, arrived.rssi_dbm) == ("north", 1, -50.0)
    assert arrived.away_s is None
    assert floor.tick(T0 + 32) == []
    assert floor.counts() == {"dock": 1, "gate": 0}
    (left,) = floor.tick(T0 + 32.5)
    assert (left.act, left.zone, left.reason) == ("departed", "dock", "unseen")
    assert (left.seen_at, left.reads) == (T0 + 2, 3)
    assert floor.counts() == {"dock": 0, "gate": 0}


def test_a_tag_that_comes_back_tells_how_long_it_was_away() -> None:
    floor = presence()
    play(floor, seen(0))
    floor.tick(T0 + 31)
    (back,) = play(floor, seen(100))
    assert (back.act, back.away_s, back.reads) == ("arrived", 100.0, 1)


def test_a_tag_that_aged_out_comes_as_a_new_one() -> None:
    floor = presence(rules(age_out_s=60.0))
    play(floor, seen(0))
    floor.tick(T0 + 31)
    assert len(floor) == 1
    floor.tick(T0 + 61)
    assert len(floor) == 0
    (back,) = play(floor, seen(100))
    assert back.away_s is None


def test_a_tag_moves_only_where_it_is_heard_better_by_the_offset_for_the_hold_off() -> None:
    floor = presence()
    play(floor, seen(0))
    for n in range(1, 30):
        assert play(floor, seen(n / 5), seen(n / 5 + 0.1, GATE, -45.0)) == []  # 5 dB better
    floor = presence()
    play(floor, seen(0))
    assert play(floor, seen(0.1, GATE, -40.0), seen(0.5, GATE, -40.0)) == []
    (moved,) = play(floor, seen(0.61, GATE, -40.0))
    assert (moved.act, moved.before, moved.zone, moved.antenna) == ("moved", "dock", "gate", GATE)
    assert floor.zone_of(TID) == "gate"


def test_a_claim_begins_anew_when_the_own_zone_hears_the_tag_better_again() -> None:
    floor = presence(rules(smooth_s=0.001))
    play(floor, seen(0), seen(0.1, GATE, -40.0))
    assert play(floor, seen(0.4, DOCK, -40.0), seen(0.65, GATE, -40.0)) == []
    play(floor, seen(0.8, DOCK, -50.0))
    assert play(floor, seen(0.9, GATE, -40.0), seen(1.3, GATE, -40.0)) == []
    assert acts(play(floor, seen(1.5, GATE, -40.0))) == [("moved", "dock", "gate")]


def test_a_stray_strong_read_moves_nothing() -> None:
    floor = presence()
    play(floor, seen(0))
    moved = [
        each
        for n in range(1, 100)
        for each in play(floor, seen(n / 5), seen(n / 5 + 0.1, GATE, -20.0 if n % 20 == 0 else -60))
    ]
    assert moved == []


def test_two_zones_between_which_a_tag_stands_do_not_flap() -> None:
    floor = presence()
    play(floor, seen(0))
    moved = [
        each
        for n in range(1, 500)
        for each in play(floor, seen(n / 5), seen(n / 5 + 0.1, GATE, -50.0 + 4 * (n % 3 - 1)))
    ]
    assert moved == []


def test_a_zone_that_hears_the_tag_no_more_fades() -> None:
    floor = presence()
    play(floor, seen(0))  # -50 at the dock, and never heard there again
    weak = [seen(n / 2, GATE, -62.0) for n in range(1, 40)]
    (moved,) = play(floor, *weak)
    assert moved.act == "moved"
    assert moved.at - T0 == 5.0  # 12 dB weaker + 6 dB offset = 18 dB at 4 dB/s, and the hold-off


def test_two_better_zones_do_not_hold_each_other_up() -> None:
    floor = Presence({"north": PresenceConfig()})
    play(floor, seen(0, 1, -70.0))
    both = [seen(0.2 + n / 10, 2 + n % 2, -50.0 + n % 2) for n in range(8)]
    assert acts(play(floor, *both))[0][:2] == ("moved", "north/1")


def test_reads_below_the_floor_make_nothing_arrive_but_keep_what_is_there() -> None:
    floor = presence(rules(floor_dbm=-60.0))
    assert play(floor, seen(0, rssi=-61.0), seen(1, rssi=-75.0)) == []
    assert acts(play(floor, seen(2, rssi=-55.0))) == [("arrived", "", "dock")]
    for at in range(3, 100):
        assert play(floor, seen(at, rssi=-75.0)) == []
        assert floor.tick(T0 + at) == []
    assert play(floor, seen(100, GATE, -61.0), seen(101, GATE, -61.0)) == []


def test_a_tag_arrives_with_enough_reads_that_belong_together() -> None:
    floor = presence(rules(arrive_reads=3))
    assert play(floor, seen(0), seen(6), seen(12), seen(18)) == []  # each 6 s apart: strays
    assert acts(play(floor, seen(19), seen(20))) == [("arrived", "", "dock")]


def test_a_stray_is_forgotten_in_silence() -> None:
    floor = presence(rules(arrive_reads=3))
    play(floor, seen(0))
    assert floor.tick(T0 + 6) == []
    assert len(floor) == 0


def test_a_tag_arrives_where_it_is_heard_best() -> None:
    floor = presence(rules(arrive_reads=3))
    moved = play(floor, seen(0, GATE, -40.0), seen(0.2, DOCK, -60.0), seen(0.4, DOCK, -60.0))
    assert acts(moved) == [("arrived", "", "gate")]


def test_reads_within_the_duplicate_window_count_once() -> None:
    floor = presence(rules(arrive_reads=2, duplicate_s=0.5))
    assert play(floor, *(seen(n / 10) for n in range(5))) == []
    assert acts(play(floor, seen(0.5))) == [("arrived", "", "dock")]
    assert floor.sightings == 6


def test_antennas_of_several_readers_may_be_one_zone() -> None:
    floor = Presence(
        {
            "north": PresenceConfig(zones={"1": "hall", "2": "gate"}),
            "south": PresenceConfig(zones={"1": "hall"}),
        }
    )
    assert acts(floor.sight("north", seen(0))) == [("arrived", "", "hall")]
    assert floor.sight("south", seen(1, rssi=-20.0)) == []
    assert floor.sight("south", seen(9, rssi=-20.0)) == []
    assert floor.counts() == {"hall": 1, "gate": 0}
    assert acts(floor.sight("south", seen(10, 7, -20.0, OTHER_EPC, OTHER_TID))) == [
        ("arrived", "", "south/7")
    ]


def test_antenna_numbers_that_no_reader_has_make_no_zones() -> None:
    floor = Presence({"north": PresenceConfig()})
    for number in range(300, 65536, 7):
        floor.sight("north", seen(number / 1000, number))
    assert list(floor.counts()) == ["north/?"]


def test_a_report_without_tid_is_of_the_tag_that_has_this_epc() -> None:
    floor = presence()
    assert len(play(floor, seen(0), seen(1, tid=b""), seen(2))) == 1
    assert len(floor) == 1


def test_a_tag_known_by_its_epc_gets_its_identity_when_its_tid_is_read() -> None:
    floor = presence()
    (arrived,) = play(floor, seen(0, tid=b""), seen(1), seen(2, tid=b""))
    assert arrived.identity == b""
    (left,) = floor.tick(T0 + 40)
    assert left.identity == TID


def test_two_tags_with_one_epc_are_two_tags() -> None:
    floor = presence()
    moved = play(floor, seen(0), seen(0.1, tid=OTHER_TID), seen(1), seen(1.1, tid=OTHER_TID))
    assert [each.identity for each in moved] == [TID, OTHER_TID]


def test_a_tag_whose_epc_was_written_anew_is_the_same_tag() -> None:
    floor = presence()
    moved = play(floor, seen(0), seen(1, epc=OTHER_EPC), seen(2), seen(3, epc=OTHER_EPC))
    assert len(moved) == 1
    (left,) = floor.tick(T0 + 40)
    assert left.epc == OTHER_EPC
    assert play(floor, seen(41, tid=b""))[0].identity == b""  # the old EPC is nobody's now


def test_tags_without_a_serial_are_told_apart_by_their_epc() -> None:
    floor = presence()
    moved = play(floor, seen(0, tid=NO_SERIAL), seen(0.1, epc=OTHER_EPC, tid=NO_SERIAL))
    assert [(each.identity, each.epc) for each in moved] == [(b"", EPC), (b"", OTHER_EPC)]


def test_an_epc_that_equals_another_tags_tid_is_another_tag() -> None:
    floor = presence()
    assert len(play(floor, seen(0), seen(1, epc=TID, tid=b""))) == 2


def test_a_tid_read_with_more_words_is_the_same_tag() -> None:
    floor = presence()
    assert len(play(floor, seen(0), seen(1, tid=TID + bytes(4)), seen(2))) == 1


def test_a_clock_that_was_set_back_wedges_nothing() -> None:
    floor = presence()
    play(floor, seen(0), seen(0.1, GATE, -40.0))
    assert floor.tick(T0 - 3600) == []
    assert acts(play(floor, seen(-3599.5, GATE, -40.0), seen(-3599.3, GATE, -40.0))) == [
        ("moved", "dock", "gate")
    ]
    assert acts(floor.tick(T0 - 3560)) == [("departed", "", "gate")]
    (back,) = play(floor, seen(-7200.0))
    assert back.away_s is not None and 0 <= back.away_s < 3600


def test_a_late_report_does_not_make_others_older() -> None:
    floor = presence()
    play(floor, seen(0), seen(29, epc=OTHER_EPC, tid=OTHER_TID))
    floor.tick(T0 + 29)
    play(floor, seen(5))
    assert len(floor.tick(T0 + 36)) == 1
    assert floor.zone_of(OTHER_TID) == "dock"


def test_a_clock_that_was_set_forward_takes_every_age_with_it() -> None:
    floor = presence()
    play(floor, seen(0), seen(9, epc=OTHER_EPC, tid=OTHER_TID))
    play(floor, seen(3610, epc=bytes(12), tid=b""))
    floor.leapt(3600, T0 + 3610)
    assert floor.tick(T0 + 3629) == []
    (left,) = floor.tick(T0 + 3631)
    assert (left.identity, left.seen_at) == (TID, T0 + 3600)
    assert [each.seen_at for each in floor.tick(T0 + 3650)] == [T0 + 3609, T0 + 3610]


def test_reports_that_overtake_each_other_by_less_than_a_second_are_harmless() -> None:
    floor = presence()
    play(floor, seen(10))
    assert play(floor, seen(9.5), seen(10.2), seen(9.9)) == []


def test_what_only_a_lost_reader_sees_has_not_left() -> None:
    floor = presence()
    play(floor, seen(0))
    floor.lost("north")
    assert floor.tick(T0 + 600) == []
    floor.back("north", T0 + 600)
    assert floor.tick(T0 + 629) == []
    assert acts(floor.tick(T0 + 631)) == [("departed", "", "dock")]


def test_a_zone_that_another_reader_still_watches_is_watched() -> None:
    zones = PresenceConfig(zones={"1": "hall"})
    floor = Presence({"north": zones, "south": zones})
    floor.sight("north", seen(0))
    floor.lost("north")
    assert acts(floor.tick(T0 + 31)) == [("departed", "", "hall")]


def test_tags_of_a_reader_that_never_comes_back_age_out() -> None:
    floor = presence(rules(age_out_s=3600.0))
    play(floor, seen(0))
    floor.lost("north")
    (left,) = floor.tick(T0 + 3601)
    assert left.reason == "reader away"


def test_a_report_ends_the_absence_of_its_reader() -> None:
    floor = presence()
    play(floor, seen(0))
    floor.lost("north")
    play(floor, seen(600, epc=OTHER_EPC, tid=OTHER_TID))
    assert acts(floor.tick(T0 + 631)) == [("departed", "", "dock"), ("departed", "", "dock")]


def test_memory_is_bounded_and_the_oldest_absent_tags_go_first() -> None:
    floor = presence(rules(arrive_reads=2), most_tags=100)
    here = [bytes([n]) * 12 for n in range(50)]
    for at in (0.0, 0.2):
        floor.sights("north", [seen(at, epc=epc, tid=b"") for epc in here])
    for n in range(10_000):
        epc = b"\xff" + n.to_bytes(11, "big")
        assert floor.sights("north", [seen(1 + n / 1e5, epc=epc, tid=b"")]) == []
    assert len(floor) <= 100
    assert floor.counts()["dock"] == 50
    assert floor.forgotten > 9_900


def test_a_present_tag_that_must_go_departs_with_that_reason() -> None:
    floor = presence(most_tags=10)
    moved = play(floor, *(seen(n / 100, epc=bytes([n]) * 12, tid=b"") for n in range(12)))
    gone = [each for each in moved if each.act == "departed"]
    assert [(each.epc[0], each.reason) for each in gone] == [(0, "memory full"), (1, "memory full")]
    assert floor.forgotten == 2
    assert floor.counts()["dock"] == len(floor) == 10


def test_a_reader_with_too_many_tags_makes_room_among_its_own() -> None:
    floor = Presence({"north": RULES, "south": RULES}, most_tags=100)
    floor.sight("south", seen(0))
    for n in range(300):
        floor.sight("north", seen(1 + n / 1000, epc=n.to_bytes(12, "big"), tid=b""))
    assert floor.zone_of(TID) == "dock"
    assert len(floor) <= 100


def test_the_first_readers_rules_hold_for_a_zone_that_two_share() -> None:
    found = Zones({"north": rules(depart_s=1.0), "south": rules(depart_s=2.0)})
    assert found.named["dock"].depart_s == 1.0


MOVES = st.lists(
    st.tuples(
        st.floats(-3, 40),
        st.integers(0, 3),
        st.sampled_from([EPC, OTHER_EPC, b""]),
        st.sampled_from([TID, OTHER_TID, NO_SERIAL, b""]),
        st.floats(-90, -20),
    ),
    max_size=60,
)


@given(MOVES, st.integers(1, 3))
def test_counts_and_movements_agree_whatever_is_seen(
    steps: list[tuple[float, int, bytes, bytes, float]], most_tags: int
) -> None:
    floor = presence(rules(arrive_reads=2, age_out_s=50.0), most_tags=most_tags)
    at, present = 0.0, {"dock": 0, "gate": 0}
    for gap, antenna, epc, tid, rssi in steps:
        at += gap
        moved = play(floor, seen(at, antenna, rssi, epc, tid)) if antenna else floor.tick(T0 + at)
        for each in moved:
            if each.act != "departed":
                present[each.zone] = present.get(each.zone, 0) + 1
            if each.act != "arrived":
                present[each.before or each.zone] -= 1
        assert {zone: n for zone, n in floor.counts().items() if n} == {
            zone: n for zone, n in present.items() if n
        }
        assert len(floor) <= most_tags


def test_an_unknown_reader_is_a_bug() -> None:
    with pytest.raises(KeyError):
        presence().sight("west", seen(0))
