"""Gives the parts of a program their short names: global names, attributes, and whatever is local."""

import ast

from gateway.firmware.scopes import arguments, bound, function_locals, stored

_LOCAL = "__"  # what local names end with


class Renamer(ast.NodeTransformer):
    """names, attributes: long name -> short one; overlays: by module, the same of their global names.

    keywords: arguments that keep their names; words: what the others are called, and functions in functions. All else
    that is local costs nothing, and gets a name no global one has.
    """

    def __init__(
        self,
        names: dict[str, str],
        attributes: dict[str, str],
        overlays: dict[str, dict[str, str]],
        keywords: set[str],
        words: list[str],
    ) -> None:
        self._names = names
        self._attributes = attributes
        self._overlays = overlays
        self._keywords = keywords
        self._words = words
        self._scopes: list[dict[str, str]] = []
        self._arguments = 0  # renamed in the functions around

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._named(node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        module, colon, name = node.attr.partition(":")
        if colon:
            node.attr = self._overlays[module].get(name, name)
        else:
            node.attr = self._attributes.get(node.attr, node.attr)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        if node.name:
            node.name = self._named(node.name)
        return self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> ast.AST:
        return self._import(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        return self._import(node)

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
        node.name = self._named(node.name)
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
        node.name = self._named(node.name)
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

    def _named(self, name: str) -> str:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        return self._names.get(name, name)

    def _local(self, name: str) -> str:
        return name if name in self._keywords else name + _LOCAL

    def _word(self) -> str:
        at, self._arguments = self._arguments, self._arguments + 1
        return self._words[at] if at < len(self._words) else f"_{at}"

    def _import(self, node: ast.Import | ast.ImportFrom) -> ast.AST:
        for alias in node.names:
            name = self._named(alias.asname or alias.name)
            alias.asname = name if name != alias.name else None
        return node

    def _function(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        self._defaults(node.args)
        before = self._enter(node.args, function_locals(node))
        for each in _inner(node):
            self._scopes[-1][each.name] = self._word()
        node.body = [self.visit(each) for each in node.body]
        self._leave(before)
        return node

    def _enter(self, args: ast.arguments, names: set[str]) -> int:
        """Rename positional arguments; all else that is local keeps its name. What _leave needs."""
        before = self._arguments
        scope = {name: self._local(name) for name in names}
        for each in args.args:
            if each.arg not in self._keywords:
                scope[each.arg] = self._word()
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
        self._scopes.append({name: self._local(name) for name in names})
        self.generic_visit(node)
        first.iter = iterated
        self._scopes.pop()
        return node

    def _defaults(self, args: ast.arguments) -> None:
        args.defaults = [self.visit(each) for each in args.defaults]
        args.kw_defaults = [each and self.visit(each) for each in args.kw_defaults]


def _inner(node: ast.FunctionDef) -> list[ast.FunctionDef]:
    """The functions that are defined in a function, not those that are deeper."""
    found: list[ast.FunctionDef] = []
    todo: list[ast.AST] = list(node.body)
    while todo:
        each = todo.pop(0)
        if isinstance(each, ast.FunctionDef):
            found.append(each)
        elif not isinstance(each, ast.Lambda):
            todo += ast.iter_child_nodes(each)
    return found
