"""A handheld's record as an act of the journal: what it says in the gateway's words, and nothing that would mislead it.

A record is CBOR [seq, boot, ms, at | null, kind, uid, product, body]. Kinds that the gateway has keep their name;
an intent is a row "handheld", for the gateway could neither finish nor void what another holds in hand. Its seqs are
the handheld's: they stand under "handheld" in the body, as all that the gateway says of who wrote it, and when. What
cannot be understood becomes a row "refused" with the record's bytes: nothing is lost, and nothing stops what follows.
A result counts as one where the trust list bears its stub out: the secret of the link alone vouches for no product.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge import cbor, link, stub
from edge import verify as verdicts
from edge.errors import Malformed
from edge.trust import TrustList
from gateway.journal import Act
from gateway.readers.handheld_end import Hello
from gateway.stations.orders import gtin_serial
from gateway.stations.post import Check
from gateway.stations.result import AMBER, GREEN, RED, Result, Signal

KIND = "handheld"
EARLIEST = 1_767_225_600  # 2026-01-01: a clock before this program was written is wrong

_FIELDS = 8
_KEPT = ("verdict", "refused", "result", "void")  # kinds that the gateway has, too
_LONGEST_KIND = 16  # characters
_LONGEST_UID = 64  # bytes
_LONGEST_PRODUCT = 512  # characters
_LARGEST = (1 << 63) - 1
_LATEST = 4_102_444_800  # the year 2100
_AHEAD_S = 3600  # by which a handheld's clock may have gone fast since it was set
_OURS = (
    *("clock", "handheld", "intent", "pallet", "profile", "from_memory", "document", "reader"),
    *("missing", "unexpected", "faults"),
)
_TYPES: dict[str, type] = {
    "stub": bytes,
    "epc": bytes,
    "digest": bytes,
    "verdict": dict,
    "locked": bool,
    "repaired": bool,
    **dict.fromkeys(
        ("act", "code", "colour", "gtin", "link", "medium", "mode", "outcome", "reason"), str
    ),
    **dict.fromkeys(("serial", "signal", "state"), str),
    **dict.fromkeys(("elapsed_ms", "order", "pages_written", "seq", "seen_seq", "slot"), int),
}
_NULL = ("slot", "link")  # may be null


@dataclass(frozen=True)
class Judge:
    """What a handheld's word is weighed by: the gateway's own trust list and clock.

    now: Unix seconds; met: at the hello, 0 where that is now; is_timed: whether the gateway's clock is synchronised.
    """

    trust: TrustList | None
    check: Check
    now: int
    met: int = 0
    is_timed: bool = True


def act(seq: int, record: bytes, hello: Hello, judge: Judge) -> Act:
    """The row that a record becomes. seq: as the message tells it, which counts where the record cannot be read."""
    try:
        _, boot, ms, at, kind, uid, product, body = _parsed(seq, record)
        return _act(seq, kind, uid, product, body, _account(hello, seq, boot, ms, at, judge), judge)
    except Malformed as why:
        said: dict[str, Any] = {"outcome": "refused", "colour": RED, "reason": str(why)}
        said["record"] = record
        said["handheld"] = {"id": hello.id, "epoch": hello.epoch, "seq": seq}
        return Act(seq, "refused", b"", "", said)


def missing(outcome: str, first: int, last: int, hello: Hello) -> Act:
    """A row for records that are not here. outcome: "elsewhere", another gateway has them; "damaged", they are lost."""
    said: dict[str, Any] = {"outcome": outcome, "first": first, "last": last}
    said["handheld"] = {"id": hello.id, "epoch": hello.epoch, "seq": last}
    return Act(last, KIND, b"", "", said)


def result(done: Act, journal_seq: int, name: str) -> Result:
    """What the operator is told of it."""
    body = done.body
    kind = body["handheld"].get("kind", done.kind)
    outcome = body.get("act" if done.kind == "result" else "outcome")
    outcome = outcome if isinstance(outcome, str) else kind
    colours = {"result": GREEN, "void": RED, "refused": RED}
    colour = body.get("colour", colours.get(done.kind, AMBER))
    why = body.get("reason") or ("" if colour == GREEN else _why(body))
    what = ": ".join(filter(None, (done.product, why)))
    if done.kind == KIND and "first" in body:
        what = f"records {body['first']} to {body['last']}"
    return Result(
        outcome,
        done.uid,
        Signal(colour, f"{name}: {outcome}" + (f": {what}" if what else "")),
        product=done.product,
        seq=body.get("seq"),
        slot=body.get("slot"),
        link=body.get("link"),
        pages_written=body.get("pages_written", 0),
        journal_seq=journal_seq,
    )


def printable(text: str) -> str:
    """What a terminal may show: it goes to logs, and is shown by `journal tail`."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _why(body: Mapping[str, Any]) -> str:
    """The reason of a verdict, for people; "" where there is none."""
    said = body.get("verdict")
    if not isinstance(said, Mapping):
        return f"no passport: {body['state']}" if body.get("state") and "outcome" in body else ""
    found = verdicts.Verdict(str(said.get("integrity")), "tag")
    for question in ("key", "binding", "chain", "link"):
        setattr(found, question, str(said.get(question)))
    return found.why()


def _parsed(seq: int, record: bytes) -> list[Any]:
    found = cbor.decode(record, link.RECORD)
    if not isinstance(found, list) or len(found) != _FIELDS:
        raise Malformed("no record: no array of eight")
    own, boot, ms, at, kind, uid, product, body = found
    if own != seq or not _is_uint(own):
        raise Malformed(f"record {seq} says that it is {own!r}"[:120])
    if not _is_uint(boot) or not _is_uint(ms) or not (at is None or _is_uint(at)):
        raise Malformed("record: its times are no numbers")
    if not isinstance(kind, str) or not 0 < len(kind) <= _LONGEST_KIND:
        raise Malformed("record: its kind is no word")
    if not isinstance(uid, bytes) or len(uid) > _LONGEST_UID:
        raise Malformed("record: its UID is none")
    if (
        not isinstance(product, str)
        or len(product) > _LONGEST_PRODUCT
        or printable(product) != product
    ):
        raise Malformed("record: its product is no text")
    if not isinstance(body, dict) or not all(isinstance(key, str) for key in body):
        raise Malformed("record: its body is no map of names")
    _check_values(body)
    return found


def _check_values(body: Mapping[str, Any]) -> None:
    for key, value in body.items():
        expected = _TYPES.get(key)
        if expected is None:
            if not _is_plain(value):
                raise Malformed(f"record: {key[:40]!r} holds what JSON cannot")
        elif value is None and key in _NULL:
            continue
        elif expected is int and not _is_uint(value):
            raise Malformed(f"record: {key} is no number from 0 on")
        elif type(value) is not expected or not _is_plain(value):
            raise Malformed(f"record: {key} is no {expected.__name__}")
    if body.get("colour") not in (None, GREEN, AMBER, RED):
        raise Malformed("record: colour is none")


def _is_plain(value: object) -> bool:
    """Whether it holds no CBOR tag, nor keys of bytes; what was decoded nests 8 deep at most."""
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(type(key) is not bytes and _is_plain(value[key]) for key in value)
    return not isinstance(value, cbor.Tag)


def _account(
    hello: Hello, seq: int, boot: int, ms: int, at: int | None, judge: Judge
) -> dict[str, Any]:
    """Who wrote it, and when; one of this start whose clock was not set yet is dated by the time since then.

    So is one whose clock was wrong: its time is before this program, or after now.
    """
    said, now = at, judge.met or judge.now
    latest = judge.now + _AHEAD_S if judge.is_timed else _LATEST
    if at is not None and not EARLIEST <= at <= latest:
        at = None
    found = {"id": hello.id, "epoch": hello.epoch, "seq": seq, "boot": boot, "ms": ms}
    found |= {"at": at, "synced": at is not None}
    passed_ms = hello.number("ms") - ms
    if at != said:
        found["said_at"] = said
    if at is None and boot == hello.number("boot") and passed_ms >= 0 and hello.number("ms"):
        found["at"] = max(1, now - passed_ms // 1000)
    return found


def _act(
    seq: int,
    kind: str,
    uid: bytes,
    product: str,
    body: dict[str, Any],
    account: dict[str, Any],
    judge: Judge,
) -> Act:
    said: dict[str, Any] = {
        key: printable(value) if _TYPES.get(key) is str and value else value
        for key, value in body.items()
        if key not in _OURS
    }
    if _is_uint(body.get("intent")):
        account["intent"] = body["intent"]
    if kind not in _KEPT:
        account["kind"] = kind = printable(kind)
        return Act(seq, KIND, uid, product, {"outcome": kind} | said | {"handheld": account})
    raw = said.get("stub", b"")
    if kind == "result":
        _check_result(uid, product, said)
        why = _unproved(raw, uid, judge)
        if why:
            account["kind"], said["colour"], said["reason"] = kind, AMBER, why
            return Act(seq, KIND, uid, product, said | {"handheld": account})
        said.setdefault("act", "updated" if said["seq"] else "commissioned")
        said["digest"] = stub.decode(raw).digest or b""
    elif "seen_seq" in said and not _is_seen(raw, uid, product, said["seen_seq"], judge):
        del said["seen_seq"]
    if kind in ("result", "verdict"):
        said.setdefault("medium", "nfc")
    said |= _names(raw)
    return Act(seq, kind, uid, product, said | {"handheld": account})


def _check_result(uid: bytes, product: str, said: Mapping[str, Any]) -> None:
    """A write is known by its stub: it says of which product, of which tag, and which number it is."""
    written = stub.decode(said.get("stub", b""))
    if said.get("seq") != written.seq or said.get("act", "updated") not in (
        "commissioned",
        "updated",
    ):
        raise Malformed("record: a result of another stub")
    if written.carrier is None or tuple(written.carrier) != (stub.NFC, uid):
        raise Malformed("record: a result of another tag")
    if stub.product_name(written.product) != product:
        raise Malformed("record: a result of another product")


def _unproved(raw: bytes, uid: bytes, judge: Judge) -> str:
    """Why the gateway takes nobody's word for this write; "" where it does. Without a trust list it asks for none."""
    if judge.trust is None or _is_sound(raw, uid, judge):
        return ""
    return (
        "its stub is signed by no key that the trust list names for it: tagwright key trust --add"
    )


def _is_seen(raw: bytes, uid: bytes, product: str, seq: int, judge: Judge) -> bool:
    """Whether that stub bears out that this product's newest one is at least so far."""
    if not _is_sound(raw, uid, judge):
        return False
    found = stub.decode(raw)
    return (stub.product_name(found.product), found.seq) == (product, seq)


def _is_sound(raw: bytes, uid: bytes, judge: Judge) -> bool:
    """Whether the gateway itself would trust the stub on that tag."""
    found, _ = verdicts.verify(raw, judge.trust, judge.check, judge.now, stub.NFC, uid)
    return (found.integrity, found.binding, found.key) == ("valid", "match", "trusted")


def _names(raw: bytes) -> dict[str, str]:
    try:
        gtin, serial = gtin_serial(stub.decode(raw).product)
    except Malformed:
        return {}
    return {"gtin": gtin, "serial": serial}


def _is_uint(value: object) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST
