"""schemathesis against the served OpenAPI document: what it says is so, and nothing that is sent is answered by 5xx."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cbor2
import pytest
import schemathesis
from hub_rooms import GTIN, ROOT, Clock, passport, raw
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.hub.access_tables import AccessTable
from gateway.hub.app import opened
from gateway.hub.passports import Passports
from gateway.hub.settings import HubSettings, ResolverTable

pytestmark = pytest.mark.witness

TOKEN = "a-token-for-the-tests"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
EXAMPLES = 12  # of each operation, right ones and as many wrong ones
CONFIG: dict[str, Any] = {
    "seed": 20261122,
    "generation": {"deterministic": True, "database": "none"},
    "checks": {"positive_data_acceptance": {"enabled": False}},  # a check digit is in no schema
}
RIGHT, WRONG = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


@schemathesis.serializer("application/cbor")
def cbor(_: schemathesis.SerializationContext, value: Any) -> bytes:
    return value if isinstance(value, bytes) else cbor2.dumps(value)


def settings_of(folder: Path) -> HubSettings:
    """Of a hub that asks for the token."""
    (folder / "token").write_text(TOKEN)
    access = AccessTable(audit_key=folder / "audit.key")
    return HubSettings(
        database=str(folder / "hub.db"),
        token_file=folder / "token",
        access=access,
        resolver=ResolverTable(root=ROOT),
    )


def operations() -> list[tuple[str, str, GenerationMode]]:
    """All that the hub serves, each with right and, where there is anything to be wrong, wrong requests."""

    async def document() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            async with opened(settings_of(Path(folder))) as hub:
                return hub.document

    return [
        (path, method, mode)
        for path, item in asyncio.run(document())["paths"].items()
        for method in item
        if method != "parameters"
        for mode in (
            (RIGHT, WRONG) if {"parameters", "requestBody"} & set(item[method]) else (RIGHT,)
        )
    ]


def app() -> ASGIApp:
    """The hub over a database that is opened in the loop that serves them, and new whenever that begins."""
    rooms: list[Starlette] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with tempfile.TemporaryDirectory() as folder:
            async with opened(settings_of(Path(folder))) as hub:
                known = raw(passport(f"{ROOT}/01/{GTIN}/21/A1", materials=[{"name": "copper"}]))
                await Passports(hub.database, Clock()).create(known)
                rooms[:] = [hub.app]
                yield

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


@pytest.mark.parametrize(("path", "method", "mode"), operations())
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
