"""All rules. A reason says what was measured: on Debian's MicroPython 1.25, 32 bit, unless it names a board."""

from tests.portability import names, syntax, values
from tests.portability.rule import Rule

RULES: tuple[Rule, ...] = (*syntax.RULES, *names.RULES, *values.RULES)
