"""What Prometheus may ask a gateway: events, verdicts, pages, times, the journal and its lag, readers, presence.

Each Metrics has a registry of its own. Its feeds: `on_commit` of the journal, `count` with every durable row, and
what is true when the page is asked for: `reader`, `read_rate`, `sightings`, `present`.
"""

from collections.abc import Mapping
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from gateway.journal_room import DISK
from gateway.records import Records, Row

CONTENT_TYPE = CONTENT_TYPE_LATEST

_FSYNC_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_CODE_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0)
_TAG_S = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


class Metrics:
    """The gateway's metrics; `text` is the page that Prometheus fetches."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._events = Counter(
            "tagwright_events", "Durable journal rows", ["kind", "station"], registry=self._registry
        )
        self._verdicts = Counter(
            "tagwright_verdicts", "Verdicts by colour", ["colour"], registry=self._registry
        )
        self._pages = Counter(
            "tagwright_pages_written", "Tag pages written", ["station"], registry=self._registry
        )
        self._tags = Histogram(
            "tagwright_tag_seconds",
            "From a tag's arrival to its durable answer",
            ["station"],
            buckets=_TAG_S,
            registry=self._registry,
        )
        self._commits = Histogram(
            "tagwright_journal_commit_seconds",
            "One group commit: transaction and fsync",
            buckets=_FSYNC_S,
            registry=self._registry,
        )
        self._head = Gauge("tagwright_journal_rows", "Rows held", registry=self._registry)
        self._lag = Gauge(
            "tagwright_journal_lag_rows", "Rows that the hub has not yet", registry=self._registry
        )
        self._open = Gauge(
            "tagwright_open_intents", "Tags to be finished or voided", registry=self._registry
        )
        self._full = Gauge(
            "tagwright_journal_full_ratio",
            "Of a class's room in the journal, what is taken; 1: full",
            ["class"],
            registry=self._registry,
        )
        self._dropped = Gauge(
            "tagwright_journal_dropped_rows",
            "Rows that were dropped before a hub had them, since the journal was made",
            ["class"],
            registry=self._registry,
        )
        self._readers = Gauge(
            "tagwright_reader_up", "1 where the reader answers", ["reader"], registry=self._registry
        )

        self._windows = Counter(
            "tagwright_windows",
            "Products that passed a light barrier",
            ["station", "outcome"],
            registry=self._registry,
        )
        self._pallets = Counter(
            "tagwright_pallets", "Pallets by colour", ["station", "colour"], registry=self._registry
        )
        self._sightings = Counter(
            "tagwright_sightings", "Tag reports taken", ["reader"], registry=self._registry
        )
        self._present = Gauge(
            "tagwright_present_tags", "Tags in a zone", ["zone"], registry=self._registry
        )
        self._codes = Counter(
            "tagwright_code_triggers",
            "Triggers of cameras and scanners",
            ["station", "outcome"],
            registry=self._registry,
        )
        self._code_s = Histogram(
            "tagwright_code_seconds",
            "From a trigger to its durable answer",
            ["station"],
            buckets=_CODE_S,
            registry=self._registry,
        )
        self._read_rate = Gauge(
            "tagwright_read_rate_ratio",
            "Of a station's last triggers, the share that was read",
            ["station"],
            registry=self._registry,
        )
        self._taken: dict[str, int] = {}

    def on_commit(self, rows: int, seconds: float) -> None:
        """For Journal(on_commit=...)."""
        self._commits.observe(seconds)

    def count(self, row: Row) -> None:
        """Count a durable row, with the colour, pages and milliseconds that its body tells."""
        self._events.labels(row.kind, row.station).inc()
        said = row.content()
        colour = said.get("colour")
        if row.kind == "pallet":
            self._pallets.labels(row.station, str(colour)).inc()
            return
        if row.kind == "code":
            self._count_code(row, said)
            return
        if row.kind == "window":
            self._windows.labels(row.station, str(said.get("outcome"))).inc()
        if isinstance(colour, str):
            self._verdicts.labels(colour).inc()
        if isinstance(pages := said.get("pages_written"), int):
            self._pages.labels(row.station).inc(pages)
        if isinstance(elapsed_ms := said.get("elapsed_ms"), int | float):
            self._tags.labels(row.station).observe(elapsed_ms / 1000)

    def _count_code(self, row: Row, said: Mapping[str, Any]) -> None:
        outcome, elapsed_ms = said.get("outcome"), said.get("elapsed_ms")
        self._codes.labels(row.station, str(outcome)).inc()
        if "verdict" in said:
            self._verdicts.labels(str(said.get("colour"))).inc()
        if isinstance(elapsed_ms, int | float):
            self._code_s.labels(row.station).observe(elapsed_ms / 1000)

    def read_rate(self, station: str, share: float) -> None:
        """Note a code station's read rate of late."""
        self._read_rate.labels(station).set(share)

    def reader(self, name: str, is_up: bool) -> None:
        """Note whether a reader answers."""
        self._readers.labels(name).set(is_up)

    def sightings(self, taken: Mapping[str, int]) -> None:
        """Note how many tag reports each reader has brought since the start."""
        for name, count in taken.items():
            self._sightings.labels(name).inc(count - self._taken.get(name, 0))
        self._taken.update(taken)

    def present(self, zones: Mapping[str, int]) -> None:
        """Note how many tags are in each zone."""
        for name, count in zones.items():
            self._present.labels(name).set(count)

    def text(self, records: Records) -> bytes:
        """The page, with the journal's state as it is now; its type is CONTENT_TYPE."""
        self._head.set(records.head())
        self._lag.set(records.lag())
        self._open.set(len(records.open_intents()))
        for name, share in ({DISK: 0.0} | records.pressure().shares).items():
            self._full.labels(name).set(share)
        for name, rows in records.dropped().items():
            self._dropped.labels(name).set(rows)
        return generate_latest(self._registry)
