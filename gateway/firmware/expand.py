"""Functions that only return an expression stand where they are called: each takes heap and flash of its own."""

import ast
import copy
from collections.abc import Collection

_MOST = 2  # calls; more of them take more flash than they save
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_NEVER = (*_SCOPES, ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await)


def expanded(parts: Collection[list[ast.stmt]], kept: Collection[str]) -> None:
    """Change the statements of `parts`, in which no local name hides a global one.

    kept: functions that stay, and global names that functions assign.

    What a call is given is worked out once and in the same order as before, or the function stays.
    """
    is_done = False
    while not is_done:
        is_done = True
        for each in [each for part in parts for each in part]:
            if isinstance(each, ast.FunctionDef) and each.name not in kept:
                is_done &= not _expand(parts, each, kept)


def _expand(
    parts: Collection[list[ast.stmt]], each: ast.FunctionDef, kept: Collection[str]
) -> bool:
    """Whether the function is gone now."""
    value = _value(each)
    if value is None:
        return False
    every = [node for part in parts for statement in part for node in ast.walk(statement)]
    named = [node for node in every if isinstance(node, ast.Name) and node.id == each.name]
    calls = [node for node in every if isinstance(node, ast.Call) and node.func in named]
    others = [
        node for node in every if isinstance(node, ast.Attribute) and _last(node.attr) == each.name
    ]
    if others or len(calls) != len(named) or not 0 < len(calls) <= _MOST:
        return False
    changing = {name for node in every if isinstance(node, ast.Nonlocal) for name in node.names}
    changing.update(kept)
    made = {}
    for call in calls:
        found = _made(each.args, value, call, changing)
        if found is None or sum(node in calls for node in ast.walk(call)) > 1:
            return False
        made[id(call)] = found
    replacer = _Replacer(made)
    for part in parts:
        part[:] = [replacer.visit(statement) for statement in part if statement is not each]
    return True


def _last(attr: str) -> str:
    """The name in the Attribute `module:name`, of an overlay."""
    return attr.partition(":")[2]


def _value(function: ast.FunctionDef) -> ast.expr | None:
    """The expression that it returns; None where it does more."""
    args = function.args
    if function.decorator_list or args.vararg or args.kwarg or args.kwonlyargs:
        return None
    if not all(isinstance(each, ast.Constant) for each in args.defaults):
        return None
    value = _returned(function.body)
    if value is None:
        return None
    inner = list(ast.walk(value))
    is_own = any(isinstance(node, ast.Name) and node.id == function.name for node in inner)
    return None if is_own or any(isinstance(node, _NEVER) for node in inner) else value


def _returned(body: list[ast.stmt]) -> ast.expr | None:
    first, rest = body[0], body[1:]
    if isinstance(first, ast.Return) and not rest:
        return first.value
    rest = [*first.orelse, *rest] if isinstance(first, ast.If) else []
    if not isinstance(first, ast.If) or not rest:
        return None
    then, otherwise = _returned(first.body), _returned(rest)
    return ast.IfExp(first.test, then, otherwise) if then and otherwise else None


def _made(
    args: ast.arguments, value: ast.expr, call: ast.Call, changing: set[str]
) -> ast.expr | None:
    """What stands in the place of the call; None where that could be something else."""
    names = [each.arg for each in args.args]
    given = [*call.args]
    missing = len(names) - len(given)
    if call.keywords or not 0 <= missing <= len(args.defaults):
        return None
    given += args.defaults[len(args.defaults) - missing :]
    found = dict(zip(names, given, strict=True))
    effects = [name for name, each in found.items() if not _is_simple(each, changing)]
    read = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    if effects and read & changing:
        return None
    for name in effects:
        inner = list(ast.walk(found[name]))
        uses = [node for node in ast.walk(value) if isinstance(node, ast.Name) and node.id == name]
        if len(effects) > 1 or len(uses) != 1 or not _comes_first(value, name, names):
            return None
        if any(isinstance(node, ast.Starred | ast.NamedExpr | ast.Yield) for node in inner):
            return None
    return _Filler(found).filled(copy.deepcopy(value))


def _is_simple(value: ast.expr, changing: set[str]) -> bool:
    """Whether it is the same whenever it is looked at."""
    if isinstance(value, ast.UnaryOp):
        return isinstance(value.operand, ast.Constant)
    return isinstance(value, ast.Constant) or (
        isinstance(value, ast.Name) and value.id not in changing
    )


def _comes_first(node: ast.AST, name: str, names: list[str]) -> bool | None:
    """Whether nothing that matters is done before `name` is looked at, which it is; None: it is not in there."""
    if isinstance(node, ast.Name):
        return True if node.id == name else None
    if isinstance(node, ast.Constant):
        return None
    for child in _always(node):
        found = _comes_first(child, name, names)
        if found is not None:
            return found
    if isinstance(node, ast.Attribute):
        is_known = isinstance(node.value, ast.Name) and node.value.id not in names
        return None if is_known else False
    return None if isinstance(node, ast.Tuple | ast.Slice) else False


def _always(node: ast.AST) -> list[ast.AST]:
    """The parts of an expression that are worked out in any case, in their order."""
    if isinstance(node, ast.BoolOp):
        return [node.values[0]]
    if isinstance(node, ast.IfExp):
        return [node.test]
    if isinstance(node, ast.Compare):
        return [node.left, node.comparators[0]]
    if isinstance(node, ast.Dict):
        return []
    return [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]


class _Filler(ast.NodeTransformer):
    """Puts values in the place of names."""

    def __init__(self, values: dict[str, ast.expr]) -> None:
        self._values = values

    def filled(self, node: ast.expr) -> ast.expr:
        found: ast.expr = self.visit(node)
        return found

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self._values.get(node.id, node))


class _Replacer(ast.NodeTransformer):
    """Puts expressions in the place of calls, by their id."""

    def __init__(self, made: dict[int, ast.expr]) -> None:
        self._made = made

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return self._made.get(id(node), node)
