"""A simulated LLRP reader without a wire, and the specs that tests send to it."""

from hwsim.air import AirClock
from hwsim.gen2chips import by_name
from hwsim.gen2tag import RainTag, make
from hwsim.llrp_buffer import SIZE
from hwsim.llrp_bytes import (
    MESSAGE_NUMBERS,
    Bits,
    Frames,
    Node,
    Value,
    body_of,
    message,
    message_body,
)
from hwsim.llrp_bytes import make as node
from hwsim.llrp_faults import FAULTS
from hwsim.llrp_models import MODELS
from hwsim.llrp_reader import LlrpReader
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField

NEAR_DBM = -45.0
RATE = 64.0  # reads a second; its interval is exact in binary


class Bench:
    """One reader with tags before antenna 1; time passes by `wait` alone."""

    def __init__(
        self,
        *chips: str,
        model: str = "impinj",
        rate: float | None = RATE,
        paced: bool = False,
        newest: int = 2,
        antennas: int = 4,
        report_buffer: int = SIZE,
    ) -> None:
        self.now_s = 0.0
        self.clock = AirClock()
        self.faults = RainFaults(0, FAULTS)
        self.field = RainField(
            self.clock, self.faults, antennas, fading_db=0.0, now_s=lambda: self.now_s
        )
        self.reader = LlrpReader(
            self.field,
            MODELS[model],
            rate=rate,
            paced=paced,
            newest=newest,
            utc_us_at_0=10**15,
            report_buffer=report_buffer,
        )
        self.tags = [self.add(chip) for chip in chips]
        self.version = 1
        self.id = 100
        self.frames = Frames()
        self.heard: list[Node] = []  # what the reader has sent by itself

    def add(self, chip: str = "monzax8k", antenna: int = 1, epc: bytes | None = None) -> RainTag:
        tag = make(by_name(chip), self.faults.random, epc)
        self.field.arrive(tag, antenna, NEAR_DBM)
        return tag

    def connect(self) -> "Bench":
        self.take(self.reader.connect(self.now_s))
        self.heard.clear()
        return self

    def take(self, data: bytes) -> list[tuple[int, Node]]:
        """The messages in the bytes, each with its id."""
        return [(each.id, message_body(each)) for each in self.frames.receive(data)]

    def send(self, name: str, *children: Node, **fields: Value) -> None:
        """A message whose answers, if there are any, are kept in `heard`."""
        self.id += 1
        body = body_of(node(name, *children, **fields))
        data = message(MESSAGE_NUMBERS[name], self.id, body, self.version)
        self.heard += [each for _, each in self.take(self.reader.receive(data, self.now_s))]

    def ask(self, name: str, *children: Node, **fields: Value) -> Node:
        """The response, with the request's id."""
        self.id += 1
        body = body_of(node(name, *children, **fields))
        data = message(MESSAGE_NUMBERS[name], self.id, body, self.version)
        answer = None
        for number, each in self.take(self.reader.receive(data, self.now_s)):
            if number == self.id and (each.name.endswith("_RESPONSE") or each.name in ANSWERS):
                answer = each
            else:
                self.heard.append(each)
        assert answer is not None, f"no answer to {name}"
        return answer

    def do(self, name: str, *children: Node, **fields: Value) -> Node:
        """The response, which says that all is well."""
        answer = self.ask(name, *children, **fields)
        assert status(answer) == (0, ""), answer
        return answer

    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        self.heard += [each for _, each in self.take(self.reader.advance(self.now_s))]

    def start(self, spec: Node) -> "Bench":
        """Add a ROSpec, enable and start it."""
        id = spec.number("ROSpecID")
        self.do("ADD_ROSPEC", spec)
        self.do("ENABLE_ROSPEC", ROSpecID=id)
        self.do("START_ROSPEC", ROSpecID=id)
        return self

    def access(self, *operations: Node, **more: Value) -> list[Node]:
        """Run operations on the first tag, once; their results."""
        before = len(self.reports)
        self.do("ADD_ACCESSSPEC", access_spec(*operations, epc=self.tags[0].epc, **more))
        self.do("ENABLE_ACCESSSPEC", AccessSpecID=more.get("AccessSpecID", 1))
        self.wait(0.5)
        return [each for report in self.reports[before:] for each in results(report)]

    @property
    def reports(self) -> list[Node]:
        """All TagReportData so far."""
        return [
            each
            for message in self.heard
            if message.name == "RO_ACCESS_REPORT"
            for each in message.all("TagReportData")
        ]

    def events(self, name: str) -> list[Node]:
        """All events of that kind so far."""
        found = []
        for each in self.heard:
            if each.name == "READER_EVENT_NOTIFICATION":
                found += each.one("ReaderEventNotificationData").all(name)
        return found


ANSWERS = ("ERROR_MESSAGE", "CUSTOM_MESSAGE")


def status(answer: Node) -> tuple[int, str]:
    found = answer.one("LLRPStatus")
    return found.number("StatusCode"), str(found.fields["ErrorDescription"])


def epc_of(report: Node) -> bytes:
    short = report.find("EPC-96")
    if short is not None:
        return short.number("EPC").to_bytes(12, "big")
    return report.one("EPCData").bits("EPC").data


def results(report: Node) -> list[Node]:
    return [each for each in report.children if each.name.endswith("OpSpecResult")]


def selector(*children: Node, **fields: Value) -> Node:
    return node("TagReportContentSelector", *children, **{"EnableAntennaID": 1, **fields})


def rospec(
    *ai_specs: Node,
    start: Node | None = None,
    stop: Node | None = None,
    every: int = 1,
    trigger: int = 2,
    content: Node | None = None,
    vendor: Node | None = None,
    **fields: Value,
) -> Node:
    """A ROSpec on all antennas without end that reports `every` so many tags."""
    boundary = node(
        "ROBoundarySpec",
        start or node("ROSpecStartTrigger"),
        stop or node("ROSpecStopTrigger"),
    )
    report = node(
        "ROReportSpec",
        content or selector(),
        *([vendor] if vendor else []),
        ROReportTrigger=trigger,
        N=every,
    )
    return node(
        "ROSpec", boundary, *(ai_specs or (ai_spec(),)), report, **{"ROSpecID": 1, **fields}
    )


def ai_spec(
    *filters: Node, stop: Node | None = None, antennas: tuple[int, ...] = (0,), power: int = 0
) -> Node:
    command = node("C1G2InventoryCommand", *filters)
    parts = [node("RFTransmitter", HopTableID=1, TransmitPower=power)] if power else []
    inventory = node(
        "InventoryParameterSpec",
        node("AntennaConfiguration", *parts, command),
        InventoryParameterSpecID=1,
        ProtocolID=1,
    )
    return node("AISpec", stop or node("AISpecStopTrigger"), inventory, AntennaIDs=antennas)


def pattern(data: bytes, bank: int = 1, bit: int = 32, match: int = 1) -> Node:
    bits = Bits(8 * len(data), data)
    mask = Bits(8 * len(data), b"\xff" * len(data))
    return node("C1G2TargetTag", MB=bank, Match=match, Pointer=bit, TagMask=mask, TagData=bits)


def access_spec(*operations: Node, epc: bytes = b"", count: int = 1, **fields: Value) -> Node:
    """For the tag with that EPC, so many times."""
    stop = node("AccessSpecStopTrigger", AccessSpecStopTrigger=1, OperationCountValue=count)
    command = node("AccessCommand", node("C1G2TagSpec", pattern(epc)), *operations)
    return node("AccessSpec", stop, command, **{"AccessSpecID": 1, "ProtocolID": 1, **fields})
