"""Windows: scripted inputs and sightings in, passages out; and what a tally makes of many sightings."""

from gateway.config import WindowConfig
from gateway.model import GpiChange, Sighting
from gateway.stations.tally import Tally
from gateway.stations.window import Window

EPC = bytes.fromhex("3034257bf400b7800004cb2f")
OTHER_EPC = bytes.fromhex("3034257bf400b7800004cb30")
TID = bytes.fromhex("e280119120006867a9e80329")
OTHER_TID = bytes.fromhex("e280119120006867a9e8032a")
T0 = 1_790_000_000.0
RULES = WindowConfig(gpi=1)


def window() -> Window:
    return Window(RULES)


def high(at: float, port: int = 1) -> GpiChange:
    return GpiChange(port, True, T0 + at)


def low(at: float, port: int = 1) -> GpiChange:
    return GpiChange(port, False, T0 + at)


def seen(at: float, epc: bytes = EPC, tid: bytes = TID, **more: object) -> Sighting:
    return Sighting(epc, tid, 1, -50.0, T0 + at)._replace(**more)


def test_tags_that_are_read_while_the_input_is_high_are_the_products() -> None:
    gate = window()
    gate.sights([seen(-1)])
    assert gate.gpi(high(0)) == []
    gate.sights([seen(0.1), seen(0.2, OTHER_EPC, OTHER_TID), seen(0.3)])
    assert gate.gpi(low(1)) == []
    gate.sights([seen(1.1, OTHER_EPC, OTHER_TID)])  # told after the input fell
    (passed,) = gate.tick(T0 + 1.3)
    assert (passed.outcome, passed.reason) == ("tags", "low")
    assert (passed.opened_at, passed.closed_at) == (T0, T0 + 1)
    assert [(each.tid, each.count) for each in passed.tags] == [(TID, 2), (OTHER_TID, 2)]
    assert gate.outside == 1
    assert gate.tick(T0 + 9) == []


def test_a_product_of_which_no_tag_was_read_is_told() -> None:
    gate = window()
    gate.gpi(high(0))
    gate.gpi(low(1))
    (passed,) = gate.tick(T0 + 2)
    assert (passed.outcome, passed.reason, passed.tags) == ("empty", "low", ())


def test_a_bouncing_barrier_is_one_product() -> None:
    gate = window()
    for n in range(10):
        assert gate.gpi(high(n / 10)) == []
        assert gate.gpi(low(n / 10 + 0.05)) == []
    assert len(gate.tick(T0 + 1.5)) == 1


def test_a_short_pulse_is_noise_unless_a_tag_was_read() -> None:
    gate = window()
    gate.gpi(high(0))
    gate.gpi(low(0.01))
    assert gate.tick(T0 + 1) == []
    assert gate.noise == 1
    gate.gpi(high(2))
    gate.sights([seen(2.005)])
    gate.gpi(low(2.01))
    assert gate.tick(T0 + 3)[0].outcome == "tags"


def test_the_next_product_closes_a_window_whose_time_to_linger_is_over() -> None:
    gate = window()
    gate.gpi(high(0))
    gate.sights([seen(0.1)])
    gate.gpi(low(1))
    (first,) = gate.gpi(high(2))
    gate.sights([seen(2.1, OTHER_EPC, OTHER_TID)])
    gate.gpi(low(3))
    (second,) = gate.tick(T0 + 4)
    assert [each.tid for each in first.tags] == [TID]
    assert [each.tid for each in second.tags] == [OTHER_TID]


def test_a_product_that_stays_is_closed_once_and_the_next_comes_after_a_low() -> None:
    gate = window()
    gate.gpi(high(0))
    assert gate.tick(T0 + 29.9) == []
    (passed,) = gate.tick(T0 + 30)
    assert (passed.outcome, passed.reason) == ("empty", "time")
    assert gate.gpi(high(31)) == []
    assert not gate.is_open
    gate.gpi(low(40))
    gate.gpi(high(41))
    assert gate.is_open


def test_a_reader_that_is_lost_leaves_no_window_open_and_no_alarm() -> None:
    gate = window()
    gate.gpi(high(0))
    gate.sights([seen(0.1)])
    (passed,) = gate.lost(T0 + 1)
    assert (passed.outcome, passed.reason, len(passed.tags)) == ("broken", "reader", 1)
    assert gate.lost(T0 + 2) == []
    gate.gpi(high(9))
    assert gate.stop(T0 + 10)[0].reason == "stopped"


def test_other_inputs_are_nothing_to_it() -> None:
    gate = window()
    gate.gpi(high(0, port=2))
    assert not gate.is_open
    gate.gpi(high(0))
    gate.gpi(low(1, port=2))
    assert gate.tick(T0 + 2) == []


def test_a_clock_that_was_set_back_wedges_no_window() -> None:
    gate = window()
    gate.gpi(high(0))
    gate.sights([seen(0.1)])
    assert gate.tick(T0 - 3600) == []
    gate.gpi(low(-3599))
    assert gate.tick(T0 - 3598)[0].outcome == "tags"
    gate.gpi(high(0))
    gate.gpi(low(1))
    gate.tick(T0 - 3600)
    assert gate.tick(T0 - 3599)[0].reason == "low"


def test_a_tally_puts_together_what_reports_told_of_a_tag() -> None:
    tally = Tally()
    tally.add(
        [
            seen(0, rssi_dbm=-60.0, antenna=2, pc=0x3000),
            seen(1, tid=b"", rssi_dbm=-70.0),
            seen(2, user=b"\xd2\x54", count=3),
            seen(3, epc=OTHER_EPC, tid=TID + bytes(4)),
        ]
    )
    (tag,) = tally.tags()
    assert (tag.epc, tag.tid, tag.user, tag.pc) == (OTHER_EPC, TID + bytes(4), b"\xd2\x54", 0x3000)
    assert tag.count == 6


def test_a_report_without_tid_is_counted_to_the_one_tag_with_its_epc() -> None:
    tally = Tally()
    tally.add([seen(0), seen(1, tid=b"", rssi_dbm=-40.0, antenna=3)])
    (tag,) = tally.tags()
    assert (tag.tid, tag.antenna, tag.rssi_dbm, tag.count) == (TID, 3, -40.0, 2)
    tally.add([seen(2, tid=OTHER_TID)])
    assert len(tally.tags()) == 2
    tally.add([seen(3, epc=OTHER_EPC, tid=b"")])
    assert len(tally.tags()) == 3


def test_a_tally_is_bounded_and_says_so() -> None:
    tally = Tally(most_tags=2)
    tally.add([seen(0, bytes([n]) * 12, b"") for n in range(5)])
    tally.add([seen(1, bytes([0]) * 12, b"")])
    assert len(tally.tags()) == 2
    assert tally.beyond == 3
