"""What is before a simulated camera as a TOML file has it.

[scene]                     # hwsim.scene.Scene
ground = "metal"            # belt, metal, card or plastic
clutter = 4
[lamp]                      # hwsim.degrade.Light
glare = 60
glare_at = [900, 500]
[lens]
blur_px = 1.2
[[label]]                   # hwsim.scene.Placed; without x and y its middle is the picture's
code = "qr:https://id.example.com/01/09506000134352/21/{n}"
rotation_deg = 12
[[label]]                   # pricked into the ground: dots of .75 of their cell
code = "datamatrix:P1S1"
module_px = 10
peened = 0.75
[belt]                      # hwsim.stage.Belt; the labels come past in turn, {n} is the item's number (none peened)
speed_px_s = 800
"""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from hwsim.degrade import Lens, Light
from hwsim.scene import Placed, Scene
from hwsim.stage import Belt, Conveyor, Still, View
from hwsim.surface import KINDS
from hwsim.symbols import parse

_MOST_LABELS = 64
_TABLES = ("scene", "lamp", "lens", "label", "belt")
_Kind = TypeVar("_Kind")


def view(path: Path, rows: int, columns: int, seed: int) -> View:
    """The view in a file, for a camera of so many pixels; OSError, or ValueError that says what is wrong with it."""
    try:
        return _view(tomllib.loads(path.read_text(encoding="utf-8")), rows, columns, seed)
    except ValueError as why:
        raise ValueError(f"{path}: {why}") from why


def _view(tables: Mapping[str, Any], rows: int, columns: int, seed: int) -> View:
    for name in tables:
        _known(name, _TABLES, "a scene")
    labels = tables.get("label", [])
    if not isinstance(labels, list) or len(labels) > _MOST_LABELS:
        raise ValueError(f"label is no list of up to {_MOST_LABELS} tables: write [[label]]")
    own: dict[str, Any] = {"rows": rows, "columns": columns}
    if "lamp" in tables:
        own["lamp"] = _made(Light, "[lamp]", tables["lamp"])
    if "lens" in tables:
        own["lens"] = _made(Lens, "[lens]", tables["lens"])
    own["labels"] = tuple(
        _label(f"[[label]] {number}", each, rows, columns) for number, each in enumerate(labels, 1)
    )
    scene = _made(Scene, "[scene]", tables.get("scene", {}), own)
    if scene.ground not in KINDS:
        raise ValueError(f"[scene] ground {scene.ground!r}: known are {', '.join(KINDS)}")
    if "belt" not in tables:
        return Still(scene, seed)
    belt = _made(Belt, "[belt]", tables["belt"])
    if min(belt.speed_px_s, belt.every_s) <= 0 or belt.shutter_s < 0:
        raise ValueError("[belt]: speed_px_s and every_s are above 0, shutter_s is not negative")
    return Conveyor(scene, belt, seed)


def _label(name: str, table: Any, rows: int, columns: int) -> Placed:
    if not isinstance(table, dict) or not isinstance(table.get("code"), str):
        raise ValueError(f'{name} has no code: write code = "qr:..."')
    try:
        own = {"code": parse(table["code"])}
    except ValueError as why:
        raise ValueError(f"{name}: {why}") from why
    place = {"x": columns / 2, "y": rows / 2}
    rest = {key: value for key, value in table.items() if key != "code"}
    return _made(Placed, name, {**place, **rest}, own)


def _made(
    kind: type[_Kind], name: str, table: object, own: Mapping[str, object] | None = None
) -> _Kind:
    """A dataclass from a table; what `own` holds is not the table's to say."""
    if not isinstance(table, dict):
        raise ValueError(f"{name} is no table")
    own = own or {}
    types = {each.name: each.type for each in fields(kind) if each.name not in own}  # type: ignore[arg-type]  # every kind is a dataclass
    made: dict[str, object] = {}
    for key, value in table.items():
        _known(key, tuple(types), name)
        made[key] = _value(f"{name} {key}", types[key], value)
    return kind(**own, **made)


def _value(name: str, kind: object, value: object) -> object:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float and is_number:
        return float(value)  # type: ignore[arg-type]  # is_number has seen to it
    if kind in (int, str) and type(value) is kind:
        return value
    if isinstance(value, list) and len(value) == 2 and kind not in (int, str, float):
        return tuple(_value(name, float, each) for each in value)
    wanted = {float: "a number", int: "a whole number", str: "a text"}.get(kind, "two numbers")  # type: ignore[call-overload]
    raise ValueError(f"{name}: {value!r} is not {wanted}")


def _known(name: str, names: tuple[str, ...], where: str) -> None:
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1) or names
        raise ValueError(f"{where} has no {name!r}: write {' or '.join(near)}")
