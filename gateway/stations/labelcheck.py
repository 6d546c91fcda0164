"""Print-verify: the label just printed is read back, by two engines, and held against the order that it is for.

A label passes where its code holds the order's link and a stub of the order's passport, signed by a trusted key, was
read as the same bytes by a second engine, and is of the asked-for grade (a process indicator of this camera, no
ISO/IEC 15415 grade), and where no label of that product passed before. Row "label" in the journal, with every reason
for a failure, then the row's line in the result file; "passed" is green, and told, after both.
"""

from collections.abc import Sequence
from typing import Any

from edge import stub as stubs
from edge.stub import Stub
from gateway.model import Quality
from gateway.optics.grade import grade
from gateway.records import Row
from gateway.stations import coderow
from gateway.stations.codejob import Answer, Judged
from gateway.stations.codepost import CodePost
from gateway.stations.codewatch import Keep
from gateway.stations.cycle import READ, REPEATED, Outcome
from gateway.stations.item import Item, by_code, of_order, ordered
from gateway.stations.jobbook import identity, line
from gateway.stations.orders import Order, OrderError, gtin_serial
from gateway.stations.result import GREEN, RED, Result, Signal
from gateway.stations.resultfile import ResultFile

PASSED, FAILED = "passed", "failed"

_MOST_CODES = 64  # in a row


class LabelCheck:
    """Judges what a camera reads of labels: the `check` of its CodeStation. least_grade: "A" to "D".

    orders: those that were printed; results: which of them have a label that passed. Where that file lags behind the
    journal, nobody was told, and the label is judged anew. Raises OrderError where it is of other orders.
    """

    def __init__(
        self,
        post: CodePost,
        orders: Sequence[Order],
        results: ResultFile,
        least_grade: str = "C",
    ) -> None:
        self._post = post
        self._orders = by_code(orders)
        self._results = results
        self._least = least_grade
        for order in orders:
            self._has_passed(order)

    async def __call__(
        self, outcome: Outcome, judged: Sequence[Judged], keep: Keep
    ) -> tuple[Answer, Row | None] | None:
        """The answer to one trigger, recorded; None where no label was read, which is the cycle's to tell.

        keep: archives the picture of a label that fails.
        """
        if not judged or outcome.word == REPEATED:
            return None
        item = Item(tuple(judged), hosts=self._post.hosts)
        found = ordered(item, self._orders)
        order = found[0] if len(found) == 1 else None
        faults = [] if outcome.word == READ else [outcome.reason]
        faults += _strange(item, found) if order is None else self._faults(item, order)
        word = FAILED if faults else PASSED
        telling = _telling(item, order)
        product = order.product if order is not None else telling.product
        body = _account(outcome, judged, telling, order) | {"outcome": word}
        if faults:
            body["faults"] = faults
            if image := await keep(FAILED):
                body["image"] = image
        row = await self._post.record(product, body, kind="label")
        text = "; ".join(faults) if faults else f"the label of {product}"
        signal = Signal(RED if faults else GREEN, f"{word}: {text}")
        if order is not None and not self._has_passed(order):
            answer = Result(word, b"", signal, product=product, order_row=order.row)
            self._results.append(line(order, answer, self._post.now()))
        return Answer(word, signal, product, telling), row

    def _faults(self, item: Item, order: Order) -> list[str]:
        """Why a label of this order fails."""
        product = of_order(order)
        about = item.about(product)
        disagreement = item.disagreement(product)
        faults = [disagreement] if disagreement else []
        if not any(each.code.stub is not None for each in about):
            faults.append("no code on it holds a stub")
        for each in about:
            faults += [f"{_named(each)}: {why}" for why in self._poor(each, order)]
        if self._has_passed(order):
            faults.append(f"a label of {order.product} passed before: there are two")
        return faults

    def _poor(self, judged: Judged, order: Order) -> list[str]:
        """What is wrong with one code that names the order's product."""
        from gateway.optics import confirm  # OpenCV: nothing but a camera's station needs it

        read, link, faults = judged.read, judged.code.link, []
        if link is not None and link != order.link:
            faults.append(f"its link is {link}, ordered was {order.link}")
        if judged.stub is not None and judged.stub.digest != order.digest:
            faults.append("its stub is of another passport than the order's")
        elif judged.stub is not None and (other := _other(judged.stub, order)):
            faults.append(f"its stub says other than the order: {', '.join(other)}")
        if not read.confirmed_by:
            lack = confirm.second_engine(read.symbology, read.aim)
            faults.append(lack or "no second engine reads the same there: print it anew")
        letter = grade(read.quality or Quality(), read.symbology)
        if letter > self._least:
            faults.append(f"grade {letter}, {self._least} at least: see to ribbon, heat and speed")
        return faults

    def _has_passed(self, order: Order) -> bool:
        """Whether a label of this order was told to have passed."""
        said = self._results.lines.get(order.row)
        if said is not None and (said.gtin, said.serial, said.digest) != identity(order):
            text = f"{self._results.path}: row {order.row} is of other orders: move the file away"
            raise OrderError(0, "", text)
        return said is not None and said.outcome == PASSED


def _other(stub: Stub, order: Order) -> list[str]:
    """The names of the claims in which a stub is not as ordered; the product is compared elsewhere."""
    claims = {key: value for key, value in order.claims.items() if key != stubs.PRODUCT}
    return [stubs.NAMES[key] for key, value in claims.items() if stub.claims.get(key) != value]


def _strange(item: Item, found: Sequence[Order]) -> list[str]:
    """Why a label is of no order."""
    if found:
        names = ", ".join(each.product for each in found[:3])
        return [f"its codes name {len(found)} orders: {names}"]
    named = sorted({each.product for each in item.judged if each.product})
    return [f"no order for {', '.join(named[:3])}" if named else item.said()]


def _telling(item: Item, order: Order | None) -> Judged:
    """The code that the answer is of: one with a stub, if there is one."""
    about = item.about(of_order(order)) if order is not None else ()
    return min(about or item.judged, key=lambda each: each.stub is None)


def _account(
    outcome: Outcome, judged: Sequence[Judged], telling: Judged, order: Order | None
) -> dict[str, Any]:
    """What was read, as the body of a row."""
    body: dict[str, Any] = {
        "reader": telling.read.reader,
        "trigger": outcome.trigger,
        "codes": [coderow.code(each) for each in judged[:_MOST_CODES]],
        "grade": grade(telling.read.quality or Quality(), telling.read.symbology),
        "confirmed_by": list(telling.read.confirmed_by),
    }
    gtin, serial = gtin_serial(telling.claim) if telling.claim is not None else ("", "")
    if gtin:
        body |= {"gtin": gtin, "serial": serial}
    if telling.code.link is not None:
        body["link"] = telling.code.link
    if telling.stub is not None:
        body["stub"] = telling.stub.raw
    if telling.verdict is not None:
        body["verdict"] = telling.verdict.as_dict()
    if order is not None:
        body["order_row"] = order.row
    return body


def _named(judged: Judged) -> str:
    return judged.read.symbology or judged.read.aim or "code"
