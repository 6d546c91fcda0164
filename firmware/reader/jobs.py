"""What the handheld does with a tag, as generators over values: they yield a request and are sent its answer.

    ("target",) -> uid | None          ("pages", first, count) -> bytes         ("write", page, data) -> None
    ("version",) -> bytes              ("check", key, message, signature) -> bool
    ("sign", data) -> signature        ("record", kind, uid, product, body) -> seq, durable
    ("rssi", epc | None) -> (epc, rssi_dbm) | None      ("show", Screen) -> None      ("wait", ms) -> None

A DeviceTrouble is thrown in where the request failed; one that a job does not answer for ends it.
"""

import hashlib

from edge import carrier, stub, type2, verify
from reader import ui
from reader.errors import FlashFull, TagGone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from edge.carrier import Carrier
    from edge.trust import Entry
    from edge.type2 import Image
    from edge.verify import Verdict
    from reader.station import Kit

    Request = tuple[Any, ...]
    Job = Generator[Request, Any, "Result | None"]

_PATIENCE_MS = 5000  # from the trigger to a tag

STANDS = {
    "unformatted": "not formatted",
    "blank": "empty",
    "foreign": "other content",
    "link": "a link alone",
    "mini": "a signed link",
    "slots": "no passport in its slots",
}  # by Carrier.state


class Result:
    """A tag as it was read and judged. verdict: None where nothing of ours stands there; screen: what to show of it.

    product: by name, "" where it is not known; slot, stub: the current one.
    """

    def __init__(self, image: "Image", seen: "Carrier") -> None:
        self.uid = seen.id
        self.image = image
        self.carrier = seen
        self.link = seen.link
        self.verdict: "Verdict | None" = None
        self.slot: "int | None" = None
        self.stub: "stub.Stub | None" = None
        self.product = ""
        self.screen = ui.Screen("", "")

    @property
    def is_ours(self) -> "bool":
        """Whether it is validly signed for this very tag, by whomever."""
        found = self.verdict
        return found is not None and (found.integrity, found.binding) == ("valid", "match")


class Checks:
    """A trust list and a verifier for edge.verify that note what they are asked, and are told it in between.

    A P-256 key is as one that is not listed: there is no code here to check it.
    """

    def __init__(self, trust: "Any") -> None:
        self.not_after = trust.not_after
        self._list = trust
        self._entries: "dict[bytes, list[Entry]]" = {}
        self._answers: "dict[bytes, bool]" = {}  # by digest
        self._asked: "list[tuple[bytes, Request]]" = []

    def find(self, kid: "bytes") -> "list[Entry]":
        if kid not in self._entries:
            self._entries[kid] = [each for each in self._list.find(kid) if len(each.key) == 32]
        return self._entries[kid]

    def check(self, key: "bytes", message: "bytes", signature: "bytes") -> "bool":
        digest = hashlib.sha256(key + signature + message).digest()
        if digest not in self._answers:
            self._answers[digest] = False
            self._asked.append((digest, ("check", key, message, signature)))
        return self._answers[digest]

    def settle(self, judge: "Callable[[], Any]") -> "Generator[Request, Any, Any]":
        """What `judge` returns once all is answered that it asks."""
        while True:
            found = judge()
            if not self._asked:
                return found
            while self._asked:
                digest, request = self._asked.pop()
                self._answers[digest] = yield request


def look(
    kit: "Kit", uid: "bytes", checks: "Checks", whole: "bool" = False
) -> "Generator[Request, Any, Result]":
    """Read the tag and judge it; both slots where `whole`, or where the current one is not green."""
    image = type2.Image()
    while True:
        yield from _read(image, whole)
        result = Result(image, carrier.carrier(image, uid))
        yield from _judge(kit, result, checks)
        if whole or result.verdict is None or result.verdict.is_green():
            return result
        whole = True


def first(kit: "Kit", checks: "Checks", whole: "bool" = False) -> "Job":
    """Wait for a tag, a few seconds; look at it."""
    until = kit.clock.ms() + _PATIENCE_MS
    while True:
        uid = yield ("target",)
        try:
            if uid is not None:
                return (yield from look(kit, uid, checks, whole))
        except TagGone:
            if kit.clock.ms() >= until:
                raise
        if kit.clock.ms() >= until:
            return None


def verify_one(kit: "Kit") -> "Job":
    """Verify the next tag, and record it."""
    started = kit.clock.ms()
    result = yield from first(kit, Checks(kit.trust))
    if result is not None:
        yield from tell(kit, result, "verify", started)
    return result


def locate(epc: "bytes | None" = None) -> "Job":
    """Tell how near a RAIN tag is, for ever; None: the first that answers."""
    while True:
        heard = yield ("rssi", epc)
        rssi_dbm = None
        if heard is not None:
            epc, rssi_dbm = heard
        screen = ui.of_signal(rssi_dbm, epc.hex()[-12:] if epc else "")
        yield ("show", screen)
        yield ("wait", 350 - 3 * (screen.bar or 0))  # its notes


def tell(
    kit: "Kit", result: "Result", mode: "str", started: "int", lines: "tuple[str, ...]" = ()
) -> "Generator[Request, Any, None]":
    """Record the verdict, and make its screen. A full log is told, and hinders nobody to verify."""
    verdict = result.verdict
    body = account(result, mode)
    colour = verdict.colour() if verdict is not None else "amber"
    body["outcome"] = "verified" if colour == "green" else "not_verified"
    body["colour"] = colour
    body["elapsed_ms"] = kit.clock.ms() - started
    if result.stub is not None and result.is_ours and verdict and verdict.key == "trusted":
        body["seen_seq"] = result.stub.seq
    try:
        yield ("record", "verdict", result.uid, result.product, body)
    except FlashFull as why:
        lines += (str(why),)
    if verdict is not None:
        if not kit.trust.number:
            lines += ("no trust list: hand in",)
        result.screen = ui.of_verdict(verdict, result.product, lines)
    else:
        result.screen = ui.Screen(
            "question",
            "NONE",
            ("no passport:", STANDS[result.carrier.state]) + lines,
            None,
            "ask",
            "amber",
        )


def account(result: "Result", mode: "str") -> "dict[str, Any]":
    """What was seen, as the body of a record."""
    body: "dict[str, Any]" = {"medium": "nfc", "state": result.carrier.state, "mode": mode}
    if result.verdict is not None:
        body["verdict"] = result.verdict.as_dict()
    if result.link is not None:
        body["link"] = result.link
    if result.stub is not None:
        body["stub"] = result.stub.raw
        body["seq"] = result.stub.seq
        body["slot"] = result.slot
    elif result.carrier.mini is not None:
        body["stub"] = result.carrier.mini
    return body


def _read(image: "Image", whole: "bool") -> "Generator[Request, Any, None]":
    """What edge.carrier wants to see, as far as the tag gives it."""
    last = None
    while True:
        more = carrier.next_read(image, whole)
        if more is None or more == last:
            return
        last = more
        data = yield ("pages", more[0], more[1])
        size = min(len(data), more[1] * type2.PAGE)
        image.put(more[0], data[: size - size % type2.PAGE])


def _judge(kit: "Kit", result: "Result", checks: "Checks") -> "Generator[Request, Any, None]":
    seen, uid, now = result.carrier, result.uid, kit.clock.now()
    record, signed = seen.uri_record, seen.mini

    def judge(known: "int | None" = None) -> "Any":
        trust: "Any" = checks
        check, kind = checks.check, seen.kind
        if record is None or signed is None:
            return verify.verify_best(
                seen.stubs, trust, check, now, kind, uid, seen.link, None, known
            )
        return None, verify.verify_mini(record, signed, kind, uid, trust, check, now), None

    if not seen.stubs and signed is None:
        return
    found = yield from checks.settle(judge)
    if found[2] is not None:
        result.product = stub.product_name(found[2].product)
        known = kit.outbox.known_seq(result.product)
        if known is not None:
            found = judge(known)
    result.slot, result.verdict, result.stub = found
