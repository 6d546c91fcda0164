"""A shelf of tags outside the field: their memory in one JSON file, kept from one run to the next."""

import json
from pathlib import Path

from hwsim.field import Field
from hwsim.ntag import by_memory


def take_down(path: Path, field: Field) -> None:
    """Make the tags in the file known to the field, none of them in it. ValueError where it is no shelf."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except ValueError as why:
        raise ValueError(f"{path} is no shelf of tags: {why}") from why
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise ValueError(f"{path} is no shelf of tags")
    for memory in found.values():
        tag = by_memory(bytes.fromhex(memory))
        field.known[tag.uid] = tag


def put_back(path: Path, field: Field) -> None:
    """Write the memory of every known tag, the whole file or none of it."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(json.dumps({tag.uid.hex(): tag.memory.hex() for tag in field.known.values()}))
    beside.replace(path)
