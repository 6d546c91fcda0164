"""The hub's EPCIS 2.0 repository: all its routes. What /openapi.json says of them stands in epcis_paths.py."""

import time
from collections.abc import Callable

from starlette.routing import BaseRoute

from gateway.hub.database import Database
from gateway.hub.epcis_capture import Captures
from gateway.hub.epcis_events import Events
from gateway.hub.epcis_paths import PATHS
from gateway.hub.epcis_queries import Queries

__all__ = ["PATHS", "routes"]


def routes(database: Database, clock: Callable[[], int] = time.time_ns) -> list[BaseRoute]:
    """/capture, /events and /queries over a database. clock: wall clock in ns."""
    events = Events(database, clock)
    return [
        *Captures(database, clock).routes(),
        *events.routes(),
        *Queries(database, events).routes(),
    ]
