"""A code reader beside a line's tag reader: what lies before it is what it reads when it is triggered."""

from typing import Any

from code_line import ScriptedReader
from production_line import BASE, GTIN, NOW, Line, order
from rain_line import RainLine

from edge import gs1, printed
from gateway.config import CodesConfig
from gateway.keys import DeviceKey
from gateway.model import CodeRead, Wanted
from gateway.stations import labels
from gateway.stations.bind import BindStation
from gateway.stations.codepost import CodePost
from gateway.stations.codestation import CodeStation
from gateway.stations.orders import Order
from gateway.stations.post import Seal
from gateway.stations.result import Result

LINK_A1 = gs1.link(BASE, GTIN, "A1")
DATAMATRIX = b"010952012345678821A1"


def qr(message: str | bytes, aim: str = "]Q1") -> CodeRead:
    data = message.encode() if isinstance(message, str) else message
    return CodeRead("eye", data, aim, "QRCode", NOW)


def datamatrix(message: str | bytes = DATAMATRIX, aim: str = "]d2") -> CodeRead:
    data = message.encode() if isinstance(message, str) else message
    return CodeRead("eye", data, aim, "DataMatrix", NOW)


class Eye(ScriptedReader):
    """before: what each trigger reads; for each trigger one entry of `next` first, while there is one.

    ends: the device says that there is no more.
    """

    def __init__(self) -> None:
        super().__init__("eye")
        self.before: tuple[CodeRead, ...] = ()
        self.next: list[tuple[CodeRead, ...]] = []
        self.ends = False

    def lay(self, *codes: CodeRead) -> None:
        self.before = codes

    async def trigger(self, want: Wanted) -> None:
        await super().trigger(want)
        found = self.next.pop(0) if self.next else self.before
        self.see(*found, at=NOW + 1, no_read=self.ends or not found)


class BindLine:
    """A line and an eye beside it."""

    def __init__(self, line: Line | RainLine, hosts: tuple[str, ...] = (), **rules: Any) -> None:
        self.line = line
        self.eye = Eye()
        config = CodesConfig.model_validate({"trigger": "single"} | rules)
        post = line.post
        self.sight = CodeStation(
            CodePost("eye", self.eye, post.journal, post.trust, post.now, post.ticks, hosts=hosts),
            config,
        )

    def station(self, *orders: Order, requires: tuple[str, ...] = ()) -> BindStation:
        """orders: none for a station without any."""
        from gateway.stations.item import by_code

        index = by_code(orders) if orders else None
        return BindStation(self.line.post, self.sight, index, requires, dedupe_s=0)

    async def bind(self, *orders: Order, requires: tuple[str, ...] = ()) -> Result:
        """Bind the tag that is shown."""
        result = await self.station(*orders, requires=requires).serve(idle_s=10)
        assert result is not None
        self.line.take()
        return result

    def label(self, serial: str = "A1", key: DeviceKey | None = None) -> CodeRead:
        """The printed code of an order, signed by the line's key or another."""
        mine = key or self.line.post.key
        assert mine is not None
        seal = Seal(mine, None, lambda *_: True, NOW)
        return qr(labels.label(order(serial), seal, printed.BASE32))

    def kinds(self) -> list[str]:
        return [row.kind for row in self.line.journal.after(0, 1000)]
