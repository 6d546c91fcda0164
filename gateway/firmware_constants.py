"""Integer constants of a program that is being linked stand where they are used."""

import ast

_WIDEST = 1 << 20  # bits that a constant is shifted by


class Constants:
    """rebound: global names that functions assign; those are no constants."""

    def __init__(self, rebound: set[str]) -> None:
        self._rebound = rebound
        self._values: dict[str, int] = {}

    def takes(self, statement: ast.stmt) -> bool:
        """Whether it only names an integer; it is remembered then, and need not stand."""
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return False
        target = statement.targets[0]
        value = _integer(statement.value, self._values)
        if not isinstance(target, ast.Name) or value is None or target.id in self._rebound:
            return False
        self._values[target.id] = value
        return True

    def inlined(self, statement: ast.stmt) -> ast.stmt:
        found = _Inliner(self._values).visit(statement)
        assert isinstance(found, ast.stmt)
        return found


class _Inliner(ast.NodeTransformer):
    def __init__(self, values: dict[str, int]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self._values:
            return ast.copy_location(ast.Constant(self._values[node.id]), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        name = node.attr.partition(":")[2]  # of a module that a function imports
        if name in self._values:
            return ast.copy_location(ast.Constant(self._values[name]), node)
        return self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        value = _integer(node, {})
        return node if value is None else ast.copy_location(ast.Constant(value), node)


def _integer(node: ast.expr, known: dict[str, int]) -> int | None:
    """The value of an expression of integers, None where it is none, or below 0."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.BinOp):
        left, right = _integer(node.left, known), _integer(node.right, known)
        operation = _OPERATIONS.get(type(node.op))
        if left is None or right is None or operation is None or right > _WIDEST:
            return None
        value: int = operation(left, right)
        return value if value >= 0 else None
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
