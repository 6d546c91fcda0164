"""Which part of a program is reached from where: what goes, what stays, and what is only needed at times.

A function that imports a module of ours uses it as an overlay: the Attribute `module:name`, written by the resolver.
"""

import ast
from dataclasses import dataclass

from gateway.firmware.scopes import bound


@dataclass
class Parts:
    """The statements of the program that always runs, and those of each overlay, by its module's name."""

    main: list[ast.stmt]
    overlays: dict[str, list[ast.stmt]]


def shaken(body: list[ast.stmt], roots: list[str], whole: set[str]) -> Parts:
    """What the functions `roots` reach, and those methods that anybody names; all in the order of `body`.

    whole: classes of which nothing goes.

    What two overlays need lies in the main part.
    """
    while True:
        parts = _parted(body, roots)
        fewer = [*parts.main, *(each for part in parts.overlays.values() for each in part)]
        words = _words(fewer)
        dropped = len(fewer) < len(body)
        for each in fewer:
            if isinstance(each, ast.ClassDef) and each.name not in whole:
                dropped |= _drop_methods(each, words)
        kept = set(map(id, fewer))
        body = [each for each in body if id(each) in kept]
        if not dropped:
            return parts


def overlay_names(node: ast.AST) -> dict[str, set[str]]:
    """Module of each overlay that is used in `node` -> the names used of it."""
    found: dict[str, set[str]] = {}
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and ":" in each.attr:
            module, _, name = each.attr.partition(":")
            found.setdefault(module, set()).add(name)
    return found


def _parted(body: list[ast.stmt], roots: list[str]) -> Parts:
    binding: dict[str, list[ast.stmt]] = {}
    for each in body:
        for name in bound(each):
            binding.setdefault(name, []).append(each)
    always = [each for each in body if not bound(each) or _acts(each)]
    always += [each for name in roots for each in binding[name]]
    while True:
        main = _reached(always, binding, {})
        overlays: dict[str, dict[int, ast.stmt]] = {}
        while True:
            wanted: dict[str, set[str]] = {}
            for part in (main, *overlays.values()):
                for each in part.values():
                    for module, names in overlay_names(each).items():
                        wanted.setdefault(module, set()).update(names)
            before = sum(map(len, overlays.values())), len(overlays)
            for module, names in wanted.items():
                first = [each for name in names for each in binding[name]]
                overlays[module] = _reached(first, binding, main)
            if before == (sum(map(len, overlays.values())), len(overlays)):
                break
        places: dict[int, int] = {}
        for part in overlays.values():
            for key in part:
                places[key] = places.get(key, 0) + 1
        shared = [each for each in body if places.get(id(each), 0) > 1]
        if not shared:
            break
        always += shared
    ordered = {
        module: [each for each in body if id(each) in part] for module, part in overlays.items()
    }
    return Parts(
        [each for each in body if id(each) in main],
        {module: part for module, part in ordered.items() if part},
    )


def _acts(statement: ast.stmt) -> bool:
    """Whether it does more than bind names: such as to import machine code, and put it to use."""
    is_compound = not isinstance(statement, ast.FunctionDef | ast.ClassDef)
    return is_compound and any(isinstance(each, ast.Expr) for each in ast.walk(statement))


def _reached(
    first: list[ast.stmt], binding: dict[str, list[ast.stmt]], without: dict[int, ast.stmt]
) -> dict[int, ast.stmt]:
    found: dict[int, ast.stmt] = {}
    todo = list(first)
    while todo:
        statement = todo.pop()
        if id(statement) in found or id(statement) in without:
            continue
        found[id(statement)] = statement
        for name in bound(statement):  # all that bind it, for one may undo another
            todo += binding[name]
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                todo += binding.get(node.id, [])
    return found


def _words(body: list[ast.stmt]) -> set[str]:
    """Every attribute that is named, and every text."""
    words = set()
    for each in body:
        for node in ast.walk(each):
            if isinstance(node, ast.Attribute):
                words.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value)
    return words


def _drop_methods(node: ast.ClassDef, words: set[str]) -> bool:
    """Drop the methods and attributes of the class that no word names; whether there were any."""
    kept = []
    for each in node.body:
        names = bound(each)
        if names and not any(name in words or name.startswith("__") for name in names):
            continue
        kept.append(each)
    dropped = len(kept) < len(node.body)
    node.body = kept or [ast.Pass()]
    return dropped
