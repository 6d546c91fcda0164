"""The handheld's M100 driver on the simulator's module in one process."""

from random import Random

import pytest

from hwsim.air import AirClock
from hwsim.gen2chips import CHIPS
from hwsim.gen2tag import make
from hwsim.m100 import FAULTS, M100
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField
from reader import m100
from reader.errors import ReaderGone
from tests.firmware.wire import Wire

EPC = bytes.fromhex("30751feb705c5904e3d50d70")
OTHER = bytes.fromhex("3034257bf7194e4000001a85")


class Bench(Wire):
    """A module with its antenna, without fading, and the handheld's clock."""

    def __init__(self) -> None:
        clock = AirClock()
        self.field = RainField(clock, RainFaults(1, FAULTS), antennas=1, fading_db=0.0)
        self.module = M100(self.field, clock)
        self.random = Random(1)
        super().__init__(self.module)

    def arrive(self, epc: bytes, rssi_dbm: float) -> None:
        self.field.leave()
        self.join(epc, rssi_dbm)

    def join(self, epc: bytes, rssi_dbm: float) -> None:
        tag = make(CHIPS["monzax8k"], self.random, epc)
        self.field.arrive(tag, rssi_dbm=rssi_dbm)


@pytest.fixture
def wire() -> Bench:
    return Bench()


@pytest.fixture
def rain(wire: Bench) -> m100.M100:
    return m100.M100(wire, wire, "eu", 20)


def test_the_module_tells_its_name_and_takes_band_and_power(wire, rain) -> None:
    assert wire.run(rain.version()) == "M100 V1.00"
    wire.run(rain.wake())
    assert (wire.module.region, wire.module.power_dbm) == (3, 20.0)


def test_a_nearer_tag_is_louder(wire, rain) -> None:
    assert wire.run(rain.poll()) is None
    heard = []
    for rssi_dbm in (-50.0, -42.0, -34.0):
        wire.arrive(EPC, rssi_dbm)
        for epc in (None, EPC):
            found = wire.run(rain.poll(epc))
            assert found is not None and found[0] == EPC
            heard.append(found[1])
    assert heard == sorted(heard) and heard[0] < heard[2] < heard[4]


def test_one_tag_among_many_is_heard_alone(wire, rain) -> None:
    for number in range(30):
        wire.join(number.to_bytes(12, "big"), -30.0)
    wire.join(EPC, -45.0)
    loudest = wire.run(rain.poll())
    assert loudest is not None and loudest[0] != EPC
    for _ in range(5):
        found = wire.run(rain.poll(EPC))
        assert found is not None and found[0] == EPC
    assert wire.run(rain.poll(OTHER)) is None


def test_a_round_for_one_tag_takes_less_than_a_tenth_of_a_second(wire, rain) -> None:
    wire.arrive(EPC, -40.0)
    wire.run(rain.poll(EPC))
    wire.run(rain.poll(OTHER))
    wire.run(rain.poll(EPC))
    for epc in (EPC, EPC, OTHER):
        before = wire.ms()
        wire.run(rain.poll(epc))
        assert wire.ms() - before < 100


def test_a_module_that_sleeps_is_woken_by_the_next_poll(wire, rain) -> None:
    wire.arrive(EPC, -40.0)
    wire.run(rain.poll(EPC))
    wire.run(rain.sleep())
    assert wire.module.asleep
    wire.run(rain.sleep())
    assert wire.run(rain.poll(EPC)) is not None


def test_a_module_that_started_anew_is_set_anew(wire, rain) -> None:
    wire.arrive(EPC, -40.0)
    wire.join(OTHER, -30.0)
    wire.run(rain.poll(EPC))
    wire.module.power_cycle()
    found = wire.run(rain.poll(EPC))  # nothing is selected any more
    assert found is not None and found[0] == EPC


def test_a_module_that_is_gone_is_said_so_and_comes_back(wire, rain) -> None:
    wire.arrive(EPC, -40.0)
    wire.hangs = True
    with pytest.raises(ReaderGone, match="UHF"):
        wire.run(rain.poll())
    wire.hangs = False
    assert wire.run(rain.poll()) is not None
    wire.hangs = True
    assert wire.run(rain.poll()) is None
    with pytest.raises(ReaderGone):
        wire.run(rain.poll())


def test_a_command_left_half_sent_swallows_no_more_than_the_flush(wire, rain) -> None:
    wire.arrive(EPC, -40.0)
    wire.write(bytes.fromhex("bb00490044"))
    assert wire.run(rain.poll()) is not None


@pytest.mark.parametrize("kind", ["flip", "insert", "drop"])
@pytest.mark.parametrize("side", ["out", "in"])
def test_a_noisy_line_costs_rounds_and_never_tells_a_wrong_tag(wire, rain, kind, side) -> None:
    wire.arrive(EPC, -40.0)
    wire.module.faults.add("noise", {"every": 61, "kind": kind, "side": side})
    heard = 0
    for _ in range(40):
        try:
            found = wire.run(rain.poll(EPC))
        except ReaderGone:
            continue
        assert found is None or found[0] == EPC
        heard += found is not None
    assert heard > 10
