"""The journal kept tidy while a gateway runs: what is confirmed goes by age and by pressure, and pressure is told."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from gateway.journal import Journal, JournalFull
from gateway.journal_room import DISK, LEVELS, PASSPORTS, Pressure

log = logging.getLogger(__name__)

_EVERY_S = 10.0
_TRIM_EVERY = 360  # rounds: an hour


async def keep_tidy(
    journal: Journal,
    keep_days: float,
    *,
    told: Callable[[Pressure], None] = lambda pressure: None,
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """For ever: trim what every sink has and is older than keep_days, relieve pressure, give pages back to the disk.

    Logs each level of pressure that is crossed, and rows that were dropped; told: called with each crossing.
    Ends by being cancelled, or by JournalFailed.
    """
    level, dropped, rounds = 0, dict(journal.dropped()), 0
    while True:
        try:
            if rounds % _TRIM_EVERY == 0:
                await journal.trim(keep_days)
            await journal.tidy()
        except JournalFull as why:
            log.error("%s", why)
        pressure = journal.pressure()
        if pressure.level != level:
            level = pressure.level
            _crossed(pressure)
            told(pressure)
        for name, rows in journal.dropped().items():
            if rows > dropped[name]:
                log.error(
                    "%d rows of %s were dropped before a hub had them: the journal has no room",
                    rows - dropped[name],
                    name,
                )
                dropped[name] = rows
        rounds += 1
        await pause(_EVERY_S)


def _crossed(pressure: Pressure) -> None:
    if not pressure.level:
        log.info("the journal has room again")
        return
    name = max(pressure.shares, key=lambda each: pressure.shares[each])
    if name == DISK:
        log.error("the disk is full, and only what was begun is taken to its end: free some room")
        return
    log.log(
        logging.ERROR if pressure.level == max(LEVELS) else logging.WARNING,
        "the journal's room for %s is full to %.0f %%, at 100 %% %s: does the hub take rows?"
        " Else raise gateway.journal_max_mb",
        name,
        100 * pressure.shares[name],
        "the stations stop" if name == PASSPORTS else "the oldest are dropped",
    )
