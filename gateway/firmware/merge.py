"""Merges the modules of a program: each global name becomes one of the whole program's own."""

import ast
import builtins
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.firmware.constants import inlined
from gateway.firmware.resolve import MACHINE_CODE, PACKAGES, LinkProblem, Module, Resolver, is_ours
from gateway.firmware.scopes import bound, inner_names
from gateway.firmware.strip import asked_by_name, stripped

_PLACES = {"edge": "edge", "reader": "firmware/reader"}


@dataclass
class Merged:
    """statements: of all modules, in the order of their imports; imports: MicroPython's own; roots: kept names.

    rebound: global name that a function assigns -> where; reflected: classes whose attributes are asked for by name.
    """

    statements: list[ast.stmt]
    imports: list[ast.stmt]
    roots: list[str]
    rebound: dict[str, str]
    reflected: set[str]
    modules: dict[str, Module]


class Program:
    """All modules that are reached, in the order of their imports; last those that functions import."""

    def __init__(self, root: Path, emptied: Collection[str] = ()) -> None:
        """emptied: functions, as module.name, that do nothing: others take their place before they are called."""
        self._root = root
        self._emptied = emptied
        self._modules: dict[str, Module] = {}
        self._order: list[Module] = []
        self._later: list[str] = []
        self._foreign: dict[str, str] = {}  # an import statement -> the name that it binds
        self._reflected: list[tuple[Module, str]] = []

    def merged(self, source: str) -> Merged:
        """What the module `source` reaches, whose functions keep their names."""
        main = self._add("start", Path("start.py"), source)
        while self._later:
            self._module(self._later.pop())
        taken = {name for module in self._order for name in inner_names(module.tree)}
        taken |= set(dir(builtins)).union(*map(bound, main.tree.body))
        for module in self._order:
            self._name(module, taken, keep=module is main)
        body: list[ast.stmt] = []
        rebound: dict[str, str] = {}
        for module in self._order:
            resolver = Resolver(module, self._modules)
            found = [resolver.statement(each) for each in module.tree.body]
            body += [each for each in found if each is not None]
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Global):
                    rebound |= dict.fromkeys(node.names, module.where(node))
        return Merged(
            inlined(body, set(rebound)),
            [ast.parse(text).body[0] for text in sorted(self._foreign)],
            [each.name for each in main.tree.body if isinstance(each, ast.FunctionDef)],
            rebound,
            {str(module.names.get(name, name)) for module, name in self._reflected},
            self._modules,
        )

    def _add(self, name: str, path: Path, source: str) -> Module:
        raw = ast.parse(source)
        module = Module(name, path, raw)
        for asked, line in asked_by_name(raw):
            if not asked:
                raise LinkProblem(
                    f"{path}:{line}: attributes by name, of what class is not to be seen"
                )
            self._reflected.append((module, asked))
        for each in raw.body:
            if isinstance(each, ast.FunctionDef) and f"{name}.{each.name}" in self._emptied:
                each.body = [ast.Pass()]
        module.tree = stripped(raw)
        self._modules[name] = module
        for statement in module.tree.body:
            for each, is_inner in _imports(statement):
                self._follow(module, each, is_inner)
        self._order.append(module)
        return module

    def _follow(self, module: Module, node: ast.Import | ast.ImportFrom, is_inner: bool) -> None:
        for alias in node.names:
            if alias.name == "*":
                raise LinkProblem(f"{module.where(node)}: a star import")
        if isinstance(node, ast.ImportFrom) and node.module and is_ours(node.module):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if node.module in PACKAGES and self._file(inner).is_file():
                    if inner.endswith(MACHINE_CODE):
                        continue
                    if is_inner:
                        self._later.append(inner)
                    else:
                        module.names[alias.asname or alias.name] = self._module(inner)
                elif not node.module.endswith(MACHINE_CODE) and not is_inner:
                    self._module(node.module)
        elif isinstance(node, ast.Import) and any(is_ours(alias.name) for alias in node.names):
            raise LinkProblem(
                f"{module.where(node)}: write `from package import module` for modules of ours"
            )

    def _module(self, name: str) -> Module:
        if name not in self._modules:
            path = self._file(name)
            self._add(name, path.relative_to(self._root), path.read_text(encoding="utf-8"))
        return self._modules[name]

    def _file(self, name: str) -> Path:
        package, _, rest = name.partition(".")
        folder = self._root / _PLACES.get(package, package)
        return folder / (rest.replace(".", "/") + ".py") if rest else folder / "__init__.py"

    def _name(self, module: Module, taken: set[str], keep: bool) -> None:
        """Give each global name of the module one that is its own in the merged program."""
        for statement in module.tree.body:
            if isinstance(statement, ast.ImportFrom) and is_ours(statement.module or ""):
                self._borrow(module, statement)
                continue
            if isinstance(statement, ast.Import | ast.ImportFrom):
                for alias in statement.names:
                    module.names[alias.asname or alias.name] = self._import(statement, alias, taken)
                continue
            machine_code = {
                alias.asname or alias.name
                for each, _ in _imports(statement)
                for alias in each.names
            }
            for name in bound(statement):
                if isinstance(module.names.get(name), str):
                    continue
                wanted = name
                if name in taken and not keep and name not in machine_code:
                    wanted = f"{name}_{module.name.rpartition('.')[2]}"
                    while wanted in taken:
                        wanted += "_"
                taken.add(wanted)
                module.names[name] = wanted

    def _borrow(self, module: Module, statement: ast.ImportFrom) -> None:
        assert statement.module is not None
        for alias in statement.names:
            local = alias.asname or alias.name
            if isinstance(module.names.get(local), Module):
                continue
            source = self._modules.get(statement.module)
            if source is None:  # machine code
                module.names[local] = local
                continue
            name = source.names.get(alias.name)
            if name is None:
                raise LinkProblem(
                    f"{module.where(statement)}: {statement.module} has no {alias.name}"
                )
            module.names[local] = name

    def _import(
        self, statement: ast.Import | ast.ImportFrom, alias: ast.alias, taken: set[str]
    ) -> str:
        """The name that one imported name of MicroPython's own has in the merged program."""
        text = f"import {alias.name}"
        if isinstance(statement, ast.ImportFrom):
            text = f"from {statement.module} import {alias.name}"
        for known, name in self._foreign.items():
            if known.partition(" as ")[0] == text:
                return name
        name = alias.asname or alias.name
        while name in taken:
            name += "_"
        taken.add(name)
        self._foreign[text if name == alias.name else f"{text} as {name}"] = name
        return name


def _imports(node: ast.stmt) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Each import of a top-level statement, and whether it stands in a function."""
    todo: list[tuple[ast.AST, bool]] = [(node, False)]
    while todo:
        each, is_inner = todo.pop()
        if isinstance(each, ast.Import | ast.ImportFrom):
            yield each, is_inner
        is_inner = is_inner or isinstance(each, ast.FunctionDef | ast.Lambda)
        todo += [(child, is_inner) for child in reversed(list(ast.iter_child_nodes(each)))]
