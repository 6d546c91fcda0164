"""Journal rows of every kind, as the stations write them, and the EPCIS events that they become."""

from collections.abc import Callable
from typing import Any, NamedTuple

from nacl.signing import SigningKey

from edge import epc, gs1, stub
from gateway.epcis.places import Places, Site
from gateway.epcis.translator import Translator

AT_NS = 1_790_000_000_123_456_789
GTIN, SERIAL, LOT = 4_012_345_678_901, "SN-0001", "LOT7"
SSCC = "04012345000000001" + gs1.check_digit("04012345000000001")
NAME = f"{GTIN:014d}/{SERIAL}"
UID = bytes(range(1, 8))
TID = bytes.fromhex("e2801160200071f3c1d20a55")
PALLET = bytes(range(32))
GLN = "https://id.gs1.org/414/4012345000009"
ITEM = f"https://id.gs1.org/01/{GTIN:014d}/21/{SERIAL}"

SITE = Site(
    location=GLN,
    read_points={"gate": "https://id.gs1.org/414/4012345000009/254/GATE-1"},
    certification=("https://example.org/certificates/1",),
    presence=True,
)
PLACES = Places(SITE)


class Written(NamedTuple):
    """What a row says; its time and place are the same for all."""

    kind: str
    content: dict[str, Any]
    uid: bytes = UID
    name: str = NAME


def signed(seq: int = 0, **claims: Any) -> bytes:
    """A signed stub of the item; claims by their numbers: c10=4."""
    key = SigningKey(bytes(32))
    said: dict[int, Any] = {0: 1, 1: [0, GTIN, LOT, SERIAL], 3: bytes(32), 4: 1_790_000_000}
    said |= {5: seq, 7: [1, UID]} | ({6: bytes(16)} if seq else {})
    said |= {int(name[1:]): value for name, value in claims.items()}
    return stub.encode(said, -19, b"12345678", lambda data: key.sign(data).signature)


def account(**more: Any) -> dict[str, Any]:
    """What stations/verify.py's account says of a tag with our stub."""
    verdict = {
        "integrity": "valid",
        "key": "trusted",
        "binding": "match",
        "chain": "first",
        "evidence": "self-declared",
        "link": "match",
    }
    found = {"reader": "line-1", "state": "slots", "medium": "nfc", "verdict": verdict}
    found |= {"link": ITEM, "stub": signed(), "seq": 0, "slot": 0}
    return found | {"gtin": f"{GTIN:014d}", "serial": SERIAL} | more


def result(act: str, **more: Any) -> dict[str, Any]:
    found = account(intent=3, act=act, profile="slots", digest=bytes(32), order_row=1)
    return (
        found | {"locked": False, "pages_written": 9, "elapsed_ms": 81.5, "repaired": False} | more
    )


def updated(**claims: Any) -> Written:
    return Written("result", result("updated", seq=1, stub=signed(1, **claims)))


def verdict(colour: str, **answers: str) -> Written:
    content = account(outcome="verified", colour=colour, elapsed_ms=4.5)
    return Written("verdict", content | {"verdict": content["verdict"] | answers})


def code(outcome: str = "read", colour: str = "green", **more: Any) -> Written:
    """A label that a camera read."""
    content = {
        "reader": "cam",
        "outcome": outcome,
        "colour": colour,
        "medium": "code",
        "trigger": 7,
    }
    content |= {"gtin": f"{GTIN:014d}", "serial": SERIAL, "link": ITEM, "elapsed_ms": 81.5}
    return Written("code", content | {"codes": [{"data": ITEM.encode()}]} | more, b"")


def presence(act: str, **more: Any) -> Written:
    tag = epc.sgtin96(GTIN, "77", 7)
    content = {"act": act, "reader": "gate", "zone": "dock", "antenna": 1, "epc": tag.encode()}
    content |= {"rssi_dbm": -54.5, "reads": 12, "seen_at": 1_789_999_970.5, "uri": tag.uri}
    return Written("presence", content | more, TID, f"{GTIN:014d}/77")


def on_pallet(serial: str, colour: str = "green", **answers: str) -> Written:
    content = account(
        outcome="verified", colour=colour, antenna=1, pallet=PALLET[:16], serial=serial
    )
    verdict = content["verdict"] | answers
    return Written("verdict", content | {"verdict": verdict}, TID, f"{GTIN:014d}/{serial}")


def sscc_on_pallet() -> Written:
    unit = epc.sscc96(SSCC, 7)
    content = {
        "reader": "dock",
        "state": "epc",
        "medium": "rain",
        "link": unit.link,
        "epc": unit.encode(),
    }
    content |= {"outcome": "not_verified", "colour": "red", "pallet": PALLET[:16]}
    return Written("verdict", content, TID, unit.uri)


def pallet(tags: int, **more: Any) -> Written:
    content = {"outcome": "verified", "colour": "green", "reason": "", "closed_by": "low"}
    content |= {"opened_at": 1.0, "closed_at": 2.0, "digest": PALLET, "tags": tags, "beyond": 0}
    content |= {"not_green": [], "green": tags, "amber": 0, "red": 0, "partial": 0}
    return Written("pallet", content | more, b"", "")


def advised(tags: int, missing: int = 0) -> Written:
    missed = {"expected": tags + missing, "missing": [], "missing_count": missing}
    return pallet(tags, unexpected=[], unexpected_count=0, **missed)


ROWS: dict[str, tuple[Written, ...]] = {
    "commissioned": (Written("result", result("commissioned")),),
    "a replaced tag": (Written("result", result("commissioned", seq=1, stub=signed(1))),),
    "a mini record": (Written("result", result("commissioned", stub=bytes(83))),),
    "inspected": (updated(c10=1),),
    "shipped": (updated(c10=2),),
    "received": (updated(c10=3),),
    "repaired": (updated(c10=4),),
    "remanufactured": (updated(c10=5),),
    "transferred": (updated(c10=6),),
    "decommissioned": (updated(c10=7),),
    "no step": (updated(),),
    "an inactive product": (updated(c9=1),),
    "destroyed": (updated(c9=2),),
    "a tag that ends": (updated(c9=3),),
    "verified": (verdict("green"),),
    "a forgery": (verdict("red", integrity="bad_signature"),),
    "a copy": (verdict("red", binding="mismatch"),),
    "a doubtful one": (verdict("amber", key="unknown"),),
    "a label": (code(verdict=account()["verdict"] | {"binding": "not_bound"}),),
    "a forged label": (code(colour="red", verdict={"integrity": "bad_signature"}),),
    "an unsigned label": (code(colour="amber", verdict={"integrity": "unsigned"}),),
    "arrived": (presence("arrived"),),
    "departed": (presence("departed", reason="unseen"),),
    "packed": (on_pallet("A"), on_pallet("B"), sscc_on_pallet(), pallet(3)),
    "seen together": (on_pallet("A"), on_pallet("B", "red", binding="mismatch"), pallet(2)),
    "received whole": (on_pallet("A"), on_pallet("B"), advised(2)),
    "received in part": (on_pallet("A"), advised(1, 1)),
}
NO_EVENTS: dict[str, Written] = {
    "an intent": Written("intent", result("commissioned")),
    "a void": Written(
        "void", {"intent": 3, "reason": "x", "gtin": f"{GTIN:014d}", "serial": SERIAL}
    ),
    "a refusal": Written("refused", account(outcome="refused", reason="locked")),
    "hints put right": Written("repair", account(reason="hints", pages_written=2)),
    "a window": Written("window", {"outcome": "empty", "epcs": []}, b"", ""),
    "a clock that was set": Written(
        "clock", {"before_ns": 1, "after_ns": 2, "error_ms": -1}, b"", ""
    ),
    "a tag that was emptied": Written("result", {"act": "formatted", "state": "blank"}, UID, ""),
    "a tag without a product": Written(
        "verdict", {"outcome": "not_verified", "colour": "red"}, UID, ""
    ),
    "a code that was read": code(),
    "a code that was read again": code("repeated", "amber"),
    "a code that was not read": Written(
        "code", {"outcome": "no_read", "colour": "amber", "codes": []}, b"", ""
    ),
    "a move": presence("moved", before="gate"),
    "a reader that went": presence("departed", reason="reader away"),
    "an empty pallet": pallet(0),
}


def events(name: str, places: Places = PLACES) -> list[dict[str, Any]]:
    """The events of ROWS[name]."""
    return told(*ROWS[name], places=places)


def told(*rows: Written, places: Places = PLACES, is_timed: bool = True) -> list[dict[str, Any]]:
    """What a translator makes of these rows, in order."""
    translator = Translator("plant-1", places)
    feed: Callable[..., list[dict[str, Any]]] = translator.events
    return [
        event
        for seq, row in enumerate(rows, 1)
        for event in feed(seq, AT_NS, row.kind, "line-1", row.uid, row.name, row.content, is_timed)
    ]
