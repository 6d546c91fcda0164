"""The verifier that the passport page runs answers as edge's does, whatever it is asked; in node and in a browser."""

import json
import shutil
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

import pytest
from browser import Chromium
from playwright.sync_api import Route
from witness import ROOT, require, vectors

from edge import cose
from edge.verify import COLOURS
from tests import verifier_limits
from tests.signature_cases import asked, disputed
from tests.verifier_cases import World
from tests.verifier_page import Case, Page, told_of

LIMIT = 15 * 1024  # bytes of the verifier as it stands, CBOR and COSE included
SCRIPT = ROOT / "gateway" / "web" / "static" / "verify.js"
ROWS = {row.partition(": ")[0].partition(" ")[2] for row in COLOURS.splitlines()} - {""}


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    require(shutil.which("node"), "node")
    with Page() as found:
        yield found


def assert_agrees(page: Page, cases: Iterable[Case]) -> list[Any]:
    """The page's answers, which are edge's."""
    made = list(cases)
    answers = page.ask([question for question, _ in made])
    for (question, expected), answer in zip(made, answers, strict=True):
        assert answer == expected, question
    return answers


def wycheproof() -> Iterator[Case]:
    """Project Wycheproof's signatures, with their stated answers."""
    for name in ("ed25519/wycheproof", "cose/wycheproof-p256-p1363"):
        folder, _, file = name.partition("/")
        for group in json.loads((vectors(folder) / f"{file}.json").read_text())["testGroups"]:
            point = group["publicKey"]
            key = bytes.fromhex(point.get("pk") or point["uncompressed"][2:])
            alg = cose.EDDSA if len(key) == 32 else cose.ESP256
            for case in group["tests"]:
                signature = bytes.fromhex(case["sig"])
                if len(signature) == cose.SIGNATURE_SIZE:  # the parser lets no other through
                    message = bytes.fromhex(case["msg"])
                    yield asked(key, alg, message, signature), case["result"] == "valid"


def test_it_stays_small() -> None:
    assert SCRIPT.stat().st_size <= LIMIT


def test_its_answers_on_anything_are_those_of_edge(page: Page) -> None:
    world = World(seed=7)
    lists = assert_agrees(page, world.trusts(160))
    assert 40 < lists.count("malformed") < 120
    verdicts = assert_agrees(page, world.verdicts(1500))
    assert {each["row"] for each in verdicts} == ROWS
    assert_agrees(page, world.fragments(300))
    assert_agrees(page, world.items(500))
    names = assert_agrees(page, world.names(1000))
    assert {*names} == {True, False, None}


@pytest.mark.parametrize("what", ["stubs", "items", "fragments", "links", "chains", "lists"])
def test_its_limits_are_those_of_edge(page: Page, what: str) -> None:
    assert len(assert_agrees(page, getattr(verifier_limits, what)())) > 100


def test_it_checks_signatures_as_edge_does(page: Page) -> None:
    assert page.ask([{"do": "can"}]) == [True]
    answers = assert_agrees(page, disputed(Random(7), 3))
    assert {*map(str, answers)} == {"True", "False", "malformed"}
    assert len(assert_agrees(page, wycheproof())) > 300


def test_a_key_signs_under_its_own_algorithm_alone(page: Page) -> None:
    for question, right in list(wycheproof())[-1:] + list(wycheproof())[:1]:
        key = bytes.fromhex(question["key"])
        for alg in (cose.ED25519, cose.EDDSA, cose.ESP256):
            allowed = right and cose.alg_allowed(alg, key)
            assert page.ask([{**question, "alg": alg}]) == [allowed]


def test_the_cose_groups_examples_are_no_stubs(page: Page) -> None:
    for path in sorted(vectors("cose").glob("*.json")):
        output = json.loads(path.read_text()).get("output", {}).get("cbor")
        if output is not None:
            assert_agrees(page, [told_of(bytes.fromhex(output))])


def test_a_browsers_library_judges_alike(chromium: Chromium) -> None:
    def serve(route: Route) -> None:
        path = ROOT / route.request.url.removeprefix("http://localhost/")
        kinds = {".js": "text/javascript", ".mjs": "text/javascript"}
        if path.suffix not in kinds:
            route.fulfill(content_type="text/html", body="<!doctype html><title>-</title>")
        else:
            route.fulfill(content_type=kinds[path.suffix], body=path.read_text())

    world = World(seed=8)
    cases = [*world.trusts(30), *world.verdicts(200), *disputed(Random(8), 3), *wycheproof()]
    with chromium.visit() as visit:
        visit.page.route("**/*", serve)
        visit.page.goto("http://localhost/")  # where WebCrypto is
        answers = visit.page.evaluate(
            """async (questions) => {
                const { answer } = await import("/tests/gateway/web/verifier_acts.mjs");
                const answers = [];
                for (const question of questions) answers.push(await answer(question));
                return answers;
            }""",
            [question for question, _ in cases],
        )
    for (question, expected), answer in zip(cases, answers, strict=True):
        assert answer.get("is", "malformed") == expected, question
