"""Texts and bytes of a program that is being linked are computed here: what a board computes lies in its heap."""

import ast
from typing import Any

_CALLED: dict[str, Any] = {
    "bytes": bytes,
    "chr": chr,
    "len": len,
    "ord": ord,
    "range": range,
}
_PLAIN = (
    ast.BinOp,
    ast.Call,
    ast.Constant,
    ast.GeneratorExp,
    ast.List,
    ast.ListComp,
    ast.Name,
    ast.Tuple,
    ast.comprehension,
    ast.expr_context,
    ast.operator,
)
_LONGEST = 1024


def folded(statements: list[ast.stmt], rebound: set[str]) -> None:
    """Change the assignments of expressions that are the same text or bytes in each run.

    rebound: global names that functions assign.
    """
    known: dict[str, Any] = {}
    for each in statements:
        if not isinstance(each, ast.Assign) or len(each.targets) != 1:
            continue
        target = each.targets[0]
        if not isinstance(target, ast.Name) or target.id in rebound:
            continue
        value = _value(each.value, known)
        if value is not None and len(value) <= _LONGEST:
            known[target.id] = value
            each.value = ast.copy_location(ast.Constant(value), each.value)


def _value(node: ast.expr, known: dict[str, Any]) -> str | bytes | None:
    local = {
        inner.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    }
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute):
            if inner.attr != "join" or not isinstance(inner.value, ast.Constant):
                return None
        elif isinstance(inner, ast.Name):
            if inner.id not in local and inner.id not in known and inner.id not in _CALLED:
                return None
        elif not isinstance(inner, _PLAIN):
            return None
    expression = ast.fix_missing_locations(ast.Expression(node))
    try:
        value = eval(
            compile(expression, "constant", "eval"), {"__builtins__": {}} | _CALLED | known
        )
    except (TypeError, ValueError, ArithmeticError):
        return None  # the board shall say so
    return value if isinstance(value, str | bytes) else None
