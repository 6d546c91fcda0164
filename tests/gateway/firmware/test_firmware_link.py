"""The linker: what it merges, leaves out, names and refuses."""

import keyword
from pathlib import Path
from typing import Any

import pytest
from witness import ROOT

from gateway.firmware import build as firmware_build
from gateway.firmware.link import Linked, LinkProblem, link


def linked(folder: Path, start: str, **modules: str) -> Linked:
    """edge_NAME and reader_NAME are modules of those packages."""
    for name, source in modules.items():
        package, _, rest = name.partition("_")
        place = folder / {"edge": "edge", "reader": "firmware/reader"}[package]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{rest}.py").write_text(source)
    return link(folder, start)


def ran(made: Linked, function: str = "run") -> Any:
    """What the function of the linked program returns."""
    space: dict[str, Any] = {}
    exec(made.source, space)
    return space[function]()


def test_names_of_other_modules_are_resolved_however_they_are_imported(tmp_path: Path) -> None:
    made = linked(
        tmp_path,
        "from edge import a\nfrom edge.b import name as other, twice\n"
        "def run():\n    return a.name(), other(), twice(3)\n",
        edge_a="def name():\n    return 'a'\n",
        edge_b="def name():\n    return 'b'\ndef twice(x):\n    return 2 * x\n",
    )
    assert ran(made) == ("a", "b", 6)


def test_a_local_name_hides_a_global_one_and_a_comprehension_has_its_own(tmp_path: Path) -> None:
    made = linked(
        tmp_path,
        "from edge.a import item, seen\ndef run():\n    return seen(5), item()\n",
        edge_a="""
def item():
    return "global"
def seen(x):
    found = [item for item in range(x) if item > 2]
    def inner(item):
        return [item(), [x for x in (1, 2)], x]
    return found, inner(item), (lambda item: item)(7), {x: item for x in (1,)}[1]()
""",
    )
    assert ran(made) == (([3, 4], ["global", [1, 2], 5], 7, "global"), "global")


def test_integer_constants_vanish_and_those_that_change_stay(tmp_path: Path) -> None:
    made = linked(
        tmp_path,
        "from edge import a\ndef run():\n    a.count()\n    return a.count(), a.SUM, a.TWO\n",
        edge_a="""
LEFT = 1 << 4
SUM = LEFT + 3
ONE, TWO = range(2)
_seen = 0
def count():
    global _seen
    _seen += 1
    return _seen
""",
    )
    assert ran(made) == (2, 19, 1)
    assert "= 16" not in made.source and "19" in made.source


def test_what_nothing_reaches_is_left_out(tmp_path: Path) -> None:
    made = linked(
        tmp_path,
        "from edge import a\ndef run():\n    return a.Kept().used()\n",
        edge_a="""
class Kept:
    def used(self):
        return 'kept here'
    def unused(self):
        return forgotten()
def forgotten():
    return 'forgotten text'
""",
    )
    assert ran(made) == "kept here"
    assert "forgotten text" not in made.source


def test_arguments_that_calls_name_keep_their_names_where_they_must(tmp_path: Path) -> None:
    made = linked(
        tmp_path,
        "from edge.a import made\ndef run():\n    return made(1, last=3), made(1, middle=2)\n",
        edge_a="def made(first, middle=0, last=0):\n    return first, middle, last\n",
    )
    assert ran(made) == ((1, 0, 3), (1, 2, 0))


def test_texts_and_their_formats_survive(tmp_path: Path) -> None:
    made = linked(
        tmp_path,
        "from edge.a import said\ndef run():\n    return said(255, 'é')\n",
        edge_a="def said(x, y):\n    return f'a {{long}} text: {x:04x} and {y!r}', 'another long ünicode'\n",
    )
    assert ran(made) == ("a {long} text: 00ff and 'é'", "another long ünicode")


def test_attributes_asked_for_by_name_keep_their_names(tmp_path: Path) -> None:
    made = linked(
        tmp_path,
        "from edge.a import names, Box\ndef run():\n    return names(), Box().computed('wanted_one')\n",
        edge_a="""
class Plain:
    one_name = 1
    other_name = 2
def names():
    return sorted([each for each in dir(Plain) if each[0] != '_'])
class Box:
    def __init__(self):
        self.wanted_one = 5
    def computed(self, name):
        return getattr(self, name)
""",
    )
    assert ran(made) == (["one_name", "other_name"], 5)


@pytest.mark.parametrize(
    "source, problem",
    [
        ("from edge.b import *\n", "edge/a.py:1: a star import"),
        ("from edge import b\ndef f():\n    return b\n", "edge/a.py:3: the module edge.b is used"),
        ("from edge import b\ndef f():\n    return b.none\n", "edge/a.py:3: edge.b has no none"),
        ("from edge.b import none\n", "edge/a.py:1: edge.b has no none"),
        ("import edge.b\n", "edge/a.py:1: write `from package import module`"),
        ("def f(x, y):\n    return getattr(x, y)\n", "edge/a.py:2: attributes by name"),
    ],
)
def test_what_cannot_be_told_is_refused_with_its_place(
    tmp_path: Path, source: str, problem: str
) -> None:
    start = "from edge import a\ndef run():\n    return a.f()\n"
    with pytest.raises(LinkProblem, match="^" + problem):
        linked(tmp_path, start, edge_a=source, edge_b="here = 'something'\n")


def test_what_a_function_imports_is_an_overlay_with_all_that_only_it_reaches(
    tmp_path: Path,
) -> None:
    made = linked(
        tmp_path,
        "from edge import a\ndef run():\n    return a.seldom(), a.common()\n",
        edge_a="""
def seldom():
    from edge import rare
    return rare.work()
def common():
    return 'common text'
""",
        edge_rare="from edge import deep, a\ndef work():\n    return deep.down() + a.common()\n",
        edge_deep="def down():\n    return 'rare text '\n",
    )
    assert list(made.overlays) == ["rare"]
    assert "modules['rare']" in made.source
    assert made.overlays["rare"].startswith("from handheld import ")


def test_a_global_that_changes_is_refused_to_an_overlay(tmp_path: Path) -> None:
    with pytest.raises(LinkProblem, match="edge/a.py:4: .* changes, and edge.rare is loaded"):
        linked(
            tmp_path,
            "from edge import a\ndef run():\n    return a.f()\n",
            edge_a="count = 0\n\ndef f():\n    global count\n    count += 1\n    from edge import rare\n"
            "    return rare.g()\n",
            edge_rare="from edge import a\ndef g():\n    return a.count\n",
        )


@pytest.mark.parametrize("board", firmware_build.BOARDS)
def test_the_names_of_the_whole_firmware_never_meet(board: str) -> None:
    made = link(ROOT, firmware_build.start(board))
    for short, long in made.names.items():
        assert not keyword.iskeyword(short) and short.isidentifier(), long
    compile(made.source, "handheld.py", "exec")
    for source in made.overlays.values():
        compile(source, "overlay.py", "exec")


def test_the_firmware_takes_at_most_60_kb_of_an_update() -> None:
    from gateway.firmware.bundle import packed

    files = firmware_build.files(ROOT, "esp32s3")
    del files[firmware_build.NAMES]
    assert len(packed(files, 1, "0.1.0", bytes(8), lambda data: bytes(64))) <= 61_440
