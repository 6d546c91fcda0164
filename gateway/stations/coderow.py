"""The journal's row of one trigger: what was read, what it is worth, and where its picture lies.

kind "code": reader, outcome (the cycle's word), colour, medium "code", trigger, reason, elapsed_ms, codes, image; of
the code that tells most link, stub, seq, gtin, serial, fault, and its verdict where the outcome is "read".
"""

from collections.abc import Sequence
from typing import Any

from gateway.model import CodeRead, Quality
from gateway.optics.grade import grade
from gateway.stations.codejob import Answer, Judged
from gateway.stations.cycle import READ, Outcome
from gateway.stations.orders import gtin_serial

_MOST_CODES = 64  # in a row; `more` tells how many were left out
_LONGEST = 8192  # bytes of a message; a longer one is cut, and `bytes` tells how long it was


def body(
    reader: str,
    outcome: Outcome,
    judged: Sequence[Judged],
    answer: Answer,
    image: str | None,
    elapsed_s: float,
) -> dict[str, Any]:
    """The row's body; judged: the outcome's codes; image: the file in the archive."""
    found: dict[str, Any] = {
        "reader": reader,
        "outcome": outcome.word,
        "colour": answer.signal.colour,
        "medium": "code",
        "trigger": outcome.trigger,
        "elapsed_ms": round(elapsed_s * 1000, 1),
        "codes": [code(each) for each in judged[:_MOST_CODES]],
    }
    if len(judged) > _MOST_CODES:
        found["more"] = len(judged) - _MOST_CODES
    if outcome.reason:
        found["reason"] = outcome.reason
    elif answer.signal.colour != "green":
        found["reason"] = answer.signal.sentence
    if image is not None:
        found["image"] = image
    if answer.telling is not None:
        found |= _telling(answer.telling)
        if outcome.word == READ and answer.telling.verdict is not None:
            found["verdict"] = answer.telling.verdict.as_dict()
    return found


def code(judged: Judged) -> dict[str, Any]:
    """One code as a row has it."""
    read = judged.read
    found: dict[str, Any] = {
        "data": read.data[:_LONGEST],
        "aim": read.aim,
        "symbology": read.symbology,
        "form": judged.code.form,
        "engine": read.engine,
        "agreed": read.agreed,
        "decode_ms": round(read.decode_ms, 1),
    }
    if len(read.data) > _LONGEST:
        found["bytes"] = len(read.data)
    if read.position:
        found["position"] = [list(corner) for corner in read.position]
    if read.orientation_deg is not None:
        found["orientation_deg"] = round(read.orientation_deg, 1)
    if read.confirmed_by:
        found["confirmed_by"] = list(read.confirmed_by)
    if judged.product:
        found["product"] = judged.product
    if judged.verdict is not None:
        found["colour"] = judged.signal.colour
    if judged.fault:
        found["fault"] = judged.fault
    return found | _quality(read)


def _telling(judged: Judged) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if judged.code.link is not None:
        found["link"] = judged.code.link
    if judged.stub is not None:
        found |= {"stub": judged.stub.raw, "seq": judged.stub.seq}
    gtin, serial = gtin_serial(judged.claim)
    if gtin:
        found |= {"gtin": gtin, "serial": serial}
    if judged.fault:
        found["fault"] = judged.fault
    return found


def _quality(read: CodeRead) -> dict[str, Any]:
    """The process indicator, where a camera read it: its letter, and what that comes from."""
    if read.quality is None:
        return {}
    known = {name: getattr(read.quality, name) for name in Quality._fields}
    numbers = {name: round(value, 3) for name, value in known.items() if value is not None}
    return {"grade": grade(read.quality, read.symbology)} | numbers
