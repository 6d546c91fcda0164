"""What jobs ask for, done with the devices: each request of a job becomes turns of a driver.

A job is a generator over values (reader.jobs); what runs here is one over time: it yields the ms for which it needs
no turn, and never waits.
"""

import gc

from reader.errors import DeviceTrouble, ReaderGone
from reader.pn532 import Backoff
from reader.power import FIELD_OFF_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from reader.clock import Clock
    from reader.keys import DeviceKey
    from reader.m100 import M100
    from reader.orders import Orders
    from reader.outbox import Outbox
    from reader.pn532 import Pn532
    from reader.settings import Settings
    from reader.trust import Trust
    from reader.ui import Screen

    Turns = Generator[int, None, Any]


class Kit:
    """What jobs know: what was stored, and by whose key they sign."""

    def __init__(
        self,
        settings: "Settings",
        clock: "Clock",
        key: "DeviceKey",
        trust: "Trust",
        outbox: "Outbox",
        orders: "Orders",
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.key = key
        self.trust = trust
        self.outbox = outbox
        self.orders = orders


class Station:
    """The readers of one handheld at the service of its jobs. rain: None where the board has no UHF module."""

    def __init__(
        self, kit: "Kit", tag: "Pn532", rain: "M100 | None", show: "Callable[[Screen], None]"
    ) -> None:
        self.kit = kit
        self.tag = tag
        self.rain = rain
        self._show = show
        self._backoff = Backoff()

    def run(self, job: "Generator[tuple[Any, ...], Any, Any]") -> "Turns":
        """Turn a job to its end; its result. DeviceTrouble where a device fails and the job does not mend it."""
        answer: "Any" = None
        trouble: "DeviceTrouble | None" = None
        while True:
            try:
                request = job.send(answer) if trouble is None else job.throw(trouble)
            except StopIteration as end:
                return end.value
            answer = None
            trouble = None
            try:
                answer = yield from self._done(request)
            except DeviceTrouble as why:
                trouble = why

    def rest(self) -> "Turns":
        """The field off, the modules asleep. One that is mute is left alone."""
        for each in (self.tag.idle(), self.rain.sleep() if self.rain is not None else ()):
            try:
                yield from each
            except ReaderGone:
                pass

    def _done(self, request: "tuple[Any, ...]") -> "Turns":
        what = request[0]
        kit = self.kit
        if what == "check":
            return (yield from kit.trust.check(request[1], request[2], request[3]))
        if what == "sign":
            return (yield from kit.key.signing(request[1]))
        if what == "record":
            return kit.outbox.append(request[1], request[2], request[3], request[4], kit.clock)
        if what == "show":
            self._show(request[1])
            yield 0
            return None
        if what == "wait":
            if request[1] >= FIELD_OFF_MS:
                yield from self.tag.idle()
            yield request[1]
            return None
        if what == "rssi":
            if self.rain is None:
                raise ReaderGone("no UHF module: see settings, rain")
            return (yield from self.rain.poll(request[1]))
        if what == "target":
            return (yield from self._target())
        if what == "pages":
            reading = self.tag.pages(request[1], request[2])
            yield next(reading)
            if not request[1]:
                gc.collect()  # while 26 pages are on their way, and not while a signature is checked
            return (yield from reading)
        if what == "version":
            return (yield from self.tag.version())
        if what == "write":
            return (yield from self.tag.write(request[1], request[2]))
        raise ValueError(what)

    def _target(self) -> "Turns":
        """A chip that hangs is reset, left alone for a while that grows, and asked once more."""
        try:
            found = yield from self.tag.target()
        except ReaderGone:
            yield self._backoff.failed()
            found = yield from self.tag.target()
        self._backoff.succeeded()
        return found.uid if found is not None else None
