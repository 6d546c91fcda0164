"""The gateway's metrics: what is counted from rows, and that two gateways in one process share nothing."""

import asyncio
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from gateway.journal import ACKNOWLEDGED, Journal
from gateway.metrics import Metrics


def samples(page: bytes) -> dict[tuple[str, tuple[str, ...]], float]:
    """(name, label values) -> value, as Prometheus' own parser reads the page."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def test_rows_commits_readers_and_lag_are_told(tmp_path: Path) -> None:
    async def play() -> None:
        metrics = Metrics()
        async with Journal(tmp_path / "j.db", on_commit=metrics.on_commit) as journal:
            for body in (
                {"colour": "green", "elapsed_ms": 240.0, "pages_written": 90},
                {"colour": "red", "elapsed_ms": 60},
                {"colour": None, "pages_written": "many"},
            ):
                metrics.count(await journal.append("verdict", "line1", b"", "", body))
            metrics.count(await journal.append("intent", "line1", b"\x04", "P", {}))
            await journal.move_cursor(ACKNOWLEDGED, 3)
            metrics.reader("left", True)
            metrics.reader("right", False)
            found = samples(metrics.text(journal))
        assert found["tagwright_events_total", ("verdict", "line1")] == 3
        assert found["tagwright_events_total", ("intent", "line1")] == 1
        assert found["tagwright_verdicts_total", ("green",)] == 1
        assert found["tagwright_verdicts_total", ("red",)] == 1
        assert found["tagwright_pages_written_total", ("line1",)] == 90
        assert found["tagwright_tag_seconds_sum", ("line1",)] == 0.3
        assert found["tagwright_journal_commit_seconds_count", ()] == 5
        assert found["tagwright_journal_rows", ()] == 4
        assert found["tagwright_journal_lag_rows", ()] == 1
        assert found["tagwright_open_intents", ()] == 1
        assert found["tagwright_reader_up", ("left",)] == 1
        assert found["tagwright_reader_up", ("right",)] == 0

    asyncio.run(play())


def test_windows_pallets_sightings_and_zones_are_told(tmp_path: Path) -> None:
    async def play() -> None:
        metrics = Metrics()
        async with Journal(tmp_path / "j.db") as journal:
            for kind, body in (
                ("window", {"outcome": "empty"}),
                ("window", {"outcome": "tags"}),
                ("window", {"outcome": "empty"}),
                ("pallet", {"colour": "red", "outcome": "not_verified", "elapsed_ms": 9000}),
                ("presence", {"act": "arrived"}),
            ):
                metrics.count(await journal.append(kind, "gate", b"", "", body))
            for taken in (5, 12):
                metrics.sightings({"gate": taken})
                metrics.present({"dock": taken, "yard": 0})
            found = samples(metrics.text(journal))
        assert found["tagwright_windows_total", ("empty", "gate")] == 2
        assert found["tagwright_windows_total", ("tags", "gate")] == 1
        assert found["tagwright_pallets_total", ("red", "gate")] == 1
        assert not [name for name, _ in found if name == "tagwright_verdicts_total"]
        assert found["tagwright_sightings_total", ("gate",)] == 12
        assert found["tagwright_present_tags", ("dock",)] == 12
        assert found["tagwright_present_tags", ("yard",)] == 0
        assert found["tagwright_events_total", ("presence", "gate")] == 1

    asyncio.run(play())


def test_triggers_of_code_readers_and_their_read_rate_are_told(tmp_path: Path) -> None:
    async def play() -> None:
        metrics = Metrics()
        async with Journal(tmp_path / "j.db") as journal:
            for body in (
                {"outcome": "read", "colour": "green", "elapsed_ms": 40.0, "verdict": {}},
                {"outcome": "read", "colour": "green", "elapsed_ms": 60.0},
                {"outcome": "no_read", "colour": "amber", "elapsed_ms": 2000.0},
                {"outcome": ["read"], "elapsed_ms": "soon"},
            ):
                metrics.count(await journal.append("code", "cam", b"", "", body))
            metrics.read_rate("cam", 0.75)
            found = samples(metrics.text(journal))
        assert found["tagwright_code_triggers_total", ("read", "cam")] == 2
        assert found["tagwright_code_triggers_total", ("no_read", "cam")] == 1
        assert found["tagwright_code_seconds_sum", ("cam",)] == 2.1
        assert found["tagwright_verdicts_total", ("green",)] == 1
        assert found["tagwright_read_rate_ratio", ("cam",)] == 0.75
        assert ("tagwright_tag_seconds_count", ("cam",)) not in found

    asyncio.run(play())


def test_two_gateways_in_one_process_share_nothing(tmp_path: Path) -> None:
    one, other = Metrics(), Metrics()
    one.reader("left", True)
    journal = Journal(tmp_path / "j.db")
    assert ("tagwright_reader_up", ("left",)) in samples(one.text(journal))
    assert ("tagwright_reader_up", ("left",)) not in samples(other.text(journal))
    journal.close()
