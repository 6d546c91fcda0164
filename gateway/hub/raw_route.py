"""A route that reads the path as it came: a percent-encoded slash stays within its segment, as in a serial "A%2F1".

The server's own path is decoded before it is matched, and there such a slash cannot be told from a separator.
"""

from urllib.parse import unquote_to_bytes

from starlette.routing import Match, Route
from starlette.types import Scope


class RawRoute(Route):
    """A Starlette route over the raw path; its parameters are decoded, "{name:path}" stays as it came."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        seen = {**scope, "path": raw.partition(b"?")[0].decode("latin-1"), "root_path": ""}
        match, child = super().matches(seen)
        if match is Match.NONE:
            return match, child
        values: dict[str, str] = child["path_params"]
        whole = {name for name in values if f"{{{name}:path}}" in self.path}
        try:
            child["path_params"] = {
                name: value if name in whole else decoded(value) for name, value in values.items()
            }
        except UnicodeDecodeError:
            return Match.NONE, {}
        return match, child


def decoded(segment: str) -> str:
    """A path segment without its percent-encoding. Raises UnicodeDecodeError where that is no UTF-8."""
    return unquote_to_bytes(segment).decode()
