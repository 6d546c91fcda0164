"""The linker of a device build: firmware and the edge modules that it imports become one module.

On a board every module, name and constant costs heap, and flash for what two modules both name. In a closed world
none of that is needed: modules are merged in the order of their imports, integer constants stand where they are used,
what nothing reaches is left out, and private names and positional arguments are short and shared.

What cannot be told from the source alone is refused, with its file and line: a module as a value, a star import, a
call with **names. Modules in machine code (*_viper) and MicroPython's own stay imports.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.firmware_names import Shortener
from gateway.firmware_scopes import arguments, bound, function_locals, inner_names, stored

PACKAGES = ("edge", "reader")

_MACHINE_CODE = "_viper"
_PLAIN = (ast.FunctionDef, ast.ClassDef, ast.Assign)
_PLACES = {"edge": "edge", "reader": "firmware/reader"}


class LinkProblem(Exception):
    """The source asks for what a closed build cannot give; says where, and what."""


@dataclass
class Module:
    """One module of ours. names: its global name -> name in the merged module, or -> another module (`Module`)."""

    name: str
    path: Path
    tree: ast.Module
    names: dict[str, "str | Module"] = field(default_factory=dict)
    needs: list["Module"] = field(default_factory=list)


@dataclass
class Linked:
    """source: the merged module; names: what a short name stands for, by name, for tracebacks."""

    source: str
    names: dict[str, str]


def link(root: Path, start: str) -> Linked:
    """The program of the checkout `root` that begins with the source text `start`, whose functions keep their names.

    Raises LinkProblem, or OSError where a module is missing.
    """
    program = Program(root)
    main = program.add("start", Path("start.py"), start)
    return program.merged(main)


class Program:
    """All modules that are reached, in the order of their imports."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._modules: dict[str, Module] = {}
        self._order: list[Module] = []
        self._foreign: dict[str, str] = {}  # an import statement -> the name that it binds
        self._constants: dict[str, int] = {}

    def add(self, name: str, path: Path, source: str) -> Module:
        module = Module(name, path, stripped(ast.parse(source)))
        self._modules[name] = module
        for statement in module.tree.body:
            for each in _imports(statement):
                self._follow(module, each)
        self._order.append(module)
        return module

    def merged(self, main: Module) -> Linked:
        """One module of what `main` reaches."""
        taken = {name for module in self._order for name in inner_names(module.tree)}
        taken |= set(dir(__builtins__)) if not isinstance(__builtins__, dict) else set(__builtins__)
        for module in self._order:
            self._name(module, taken, keep=module is main)
        body: list[ast.stmt] = []
        for module in self._order:
            resolve = _Resolver(module)
            for statement in module.tree.body:
                found = resolve.statement(statement)
                if found is not None and not self._is_constant(found):
                    body.append(found)
        inline = _Inliner(self._constants)
        body = [inline.visit(each) for each in body]
        kept = [each.name for each in main.tree.body if isinstance(each, ast.FunctionDef)]
        body = shaken(body, kept)
        imports = [ast.parse(text).body[0] for text in sorted(self._foreign)]
        used = {node.id for each in body for node in ast.walk(each) if isinstance(node, ast.Name)}
        imports = [each for each in imports if bound(each) & used]
        whole = ast.Module([*imports, *body], [])
        shortener = Shortener(kept)
        whole = shortener.shortened(whole)
        return Linked(ast.unparse(ast.fix_missing_locations(whole)), shortener.meanings())

    def _follow(self, module: Module, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                raise LinkProblem(f"{module.path}:{node.lineno}: a star import")
        if isinstance(node, ast.ImportFrom) and node.module and _is_ours(node.module):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if self._file(inner).is_file() and node.module in PACKAGES:
                    if not inner.endswith(_MACHINE_CODE):
                        module.names[alias.asname or alias.name] = self._module(inner)
                elif not node.module.endswith(_MACHINE_CODE):
                    self._module(node.module)
        elif isinstance(node, ast.Import) and any(_is_ours(alias.name) for alias in node.names):
            raise LinkProblem(
                f"{module.path}:{node.lineno}: write `from package import module` for modules of ours"
            )

    def _module(self, name: str) -> Module:
        if name not in self._modules:
            path = self._file(name)
            self.add(name, path.relative_to(self._root), path.read_text(encoding="utf-8"))
        return self._modules[name]

    def _file(self, name: str) -> Path:
        package, _, rest = name.partition(".")
        folder = self._root / _PLACES.get(package, package)
        return folder / (rest.replace(".", "/") + ".py") if rest else folder / "__init__.py"

    def _name(self, module: Module, taken: set[str], keep: bool) -> None:
        """Give each global name of the module one that is its own in the merged module."""
        for statement in module.tree.body:
            if isinstance(statement, ast.ImportFrom) and _is_ours(statement.module or ""):
                self._borrow(module, statement)
                continue
            if isinstance(statement, ast.Import | ast.ImportFrom):
                for alias in statement.names:
                    module.names[alias.asname or alias.name] = self._import(statement, alias, taken)
                continue
            for name in bound(statement):
                if isinstance(module.names.get(name), str):
                    continue
                wanted = name
                if name in taken and not keep:
                    wanted = f"{name}_{module.name.rpartition('.')[2]}"
                while wanted in taken and not keep:
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
                where = f"{module.path}:{statement.lineno}"
                raise LinkProblem(f"{where}: {statement.module} has no {alias.name}")
            module.names[local] = name

    def _import(
        self, statement: ast.Import | ast.ImportFrom, alias: ast.alias, taken: set[str]
    ) -> str:
        """The name that one imported name of MicroPython's own has in the merged module."""
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

    def _is_constant(self, statement: ast.stmt) -> bool:
        """Whether it only names an integer; it is remembered then."""
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return False
        target = statement.targets[0]
        value = _integer(statement.value, self._constants)
        if not isinstance(target, ast.Name) or value is None:
            return False
        for module in self._order:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Global) and target.id in map(module.names.get, node.names):
                    return False
        self._constants[target.id] = value
        return True


def stripped(tree: ast.Module) -> ast.Module:
    """The tree without what a board has no use for: annotations, docstrings, what only type checkers read, const()."""
    return ast.fix_missing_locations(_Stripper().visit(tree))


def shaken(body: list[ast.stmt], roots: list[str]) -> list[ast.stmt]:
    """The statements that the functions `roots` reach, and those methods that anybody names; in their order."""
    while True:
        reached = _reached(body, roots)
        fewer = [each for each in body if _is_kept(each, reached)]
        words = _words(fewer)
        dropped = len(fewer) < len(body)
        for each in fewer:
            if isinstance(each, ast.ClassDef):
                dropped |= _drop_methods(each, words)
        body = fewer
        if not dropped:
            return body


def _reached(body: list[ast.stmt], roots: list[str]) -> set[str]:
    binds = {name: each for each in body for name in bound(each)}
    several: dict[str, list[ast.stmt]] = {}
    for each in body:
        for name in bound(each):
            several.setdefault(name, []).append(each)
    todo = [binds[name] for name in roots]
    todo += [each for each in body if not bound(each)]
    reached: set[str] = set(roots)
    seen: set[int] = set()
    while todo:
        statement = todo.pop()
        if id(statement) in seen:
            continue
        seen.add(id(statement))
        reached |= bound(statement)
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node.id in several:
                reached.add(node.id)
                todo += several[node.id]
    return reached


def _is_kept(statement: ast.stmt, reached: set[str]) -> bool:
    names = bound(statement)
    return not names or bool(names & reached)


def _words(body: list[ast.stmt]) -> set[str]:
    """Every attribute that is named, and every text."""
    words = set()
    for each in body:
        for node in ast.walk(each):
            if isinstance(node, ast.Attribute):
                words.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value)
    return words


def _drop_methods(node: ast.ClassDef, words: set[str]) -> bool:
    """Drop the methods and attributes of the class that no word names; whether there were any."""
    kept = []
    for each in node.body:
        names = bound(each)
        if names and not any(name in words or name.startswith("__") for name in names):
            continue
        kept.append(each)
    dropped = len(kept) < len(node.body)
    node.body = kept or [ast.Pass()]
    return dropped


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
        return self.visit(ast.copy_location(ast.Assign([node.target], node.value), node))

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        if isinstance(node.value, ast.Constant):
            return None
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "const":
            return self.visit(node.args[0])
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
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


class _Resolver(ast.NodeTransformer):
    """Global names of one module as the merged module knows them."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._scopes: list[set[str]] = []

    def statement(self, node: ast.stmt) -> ast.stmt | None:
        """A statement of the module's top level; None for an import, which is made once for all."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            return None
        found = self.visit(node)
        assert isinstance(found, ast.stmt)
        return found

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if self._is_local(node.id):
            return node
        found = self._module.names.get(node.id)
        if isinstance(found, Module):
            raise LinkProblem(f"{self._where(node)}: the module {found.name} is used as a value")
        node.id = found or node.id
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        base = node.value
        if isinstance(base, ast.Name) and not self._is_local(base.id):
            module = self._module.names.get(base.id)
            if isinstance(module, Module):
                name = module.names.get(node.attr)
                if not isinstance(name, str):
                    raise LinkProblem(f"{self._where(node)}: {module.name} has no {node.attr}")
                return ast.copy_location(ast.Name(name, node.ctx), node)
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
        node.body = [self.visit(each) for each in node.body]
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

    def _where(self, node: ast.expr) -> str:
        return f"{self._module.path}:{node.lineno}"


class _Inliner(ast.NodeTransformer):
    def __init__(self, constants: dict[str, int]) -> None:
        self._constants = constants

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self._constants:
            return ast.copy_location(ast.Constant(self._constants[node.id]), node)
        return node

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
        if left is None or right is None or operation is None or right > 1 << 20:
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


def _imports(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    for each in ast.walk(node):
        if isinstance(each, ast.Import | ast.ImportFrom):
            yield each


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in PACKAGES
