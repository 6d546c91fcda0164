"""Takes out of a source what a board has no use for, and finds what it asks about by name as it runs."""

import ast
from collections.abc import Iterator

_BY_NAME = ("getattr", "setattr", "hasattr", "delattr")


def stripped(tree: ast.Module) -> ast.Module:
    """The tree without annotations, docstrings, const(), __repr__ and what only type checkers read."""
    found: ast.Module = ast.fix_missing_locations(_Stripper().visit(tree))
    return found


def asked_by_name(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The classes whose attributes' names are computed (dir(X), getattr(X, name)), and the lines where.

    X is a class, or self, or an argument whose annotation names a class; else the name is "". Not yet stripped.
    """
    for outer in tree.body:
        owner = outer.name if isinstance(outer, ast.ClassDef) else ""
        for node in ast.walk(outer):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            name = node.func.id
            if name in ("vars", "locals", "globals", "eval", "exec") and not node.args[1:]:
                yield "", node.lineno
            elif name == "dir" or (name in _BY_NAME and not isinstance(node.args[1], ast.Constant)):
                yield _class_of(node.args[0] if node.args else None, outer, owner), node.lineno


def _class_of(node: ast.expr | None, outer: ast.stmt, owner: str) -> str:
    if not isinstance(node, ast.Name):
        return ""
    if node.id == "self":
        return owner
    for each in ast.walk(outer):
        if isinstance(each, ast.arg) and each.arg == node.id:
            note = each.annotation
            return str(note.value) if isinstance(note, ast.Constant) else ""
    return node.id if node.id[:1].isupper() else ""


class _Stripper(ast.NodeTransformer):
    def visit_If(self, node: ast.If) -> ast.AST | None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return None
        return self.generic_visit(node)

    def visit_Try(self, node: ast.Try) -> ast.AST | None:
        first = node.body[0]
        if isinstance(first, ast.ImportFrom) and first.module == "micropython":
            first.names = [each for each in first.names if each.name != "const"]
            if not first.names:
                return None
        return self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        if node.module == "micropython":
            node.names = [each for each in node.names if each.name != "const"]
        return node if node.names else None

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id == "TYPE_CHECKING":
            return None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        made = ast.copy_location(ast.Assign([node.target], node.value), node)
        return self.generic_visit(made)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        if isinstance(node.value, ast.Constant):
            return None
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "const":
            found = self.visit(node.args[0])
            assert isinstance(found, ast.expr)
            return found
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST | None:
        if node.name == "__repr__":
            return None
        node.returns = None
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node
