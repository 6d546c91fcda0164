"""A configuration without its secrets, and any text without them: what may leave the house.

A configuration is read as TOML, not as ours: one that is refused is the one that is sent. A value is shown where its
key is known to hold none, all others are ***; comments are gone. What was hidden, and what stands in the files of
secrets, is then hidden in every other text, too (Scrub).
"""

import base64
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from gateway.named_files import SECRETS

HIDDEN = "***"
_LEAST = 4  # characters; shorter ones stand in too many words
_MOST_READ = 1 << 16  # bytes of a secret's file
_MOST_FILES = 64  # in a folder of keys
_LONG = 14  # hex digits from which on a run of them is a tag's number, or longer
_KEPT = 6  # hex digits of it

_WORDS = frozenset(
    (
        *("name", "record_type", "company_prefixes", "link_hosts", "job", "step", "beside"),
        *("requires", "trigger", "symbologies", "partial", "least_grade", "listen", "plc"),
        *("time_zone", "node", "names", "biz_steps", "zones", "roles", "role_claim", "scopes"),
        *("classes",),
    )
)
_ADDRESSES = frozenset(("url", "nats", "servers", "monitors", "database", "issuer", "redirect"))
_PUBLIC = frozenset(("link", "location", "read_points", "certification", "root"))
_FILES = frozenset(
    (
        *("journal", "trust", "ca", "cert", "orders", "expected", "match_file", "archive"),
        *("update", "list"),
    )
)
_NUMBERS = frozenset(
    (
        *("journal_max_mb", "captures_percent", "telemetry_percent", "journal_keep_days"),
        *("presence", "lock", "dedupe_s", "display", "tid", "smooth_s", "move_offset_db"),
        *("hold_off_s", "fade_db_s", "arrive_reads", "floor_dbm", "duplicate_s", "depart_s"),
        *("age_out_s", "gpi", "debounce_s", "linger_s", "max_s", "user_words", "population"),
        *("idle_s", "away_s", "reread_s", "timeout_s", "count", "most", "in_trigger", "agree"),
        *("archive_mb", "confirm", "max_gb", "places", "min_travel_s", "certificate_days"),
        *("token_hours",),
    )
)
_WORD = re.compile(r"[^\x00-\x1f\x7f]{0,80}")
_OPTIONS = frozenset(  # of readers' URLs; the others may be a camera's password
    (
        *("baud", "antenna", "power_dbm", "rssi_dbm", "session", "region", "size", "fps"),
        *("preset", "layout", "sslmode"),
    )
)
_KEY = re.compile(r"[0-9a-f]{64}|[0-9a-f]{128}")  # a public one
_HEX = re.compile(
    rf"(?<![0-9A-Za-z])(?![0-9]{{14}}/)([0-9a-fA-F]{{{_KEPT}}})[0-9a-fA-F]{{{_LONG - _KEPT},}}"
)
_PAIRS = re.compile(
    r"(?<![0-9A-Za-z:])((?:[0-9a-fA-F]{2}[: ]){2}[0-9a-fA-F]{2})(?:[: ][0-9a-fA-F]{2}){3,}"
)
_SERIAL = re.compile(
    r"(/21/|\(21\)|(?<![0-9])[0-9]{14}/(?!(?:10|21|22)/))([^\s/?#()\"',;:])([^\s?#()\"',;:]+)"
)
_TOKEN = re.compile(  # secrets that nobody told us: of HTTP's headers, JWTs, our cookies, hashes of passwords
    r"(?:(?<=\bBearer )|(?<=\bBasic )|(?<=\btagwright=)|(?<=\btagwright-login=))[\w.~+/=-]{8,}"
    r"|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*|\$argon2\w{1,2}\$[^\s\"']+",
    re.IGNORECASE,
)
_NAMES = re.compile(r"PASS|TOKEN|SECRET|CREDENTIAL|API_?KEY", re.IGNORECASE)


class Redacted:
    """tree: the configuration as it may be seen; secrets: what was hidden in it, and what its files hold."""

    def __init__(self, tree: Mapping[str, Any], folder: Path) -> None:
        """tree: parsed TOML; folder: from which its relative paths start."""
        self.secrets: set[str] = set()
        self.files: dict[str, Path] = {}
        self._folder = folder
        self.tree: dict[str, Any] = self._table(tree, (), "")

    def _table(
        self, tree: Mapping[str, Any], above: tuple[str, ...], policy: str
    ) -> dict[str, Any]:
        return {key: self._value(value, (*above, key), policy) for key, value in tree.items()}

    def _value(self, value: Any, where: tuple[str, ...], above: str) -> Any:
        key = where[-1]
        if isinstance(value, dict):
            return self._table(value, where, key)
        policy = key if above not in _OPEN else above
        if isinstance(value, list):
            return [self._value(each, where, above) for each in value]
        if isinstance(value, bool | int | float):
            return value if policy in _NUMBERS else self._hidden(str(value))
        if not isinstance(value, str):
            return self._hidden(str(value))
        if policy in SECRETS or policy in _FILES:
            return self._file(value, where, policy)
        if policy in _ADDRESSES or policy in _PUBLIC:
            if ":" not in value and policy != "database" and not _KEY.fullmatch(value):
                return self._hidden(value)
            shown, hidden = address(value, policy in _PUBLIC)
            self.secrets |= hidden
            return shown
        if policy in _WORDS and _WORD.fullmatch(value) and "://" not in value:
            return value
        return self._hidden(value)

    def _hidden(self, value: str) -> str:
        self.secrets |= {value} | (address(value)[1] if "://" in value else set())
        return HIDDEN

    def _file(self, value: str, where: tuple[str, ...], policy: str) -> str:
        """A path; of a secret that is no file the value may be the secret itself."""
        if "\0" in value:
            return self._hidden(value)
        path = self._folder / value
        if policy in SECRETS and not _exists(path):
            return self._hidden(value) + " (no such file)"
        self.files[".".join(where)] = path
        if policy in SECRETS:
            self.secrets |= set(_held(path))
        return value


_OPEN = frozenset(("biz_steps", "zones", "roles", "classes", "read_points", "places"))


class Scrub:
    """Hides secrets in texts, wherever they stand there, in upper or lower case."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spelt = {each for secret in secrets for each in _spellings(secret)}
        self.known = sorted((each for each in spelt if len(each) >= _LEAST), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, self.known)) or r"(?!)", re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """`text` with *** in place of each, of what stands before the @ of any URL, and of what looks like a token."""
        text = _TOKEN.sub(HIDDEN, self._pattern.sub(HIDDEN, text))
        return re.sub(r"(?<=://)[^\s/@]*@", f"{HIDDEN}@", text)

    def whole(self, value: Any) -> Any:
        """A value of JSON with each of its texts scrubbed; keys stay."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {key: self.whole(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.whole(each) for each in value]
        return value


def address(text: str, is_public: bool = False) -> tuple[str, set[str]]:
    """A URL or reader as it may be seen, and what was hidden: user, password, unknown options, a stream's path.

    is_public: a link on tags, whose path stays.
    """
    prefix, url = _parted(text)
    if "://" not in url and "@" not in url:
        path, mark, query = url.partition("?")
        shown, hidden = _query(query)
        return prefix + path + mark + shown, hidden
    scheme, _, rest = url.partition("://")
    if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9+.-]*", scheme):
        return prefix + HIDDEN, {url}
    rest, _, fragment = rest.partition("#")
    rest, mark, query = rest.partition("?")
    user, at, rest = rest.rpartition("@")  # a password may hold a slash
    host, slash, path = rest.partition("/")
    shown, hidden = _query(query)
    if user:
        hidden |= {user, *user.split(":", 1), base64.b64encode(user.encode()).decode()}
    if fragment:
        hidden.add(fragment)
    if path and not is_public:
        hidden.add(path)
        path = HIDDEN
    user = HIDDEN if user else ""
    fragment = f"#{HIDDEN}" if fragment else ""
    return f"{prefix}{scheme}://{user}{at}{host}{slash}{path}{mark}{shown}{fragment}", hidden


def shortened(text: str) -> str:
    """`text` with the numbers of tags and the serials of products cut to their beginning."""
    return _SERIAL.sub(r"\1\2…", _PAIRS.sub(r"\1…", _HEX.sub(r"\1…", text)))


def of_environment() -> Iterator[str]:
    """The values of variables that are called like a secret."""
    for name, value in os.environ.items():
        if _NAMES.search(name):
            yield value


def _parted(text: str) -> tuple[str, str]:
    """("camera:", "rtsp://...") of a reader, ("", url) of a plain URL."""
    scheme, colon, rest = text.partition(":")
    if colon and not rest.startswith("//"):
        return scheme + colon, rest
    return "", text


def _query(query: str) -> tuple[str, set[str]]:
    shown, hidden = [], set()
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key in _OPTIONS:
            shown.append((key, value))
        else:
            hidden.add(value or key)
            shown.append((key if value else HIDDEN, HIDDEN))
    if query and not shown:
        hidden.add(query)
        return HIDDEN, hidden
    return urlencode(shown, safe="/,*"), hidden


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, say
        return False


def _held(path: Path) -> Iterator[str]:
    """The lines of a secret's file, or of the files of a folder of keys."""
    with suppress(OSError):
        files = sorted(path.iterdir())[:_MOST_FILES] if path.is_dir() else [path]
        for each in files:
            with suppress(OSError), each.open("rb") as file:
                text = file.read(_MOST_READ).decode("utf-8", "replace")
                yield from (line.strip() for line in text.splitlines() if _is_secret(line))


def _is_secret(line: str) -> bool:
    """Whether a line of a key file tells more than its frame and its public part."""
    return bool(line.strip()) and not line.startswith(
        ("-----", "Kid: ", "Public-Key: ", "Operator: ")
    )


def _spellings(secret: str) -> set[str]:
    """As it stands there, its parts where it is USER:PASSWORD, and as a URL and an HTTP header write them."""
    found = {secret.strip(), *(secret.strip().split(":", 1) if " " not in secret else ())}
    found |= {unquote(each) for each in found} | {quote(each, safe="") for each in found}
    return found | {base64.b64encode(each.encode()).decode() for each in found if ":" in each}
