"""The verifier in the passport page, run by node: are its answers edge's, how long does one take, how large is it."""

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from random import Random

from edge import trust
from edge.verify import verify
from gateway.keys import DeviceKey, verifier
from tests import verifier_limits
from tests.bench.passports import KIND, LINK, NOW, UID, Issuer
from tests.bench.size import ROOT, Size
from tests.bench.table import Row, progress
from tests.signature_cases import disputed
from tests.verifier_cases import World
from tests.verifier_page import Case, Page

_SCRIPT = ROOT / "gateway" / "web" / "static" / "verify.js"
_LIMIT = 15 * 1024  # bytes as it stands
_TOGETHER = 2000  # questions
_TIMES = 2000  # that one stub is verified
_MOST_MS = 10.0  # of the page's 300 from its first byte to the verdict


def rows(size: Size) -> Iterator[Row]:
    """Differences from edge, milliseconds and bytes."""
    count, world = size.of(20_000, 100_000), World(size.seed)
    with Page() as page:
        for what, cases in (
            ("trust lists", world.trusts(count // 50)),
            ("stubs", world.verdicts(count)),
            ("links", world.names(count)),
            ("fragments", world.fragments(count // 5)),
            ("CBOR items", world.items(count)),
            ("signatures", disputed(Random(size.seed), 1 + count // 5000)),
            ("limits of all these", _limits()),
        ):
            yield _compared(page, what, cases)
        for curve in ("ed25519", "p256"):
            yield _timed(page, curve)
    yield Row("the verifier as it stands", _SCRIPT.stat().st_size, "B", at_most=_LIMIT)


def _limits() -> Iterator[Case]:
    for cases in ("stubs", "items", "fragments", "links", "chains", "lists"):
        yield from getattr(verifier_limits, cases)()


def _compared(page: Page, what: str, cases: Iterable[Case]) -> Row:
    """How many of the page's answers are not edge's."""
    asked = differ = 0
    first = ""
    words: dict[str, int] = {}
    cases = iter(cases)
    while some := list(islice(cases, _TOGETHER)):
        asked += len(some)
        answers = page.ask([question for question, _ in some])
        for (question, expected), answer in zip(some, answers, strict=True):
            differ += answer != expected
            if answer != expected and not first:
                first = f"first: {question}"
            word = _word(expected)
            words[word] = words.get(word, 0) + 1
        progress(f"{asked:,} {what}")
    most = sorted(words.items(), key=lambda each: -each[1])[:18]
    note = first or ", ".join(f"{word} {times:,}" for word, times in most)
    return Row(f"answers that are not edge's, of {asked:,} {what}", differ, at_most=0, note=note)


def _word(answer: object) -> str:
    """What a table counts an answer as."""
    if isinstance(answer, dict):
        return "green" if answer.get("colour") == "green" else str(answer.get("row", "a value"))
    if isinstance(answer, bool) or answer is None:
        return {True: "yes", False: "no", None: "none"}[answer]
    return "malformed" if answer == "malformed" else "a value"


def _timed(page: Page, curve: str) -> Row:
    """A verdict on a good stub, all of it, without reading the list."""
    issuer, root = Issuer(curve), DeviceKey.generate()
    data = trust.encode(issuer.trust, root.alg, root.kid, root.sign)
    raw = issuer.stub(0)
    listed = {"do": "trust", "name": curve, "data": data.hex(), "root": root.public.hex()}
    where = {"kind": KIND, "id": UID.hex(), "link": LINK, "previous": None, "known_seq": None}
    question = {"stub": raw.hex(), "trust": curve, "now": NOW, **where}
    _, answer, _, took = page.ask(
        [
            listed,
            {"do": "verify", **question},
            {"do": "time", "times": _TIMES // 10, **question},
            {"do": "time", "times": _TIMES, **question},
        ]
    )
    assert answer["colour"] == "green"
    begin = time.perf_counter()
    for _ in range(_TIMES):
        verify(raw, issuer.trust, verifier, NOW, KIND, UID, LINK)
    here = (time.perf_counter() - begin) / _TIMES * 1000
    return Row(f"a verdict in node, {curve}", took, "ms", ("edge", here), at_most=_MOST_MS)
