"""The fixtures of a whole line."""

from production_line import anyio_backend, line

__all__ = ["anyio_backend", "line"]
