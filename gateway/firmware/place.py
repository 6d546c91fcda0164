"""Turns what functions import into what it is after linking: a file that is loaded, and forgotten at once.

It lives as long as something of it is in use: a generator, an object of its classes.
"""

import ast

from gateway.firmware.resolve import LinkProblem
from gateway.firmware.scopes import bound
from gateway.firmware.shake import Parts


def placed(parts: Parts, files: dict[str, str], rebound: dict[str, str]) -> None:
    """Change the statements of `parts`. files: overlay's module -> its file, without suffix.

    rebound: global name that a function assigns -> where; an overlay would see only its first value.
    """
    main = {name for each in parts.main for name in bound(each)}
    placer = _Placer(main, files)
    for part in (parts.main, *parts.overlays.values()):
        part[:] = [placer.visit(each) for each in part]
    for module, part in parts.overlays.items():
        for name in sorted(used(part) & main & set(rebound)):
            raise LinkProblem(f"{rebound[name]}: {name} changes, and {module} is loaded when used")


def used(statements: list[ast.stmt]) -> set[str]:
    return {node.id for each in statements for node in ast.walk(each) if isinstance(node, ast.Name)}


class _Placer(ast.NodeTransformer):
    def __init__(self, main: set[str], files: dict[str, str]) -> None:
        self._main = main
        self._files = files

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        name = node.attr.partition(":")[2]
        if name in self._main:
            return ast.copy_location(ast.Name(name, node.ctx), node)
        return self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> ast.AST | list[ast.stmt]:
        made: list[ast.stmt] = []
        for alias in node.names:
            if not alias.name.endswith(":"):
                made.append(ast.Import([alias]))
            elif alias.name[:-1] in self._files:
                file = self._files[alias.name[:-1]]
                loaded = [ast.alias(file, alias.asname), ast.alias("sys")]
                made += [ast.Import(loaded), ast.parse(f"del sys.modules[{file!r}]").body[0]]
        return made or ast.Pass()
