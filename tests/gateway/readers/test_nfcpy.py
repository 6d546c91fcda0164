"""The same port on nfcpy, whose own PN532 driver talks to the simulator."""

import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from witness import require

from gateway.model import DeviceTrouble, ReaderGone, TagGone, TagRefused

UID = "04a1b2c3d4e5f6"
OTHER = "04112233445566"


@pytest.fixture
def port(bench) -> Iterator:
    require(find_spec("nfc"), "nfcpy")
    from gateway.readers.nfcpy import Nfcpy

    port = Nfcpy(f"tty:{bench.path}")
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


def test_no_tag_is_none_and_stop_ends_the_wait(bench, port) -> None:
    assert port.wait(0.0) is None
    threading.Timer(0.01, port.stop).start()
    started = time.monotonic()
    assert port.wait(10) is None
    assert time.monotonic() - started < 0.3


@pytest.mark.parametrize("tag", ["ntag213", "ntag215", "ntag216"])
def test_a_whole_tag_is_read_and_no_page_past_its_end(bench, port, tag) -> None:
    bench.arrive(tag=tag)
    memory = bench.memory()
    port.wait(1)
    assert port.read(0, 65 if tag != "ntag213" else 45)[: len(memory) - 8] == memory[:-8][:260]
    assert port.read(0, 250) == memory[:-8] + bytes(8)


def test_a_tag_that_leaves_is_gone_at_that_page(bench, port) -> None:
    bench.arrive()
    port.wait(1)
    bench.fault("tag_leaves", after=2)
    with pytest.raises(TagGone) as gone:
        for page in range(4, 10):
            port.write(page, pattern(page))
    assert gone.value.page == 6
    with pytest.raises(TagGone):
        port.read(0, 4)
    with pytest.raises(TagGone):
        port.write(4, bytes(4))


def test_a_torn_write_is_a_tag_that_is_gone(bench, port) -> None:
    bench.arrive()
    port.wait(1)
    bench.fault("tear", at=2)
    with pytest.raises(TagGone) as gone:
        for page in range(30, 40):
            port.write(page, b"\xff" * 4)
    assert gone.value.page == 31


def test_a_locked_page_is_refused_and_the_tag_stays(bench, port) -> None:
    bench.arrive()
    memory = bytearray(bench.memory())
    memory[10] |= 0x20
    bench.load(bytes(memory))
    port.wait(1)
    port.write(4, pattern(4))
    with pytest.raises(TagRefused, match="page 5 cannot be written"):
        port.write(5, pattern(5))
    port.write(6, pattern(6))


def test_another_tag_in_its_place_is_not_taken_for_it(bench, port) -> None:
    bench.arrive()
    port.wait(1)
    bench.leave()
    bench.arrive(OTHER)
    with pytest.raises(TagGone):
        port.read(0, 4)


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


@pytest.mark.parametrize("fault", ["lost_ack", "lost_answer"])
def test_what_nfcpy_makes_of_a_fault_on_the_line_is_a_trouble_of_ours(bench, port, fault) -> None:
    bench.arrive()
    port.wait(1)
    bench.fault(fault, at=1)
    try:
        port.read(0, 4)
    except DeviceTrouble:
        return


@pytest.mark.parametrize("every", [31, 97])
def test_noise_is_never_an_error_of_nfcpy(bench, port, every) -> None:
    bench.arrive()
    port.wait(1)
    bench.fault("noise", every=every)
    for _ in range(5):
        try:
            port.read(0, 20)
            port.present()
        except DeviceTrouble:
            continue


def test_a_path_without_a_reader_is_gone(tmp_path) -> None:
    require(find_spec("nfc"), "nfcpy")
    from gateway.readers.nfcpy import Nfcpy

    for path in (f"tty:{tmp_path}/nothing", "tty:nothing-there:pn532"):
        with pytest.raises(ReaderGone):
            Nfcpy(path).open()
