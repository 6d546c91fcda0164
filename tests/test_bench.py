"""The benches are no tests; that each of them can be run is."""

import importlib

import pytest
from click.testing import CliRunner

from tests.bench.__main__ import SUITES, main


@pytest.mark.parametrize("name", SUITES)
def test_every_suite_can_be_imported(name: str) -> None:
    assert callable(importlib.import_module(f"tests.bench.{name}").rows)


def test_help_lists_every_suite() -> None:
    shown = CliRunner().invoke(main, ["--help"])
    assert shown.exit_code == 0
    for name, about in SUITES.items():
        assert f"{name:15} {about}" in shown.output


def test_a_suite_that_is_none_is_named() -> None:
    shown = CliRunner().invoke(main, ["raed"])
    assert shown.exit_code == 2
    assert "no suite 'raed': known are read, write" in shown.output


def test_a_bar_that_is_missed_ends_with_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.bench import read
    from tests.bench.table import Row

    monkeypatch.setattr(
        read, "rows", lambda size: [Row("slow", 2, "ms", at_most=1), Row("as it is", 3)]
    )
    shown = CliRunner().invoke(main, ["read", "--json"])
    assert shown.exit_code == 1
    assert '"met": false' in shown.stdout
    assert "missed: read: slow" in shown.stderr
