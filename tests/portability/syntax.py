"""Rules of what MicroPython's compiler refuses, or takes and does otherwise."""

import ast
import re
from collections.abc import Iterator

from tests.portability.rule import Rule
from tests.portability.source import FUNCTIONS, Source

_DECORATOR = re.compile(r"[\w.]+(\(.*\))?", re.DOTALL)
_VALUE_TYPES = {"bool", "bytearray", "bytes", "float", "int", "memoryview", "str"}
_TYPES = {*_VALUE_TYPES, "dict", "frozenset", "list", "set", "tuple", "type"}


def _positional_only(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        if isinstance(node, FUNCTIONS) and node.args.posonlyargs:
            yield node


def _match(source: Source) -> Iterator[ast.AST]:
    return (node for node in source.nodes if isinstance(node, ast.Match))


def _except_group(source: Source) -> Iterator[ast.AST]:
    return (node for node in source.nodes if isinstance(node, ast.TryStar))


def _starred_literal(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)) and isinstance(
            getattr(node, "ctx", ast.Load()), ast.Load
        ):
            if any(isinstance(each, ast.Starred) for each in node.elts):
                yield node
        elif isinstance(node, ast.Dict) and None in node.keys:
            yield node


def _decorator(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        for each in getattr(node, "decorator_list", []):
            if not _DECORATOR.fullmatch(ast.unparse(each)):
                yield each


def _async_comprehension(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        if any(each.is_async for each in getattr(node, "generators", [])):
            yield node


def _relative_import(source: Source) -> Iterator[ast.AST]:
    return (node for node in source.nodes if isinstance(node, ast.ImportFrom) and node.level)


def _format(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        if isinstance(node, ast.FormattedValue):
            spec = ast.unparse(node.format_spec) if node.format_spec else ""
            if node.conversion == ord("a") or "_" in re.sub(r"\{.*?\}", "", spec):
                yield node


def _type_at_run_time(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        if isinstance(node, ast.Subscript):
            if isinstance(node.value, ast.Name) and node.value.id in _TYPES:
                yield node
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            sides = (node.left, node.right)
            if any(isinstance(side, ast.Name) and side.id in _TYPES for side in sides):
                yield node


def _bases(source: Source) -> Iterator[ast.AST]:
    return (node for node in _classes(source) if len(node.bases) > 1)


def _class_keywords(source: Source) -> Iterator[ast.AST]:
    return (node for node in _classes(source) if node.keywords)


def _builtin_base(source: Source) -> Iterator[ast.AST]:
    for node in _classes(source):
        if any(isinstance(base, ast.Name) and base.id in _VALUE_TYPES for base in node.bases):
            yield node


def _function_attribute(source: Source) -> Iterator[ast.AST]:
    functions = {node.name for node in source.nodes if isinstance(node, ast.FunctionDef)}
    for node in source.nodes:
        stored = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if stored and isinstance(node.value, ast.Name) and node.value.id in functions:
            yield node


def _recursion(source: Source) -> Iterator[ast.AST]:
    for function in source.nodes:
        if not isinstance(function, ast.FunctionDef):
            continue
        method = isinstance(source.parent(function), ast.ClassDef)
        name = f"self.{function.name}" if method else function.name
        shadowed = function.name in {each.arg for each in function.args.args}
        called = {
            ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)
        }
        if name in called and not shadowed:
            yield function


def _classes(source: Source) -> Iterator[ast.ClassDef]:
    return (node for node in source.nodes if isinstance(node, ast.ClassDef))


RULES = (
    Rule("positional-only", "`/` is a SyntaxError: leave it out", _positional_only),
    Rule("match", "match is a SyntaxError: write if", _match),
    Rule("except-group", "except* is a SyntaxError", _except_group),
    Rule("starred-literal", "[*a] and {**a} are SyntaxErrors: add, or update", _starred_literal),
    Rule(
        "decorator", "a decorator is a dotted name or a call of one, else a SyntaxError", _decorator
    ),
    Rule(
        "async-comprehension",
        "`async for` in it is a SyntaxError: write the loop",
        _async_comprehension,
    ),
    Rule(
        "relative-import",
        "it finds no package in a module run from ROM: name the package",
        _relative_import,
    ),
    Rule("format", "`_` in a format and !a are refused when the text is made", _format),
    Rule(
        "type-at-run-time",
        "list[int] and int | None are TypeErrors: annotations alone, quoted",
        _type_at_run_time,
    ),
    Rule("bases", "the order of several bases is not CPython's: one base, and compose", _bases),
    Rule(
        "class-keywords",
        "metaclass= and other keywords of a class are a TypeError",
        _class_keywords,
    ),
    Rule("builtin-base", "a subclass of bytes has no len(): hold the value instead", _builtin_base),
    Rule(
        "function-attribute", "functions take no attributes: an AttributeError", _function_attribute
    ),
    Rule(
        "recursion",
        "a stack of 8 kB (RP2) ends at 33 calls: loop, or say what bounds the depth",
        _recursion,
    ),
)
