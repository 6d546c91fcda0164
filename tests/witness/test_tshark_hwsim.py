"""Wireshark's LLRP dissector reads every message that the simulated reader sends, without a complaint.

Left out is what Wireshark 4.0 itself reads wrongly, also in messages recorded from a real reader: Identification (the
count of ReaderID is not added up), C1G2GetBlockPermalockStatus (BlockPointer read from the byte of MB),
ImpinjSerializedTID (words taken for bytes).
"""

import shutil
import subprocess
from pathlib import Path

import pytest
from llrp_bench import Bench, access_spec, ai_spec, pattern, rospec, selector
from witness import require

from hwsim.gen2tag import RESERVED
from hwsim.llrp_bytes import HEADER, Bits, Node, custom, encode, make, message

pytestmark = pytest.mark.witness

END_S = 60
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


def everything(model: str, version: int) -> Recorded:
    """A reader that has been made to send all that it can."""
    bench = Recorded("fram4k", "m730", "m780", model=model)
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
    bench.send("ADD_ROSPEC", rospec(ROSpecID=0))
    bench.take(bench.reader.receive(message(20, 1, b"", bench.version), 0.0))
    bench.take(bench.reader.receive(message(999, 2, b"", bench.version), 0.0))
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
    password = {"OpSpecID": 1, "AccessPassword": 0x22222222, "MB": 3}
    operations = [
        make("C1G2Read", **password, WordCount=8),
        make("C1G2Write", **password, WordPointer=1, WriteData=b"\1\2\3\4"),
        make("C1G2BlockWrite", **password, WordPointer=1, WriteData=b"\1\2\3\4"),
        make(
            "C1G2Lock", make("C1G2LockPayload", DataField=2), OpSpecID=4, AccessPassword=0x22222222
        ),
    ]
    if model == "generic":
        operations.append(make("C1G2BlockErase", **password, WordCount=2))
        operations.append(make("C1G2BlockPermalock", **password, BlockMask=b"\1\0"))
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


def test_wireshark_sees_what_we_have_written(tmp_path: Path) -> None:
    bench = everything("generic", 1)
    text = dissected(tmp_path, bench.sent, "-V")
    assert "alformed" not in text
    for said in (
        *[f"EPC: {tag.epc.hex()}" for tag in bench.tags[1:]],
        "Current state: 1",
        "Number of words written: 2",
    ):
        assert said in text
