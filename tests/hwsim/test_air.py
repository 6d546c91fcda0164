"""Gen2 link timing: single exchanges by hand, rates against the bounds that are known, the clock."""

import pytest

from hwsim.air import PROFILES, AirClock, Profile, Slots, floor_us
from hwsim.gen2chips import by_name

FAST = PROFILES["fm0-640"]


@pytest.mark.parametrize(
    ("name", "tags_per_s"),
    [
        ("fm0-640", 1412),
        ("m2-640", 985),
        ("m4-640", 627),
        ("m4-274", 238),
        ("m4-250", 208),
        ("m8-171", 95),
    ],
)
def test_many_tags_are_singulated_as_fast_as_the_link_allows(name: str, tags_per_s: int) -> None:
    assert PROFILES[name].tags_per_s() == pytest.approx(tags_per_s, rel=0.002)


def test_one_tag_alone_is_singulated_1871_times_a_second() -> None:
    assert 1e6 / FAST.singulation_us() == pytest.approx(1871, rel=0.001)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_profile_keeps_to_the_standards_limits(profile: Profile) -> None:
    assert 6.25 <= profile.tari_us <= 25 and 1.5 <= profile.pie <= 2
    assert 1.1 <= profile.trcal_us / profile.rtcal_us <= 3
    assert 40 <= profile.blf_khz <= 640
    assert 3 <= profile.t2_us * profile.blf_khz / 1e3 <= 20


def test_bits_cost_what_tari_and_link_frequency_say() -> None:
    # RTcal 15.625 us: frame-sync 12.5 + 6.25 + 15.625, and 7.8125 us a bit
    assert FAST.send_us(4) == pytest.approx(34.375 + 31.25)
    assert FAST.query_us() == pytest.approx(34.375 + 33.333 + 22 * 7.8125, abs=0.01)
    # 6 symbols of preamble, 16 bits and the dummy, at 640 kHz
    assert FAST.reply_us(16) == pytest.approx(23 / 0.64)
    assert PROFILES["m8-171"].reply_us(16) == pytest.approx(27 * 8 / 0.171)
    assert FAST.reply_us(16, pilot=True) - FAST.reply_us(16) == pytest.approx(12 / 0.64)
    assert FAST.t1_us == pytest.approx(15.625) and PROFILES["m4-250"].t1_us == pytest.approx(75)


def test_a_write_is_a_req_rn_the_command_and_the_reply_after_programming() -> None:
    alone = FAST.req_rn_us() + FAST.send_us(66) + FAST.reply_us(33, pilot=True) + FAST.t2_us
    assert FAST.write_us(3400) == pytest.approx(alone + 3400)
    assert FAST.write_us(3400, pointer=128) - FAST.write_us(3400) == pytest.approx(8 * 7.8125)
    assert FAST.write_us(0) == pytest.approx(alone + FAST.t1_us)  # never before T1


def test_two_words_in_a_block_are_cheaper_than_one_by_one() -> None:
    chip = by_name("monzax8k")
    one_by_one = 2 * FAST.write_us(chip.program_us)
    assert FAST.block_write_us(2, chip.programming_us(0, 2)) < one_by_one / 2 + 200


def test_longer_reads_cost_16_symbols_a_word() -> None:
    assert FAST.read_us(10) - FAST.read_us(9) == pytest.approx(16 / 0.64)


def test_passwords_and_locks_cost_their_exchanges() -> None:
    assert FAST.access_us() > 2 * FAST.req_rn_us()
    assert FAST.kill_us(3400) - FAST.access_us() == pytest.approx(3400, rel=0.05)
    assert FAST.lock_us(3400) > FAST.block_erase_us(3400) > 3400
    assert FAST.block_permalock_us(2, 0) - FAST.block_permalock_us(1, 0) == pytest.approx(125)
    assert FAST.select_us(96) - FAST.select_us(0) == pytest.approx(96 * 7.8125)


def test_slots_add_up_and_are_best_with_a_slot_a_tag() -> None:
    for tags in (0, 1, 7, 500):
        slots = Slots.expected(tags, 64)
        assert slots.empty + slots.single + slots.collided == pytest.approx(64)
        assert 0 <= slots.single <= tags + 1e-9
    assert Slots.expected(0, 64) == Slots(64, 0, 0)
    best = Slots.expected(64, 64)
    assert best.single > Slots.expected(16, 64).single
    assert best.single > Slots.expected(256, 64).single
    assert best.single / 64 == pytest.approx(1 / 2.718, rel=0.02)


def test_a_round_lasts_longer_with_more_slots_and_more_tags() -> None:
    assert FAST.round_us(0, 4) == pytest.approx(
        FAST.query_us() - FAST.send_us(4) + 16 * FAST.empty_slot_us()
    )
    assert FAST.round_us(0, 5) > FAST.round_us(0, 4) and FAST.round_us(8, 4) > FAST.round_us(0, 4)


def test_the_floor_of_a_300_byte_stub_on_a_monza_x_8k_is_mostly_programming() -> None:
    chip = by_name("monzax8k")
    least_us = 75 * chip.program_us  # 150 words in pairs
    floor = floor_us(FAST, chip, 150, 150)
    assert least_us < floor < 1.35 * least_us
    assert floor == pytest.approx(
        FAST.query_us()
        - FAST.send_us(4)
        + FAST.singulation_us()
        + FAST.req_rn_us()
        + sum([FAST.block_write_us(2, chip.program_us, at) for at in range(0, 150, 2)])
        + FAST.read_us(150)
    )
    assert floor_us(FAST, chip, 151, 0) - floor_us(FAST, chip, 150, 0) == pytest.approx(
        FAST.block_write_us(1, chip.program_us, 150)
    )
    assert floor_us(FAST, chip, 0, 256) - floor_us(FAST, chip, 0, 255) == pytest.approx(
        FAST.read_us(1, 255)
    )


def test_the_clock_counts_by_kind_and_never_goes_back() -> None:
    clock = AirClock()
    clock.uart_in(10, 115200)
    clock.air(500)
    clock.idle(2000)
    clock.commands += 1
    assert clock.now_us == pytest.approx(868.06 + 500 + 2000, abs=0.01)
    stats = clock.stats()
    assert stats["total_ms"] == pytest.approx(1.368) and stats["idle_ms"] == 2.0
    assert (stats["bytes_in"], stats["commands"]) == (10, 1)
    now_us = clock.now_us
    clock.was_air(1500)
    assert clock.now_us == now_us and clock.stats()["air_ms"] == 2.0
    clock.was_air(1e9)  # no more than has passed
    assert clock.now_us == now_us and clock.stats()["idle_ms"] == 0
    clock.reset()
    assert clock.now_us == now_us and clock.all_commands == 1 and clock.stats()["total_ms"] == 0
