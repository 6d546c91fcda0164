"""A route that reads the path as it came: a percent-encoded slash stays within its segment, as in a serial "A%2F1".

The server's own path is decoded before it is matched, and there such a slash cannot be told from a separator.
"""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote, unquote_to_bytes

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

Endpoint = Callable[[Request], Awaitable[Response]]


class RawRoute(Route):
    """A Starlette route over the raw path; its parameters are decoded, "{name:path}" stays as it came."""

    def __init__(self, path: str, endpoint: Endpoint, methods: list[str]) -> None:
        super().__init__(path, endpoint, methods=methods)
        self._begins = path.partition("{")[0]
        self._whole = frozenset(
            name for name in self.param_convertors if f"{{{name}:path}}" in path
        )

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path = raw_path(scope)
        if not path.startswith(self._begins):
            return Match.NONE, {}
        match, child = super().matches({**scope, "path": path, "root_path": ""})
        if match is not Match.NONE:
            child["path_params"] = {
                name: value if name in self._whole else decoded(value)
                for name, value in child["path_params"].items()
            }
        return match, child


def raw_path(scope: Scope) -> str:
    """The path as it came, percent-encoded; encoded anew where the server tells it decoded alone."""
    raw: bytes | None = scope.get("raw_path")
    if raw is None:
        return quote(scope["path"], safe="/:@!$&'()*+,;=-._~")
    return raw.partition(b"?")[0].decode("latin-1")


def decoded(segment: str) -> str:
    """A path segment without its percent-encoding; what is no UTF-8 becomes U+FFFD."""
    return unquote_to_bytes(segment).decode(errors="replace")


def by_method(path: str, endpoints: Mapping[str, Endpoint]) -> RawRoute:
    """One route for all methods of a path, so that 405 names them all in Allow."""
    both = {"HEAD": endpoints["GET"], **endpoints} if "GET" in endpoints else endpoints

    async def dispatch(request: Request) -> Response:
        return await both[request.method](request)

    return RawRoute(path, dispatch, methods=list(both))
