"""Labels: what the code printed for an order holds, its link with a signed stub in the fragment.

The print profile of the passport stub: no carrier claim, for paper has no identity, and always the first of its chain.
"""

from edge import printed
from edge import stub as stubs
from gateway.stations.orders import Claims, Order
from gateway.stations.post import Seal


def label(order: Order, seal: Seal, form: str) -> str:
    """The text of an order's code; form: how the fragment spells the stub, printed.BASE64URL or printed.BASE32.

    The same order under the same key and second is the same text. Raises as `signed`.
    """
    return printed.join(order.link, signed(order, seal), form)


def signed(order: Order, seal: Seal) -> bytes:
    """The stub of an order for print. Raises Malformed for claims that no stub may have, DoesNotFit."""
    claims: Claims = {stubs.VERSION: 1, stubs.ISSUED_AT: seal.now, stubs.SEQ: 0} | order.claims
    return stubs.encode(claims, seal.key.alg, seal.key.kid, seal.key.sign)
