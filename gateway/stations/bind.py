"""Bind: the code on an item and the tag on it become one product, or are refused with both names.

The tag is verified (or, blank, commissioned with the order that the code names), the code beside it read and verified,
and one row "bind" in the journal says that both are on the same item. A product that needs a code which was not read
yet is "incomplete": its row says which is missing, and showing the tag again asks for it anew.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.model import Target
from gateway.stations import verify, write
from gateway.stations.carriers import carrier, codes
from gateway.stations.coderow import code
from gateway.stations.commission import commission_one
from gateway.stations.item import Item, Product, Sight, look, of_link, of_order, ordered
from gateway.stations.orders import Order, gtin_serial
from gateway.stations.post import Post
from gateway.stations.result import AMBER, GREEN, RED, Refusal, Result, Signal
from gateway.stations.station import DEDUPE_S, Station

BOUND, INCOMPLETE = "bound", "incomplete"

CARRIED = ("commissioned", "repaired", "already", "verified")
"""Outcomes behind which a tag carries its product."""

_NO_PRODUCT = "this tag names no item, so nothing can be bound to it"


class BindStation:
    """A tag reader and the code reader beside it. orders: item.by_code, for blank tags; requires: as in [[reader]]."""

    def __init__(
        self,
        post: Post,
        sight: Sight,
        orders: Mapping[str, Order] | None = None,
        requires: Sequence[str] = (),
        dedupe_s: float = DEDUPE_S,
    ) -> None:
        self._sight = sight
        self._orders = orders
        self._requires = requires
        self._station = Station(post, dedupe_s)

    async def run(self) -> AsyncIterator[Result]:
        """Serve every tag that shows up, for ever; yields a Result each."""
        while True:
            result = await self.serve()
            if result is not None:
                yield result

    async def serve(self, idle_s: float | None = None) -> Result | None:
        """Wait for the next tag and bind it; None when no new tag came for `idle_s`. Raises as Station.serve."""
        result = await self._station.serve(self._bind, idle_s)
        if result is None or result.outcome != "repaired":
            return result
        # its torn write is finished: no need to show it again
        needed = _needed(result, self._orders, self._requires)
        return await bound(self._station.post, result, await look(self._sight, needed), needed)

    async def _bind(self, post: Post, target: Target) -> Result:
        return await bind_one(post, target, self._sight, self._orders, self._requires)


async def bind_one(
    post: Post,
    target: Target,
    sight: Sight,
    orders: Mapping[str, Order] | None = None,
    requires: Sequence[str] = (),
) -> Result:
    """Bind the tag to the code that is read beside it, or answer why not. Raises as verify.see, SeveralTags.

    orders: item.by_code; a blank tag is commissioned with the one that the code names. None: blank tags are refused.
    """
    started = post.ticks()
    seen = await verify.see(post, target)
    if seen.verdict is not None:
        tag = await verify.told(
            post, seen, started, *verify.judged(seen.verdict, bool(seen.memory))
        )
        if tag.signal.colour != GREEN:
            return tag
        needed = _needed(tag, orders, requires)
        return await bound(post, tag, await look(sight, needed), needed)
    if orders is None:
        text = f"{seen.tag.describe()}: commission it first, or give the orders"
        return await write.refuse(post, seen, Refusal("refused", text), "", started)
    item = await look(sight, requires)
    order = choice(item, orders)
    if isinstance(order, Refusal):
        return unordered(order, await write.refuse(post, seen, order, "", started))
    tag = await commission_one(post, target, order)
    if tag.outcome not in CARRIED:
        return tag
    return await bound(post, tag, item, requires, order)


async def bound(
    post: Post, tag: Result, item: Item, requires: Sequence[str], order: Order | None = None
) -> Result:
    """What a tag that carries its product and the codes beside it amount to; recorded.

    tag: one of CARRIED. Outcome "bound", "incomplete" or "refused". Green only where the tag's own answer was.
    The row's carriers: what names the product; fit: those of them that are all which one that is required must be.
    """
    product = of_order(order) if order is not None else _product(tag)
    if product is None:
        return await _refused(post, tag, item, _NO_PRODUCT)
    disagreement = item.disagreement(product)
    if disagreement:
        return await _refused(post, tag, item, disagreement)
    claims = order.claims if order is not None else tag.stub.claims if tag.stub is not None else {}
    needed = codes(claims, order.carriers if order is not None else (), requires)
    missing = item.missing(product, needed)
    about = item.about(product)
    if not about and not missing:
        if item.judged:
            return await _refused(post, tag, item, item.said())
        missing = {"code": item.said()}
    outcome = INCOMPLETE if missing else BOUND
    body = _account(tag, product, item) | {"outcome": outcome}
    if missing:
        body["missing"] = missing
    body["carriers"] = sorted({carrier(each.read) or "code" for each in about})
    body["fit"] = item.fit(product)
    row = await post.record("bind", tag.uid, tag.product or product.name, body)
    if missing:
        signal = Signal(AMBER, f"{product.name} is not complete: {told(missing)}: show it again")
    elif tag.signal.colour != GREEN:
        signal = tag.signal
    else:
        signal = Signal(GREEN, f"bound: {product.name}")
    return replace(
        tag,
        outcome=outcome,
        signal=signal,
        product=tag.product or product.name,
        journal_seq=row.seq if row else None,
    )


def choice(item: Item, orders: Mapping[str, Order]) -> Order | Refusal:
    """The one order that the codes of an item name; orders: item.by_code. "incomplete": nothing was read yet."""
    found = ordered(item, orders)
    if not item.judged:
        return Refusal(INCOMPLETE, f"nothing written: {item.said()}: show the item again")
    if len(found) > 1:
        names = ", ".join(each.product for each in found[:3])
        text = f"the codes beside it name {len(found)} orders: {names}: show one item"
        return Refusal("refused", text)
    if not found:
        named = sorted({each.product for each in item.judged if each.product})
        return Refusal("refused", f"no order for {', '.join(named[:3])}" if named else item.said())
    disagreement = item.disagreement(of_order(found[0]))
    return Refusal("refused", disagreement) if disagreement else found[0]


def unordered(refusal: Refusal, refused: Result) -> Result:
    """The answer to a tag for which no order was chosen: amber where nothing was read, for nothing is wrong yet."""
    if refusal.outcome != INCOMPLETE:
        return refused
    return replace(refused, signal=Signal(AMBER, refusal.sentence))


def told(missing: Mapping[str, str]) -> str:
    """Which carriers are missing and why, in one line."""
    return "; ".join(f"{each}: {why}" for each, why in missing.items())


async def _refused(post: Post, tag: Result, item: Item, reason: str) -> Result:
    body = _account(tag, _product(tag), item) | {"outcome": "refused", "reason": reason}
    row = await post.record("refused", tag.uid, tag.product, body)
    return replace(
        tag,
        outcome="refused",
        signal=Signal(RED, f"not bound: {reason}"),
        journal_seq=row.seq if row else None,
    )


def _account(tag: Result, product: Product | None, item: Item) -> dict[str, Any]:
    """Tag and codes as the body of a row."""
    body: dict[str, Any] = {"codes": [code(each) for each in item.judged]}
    if product is not None:
        gtin, serial = gtin_serial(product.claim)
        body |= {"gtin": gtin, "serial": serial} if gtin else {}
    if tag.link is not None:
        body["link"] = tag.link
    if tag.stub is not None:
        body |= {"stub": tag.stub.raw, "seq": tag.seq}
    if tag.verdict is not None:
        body["verdict"] = tag.verdict.as_dict()
    if tag.order_row:
        body["order_row"] = tag.order_row
    return body


def _needed(
    tag: Result, orders: Mapping[str, Order] | None, requires: Sequence[str]
) -> tuple[str, ...]:
    """What is required of a product that has its tag: by the station, and by its order, where that is at hand."""
    product = _product(tag)
    order = orders.get(product.name) if orders is not None and product is not None else None
    return codes({}, order.carriers if order is not None else (), requires)


def _product(tag: Result) -> Product | None:
    if tag.stub is not None:
        return Product(tag.stub.product, tag.link, tag.stub.granularity)
    return of_link(tag.link) if tag.link is not None else None
