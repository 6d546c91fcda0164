"""Work beside something else: it ends with it, and its failure is told."""

import asyncio
import logging

import pytest

from gateway.beside import beside


def test_work_ends_with_what_it_is_beside() -> None:
    ends: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("work")

    async def play() -> None:
        async with beside(work(), "clerk"):
            await asyncio.sleep(0)
        ends.append("context")

    asyncio.run(play())
    assert ends == ["work", "context"]


def test_work_that_fails_is_told_while_the_rest_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        raise ValueError("no such row")

    async def play() -> None:
        async with beside(work(), "clerk"):
            while not caplog.records:
                await asyncio.sleep(0)

    with caplog.at_level(logging.ERROR):
        asyncio.run(play())
    assert caplog.messages == ["clerk has ended: no such row"]
