"""The board: all that the station page shows beside the rows, as one JSON.

{"seq", "gateway", "counts": {"since", "green", "amber", "red"}, "takt_s",
 "readers": [{"name", "kind", "job", "up", "work": "running" | "stopping" | "stopped", "trouble", "counts", "takt_s",
              "order": {"name", "rows", "done", "refused", "waiting"} or null}],
 "journal": {"level": 0 | 70 | 85 | 95, "full": 0 to 1, "dropped"}, "sync": {"on", "lag"},
 "torn": [{"intent", "at", "station", "uid", "product", "act"}], "torn_count",
 "aside": [{"seq", "sink", "at", "reason", "replay"}], "aside_count",
 "recent": the last answers as rows, oldest first (in a stream's first board, and in /board.json)}
"""

import time
from collections.abc import Callable
from typing import Any

from gateway.journal import Journal
from gateway.web.station.line import Line
from gateway.web.station.shown import text
from gateway.web.station.tally import Tally
from gateway.web.station.told import Notices

MOST = 50  # torn tags, rows in quarantine

_UNDER_WAY_S = 10.0  # a younger intent is being carried out, where nobody said that it was torn
_FRESH_S = 0.2  # how long an answer holds: many pages ask for the same


class Board:
    """now: Unix seconds. is_synced: whether the journal goes anywhere."""

    def __init__(
        self,
        journal: Journal,
        line: Line,
        tally: Tally,
        notices: Notices,
        gateway: str,
        is_synced: bool,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._journal = journal
        self._line = line
        self._tally = tally
        self._notices = notices
        self._gateway = gateway
        self._is_synced = is_synced
        self._now = now
        self._made: tuple[float, dict[str, Any]] | None = None

    def __call__(self, with_recent: bool = False) -> dict[str, Any]:
        """The board as it is now; without what came last it may be a moment old."""
        now = self._now()
        if with_recent or self._made is None or not 0 <= now - self._made[0] < _FRESH_S:
            self._made = now, self._state()
        board = self._made[1]
        return {**board, "recent": list(self._tally.recent)} if with_recent else board

    def _state(self) -> dict[str, Any]:
        journal, tally = self._journal, self._tally
        pressure = journal.pressure()
        torn, aside = self._torn(), journal.aside()
        return {
            "seq": journal.head(),
            "gateway": self._gateway,
            "counts": {"since": tally.day, **tally.today()},
            "takt_s": tally.takt_s(),
            "readers": [self._reader(each.name) | _state(each) for each in self._line.readers()],
            "journal": {
                "level": pressure.level,
                "full": round(max(pressure.shares.values()), 2),
                "dropped": sum(journal.dropped().values()),
            },
            "sync": {"on": self._is_synced, "lag": journal.lag() if self._is_synced else 0},
            "torn": torn[:MOST],
            "torn_count": len(torn),
            "aside": [
                {
                    "seq": each.seq,
                    "sink": each.sink,
                    "at": round(each.at_ns / 1e9, 3),
                    "reason": each.reason[:400],
                    "replay": bool(each.replay),
                }
                for each in aside[-MOST:]
            ],
            "aside_count": len(aside),
        }

    def _reader(self, name: str) -> dict[str, Any]:
        return {"counts": self._tally.today(name), "takt_s": self._tally.takt_s(name)}

    def _torn(self) -> list[dict[str, Any]]:
        """Open intents that nobody is carrying out."""
        found, latest = [], self._now() - _UNDER_WAY_S
        open_ones = self._journal.open_intents()
        self._notices.torn &= {row.uid.hex() for row in open_ones}
        for row in open_ones:
            if row.at_ns / 1e9 > latest and row.uid.hex() not in self._notices.torn:
                continue
            found.append(
                {
                    "intent": row.seq,
                    "at": round(row.at_ns / 1e9, 3),
                    "station": row.station,
                    "uid": row.uid.hex(),
                    "product": row.product[:400],
                    "act": text(row.content(), "act"),
                }
            )
        return found


def _state(reader: Any) -> dict[str, Any]:
    order = reader.order
    return {
        "name": reader.name,
        "kind": reader.kind,
        "job": reader.job,
        "up": reader.is_up,
        "work": reader.work,
        "trouble": reader.trouble,
        "order": None
        if order is None
        else {
            "name": order.name,
            "rows": order.rows,
            "done": order.done,
            "refused": order.refused,
            "waiting": order.waiting,
        },
    }
