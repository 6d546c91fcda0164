"""Short names for a device build: each name costs a board memory for its letters, once for each different one.

Global names, private attributes and positional arguments that no call names are renamed, with the same short names for
all three kinds, for these never meet. What a text names, and what MicroPython may ask for, keeps its name.
"""

import ast
import string
from collections.abc import Iterator

from gateway.firmware_scopes import arguments, bound, function_locals, stored


class Shortener:
    """keep: global names that others call."""

    def __init__(self, keep: list[str]) -> None:
        self._keep = set(keep)
        self._globals: dict[str, str] = {}
        self._attributes: dict[str, str] = {}

    def shortened(self, tree: ast.Module) -> ast.Module:
        """The same program under short names."""
        counted: dict[str, int] = {}
        private: dict[str, int] = {}
        keywords, taken = set(), set()
        own = {name for each in tree.body for name in _definitions(each)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                taken.add(node.id)
                if node.id in own:
                    counted[node.id] = counted.get(node.id, 0) + 1
            elif isinstance(node, ast.Attribute) and _is_private(node.attr):
                private[node.attr] = private.get(node.attr, 0) + 1
            elif isinstance(node, ast.keyword):
                if node.arg is None:
                    raise ValueError(f"line {node.lineno}: a call with **")
                keywords.add(node.arg)
        for name in own:
            counted.setdefault(name, 1)
        for each in tree.body:
            if isinstance(each, ast.ClassDef):
                for inner in each.body:
                    for name in bound(inner):
                        if _is_private(name):
                            private.setdefault(name, 1)
        self._attributes = dict(zip(_by_count(private), _short(taken), strict=False))
        names = [name for name in _by_count(counted) if name not in self._keep]
        self._globals = dict(zip(names, _short(taken), strict=False))
        found = _Renamer(self._globals, self._attributes, keywords).visit(tree)
        assert isinstance(found, ast.Module)
        return found

    def meanings(self) -> dict[str, str]:
        """Short name -> what it stands for, a global name and an attribute."""
        found: dict[str, list[str]] = {}
        for names in (self._globals, self._attributes):
            for name, short in names.items():
                found.setdefault(short, []).append(name)
        return {short: ", ".join(names) for short, names in sorted(found.items())}


def _definitions(node: ast.stmt) -> set[str]:
    """The names that a top-level statement binds; what is imported keeps its name."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return set()
    found = bound(node)
    for each in ast.walk(node):
        if isinstance(each, ast.Import | ast.ImportFrom):
            found -= bound(each)
    return found


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and len(name) > 1


def _by_count(counted: dict[str, int]) -> list[str]:
    return sorted(counted, key=lambda name: (-counted[name], name))


def _short(taken: set[str]) -> Iterator[str]:
    """_a, _b, .. _Z, _aa, .."""
    letters = string.ascii_letters
    for first in ["", *letters]:
        for second in letters:
            name = f"_{first}{second}"
            if name not in taken:
                yield name


class _Renamer(ast.NodeTransformer):
    def __init__(
        self, names: dict[str, str], attributes: dict[str, str], keywords: set[str]
    ) -> None:
        self._names = names
        self._attributes = attributes
        self._keywords = keywords
        self._scopes: list[dict[str, str]] = []
        self._arguments = 0  # renamed in the functions around
        self._is_class = False

    def visit_Name(self, node: ast.Name) -> ast.AST:
        for scope in reversed(self._scopes):
            if node.id in scope:
                node.id = scope[node.id]
                return node
        node.id = self._names.get(node.id, node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        node.attr = self._attributes.get(node.attr, node.attr)
        return node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = [self._names.get(name, name) for name in node.names]
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        found = []
        for name in node.names:
            scope = next(each for each in reversed(self._scopes[:-1]) if name in each)
            found.append(scope[name])
            self._scopes[-1][name] = scope[name]
        node.names = found
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.bases = [self.visit(each) for each in node.bases]
        if not self._scopes:
            node.name = self._names.get(node.name, node.name)
        names = {name for each in node.body for name in bound(each)}
        own = {name: self._attributes.get(name, name) for name in names}
        body: list[ast.stmt] = []
        for each in node.body:
            if isinstance(each, ast.FunctionDef):
                each.name = own[each.name]
                body.append(self._function(each))
            else:
                self._scopes.append(own)
                body.append(self.visit(each))
                self._scopes.pop()
        node.body = body
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if not self._scopes:
            node.name = self._names.get(node.name, node.name)
        return self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._defaults(node.args)
        before = self._enter(node.args, arguments(node.args))
        node.body = self.visit(node.body)
        self._leave(before)
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        return self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        return self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        return self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        return self._comprehension(node)

    def _function(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        self._defaults(node.args)
        before = self._enter(node.args, function_locals(node))
        node.body = [self.visit(each) for each in node.body]
        self._leave(before)
        return node

    def _enter(self, args: ast.arguments, names: set[str]) -> int:
        """Rename positional arguments; all else that is local keeps its name. What _leave needs."""
        before = self._arguments
        scope = {name: name for name in names}
        for each in args.args:
            if each.arg not in self._keywords:
                scope[each.arg] = f"_{self._arguments}"
                self._arguments += 1
                each.arg = scope[each.arg]
        self._scopes.append(scope)
        return before

    def _leave(self, before: int) -> None:
        self._scopes.pop()
        self._arguments = before

    def _comprehension(self, node: ast.AST) -> ast.AST:
        generators = node.generators  # type: ignore[attr-defined]
        first = generators[0]
        first.iter = self.visit(first.iter)
        iterated, first.iter = first.iter, ast.Constant(0)
        names = {each for one in generators for each in stored(one.target)}
        self._scopes.append({name: name for name in names})
        self.generic_visit(node)
        first.iter = iterated
        self._scopes.pop()
        return node

    def _defaults(self, args: ast.arguments) -> None:
        args.defaults = [self.visit(each) for each in args.defaults]
        args.kw_defaults = [each and self.visit(each) for each in args.kw_defaults]
