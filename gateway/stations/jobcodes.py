"""The codes on a job's items: beside a code reader the code picks the order, and tells when the product is complete."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gateway.stations.bind import BOUND, bound, choice
from gateway.stations.carriers import codes
from gateway.stations.item import Item, Sight, by_code, look
from gateway.stations.jobbook import INCOMPLETE
from gateway.stations.orders import Order, OrderError
from gateway.stations.post import Post
from gateway.stations.result import GREEN, Refusal, Result, Signal

_NO_SIGHT = Item(trouble="no camera or scanner stands beside this reader")


class JobCodes:
    """What the code reader beside a job's tag reader says. sight: None where there is none; requires: as [[reader]]."""

    def __init__(
        self, sight: Sight | None, requires: Sequence[str], items: Iterable[Order | OrderError]
    ) -> None:
        self._sight = sight
        self._requires = requires
        self._orders = by_code(each for each in items if isinstance(each, Order))

    @property
    def is_there(self) -> bool:
        """Whether there is a code reader."""
        return self._sight is not None

    def needed(self, order: Order) -> tuple[str, ...]:
        """The codes that the order's product must carry."""
        return codes(order.claims, order.carriers, self._requires)

    async def pick(self) -> tuple[Item, Order | Refusal]:
        """What stands beside the tag reader, and the order that its codes name."""
        assert self._sight is not None
        item = await look(self._sight, self._requires)
        return item, choice(item, self._orders)

    async def finished(self, post: Post, tag: Result, order: Order, item: Item | None) -> Result:
        """The answer to a tag that carries its product: `tag`, or "incomplete" where codes are missing or disagree.

        item: what was picked for this tag; None: look now.
        """
        needed = self.needed(order)
        if self._sight is None:
            if not needed:
                return tag
            item = _NO_SIGHT
        elif item is None:
            item = await look(self._sight, needed)
        found = await bound(post, tag, item, self._requires, order)
        if found.outcome != BOUND:
            return replace(found, outcome=INCOMPLETE, order_row=order.row, column="carriers")
        signal = tag.signal
        if signal.colour == GREEN:
            signal = Signal(GREEN, f"{signal.sentence}, and its code")
        return replace(tag, signal=signal, journal_seq=found.journal_seq)
