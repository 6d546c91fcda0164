"""The station page of the demo: what its simulated line does, live, for whoever sits at this machine."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from gateway.beside import beside
from gateway.config import Config, GatewayConfig, HubConfig, ReaderConfig
from gateway.demo_stage import Progress, Stage
from gateway.hub.serve import running
from gateway.stations.orderfile import OrderFile
from gateway.web.station.app import StationPage
from gateway.web.station.line import NoSuch, ReaderState


@dataclass(frozen=True)
class DemoPage:
    """url: where it is."""

    url: str
    page: StationPage

    def tell(self, step: Progress) -> None:
        """A step of the demo: what the journal has no row of is shown, too."""
        result = step.result
        if result is not None and result.journal_seq is None:
            self.page.notices.add(
                time.time(),
                "demo",
                result.uid,
                result.outcome,
                result.signal.colour,
                result.signal.sentence,
                result.product,
            )


@asynccontextmanager
async def demo_page(on: Stage, gateway: str) -> AsyncIterator[DemoPage]:
    """Serve it while the context lasts, on a free port of this machine."""
    line = _Line(on)
    config = Config(
        gateway=GatewayConfig(name=gateway),
        hub=HubConfig(url=on.behind.page) if on.behind.page.startswith("http") else HubConfig(),
        reader=(
            ReaderConfig(name="demo", url=f"pn532:{on.conveyor.path}", beside="camera"),
            ReaderConfig(name="camera", url=on.lens.url),
        ),
    )
    page = StationPage(on.behind.journal, line, config)
    async with beside(page.run(), "station page"), running(page.app) as url:
        try:
            yield DemoPage(url, page)
        finally:
            page.close()


class _Line:
    """What the demo does by itself cannot be stopped here."""

    def __init__(self, on: Stage) -> None:
        self._on = on
        self._orders: OrderFile | None = None

    def readers(self) -> list[ReaderState]:
        on = self._on
        if self._orders is None and on.results is not None:
            self._orders = OrderFile(on.results, on.results)
        order = self._orders.progress() if self._orders is not None else None
        if order is not None:
            order = replace(order, rows=on.summary.rows)
        camera = on.eye.post.reader
        return [
            ReaderState("demo", "pn532", "commission", on.post.reader.is_open, order=order),
            ReaderState("camera", "camera", "read", camera.is_open),
        ]

    async def stop(self, reader: str) -> None:
        raise NoSuch("the demo's readers go on by themselves")

    async def start(self, reader: str) -> None:
        raise NoSuch("the demo's readers go on by themselves")

    async def void(self, intent: int, reason: str) -> None:
        raise NoSuch("the demo voids nothing")
