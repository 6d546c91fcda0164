"""The fixtures of a whole line."""

from production_line import anyio_backend, line
from rain_line import rain

__all__ = ["anyio_backend", "line", "rain"]
