"""A key file that the command line names: its passphrase is asked for where it has one, and nowhere else."""

from pathlib import Path

from gateway.cli.output import passphrase
from gateway.keys import DeviceKey, open_key


def opened_key(path: Path, passphrase_file: Path | None) -> DeviceKey:
    """The key, opened. Raises KeyProblem."""
    return open_key(path, key_passphrase(path, passphrase_file))


def key_passphrase(path: Path, passphrase_file: Path | None) -> str | None:
    """Its passphrase from the file, the environment or, where it is encrypted, a prompt on a terminal. KeyProblem."""
    return passphrase(passphrase_file, f"Passphrase of {path}" if _is_encrypted(path) else None)


def _is_encrypted(path: Path) -> bool:
    try:
        return b"BEGIN ENCRYPTED" in path.read_bytes()
    except OSError:  # who opens it says why
        return False
