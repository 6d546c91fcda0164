"""What each answer of a hub means for the gateway, and how long it waits."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.hub.receipt import Receipt as HubReceipt
from gateway.sync.answer import Answer, Held, Later, Pause, SetAside, Smaller, judge
from gateway.sync.batch import Batch
from gateway.sync.receipt import Receipt, error_of, receipt_from_json

JOURNAL = bytes(range(16))
FOUR = Batch(JOURNAL, 5, 8, b"", 4)
ONE = Batch(JOURNAL, 5, 5, b"", 1)


def receipt(watermark: object, journal: str = JOURNAL.hex(), **more: object) -> Answer:
    return Answer(200, json.dumps({"journal": journal, "watermark": watermark, **more}).encode())


@pytest.mark.parametrize(
    ("batch", "answer", "step"),
    [
        (FOUR, receipt(8), Held(Receipt(JOURNAL, 8))),
        (FOUR, receipt(100), Held(Receipt(JOURNAL, 100))),
        (FOUR, receipt(0), Held(Receipt(JOURNAL, 0))),
        (FOUR, receipt(8, conflicts=[6, "7", True]), Held(Receipt(JOURNAL, 8, conflicts=(6,)))),
        (FOUR, Answer(413, b""), Smaller()),
        (FOUR, Answer(400, b"row 7"), Smaller()),
        (FOUR, Answer(422, b"row 7"), Smaller()),
        (ONE, Answer(400, b'{"error": "no"}'), SetAside("the hub refuses it (400): no")),
        (ONE, Answer(413, b'{"error": "no"}'), SetAside("the hub refuses it (413): no")),
        (ONE, Answer(400, b"<html>"), Later("the hub answers 400: <html>")),
        (ONE, Answer(413, b""), Later("the hub answers 413: ")),
        (ONE, Answer(422, b'{"error": 3}'), Later('the hub answers 422: {"error": 3}')),
        (FOUR, Answer(0, b"no route"), Later("no route")),
        (FOUR, Answer(401, b""), Later("the hub answers 401: check [hub] token_file")),
        (
            FOUR,
            Answer(403, b'{"error": "gateway a: its certificate was revoked"}'),
            Later("the hub refuses this gateway (403): gateway a: its certificate was revoked"),
        ),
        (
            FOUR,
            Answer(403, b""),
            Later(
                "the hub refuses this gateway (403):"
                " check [hub] token_file and the client certificate"
            ),
        ),
        (ONE, Answer(503, b'{"error": "full"}'), Later("the hub answers 503: full")),
        (FOUR, Answer(409, b"busy"), Later("the hub answers 409: busy")),
        (ONE, Answer(429, b"slow", {"retry-after": "7"}), Later("the hub answers 429: slow", 7.0)),
        (ONE, Answer(503, b"full"), Later("the hub answers 503: full")),
        (FOUR, receipt(8, "00" * 16), Later("the hub's receipt is not for this journal")),
        (FOUR, Answer(200, b"<html>"), Later("the hub's receipt cannot be read")),
        (FOUR, Answer(200, b"[" * 9999), Later("the hub's receipt cannot be read")),
        (FOUR, receipt("8"), Later("the hub's receipt cannot be read")),
        (FOUR, receipt(True), Later("the hub's receipt cannot be read")),
        (FOUR, receipt(8, conflicts=3), Later("the hub's receipt cannot be read")),
    ],
)
def test_each_answer_has_its_step(batch: Batch, answer: Answer, step: object) -> None:
    assert judge(batch, answer) == step


def test_pauses_double_to_a_minute_with_full_jitter() -> None:
    highest = Pause(lambda low, high: high)
    assert [highest.next_s(0) for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    highest.reset()
    assert highest.next_s(0) == 0.5
    assert Pause(lambda low, high: low).next_s(0) == 0
    assert highest.next_s(5.0) == 5.0
    assert highest.next_s(1e9) == 60


def test_what_the_hub_writes_is_what_the_gateway_reads() -> None:
    values = (JOURNAL, 9, 4, 2, (5, 6), ((7, 8), (11, 11)), True, "no", bytes(range(32)))
    assert receipt_from_json(HubReceipt(*values).to_json()) == Receipt(*values)
    assert receipt_from_json(HubReceipt(JOURNAL, 0).to_json()) == Receipt(JOURNAL, 0)


@pytest.mark.parametrize(
    "said",
    [
        {"journal": "00", "watermark": 1},
        {"journal": JOURNAL.hex(), "watermark": -1},
        {"journal": JOURNAL.hex(), "watermark": 1 << 63},
        {"journal": JOURNAL.hex(), "watermark": 1, "hash": "00"},
        {"journal": JOURNAL.hex(), "watermark": 1, "hash": 3},
        {"journal": JOURNAL.hex(), "watermark": 1, "missing": 3},
        {"journal": JOURNAL.hex(), "watermark": 1, "refused": 3},
        {"journal": "zz" * 16, "watermark": 1},
        {"watermark": 1},
        [],
    ],
)
def test_a_receipt_that_says_something_else_is_none(said: object) -> None:
    assert receipt_from_json(json.dumps(said).encode()) is None


def test_ranges_that_are_none_are_left_out() -> None:
    said = {"journal": JOURNAL.hex(), "watermark": 1, "missing": [[2, 3], [5, 4], [1], 7, ["a", 2]]}
    assert receipt_from_json(json.dumps(said).encode()) == Receipt(JOURNAL, 1, missing=((2, 3),))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
NAMES = ("journal", "watermark", "hash", "stored", "conflicts", "missing", "forked", "refused")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, JSON)) | JSON, st.booleans())
def test_no_answer_is_too_strange(said: object, is_right: bool) -> None:
    if is_right and isinstance(said, dict):
        said |= {"journal": JOURNAL.hex(), "watermark": 3}
    step = judge(FOUR, Answer(200, json.dumps(said).encode()))
    assert isinstance(step, Held | Later)
    error_of(json.dumps(said).encode())


@given(st.binary(max_size=60))
def test_bytes_that_are_no_json_are_no_receipt(data: bytes) -> None:
    assert receipt_from_json(data) is None
