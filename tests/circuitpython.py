"""CircuitPython's core modules, as far as Adafruit's drivers need them, over our simulated buses.

The drivers lie in .cache/adafruit (`./run test` unpacks them), or where TAGWRIGHT_ADAFRUIT says.
"""

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from witness import ROOT, require


def driver(monkeypatch: pytest.MonkeyPatch, name: str) -> Any:
    """A module of Adafruit's; skips the test where it is missing."""
    folder = Path(os.environ.get("TAGWRIGHT_ADAFRUIT") or ROOT / ".cache" / "adafruit")
    require((folder / "adafruit_pn532").is_dir(), "Adafruit's drivers")
    monkeypatch.syspath_prepend(str(folder))
    core = {
        "micropython": {"const": lambda value: value},
        "busio": {"SPI": Spi, "I2C": I2c},
        "digitalio": {"DigitalInOut": Output, "Direction": None},
        "circuitpython_typing": {"ReadableBuffer": bytes, "WriteableBuffer": bytearray},
    }
    for module, names in core.items():
        stand_in = ModuleType(module)
        vars(stand_in).update(names)
        monkeypatch.setitem(sys.modules, module, stand_in)
    return importlib.import_module(name)


class Output:
    """A pin; `moved` hears each of its levels."""

    def __init__(self, moved: Callable[[bool], None]) -> None:
        self._moved = moved

    def switch_to_output(self, value: bool = False) -> None:
        self.value = value

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "value":
            self._moved(value)


class Bus:
    def try_lock(self) -> bool:
        return True

    def unlock(self) -> None:
        pass

    def configure(self, **_: int) -> None:
        pass


class Spi(Bus):
    """transfer: bytes to as many bytes, most bit first."""

    def __init__(self, transfer: Callable[[bytes], bytes]) -> None:
        self._transfer = transfer

    def write(self, data: bytes) -> None:
        self._transfer(bytes(data))

    def write_readinto(self, data: bytes, into: bytearray) -> None:
        into[:] = self._transfer(bytes(data))


class I2c(Bus):
    """write: bytes to the one device at `address`."""

    def __init__(self, address: int, write: Callable[[bytes], None]) -> None:
        self._address = address
        self._write = write

    def writeto(self, address: int, data: bytes, **bounds: int) -> None:
        if address != self._address:
            raise OSError(19)
        if data:
            self._write(bytes(data))
