"""Arguments that a call of ours names are told by their place: the board then need not know their names."""

import ast
from collections.abc import Iterable


def placed_arguments(statements: Iterable[ast.stmt]) -> None:
    """Change the calls of global functions and classes of `statements`, where all before it are given."""
    every = list(statements)
    places: dict[str, list[str]] = {}
    for each in every:
        if isinstance(each, ast.FunctionDef):
            places[each.name] = [arg.arg for arg in each.args.args]
        elif isinstance(each, ast.ClassDef):
            for method in each.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    places[each.name] = [arg.arg for arg in method.args.args[1:]]
    for each in every:
        for node in ast.walk(each):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                _place(node, places.get(node.func.id, []))


def _place(node: ast.Call, places: list[str]) -> None:
    while node.keywords and len(node.args) < len(places):
        first = node.keywords[0]  # in their order: what they are made of may have effects
        if first.arg != places[len(node.args)] or any(
            isinstance(each, ast.Starred) for each in node.args
        ):
            return
        node.args.append(first.value)
        del node.keywords[0]
