"""schemathesis against the served OpenAPI document: what it says is so, and nothing that is sent is answered by 5xx."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hub_rooms import GTIN, ROOT, Clock, app_of, passport, raw
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.hub import dpps, links, openapi, resolver
from gateway.hub.access import Access
from gateway.hub.open import open_database
from gateway.hub.passports import Passports

pytestmark = pytest.mark.witness

TOKEN = "a token for the tests"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
EXAMPLES = 12  # of each operation, right ones and as many wrong ones
CONFIG: dict[str, Any] = {
    "seed": 20261122,
    "generation": {"deterministic": True, "database": "none"},
    "checks": {"positive_data_acceptance": {"enabled": False}},  # a check digit is in no schema
}
RIGHT, WRONG = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
OPERATIONS = [
    (path, method, mode)
    for path, item in openapi.document([dpps.PATHS, links.PATHS, resolver.PATHS])["paths"].items()
    for method in item
    if method != "parameters"
    for mode in ((RIGHT, WRONG) if "parameters" in item[method] else (RIGHT,))
]


def app() -> ASGIApp:
    """The rooms over a database that is opened in the loop that serves them, and new whenever that begins."""
    rooms: list[Starlette] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with tempfile.TemporaryDirectory() as folder:
            database = await open_database(Path(folder) / "hub.db")
            known = raw(passport(f"{ROOT}/01/{GTIN}/21/A1", materials=[{"name": "copper"}]))
            await Passports(database, Clock()).create(known)
            rooms[:] = [app_of(database, Clock(), access=Access(token=TOKEN))]
            yield
            await database.close()

    beginning = Starlette(lifespan=lifespan)

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await (beginning if scope["type"] == "lifespan" else rooms[0])(scope, receive, send)

    return served


@pytest.fixture(scope="module")
def api() -> Any:
    config = SchemathesisConfig.from_dict(CONFIG)
    made = schemathesis.openapi.from_asgi("/openapi.json", app(), config=config)
    made.validate()
    return made


@pytest.mark.parametrize(("path", "method", "mode"), OPERATIONS)
def test_an_operation_is_as_the_document_says(
    api: Any, path: str, method: str, mode: GenerationMode
) -> None:
    cases = api[path][method.upper()].as_strategy(generation_mode=mode)

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def check(case: Case) -> None:
        case.call_and_validate(headers=HEADERS)

    try:
        check()
    except Unsatisfiable:  # any text is right for this operation
        assert mode is WRONG
