"""labels.csv: what the code of each order holds, so that a label that is made again is the same label.

A stub tells when it was signed, so the text of an order's code is kept, not signed anew. One line each, durable before
its label is drawn; the last line of a row counts.
"""

from dataclasses import dataclass

from gateway.stations.orders import Order
from gateway.stations.rowfile import RowFile


@dataclass(frozen=True)
class Line:
    """One row of the file, as text: digest in hex; text: what the code holds; kid: the key that signed, "" for none."""

    row: str
    product: str
    digest: str
    kid: str
    link: str
    text: str

    def is_of(self, order: Order, kid: str) -> bool:
        """Whether this is the label of that order under that key."""
        mine = (order.product, (order.digest or b"").hex(), kid, order.link)
        return (self.product, self.digest, self.kid, self.link) == mine


class LabelFile(RowFile[Line]):
    """labels.csv."""

    of = Line
    name = "file of labels"
    remedy = "make the labels again"
    largest = 1 << 30
