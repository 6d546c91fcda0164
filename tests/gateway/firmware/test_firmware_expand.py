"""Functions that only return an expression: where they stand instead, and which stay what they are."""

import ast

import pytest

from gateway.firmware.expand import expanded


def functions(source: str, *kept: str) -> tuple[list[str], object]:
    """The names of those that are left, and what `run` returns: the same as before."""
    part = ast.parse(source).body
    expanded([part], {"run", *kept})
    after: dict[str, object] = {}
    exec(ast.unparse(ast.fix_missing_locations(ast.Module(part, []))), after)
    before: dict[str, object] = {}
    exec(source, before)
    found = after["run"]()  # type: ignore[operator]
    assert found == before["run"]()  # type: ignore[operator]
    return [each.name for each in part if isinstance(each, ast.FunctionDef)], found


def test_an_expression_stands_where_its_function_was_called() -> None:
    source = """
def size(count, each=4):
    return 2 + count * each
def kind(value):
    if value < 3:
        return "few"
    elif value < 9:
        return "some"
    return "many"
def run():
    return [(lambda n: size(n))(1), size(3, -1), [kind(n) for n in (1, 5, 9)]]
"""
    assert functions(source) == (["run"], [6, -1, ["few", "some", "many"]])


def test_one_within_another_goes_too() -> None:
    source = """
def inner(x):
    return x + 1
def outer(x):
    return inner(x) * 2
def run():
    return outer(3), outer(4)
"""
    assert functions(source) == (["run"], (8, 10))


@pytest.mark.parametrize(
    "function",
    [
        "def f(x):\n    return x * x",  # made once, used twice
        "def f(x):\n    return told[-1:] or x",  # looked at before x is made
        "def f(x):\n    return 1 if told else x",
        "def f(x):\n    return count + x",
        "def f(x):\n    return [x for _ in (1, 2)]",
        "def f(x):\n    told.append(2)\n    return x",
        "def f(*x):\n    return x[0]",
        "def f(x):\n    yield x",
        "def f(x):\n    return f(x - 1) if x > 1 else x",
    ],
)
def test_what_could_be_another_value_stays(function: str) -> None:
    source = f"""
told = []
count = 0
def g():
    global count
    count += 1
    told.append(1)
    return len(told)
{function}
def run():
    found = f(g())
    return list(found) if hasattr(found, "send") else found, told
"""
    assert functions(source, "g", "count")[0] == ["g", "f", "run"]


def test_what_is_no_call_of_it_keeps_a_function() -> None:
    source = "def f(x):\n    return x\ndef run():\n    return [*map(f, (1, 2))], f(1)\n"
    assert functions(source)[0] == ["f", "run"]
    source = "def f(x):\n    return x + 1\ndef run():\n    return f(f(1))\n"
    assert functions(source) == (["f", "run"], 3)
    source = "def f(x):\n    return x + 1\ndef run():\n    return f(x=1)\n"
    assert functions(source) == (["f", "run"], 2)


def test_a_name_that_changes_meanwhile_is_looked_at_in_time() -> None:
    source = """
def pair(first, second):
    return [second, first]
def run():
    at = 1
    def on():
        nonlocal at
        at += 1
        return at
    return pair(at, on())
"""
    assert functions(source) == (["pair", "run"], [2, 1])
