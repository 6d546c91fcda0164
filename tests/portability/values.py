"""Rules of what MicroPython does otherwise without a word: order, booleans, widths, text."""

import ast
from collections.abc import Iterator

from tests.portability.rule import Rule
from tests.portability.source import Source

_INT_CODES = set("bBhHiIlLqQ")
_VIEWS = {"items", "keys", "values"}
_ORDER_FREE = {"all", "any", "dict", "frozenset", "len", "max", "min", "set", "sorted", "sum"}
_IN_ORDER = {
    "bytes",
    "enumerate",
    "extend",
    "filter",
    "iter",
    "join",
    "list",
    "map",
    "tuple",
    "zip",
}
_ASCII = {"b2a_base64", "hex", "hexlify"}
_UTF8 = {"utf-8", "utf8"}
_TAKES_BYTES = {
    "count",
    "endswith",
    "find",
    "index",
    "join",
    "replace",
    "rfind",
    "split",
    "startswith",
}


def _sort_key(source: Source) -> Iterator[ast.AST]:
    for node in _calls(source):
        if _called(node) in ("sort", "sorted") and any(each.arg == "key" for each in node.keywords):
            yield node


def _dict_order(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        if isinstance(node, ast.Call) and _called(node) == "popitem":
            yield node
        elif isinstance(node, ast.expr) and _is_mapping(source, node):
            above = source.parent(node)
            if isinstance(above, ast.For) and above.iter is node:
                yield node
            elif isinstance(above, ast.comprehension) and above.iter is node:
                made = source.parent(above)
                if isinstance(made, (ast.ListComp, ast.GeneratorExp)) and not _order_free(
                    source, made
                ):
                    yield node
            elif isinstance(above, ast.Starred) or (
                isinstance(above, ast.Call)
                and node in above.args
                and _called(above) in _IN_ORDER
                and not _order_free(source, above)
            ):
                yield node


def _is_mapping(source: Source, node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in _VIEWS and not node.args
    return source.is_a(node, "dict")


def _order_free(source: Source, node: ast.AST) -> bool:
    above = source.parent(node)
    return isinstance(above, ast.Call) and node in above.args and _called(above) in _ORDER_FREE


def _bool_is_int(source: Source) -> Iterator[ast.AST]:
    for node in _calls(source):
        if _called(node) != "isinstance" or len(node.args) != 2:
            continue
        named = {each.id for each in ast.walk(node.args[1]) if isinstance(each, ast.Name)}
        if "int" in named and "bool" not in named and not _bool_tested(source, node):
            yield node


def _bool_tested(source: Source, call: ast.Call) -> bool:
    """Is the value tested for bool earlier in the function, or after it in the same expression?"""
    value = ast.unparse(call.args[0])
    tests = {
        f"{value} is True",
        f"{value} is not True",
        f"isinstance({value}, bool)",
        f"type({value}) is bool",
    }
    last = call.lineno
    for around in source.inside(call, ast.BoolOp):
        last = max(last, around.end_lineno or 0)  # type: ignore[attr-defined]
    return any(
        ast.unparse(node) in tests
        for node in ast.walk(source.function(call))
        if isinstance(node, (ast.Compare, ast.Call)) and node.lineno <= last
    )


def _slice_step(source: Source) -> Iterator[ast.AST]:
    return (node for node in source.nodes if isinstance(node, ast.Slice) and node.step)


def _struct_unpack(source: Source) -> Iterator[ast.AST]:
    return (node for node in _calls(source) if source.origin(node.func) == "struct.unpack")


def _struct_pack(source: Source) -> Iterator[ast.AST]:
    for node in _calls(source):
        function = source.origin(node.func)
        if function not in ("struct.pack", "struct.pack_into") or not node.args:
            continue
        code = node.args[0]
        if isinstance(code, ast.Constant) and not set(str(code.value)) & _INT_CODES:
            continue
        if not all(map(_bounded, node.args[1 if function == "struct.pack" else 3 :])):
            yield node


def _byte_wraps(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        if isinstance(node, ast.Call):
            append = isinstance(node.func, ast.Attribute) and node.func.attr == "append"
            if append and source.is_a(node.func.value, "bytearray") and not _bounded(node.args[0]):
                yield node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if (
                    isinstance(target, ast.Subscript)
                    and not isinstance(target.slice, ast.Slice)
                    and source.is_a(target.value, "bytearray")
                    and not _bounded(node.value)
                ):
                    yield node


def _bounded(node: ast.AST) -> bool:
    """A constant, or masked: no value that could be too wide."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, (ast.BitAnd, ast.Mod)) or (
            _bounded(node.left) and _bounded(node.right)
        )
    if isinstance(node, ast.IfExp):
        return _bounded(node.body) and _bounded(node.orelse)
    return isinstance(node, ast.Constant)


def _case(source: Source) -> Iterator[ast.AST]:
    for node in _calls(source):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("lower", "upper"):
            value = node.func.value
            literal = isinstance(value, ast.Constant) and isinstance(value.value, bytes)
            if not literal and not (isinstance(value, ast.Call) and _called(value) in _ASCII):
                yield node


def _utf8(source: Source) -> Iterator[ast.AST]:
    for node in _calls(source):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "decode":
            value = node.func.value
            ours = isinstance(value, ast.Name) and value.id in source.imports
            ascii_only = isinstance(value, ast.Call) and _called(value) in _ASCII
            if not ours and not ascii_only and not _validated(source, node):
                yield node
        elif _called(node) == "str" and len(node.args) > 1 and not _validated(source, node):
            yield node


def _validated(source: Source, call: ast.Call) -> bool:
    return any(
        isinstance(node, ast.Call) and _called(node) == "is_utf8" and node.lineno <= call.lineno
        for node in ast.walk(source.function(call))
    )


def _encode(source: Source) -> Iterator[ast.AST]:
    for node in _calls(source):
        named = node.args[0] if _called(node) == "encode" and node.args else None
        if isinstance(named, ast.Constant) and str(named.value).lower() not in _UTF8:
            yield node


def _delete_slice(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        if isinstance(node, ast.Delete):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and (
                    source.is_a(target.value, "bytearray")
                    or source.is_a(target.value, "memoryview")
                ):
                    yield node


def _memoryview(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        if not isinstance(node, ast.expr) or not source.is_a(node, "memoryview"):
            continue
        above = source.parent(node)
        if isinstance(above, (ast.List, ast.Tuple)):
            listed = source.parent(above)
            wrong = isinstance(listed, ast.Call) and _called(listed) == "join"
        elif isinstance(above, ast.Call):
            method = isinstance(above.func, ast.Attribute) and _called(above) in _TAKES_BYTES
            wrong = method and node in above.args
        elif isinstance(above, ast.Compare):
            wrong = isinstance(above.ops[0], (ast.In, ast.NotIn))
        else:
            wrong = isinstance(above, ast.Subscript) and above.slice is node
        if wrong:
            yield node


def _hash_once(source: Source) -> Iterator[ast.AST]:
    final: set[tuple[ast.AST, str]] = set()
    for node in _calls(source):
        if isinstance(node.func, ast.Attribute) and source.is_a(node.func.value, "hash"):
            key = (source.function(node), ast.unparse(node.func.value))
            if key in final or node.func.attr == "copy":
                yield node
            if node.func.attr == "digest":
                final.add(key)


def _float(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        constant = isinstance(node, ast.Constant) and isinstance(node.value, float)
        divided = isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div)
        if constant or divided or (isinstance(node, ast.Call) and _called(node) == "float"):
            yield node


def _pow(source: Source) -> Iterator[ast.AST]:
    for node in _calls(source):
        if _called(node) == "pow" and len(node.args) == 3 and isinstance(node.args[1], ast.UnaryOp):
            yield node


def _calls(source: Source) -> Iterator[ast.Call]:
    return (node for node in source.nodes if isinstance(node, ast.Call))


def _called(call: ast.Call) -> str:
    """The last part of the name that is called."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


RULES = (
    Rule("sort-key", "sorting is not stable: a key that no two share, and say so", _sort_key),
    Rule("dict-order", "a dict keeps no order: sort, or hold a list of pairs", _dict_order),
    Rule(
        "bool-is-int",
        "True is no int there, and is one on CPython: test `x is True or x is False` first",
        _bool_is_int,
    ),
    Rule("slice-step", "only lists have slices with a step: write the loop", _slice_step),
    Rule(
        "struct-unpack",
        "unpack takes a buffer that is too long: unpack_from says where it reads",
        _struct_unpack,
    ),
    Rule(
        "struct-pack", "pack wraps what is too wide: int.to_bytes raises, or mask it", _struct_pack
    ),
    Rule(
        "byte-wraps",
        "a bytearray's item wraps where CPython raises: mask it, or say what bounds it",
        _byte_wraps,
    ),
    Rule("case", "upper() and lower() know ASCII alone: say why nothing else comes here", _case),
    Rule("utf8", "surrogates and overlong forms are decoded: ask edge.cbor.is_utf8 before", _utf8),
    Rule("encode", "any encoding is UTF-8 there: name none, and no other", _encode),
    Rule("delete-slice", "del on a bytearray is a TypeError: data[:n] = b''", _delete_slice),
    Rule(
        "memoryview",
        "methods of bytes, `in` and dict keys take no memoryview: bytes(view)",
        _memoryview,
    ),
    Rule(
        "hash-once", "a hash is final after digest(), and has no copy(): make a new one", _hash_once
    ),
    Rule("float", "boards have floats of 32 bits: integers", _float),
    Rule("pow", "pow with a negative exponent and a modulus is wrong: the inverse by Euclid", _pow),
)
