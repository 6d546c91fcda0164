"""Work that goes on beside something else, for as long as that lasts."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

log = logging.getLogger(__name__)


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    """Run `work` as a task while the context lasts; where it fails before, that is logged at once, under `name`."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_told)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _told(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (why := task.exception()) is not None:
        log.error("%s has ended: %s", task.get_name(), why, exc_info=why)
