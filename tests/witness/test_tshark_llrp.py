"""Wireshark's LLRP dissector reads what we send, and what we take from readers: every message, every parameter.

Where Wireshark 4.0 itself is at fault, which its own output shows, the parameter is left out of the messages here:
- Identification: the count of ReaderID is not added up; the message recorded from a real reader fails as well.
- C1G2GetBlockPermalockStatus: BlockPointer is read from the byte of MB.
- ClientRequestResponse: AccessSpecID is read as 16 bits.
- ImpinjSerializedTID: its count of words is taken for one of bytes; ImpinjRFDopplerFrequency is not known.
And of three messages it reads the head alone: SET_PROTOCOL_VERSION, whose byte it takes for a head's, and the answer
that is one ClientRequestResponse, and a CUSTOM_MESSAGE of a vendor that it does not know.
"""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from witness import require

from gateway.llrp.codec import encode
from gateway.llrp.message import Message, Parameter
from tests.llrp_messages import EPC, MESSAGES, TID

pytestmark = pytest.mark.witness

END_S = 60
TO_READER, FROM_READER = "40000,5084", "5084,40000"
UNREADABLE = {
    *("Identification", "C1G2GetBlockPermalockStatus"),
    *("ImpinjSerializedTID", "ImpinjRFDopplerFrequency"),
}
HEAD_ALONE = {"SET_PROTOCOL_VERSION", "CLIENT_REQUEST_OP_RESPONSE", "CUSTOM_MESSAGE"}
UNASKED = {
    *("RO_ACCESS_REPORT", "KEEPALIVE", "READER_EVENT_NOTIFICATION", "ERROR_MESSAGE"),
    "CUSTOM_MESSAGE",
}


def run(*command: str) -> str:
    require(shutil.which(command[0]), command[0])
    ended = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=END_S, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def capture(at: Path, messages: Sequence[bytes], ports: str) -> str:
    """A capture file in which each message is one frame."""
    dump, found = at / "dump.txt", at / "llrp.pcap"
    dump.write_text("".join(f"000000 {data.hex(' ')}\n" for data in messages))
    run("text2pcap", "-q", "-T", ports, str(dump), str(found))
    return str(found)


def heads_and_complaints(file: str) -> list[tuple[int, int, str]]:
    """(type, id, complaint) of each frame."""
    wanted = ("llrp.type", "llrp.id", "_ws.expert.message")
    fields = [each for name in wanted for each in ("-e", name)]
    lines = run("tshark", "-r", file, "-T", "fields", *fields).splitlines()
    cells = [line.split("\t") for line in lines]
    return [(int(type), int(id), "".join(complaint)) for type, id, *complaint in cells]


def readable(message: Message) -> Message:
    """The message without what Wireshark cannot read."""
    inner = [_readable(each) for each in message.parameters if each.name not in UNREADABLE]
    return Message(message.name, *inner, id=message.id, version=message.version, **message.fields)


def _readable(parameter: Parameter) -> Parameter:
    inner = [_readable(each) for each in parameter.parameters if each.name not in UNREADABLE]
    return Parameter(parameter.name, *inner, **parameter.fields)


def sent_by_us(message: Message) -> bool:
    return message.name not in UNASKED and not message.name.endswith("_RESPONSE")


REQUESTS = [readable(each) for each in MESSAGES if sent_by_us(each)]
ANSWERS = [readable(each) for each in MESSAGES if not sent_by_us(each)]


@pytest.mark.parametrize(
    ("messages", "ports"),
    [(REQUESTS, TO_READER), (ANSWERS, FROM_READER)],
    ids=["to the reader", "from the reader"],
)
def test_every_message_is_dissected_without_a_complaint(
    messages: list[Message], ports: str, tmp_path: Path
) -> None:
    file = capture(tmp_path, [encode(each) for each in messages], ports)
    said = heads_and_complaints(file)
    assert [each[:2] for each in said] == [(each.type, each.id) for each in messages]
    complaints = {
        message.name: complaint
        for message, (_, _, complaint) in zip(messages, said, strict=True)
        if complaint and message.name not in HEAD_ALONE
    }
    assert complaints == {}


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "RO_ACCESS_REPORT",
            [
                f"EPC: {EPC.hex()}",
                "Bit field length (bits): 198",
                "Microseconds: 1594174805140193",
                "PC bits: 0x3000",
                "XPC-W2: 0x0002",
                "Channel index: 17",
                f"Read data: {TID.hex()}",
                "Number of words written: 32",
                "Average RSSI: 166",
            ],
        ),
        (
            "ADD_ACCESSSPEC",
            [
                "Access password: 3405705229",
                "Write data: 12345678",
                "Killpassword: 3735928559",
                "Block mask: 8000",
                f"Tag data: {TID.hex()}",
                "Word count: 6",
            ],
        ),
        (
            "ADD_ROSPEC",
            [
                "Tag mask: fff8",
                "Tag population: 32",
                "S_All: All",
                "Loop count: 2",
                "Antenna ID: 4",
                "Timeout: 5000",
            ],
        ),
    ],
)
def test_it_finds_the_same_values(name: str, lines: list[str], tmp_path: Path) -> None:
    message = next(each for each in (*REQUESTS, *ANSWERS) if each.name == name)
    file = capture(tmp_path, [encode(message)], TO_READER)
    said = run("tshark", "-r", file, "-O", "llrp", "-V")
    assert [line for line in lines if line not in said] == []


def test_it_complains_of_what_is_wrong(tmp_path: Path) -> None:
    whole = bytearray(encode(next(each for each in REQUESTS if each.name == "ADD_ROSPEC")))
    whole[13] += 1  # the length of its ROSpec: one byte more than the message has
    [(_, _, complaint)] = heads_and_complaints(capture(tmp_path, [bytes(whole)], TO_READER))
    assert "Invalid length field" in complaint
