"""libnfc 1.8.0's own programs against the simulated PN532, and nfcpy reading what they wrote."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from witness import require

from hwsim.chips import CHIPS
from hwsim.clock import Clock
from hwsim.field import Field
from hwsim.ntag import Tag
from hwsim.pn532 import Pn532
from hwsim.port import PtyPort

pytestmark = pytest.mark.witness

UID = bytes.fromhex("04a1b2c3d4e5f6")
END_S = 30
NDEF = bytes.fromhex("d1010c55") + b"\x04example.com"


class Reader:
    def __init__(self, chip: str = "ntag215") -> None:
        self.clock = Clock()
        self.field = Field(self.clock)
        self.tag = Tag(CHIPS[chip], UID)
        self.field.arrive(self.tag)
        self.port = PtyPort(Pn532(self.field, self.clock))

    def run(self, *command: str, typed: str = "") -> str:
        """The program's output; it must end well."""
        require(shutil.which(command[0]), command[0])
        self.clock.reset()
        ended = subprocess.run(
            command,
            env={**os.environ, "LIBNFC_DEFAULT_DEVICE": f"pn532_uart:{self.port.path}"},
            input=typed,
            capture_output=True,
            text=True,
            timeout=END_S,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


@pytest.fixture
def reader() -> Iterator[Reader]:
    made = Reader()
    with made.port:
        yield made


def test_nfc_list_finds_the_tag(reader: Reader) -> None:
    said = reader.run("nfc-list", "-v")
    assert "1 ISO14443A passive target(s) found" in said
    assert "ATQA (SENS_RES): 00  44" in said and "SAK (SEL_RES): 00" in said
    assert "UID (NFCID1): 04  a1  b2  c3  d4  e5  f6" in said
    assert reader.clock.stats()["commands"] == pytest.approx(63, abs=5)


def test_nfc_list_finds_two_tags(reader: Reader) -> None:
    reader.field.arrive(Tag(CHIPS["ntag213"], bytes.fromhex("04000000000001")))
    said = reader.run("nfc-list")
    assert "2 ISO14443A passive target(s) found" in said
    assert "04  00  00  00  00  00  01" in said and "04  a1  b2  c3  d4  e5  f6" in said


def test_nfc_list_finds_an_empty_field(reader: Reader) -> None:
    reader.field.leave()
    assert "UID" not in reader.run("nfc-list")


@pytest.mark.parametrize(("chip", "pages"), [("ntag213", 45), ("ntag215", 135), ("ntag216", 231)])
def test_nfc_mfultralight_reads_each_chip_whole(chip: str, pages: int, tmp_path: Path) -> None:
    reader = Reader(chip)
    reader.tag.memory[40:44] = b"here"
    with reader.port:
        said = reader.run("nfc-mfultralight", "r", str(tmp_path / "tag.mfd"))
    assert f"{chip.upper()} (" in said and f"Done, {pages} of {pages} pages read" in said
    dump = (tmp_path / "tag.mfd").read_bytes()
    assert dump[: len(reader.tag.memory) - 8] == reader.tag.memory[:-8]
    assert reader.tag.programmed == 0


def test_what_nfc_mfultralight_writes_nfcpy_reads(reader: Reader, tmp_path: Path) -> None:
    dump = tmp_path / "tag.mfd"
    image = bytearray(reader.tag.memory)
    area = bytes((0x03, len(NDEF))) + NDEF + b"\xfe"
    image[16 : 16 + len(area)] = area
    image[100:500] = bytes(i * 7 & 0xFF for i in range(400))
    dump.write_bytes(image)
    said = reader.run("nfc-mfultralight", "w", str(dump), typed="n\nn\nn\nn\n")
    assert "Done, 130 of 135 pages written (5 pages skipped, 0 pages failed)" in said
    stats = reader.clock.stats()
    assert stats["pages_written"] == 130 and stats["commands"] == pytest.approx(159, abs=5)
    assert reader.tag.memory[16:520] == image[16:520]

    nfc = pytest.importorskip("nfc")
    transport = pytest.importorskip("nfc.clf.transport")
    driver = pytest.importorskip("nfc.clf.pn532")
    activate = pytest.importorskip("nfc.tag").activate
    clf = nfc.ContactlessFrontend()
    clf.device = driver.init(transport.TTY(reader.port.path))
    clf.device._path = reader.port.path
    tag = activate(clf, clf.sense(nfc.clf.RemoteTarget("106A")))
    assert tag.ndef.octets == NDEF and tag.ndef.records[0].uri == "https://example.com"
    clf.close()


def test_nfc_poll_sees_a_tag_come_and_go(reader: Reader) -> None:
    reader.field.leave()
    require(shutil.which("nfc-poll"), "nfc-poll")
    with subprocess.Popen(
        ["nfc-poll"],
        env={**os.environ, "LIBNFC_DEFAULT_DEVICE": f"pn532_uart:{reader.port.path}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as polling:
        try:
            await_that(lambda: reader.port.chip.wait is not None)  # InAutoPoll runs
            reader.port.do({"do": "arrive", "uid": UID.hex()})
            await_that(lambda: reader.clock.rf_exchanges > 50)  # READ 0, again and again
            reader.port.do({"do": "leave"})
            said, _ = polling.communicate(timeout=END_S)
        finally:
            polling.kill()
    assert polling.returncode == 0
    assert "UID (NFCID1): 04  a1  b2  c3  d4  e5  f6" in said and "done." in said


def await_that(happens: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + END_S
    while not happens():
        assert time.monotonic() < deadline_s
