"""A chip with an NTAG215 on it, and a host that speaks to it in hex."""

import pytest

from hwsim import hsu
from hwsim.chips import CHIPS
from hwsim.clock import Clock
from hwsim.field import Field
from hwsim.ntag import Tag
from hwsim.pn532 import Pn532

UID = bytes.fromhex("04a1b2c3d4e5f6")


class Host:
    """The chip, its tag, and commands without their frames: `ask("02")` is GetFirmwareVersion."""

    def __init__(self, chip_name: str = "ntag215") -> None:
        self.clock = Clock()
        self.field = Field(self.clock)
        self.tag = Tag(CHIPS[chip_name], UID)
        self.chip = Pn532(self.field, self.clock)

    def wake(self) -> None:
        self.chip.receive(b"\x55" * 5)
        assert self.ask("140100") == ""

    def listed(self) -> "Host":
        """Awake, the tag in the field and selected."""
        self.wake()
        self.field.arrive(self.tag)
        assert self.ask("4a0100").startswith("0101004400")
        return self

    def send(self, command: str) -> bytes:
        return self.chip.receive(hsu.frame(b"\xd4" + bytes.fromhex(command)))

    def ask(self, command: str) -> str | None:
        """The answer's data; None for an ACK alone, "error" for the error frame."""
        answer = self.send(command)
        assert answer.startswith(hsu.ACK), answer.hex()
        return data(answer[len(hsu.ACK) :], int(command[:2], 16))

    def tell(self, tag_command: str) -> str | None:
        """A tag command by InDataExchange."""
        return self.ask("4001" + tag_command)

    def thru(self, tag_command: str) -> str | None:
        """A tag command by InCommunicateThru."""
        return self.ask("42" + tag_command)

    def page(self, number: int) -> str:
        return self.tag.memory[4 * number : 4 * number + 4].hex()


def data(answer: bytes, code: int) -> str | None:
    """What stands in the one answer frame after its code."""
    if not answer:
        return None
    if answer == hsu.ERROR:
        return "error"
    (payload,) = hsu.Frames().receive(answer)
    assert payload[:2] == bytes((0xD5, code + 1)), payload.hex()
    return payload[2:].hex()


@pytest.fixture
def host() -> Host:
    return Host().listed()


@pytest.fixture
def asleep() -> Host:
    return Host()


@pytest.fixture(params=["ntag213", "ntag215", "ntag216"])
def each(request: pytest.FixtureRequest) -> Host:
    return Host(request.param).listed()
