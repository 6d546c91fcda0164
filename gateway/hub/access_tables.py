"""The tables of hub.toml that say who may call: [access] and [ca]; an unknown key is refused.

[access]  trust = "trust.cbor"    root = "HEX"    audit_key = "audit.key"    node = "hub"
[ca]      folder = "ca"    names = ["hub.example.com", "10.0.0.5"]    certificate_days = 7    token_hours = 24
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from gateway.config import TomlPath
from gateway.config_tables import Name, Section

HostName = Annotated[
    str, Field(pattern=r"^([A-Za-z0-9*][A-Za-z0-9.-]{0,252}|[0-9a-fA-F:.]{2,45})$")
]


class AccessTable(Section):
    """trust: the signed list of the keys that issue role credentials; root: its root's public key in hex.

    audit_key: the hub's key file, which signs the audit, made at the first start. node: the name of this hub's chain.
    """

    trust: TomlPath | None = None
    root: Annotated[str, Field(pattern=r"^([0-9a-f]{64}|[0-9a-f]{128})$")] | None = None
    audit_key: TomlPath = Path("audit.key")
    node: Name = "hub"


class CaTable(Section):
    """folder: where the hub's CA lies, made at the first start. names: the hub's, in its own certificate.

    certificate_days: of a gateway's certificate; token_hours: of a one-time token.
    """

    folder: TomlPath = Path("ca")
    names: tuple[HostName, ...] = Field(default=("localhost", "127.0.0.1", "::1"), strict=False)
    certificate_days: Annotated[float, Field(gt=0, le=398, strict=False)] = 7.0
    token_hours: Annotated[float, Field(gt=0, le=720, strict=False)] = 24.0
