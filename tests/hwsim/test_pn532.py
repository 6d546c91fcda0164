"""The chip as UM0701-02 describes it, and as nfcpy 1.0.4 and libnfc 1.8.0 rely on it."""

from typing import Any

import pytest

from hwsim import hsu
from hwsim.chips import CHIPS
from hwsim.field import crc_a
from hwsim.ntag import Tag
from hwsim.pn532 import LOWVBAT, NORMAL, POWERDOWN, STANDBY

Host = Any  # conftest's: a host with a chip

FIRMWARE = "0000ff00ff00" + "0000ff06fad50332010607e800"  # UM0701-02: ACK, then the answer
OTHER = bytes.fromhex("0411223344556677"[:14])


def test_the_firmware_version_is_the_manuals_example(host: Host) -> None:
    assert host.send("02").hex() == FIRMWARE


@pytest.mark.parametrize(
    "preamble",
    [
        b"\x55" * 16,  # libnfc
        bytes(10),  # nfcpy
        b"\x55\x55\x00\x00\x00",
        b"\x55",
    ],
)
def test_the_fifth_rising_edge_wakes_the_chip(asleep: Host, preamble: bytes) -> None:
    assert asleep.chip.power == LOWVBAT
    assert asleep.chip.receive(preamble + hsu.frame(b"\xd4\x02")).hex() == FIRMWARE
    assert asleep.chip.power == STANDBY


def test_without_a_preamble_the_first_frame_only_wakes_it(asleep: Host) -> None:
    assert asleep.send("02") == b""
    assert asleep.send("02").hex() == FIRMWARE


def test_before_samconfiguration_there_is_no_rf(asleep: Host) -> None:
    asleep.chip.receive(b"\x55" * 5)
    assert asleep.ask("4a0100") == "error"
    assert asleep.ask("140114") == "" and asleep.chip.power == NORMAL
    assert asleep.ask("4a0100") is None


def test_power_down_turns_the_field_off_and_the_line_wakes_it_to_normal(host: Host) -> None:
    assert host.ask("16f0") == "00"
    assert host.chip.power == POWERDOWN and not host.field.powered
    assert host.chip.receive(b"\x55" * 2 + hsu.frame(b"\xd4\x02")).hex() == FIRMWARE
    assert host.chip.power == NORMAL
    assert host.ask("40013000") == "27"


@pytest.mark.parametrize(
    "command",
    [
        "",
        "ff",
        "8c00",
        "00",
        "00aa",
        "1009",
        "10",
        "1405",
        "32",
        "3203ff",
        "320501",
        "4a0000",
        "4a0300",
    ],
)
def test_what_the_chip_cannot_run_gets_the_error_frame(host: Host, command: str) -> None:
    assert host.send(command) == hsu.ACK + bytes.fromhex("0000ff01ff7f8100")


def test_the_communication_line_test_echoes_262_bytes_in_an_extended_frame(host: Host) -> None:
    sent = "00" + bytes(x & 0xFF for x in range(262)).hex()  # nfcpy's line test
    answer = host.send("00" + sent)
    assert answer[6:14].hex() == "0000ffffff0109f6"
    assert data_of(answer) == sent


def test_a_nack_repeats_the_last_answer_and_an_ack_alone_does_nothing(host: Host) -> None:
    first = host.send("02")
    assert host.chip.receive(hsu.NACK) == first[6:]
    assert host.chip.receive(hsu.ACK) == b""


def test_a_command_with_a_wrong_checksum_is_not_answered(host: Host) -> None:
    frame = bytearray(hsu.frame(b"\xd4\x02"))
    frame[-2] ^= 1
    assert host.chip.receive(bytes(frame)) == b""


def test_commands_may_come_byte_by_byte(host: Host) -> None:
    answers = [host.chip.receive(bytes([value])) for value in hsu.frame(b"\xd4\x02")]
    assert b"".join(answers).hex() == FIRMWARE
    assert [at for at, answer in enumerate(answers) if answer] == [7]  # at the checksum


def test_a_new_speed_counts_from_the_hosts_ack(host: Host) -> None:
    assert host.ask("1007") == ""
    assert host.chip.baud == 115200
    host.chip.receive(hsu.ACK)
    assert host.chip.baud == 921600


def test_a_new_speed_without_an_ack_is_forgotten_at_the_next_command(host: Host) -> None:
    host.ask("1007")
    host.ask("02")
    host.chip.receive(hsu.ACK)
    assert host.chip.baud == 115200


def test_two_tags_in_the_field_are_listed_by_anticollision(host: Host) -> None:
    host.field.arrive(Tag(CHIPS["ntag213"], OTHER))
    host.ask("320100")
    answer = host.ask("4a0200")
    assert answer[:4] == "0201" and answer[26:28] == "02"
    assert {answer[12:26], answer[36:50]} == {"04a1b2c3d4e5f6", OTHER.hex()}
    for number, uid in ((1, answer[12:26]), (2, answer[36:50]), (1, answer[12:26])):
        read = host.ask(f"400{number}3000")
        assert read[:2] == "00" and read[2:8] + read[10:18] == uid


def test_one_of_two_tags_is_listed_by_its_uid(host: Host) -> None:
    host.field.arrive(Tag(CHIPS["ntag213"], OTHER))
    for uid in (OTHER.hex(), "04a1b2c3d4e5f6"):
        host.ask("320100")
        assert host.ask("4a010088" + uid) == "01010044" + "0007" + uid


def test_an_empty_field_answers_none_after_the_retries_or_waits_for_ever(host: Host) -> None:
    host.field.leave()
    host.ask("3205ff0102")
    assert host.ask("4a0100") == "00"
    assert host.ask("066339") == "26"  # nfcpy: the SENS_REQ still stands in the FIFO
    host.ask("3205ff01ff")
    assert host.ask("4a0100") is None


def test_a_waiting_chip_answers_as_soon_as_a_tag_arrives(host: Host) -> None:
    host.field.leave()
    assert host.ask("4a0100") is None
    assert host.chip.poll() == []
    host.field.arrive(host.tag)
    (sent,) = host.chip.poll()
    assert data_of(hsu.ACK + sent[1]) == "01010044000704a1b2c3d4e5f6"
    assert host.chip.poll() == []


@pytest.mark.parametrize("other", [hsu.ACK, hsu.frame(b"\xd4\x02")])
def test_an_ack_or_another_command_ends_the_wait(host: Host, other: bytes) -> None:
    host.field.leave()
    host.ask("4a0100")
    host.chip.receive(other)
    host.field.arrive(host.tag)
    assert host.chip.poll() == []


@pytest.mark.parametrize("modulation", ["01", "02", "03", "04"])
def test_no_tag_here_speaks_another_modulation(host: Host, modulation: str) -> None:
    host.ask("3205ff0101")
    assert host.ask("4a01" + modulation + "00ffff0000") == "00"


def test_autopoll_names_the_type_and_gives_up_in_its_time(host: Host) -> None:
    assert host.ask("60140220100311120403") == "01100c" + "01004400" + "07" + "04a1b2c3d4e5f6"
    host.field.leave()
    host.clock.reset()
    assert host.ask("60020310") == "00"
    assert host.clock.stats()["idle_ms"] == pytest.approx(2 * 3 * 150, rel=0.01)


def test_a_selected_tag_misses_one_call_and_is_found_by_the_next(host: Host) -> None:
    host.ask("3205ff0100")
    assert host.ask("4a0100") == "00"
    assert host.ask("4a0100") != "00"


def test_indataexchange_checks_what_the_tag_says(host: Host) -> None:
    assert host.tell("3004") == "00" + "0300fe00" + "00" * 12
    assert host.tell("a204deadbeef") == "00" and host.page(4) == "deadbeef"
    assert host.tell("3a0405") == "00deadbeef00000000"
    assert host.tell("a200deadbeef") == "13"  # the tag's NAK
    assert host.tell("3004") == "01"  # it has fallen silent
    assert host.ask("40023004") == "27"  # nobody listed under that number


def test_the_compatibility_write_runs_in_two_phases(host: Host) -> None:
    assert host.tell("a005" + bytes(range(16)).hex()) == "00"
    assert host.page(5) == "00010203" and host.page(6) == "00000000"
    assert host.tell("a000" + bytes(range(16)).hex()) == "13"


def test_indataexchange_takes_60_for_mifare_authentication_not_for_get_version(host: Host) -> None:
    assert host.tell("60") == "14"


def test_incommunicatethru_makes_and_checks_the_crc_after_activation(host: Host) -> None:
    assert host.thru("60") == "000004040201001103"
    assert host.thru("a204deadbeef") == "02"  # a 4-bit ACK has no CRC
    assert host.page(4) == "deadbeef"


def test_without_rx_crc_the_answer_comes_with_its_crc_and_an_ack_as_one_byte(host: Host) -> None:
    host.ask("08630300")  # CIU_RxMode, as nfcpy sets it
    version = bytes.fromhex("0004040201001103")
    assert host.thru("60") == "00" + (version + crc_a(version)).hex()
    assert host.thru("a204deadbeef") == "000a"
    assert int(host.ask("06633c"), 16) & 7 == 4  # RxLastBits
    assert host.thru("a200deadbeef") == "0000"


def test_without_tx_crc_the_host_brings_its_own(host: Host) -> None:
    host.ask("08630200")
    assert host.thru("3004" + crc_a(b"\x30\x04").hex())[:10] == "000300fe00"
    host.ask("08630300")
    assert host.thru("30040000") == "0001"  # NAK 1: CRC error


def test_a_host_may_select_by_hand_as_nfc_anticol_does(host: Host) -> None:
    host.ask("320100")
    host.ask("320101")
    host.ask("086302006303 00633d07".replace(" ", ""))
    assert host.thru("26") == "004400"
    host.ask("08633d00")
    assert host.thru("9320") == "008804a1b29f"
    select = bytes.fromhex("93708804a1b29f")
    assert host.thru((select + crc_a(select)).hex()) == "0004" + crc_a(b"\x04").hex()


def test_262_bytes_of_an_answer_fit_and_more_do_not(host: Host) -> None:
    assert len(host.thru("3a0040")) == 2 + 2 * 260
    assert host.thru("3a0041") == "07"
    host.ask("08630300")
    assert len(host.thru("3a0040")) == 2 + 2 * 262


def test_with_the_field_off_or_the_tag_gone_the_exchange_times_out(host: Host) -> None:
    host.field.leave()
    assert host.tell("3004") == "01"
    host.field.arrive(host.tag)
    assert host.tell("3004") == "01"  # it is not selected
    host.ask("320100")
    assert host.tell("3004") == "27" and host.thru("3004") == "01"


def test_txcontrol_shows_and_switches_the_field(host: Host) -> None:
    assert int(host.ask("066304"), 16) & 3 == 3
    host.ask("08630480")
    assert not host.field.powered and int(host.ask("066304"), 16) & 3 == 0
    host.ask("08630483")
    assert host.field.powered


def test_registers_keep_what_is_written_and_the_fifo_is_a_queue(host: Host) -> None:
    host.ask("086309ab630a12")
    assert host.ask("066309630a") == "ab12"
    host.ask("08633a80")
    host.ask("08633901633902")
    assert host.ask("06633a633963396339") == "02010200"


def test_release_select_and_status_know_the_listed_target(host: Host) -> None:
    assert host.ask("04") == "00010101000010" + "80"
    assert host.ask("5401") == "00" and host.ask("5402") == "27"
    assert host.ask("4400") == "00" and host.ask("4401") == "00"
    assert host.ask("5201") == "00" and host.ask("5201") == "27"
    assert host.tell("3004") == "27"
    assert host.ask("5200") == "00"
    assert host.ask("4a0100") != "00"


def test_nobody_here_speaks_nfc_dep(host: Host) -> None:
    for command in ("56010000", "46010000", "500100"):
        assert host.ask(command) == "01"


def data_of(answer: bytes) -> str:
    ack, rest = answer[:6], answer[6:]
    assert ack == hsu.ACK
    (payload,) = hsu.Frames().receive(rest)
    return payload[2:].hex()
