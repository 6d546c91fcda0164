"""One module as the rules see it: what runs, where it stands, what a name is bound to, as far as one file tells."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

_ALLOWED = re.compile(r"#\s*portable:\s*(.*)")
_KINDS = ("dict", "bytearray", "memoryview")
_HASHES = ("hashlib.sha256",)


class Source:
    """`nodes`: all that runs (annotations and TYPE_CHECKING blocks do not); `allowed`: reasons by line."""

    def __init__(self, text: str) -> None:
        self.tree = ast.parse(text)
        self.allowed = dict(_comments(text))
        self._alone = {
            at for at, line in enumerate(text.splitlines(), 1) if line.lstrip().startswith("#")
        }
        self._parents: dict[ast.AST, ast.AST] = {}
        self.nodes = list(self._walk(self.tree))
        self.imports = dict(self._imports())
        self._kinds: dict[tuple[ast.AST | None, str], set[str]] = {}
        for _ in range(2):  # the second time through what is known by then
            self._bind()

    def parent(self, node: ast.AST) -> ast.AST | None:
        return self._parents.get(node)

    def function(self, node: ast.AST) -> ast.AST:
        """The innermost function around it, else the module."""
        while (above := self._parents.get(node)) is not None:
            node = above
            if isinstance(node, FUNCTIONS):
                return node
        return self.tree

    def statement(self, node: ast.AST) -> range:
        """The lines of the statement that it is in, of a compound one its head's, and a comment's line before it."""
        for at in (node, *self.inside(node, ast.stmt)):
            if isinstance(at, ast.stmt):
                body = getattr(at, "body", None)
                end = max(body[0].lineno - 1, at.lineno) if body else at.end_lineno or at.lineno
                return range(at.lineno - ((at.lineno - 1) in self._alone), end + 1)
        return range(0)

    def inside(self, node: ast.AST, kind: type[ast.AST]) -> Iterator[ast.AST]:
        """What stands around it of that kind, from the inside."""
        while (above := self._parents.get(node)) is not None:
            node = above
            if isinstance(node, kind):
                yield node

    def origin(self, node: ast.AST) -> str:
        """The dotted name, with what the imports say: `unpack_from` is struct.unpack_from. "" for no name."""
        if isinstance(node, ast.Name):
            return self.imports.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            base = self.origin(node.value)
            return f"{base}.{node.attr}" if base else ""
        return ""

    def is_a(self, node: ast.AST, kind: str) -> bool:
        """May this value be a dict, bytearray, memoryview or hash? Where the file does not tell: no."""
        return kind in self._kinds_of(node)

    def _walk(self, node: ast.AST) -> Iterator[ast.AST]:
        yield node
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns") or (
                isinstance(node, ast.If)
                and name == "body"
                and ast.unparse(node.test) == "TYPE_CHECKING"
            ):
                continue
            for below in value if isinstance(value, list) else [value]:
                if isinstance(below, ast.AST):
                    self._parents[below] = node
                    yield from self._walk(below)

    def _imports(self) -> Iterator[tuple[str, str]]:
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for each in node.names:
                    yield each.asname or each.name, each.name
            elif isinstance(node, ast.ImportFrom) and node.module:
                for each in node.names:
                    yield each.asname or each.name, f"{node.module}.{each.name}"

    def _bind(self) -> None:
        for node in self.nodes:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    self._note(target, self._kinds_of(node.value))
            elif isinstance(node, ast.AnnAssign):
                self._note(node.target, _annotated(node.annotation))
            elif isinstance(node, ast.arg) and node.annotation:
                name = ast.Name(node.arg)
                self._parents[name] = node
                self._note(name, _annotated(node.annotation))
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns:
                self._kinds[None, node.name + "()"] = _annotated(node.returns)

    def _note(self, target: ast.AST, kinds: set[str]) -> None:
        if isinstance(target, ast.Name):
            self._kinds.setdefault((self.function(target), target.id), set()).update(kinds)
        elif isinstance(target, ast.Attribute):
            self._kinds.setdefault((None, ast.unparse(target)), set()).update(kinds)

    def _kinds_of(self, node: ast.AST) -> set[str]:
        if isinstance(node, (ast.Dict, ast.DictComp)):
            return {"dict"}
        if isinstance(node, ast.Name):
            local = self._kinds.get((self.function(node), node.id))
            return self._kinds.get((self.tree, node.id), set()) if local is None else local
        if isinstance(node, ast.Attribute):
            return self._kinds.get((None, ast.unparse(node)), set())
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            return self._kinds_of(node.value) & {"memoryview", "bytearray"}
        if isinstance(node, ast.Call):
            called = self.origin(node.func)
            if called in _HASHES:
                return {"hash"}
            if called in _KINDS:
                return {called}
            return self._kinds.get((None, called.split(".")[-1] + "()"), set())
        return set()


def _annotated(annotation: ast.AST) -> set[str]:
    text = ast.unparse(annotation).strip("'\"")
    return {kind for kind in _KINDS if re.search(rf"(^|\W){kind}\b(?!.*\])", text.split("[")[0])}


def _comments(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        found = _ALLOWED.match(token.string) if token.type == tokenize.COMMENT else None
        if found:
            yield token.start[0], found[1].strip()
