"""Wireshark's LLRP dissector reads every message of the simulated reader, in sessions that bring all of them forth.

What Wireshark 4.0 itself takes wrongly is asked for apart: Identification, on which it stumbles in the message recorded
from a real reader as well, and ImpinjSerializedTID, whose count of words it takes for one of bytes. The response to
GET_SUPPORTED_VERSION and SET_PROTOCOL_VERSION it reads like any other.
"""

import shutil
import subprocess
from pathlib import Path

import pytest
from llrp_bench import Bench, access_spec, ai_spec, rospec, selector
from witness import require, vectors

from hwsim.gen2tag import RESERVED
from hwsim.llrp_bytes import Node, custom, encode, make, message

pytestmark = pytest.mark.witness

END_S = 60
IMPINJ = 25882
SENT = {4, *range(11, 14), *range(30, 37), *range(50, 55), 56, 57, *range(61, 64), 100, 1023}
EVERYTHING = selector(
    make("C1G2EPCMemorySelector", EnableCRC=1, EnablePCBits=1),
    **{
        "Enable" + name: 1
        for name in (
            *("ROSpecID", "SpecIndex", "InventoryParameterSpecID", "ChannelIndex", "PeakRSSI"),
            *("FirstSeenTimestamp", "LastSeenTimestamp", "TagSeenCount", "AccessSpecID"),
        )
    },
)
OPERATIONS = [
    make("C1G2Read", MB=2, WordCount=6),
    make("C1G2Write", MB=3, WordPointer=4, WriteData=b"abcd"),
    make("C1G2BlockWrite", MB=3, WordPointer=8, WriteData=b"efgh"),
    make("C1G2BlockErase", MB=3, WordPointer=8, WordCount=2),
    make("C1G2BlockPermalock", MB=3, BlockMask=b"\x80\0"),
    make("C1G2GetBlockPermalockStatus", MB=3, BlockRange=1),
    make("C1G2Lock", make("C1G2LockPayload", Privilege=1, DataField=4)),
    make("C1G2Recommission", KillPassword=1, LSB=1),
    make("C1G2Kill", KillPassword=0x0BADCAFE),
]


class Tapped(Bench):
    """A bench whose reader's bytes are kept."""

    def take(self, data: bytes) -> list[tuple[int, Node]]:
        self.sent = getattr(self, "sent", b"") + data
        return super().take(data)

    def messages(self) -> list[bytes]:
        """Whole messages, by the length that each states."""
        found, left = [], self.sent
        while left:
            length = int.from_bytes(left[2:6], "big")
            found.append(left[:length])
            left = left[length:]
        return found


def dissected(at: Path, messages: list[bytes]) -> list[tuple[int, str]]:
    """(type, complaint) of each message, as tshark has them."""
    dump, found = at / "dump.txt", at / "llrp.pcap"
    dump.write_text("".join([f"000000 {data.hex(' ')}\n" for data in messages]))
    _run("text2pcap", "-q", "-T", "5084,40000", str(dump), str(found))
    names = ("llrp.type", "_ws.expert.message", "_ws.malformed")
    fields = [each for name in names for each in ("-e", name)]
    lines = _run("tshark", "-r", str(found), "-T", "fields", *fields).splitlines()
    assert len(lines) == len(messages)
    return [(int(line.split("\t")[0]), "".join(line.split("\t")[1:])) for line in lines]


def complaints(at: Path, messages: list[bytes]) -> dict[int, str]:
    return {type: said for type, said in dissected(at, messages) if said}


def _run(*command: str) -> str:
    require(shutil.which(command[0]), command[0])
    ended = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=END_S, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def configure(bench: Tapped) -> None:
    """Every part of the configuration, all events, keepalives."""
    events = [
        make("EventNotificationState", EventType=each, NotificationState=1) for each in range(9)
    ]
    bench.do(
        "SET_READER_CONFIG",
        make("ReaderEventNotificationSpec", *events),
        make("KeepaliveSpec", KeepaliveTriggerType=1, PeriodicTriggerValue=200),
        make("GPIPortCurrentState", GPIPortNum=1, Config=1),
    )
    for part in range(2, 12):
        bench.do("GET_READER_CONFIG", RequestedData=part)
    for part in range(5):
        bench.do("GET_READER_CAPABILITIES", RequestedData=part)


def inventory(bench: Tapped, vendor: Node | None = None) -> None:
    """Reports with all that they can hold, and the events around them."""
    stop = make("AISpecStopTrigger", Type=1, DurationTrigger=500)
    spec = rospec(ai_spec(stop=stop), content=EVERYTHING, every=3, vendor=vendor)
    bench.start(spec)
    bench.do("GET_ROSPECS")
    bench.reader.set_gpi(1, True, bench.now_s)
    bench.wait(2.0)
    bench.send("GET_REPORT")
    bench.do("STOP_ROSPEC", ROSpecID=1)
    bench.do("DISABLE_ROSPEC", ROSpecID=1)
    bench.do("DELETE_ROSPEC", ROSpecID=1)


def refusals(bench: Tapped) -> None:
    """Statuses with errors of fields and of parameters at every depth, and an ERROR_MESSAGE."""
    bench.ask("START_ROSPEC", ROSpecID=99)
    bench.ask("ADD_ROSPEC")
    broken = encode(rospec(ai_spec(make("C1G2Filter"))))
    bench.take(bench.reader.receive(message(20, 1, broken, bench.version), bench.now_s))
    bench.take(bench.reader.receive(message(20, 2, b"\0\xb1\xff\xff", bench.version), bench.now_s))
    bench.take(bench.reader.receive(message(999, 3, b"", bench.version), bench.now_s))
    bench.ask("CUSTOM_MESSAGE", VendorIdentifier=1, MessageSubtype=2)


def access(bench: Tapped) -> None:
    """Each operation's result, well and not well."""
    bench.start(rospec(content=EVERYTHING))
    for number, each in enumerate(OPERATIONS, 1):
        tag = bench.add("fram4k", epc=bytes((number,)) * (2 * number + 2))
        tag.banks[RESERVED][:] = bytes.fromhex("0badcafe 00c0ffee")
        for password in (0x00C0FFEE, 1):
            each.fields["OpSpecID"] = number
            if "AccessPassword" in each.fields:
                each.fields["AccessPassword"] = password
            spec = access_spec(each, epc=tag.epc, AccessSpecID=number)
            if bench.ask("ADD_ACCESSSPEC", spec):
                bench.ask("ENABLE_ACCESSSPEC", AccessSpecID=number)
                bench.do("GET_ACCESSSPECS")
                bench.wait(0.5)
                bench.ask("DISABLE_ACCESSSPEC", AccessSpecID=number)
                bench.ask("DELETE_ACCESSSPEC", AccessSpecID=number)
        bench.field.leave(tag.tid)


def session(bench: Tapped) -> list[bytes]:
    """All of it, at the version that the bench speaks."""
    if bench.version == 2:
        bench.do("GET_SUPPORTED_VERSION")
        bench.do("SET_PROTOCOL_VERSION", ProtocolVersion=2)
    bench.take(bench.reader.refuse(bench.now_s))
    configure(bench)
    inventory(bench)
    refusals(bench)
    access(bench)
    bench.do("CLOSE_CONNECTION")
    return bench.messages()


@pytest.fixture(params=[("impinj", 1), ("impinj", 2), ("generic", 2)], ids=str)
def bench(request: pytest.FixtureRequest) -> Tapped:
    model, version = request.param
    made = Tapped("monzax8k", "ucode9", "fram4k", model=model)
    made.connect()
    made.version = version
    return made


def test_no_message_is_malformed(bench: Tapped, tmp_path: Path) -> None:
    assert complaints(tmp_path, session(bench)) == {}


def test_every_type_that_a_reader_sends_is_among_them(tmp_path: Path) -> None:
    bench = Tapped("monzax8k")
    bench.connect()
    bench.ask("CUSTOM_MESSAGE", VendorIdentifier=IMPINJ, MessageSubtype=21, Data=bytes(4))
    bench.version = 2
    said = dissected(tmp_path, session(bench))
    assert {type for type, _ in said} == SENT
    assert "".join([complaint for _, complaint in said]) == ""


def test_the_results_of_every_operation_are_read(tmp_path: Path) -> None:
    bench = Tapped("monzax8k", model="generic")
    bench.connect()
    access(bench)
    dump, found = tmp_path / "dump.txt", tmp_path / "llrp.pcap"
    dump.write_text("".join([f"000000 {data.hex(' ')}\n" for data in bench.messages()]))
    _run("text2pcap", "-q", "-T", "5084,40000", str(dump), str(found))
    said = _run("tshark", "-r", str(found), "-O", "llrp", "-V")
    for result in (*range(349, 355), 361, 362):
        assert f"({result})" in said, result
    for line in (
        "Read data: e281",
        "Number of words written: 2",
        "Bit field length (bits): 32",
    ):
        assert line in said, line


def test_vendor_fields_of_a_report_are_read(tmp_path: Path) -> None:
    bench = Tapped("monzax8k", rate=64.0)
    bench.connect()
    wanted = b"".join([encode(custom(IMPINJ, kind, b"\0\1")) for kind in (52, 53)])
    inventory(bench, custom(IMPINJ, 50, wanted))
    assert complaints(tmp_path, bench.messages()) == {}


def test_it_stumbles_on_an_identification_as_on_a_real_readers(tmp_path: Path) -> None:
    recorded = (vectors("llrp") / "GetReaderConfigResponse-000.bytes").read_bytes()
    (real,) = dissected(tmp_path, [message(12, 1, recorded)])
    bench = Tapped()
    bench.connect()
    bench.sent = b""
    bench.do("GET_READER_CONFIG", RequestedData=0)
    assert dissected(tmp_path, bench.messages()) == [real]


def test_it_complains_of_a_lie(tmp_path: Path) -> None:
    bench = Tapped("monzax8k")
    bench.connect()
    bench.faults.add("lie", {"kind": "parameter"})
    data = bench.reader.receive(message(26, 1), bench.now_s)
    lie = data[: int.from_bytes(data[2:6], "big")]
    assert "Invalid length" in complaints(tmp_path, [lie])[61]
