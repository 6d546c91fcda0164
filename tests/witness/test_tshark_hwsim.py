"""Wireshark's LLRP dissector reads every message that the simulated reader sends, without a complaint.

Left out is what Wireshark 4.0 itself reads wrongly, also in messages recorded from a real reader: Identification (the
count of ReaderID is not added up; asked for apart), C1G2GetBlockPermalockStatus (BlockPointer read from the byte of
MB), ImpinjSerializedTID (words taken for bytes).
"""

import shutil
import subprocess
from pathlib import Path

import pytest
from llrp_bench import Bench, access_spec, ai_spec, pattern, results, rospec, selector
from witness import require, vectors

from hwsim.gen2tag import RESERVED
from hwsim.llrp_bytes import HEADER, Bits, Node, custom, encode, make, message

pytestmark = pytest.mark.witness

END_S = 60
PASSWORD = 0x22222222
ROOM = 100_000  # bytes of the report buffer
SENT_BY_READERS = {
    *(4, 11, 12, 13, *range(30, 37), *range(50, 55), 56, 57),
    *(61, 62, 63, 100, 1023),
}


class Recorded(Bench):
    """Keeps each message that the reader sends."""

    def take(self, data: bytes) -> list[tuple[int, Node]]:
        at = 0
        while at < len(data):
            length = HEADER.unpack_from(data, at)[1]
            self.sent.append(data[at : at + length])
            at += length
        return super().take(data)

    @property
    def sent(self) -> list[bytes]:
        return self.__dict__.setdefault("_sent", [])  # type: ignore[no-any-return]


def run(*command: str) -> str:
    require(shutil.which(command[0]), command[0])
    ended = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=END_S, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def dissected(at: Path, messages: list[bytes], *options: str) -> str:
    dump, found = at / "dump.txt", at / "llrp.pcap"
    dump.write_text("".join(f"000000 {data.hex(' ')}\n" for data in messages))
    run("text2pcap", "-q", "-T", "5084,40000", str(dump), str(found))
    return run("tshark", "-r", str(found), "-d", "tcp.port==5084,llrp", *options)


def complaints(at: Path, messages: list[bytes]) -> list[tuple[int, str]]:
    """Type and complaint of each message."""
    fields = ("-T", "fields", "-e", "llrp.type", "-e", "_ws.expert.message", "-e", "_ws.malformed")
    lines = dissected(at, messages, *fields).splitlines()
    cells = [line.split("\t") for line in lines]
    return [(int(type), "".join(said)) for type, *said in cells]


def refusals(bench: Recorded) -> None:
    """Statuses with errors of fields and of parameters at every depth, and ERROR_MESSAGEs."""
    bench.ask("START_ROSPEC", ROSpecID=99)
    bench.ask("ADD_ROSPEC", rospec(ROSpecID=0))
    broken = encode(rospec(ai_spec(make("C1G2Filter"))))
    past_its_end = b"\0\xb1\xff\xff"
    for number, body in enumerate((b"", broken, past_its_end), 1):
        bench.take(bench.reader.receive(message(20, number, body, bench.version), bench.now_s))
    bench.take(bench.reader.receive(message(999, 9, b"", bench.version), bench.now_s))
    bench.ask("CUSTOM_MESSAGE", VendorIdentifier=1, MessageSubtype=2)


def failures(bench: Recorded, model: str) -> None:
    """Each operation with a wrong password or no kill password, on the second tag."""
    fields = {"OpSpecID": 1, "AccessPassword": 1, "MB": 3}
    operations = [
        make("C1G2Read", **fields, WordCount=1),
        make("C1G2Write", **fields, WriteData=b"ab"),
        make("C1G2BlockWrite", **fields, WriteData=b"ab"),
        make("C1G2Lock", make("C1G2LockPayload"), OpSpecID=1, AccessPassword=1),
        make("C1G2Kill", OpSpecID=1),
    ]
    if model == "generic":
        operations.append(make("C1G2BlockErase", **fields, WordCount=1))
        operations.append(make("C1G2BlockPermalock", **fields, BlockMask=b"\1\0"))
        operations.append(make("C1G2Recommission", OpSpecID=1))
    for each in operations:
        bench.do("ADD_ACCESSSPEC", access_spec(each, epc=bench.tags[1].epc, AccessSpecID=9))
        bench.do("START_ROSPEC", ROSpecID=1)
        before = len(bench.reports)
        bench.do("ENABLE_ACCESSSPEC", AccessSpecID=9)
        bench.wait(0.1)
        (failed,) = [found for report in bench.reports[before:] for found in results(report)]
        assert (failed.name, bool(failed.number("Result"))) == (each.name + "OpSpecResult", True)


def everything(model: str, version: int) -> Recorded:
    """A reader that has been made to send all that it can."""
    bench = Recorded("fram4k", "m730", "m780", model=model, report_buffer=ROOM)
    bench.connect()
    if version > 1:
        bench.version = 2
        bench.do("GET_SUPPORTED_VERSION")
        bench.do("SET_PROTOCOL_VERSION", ProtocolVersion=2)
    bench.do("GET_READER_CAPABILITIES")
    notify = [
        make("EventNotificationState", EventType=kind, NotificationState=1) for kind in range(10)
    ]
    keepalive = make("KeepaliveSpec", KeepaliveTriggerType=1, PeriodicTriggerValue=500)
    gpi = make("GPIPortCurrentState", GPIPortNum=1, Config=1)
    bench.do("SET_READER_CONFIG", make("ReaderEventNotificationSpec", *notify), keepalive, gpi)
    for part in range(2, 12):
        bench.do("GET_READER_CONFIG", RequestedData=part)
    bench.ask("CUSTOM_MESSAGE", VendorIdentifier=25882, MessageSubtype=21, Data=bytes(4))
    refusals(bench)
    content = selector(
        make("C1G2EPCMemorySelector", EnableCRC=1, EnablePCBits=1),
        EnableROSpecID=1,
        EnableSpecIndex=1,
        EnableInventoryParameterSpecID=1,
        EnableChannelIndex=1,
        EnablePeakRSSI=1,
        EnableFirstSeenTimestamp=1,
        EnableLastSeenTimestamp=1,
        EnableTagSeenCount=1,
        EnableAccessSpecID=1,
    )
    observation = make("TagObservationTrigger", TriggerType=0, NumberOfTags=20, Timeout=1000)
    mask = make("C1G2TagInventoryMask", MB=1, Pointer=32, TagMask=Bits(0, b""))
    select = make("C1G2Filter", mask, make("C1G2TagInventoryStateUnawareFilterAction"), T=1)
    ai = ai_spec(
        select,
        stop=make("AISpecStopTrigger", observation, Type=3),
        power=21 if model == "generic" else 81,
    )
    gpi_stop = make("GPITriggerValue", GPIPortNum=1, GPIEvent=0, Timeout=9000)
    spec = rospec(
        ai,
        stop=make("ROSpecStopTrigger", gpi_stop, Type=2),
        content=content,
        vendor=custom(25882, 50, encode(custom(25882, 53, b"\0\1"))),
        every=3,
    )
    if version > 1:
        spec.children.insert(-1, make("LoopSpec", LoopCount=3))
    bench.start(spec)
    bench.wait(0.5)
    bench.do("GET_ROSPECS")
    bench.tags[0].banks[RESERVED][:8] = bytes.fromhex("1111111122222222")
    password = {"OpSpecID": 1, "AccessPassword": PASSWORD, "MB": 3}
    operations = [
        make("C1G2Read", **password, WordCount=8),
        make("C1G2Write", **password, WordPointer=1, WriteData=b"\1\2\3\4"),
        make("C1G2BlockWrite", **password, WordPointer=1, WriteData=b"\1\2\3\4"),
        make("C1G2Lock", make("C1G2LockPayload", DataField=2), OpSpecID=4, AccessPassword=PASSWORD),
    ]
    if model == "generic":
        operations.append(make("C1G2BlockErase", **password, WordCount=2))
        operations.append(make("C1G2BlockPermalock", **password, BlockMask=b"\1\0"))
        operations.append(make("C1G2Recommission", OpSpecID=8, KillPassword=0x11111111, SB3=1))
    operations.append(make("C1G2Kill", OpSpecID=9, KillPassword=0x11111111))
    bench.do("ADD_ACCESSSPEC", access_spec(*operations, epc=bench.tags[0].epc))
    bench.do("ADD_ACCESSSPEC", access_spec(operations[0], epc=b"\xff", AccessSpecID=2))
    bench.do("GET_ACCESSSPECS")
    bench.do("START_ROSPEC", ROSpecID=1)
    bench.do("ENABLE_ACCESSSPEC", AccessSpecID=1)
    assert bench.tags[0].killed, bench.reports[-1]
    if model == "generic":  # Wireshark can read the status that comes back, not the question
        ask = make("C1G2GetBlockPermalockStatus", OpSpecID=1, MB=3, BlockRange=1)
        status = access_spec(ask, AccessSpecID=3)
        status.one("AccessCommand").children[0] = make("C1G2TagSpec", pattern(b""))
        bench.do("ADD_ACCESSSPEC", status)
        bench.do("ENABLE_ACCESSSPEC", AccessSpecID=3)
    bench.do("DISABLE_ACCESSSPEC", AccessSpecID=0)
    bench.do("DELETE_ACCESSSPEC", AccessSpecID=0)
    bench.tags[1].banks[RESERVED][4:8] = PASSWORD.to_bytes(4, "big")
    failures(bench, model)
    for unread in (ROOM * 4 // 5, ROOM, 0):
        bench.reader.buffer.unread = unread
        bench.wait(0.1)
    for level in (True, False):
        bench.reader.set_gpi(1, level, bench.now_s)
        bench.wait(0.5)
    bench.send("GET_REPORT")
    bench.do("START_ROSPEC", ROSpecID=1)
    bench.wait(2.0)
    bench.do("START_ROSPEC", ROSpecID=1)
    bench.do("STOP_ROSPEC", ROSpecID=1)
    bench.do("DISABLE_ROSPEC", ROSpecID=1)
    bench.do("DELETE_ROSPEC", ROSpecID=1)
    bench.sent.append(bench.reader.refuse(bench.now_s))
    bench.do("CLOSE_CONNECTION")
    return bench


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("model", ["impinj", "generic"])
def test_every_message_of_the_reader_is_dissected_without_a_complaint(
    model: str, version: int, tmp_path: Path
) -> None:
    bench = everything(model, version)
    found = complaints(tmp_path, bench.sent)
    assert [type for type, _ in found] == [
        HEADER.unpack_from(each)[0] & 0x3FF for each in bench.sent
    ]
    assert {each for each in found if each[1]} == set()
    never = {56, 57} if version == 1 else set()
    never |= {1023} if model == "generic" else set()
    expected = SENT_BY_READERS - never
    assert {type for type, _ in found} == expected


@pytest.fixture(scope="module")
def generic(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recorded, str]:
    """A generic reader over LLRP 1.1, and all that Wireshark says of what it has sent."""
    bench = everything("generic", 2)
    return bench, dissected(tmp_path_factory.mktemp("generic"), bench.sent, "-O", "llrp", "-V")


def test_wireshark_sees_what_we_have_written(generic: tuple[Recorded, str]) -> None:
    bench, text = generic
    assert "alformed" not in text
    for said in (
        *[f"EPC: {tag.epc.hex()}" for tag in bench.tags[1:]],
        "Current state: 2",
        "Number of words written: 2",
    ):
        assert said in text


@pytest.mark.parametrize("number", [*range(349, 355), *range(360, 363)])
def test_the_results_of_every_operation_are_read(
    generic: tuple[Recorded, str], number: int
) -> None:
    assert f"({number})" in generic[1]


def test_events_of_the_report_buffer_are_read(generic: tuple[Recorded, str]) -> None:
    assert "Report Buffer Level Warning Event" in generic[1]
    assert "Report Buffer Overflow Error Event" in generic[1]


def test_it_stumbles_on_an_identification_as_on_a_real_readers(tmp_path: Path) -> None:
    recorded = (vectors("llrp") / "GetReaderConfigResponse-000.bytes").read_bytes()
    bench = Recorded()
    bench.connect()
    bench.sent.clear()
    bench.do("GET_READER_CONFIG", RequestedData=0)
    real, ours = complaints(tmp_path, [message(12, 1, recorded), *bench.sent])
    assert ours == real
    assert real[1]


@pytest.mark.parametrize("kind", ["parameter", "length"])
def test_it_complains_of_a_lie(kind: str, tmp_path: Path) -> None:
    bench = Recorded("monzax8k")
    bench.connect()
    bench.faults.add("lie", {"kind": kind})
    data = bench.reader.receive(message(26, 1), bench.now_s)
    lie = data[: HEADER.unpack_from(data)[1]] if kind == "parameter" else data
    ((_, said),) = complaints(tmp_path, [lie])
    assert "Invalid length" in said
