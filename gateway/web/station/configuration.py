"""The configuration as an engineer may see it: what holds, with its defaults; of secrets the file's name alone."""

import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gateway.config import Config, without_password

_HIDDEN = re.compile(r"(?i)([?&][^=&]*(?:password|secret|token|passphrase|pin)[^=&]*=)[^&]*")

Table = tuple[str, list[tuple[str, str, bool]]]


def tables(config: Config) -> list[Table]:
    """(name as in the TOML, [(key, value as text, whether it differs from the default)]) of each table."""
    found: list[Table] = []
    for name in type(config).model_fields:
        if name == "reader":
            for number, reader in enumerate(config.reader, 1):
                found += _tables(f"reader {number}", reader)
            continue
        section = getattr(config, name)
        if section is not None:
            found += _tables(name, section)
    return found


def _tables(name: str, section: BaseModel) -> list[Table]:
    rows, below = [], []
    for key, field in type(section).model_fields.items():
        value = getattr(section, key)
        if isinstance(value, BaseModel):
            below += _tables(f"{name}.{key}", value)
            continue
        default = field.get_default(call_default_factory=True, validated_data={})
        rows.append((key, _told(value), value != default))
    return [(name, rows), *below]


def _told(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_told(each)}" for key, each in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(_told(each) for each in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Path):
        return str(value)
    return _HIDDEN.sub(r"\1***", without_password(str(value)))
