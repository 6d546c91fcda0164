"""boot.py on real MicroPython: the bundle on trial runs twice unless it proves itself, then the one before again."""

import sys
from pathlib import Path

import pytest
from witness import ROOT, require

sys.path.insert(0, str(ROOT / "tests" / "micropython"))

from interpreters import debian

from edge import ed25519
from gateway.firmware.bundle import build

SEED = bytes(32)

# What a board does at each start, in one process: forget all modules, run boot.py, import what runs.
CASE = """
import os, sys, vfs
from ram_flash import mount
from reader import files, update
from reader.clock import Clock
from reader.state import State
from reader.trust import Trust

mount("/data")
PATH = list(sys.path)
started = []

class WDT:
    def __init__(self, timeout):
        started.append(timeout)

class Machine:
    pass

Machine.WDT = WDT

def forget():
    for name in list(sys.modules):
        if name.split(".")[0] in ("reader", "edge"):
            del sys.modules[name]
    sys.path[:] = PATH
    if "/app" in [each[1] for each in vfs.mount()]:
        vfs.umount("/app")

def start():
    forget()
    sys.modules["machine"] = Machine
    with open({boot!r}) as file:
        exec(file.read(), {{"open": opened}})
    try:
        from reader.probe import TEXT
        return TEXT
    except ImportError:
        return "plain"

def install(path):
    forget()
    with open(path, "rb") as file:
        files.write("/data/part", (file.read(),))
    trust = Trust("/data/trust", bytes.fromhex({root!r}), State("/data"))
    for _ in update.install("/data", trust, Clock(lambda: 0, lambda a, b: 0))("/data/part"):
        pass

def damage(slot):
    path = "/data/firmware." + slot
    data = bytearray(files.read(path))
    data[len(data) // 2] ^= 1
    files.write(path, (data,))

full = []

def opened(path, mode="r"):
    if full and "w" in mode:
        raise OSError(28)
    return open(path, mode)

def test_it():
    assert start() == "plain"
    install({first!r})
    assert [start(), start()] == ["first", "first"] and started == [8000, 8000]
    assert start() == "plain" and start() == "plain"
    install({first!r})
    assert start() == "first"
    update.confirm("/data")
    assert [start() for _ in range(4)] == ["first"] * 4
    assert len(started) == 3
    install({second!r})
    assert [start(), start()] == ["second", "second"]
    assert [start(), start()] == ["first", "first"] and not update.is_due("/data")
    assert files.read("/data/slots")[:3] == b"a-x"
    install({third!r})
    damage("b")
    assert start() == "first" and files.read("/data/slots")[:3] == b"a-x"
    update.confirm("/data")
    assert start() == "first"
    damage("a")
    assert start() == "plain"
    files.remove("/data/firmware.a")
    assert start() == "plain"
    files.write("/data/slots", (b"-b0 1",))
    full.append(1)
    assert start() == "plain" and files.read("/data/slots") == b"-b0 1"
    full.clear()
    for torn in (b"", b"a", b"ab", b"xyz"):
        files.write("/data/slots", (torn,))
        assert start() == "plain", torn
"""


def bundle(folder: Path, name: str, number: int, architecture: str = "") -> str:
    for package in ("edge", "reader"):
        (folder / name / package).mkdir(parents=True)
        (folder / name / package / "__init__.py").write_text("")
    (folder / name / "reader" / "probe.py").write_text(f"TEXT = {name!r}\n" + "# long\n" * 2000)
    data = build(
        [folder / name], number, "0.1", bytes(8), lambda m: ed25519.sign(SEED, m), architecture
    )
    (folder / f"{name}.bundle").write_bytes(data)
    return str(folder / f"{name}.bundle")


def test_a_bundle_on_trial_falls_back_unless_it_proves_itself(tmp_path: Path) -> None:
    micropython = debian()
    require(micropython, "MicroPython (see tests/micropython/interpreters.py)")
    assert micropython
    case = tmp_path / "case.py"
    case.write_text(
        CASE.format(
            boot=str(ROOT / "firmware" / "boot.py"),
            root=ed25519.public_key(SEED).hex(),
            first=bundle(tmp_path, "first", 1),
            second=bundle(tmp_path, "second", 2),
            third=bundle(tmp_path, "third", 3),
        )
    )
    run = micropython.run(case)
    assert run.status == 0, run.said


def test_the_firmware_is_packed_with_what_it_needs_of_edge() -> None:
    data = build([ROOT / "firmware", ROOT], 3, "0.1", bytes(8), lambda m: ed25519.sign(SEED, m))
    text, _, _ = data.partition(b"\n\n")
    first, *lines = text.decode().split("\n")
    assert first == "tagwright firmware 1 3 0.1 " + "00" * 8
    names = [line.split(" ")[0].rpartition(".")[0] for line in lines]
    assert {"reader/outbox", "edge/cbor", "edge/__init__"} < set(names) and names == sorted(names)
    assert "edge/epcgcp" not in names
    sizes = [int(line.split(" ")[2]) for line in lines]
    assert sum(sizes) + len(text) + 2 + 64 == len(data)


def test_a_package_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no reader in"):
        build([tmp_path], 1, "0.1", bytes(8), lambda m: b"")
