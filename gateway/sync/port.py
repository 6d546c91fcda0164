"""What the uplink asks of a way to the hub. A transport moves batches; what they say and mean is not its business."""

from collections.abc import Callable
from typing import Protocol, Self

from gateway.sync.answer import Held, Later, SetAside, Smaller, Step, Taken
from gateway.sync.batch import Batch
from gateway.sync.receipt import Receipt, receipt_from_json

__all__ = [
    "Batch",
    "Held",
    "Later",
    "OnReceipt",
    "Receipt",
    "SetAside",
    "Smaller",
    "Step",
    "Taken",
    "Transport",
    "receipt_from_json",
]

OnReceipt = Callable[[Receipt], None]


class Transport(Protocol):
    """A way to the hub, open in `async with`; it connects by itself, and again, and never raises for the network.

    window: how many batches may be under way at once. on_receipt: set by the uplink before the first batch; called
    on the loop with each receipt that comes unasked, for any journal of which `send` was given a batch or `ask` the id.
    """

    window: int
    on_receipt: OnReceipt

    async def send(self, batch: Batch, attempt: int) -> Step:
        """Bring one batch to where it is durable.

        attempt: 0, and higher each time that the same batch is sent again after it was Taken: a transport that
        drops repetitions must not take that one for a repetition.
        """

    async def ask(self, journal: bytes, upto: int | None = None) -> Receipt | Later:
        """The hub's watermark of a journal and its hash, 0 and b"" where it knows none.

        upto: the same, as if the hub held no row behind that: its highest row or end of a gap at or before `upto`.
        """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...
