"""The linker of a device build: firmware and the edge modules that it imports become one module.

On a board every module, name and constant costs heap, and flash for what two modules both name. In a closed world
none of that is needed: modules are merged in the order of their imports, integer constants stand where they are used,
what nothing reaches is left out, and names are short and shared. A module that only functions import becomes an
overlay, with all that only it reaches: a file that is loaded when it is used, and forgotten after.

What cannot be told from the source alone is refused, with its file and line: a module as a value, a star import, a
call with **names, attributes by a computed name of an unknown class. Modules in machine code (*_viper) and
MicroPython's own stay imports.
"""

import ast
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from gateway.firmware.calls import placed_arguments
from gateway.firmware.expand import expanded
from gateway.firmware.merge import Merged, Program
from gateway.firmware.names import Names
from gateway.firmware.place import placed, used
from gateway.firmware.resolve import LinkProblem
from gateway.firmware.scopes import bound
from gateway.firmware.shake import shaken
from gateway.firmware.texts import gathered

__all__ = ["LinkProblem", "Linked", "link"]

MAIN = "handheld"

_DEVICES = (
    "reader.board_",
    "reader.parts",
    "reader.streams",
    "reader.tcp",
    "reader.screen",
    "reader.archive",
)
_TAKEN = {MAIN, "main", "boot", "settings", "simwire", "stand"}


@dataclass
class Linked:
    """source: the main module, to be imported as MAIN; overlays: source by module; names: what a short name stands
    for, by name, for tracebacks."""

    source: str
    overlays: dict[str, str]
    names: dict[str, str]


def link(root: Path, start: str, emptied: Collection[str] = ()) -> Linked:
    """The program of the checkout `root` that begins with the source text `start`, whose functions keep their names.

    emptied: functions, as module.name, that others take the place of before they are called: they do nothing.
    Raises LinkProblem, or OSError where a module is missing.
    """
    merged = Program(root, emptied).merged(start)
    parts = shaken(merged.statements, merged.roots, merged.reflected)
    files = _files(merged, list(parts.overlays))
    placed(parts, files, merged.rebound)
    placed_arguments(each for part in (parts.main, *parts.overlays.values()) for each in part)
    expanded([parts.main, *parts.overlays.values()], {*merged.roots, *merged.rebound})
    gathered(parts.main, list(parts.overlays.values()))
    names = Names(
        _with_imports(merged, parts.main),
        parts.overlays,
        merged.roots,
        merged.reflected,
        _devices(merged),
    )
    overlays = {}
    for module, part in parts.overlays.items():
        body, borrowed = names.overlay(module, part)
        if borrowed:
            aliases = [ast.alias(name) for name in borrowed]
            body.insert(0, ast.ImportFrom(MAIN, aliases, 0))
        overlays[files[module]] = _text(_with_imports(merged, body))
    main = names.main(parts.main)
    return Linked(_text(_with_imports(merged, main)), overlays, names.meanings())


def _files(merged: Merged, modules: list[str]) -> dict[str, str]:
    """The file of each overlay, without suffix: no other module has its name."""
    taken = _TAKEN | {name for each in merged.imports for name in bound(each)}
    files = {}
    for module in modules:
        file = module.rpartition(".")[2]
        while file in taken:
            file += "_"
        taken.add(file)
        files[module] = file
    return files


def _devices(merged: Merged) -> set[str]:
    """Attributes in the modules that use objects of MicroPython's."""
    return {
        node.attr
        for name, module in merged.modules.items()
        if name.startswith(_DEVICES)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and not node.attr.startswith("_")
    }


def _with_imports(merged: Merged, body: list[ast.stmt]) -> list[ast.stmt]:
    names = used(body)
    return [*(each for each in merged.imports if bound(each) & names), *body]


def _text(body: list[ast.stmt]) -> str:
    return ast.unparse(ast.fix_missing_locations(ast.Module(body, []))) + "\n"
