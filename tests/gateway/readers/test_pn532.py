"""Our PN532 driver on the simulator's pty, with everything that goes wrong on a line and in a field."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from serial import Serial

from gateway.model import DeviceTrouble, ReaderBusy, ReaderGone, TagGone, TagRefused
from gateway.readers import hsu
from gateway.readers.pn532 import Pn532

UID = "04a1b2c3d4e5f6"
OTHER = "04112233445566"


@pytest.fixture
def port(bench) -> Iterator[Pn532]:
    port = Pn532(bench.path)
    port.open()
    yield port
    port.close()


def pattern(page: int) -> bytes:
    return bytes((page, 0xFF, 0x00, page ^ 0xA5))


def test_a_tag_is_found_read_written_and_seen_leaving(bench, port) -> None:
    uid = bench.arrive()
    target = port.wait(1)
    assert target is not None and target.uid == uid
    for page in range(4, 20):
        port.write(page, pattern(page))
    assert port.read(4, 16) == b"".join(pattern(page) for page in range(4, 20))
    assert bench.memory()[16:80] == port.read(4, 16)
    assert port.present()
    bench.leave()
    assert not port.present()


def test_a_tag_that_arrives_ends_the_wait(bench, port) -> None:
    assert port.wait(0.01) is None
    bench.port.chip.faults.add("second_tag", {"after": 1})
    assert port.wait(1) is not None


def test_detect_and_read_is_two_commands_and_a_page_is_one(bench, port) -> None:
    bench.arrive()
    bench.spent()
    port.wait(1)
    assert bench.spent()["commands"] == 1
    port.read(0, 65)
    assert bench.spent()["commands"] == 1
    port.write(4, pattern(4))  # after one look for a second tag
    assert bench.spent()["commands"] == 2
    port.write(5, pattern(5))
    assert bench.spent()["commands"] == 1


def test_detect_and_read_of_250_bytes_takes_75_ms_of_wire_and_air_at_most(bench, port) -> None:
    bench.arrive()
    bench.spent()
    port.wait(1)
    port.read(0, 65)
    assert bench.spent()["total_ms"] <= 62


def test_a_read_longer_than_a_frame_is_cut_into_frames(bench, port) -> None:
    bench.arrive(tag="ntag216")
    memory = bytearray(bench.memory())
    for page in range(4, 226):
        memory[4 * page : 4 * page + 4] = pattern(page)
    bench.load(bytes(memory))
    port.wait(1)
    bench.spent()
    assert port.read(0, 226) == bytes(memory[: 4 * 226])
    assert bench.spent()["commands"] == 4


@pytest.mark.parametrize("tag", ["ntag213", "ntag215", "ntag216"])
def test_a_read_past_the_end_of_the_memory_stops_there(bench, port, tag) -> None:
    bench.arrive(tag=tag)
    memory = bench.memory()
    port.wait(1)
    assert port.read(0, 250) == memory[:-8] + bytes(8)  # PWD and PACK read as zeros
    assert port.read(20, 250) == memory[80:-8] + bytes(8)
    assert port.read(0, 26) == memory[:104]


def test_a_first_page_past_the_end_is_refused(bench, port) -> None:
    bench.arrive(tag="ntag213")
    port.wait(1)
    with pytest.raises(TagRefused, match="page 45 cannot be read") as refused:
        port.read(45, 4)
    assert refused.value.page == 45
    assert port.read(0, 4) == bench.memory()[:16]


def test_a_tag_without_fast_read_is_read_by_read(bench, port, monkeypatch) -> None:
    from hwsim import ntag

    monkeypatch.delitem(ntag._COMMANDS, (0x3A, 3))
    bench.arrive()
    memory = bench.memory()
    port.wait(1)
    assert port.read(0, 30) == memory[:120]
    bench.spent()
    assert port.read(4, 16) == memory[16:80]
    assert bench.spent()["commands"] == 4  # READ, four pages each: it is not asked again
    assert port.read(131, 4) == memory[-16:-8] + bytes(8)
    assert port.read(133, 40) == memory[-8:-8] + bytes(8)


def test_a_chip_with_a_64_byte_buffer_is_read_in_runs_of_15_pages(bench, port) -> None:
    bench.fault("rf_buffer", size=62)
    uids = [UID, OTHER, "04aabbccddeeff"]
    spent = []
    for uid in uids:
        bench.arrive(uid)
        port.wait(1)
        bench.spent()
        assert port.read(0, 60) == bench.memory(uid)[:240]
        spent.append(bench.spent()["commands"])
        bench.leave()
    assert spent == [7, 7, 4]  # the third tag: the reader is known by then


def test_one_noisy_long_run_does_not_shorten_the_next_tags(bench, port) -> None:
    bench.arrive()
    port.wait(1)
    bench.fault("rf_buffer", size=62)
    port.read(0, 60)
    bench.no_faults()
    port.wait(1)
    bench.spent()
    port.read(0, 60)
    assert bench.spent()["commands"] == 1


def test_a_lost_ack_costs_nothing(bench, port) -> None:
    bench.arrive()
    port.wait(1)
    bench.spent()
    bench.fault("lost_ack", at=1)
    assert port.read(4, 4) == bench.memory()[16:32]
    assert bench.spent()["commands"] == 1


@pytest.mark.parametrize("call", ["wait", "read", "write"])
def test_a_lost_ack_of_any_command_is_survived(bench, port, call) -> None:
    bench.arrive()
    if call != "wait":
        port.wait(1)
    bench.fault("lost_ack", at=1)
    if call == "wait":
        assert port.wait(1) is not None
    elif call == "read":
        assert port.read(0, 26) == bench.memory()[:104]
    else:
        port.write(4, pattern(4))
        assert bench.memory()[16:20] == pattern(4)


def test_a_lost_answer_is_asked_for_by_nack(bench, port, monkeypatch) -> None:
    port._chip.exchange.answer_ms = 50
    bench.arrive()
    port.wait(1)
    bench.spent()
    bench.fault("lost_answer", at=1)
    assert port.read(4, 4) == bench.memory()[16:32]
    assert bench.spent()["commands"] == 1


@pytest.mark.parametrize("kind", ["flip", "insert", "drop"])
@pytest.mark.parametrize("side", ["out", "in"])
@pytest.mark.parametrize("every", [97, 211])
def test_a_noisy_line_costs_time_and_nothing_else(
    bench, port, monkeypatch, kind, side, every
) -> None:
    port._chip.exchange.ack_ms = 30
    port._chip.exchange.gap_ms = 10
    bench.arrive()
    port.wait(1)
    bench.fault("noise", every=every, kind=kind, side=side)
    for page in range(4, 24):
        port.write(page, pattern(page))
    read = b"".join(port.read(page, 4) for page in range(4, 24, 4))
    bench.no_faults()
    assert read == bench.memory()[16:96] == b"".join(pattern(page) for page in range(4, 24))


def test_a_lost_byte_costs_a_gap_and_not_the_whole_time_out(bench, port, monkeypatch) -> None:
    port._chip.exchange.answer_ms = 30_000
    bench.arrive()
    port.wait(1)
    bench.fault("noise", every=100, kind="drop")
    started = time.monotonic()
    assert port.read(0, 20) == bench.memory()[:80]
    assert port.read(0, 20) == bench.memory()[:80]
    assert time.monotonic() - started < 3


def test_a_tag_that_leaves_while_it_is_read_is_gone(bench, port) -> None:
    bench.arrive()
    port.wait(1)
    bench.fault("tag_leaves", after=1)
    with pytest.raises(TagGone) as gone:
        port.read(0, 100)
    assert gone.value.page == 65
    with pytest.raises(TagGone):
        port.read(0, 1)
    with pytest.raises(TagGone):
        port.write(4, pattern(4))
    assert not port.present()


def test_a_tag_that_leaves_while_it_is_written_is_gone_at_that_page(bench, port) -> None:
    bench.arrive()
    port.wait(1)
    bench.fault("tag_leaves", after=3)
    with pytest.raises(TagGone, match="page 7: hold it still") as gone:
        for page in range(4, 10):
            port.write(page, pattern(page))
    assert gone.value.page == 7
    assert bench.memory()[16:28] == b"".join(pattern(page) for page in range(4, 7))


def test_a_torn_write_is_a_tag_that_is_gone(bench, port) -> None:
    bench.arrive()
    port.wait(1)
    bench.fault("tear", at=2, bits="ffff0000")
    with pytest.raises(TagGone) as gone:
        for page in range(30, 40):
            port.write(page, b"\xff" * 4)
    assert gone.value.page == 31
    assert bench.memory()[120:128] == bytes.fromhex("ffffffffffff0000")


def test_a_locked_page_is_refused_and_the_tag_stays(bench, port) -> None:
    bench.arrive()
    memory = bytearray(bench.memory())
    memory[10] |= 0x20  # page 5
    bench.load(bytes(memory))
    port.wait(1)
    port.write(4, pattern(4))
    with pytest.raises(TagRefused, match="page 5 cannot be written") as refused:
        port.write(5, pattern(5))
    assert refused.value.page == 5
    port.write(6, pattern(6))
    assert port.present()


def test_another_tag_in_its_place_is_not_taken_for_it(bench, port) -> None:
    bench.arrive()
    port.wait(1)
    bench.leave()
    bench.arrive(OTHER)
    with pytest.raises(TagGone):
        port.read(0, 4)
    with pytest.raises(TagGone):
        port.read(0, 4)
    target = port.wait(1)
    assert target is not None and target.uid.hex() == OTHER


def test_two_tags_are_refused_before_the_first_write(bench, port) -> None:
    bench.arrive()
    bench.arrive(OTHER)
    before = bench.memory(), bench.memory(OTHER)
    port.wait(1)
    with pytest.raises(DeviceTrouble, match=f"two tags on reader {bench.path}.*leave one"):
        port.write(4, pattern(4))
    with pytest.raises(DeviceTrouble, match=r"two tags"):
        port.present()
    assert (bench.memory(), bench.memory(OTHER)) == before
    bench.leave(OTHER)
    target = port.wait(1)
    assert target is not None and target.uid.hex() == UID
    port.write(4, pattern(4))


def test_a_second_tag_that_comes_while_one_is_written_does_no_harm(bench, port) -> None:
    bench.arrive()
    port.wait(1)
    port.write(4, pattern(4))
    bench.arrive(OTHER)
    before = bench.memory(OTHER)
    port.write(5, pattern(5))
    assert bench.memory()[16:24] == pattern(4) + pattern(5)
    assert bench.memory(OTHER) == before


def test_a_line_that_this_user_may_not_open_is_not_called_busy(bench) -> None:
    Path(bench.path).chmod(0)
    if os.access(bench.path, os.R_OK):
        pytest.skip("this user may open everything")
    with pytest.raises(ReaderBusy, match="dialout"):
        Pn532(bench.path).open()


def test_a_second_opener_is_refused_and_the_first_goes_on(bench, port) -> None:
    with pytest.raises(ReaderBusy, match="another program"):
        Pn532(bench.path).open()
    bench.arrive()
    assert port.wait(1) is not None


def test_a_path_that_is_no_device_is_a_reader_that_is_gone(tmp_path) -> None:
    with pytest.raises(ReaderGone, match="check the plug"):
        Pn532(str(tmp_path / "nothing")).open()
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(ReaderGone):
        Pn532(str(file)).open()


def test_a_line_without_a_chip_is_said_so(monkeypatch) -> None:
    monkeypatch.setattr(hsu, "_PROBE_MS", 1)
    master, slave = os.openpty()
    with pytest.raises(ReaderGone, match="no PN532 answers at any rate"):
        Pn532(os.ttyname(slave)).open()
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize("baud", [9600, 57600, 230400, 460800, 921600])
def test_a_chip_that_a_crash_left_at_another_rate_is_found_and_brought_back(
    bench, monkeypatch, baud
) -> None:
    monkeypatch.setattr(hsu, "_PROBE_MS", 10)
    bench.port.chip.baud = baud
    port = Pn532(bench.path)
    port.open()
    assert bench.port.chip.baud == 115200
    bench.arrive()
    assert port.wait(1) is not None
    port.close()


def test_the_rate_of_the_url_is_used_and_given_back(bench) -> None:
    port = Pn532(bench.path, 921600)
    port.open()
    assert bench.port.chip.baud == 921600
    bench.arrive()
    bench.spent()
    port.wait(1)
    assert len(port.read(0, 65)) == 260
    assert bench.spent()["total_ms"] < 37
    port.close()
    assert bench.port.chip.baud == 115200


def test_a_rate_that_the_chip_does_not_know_is_our_bug() -> None:
    with pytest.raises(ValueError, match="not 1200"):
        Pn532("/dev/null", 1200)


def test_what_a_crash_left_half_sent_does_not_stop_the_next_open(bench, monkeypatch) -> None:
    monkeypatch.setattr(hsu, "_PROBE_MS", 20)
    with Serial(bench.path, 115200) as line:
        line.write(bytes.fromhex("5555000000ff14ecd44001a2"))
    port = Pn532(bench.path)
    port.open()
    bench.arrive()
    assert port.wait(1) is not None
    port.close()


@pytest.mark.parametrize("call", ["wait", "read", "write", "present"])
def test_an_unplugged_reader_is_gone_and_works_again_when_reopened(bench, port, call) -> None:
    bench.arrive()
    port.wait(1)
    bench.unplug()
    with pytest.raises(ReaderGone):
        {
            "wait": lambda: port.wait(1),
            "read": lambda: port.read(0, 4),
            "write": lambda: port.write(4, bytes(4)),
            "present": port.present,
        }[call]()
    port.close()
    with pytest.raises(ReaderGone):
        port.open()
    bench.replug()
    port.open()
    bench.arrive()
    assert port.wait(1) is not None


def test_a_chip_that_falls_silent_is_gone(bench, port, monkeypatch) -> None:
    port._chip.exchange.ack_ms = 10
    bench.arrive()
    port.wait(1)
    monkeypatch.setattr(bench.port.chip, "_command", lambda payload: None)
    with pytest.raises(ReaderGone, match="does not answer"):
        port.read(0, 4)
    with pytest.raises(ReaderGone, match="does not answer"):
        port.wait(0.1)


def test_stop_ends_a_wait_from_another_thread(bench, port) -> None:
    port.stop()
    started = time.monotonic()
    assert port.wait(10) is None
    assert time.monotonic() - started < 0.3
    bench.arrive()
    assert port.wait(1) is not None


def test_close_leaves_the_field_off_and_may_be_called_twice(bench) -> None:
    port = Pn532(bench.path)
    port.close()
    port.open()
    bench.arrive()
    port.wait(1)
    port.close()
    port.close()
    assert not bench.port.chip.field.powered
