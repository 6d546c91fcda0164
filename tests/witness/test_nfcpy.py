"""nfcpy 1.0.4, unmodified, against the simulated PN532: it must find what it would find on silicon.

The counts of commands, exchanges and bytes are those of nfcpy itself; the times are counted, not measured.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from witness import require

from hwsim.chips import CHIPS
from hwsim.clock import Clock
from hwsim.faults import Faults
from hwsim.field import Field
from hwsim.ntag import Tag
from hwsim.pn532 import Pn532
from hwsim.port import PtyPort

try:
    import ndef
    import nfc
    import nfc.clf.pn532
    import nfc.clf.transport
    import nfc.tag
except ImportError:
    nfc = None

pytestmark = pytest.mark.witness

UID = bytes.fromhex("04a1b2c3d4e5f6")
MESSAGE = (
    bytes.fromhex("d2 0b ed") + b"tag:witness" + bytes(range(236))
)  # one MIME record, 250 bytes
CHIP_NAMES = {"ntag213": "NXP NTAG213", "ntag215": "NXP NTAG215", "ntag216": "NXP NTAG216"}


class Bench:
    """One reader with one tag, opened by nfcpy."""

    def __init__(self, chip: str) -> None:
        self.clock = Clock()
        self.field = Field(self.clock, Faults())
        self.tag = Tag(CHIPS[chip], UID)
        self.chip = Pn532(self.field, self.clock)
        self.clf: Any = None

    def detect(self) -> Any:
        target = self.clf.sense(nfc.clf.RemoteTarget("106A"))
        return target and nfc.tag.activate(self.clf, target)

    def spent(self, work: Callable[[], object]) -> dict[str, float]:
        self.clock.reset()
        work()
        return self.clock.stats()


@contextmanager
def opened(chip: str = "ntag215") -> Iterator[Bench]:
    require(nfc, "nfcpy")
    bench = Bench(chip)
    bench.field.arrive(bench.tag)
    with PtyPort(bench.chip) as port:
        device = nfc.clf.pn532.init(nfc.clf.transport.TTY(port.path))
        device._path = port.path
        bench.clf = nfc.ContactlessFrontend()
        bench.clf.device = device
        try:
            yield bench
        finally:
            bench.clf.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    with opened() as made:
        yield made


@pytest.mark.parametrize("chip", CHIP_NAMES)
def test_it_knows_each_chip_by_name(chip: str) -> None:
    with opened(chip) as bench:
        tag = bench.detect()
        assert tag.product == CHIP_NAMES[chip] and bytes(tag.identifier) == UID
        assert bench.chip.baud == 921600  # it always changes the speed
        assert tag.ndef.length == 0 and tag.ndef.is_writeable
        capacity = {"ntag213": 137, "ntag215": 492, "ntag216": 868}[chip]
        assert tag.ndef.capacity == capacity
        bench.clf.close()
        assert bench.chip.baud == 115200 and bench.chip.power == "powerdown"


@pytest.mark.parametrize("chip", CHIP_NAMES)
def test_what_it_writes_it_reads_again(chip: str) -> None:
    records = [ndef.UriRecord("https://id.example.com/01/09520123456788/21/A1")]
    with opened(chip) as bench:
        bench.detect().ndef.records = records
        bench.field.leave()
        assert bench.detect() is None
        bench.field.arrive(bench.tag)
        assert bench.detect().ndef.records == records


def test_it_sees_a_tag_go(bench: Bench) -> None:
    tag = bench.detect()
    assert tag.is_present
    bench.field.leave()
    assert not tag.is_present


def test_it_reads_the_signature_and_every_page(bench: Bench) -> None:
    tag = bench.detect()
    assert len(tag.signature) == 32 and tag.signature != bytes(32)
    dump = tag.dump()
    assert dump[0].startswith("000: 04 a1 b2 9f") and dump[3].startswith("003: e1 10 3e 00")
    assert any(line.startswith("083: 04 00 00 ff") for line in dump)


def test_it_protects_with_a_password_and_logs_in(bench: Bench) -> None:
    tag = bench.detect()
    assert tag.protect(b"secret", protect_from=4)
    assert bench.tag.memory[-8:-2] == b"secret" and bench.tag.auth0 == 4
    tag = bench.detect()
    with pytest.raises(nfc.tag.TagCommandError):
        tag.write(10, b"nope")
    tag = bench.detect()
    assert not tag.authenticate(b"wrongs")
    tag = bench.detect()
    assert tag.authenticate(b"secret")
    assert tag.write(10, b"okay")


def test_it_locks_a_tag_for_ever(bench: Bench) -> None:
    tag = bench.detect()
    assert tag.protect()
    assert bench.tag.memory[10:16].hex() == "ffffe1103e0f"
    assert all(bench.tag.is_locked(page) for page in range(3, 130))
    tag = bench.detect()
    assert not tag.ndef.is_writeable
    with pytest.raises(nfc.tag.TagCommandError):
        tag.write(4, b"nope")


def test_its_detection_and_reading_cost_what_they_cost(bench: Bench) -> None:
    """84 commands, 29 exchanges, 1180 + 1681 bytes; at 115200 baud 248 ms on the wire, 56.4 on the air."""
    bench.detect().ndef.octets = MESSAGE
    found: list[Any] = []
    detect = bench.spent(lambda: found.append(bench.detect()))
    assert (detect["commands"], detect["rf_exchanges"]) == (16, 12)
    assert (detect["bytes_in"], detect["bytes_out"]) == (211, 287)
    assert detect["uart_ms"] == pytest.approx(5.4, rel=0.01)
    assert detect["rf_ms"] == pytest.approx(21.0, rel=0.02)
    read = bench.spent(lambda: found[0].ndef.octets)
    assert found[0].ndef.octets == MESSAGE
    assert detect["commands"] + read["commands"] == 84
    assert detect["rf_exchanges"] + read["rf_exchanges"] == 29
    bytes_in, bytes_out = (
        detect["bytes_in"] + read["bytes_in"],
        detect["bytes_out"] + read["bytes_out"],
    )
    assert (bytes_in, bytes_out) == (1180, 1681)
    assert detect["rf_ms"] + read["rf_ms"] == pytest.approx(56.4, rel=0.02)
    at_115200_ms = (bytes_in + bytes_out) / 11.52 + detect["rf_ms"] + read["rf_ms"]
    assert at_115200_ms == pytest.approx(305, rel=0.01)


def test_its_writing_costs_what_it_costs(bench: Bench) -> None:
    """Onto an empty tag 320 commands, 80 exchanges, 4820 + 5455 bytes; 1250 ms at 115200 baud."""
    tag = bench.detect()
    assert tag.ndef.octets == b""

    def write() -> None:
        tag.ndef.octets = MESSAGE

    stats = bench.spent(write)
    assert (stats["commands"], stats["rf_exchanges"], stats["pages_written"]) == (320, 80, 65)
    assert (stats["bytes_in"], stats["bytes_out"]) == (4820, 5455)
    assert stats["rf_ms"] + stats["eeprom_ms"] == pytest.approx(358, rel=0.01)
    at_115200_ms = (4820 + 5455) / 11.52 + stats["rf_ms"] + stats["eeprom_ms"]
    assert at_115200_ms == pytest.approx(1250, rel=0.01)


def test_a_tag_that_leaves_while_it_writes_keeps_no_message(bench: Bench) -> None:
    """nfcpy issue 229: the length is written as 0 first."""
    tag = bench.detect()
    tag.ndef.octets = MESSAGE
    bench.chip.faults.add("tear", {"at": 20})
    with pytest.raises(nfc.tag.TagCommandError):
        tag.ndef.octets = bytes(reversed(MESSAGE))
    bench.field.arrive(bench.tag)
    assert bench.detect().ndef.length == 0


def test_it_cannot_open_a_reader_that_a_crash_left_at_another_speed() -> None:
    require(nfc, "nfcpy")
    bench = Bench("ntag215")
    bench.chip.stand_at(921600)
    with PtyPort(bench.chip) as port:
        tty = nfc.clf.transport.TTY(port.path)
        with pytest.raises(OSError):
            nfc.clf.pn532.init(tty)
        tty.close()
