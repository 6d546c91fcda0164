"""Constants of a program that is being linked stand where they are used: a global name costs more."""

import ast
import copy
from collections import Counter

from gateway.firmware.fold import folded

_WIDEST = 1 << 20  # bits that a constant is shifted by
_SHORT = 10  # characters of a text that is as cheap as a name


def inlined(statements: list[ast.stmt], rebound: set[str]) -> list[ast.stmt]:
    """The statements with integers and short texts in place of their names, and whatever else is used once.

    rebound: global names that functions assign; those are no constants.
    """
    left, integers = [], _Integers(rebound)
    for each in statements:
        if not integers.takes(each):
            left.append(each)
    inliner = _Inliner(dict(integers.values))
    left = [inliner.visit(each) for each in left]
    used = Counter(name for each in left for name in _loaded(each))
    values: dict[str, ast.expr] = {}
    for each in left:
        name, value = _named(each)
        if name and name not in rebound and value is not None and _is_cheap(value, used[name]):
            values[name] = value
    inliner = _Inliner(values)
    left = [inliner.visit(each) for each in left if _named(each)[0] not in values]
    folded(left, rebound)
    return left


class _Integers:
    def __init__(self, rebound: set[str]) -> None:
        self._rebound = rebound
        self._known: dict[str, int] = {}
        self.values: dict[str, ast.expr] = {}

    def takes(self, statement: ast.stmt) -> bool:
        """Whether it only names integers; they are remembered then, and it need not stand."""
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return False
        target, value = statement.targets[0], statement.value
        names, values = [target], [value]
        if isinstance(target, ast.Tuple):
            names = target.elts
            values = value.elts if isinstance(value, ast.Tuple) else _range(value)
        numbers = [_integer(each, self._known) for each in values]
        if len(names) != len(numbers) or None in numbers:
            return False
        if any(not isinstance(each, ast.Name) or each.id in self._rebound for each in names):
            return False
        for each, number in zip(names, numbers, strict=True):
            assert isinstance(each, ast.Name) and number is not None
            self._known[each.id] = number
            self.values[each.id] = _number(number)
        return True


def _range(node: ast.expr) -> list[ast.expr]:
    """What range(n) counts, as expressions; nothing for all else."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        count = node.args[0]
        if len(node.args) == 1 and isinstance(count, ast.Constant) and isinstance(count.value, int):
            return [ast.Constant(number) for number in range(count.value)]
    return []


def _number(value: int) -> ast.expr:
    if value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def _named(node: ast.stmt) -> tuple[str, ast.expr | None]:
    """The name and the value of a plain assignment."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, ast.Name):
            return target.id, node.value
    return "", None


def _loaded(node: ast.stmt) -> list[str]:
    found = []
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load):
            found.append(each.id)
        elif isinstance(each, ast.Attribute) and ":" in each.attr:
            found.append(each.attr.partition(":")[2])
    return found


def _is_cheap(node: ast.expr, uses: int) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return len(node.value) <= _SHORT or uses == 1
    return uses == 1 and _is_literal(node)


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return all(_is_literal(each) for each in node.elts)
    return isinstance(node, ast.Constant)


class _Inliner(ast.NodeTransformer):
    def __init__(self, values: dict[str, ast.expr]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self._values:
            return self._value(node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        name = node.attr.partition(":")[2]  # of a module that a function imports
        return self._value(name) if name in self._values else self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        value = _integer(node, {})
        return node if value is None or value < 0 else ast.Constant(value)

    def _value(self, name: str) -> ast.AST:
        found = self.visit(copy.deepcopy(self._values[name]))
        assert isinstance(found, ast.expr)
        return found


def _integer(node: ast.expr, known: dict[str, int]) -> int | None:
    """The value of an expression of integers, None where it is none."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _integer(node.operand, known)
        return None if inner is None else -inner
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ord":
        character = node.args[0]
        if isinstance(character, ast.Constant) and isinstance(character.value, str):
            return ord(character.value)
    if isinstance(node, ast.BinOp):
        left, right = _integer(node.left, known), _integer(node.right, known)
        operation = _OPERATIONS.get(type(node.op))
        if left is None or right is None or operation is None or not 0 <= right <= _WIDEST:
            return None
        value: int = operation(left, right)
        return value
    return None


_OPERATIONS = {
    ast.Add: int.__add__,
    ast.Sub: int.__sub__,
    ast.Mult: int.__mul__,
    ast.LShift: int.__lshift__,
    ast.RShift: int.__rshift__,
    ast.BitOr: int.__or__,
    ast.BitAnd: int.__and__,
}
