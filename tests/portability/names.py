"""Rules of names that MicroPython lacks: modules, builtins, methods, keywords."""

import ast
import re
from collections.abc import Iterator

from tests.portability.present import (
    ABSENT_BUILTINS,
    ABSENT_METHODS,
    BYTEARRAY_LACKS,
    MODULES,
    NEVER_CALLED,
    WITHOUT_KEYWORDS,
)
from tests.portability.rule import Rule
from tests.portability.source import Source

_GUARDS = {"ImportError", "AttributeError", "NameError"}
_REGEX = re.compile(r"\{\d|\(\?(?!:)")


def _module(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        if isinstance(node, ast.Import):
            wanted = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            wanted = [node.module or "edge"]
        else:
            continue
        if any(name.split(".")[0] not in MODULES for name in wanted) and not _guarded(source, node):
            yield node


def _module_attribute(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom):
            used = [(node.module or "edge", each.name) for each in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            used = [(source.imports.get(node.value.id, ""), node.attr)]
        else:
            continue
        for module, name in used:
            known = MODULES.get(module)
            if known is not None and name not in known and not _guarded(source, node):
                yield node


def _builtin(source: Source) -> Iterator[ast.AST]:
    bound = {node.id for node in source.nodes if isinstance(node, ast.Name) and _stores(node)}
    bound |= {node.arg for node in source.nodes if isinstance(node, ast.arg)} | set(source.imports)
    for node in source.nodes:
        if not isinstance(node, ast.Name) or node.id not in ABSENT_BUILTINS - bound:
            continue
        if isinstance(node.ctx, ast.Load) and not _guarded(source, node):
            yield node


def _method(source: Source) -> Iterator[ast.AST]:
    absent = {name for names in ABSENT_METHODS.values() for name in names}
    for node in source.nodes:
        if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
            continue
        lacks = node.attr in BYTEARRAY_LACKS and source.is_a(node.value, "bytearray")
        ours = isinstance(node.value, ast.Name) and node.value.id in source.imports
        if lacks or (node.attr in absent and not ours and not _guarded(source, node)):
            yield node


def _special_method(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef) and node.name in NEVER_CALLED:
            yield node


def _keyword(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        if isinstance(node, ast.Call) and node.keywords:
            called = source.origin(node.func) or ast.unparse(node.func)
            if called.startswith(("edge.", "reader.")):
                continue
            refused = WITHOUT_KEYWORDS.get(called.split(".")[-1], "")
            if refused == "*" or any(each.arg in refused.split() for each in node.keywords):
                yield node


def _regex(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        if isinstance(node, ast.Call) and source.origin(node.func).startswith("re."):
            pattern = node.args[0] if node.args else None
            if not isinstance(pattern, ast.Constant) or _REGEX.search(str(pattern.value)):
                yield node


def _deque(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        called = isinstance(node, ast.Call) and source.origin(node.func) == "collections.deque"
        if called and len(node.args) < 2:
            yield node


def _stores(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _guarded(source: Source, node: ast.AST) -> bool:
    """Stands it in a try whose except says what is done where the name is missing?"""
    child = node
    while (above := source.parent(child)) is not None:
        if isinstance(above, ast.Try) and child in above.body:
            caught = {
                name.id
                for handler in above.handlers
                if handler.type
                for name in ast.walk(handler.type)
                if isinstance(name, ast.Name)
            }
            if caught & _GUARDS:
                return True
        child = above
    return False


RULES = (
    Rule("module", "no board has this module: MODULES in present.py are there", _module),
    Rule(
        "module-attribute",
        "this name of the module is missing on a board, or on all",
        _module_attribute,
    ),
    Rule(
        "builtin",
        "a NameError: for OSError's children test errno, for UnicodeDecodeError UnicodeError",
        _builtin,
    ),
    Rule(
        "method",
        "an AttributeError: int, str, bytearray and memoryview have fewer methods",
        _method,
    ),
    Rule(
        "special-method",
        "nothing calls it, not even at the end of an object: write a method and call it",
        _special_method,
    ),
    Rule(
        "keyword",
        "builtin functions and methods take this by position or not at all: a TypeError",
        _keyword,
    ),
    Rule(
        "regex", "{n,m}, named groups and lookahead match nothing or raise: parse by hand", _regex
    ),
    Rule("deque", "deque asks for its length: deque((), 16)", _deque),
)
