"""What a code is worth: its bytes understood, its link held against the rules, its stub verified."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge import weblink
from edge.codes import Code, names
from edge.stub import PRODUCT, Stub
from edge.verify import Verdict, verify
from gateway.model import CodeRead
from gateway.stations.codepost import CodePost
from gateway.stations.cycle import NO_MATCH, READ, TOO_MANY, Outcome
from gateway.stations.orders import product_name
from gateway.stations.result import AMBER, GREEN, RED, Signal

_SHOWN = 80  # characters of a code in a sentence
_LONGEST_NAME = 512  # characters of a product's name, which the hub takes
_COLOURS = (GREEN, AMBER, RED)


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
    """What an Outcome amounts to at a post. outcome: the Result's word; product: the one that the codes name.

    telling: the code that says most of it, None where there is no code, or there are several products.
    """

    outcome: str
    signal: Signal
    product: str = ""
    telling: Judged | None = None


def judge(read: CodeRead, post: CodePost) -> Judged:
    """What one code is worth at this post, now; never raises for what a code holds."""
    from gateway.optics.elements import understand  # biip: 0.2 s that only a code station needs

    code = understand(read.aim, read.data, post.hosts)
    verdict, stub, claim = None, None, code.product
    if code.stub is not None:
        verdict, stub = verify(code.stub, post.trust, post.check, int(post.now()), link=code.link)
        claim = stub.claims[PRODUCT] if stub is not None else claim
    elif claim is not None and post.job != "read":
        verdict = Verdict("unsigned", "code")
    faults = [code.fault] if code.fault else [] if read.data else ["it holds nothing"]
    if code.link is not None and not code.fault:
        faults = weblink.faults(code.link, post.hosts)
    product = product_name(claim)
    if len(product) > _LONGEST_NAME:
        faults.append(f"the product's name has {len(product)} characters, {_LONGEST_NAME} at most")
        product = ""
    fault = "; ".join(faults)
    doubt = stray(verdict, post.hosts)
    if doubt and not fault:
        signal = Signal(AMBER, f"not verified: {doubt}")
    else:
        signal = _signal(shown(read.data, code), verdict, fault, post.job)
    return Judged(read, code, verdict, signal, product, claim, stub, fault)


def answer(outcome: Outcome, judged: Sequence[Judged]) -> Answer:
    """What an outcome with these codes amounts to. Codes may be of several products, of which the worst counts."""
    by_product: dict[str, Judged] = {}
    for each in sorted(judged, key=_rank):
        by_product.setdefault(each.product, each)
    nameless = by_product.pop("", None) if len(by_product) > 1 else None
    found = list(by_product.values())
    telling = found[0] if len(found) == 1 else None
    if nameless is not None and nameless.code.stub is not None:
        found.append(nameless)  # what else names no product says least
    product = telling.product if telling else ""
    if outcome.word != READ or not found:
        colour = RED if outcome.word in (TOO_MANY, NO_MATCH) else AMBER
        sentence = f"{outcome.word.replace('_', ' ')}: {outcome.reason}"
        return Answer(outcome.word, Signal(colour, sentence), product, telling)
    refused = next((each for each in judged if each.fault), None) or _stranger(judged, telling)
    if refused is not None:
        return Answer("refused", refused.signal, product, telling)
    worst = max(found, key=lambda each: _COLOURS.index(each.signal.colour))
    signal = worst.signal
    if telling is None and signal.colour == GREEN:
        signal = Signal(GREEN, f"{len(found)} products, each {signal.sentence.partition(':')[0]}")
    if signal.colour != GREEN:
        return Answer("not_verified", signal, product, telling)
    word = "verified" if all(each.verdict is not None for each in found) else READ
    return Answer(word, signal, product, telling)


def stray(verdict: Verdict | None, hosts: Sequence[str]) -> str:
    """Why a good stub does not vouch for the link of its code; "" where it does, or nothing good stands there.

    It can be copied behind any link: one that names no product to compare is believed for its host alone.
    """
    if hosts or verdict is None or not verdict.is_green() or verdict.link == "match":
        return ""
    return "the link before its stub names no product, and no hosts are given that links may name"


def shown(data: bytes, code: Code) -> str:
    """A code for people, 80 characters at most."""
    words = code.text
    if words is None and code.elements:
        words = "".join(f"({name}){value}" for name, value in code.elements)
    if words is None:
        words = data[:_SHOWN].hex()
    return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1]}…"


def _stranger(judged: Sequence[Judged], telling: Judged | None) -> Judged | None:
    """The code that names another product than the one that the others name: an EAN of another article."""
    if telling is None or telling.claim is None:
        return None
    for each in judged:
        if not each.product and names(each.code, telling.claim) is False:
            text = f"refused: {each.text} is of another product than {telling.product}"
            return replace(each, signal=Signal(RED, text))
    return None


def _rank(judged: Judged) -> tuple[bool, bool, int]:
    """The code with a stub tells most, then one that names a product; of those that tell as much, the worst."""
    is_worth = -_COLOURS.index(judged.signal.colour)
    return judged.stub is None and judged.code.stub is None, not judged.product, is_worth


def _signal(text: str, verdict: Verdict | None, fault: str, job: str) -> Signal:
    if fault:
        return Signal(RED, f"refused: {fault}")
    if verdict is None and job == "read":
        return Signal(GREEN, f"read: {text}")
    if verdict is None:
        return Signal(RED, f"no passport in this code: {text}")
    words = "verified" if verdict.is_green() else "not verified"
    return Signal(verdict.colour(), f"{words}: {verdict.why()}")
