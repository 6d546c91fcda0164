"""A job: the orders of a CSV file onto tags as they come, each row's result durable in FILE.result.csv.

A row that was refused is looked at again on the next run; a torn row waits for its tag while the others go on, and so
does one whose product lacks a code that it must carry. Beside a code reader the item's code picks the order; without
one, tags get the orders in their sequence.
"""

from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeGuard

from gateway.model import Target
from gateway.stations import verify, write
from gateway.stations.bind import unordered
from gateway.stations.commission import commission_one
from gateway.stations.item import Item, Sight
from gateway.stations.jobbook import FINAL, INCOMPLETE, STANDING, WRITTEN, JobBook
from gateway.stations.jobcodes import JobCodes
from gateway.stations.orders import Order, OrderError
from gateway.stations.post import Post
from gateway.stations.result import RED, Refusal, Result, Signal
from gateway.stations.resultfile import ResultFile
from gateway.stations.station import DEDUPE_S, Station

__all__ = ["WRITTEN", "JobRun", "with_options"]


class JobRun:
    """The orders of one job file, served at one post. Use `run`.

    torn, incomplete: the orders that wait for their tag, by product. sight: the code reader beside the tag reader;
    requires: codes that each product must carry before it is done, beside those that its order lists.
    """

    def __init__(
        self,
        post: Post,
        items: Iterable[Order | OrderError],
        results: ResultFile,
        dedupe_s: float = DEDUPE_S,
        idle_s: float | None = None,
        sight: Sight | None = None,
        requires: Sequence[str] = (),
    ) -> None:
        self.torn: dict[str, Order] = {}
        self.incomplete: dict[str, Order] = {}
        self._post = post
        every = list(items) if sight is not None else []
        self._items = iter(every or items)
        self._codes = JobCodes(sight, requires, every)
        self._again: deque[Order] = deque()
        self._book = JobBook(post, results)
        self._station = Station(post, dedupe_s)
        self._idle_s = idle_s
        self._is_idle = False
        self._picked: Order | None = None  # for the tag that is served, by the codes on its item
        self._item: Item | None = None

    async def run(self) -> AsyncIterator[Result]:
        """Yield a Result for each row that needs no tag, and for each tag served; rows done before are skipped.

        Ends when every row has its result, or no new tag came for `idle_s`. Raises OrderError with row 0 where the
        result file belongs to another job file.
        """
        while not self._is_idle:
            item = self._again.popleft() if self._again else next(self._items, None)
            if item is None and not self.torn and not (self.incomplete and self._codes.is_there):
                return
            result = None
            if isinstance(item, OrderError):
                result = self._book.refused(item)
            elif item is not None and self._is_waiting(item):
                result = self._standing(item)
            if result is not None:
                yield result
            elif item is None or self._is_waiting(item):
                async for result in self._served(item):
                    yield result

    async def _served(self, order: Order | None) -> AsyncIterator[Result]:
        """Serve tags until this order has its result or waits for its tag; without an order, until one is served."""
        while True:
            self._picked = self._item = None
            result = await self._station.serve(partial(self._commission, order), self._idle_s)
            if result is None:
                self._is_idle = True
                return
            yield await self._settled(result, order)
            if order is None or not self._is_waiting(order):
                return

    async def _commission(self, order: Order | None, post: Post, target: Target) -> Result:
        """A tag with a row of this file, which is still in the field or back in it, is never overwritten by another."""
        row = self._book.row_of(target.uid)
        own = next((each for each in self.incomplete.values() if each.row == row), None)
        if own is not None:
            return await commission_one(
                post, target, own
            )  # "already": its codes are what it is shown for
        if order is None:
            return await _refuse(post, target, "no order is left for this tag")
        if self._codes.is_there:
            self._item, found = await self._codes.pick()
            if isinstance(found, Refusal):
                return unordered(found, await _refuse(post, target, found.sentence, found.outcome))
            if found is not order and not self._is_to_be_written(found):
                text = (
                    f"row {found.row} of the job, {found.product}, has its tag: show another item"
                )
                return await _refuse(post, target, text)
            order = self._picked = found
        if not order.overwrite or row in (None, order.row):
            return await commission_one(post, target, order)
        why = f"this tag has row {row} of the job: use another tag"
        return await _refuse(post, target, why, "refused", order)

    async def _settled(self, result: Result, current: Order | None) -> Result:
        """The answer to what a tag brought, once its codes were seen to and its row was noted."""
        order = self._order_of(result, current)
        if order is None:
            self._look_after_torn()
            return result
        if result.outcome in STANDING:
            found = await self._codes.finished(self._post, result, order, self._item)
            if found.outcome == "already" and order.product in self.incomplete:
                found = replace(found, outcome="commissioned")
            self._note(order, found, current)
            result = found
        elif result.outcome == "torn":
            self.torn[order.product] = order
        elif result.outcome in FINAL and order in (current, self._picked):
            self._note(order, result, current)
        self._look_after_torn()
        return result

    def _note(self, order: Order, result: Result, current: Order | None) -> None:
        """Write the row's line, and whether it waits for its tag from now on."""
        is_of_another = order is not current and order is not self._picked
        if result.outcome in WRITTEN and is_of_another and not self._book.is_mine(order):
            result = _duplicate(result)
        self.torn.pop(order.product, None)
        self.incomplete.pop(order.product, None)
        if result.outcome == INCOMPLETE:
            self.incomplete[order.product] = order
        self._book.note(order, result)

    def _order_of(self, result: Result, current: Order | None) -> Order | None:
        """The order of this job that a tag's answer is about."""
        if not result.product:
            return None
        for order in (current, self._picked):
            if order is not None and order.product == result.product:
                return order
        return self.torn.get(result.product) or self.incomplete.get(result.product)

    def _look_after_torn(self) -> None:
        """Orders whose intent was voided need a new tag."""
        for waiting in list(self.torn.values()):
            if not self._book.is_open(waiting.product):
                del self.torn[waiting.product]
                self._again.append(waiting)

    def _standing(self, order: Order) -> Result | None:
        """What the journal has for an order, noted; None where that is nothing, or a tag half written."""
        is_torn = order.product in self.torn
        found = self._book.standing(order, self._codes.needed(order), is_torn)
        if found is not None and found.outcome == "torn":
            self.torn[order.product] = order
            return None
        if found is not None and found.outcome == INCOMPLETE:
            self.incomplete[order.product] = order
        return found

    def _is_to_be_written(self, order: Order) -> bool:
        """Whether an order that comes out of its turn has no result and no tag yet."""
        return self._is_waiting(order) and self._standing(order) is None and self._is_waiting(order)

    def _is_waiting(self, item: Order | OrderError) -> TypeGuard[Order]:
        """Whether this row wants a tag now."""
        if isinstance(item, OrderError) or self._book.is_done(item, self._codes.needed(item)):
            return False
        return item not in (self.torn.get(item.product), self.incomplete.get(item.product))


def with_options(
    items: Iterable[Order | OrderError], overwrite: bool, lock: bool
) -> Iterable[Order | OrderError]:
    """The same orders, each told what may be overwritten and whether its tag is locked afterwards."""
    for item in items:
        if isinstance(item, Order):
            yield replace(item, overwrite=overwrite, lock=lock)
        else:
            yield item


def _duplicate(result: Result) -> Result:
    text = f"{result.product} is on tag {result.uid.hex()} with another passport"
    return replace(result, outcome="duplicate", signal=Signal(RED, text))


async def _refuse(
    post: Post, target: Target, why: str, outcome: str = "refused", order: Order | None = None
) -> Result:
    started = post.ticks()
    seen = await verify.see(post, target)
    product, row = (order.product, order.row) if order is not None else ("", 0)
    return await write.refuse(post, seen, Refusal(outcome, why), product, started, row)
