"""Orders: each is taken once, over starts and when the same list comes again."""

from expect import folder, raises

from edge import cbor
from edge.errors import Malformed
from reader import files
from reader.orders import Orders
from reader.state import State

CLAIMS = {1: 2, 4: ["gs1", 1, "s"]}


def installed(orders, value):
    path = orders._path + ".part"
    files.write(path, (value if isinstance(value, bytes) else cbor.encode(value),))
    for ms in orders.install(path):
        assert ms == 0


def listed(number, count):
    return [number, [[f"https://example.org/{n}", CLAIMS] for n in range(count)]]


def test_each_order_is_taken_once_over_starts():
    data = folder()
    orders = Orders(data, State(data))
    assert (orders.number, orders.left, orders.peek()) == (0, 0, None)
    installed(orders, listed(7, 30))
    for taken in range(30):
        n, link, claims = orders.peek()
        assert (link, claims) == (f"https://example.org/{taken}", CLAIMS)
        orders.take(n)
        orders.take(n)
        orders = Orders(data, State(data))
        assert (orders.number, orders.left) == (7, 29 - taken)
    assert orders.peek() is None


def test_the_same_list_goes_on_another_begins():
    data = folder()
    orders = Orders(data, State(data))
    installed(orders, listed(7, 3))
    first = orders.peek()[0]
    orders.take(first)
    installed(orders, listed(7, 3))
    assert orders.left == 2
    installed(orders, listed(8, 3))
    assert orders.left == 3
    orders.take(first)
    assert orders.left == 3
    installed(orders, listed(9, 0))
    assert (orders.number, orders.left, orders.peek()) == (9, 0, None)


def test_what_is_no_list_of_orders_leaves_the_one_before():
    data = folder()
    orders = Orders(data, State(data))
    installed(orders, listed(7, 3))
    whole = cbor.encode(listed(8, 3))
    for wrong in (
        [8],
        [8, {}],
        [0, []],
        ["8", []],
        [8, [], 0],
        [8, [["link"]]],
        [8, [[{}, "link"]]],
        whole + b"\x00",
    ):
        raises(Malformed, installed, orders, wrong)
    for end in range(len(whole)):
        raises(Malformed, installed, orders, whole[:end])
    assert (orders.number, orders.left) == (7, 3) and Orders(data, State(data)).left == 3


def test_a_list_that_was_damaged_on_flash_leaves_a_handheld_that_starts():
    data = folder()
    orders = Orders(data, State(data))
    installed(orders, listed(7, 3))
    orders.take(orders.peek()[0])
    raw = files.read(data + "/orders")
    for damaged in (b"\xff" + raw[1:], raw[:2], b"\x82\x20\x80"):
        files.write(data + "/orders", (damaged,))
        again = Orders(data, State(data))
        assert (again.number, again.left, again.peek()) == (0, 0, None)
        installed(again, listed(7, 3))
        assert (again.number, again.left) == (7, 2)
