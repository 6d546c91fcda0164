"""What names the parts of a Python source bind, and where they are seen."""

import ast
from collections.abc import Iterator


def bound(node: ast.stmt) -> set[str]:
    """The names that a statement binds where it stands."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {each.asname or each.name for each in node.names}
    found = set()
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            found |= bound(child)
        elif isinstance(child, ast.ExceptHandler):
            for each in child.body:
                found |= bound(each)
        else:
            found |= stored(child)
    return found


def stored(node: ast.AST) -> set[str]:
    """Names that an expression or target binds outside of comprehensions and lambdas."""
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        walked = [each for each in ast.walk(node) if isinstance(each, ast.NamedExpr)]
        return {each.target.id for each in walked}
    return {name for child in ast.iter_child_nodes(node) for name in stored(child)}


def function_locals(node: ast.FunctionDef) -> set[str]:
    found = arguments(node.args)
    for each in node.body:
        found |= bound(each)
        for inner in ast.walk(each):
            if isinstance(inner, ast.ExceptHandler) and inner.name:
                found.add(inner.name)
    outer = {name for each in _own(node) if isinstance(each, ast.Global) for name in each.names}
    return found - outer


def _own(node: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions in it."""
    todo: list[ast.AST] = list(node.body)
    while todo:
        each = todo.pop()
        yield each
        if not isinstance(each, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            todo += ast.iter_child_nodes(each)


def arguments(args: ast.arguments) -> set[str]:
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    return {each.arg for each in every if each is not None}


def inner_names(tree: ast.Module) -> set[str]:
    """Every name that is local somewhere in the module: none of them may hide a global one."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            found |= function_locals(node)
        elif isinstance(node, ast.Lambda):
            found |= arguments(node.args)
        elif isinstance(node, ast.comprehension):
            found |= stored(node.target)
    return found
