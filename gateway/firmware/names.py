"""Short names for a device build: each name costs a board memory for its letters, once for each different one.

Names that must be there anyway are used again: what MicroPython itself knows, short texts, attributes of objects that
are not ours. Global names, attributes of our own classes and arguments share them, for these never meet; a global name
may be that of a builtin that nothing of ours uses.
What a text names, what is asked for by name and what MicroPython may ask for keeps its name.
"""

import ast
import keyword
import string
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from gateway.firmware.place import used
from gateway.firmware.rename import Renamer
from gateway.firmware.scopes import bound
from gateway.firmware.words import BUILTINS, OF_OBJECTS, STATIC

_INTERNED = 10  # characters of a text at most: py/mpconfig.h, MICROPY_ALLOC_PARSE_INTERN_STRING_LEN
_ARGUMENTS = 12  # words that are for arguments alone

Part = list[ast.stmt]


class Names:
    """The names of a whole program. main, overlays (by module): the statements of its parts.

    kept: global names that others call; reflected: classes whose attributes are asked for by name; devices: attributes
    of objects that are not ours.
    """

    def __init__(
        self,
        main: Part,
        overlays: dict[str, Part],
        kept: Iterable[str],
        reflected: set[str],
        devices: set[str],
    ) -> None:
        rare = list(chain.from_iterable(overlays.values()))
        every = [*main, *rare]
        self._keywords = _keywords(every)
        self._kept = set(kept) | _imported(every)
        asked = _asked(every)
        stays = OF_OBJECTS | devices | asked | _foreign(every) | _texts(every)
        stays |= _attributes_of(every, reflected)
        counted = Counter(
            node.attr
            for each in every
            for node in ast.walk(each)
            if isinstance(node, ast.Attribute) and ":" not in node.attr
        )
        own = _own_attributes(every)
        renamed = {name for name in own if name not in stays and not name.startswith("__")}
        self._remaining = (set(counted) | own) - renamed
        self._words = self._words_of(main) + self._words_of(rare)
        in_classes, self._exposed = _in_classes(every)
        seen = {node.id for each in every for node in ast.walk(each) if isinstance(node, ast.Name)}
        self._builtins = (BUILTINS & seen) | {"const"}
        unseen = sorted((BUILTINS & STATIC) - self._builtins, key=lambda word: (-len(word), word))
        self._arguments = unseen[:_ARGUMENTS]
        barred = OF_OBJECTS | self._remaining | asked | in_classes
        order = sorted(renamed, key=lambda name: (-counted[name], name))
        candidates = (name for name in self._candidates() if name not in barred)
        self._attributes = dict(zip(order, candidates, strict=False))
        self._main = self._globals(main, set())
        self._of_main = {name for each in main for name in bound(each)} - _plain_imports(main)
        self._borrowed = {
            module: {
                name: self._main.get(name, name) for name in sorted(used(part) & self._of_main)
            }
            for module, part in overlays.items()
        }
        self._overlays = {
            module: self._globals(part, set(self._borrowed[module].values()))
            for module, part in overlays.items()
        }

    def main(self, part: Part) -> Part:
        """The main part under short names."""
        return self._renamed(part, self._main)

    def overlay(self, module: str, part: Part) -> tuple[Part, list[str]]:
        """An overlay's part under short names, and the names that it takes from the main part."""
        borrowed = self._borrowed[module]
        return self._renamed(part, borrowed | self._overlays[module]), sorted(borrowed.values())

    def meanings(self) -> dict[str, str]:
        """Short name -> what it stands for: global names and attributes."""
        found: dict[str, set[str]] = {}
        for names in (self._attributes, self._main, *self._overlays.values()):
            for name, short in names.items():
                found.setdefault(short, set()).add(name)
        return {short: ", ".join(sorted(long)) for short, long in sorted(found.items())}

    def _renamed(self, part: Part, names: dict[str, str]) -> Part:
        renamer = Renamer(names, self._attributes, self._overlays, self._keywords, self._arguments)
        return [renamer.visit(each) for each in part]

    def _globals(self, part: Part, taken: set[str]) -> dict[str, str]:
        counted: Counter[str] = Counter()
        for each in part:
            counted.update(node.id for node in ast.walk(each) if isinstance(node, ast.Name))
        own = {name for each in part for name in _definitions(each)} - self._kept
        barred = (
            self._builtins
            | set(self._arguments)
            | self._kept
            | self._keywords
            | taken
            | _bound_imports(part)
        )
        shared = set(self._attributes.values()) | self._remaining
        free = [name for name in self._candidates() if name not in barred]
        apart = [name for name in free if name not in shared]
        found: dict[str, str] = {}
        for name in sorted(own & self._exposed):
            found[name] = apart.pop(0)
        left = (name for name in free if name not in set(found.values()))
        order = sorted(own - self._exposed, key=lambda name: (-counted[name], name))
        return found | dict(zip(order, left, strict=False))

    def _candidates(self) -> list[str]:
        """Names in the order in which they are used: those that cost nothing come first."""
        given = [*sorted(STATIC, key=lambda word: (len(word), word)), *self._words]
        return list(dict.fromkeys([*given, *_fresh()]))

    def _words_of(self, part: Part) -> list[str]:
        """Identifiers that are interned whatever we do."""
        words = {text for text in _texts(part) if len(text) <= _INTERNED}
        words |= {
            node.attr
            for each in part
            for node in ast.walk(each)
            if isinstance(node, ast.Attribute) and node.attr in self._remaining
        }
        words |= {word for each in part for word in _kept_words(each, self._remaining)}
        words |= _keywords(part) | _imported(part)
        found = [
            word
            for word in words
            if word.isidentifier() and not keyword.iskeyword(word) and not word.startswith("_")
        ]
        return sorted(found, key=lambda word: (len(word), word))


def _fresh() -> Iterator[str]:
    """_a, _b, .. _Z, _aa, .."""
    for first in ["", *string.ascii_letters]:
        for second in string.ascii_letters:
            yield f"_{first}{second}"


def _definitions(node: ast.stmt) -> set[str]:
    """The names that a top-level statement binds; what is imported keeps its name."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return set()
    found = bound(node)
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return found
    for each in ast.walk(node):
        if isinstance(each, ast.Import | ast.ImportFrom):
            found -= bound(each)
    return found


def _imports(part: Part) -> Iterator[ast.Import | ast.ImportFrom]:
    for each in part:
        for node in ast.walk(each):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield node


def _imported(part: Part) -> set[str]:
    """Every name that an import binds or takes, wherever it stands."""
    found = set()
    for node in _imports(part):
        found |= bound(node) | {part for alias in node.names for part in alias.name.split(".")}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= set(node.module.split("."))
    return found


def _bound_imports(part: Part) -> set[str]:
    return {name for node in _imports(part) for name in bound(node)}


def _plain_imports(part: Part) -> set[str]:
    return {
        name
        for each in part
        if isinstance(each, ast.Import | ast.ImportFrom)
        for name in bound(each)
    }


def _keywords(part: Part) -> set[str]:
    """Arguments that calls name, and those that must be named."""
    found = set()
    for each in part:
        for node in ast.walk(each):
            if isinstance(node, ast.keyword):
                if node.arg is None:
                    raise ValueError("a call with **")
                found.add(node.arg)
            elif isinstance(node, ast.arguments):
                every = [*node.kwonlyargs, node.vararg, node.kwarg]
                found |= {arg.arg for arg in every if arg is not None}
    return found


def _texts(part: Part) -> set[str]:
    return {
        node.value
        for each in part
        for node in ast.walk(each)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _asked(part: Part) -> set[str]:
    """The texts that getattr and the like are given."""
    found = set()
    for each in part:
        for node in ast.walk(each):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("getattr", "hasattr", "setattr")
                and isinstance(node.args[1], ast.Constant)
            ):
                found.add(str(node.args[1].value))
    return found


def _foreign(part: Part) -> set[str]:
    """Attributes of modules that are not ours."""
    names = _bound_imports(part)
    found = set()
    for each in part:
        for node in ast.walk(each):
            base = node
            attributes = set()
            while isinstance(base, ast.Attribute):
                attributes.add(base.attr)
                base = base.value
            if isinstance(base, ast.Name) and base.id in names:
                found |= attributes
    return found


def _own_attributes(part: Part) -> set[str]:
    """What our classes define, and what is stored in objects."""
    found = set()
    for each in part:
        for node in ast.walk(each):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                found.add(node.attr)
            elif isinstance(node, ast.ClassDef):
                found |= {name for inner in node.body for name in bound(inner)}
    return found


def _attributes_of(part: Part, classes: set[str]) -> set[str]:
    chosen = [each for each in part if isinstance(each, ast.ClassDef) and each.name in classes]
    return _own_attributes(list(chosen))


def _kept_words(node: ast.stmt, remaining: set[str]) -> set[str]:
    """Methods and class attributes that keep their names."""
    if not isinstance(node, ast.ClassDef):
        return set()
    return {name for inner in node.body for name in bound(inner)} & remaining


def _in_classes(part: Part) -> tuple[set[str], set[str]]:
    """The names that stand in class bodies outside of methods: all, and of those the global ones."""
    every: set[str] = set()
    outer: set[str] = set()
    for each in part:
        if isinstance(each, ast.ClassDef):
            own = {name for inner in each.body for name in bound(inner)}
            found = {name for inner in each.body for name in _outside(inner)}
            every |= found
            outer |= found - own
    return every, outer


def _outside(node: ast.stmt) -> set[str]:
    """The names that a statement of a class body looks up as the class is made."""
    places: list[ast.AST] = [node]
    if isinstance(node, ast.FunctionDef):
        defaults = [each for each in node.args.kw_defaults if each is not None]
        places = [*node.decorator_list, *node.args.defaults, *defaults]
    return {inner.id for each in places for inner in ast.walk(each) if isinstance(inner, ast.Name)}
