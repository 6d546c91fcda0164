"""The links of a product: what may be registered, which one is taken, how the linkset says it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from edge.errors import Malformed
from gateway.hub import linkset
from gateway.hub.linkset import Links, Wish, choose, read, relation, stored
from gateway.web.negotiation import Accept, Languages

PIP = {"linkType": "gs1:pip", "href": "https://x.example/en", "title": "Product"}
DE = PIP | {"href": "https://x.example/de", "hreflang": ["de", "de-AT"], "type": "text/html"}
FR = PIP | {"href": "https://x.example/fr", "hreflang": ["fr"], "type": "text/html"}
PDF = PIP | {"href": "https://x.example/pdf", "type": "application/pdf"}
MANUAL = {"linkType": "gs1:instructions", "href": "https://x.example/m", "title": "Manual"}


def links(*items: dict[str, Any]) -> Links:
    return read({"links": list(items)})


def wish(
    kind: str | None = None,
    accept: str | None = None,
    language: str | None = None,
    *contexts: str,
) -> Wish:
    found = None if kind is None else relation(kind)
    return Wish(found, Accept(accept), Languages(language), contexts)


def hrefs(levels: list[Links], asked: Wish) -> list[str]:
    return [link.href.rpartition("/")[2] for link in choose(levels, asked)]


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        (wish(), "en"),
        (wish(None, "text/html,*/*;q=0.8"), "en"),
        (wish(None, None, "de-CH"), "de"),
        (wish(None, None, "it, fr;q=0.1"), "fr"),
        (wish(None, None, "it"), "en"),
        (wish(None, "application/pdf"), "pdf"),
        (wish(None, "application/json"), "en"),
        (wish(None, "image/png", "de"), "de"),
        (wish(None, "image/png"), "en"),
    ],
)
def test_without_a_link_type_it_is_the_default_where_no_variant_of_it_fits_better(
    asked: Wish, taken: str
) -> None:
    assert hrefs([links(PIP, DE, FR, PDF, MANUAL)], asked) == [taken]


def test_the_default_is_the_first_or_the_one_that_says_so() -> None:
    assert hrefs([links(MANUAL, PIP)], wish()) == ["m"]
    assert hrefs([links(MANUAL, PIP | {"default": True})], wish()) == ["en"]
    with pytest.raises(Malformed, match="one link at most"):
        links(PIP | {"default": True}, MANUAL | {"default": True})


def test_a_link_type_is_looked_for_from_the_item_up_to_the_model() -> None:
    item, model = links(MANUAL), links(PIP, DE)
    assert hrefs([item, model], wish("gs1:instructions")) == ["m"]
    assert hrefs([item, model], wish("https://gs1.org/voc/pip", None, "de")) == ["de"]
    assert hrefs([item, model], wish("gs1:recallStatus")) == []
    assert hrefs([], wish()) == []


def test_links_that_fit_alike_are_all_told_unless_the_default_is_among_them() -> None:
    other = [DE | {"linkType": "gs1:instructions"}, FR | {"linkType": "gs1:instructions"}]
    assert hrefs([links(PIP, *other)], wish("gs1:instructions")) == ["de", "fr"]
    assert hrefs([links(PIP, *other)], wish("gs1:instructions", None, "fr")) == ["fr"]
    assert hrefs([links(*other)], wish("gs1:instructions")) == ["de"]


def test_a_context_that_is_asked_for_comes_first() -> None:
    recycler = PIP | {"href": "https://x.example/r", "context": ["recycler"]}
    assert hrefs([links(PIP, recycler)], wish()) == ["en"]
    assert hrefs([links(PIP, recycler)], wish(None, None, None, "recycler")) == ["r"]
    assert hrefs([links(PIP, recycler)], wish("gs1:pip", None, None, "other")) == ["en"]
    assert hrefs([links(recycler, PIP)], wish("gs1:pip")) == ["en"]


def test_a_linkset_tells_the_default_and_its_variants_and_each_link_by_its_type() -> None:
    voc = "https://ref.gs1.org/voc/"
    said = links(MANUAL, PIP | {"default": True}, DE)
    assert said.context_object("https://id.example.org/01/1") == {
        "anchor": "https://id.example.org/01/1",
        f"{voc}defaultLink": [{"href": "https://x.example/en", "title": "Product"}],
        f"{voc}defaultLinkMulti": [
            {"href": "https://x.example/en", "title": "Product"},
            {
                "href": "https://x.example/de",
                "title": "Product",
                "type": "text/html",
                "hreflang": ["de", "de-AT"],
            },
        ],
        f"{voc}instructions": [{"href": "https://x.example/m", "title": "Manual"}],
        f"{voc}pip": [
            {"href": "https://x.example/en", "title": "Product"},
            {
                "href": "https://x.example/de",
                "title": "Product",
                "type": "text/html",
                "hreflang": ["de", "de-AT"],
            },
        ],
    }


def test_what_is_stored_is_read_again() -> None:
    said = links(MANUAL, DE | {"default": True, "context": ["x"]})
    assert stored(json.dumps(said.to_json())) == said
    assert read(said.to_json()) == said


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([], "must be an object"),
        ({}, "links must be"),
        ({"links": []}, "1 to 100"),
        ({"links": [PIP] * 101}, "1 to 100"),
        ({"links": [PIP], "anchor": "x"}, "no member 'anchor'"),
        ({"links": [3]}, r"links\[0\] must be"),
        ({"links": [PIP, PIP | {"rel": "x"}]}, r"links\[1\] has no member 'rel'"),
        ({"links": [PIP | {"linkType": "pip"}]}, "linkType"),
        ({"links": [PIP | {"linkType": "gs1:"}]}, "linkType"),
        ({"links": [PIP | {"linkType": "gs1:defaultLink"}]}, "says what"),
        ({"links": [PIP | {"linkType": "https://x.example/a b"}]}, "linkType"),
        ({"links": [PIP | {"href": "javascript:alert(1)"}]}, "href"),
        ({"links": [PIP | {"href": "https://x.example/\r\nSet-Cookie: a=b"}]}, "href"),
        ({"links": [PIP | {"href": "https://x.example/" + "a" * 2048}]}, "href"),
        ({"links": [PIP | {"title": ""}]}, "title"),
        ({"links": [PIP | {"title": "a\nb"}]}, "title"),
        ({"links": [PIP | {"title": "\ud800"}]}, "title"),
        ({"links": [{"linkType": "gs1:pip", "href": "https://x.example"}]}, "title"),
        ({"links": [PIP | {"type": "html"}]}, "media type"),
        ({"links": [PIP | {"type": 'text/html"; x'}]}, "media type"),
        ({"links": [PIP | {"hreflang": "de"}]}, "hreflang"),
        ({"links": [PIP | {"hreflang": []}]}, "hreflang"),
        ({"links": [PIP | {"hreflang": ["german!"]}]}, "hreflang"),
        ({"links": [PIP | {"context": [1]}]}, "context"),
        ({"links": [PIP | {"default": 1}]}, "default"),
    ],
)
def test_what_cannot_be_registered_is_refused_with_its_place(said: object, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        read(said)


VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=20),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.sampled_from([*DE, "links", "context"]), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(VALUES | VALUES.map(lambda value: {"links": [DE | {"context": value}]}))
def test_any_json_is_links_or_malformed(said: Any) -> None:
    try:
        found = read(said)
    except Malformed:
        return
    assert stored(json.dumps(found.to_json())) == found
    assert linkset.linkset([found.context_object("https://x.example/01/1")])
