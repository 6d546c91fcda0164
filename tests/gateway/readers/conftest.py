"""A simulated PN532 on a pty for each test, and a simulated camera for all of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hwsim.clock import Clock
from hwsim.field import Field
from hwsim.pn532 import Pn532
from hwsim.port import PtyPort
from tests.camera_sim import CODE, CameraSim, camera_sim

UID = "04a1b2c3d4e5f6"


class Bench:
    """The simulator, by the deeds that a test does."""

    def __init__(self, port: PtyPort) -> None:
        self.port = port

    @property
    def path(self) -> str:
        return self.port.path

    def arrive(self, uid: str = UID, tag: str = "ntag215") -> bytes:
        self.port.do({"do": "arrive", "tag": tag, "uid": uid})
        return bytes.fromhex(uid)

    def leave(self, uid: str | None = None) -> None:
        self.port.do({"do": "leave", "uid": uid} if uid else {"do": "leave"})

    def fault(self, name: str, **args: object) -> None:
        self.port.do({"do": "fault", "name": name, "args": args})

    def no_faults(self) -> None:
        self.port.do({"do": "clear_faults"})

    def memory(self, uid: str = UID) -> bytes:
        return bytes.fromhex(str(self.port.do({"do": "memory", "uid": uid})["memory"]))

    def load(self, memory: bytes, uid: str = UID) -> None:
        self.port.do({"do": "load", "uid": uid, "memory": memory.hex()})

    def unplug(self) -> None:
        self.port.do({"do": "unplug"})

    def replug(self) -> None:
        self.port.do({"do": "replug"})

    def spent(self) -> dict[str, float]:
        """What the simulator has counted since the last time."""
        stats = self.port.do({"do": "reset_stats"})["stats"]
        assert isinstance(stats, dict)
        return stats


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    clock = Clock()
    with PtyPort(Pn532(Field(clock), clock), link=tmp_path / "reader") as port:
        yield Bench(port)


@pytest.fixture(scope="session")
def camera_simulator() -> Iterator[CameraSim]:
    with camera_sim("--size", "640x480", "--code", f"qr:{CODE.decode()}") as found:
        yield found


@pytest.fixture
def camera(camera_simulator: CameraSim) -> Iterator[CameraSim]:
    """The camera with CODE before it, and without faults."""
    yield camera_simulator
    camera_simulator.tell("clear_faults")
