"""What Prometheus may ask a gateway: events, verdicts, pages, times, the journal and its lag, readers.

Each Metrics has a registry of its own. Two feeds: `on_commit` of the journal, and `count` with every durable row.
"""

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from gateway.records import Records, Row

CONTENT_TYPE = CONTENT_TYPE_LATEST

_FSYNC_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
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
        self._readers = Gauge(
            "tagwright_reader_up", "1 where the reader answers", ["reader"], registry=self._registry
        )

    def on_commit(self, rows: int, seconds: float) -> None:
        """For Journal(on_commit=...)."""
        self._commits.observe(seconds)

    def count(self, row: Row) -> None:
        """Count a durable row, with the colour, pages and milliseconds that its body tells."""
        self._events.labels(row.kind, row.station).inc()
        said = row.content()
        if isinstance(colour := said.get("colour"), str):
            self._verdicts.labels(colour).inc()
        if isinstance(pages := said.get("pages_written"), int):
            self._pages.labels(row.station).inc(pages)
        if isinstance(elapsed_ms := said.get("elapsed_ms"), int | float):
            self._tags.labels(row.station).observe(elapsed_ms / 1000)

    def reader(self, name: str, is_up: bool) -> None:
        """Note whether a reader answers."""
        self._readers.labels(name).set(is_up)

    def text(self, records: Records) -> bytes:
        """The page, with the journal's state as it is now; its type is CONTENT_TYPE."""
        self._head.set(records.head())
        self._lag.set(records.lag())
        self._open.set(len(records.open_intents()))
        return generate_latest(self._registry)
