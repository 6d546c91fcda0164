"""Tags before antennas: who is heard and how strong, scenes, and what goes wrong."""

import math
from random import Random

import pytest

from hwsim.air import AirClock
from hwsim.gen2chips import CHIPS, by_name
from hwsim.gen2tag import INSUFFICIENT_POWER, USER, RainTag, make
from hwsim.raincontrol import RainControl, tag_option
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import Conveyor, Pallet, RainField, path_loss_db, read_probability, rssi_at


def field(seed: int = 0, **more: float) -> RainField:
    return RainField(AirClock(), RainFaults(seed), **more)  # type: ignore[arg-type]


def still(**more: float) -> RainField:
    """Without fading."""
    return field(fading_db=0.0, **more)


def tag(name: str = "monzax8k", number: int = 1) -> RainTag:
    return make(by_name(name), Random(number))


# -- coming, going, being heard --


def test_a_tag_is_heard_at_the_antenna_where_it_is_until_it_leaves() -> None:
    it, other = tag(number=1), tag(number=2)
    rf = still()
    rf.arrive(it, 1)
    rf.arrive(it, 3)
    rf.arrive(other, 3)
    assert [len(rf.heard(antenna)) for antenna in (1, 2, 3, 4)] == [1, 0, 2, 0]
    assert rf.antennas_of(it) == [1, 3] and rf.present == [it, other]
    assert rf.leave(it.tid, antenna=3) == [] and rf.antennas_of(it) == [1]
    assert rf.leave() == [it, other] and rf.present == []
    assert it.singulate() is None and rf.heard(1) == []


def test_a_tag_that_comes_back_has_kept_its_memory() -> None:
    it, rf = tag(), still()
    rf.arrive(it)
    it.singulate()
    assert it.write(USER, 0, b"ab") == b""
    rf.leave()
    rf.arrive(rf.known[it.tid])
    it.singulate()
    assert it.read(USER, 0, 1) == b"ab"


def test_there_are_as_many_antennas_as_said() -> None:
    with pytest.raises(ValueError, match="antenna 5: there are 1 to 4"):
        field().arrive(tag(), 5)
    with pytest.raises(ValueError, match="antenna 0"):
        field().arrive(tag(), 0)


def test_rssi_falls_with_distance_and_twice_as_fast_as_power() -> None:
    assert rssi_at(1) - rssi_at(10) == pytest.approx(40)
    rf = still()
    rf.arrive(tag(), rssi_dbm=-50)
    (full,), (less,) = rf.heard(1, 30.0), rf.heard(1, 27.0)
    assert full.rssi_dbm == pytest.approx(-50)
    assert full.rssi_dbm - less.rssi_dbm == pytest.approx(3)
    assert full.tag_dbm - less.tag_dbm == pytest.approx(3)
    assert full.tag_dbm == pytest.approx(30 - path_loss_db(-50))


def test_a_far_tag_is_read_but_not_written_and_a_farther_one_not_read() -> None:
    rf = still()
    it = tag("monzax8k")  # -19.1 dBm to read, -14.1 to write
    outcome = []
    for rssi_dbm in (-60, -66, -75):
        rf.arrive(it, rssi_dbm=rssi_dbm)
        heard = rf.heard(1)
        outcome.append([each.may_program for each in heard])
    assert outcome == [[True], [False], []]


def test_in_too_weak_a_field_a_write_gets_insufficient_power() -> None:
    rf = still()
    it = tag()
    rf.arrive(it, rssi_dbm=-66)
    (heard,) = rf.heard(1)
    it.singulate()
    assert rf.still_there(heard)
    assert it.write(USER, 0, b"ab") == INSUFFICIENT_POWER and it.read(USER, 0, 1) == b"\0\0"


@pytest.mark.parametrize("rssi_dbm", [-70, -72, -73, -74])
def test_a_tag_at_the_edge_is_heard_as_often_as_its_rssi_says(rssi_dbm: float) -> None:
    rf = field(seed=5)
    it = tag()
    rf.arrive(it, rssi_dbm=rssi_dbm)
    often = sum([bool(rf.heard(1)) for _ in range(4000)]) / 4000
    expected = read_probability(it.chip, rssi_dbm)
    assert often == pytest.approx(expected, abs=4 * math.sqrt(0.25 / 4000))
    assert 0 < expected < 1


def test_chance_comes_from_the_seed() -> None:
    def heard(seed: int) -> list[float]:
        rf = field(seed)
        rf.arrive(tag(), rssi_dbm=-72)
        return [each.rssi_dbm for _ in range(50) for each in rf.heard(1)]

    assert heard(1) == heard(1) != heard(2)


def test_one_tag_can_be_looked_at_alone() -> None:
    rf = still()
    it = tag()
    assert rf.look(it, 1) is None
    rf.arrive(it, 2, rssi_dbm=-48)
    found = rf.look(it, 2)
    assert found is not None and found.rssi_dbm == pytest.approx(-48)
    assert rf.look(it, 2, power_dbm=0) is None


# -- scenes --


def test_tags_on_a_belt_pass_one_after_another() -> None:
    rf = still()
    belt = Conveyor(speed_m_s=1.0, gap_m=5.0, antennas_at_m=(3.0, 20.0))
    tags = [tag(number=number) for number in range(2)]
    belt.start(rf, tags)
    seen: dict[float, tuple[list[RainTag], ...]] = {}
    for step in range(280):
        now_s = step / 10
        rf.clock.idle(now_s * 1e6 - rf.clock.now_us)
        at = tuple([each.tag for each in rf.heard(antenna)] for antenna in (1, 2))
        if any(at):
            seen[now_s] = at
    first = [now_s for now_s, at in seen.items() if tags[0] in at[0]]
    second = [now_s for now_s, at in seen.items() if tags[1] in at[0]]
    later = [now_s for now_s, at in seen.items() if tags[1] in at[1]]
    assert (min(first) + max(first)) / 2 == pytest.approx(3.0, abs=0.11)
    assert (min(second) + max(second)) / 2 == pytest.approx(8.0, abs=0.11)
    assert (min(later) + max(later)) / 2 == pytest.approx(25.0, abs=0.11)
    assert max(seen) <= belt.lasts_s(2) == 27.0


def test_a_belt_may_run_in_another_time() -> None:
    now = [100.0]
    rf = RainField(AirClock(), fading_db=0.0, now_s=lambda: now[0])
    Conveyor(speed_m_s=1.0, antennas_at_m=(3.0,)).start(rf, [tag()])
    assert not rf.heard(1)
    now[0] = 103.0
    (heard,) = rf.heard(1)
    assert heard.rssi_dbm == pytest.approx(rssi_at(0.4))
    now[0] = 106.0
    assert not rf.heard(1)


def test_of_a_pallet_all_but_the_shadowed_tags_are_read_soon() -> None:
    rf = field(seed=3)
    pallet = Pallet(tags=200, shadowed=0.1, shadow_db=60)
    random = Random(9)
    tags = pallet.make(random)
    assert len({it.tid for it in tags}) == 200 and {it.chip.key for it in tags} == set(pallet.chips)
    pallet.arrive(rf, tags, random)
    found = {
        each.tag.tid for _ in range(5) for antenna in (1, 2, 3, 4) for each in rf.heard(antenna)
    }
    assert 165 <= len(found) <= 195


# -- faults --


def write_words(rf: RainField, it: RainTag, words: int) -> tuple[int, object]:
    """As a reader does: how many were answered, and the last answer."""
    rf.command()
    (heard,) = [each for each in rf.heard(1) if each.tag is it]
    it.singulate()
    for number in range(words):
        if not rf.still_there(heard):
            return number, None
        answer = it.write(USER, number, b"\xff\xff")
        if answer != b"":
            return number, answer
    return words, b""


def test_a_tag_leaves_after_n_commands_and_returns() -> None:
    rf, it = still(), tag()
    rf.arrive(it, 1, -45)
    rf.arrive(it, 2, -48)
    rf.faults.add("tag_leaves", {"after": 3, "back": 2})
    assert write_words(rf, it, 8) == (3, None)
    assert rf.present == [] and rf.heard(1) == []
    rf.command()
    assert rf.present == []
    rf.command()
    assert rf.antennas_of(it) == [1, 2]
    it.singulate()
    assert it.read(USER, 0, 4) == b"\xff" * 6 + b"\0\0"
    assert write_words(rf, it, 8) == (8, b"")  # once


@pytest.mark.parametrize(
    ("bits", "left"), [("0000", b"\0\0"), ("ffff", b"\xff\xff"), ("0f00", b"\x0f\0")]
)
def test_a_tear_leaves_what_its_mask_says(bits: str, left: bytes) -> None:
    rf, it = still(), tag()
    rf.arrive(it)
    rf.faults.add("tear", {"at": 3, "bits": bits, "back": 1})
    assert write_words(rf, it, 8) == (2, None)
    rf.command()
    it.singulate()
    assert it.read(USER, 0, 4) == b"\xff" * 4 + left + b"\0\0"


def test_a_tear_at_a_word_waits_for_it_and_is_random_by_the_seed() -> None:
    def left(seed: int) -> object:
        rf, it = still(), tag()
        rf.faults.random.seed(seed)
        rf.arrive(it)
        rf.faults.add("tear", {"word": 5, "bank": 3, "back": 1})
        assert write_words(rf, it, 8) == (5, None)
        rf.command()
        it.singulate()
        return it.read(USER, 4, 3)

    torn = {left(seed) for seed in range(20)}
    assert len(torn) > 10 and left(1) == left(1)
    assert all(isinstance(each, bytes) and each[:2] == b"\xff\xff" for each in torn)


def test_a_tear_by_rate_goes_on_for_ever() -> None:
    rf, it = still(), tag()
    rf.arrive(it)
    rf.faults.add("tear", {"rate": 0.2, "back": 1})
    done = [write_words(rf, it, 5)[0] for _ in range(30)]
    assert done.count(5) < 20 and len(set(done)) > 2


def test_weak_and_missed_come_as_often_as_said() -> None:
    rf, it = still(), tag()
    rf.arrive(it)
    rf.faults.add("weak", {"rate": 1, "after": 2})
    assert write_words(rf, it, 8) == (2, INSUFFICIENT_POWER)
    rf.faults.armed.clear()
    assert write_words(rf, it, 8) == (8, b"")
    rf.faults.add("missed", {"rate": 0.25})
    assert 650 < sum([bool(rf.heard(1)) for _ in range(1000)]) < 850


@pytest.mark.parametrize(
    ("name", "args", "why"),
    [
        ("flood", {}, "no fault 'flood': known are tear, tag_leaves, weak, missed"),
        ("tear", {"page": 3}, "tear has no 'page': it takes at, word, bank, rate, bits, back"),
        ("tear", {"at": "x"}, "at='x' is no int"),
        ("tear", {"bits": "none"}, "is no hex"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(name: str, args: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        RainFaults().add(name, args)


# -- control --


def control() -> RainControl:
    return RainControl(still())


def test_deeds_on_a_field() -> None:
    world = control()
    came = world.do({"do": "arrive", "tag": "M781", "epc": "3014", "antenna": 2})
    assert came["epc"] == "3014" and came["tag"] == "m781"
    assert world.do({"do": "tags"})["tags"] == [{**came, "antennas": [2]}]
    memory = world.do({"do": "memory"})
    assert memory["chip"] == "m781" and memory["user"] == "00" * 64
    world.do({"do": "load", "memory": {"user": "d2" * 64}, "epc": "3014"})
    assert world.do({"do": "memory", "tid": came["tid"]})["user"] == "d2" * 64
    assert world.do({"do": "leave", "epc": "3014"}) == {"left": ["3014"]}
    assert world.do({"do": "arrive", "epc": "3014"}) == came  # the same tag, as loaded
    assert world.do({"do": "memory"})["user"] == "d2" * 64
    assert world.do({"do": "leave"}) == {"left": ["3014"]} and world.do({"do": "tags"}) == {
        "tags": []
    }


def test_scenes_as_deeds() -> None:
    world = control()
    tags = world.do({"do": "pallet", "tags": 30})["tags"]
    assert isinstance(tags, list) and len(tags) == 30 and len(world.field.present) == 30
    belt = world.do({"do": "conveyor", "tags": 3, "tag": "m730", "speed_m_s": 2})
    assert belt["lasts_s"] == pytest.approx(2.5) and len(world.field.known) == 33
    assert world.do({"do": "fault", "name": "missed", "args": {"rate": 1}}) == {"armed": 1}
    assert world.do({"do": "clear_faults"}) == {"armed": 0}
    assert world.do({"do": "reset_stats"}) == world.do({"do": "stats"})


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ({"do": "dance"}, "no command 'dance': known are arrive, leave"),
        ({}, "no command None"),
        ({"do": "arrive", "tag": "ntag215"}, "no chip 'ntag215'"),
        ({"do": "arrive", "epc": "xx"}, "epc 'xx' is no hex"),
        ({"do": "arrive", "epc": "301"}, "epc '301' is no hex"),
        ({"do": "arrive", "antenna": 9}, "antenna 9"),
        ({"do": "arrive", "rssi_dbm": "loud"}, "rssi_dbm 'loud' is no number"),
        ({"do": "leave", "epc": "3014"}, "no such tag has been here"),
        ({"do": "memory"}, "no such tag has been here"),
        ({"do": "unplug"}, "nothing to unplug"),
        ({"do": "fault", "name": "tear", "args": []}, "args is no object"),
        ({"do": "conveyor", "speed_m_s": 0}, "a belt moves"),
    ],
)
def test_a_deed_that_cannot_be_says_why(command: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        control().do(command)


def test_of_two_tags_with_one_epc_the_tid_decides() -> None:
    world = control()
    first = world.do({"do": "arrive", "epc": "3014"})
    world.field.arrive(make(CHIPS["m730"], Random(4), bytes.fromhex("3014")))
    with pytest.raises(ValueError, match="2 tags have the epc 3014: name one by its tid"):
        world.do({"do": "memory", "epc": "3014"})
    assert world.do({"do": "memory", "tid": first["tid"]})["chip"] == "monzax8k"


def test_a_tag_as_an_option_has_chip_epc_and_tid() -> None:
    rf = still()
    it = tag_option("monzax8k:30751feb705c5904e3d50d70:e2801150200015721ff71809", rf)
    assert it.epc.hex() == "30751feb705c5904e3d50d70" and it.tid.hex() == "e2801150200015721ff71809"
    rf.arrive(it)
    assert tag_option("monzax8k::e2801150200015721ff71809", rf) is it
    assert tag_option("m730", rf).epc[:4].hex() == "e2801191"
    for wrong in ("none", "m730:xyz", "m730:30:e2", "m730:301"):
        with pytest.raises(ValueError):
            tag_option(wrong, rf)
