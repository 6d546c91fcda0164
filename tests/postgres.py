"""PostgreSQL for tests: one throwaway server for the session, an empty database for each test that asks."""

from collections.abc import Iterator

import pytest
from witness import require

from gateway.throwaway.postgres import Postgres, find_programs


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The session's server. Whoever ends it starts it again."""
    require(find_programs(), "PostgreSQL (Debian's package postgresql)")
    with Postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """The URL of an empty database of the test's own."""
    return postgres.database()


@pytest.fixture(params=["sqlite", "postgres"])
def database_place(request: pytest.FixtureRequest) -> str:
    """What open_database takes, once for each engine: an SQLite file to be made, a PostgreSQL URL."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("tmp_path") / "hub.db")
    url: str = request.getfixturevalue("postgres_url")
    return url
