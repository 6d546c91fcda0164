"""The match list of a code reader: which codes are those that belong here."""

from codecs import BOM_UTF8
from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path

from gateway.config import CodesConfig, ConfigProblem

_LARGEST_FILE = 64 << 20  # bytes
_MOST_EXPECTED = 256  # values that a reader is told of, so that one sight of them counts
_WILD = frozenset("*?")


class MatchList:
    """patterns: of texts, * for any characters, ? for one; values: bytes. Without either, everything matches."""

    def __init__(self, patterns: tuple[str, ...] = (), values: Collection[bytes] = ()) -> None:
        self._patterns = tuple(each.replace("[", "[[]") for each in patterns)
        self._values = frozenset(values)
        plain = [each.encode() for each in patterns if not _WILD & set(each)]
        listed = [*plain, *sorted(self._values)]
        self.expected = tuple(listed) if len(listed) <= _MOST_EXPECTED else ()

    def allows(self, data: bytes) -> bool:
        """Whether a code with this message belongs here."""
        if not self._patterns and not self._values:
            return True
        if data in self._values:
            return True
        text = data.decode("utf-8", "surrogateescape")
        return any(fnmatchcase(text, pattern) for pattern in self._patterns)


def match_list(rules: CodesConfig) -> MatchList:
    """The match list that the configuration asks for; ConfigProblem where its file cannot be used."""
    return MatchList(rules.match, values(rules.match_file) if rules.match_file else ())


def values(path: Path) -> frozenset[bytes]:
    """The values of a match file, one a line (LF or CRLF), UTF-8, FNC1 as GS; ConfigProblem where it cannot be used."""
    where = f"reader.codes.match_file: {path}"
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ConfigProblem(f"{where} is larger than {_LARGEST_FILE >> 20} MiB: split it")
        raw = path.read_bytes()
    except OSError as why:
        raise ConfigProblem(f"{where} cannot be read: {why.strerror}") from why
    lines = raw.removeprefix(BOM_UTF8).split(b"\n")
    found = frozenset(line.removesuffix(b"\r") for line in lines) - {b""}
    if not found:
        raise ConfigProblem(f"{where} is empty: write the values that match, one a line")
    return found
