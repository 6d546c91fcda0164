"""The frame of each page of the station: language, theme, who looks, and links that keep all that.

Each page's template is given: page (its name), person, theme ("", "light" or "dark"), query (the parameters as they
came), link(path, **query): a path that keeps language and theme, here(**query): the page that is shown, with other
parameters, and what it shows: station.html board; station_history.html filter, found, readers (names) and fault (the
name of a parameter that cannot be read, ""); station_product.html product and found; station_charts.html found,
readers, hours, and drawn (charts.py); station_configuration.html tables; station_login.html to (where
to go on), failed, has_accounts, has_oidc; station_fault.html said and way.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.config import Config
from gateway.web.person import Person, Who
from gateway.web.templates import render
from gateway.web.words import Words, chosen, offered, words

SECTIONS = ("common", "station", "record", "verdict")

_THEMES = ("light", "dark")


class Pages:
    """who: whose request it is; beside: the stations that answer to another one."""

    def __init__(self, config: Config, who: Who, beside: Sequence[str]) -> None:
        self._config = config
        self._who = who
        self._beside = beside

    def words(self, request: Request) -> Words:
        """In the language that was picked by hand, else in the one that the browser asks for."""
        header, named = request.headers.get("accept-language"), request.query_params.get("lang")
        return words(chosen(header, "station", named), *SECTIONS)

    def answer(self, request: Request, template: str, status: int = 200, **filled: Any) -> Response:
        """The page that `template` makes of `filled`."""
        query, t = request.query_params, self.words(request)
        always = kept(request)

        def link(path: str, **more: object) -> str:
            said = {
                name: str(each) for name, each in more.items() if each not in (None, "")
            } | always
            return f"{path}?{urlencode(said)}" if said else path

        def here(**more: object) -> str:
            said = dict(query) | {name: str(each) for name, each in more.items()}
            return f"{request.url.path}?{urlencode(said)}"

        page = template.removesuffix(".html").removeprefix("station").removeprefix("_") or "front"
        person: Person | None = self._who(request)
        html = render(
            template,
            t,
            page=page,
            person=person,
            theme=always.get("theme", ""),
            offered=offered("station"),
            keeps_accounts=self._config.web is not None and self._config.web.keeps_accounts,
            moment=moment,
            instant=instant,
            data=script_data(
                t, link("/product") + ("&" if always else "?") + "product=", self._beside
            ),
            query=dict(query),
            link=link,
            here=here,
            **filled,
        )
        headers = {"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie"}
        return HTMLResponse(html, status, headers=headers | {"Content-Language": t.language})


def moment(at: float) -> str:
    """Unix seconds as the gateway's own clock on the wall shows them."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")


def instant(at: float) -> str:
    """Unix seconds as RFC 3339."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def script_data(t: Words, product: str, beside: Sequence[str]) -> Markup:
    """What station.js reads: its texts, what the URL of a product's page begins with, and the stations that answer to
    another one. Inert within HTML.
    """
    texts = (
        t.beginning("station.")
        | t.beginning("record.")
        | {key: said for key, said in t.beginning("verdict.").items() if key.startswith("row.")}
    )
    said = {"language": t.language, "product": product, "beside": list(beside), "texts": texts}
    return Markup(json.dumps(said, ensure_ascii=False).replace("<", "\\u003c"))


def kept(request: Request) -> dict[str, str]:
    """The parameters that every link of a page keeps: language and theme, where they were picked by hand."""
    return picked(request.query_params)


def picked(query: Mapping[str, str]) -> dict[str, str]:
    """The same, of any query."""
    found = {}
    if query.get("lang") in offered("station"):
        found["lang"] = query["lang"]
    if query.get("theme") in _THEMES:
        found["theme"] = query["theme"]
    return found


def viewed(path: str, view: Mapping[str, str]) -> str:
    """A path of the page in the language and theme of `view`, and in no other."""
    before, _, query = path.partition("?")
    said = {
        name: each
        for name, each in parse_qsl(query, keep_blank_values=True)
        if name not in ("lang", "theme")
    } | dict(view)
    return f"{before}?{urlencode(said)}" if said else before
