"""What a code is worth: its bytes understood, its link held against the rules, its stub verified."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge import weblink
from edge.codes import Code, understand
from edge.stub import PRODUCT, Stub
from edge.verify import Verdict, verify
from gateway.model import CodeRead
from gateway.stations.codepost import CodePost
from gateway.stations.cycle import NO_READ, READ, Outcome
from gateway.stations.orders import product_name
from gateway.stations.result import AMBER, GREEN, RED, Signal

_SHOWN = 80  # characters of a code in a sentence


@dataclass(frozen=True)
class Judged:
    """One code in the light of all that the post knows. product: its name in the journal, "" where it names none.

    claim: the stub's claim 1 for that product, of the stub where one can be decoded, else of the link. verdict: None
    where it holds no stub, and for job "verify" names no product either. fault: why it is refused, "" fine.
    """

    read: CodeRead
    code: Code
    verdict: Verdict | None
    signal: Signal
    product: str
    claim: Sequence[object] | None
    stub: Stub | None
    fault: str

    @property
    def text(self) -> str:
        """The code for people: its text, its elements as GS1 prints them, or its bytes in hex; cut where it is long."""
        return shown(self.read.data, self.code)


@dataclass(frozen=True)
class Answer:
    """What an Outcome amounts to at a post. outcome: the Result's word; telling: the code that the answer is of."""

    outcome: str
    signal: Signal
    product: str = ""
    telling: Judged | None = None


def judge(read: CodeRead, post: CodePost) -> Judged:
    """What one code is worth at this post, now; never raises for what a code holds."""
    code = understand(read.aim, read.data, hosts=post.hosts)
    verdict, stub, claim = None, None, code.product
    if code.stub is not None:
        verdict, stub = verify(code.stub, post.trust, post.check, int(post.now()), link=code.link)
        claim = stub.claims[PRODUCT] if stub is not None else claim
    elif claim is not None and post.job != "read":
        verdict = Verdict("unsigned", "code")
    faults = [code.fault] if code.fault else []
    if code.link is not None and not code.fault:
        faults = weblink.faults(code.link, post.hosts)
    fault = "; ".join(faults)
    product = product_name(claim)
    signal = _signal(shown(read.data, code), verdict, fault, post.job)
    return Judged(read, code, verdict, signal, product, claim, stub, fault)


def answer(outcome: Outcome, judged: Sequence[Judged]) -> Answer:
    """What an outcome with these codes amounts to: of several, the worst counts."""
    products = sorted({each.product for each in judged if each.product})
    if len(products) > 1 and outcome.word == READ:
        text = f"codes of {len(products)} products: {', '.join(products[:3])}"
        return Answer("refused", Signal(RED, text))
    product = products[0] if len(products) == 1 else ""
    telling = min(judged, key=_rank, default=None)
    if outcome.word != READ or telling is None:
        colour = AMBER if outcome.word in (NO_READ, "repeated") else RED
        sentence = f"{outcome.word.replace('_', ' ')}: {outcome.reason}"
        return Answer(outcome.word, Signal(colour, sentence), product, telling)
    refused = next((each for each in judged if each.fault), None)
    if refused is not None:
        return Answer("refused", refused.signal, product, refused)
    is_green = telling.signal.colour == GREEN
    if is_green and telling.verdict is None:
        return Answer(READ, telling.signal, product, telling)
    return Answer("verified" if is_green else "not_verified", telling.signal, product, telling)


def shown(data: bytes, code: Code) -> str:
    """A code for people, 80 characters at most."""
    words = code.text
    if words is None and code.elements:
        words = "".join(f"({name}){value}" for name, value in code.elements)
    if words is None:
        words = data[:_SHOWN].hex()
    return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1]}…"


def _rank(judged: Judged) -> tuple[bool, bool]:
    """The code with a stub tells most, then one that names a product."""
    return judged.stub is None and judged.code.stub is None, not judged.product


def _signal(text: str, verdict: Verdict | None, fault: str, job: str) -> Signal:
    if fault:
        return Signal(RED, f"refused: {fault}")
    if verdict is None and job == "read":
        return Signal(GREEN, f"read: {text}")
    if verdict is None:
        return Signal(RED, f"no passport in this code: {text}")
    words = "verified" if verdict.is_green() else "not verified"
    return Signal(verdict.colour(), f"{words}: {verdict.why()}")
