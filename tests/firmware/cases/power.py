"""What the battery holds, and when the reader looks and sleeps."""

from reader.power import FIELD_OFF_MS, Battery, Duty, battery_percent


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


def test_without_a_measurement_nothing_is_known():
    assert Battery().percent is None


def test_one_low_reading_while_a_radio_sends_is_no_empty_battery():
    battery = Battery()
    battery.measured(3700)
    assert battery.percent == 12
    battery.measured(3300)
    assert battery.percent == 7
    for _ in range(60):
        battery.measured(3300)
    assert battery.percent <= 1


def test_the_field_rests_between_looks_unless_tags_came_a_short_while_ago():
    duty = Duty(250)
    assert duty.rest_ms(False, 0) == 250 >= FIELD_OFF_MS
    assert duty.rest_ms(True, 1000) == 50 < FIELD_OFF_MS
    assert duty.rest_ms(False, 5999) == 50
    assert duty.rest_ms(False, 6000) == 250
    assert Duty(20).rest_ms(True, 0) == 20
    assert Duty(0).rest_ms(False, 9999) == 0
