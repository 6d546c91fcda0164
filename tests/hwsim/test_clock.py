"""Time: the data sheet's frames, the wire's bytes, and counters that a bench can trust."""

from typing import Any

import pytest

from hwsim import hsu

Host = Any


def spent(host: Host, *commands: str) -> dict[str, float]:
    host.clock.reset()
    for command in commands:
        host.ask(command)
    stats: dict[str, float] = host.clock.stats()
    return stats


def test_a_read_lasts_368_us_out_and_1548_us_back(
    host: Host,
) -> None:  # NTAG21xF data sheet, "READ"
    assert spent(host, "40013004")["rf_ms"] == pytest.approx(0.368 + 1.548 + 0.177, abs=0.003)


def test_a_write_lasts_708_us_out_the_programming_and_57_us_back(
    host: Host,
) -> None:  # ibid., "WRITE"
    stats = spent(host, "4001a20401020304")
    assert stats["rf_ms"] == pytest.approx(0.708 + 0.057 + 0.177, abs=0.003)
    assert stats["eeprom_ms"] == 4.1 and stats["pages_written"] == 1
    assert stats["total_ms"] == pytest.approx(stats["uart_ms"] + stats["rf_ms"] + 4.1)


def test_a_byte_on_the_wire_lasts_10_bits_both_ways(host: Host) -> None:
    stats = spent(host, "02")
    assert (stats["bytes_in"], stats["bytes_out"]) == (9, 6 + 13)
    assert stats["uart_ms"] == pytest.approx((9 + 19) * 10 / 115.2, abs=0.001)
    host.ask("1007")
    host.chip.receive(hsu.ACK)
    assert spent(host, "02")["uart_ms"] == pytest.approx((9 + 19) * 10 / 921.6, abs=0.001)


def test_fast_detect_and_read_of_65_pages_takes_61_ms(host: Host) -> None:
    """2 commands, 6 exchanges, 23 + 307 bytes: UART 28.7, RF 32.4 ms, of which 5 for the field."""
    host.ask("320100")
    stats = spent(host, "4a0100", "423a0444")
    assert stats["commands"] == 2 and stats["rf_exchanges"] == 6
    assert (stats["bytes_in"], stats["bytes_out"]) == (23, 307)
    assert stats["rf_ms"] == pytest.approx(32.4, rel=0.01)
    assert stats["total_ms"] == pytest.approx(61, rel=0.01)


def test_65_fast_writes_take_507_ms(host: Host) -> None:
    """65 commands, 1040 + 1040 bytes: UART 181, RF and EEPROM 327 ms."""
    stats = spent(host, *(f"4001a2{page:02x}01020304" for page in range(4, 69)))
    assert (stats["bytes_in"], stats["bytes_out"]) == (1040, 1040)
    assert stats["rf_ms"] + stats["eeprom_ms"] == pytest.approx(327, rel=0.01)
    assert stats["total_ms"] == pytest.approx(507, rel=0.01)


def test_a_refused_write_programs_nothing(host: Host) -> None:
    stats = spent(host, "4001a20001020304")
    assert stats["pages_written"] == 0 and stats["eeprom_ms"] == 0


def test_a_silent_tag_costs_the_timeout_that_the_host_has_set(host: Host) -> None:
    host.field.leave()
    host.ask("3202000b08")
    assert spent(host, "40013004")["rf_ms"] == pytest.approx(12.8 + 0.368, abs=0.01)


def test_a_reset_leaves_nothing_over_and_time_never_goes_back(host: Host) -> None:
    before = host.clock.now_us
    first = spent(host, "40013004")
    second = spent(host, "40013004")
    assert first == second
    assert host.clock.now_us == pytest.approx(before + 2e3 * first["total_ms"], rel=1e-4)
    host.clock.reset()
    assert set(host.clock.stats().values()) == {0}
