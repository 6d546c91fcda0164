"""`tagwright hub reports` and `report`: what people reported is listed and decided on, and the decision is kept."""

import asyncio
import json
import os
import time
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import main
from gateway.hub.open import open_database
from gateway.hub.reports import Reports, Said

ITEM = "01/09520123456788/21/A1"
TOLD = ("Screen replaced", "Evil \x1b[31m\u202eecalper")


@pytest.fixture
def hub_toml(tmp_path: Path) -> Path:
    (tmp_path / "hub.toml").write_text('database = "hub.db"\n')

    async def fill() -> None:
        database = await open_database(tmp_path / "hub.db")
        store = Reports(database, time.time_ns)
        for number, text in enumerate(TOLD):
            said = Said(ITEM, "repair", date(2026, 9, 20), text)
            assert await store.keep(said, bytes([number]) * 16)
        await database.close()

    asyncio.run(fill())
    return tmp_path / "hub.toml"


def hub(*words: str, config: Path) -> Result:
    return CliRunner().invoke(main, ["hub", *words, "-c", os.fspath(config)])


def test_a_hub_that_is_not_there_is_not_made_by_asking_it(tmp_path: Path) -> None:
    config = tmp_path / "hub.toml"
    config.write_text('database = "elsewhere.db"\n')
    for words in (
        ("reports",),
        ("report", "1", "accepted"),
        ("gateways",),
        ("revoke", "line9"),
        ("audit",),
        ("audit", "--verify"),
    ):
        found = hub(*words, config=config)
        assert found.exit_code == 3 and "elsewhere.db: name its configuration" in found.output
    assert [each.name for each in tmp_path.iterdir()] == ["hub.toml"]


def test_reports_are_listed_decided_on_and_audited(hub_toml: Path) -> None:
    listed = hub("reports", config=hub_toml)
    assert listed.exit_code == 0, listed.output
    newer, older = listed.stdout.splitlines()
    assert older.split()[:5] == ["1", "2026-09-20", "repair", "pending", ITEM]
    assert "\x1b" not in newer and "\u202e" not in newer
    assert hub("reports", "--before", "2", config=hub_toml).stdout.splitlines() == [older]

    decided = hub("report", "1", "accepted", "--json", config=hub_toml)
    said = json.loads(decided.stdout)
    assert (said["state"], said["text"]) == ("accepted", TOLD[0])
    assert "at the command line" in said["decided_by"]
    assert hub("report", "2", "refused", config=hub_toml).exit_code == 0
    assert hub("reports", config=hub_toml).stdout == ""
    gone = hub("reports", "--state", "refused", "--json", config=hub_toml)
    assert json.loads(gone.stdout)["text"] == ""
    trail = hub("audit", config=hub_toml).stdout
    assert f"report 1 {ITEM}: accepted" in trail and f"report 2 {ITEM}: refused" in trail


def test_what_cannot_be_decided_says_why(hub_toml: Path) -> None:
    missing = hub("report", "9", "accepted", config=hub_toml)
    assert missing.exit_code == 1 and "there is no report 9" in missing.stderr
    assert hub("report", "1", "removed", config=hub_toml).exit_code == 0
    late = hub("report", "1", "accepted", config=hub_toml)
    assert late.exit_code == 1 and "report 1 is removed: it stays so" in late.stderr
