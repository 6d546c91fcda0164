"""What the battery holds, and when the reader looks and sleeps."""

from reader.power import Battery, Duty, battery_percent


def test_a_cell_is_full_half_and_empty_where_its_curve_says_so():
    assert [battery_percent(mv) for mv in (0, 2900, 3300, 3600, 3790, 4050, 4180, 5000)] == [
        0,
        0,
        0,
        5,
        40,
        85,
        100,
        100,
    ]
    assert [battery_percent(mv) for mv in (3450, 3715, 4000)] == [2, 15, 77]


def test_percent_never_falls_while_the_voltage_rises():
    last = 0
    for mv in range(2800, 4400):
        assert last <= battery_percent(mv) <= 100
        last = battery_percent(mv)


def test_without_a_measurement_all_may_be_done():
    battery = Battery()
    assert battery.percent is None
    assert battery.may_write() == ""


def test_nothing_is_written_below_five_percent():
    battery = Battery()
    battery.measured(3600)
    assert battery.percent == 5 and battery.may_write() == ""
    battery = Battery()
    battery.measured(3550)
    assert battery.may_write() == "battery 4 %: charge it"


def test_one_low_reading_while_a_radio_sends_is_no_empty_battery():
    battery = Battery()
    battery.measured(3700)
    battery.measured(3300)
    assert battery.may_write() == ""
    for _ in range(40):
        battery.measured(3300)
    assert battery.may_write() != ""


def test_it_looks_at_intervals_and_always_while_the_trigger_is_held():
    duty = Duty(250, 120)
    assert duty.rest_ms(0, False) == 0
    duty.looked(1000)
    assert duty.rest_ms(1000, False) == 250
    assert duty.rest_ms(1000, True) == 0
    assert duty.rest_ms(1249, False) == 1
    assert duty.rest_ms(1300, False) == 0


def test_it_sleeps_when_it_was_not_used_for_a_while():
    duty = Duty(250, 120)
    assert not duty.sleeps(119999)
    assert duty.sleeps(120000)
    duty.used(60000)
    assert not duty.sleeps(120000)
    assert duty.sleeps(180000)
    assert not Duty(250, 0).sleeps(10**9)
