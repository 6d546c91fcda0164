"""An item beside a tag reader: the codes on it, and whether they name the product that the tag carries.

A code speaks for a product where its stub does, or it names the very item; a bare GTIN names a class of items, and a
foreign link says nothing. One code that names another product is enough to refuse the pair.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from edge import codes, gs1, stub, weblink
from edge.errors import Malformed
from gateway.config import CodesConfig
from gateway.model import DeviceTrouble, Wanted
from gateway.stations.carriers import carrier
from gateway.stations.codejob import Judged, judge, stray
from gateway.stations.codepost import CodePost
from gateway.stations.cycle import NO_MATCH, NO_READ, Outcome
from gateway.stations.orders import Order, gtin_serial, product_name

_MOST_NAMED = 3  # codes in a sentence


class Sight(Protocol):
    """A code station, as far as a station beside it needs one."""

    @property
    def post(self) -> CodePost:
        """Whose reader it is."""

    @property
    def rules(self) -> CodesConfig:
        """How many codes an item has, and how long to look for them."""

    async def once(self, want: Wanted, timeout_s: float) -> Outcome:
        """Trigger the reader now; what it saw, durable. JournalTrouble."""


@dataclass(frozen=True)
class Product:
    """What a tag says that it is on. claim: claim 1 of its stub, or as its link names it; link: None for none."""

    claim: Sequence[Any]
    link: str | None = None
    granularity: int = stub.ITEM

    @property
    def name(self) -> str:
        """As in the journal."""
        return product_name(self.claim)


@dataclass(frozen=True)
class Item:
    """What one trigger brought. trouble: why there is nothing, of the device or the cycle; "" where it read codes.

    hosts: that links may name, () for any. barred: why the code reader's match list refuses what was read, "" fine.
    """

    judged: tuple[Judged, ...] = ()
    trouble: str = ""
    hosts: tuple[str, ...] = ()
    barred: str = ""

    def about(self, product: Product) -> list[Judged]:
        """The codes that name this product."""
        return [each for each in self.judged if _is_about(each, product)]

    def disagreement(self, product: Product) -> str:
        """Why these codes do not belong to a tag with this product; "" where nothing speaks against it."""
        for each in self.judged:
            if _is_about(each, product) is False:
                return f"the tag carries {product.name}, the code {_named(each)}: take another item or tag"
        for each in self.about(product):
            if each.fault:
                return f"the code of {product.name} is refused: {each.fault}"
        for each in self.judged:
            if why := _distrust(each, product, self.hosts):
                return f"the stub in the code {_named(each)} is not trusted: {why}"
        return f"the codes beside it are refused: {self.barred}" if self.barred else ""

    def fit(self, product: Product) -> list[str]:
        """The carriers among the codes that are all which a product needs one to be."""
        kinds = {
            carrier(each.read) for each in self.judged if not _unfit(each, product, self.hosts)
        }
        return sorted(kinds - {""})

    def missing(self, product: Product, needed: Iterable[str]) -> dict[str, str]:
        """Carrier -> why it is still missing, of those that are needed; {} where all were read and are right."""
        found = {each: self._lack(product, each) for each in needed}
        return {each: why for each, why in found.items() if why}

    def said(self) -> str:
        """What was read instead of the item's name, or why nothing was, for people."""
        if not self.judged:
            return self.trouble or "no code was read"
        texts = [each.fault or each.text for each in self.judged[:_MOST_NAMED]]
        return f"no code names an item: {', '.join(texts)}"

    def _lack(self, product: Product, needed: str) -> str:
        if not self.judged:
            return self.trouble or "no code was read"
        of_kind = [each for each in self.judged if carrier(each.read) == needed]
        if not of_kind:
            dumb = any(not each.read.aim and not each.read.symbology for each in self.judged)
            return (
                "the scanner does not tell symbologies: let it send AIM identifiers"
                if dumb
                else f"no {needed} among the {len(self.judged)} codes that were read"
            )
        return min((_unfit(each, product, self.hosts) for each in of_kind), key=len)


def order_keys(order: Order) -> Iterable[str]:
    """What a code may name an order by."""
    gtin, serial = gtin_serial(order.claims[stub.PRODUCT])
    return {order.product, f"{gtin}/{serial}" if gtin else "", order.link} - {""}


def by_code(orders: Iterable[Order]) -> Mapping[str, Order]:
    """Orders by all that a code may name them by; of two for one product the first."""
    found: dict[str, Order] = {}
    for order in orders:
        for key in order_keys(order):
            found.setdefault(key, order)
    return found


def ordered(item: Item, orders: Mapping[str, Order]) -> list[Order]:
    """The distinct orders that the codes of an item name; orders: by_code."""
    found = []
    for each in item.judged:
        gtin, serial = gtin_serial(each.claim) if each.claim is not None else ("", "")
        for key in (each.product, f"{gtin}/{serial}", each.code.link or ""):
            order = orders.get(key)
            if order is not None and order not in found:
                found.append(order)
    return found


def of_order(order: Order) -> Product:
    """What an order's tag will carry."""
    claims = order.claims
    return Product(claims[stub.PRODUCT], order.link, claims.get(stub.GRANULARITY, stub.ITEM))


def of_link(link: str) -> Product | None:
    """What a tag without a stub carries, as its link names it; None where that is no single item."""
    try:
        gtin, batch, serial = gs1.parse_link(link)
    except Malformed:
        return Product([stub.WEB_LINK, link], link)
    if serial is None:
        return None
    return Product([stub.GS1, gtin, batch, serial] if batch else [stub.GS1, gtin, serial], link)


async def look(sight: Sight, needed: Sequence[str] = ()) -> Item:
    """Trigger the reader beside and judge what it saw; a device that is away is an Item with its trouble."""
    rules = sight.rules
    want = Wanted(max(rules.count, len(needed)))
    try:
        outcome = await sight.once(want, rules.timeout_s)
    except DeviceTrouble as why:
        return Item(trouble=str(why))
    if outcome.word == NO_READ:  # also where fewer codes than the rules ask for count as none
        return Item(trouble=outcome.reason or "no code was read", hosts=sight.post.hosts)
    judged = tuple(judge(each, sight.post) for each in outcome.codes)
    barred = outcome.reason if outcome.word == NO_MATCH else ""
    return Item(judged, outcome.reason, sight.post.hosts, barred)


def _is_about(judged: Judged, product: Product) -> bool | None:
    """Whether a code names this product; None where it names none, or none that can be compared."""
    if judged.stub is not None:
        return stub.is_same_product(judged.stub.product, product.claim)
    code = judged.code
    if code.link is not None and code.link == product.link:
        return True
    named = codes.names(code, product.claim)
    is_class = code.serial is None and product.claim[0] == stub.GS1
    return None if named and is_class else named


def _distrust(judged: Judged, product: Product, hosts: Sequence[str]) -> str:
    """Why the stub in a code is not believed, whatever it names; "" where it is, or there is none."""
    if judged.code.stub is None:  # what is wrong with the code may have kept it from being unpacked
        return judged.fault if b"#s=" in judged.read.data else ""
    if judged.verdict is None or not judged.verdict.is_green():
        return judged.verdict.why() if judged.verdict is not None else "there is no verdict"
    return "" if judged.code.link == product.link else stray(judged.verdict, hosts)


def _unfit(judged: Judged, product: Product, hosts: Sequence[str]) -> str:
    """Why a code is not the carrier that a product needs; "" where it is."""
    link = judged.code.link
    if link is None:
        return f"it holds no link that a phone opens: {judged.fault or judged.text}"
    if not _is_about(judged, product):
        return f"it names {_named(judged)}, and no item {product.name}"
    if judged.fault:
        return judged.fault
    wrong = weblink.faults(link, hosts, product.granularity, product.claim)
    if wrong:
        return "; ".join(wrong)
    if judged.code.stub is not None and (judged.verdict is None or not judged.verdict.is_green()):
        return f"its stub: {judged.verdict.why() if judged.verdict else 'not verified'}"
    return ""


def _named(judged: Judged) -> str:
    return judged.product or judged.text
