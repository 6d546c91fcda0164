"""Makers of scanners: a row each."""

from collections.abc import Callable
from dataclasses import dataclass

from hwsim.scanner_dialects import Cognex, Datalogic, Dialect, Honeywell, Keyence, Omron, Setting
from hwsim.scanner_ssi import Ssi


@dataclass(frozen=True)
class Make:
    """What a maker's scanner is as it leaves the works, but that no-reads are told."""

    dialect: Callable[[Setting], Dialect]
    none: bytes = b""
    end: bytes = b"\r\n"
    replies: bool = True
    aim: bool = True


MAKES = {
    "generic": Make(Dialect),
    "cognex": Make(Cognex, b"NO-READ", replies=False),
    "keyence": Make(Keyence, b"ERROR", b"\r", aim=False),
    "datalogic": Make(Datalogic),
    "honeywell": Make(Honeywell, b"NR", b"\r"),
    "omron": Make(Omron, b"NOREAD"),
    "zebra": Make(Ssi, b"NR"),
}
