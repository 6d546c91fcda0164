"""Long texts of a device build lie in one piece of read-only memory: each by itself costs 20 bytes of the heap.

A text in a function becomes a call that makes it when it is used: text(offset << 8 | size).
"""

import ast

_SHORT = 10  # characters: up to here a text is interned, and costs about as much as a name
_LONGEST = 255  # bytes
_FUNCTION, _TEXTS = "_text_when_used", "_texts_of_all"
_BY_NAME = ("getattr", "hasattr", "setattr")


def gathered(main: list[ast.stmt], overlays: list[list[ast.stmt]]) -> None:
    """Change the statements of all parts; the main one gets what makes the texts."""
    gatherer = _Gatherer()
    for part in (main, *overlays):
        part[:] = [gatherer.visit(each) for each in part]
    made = f"""\
def {_FUNCTION}(at):
    return {_TEXTS}[at >> 8:(at >> 8) + (at & 255)].decode()

{_TEXTS} = {bytes(gatherer.texts)!r}
"""
    main += ast.parse(made).body


class _Gatherer(ast.NodeTransformer):
    def __init__(self) -> None:
        self.texts = bytearray()
        self._is_inside = False  # of a function that is not being defined

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        before = self._is_inside
        node.args = self.visit(node.args)
        self._is_inside = True
        node.body = [self.visit(each) for each in node.body]
        self._is_inside = before
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id in _BY_NAME:
            return node
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if not self._is_inside or not isinstance(node.value, str):
            return node
        return self._called(node.value) or node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        text, values = _template(node)
        values = [self.visit(each) for each in values]
        called = self._called(text) if self._is_inside and text else None
        if called is None:
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    part.value = values.pop(0)
            return node
        return ast.Call(ast.Attribute(called, "format", ast.Load()), values, [])

    def _called(self, text: str) -> ast.expr | None:
        data = text.encode()
        if len(text) <= _SHORT or len(data) > _LONGEST:
            return None
        at = self.texts.find(data)
        if at < 0:
            at = len(self.texts)
            self.texts += data
        place = ast.Constant(at << 8 | len(data))
        return ast.Call(ast.Name(_FUNCTION, ast.Load()), [place], [])


def _template(node: ast.JoinedStr) -> tuple[str, list[ast.expr]]:
    """What str.format takes, and its values, all of them; "" where a format is itself computed."""
    text, values, is_plain = "", [], True
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value).replace("{", "{{").replace("}", "}}")
        elif isinstance(part, ast.FormattedValue):
            values.append(part.value)
            conversion = f"!{chr(part.conversion)}" if part.conversion >= 0 else ""
            form = ""
            if part.format_spec is not None:
                assert isinstance(part.format_spec, ast.JoinedStr)
                for each in part.format_spec.values:
                    is_plain &= isinstance(each, ast.Constant)
                    form += str(each.value) if isinstance(each, ast.Constant) else ""
            text += f"{{{conversion}{':' + form if form else ''}}}"
    return text if is_plain else "", values
