"""Linksets against RFC 9264, section 4.2, and against what the GS1-Conformant Resolver Standard adds.

The checker is written from the RFC's own sentences, and shares nothing with what makes the linksets.
"""

import asyncio
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hub_rooms import GTIN, LINKSET, ROOT, passport, rooms
from hypothesis import given
from hypothesis import strategies as some

from gateway.hub import linkset

pytestmark = pytest.mark.witness

_TOKEN = re.compile(r"[a-z][a-z0-9.-]*")  # RFC 8288, section 3.3: a registered relation type
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")  # RFC 5646, in short
_MEDIA = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")  # RFC 6838, section 4.2


class Broken(Exception):
    """The document breaks the RFC; the text says where."""


def check(document: Any) -> None:
    """RFC 9264, sections 4.2.1 to 4.2.4. Raises Broken."""
    if not isinstance(document, dict) or set(document) != {"linkset"}:
        raise Broken("4.2.1: 'linkset' is the sole member")
    if not isinstance(document["linkset"], list):
        raise Broken("4.2.1: the value of 'linkset' is an array")
    anchors = []
    for context in document["linkset"]:
        if not isinstance(context, dict):
            raise Broken("4.2.1: a link context object is an object")
        anchor = context.get("anchor")
        if "anchor" in context and not _is_uri(anchor):
            raise Broken("4.2.2: an anchor is a URI reference")
        anchors.append(anchor)
        relations = set(context) - {"anchor"}
        if not relations:
            raise Broken("4.2.2: a link context object has links")
        for relation in relations:
            _check_relation(relation)
            targets = context[relation]
            if not isinstance(targets, list) or not targets:
                raise Broken(f"4.2.2: {relation} is an array of link target objects")
            for target in targets:
                _check_target(target)
    if len(set(anchors)) != len(anchors):
        raise Broken("4.2.1: links of the same context stand in one object")


def _check_relation(relation: str) -> None:
    if not _TOKEN.fullmatch(relation) and not _is_uri(relation):
        raise Broken(f"4.2.2: {relation} is neither a registered relation type nor a URI")


def _check_target(target: Any) -> None:
    if not isinstance(target, dict) or not _is_uri(target.get("href")):
        raise Broken("4.2.3: a link target object has an href, a URI reference")
    for name, value in target.items():
        if name in ("href", "title", "type", "media"):
            if not isinstance(value, str):
                raise Broken(f"4.2.4.1: {name} is a string")
        elif name in ("anchor", "rel", "rev"):
            raise Broken(f"4.2.3: {name} is no target attribute")
        elif name.endswith("*"):
            if not isinstance(value, list) or any("value" not in each for each in value):
                raise Broken(f"4.2.4.2: {name} is an array of objects with value and language")
        elif not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise Broken(f"4.2.4.1, 4.2.4.3: {name} may be repeated, and is an array of strings")
    for tag in target.get("hreflang", []):
        if not _TAG.fullmatch(tag):
            raise Broken(f"RFC 8288, 3.4.1: {tag} is no language tag")
    if "type" in target and not _MEDIA.fullmatch(target["type"]):
        raise Broken("RFC 8288, 3.4.1: type is a media type")


def _is_uri(text: Any) -> bool:
    if not isinstance(text, str) or not text or not text.isascii():
        return False
    parts = urlsplit(text)
    return bool(parts.scheme and parts.netloc) and not re.search(r'[\s<>"{}|\\^`]', text)


def check_gs1(document: Any) -> None:
    """GS1-Conformant Resolver Standard 1.2: titles, default links, link types that are URIs."""
    voc = "https://ref.gs1.org/voc/"
    for context in document["linkset"]:
        described: list[str] = []
        for relation, targets in context.items():
            if relation == "anchor":
                assert re.match(r"^https?://[A-Za-z0-9./]+", targets)
                continue
            assert re.fullmatch(r"[a-z]+|https?://[A-Za-z0-9./]+", relation)
            assert all(target["title"] for target in targets), "a title SHALL be provided"
            if relation == f"{voc}defaultLink":
                (default,) = targets
                assert set(default) == {"href", "title"}, (
                    "it SHALL NOT have any optional attributes"
                )
            elif relation != f"{voc}defaultLinkMulti":
                described += [target["href"] for target in targets]
        for kind in ("defaultLink", "defaultLinkMulti"):
            for target in context.get(voc + kind, []):
                assert target["href"] in described, "SHALL also have a descriptive link type"


@pytest.mark.parametrize(
    ("document", "clause"),
    [
        ([], "4.2.1"),
        ({"linkset": {}}, "4.2.1"),
        ({"linkset": [], "x": 1}, "4.2.1"),
        ({"linkset": [{"anchor": ""}]}, "4.2.2"),
        ({"linkset": [{"anchor": "https://x.example/"}]}, "4.2.2"),
        ({"linkset": [{"a b": []}]}, "4.2.2"),
        ({"linkset": [{"next": {"href": "https://x.example/"}}]}, "4.2.2"),
        ({"linkset": [{"next": [{"title": "x"}]}]}, "4.2.3"),
        ({"linkset": [{"next": [{"href": "https://x.example/", "hreflang": "de"}]}]}, "4.2.4.1"),
        ({"linkset": [{"next": [{"href": "https://x.example/", "title": ["x"]}]}]}, "4.2.4.1"),
        ({"linkset": [{"next": [{"href": "https://x.example/", "title*": "x"}]}]}, "4.2.4.2"),
        ({"linkset": [{"next": [{"href": "https://x.example/", "foo": "bar"}]}]}, "4.2.4.3"),
    ],
)
def test_the_checker_finds_what_breaks_the_rfc(document: Any, clause: str) -> None:
    with pytest.raises(Broken, match=re.escape(clause)):
        check(document)


# RFC 9264, section 4.2.4.1, 4.2.4.2 and 4.2.4.3: what its figures show, in other words
@pytest.mark.parametrize(
    "target",
    [
        {"type": "text/html", "hreflang": ["en", "de"]},
        {"title": "Next chapter", "title*": [{"value": "n\u00e4chstes Kapitel", "language": "de"}]},
        {"foo": ["foovalue"], "bar": ["barone", "bartwo"]},
        {"baz*": [{"value": "bazvalue", "language": "en"}]},
    ],
)
def test_the_checker_takes_what_the_rfc_shows(target: dict[str, Any]) -> None:
    check(
        {
            "linkset": [
                {"anchor": "https://x.example/", "next": [{"href": "https://x.example/2"} | target]}
            ]
        }
    )


LINKS = some.lists(
    some.fixed_dictionaries(
        {
            "linkType": some.sampled_from(
                ["gs1:pip", "gs1:instructions", "https://x.example/rel/a.b"]
            ),
            "href": some.sampled_from([f"https://x.example/{n}?q=%C3%A9#f" for n in range(4)]),
            "title": some.text(
                some.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=20
            ),
        },
        optional={
            "type": some.sampled_from(["text/html", "application/ld+json", "IMAGE/PNG"]),
            "hreflang": some.lists(
                some.sampled_from(["de", "en-GB", "zh-Hant-TW"]), min_size=1, max_size=3
            ),
            "context": some.lists(some.sampled_from(["recycler", "NL"]), min_size=1, max_size=2),
        },
    ),
    min_size=1,
    max_size=6,
)


@given(LINKS, some.data())
def test_any_links_that_may_be_registered_make_a_linkset_of_the_rfc(
    items: list[dict[str, Any]], data: some.DataObject
) -> None:
    data.draw(some.sampled_from(items))["default"] = True
    said = linkset.linkset([linkset.read({"links": items}).context_object(f"{ROOT}/01/{GTIN}")])
    said = json.loads(json.dumps(said))
    check(said)
    check_gs1(said)


def test_what_the_resolver_answers_is_a_linkset_of_the_rfc(tmp_path: Path) -> None:
    pip = {"linkType": "gs1:pip", "href": "https://x.example/p", "title": "Fiche \u00e9"}

    async def play() -> None:
        async with rooms(tmp_path / "hub.db") as at:
            await at.publish(passport())
            await at.link(f"01/{GTIN}/10/L", pip)
            await at.link(
                f"01/{GTIN}", pip, pip | {"hreflang": ["de"], "href": "https://x.example/de"}
            )
            for path in (
                f"/01/{GTIN}/21/A1",
                f"/01/{GTIN}/10/L/21/A1",
                f"/01/{GTIN}",
                f"/01/{GTIN}/10/%22%26",
                f"/01/{GTIN}/21/seen",
            ):
                for query, headers in (("", LINKSET), ("?linkType=linkset", {})):
                    answer = await at.public.get(path + query, headers=headers)
                    assert answer.headers["content-type"] == "application/linkset+json"
                    check(answer.json())
                    check_gs1(answer.json())
            choice = await at.public.get(f"/01/{GTIN}?linkType=gs1:dpp", headers=LINKSET)
            assert choice.status_code == 404

    asyncio.run(play())
