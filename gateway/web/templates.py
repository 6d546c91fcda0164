"""The pages' templates (Jinja2): what is filled in is escaped and made inert, and what is missing is an error."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from gateway.web.assets import asset, style
from gateway.web.inert import inert
from gateway.web.words import NAMES, Words


def render(template: str, words: Words, **filled: Any) -> str:
    """A page of gateway/web/templates in the language of `words`, which it calls `t`; NAMES as `languages`."""
    return _ENVIRONMENT.get_template(template).render(
        t=words, language=words.language, languages=NAMES, **filled
    )


def foreign(text: object) -> Markup:
    """Text from elsewhere, inert and with its direction kept to itself (HTML's bdi)."""
    return Markup("<bdi>{}</bdi>").format(inert(str(text)))


def _made() -> Environment:
    environment = Environment(
        loader=PackageLoader("gateway.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["asset"] = asset
    environment.globals["style"] = style
    environment.filters["foreign"] = foreign
    environment.filters["inert"] = lambda text: escape(inert(str(text)))
    return environment


_ENVIRONMENT = _made()
