"""One rule of the lint."""

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.portability.source import Source


@dataclass(frozen=True)
class Rule:
    """`find` gives the nodes that break it; `reason`: one sentence, what MicroPython does and what to write."""

    name: str
    reason: str
    find: Callable[[Source], Iterable[ast.AST]]
