"""Global names of a module as the merged program knows them."""

import ast
from dataclasses import dataclass, field
from pathlib import Path

from gateway.firmware.scopes import arguments, bound, function_locals, stored

PACKAGES = ("edge", "reader")
MACHINE_CODE = "_viper"


class LinkProblem(ValueError):
    """The source asks for what a closed build cannot give; says where, and what."""


@dataclass
class Module:
    """One module of ours. names: its global name -> name in the merged program, or -> another module (`Module`)."""

    name: str
    path: Path
    tree: ast.Module
    names: dict[str, "str | Module"] = field(default_factory=dict)

    def where(self, node: ast.stmt | ast.expr) -> str:
        return f"{self.path}:{node.lineno}"


def is_ours(name: str) -> bool:
    return name.partition(".")[0] in PACKAGES


class Resolver(ast.NodeTransformer):
    """modules: all of the program, by name.

    A module that a function imports becomes an overlay: its name there is the attribute `module:merged name` of the
    local name, the import statement `import module:`.
    """

    def __init__(self, module: Module, modules: dict[str, Module]) -> None:
        self._module = module
        self._modules = modules
        self._scopes: list[set[str]] = []
        self._overlays: list[dict[str, Module]] = []

    def statement(self, node: ast.stmt) -> ast.stmt | None:
        """A statement of the module's top level; None for an import, which is made once for all."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            return None
        found = self.visit(node)
        assert isinstance(found, ast.stmt)
        return found

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if not self._scopes or not is_ours(node.module or ""):
            return node
        for alias in node.names:
            inner = self._modules.get(f"{node.module}.{alias.name}")
            if inner is None:
                raise LinkProblem(
                    f"{self._module.where(node)}: write `from package import module` in a function"
                )
            self._overlays[-1][alias.asname or alias.name] = inner
        return ast.Import(
            [
                ast.alias(f"{node.module}.{alias.name}:", alias.asname or alias.name)
                for alias in node.names
            ]
        )

    def visit_Name(self, node: ast.Name) -> ast.AST:
        found: str | Module | None = self._module.names.get(node.id)
        if self._is_local(node.id):
            found = next((each[node.id] for each in self._overlays if node.id in each), node.id)
        if isinstance(found, Module):
            raise LinkProblem(
                f"{self._module.where(node)}: the module {found.name} is used as a value"
            )
        node.id = found or node.id
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        base = node.value
        if not isinstance(base, ast.Name):
            return self.generic_visit(node)
        if not self._is_local(base.id):
            module = self._module.names.get(base.id)
            if isinstance(module, Module):
                return ast.copy_location(ast.Name(self._named(module, node), node.ctx), node)
            return self.generic_visit(node)
        for scope in reversed(self._overlays):
            if base.id in scope:
                node.attr = f"{scope[base.id].name}:{self._named(scope[base.id], node)}"
                return node
        return self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = [str(self._module.names.get(name, name)) for name in node.names]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        self._defaults(node.args)
        if not self._scopes:
            node.name = str(self._module.names[node.name])
        self._scopes.append(function_locals(node))
        self._overlays.append({})
        node.body = [self.visit(each) for each in node.body]
        self._overlays.pop()
        self._scopes.pop()
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._defaults(node.args)
        self._scopes.append(arguments(node.args))
        node.body = self.visit(node.body)
        self._scopes.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.bases = [self.visit(each) for each in node.bases]
        if not self._scopes:
            node.name = str(self._module.names[node.name])
        # what a class binds, its own statements see, and its methods do not
        own = {name for each in node.body for name in bound(each)}
        body = []
        for each in node.body:
            is_method = isinstance(each, ast.FunctionDef)
            self._scopes.append(set() if is_method else own)
            body.append(self.visit(each))
            self._scopes.pop()
        node.body = body
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        return self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        return self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        return self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        return self._comprehension(node)

    def _comprehension(self, node: ast.AST) -> ast.AST:
        generators = node.generators  # type: ignore[attr-defined]
        first = generators[0]
        first.iter = self.visit(first.iter)
        self._scopes.append({each for one in generators for each in stored(one.target)})
        iterated, first.iter = first.iter, ast.Constant(0)
        self.generic_visit(node)
        first.iter = iterated
        self._scopes.pop()
        return node

    def _defaults(self, args: ast.arguments) -> None:
        args.defaults = [self.visit(each) for each in args.defaults]
        args.kw_defaults = [each and self.visit(each) for each in args.kw_defaults]

    def _is_local(self, name: str) -> bool:
        return any(name in scope for scope in self._scopes)

    def _named(self, module: Module, node: ast.Attribute) -> str:
        name = module.names.get(node.attr)
        if not isinstance(name, str):
            raise LinkProblem(f"{self._module.where(node)}: {module.name} has no {node.attr}")
        return name
