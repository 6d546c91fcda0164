"""A job file that the command line names."""

from pathlib import Path

from gateway.cli.output import USAGE, Failure

_LARGEST = 64 << 20  # bytes


def read(file: Path) -> bytes:
    """Its bytes, one more than 64 MiB at most, which `orders` refuses; Failure where it cannot be read."""
    try:
        with file.open("rb") as source:
            return source.read(_LARGEST + 1)
    except OSError as why:
        raise Failure(f"cannot read {file}: {why.strerror}", USAGE) from why
