"""The files that stand beside the pages: styles and scripts, under names that change with their content.

Their URLs hold the content's hash, so that a browser keeps them for good; nothing comes from another origin. They are
sent compressed to who takes that; they hold no secret that their length could tell.
"""

import gzip
import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_STATIC = files("gateway.web") / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)
_IMPORT = re.compile(rb'(?<=")\./([a-z]+\.js)(?=")')
_STYLE = ("base.css", "passport.css")
_FOREVER = "public, max-age=31536000, immutable"


@cache
def asset(name: str) -> str:
    """The URL path of a file of gateway/web/static. FileNotFoundError: a bug of the page."""
    stem, _, kind = name.rpartition(".")
    return f"/static/{stem}.{sha256(_content(name)).hexdigest()[:12]}.{kind}"


@cache
def style() -> Markup:
    """The style of the passport page, which stands in the page itself: a phone that taps waits for one answer less."""
    return Markup("".join(_content(name).decode() for name in _STYLE))


@cache
def style_source() -> str:
    """What a Content-Security-Policy names it by (CSP 3, "hash-source")."""
    return f"'sha256-{b64encode(sha256(style().encode()).digest()).decode()}'"


async def serve(request: Request) -> Response:
    """GET /static/{stem}.{hash}.{kind}: the file, where it has that hash."""
    path = "/static/" + request.path_params["name"]
    stem, _, kind = request.path_params["name"].rpartition(".")
    name = f"{stem.rpartition('.')[0]}.{kind}"
    if name not in _names() or asset(name) != path:
        return Response("there is no such file here\n", 404, media_type="text/plain")
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
    content = _content(name)
    if _GZIP.search(request.headers.get("accept-encoding", "")):
        content, headers["Content-Encoding"] = _compressed(name), "gzip"
    return Response(content, headers=headers, media_type=_TYPES["." + kind])


def routes() -> list[Route]:
    """The route of all assets."""
    return [Route("/static/{name}", serve)]


@cache
def _content(name: str) -> bytes:
    """As it stands, but a script's imports of its neighbours ("./verify.js") by their URLs here."""
    raw = (_STATIC / name).read_bytes()
    if not name.endswith(".js"):
        return raw
    return _IMPORT.sub(lambda found: asset(found[1].decode()).encode(), raw)


@cache
def _compressed(name: str) -> bytes:
    return gzip.compress(_content(name), mtime=0)


@cache
def _names() -> frozenset[str]:
    return frozenset(
        each.name for each in _STATIC.iterdir() if each.name[-4:].endswith(tuple(_TYPES))
    )
