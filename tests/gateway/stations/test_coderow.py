"""The journal's row of a trigger."""

import time

import cbor2
from code_line import LINK, NOW, ScriptedReader

from gateway.model import CodeRead, Quality
from gateway.stations.codejob import answer, judge
from gateway.stations.codepost import CodePost
from gateway.stations.coderow import body
from gateway.stations.cycle import Outcome

POST = CodePost("st 1", ScriptedReader(), None, None, lambda: NOW, time.monotonic, job="read")


def row(*codes: CodeRead, word: str = "read", reason: str = "") -> dict[str, object]:
    outcome = Outcome(7, word, codes, NOW, NOW, reason)
    judged = [judge(each, POST) for each in codes]
    found = body("cam", outcome, judged, answer(outcome, judged), "a.jpg", 0.01234)
    return cbor2.loads(cbor2.dumps(found, canonical=True))  # type: ignore[no-any-return]


def test_a_row_says_all_that_is_known_of_a_code() -> None:
    found = row(
        CodeRead(
            "cam",
            LINK.encode(),
            "]Q1",
            "QRCode",
            NOW,
            ((1, 2), (3, 2), (3, 4), (1, 4)),
            12.34,
            8.76,
            Quality(0.61234, 0.7, 4.0),
            "zxing",
            3,
            ("opencv",),
        )
    )
    assert found == {
        "reader": "cam",
        "outcome": "read",
        "colour": "green",
        "medium": "code",
        "trigger": 7,
        "elapsed_ms": 12.3,
        "image": "a.jpg",
        "link": LINK,
        "gtin": "09520123456788",
        "serial": "A1",
        "codes": [
            {
                "data": LINK.encode(),
                "aim": "]Q1",
                "symbology": "QRCode",
                "form": "link",
                "engine": "zxing",
                "agreed": 3,
                "decode_ms": 8.8,
                "position": [[1, 2], [3, 2], [3, 4], [1, 4]],
                "orientation_deg": 12.3,
                "confirmed_by": ["opencv"],
                "product": "09520123456788/A1",
                "grade": "A",
                "contrast": 0.612,
                "unused_correction": 0.7,
                "module_px": 4.0,
            }
        ],
    }


def test_a_row_has_a_ceiling_whatever_was_read() -> None:
    codes = [CodeRead("cam", bytes((n,)) * 100_000, "]Q1", "QRCode", NOW) for n in range(80)]
    found = row(*codes)
    assert found["more"] == 16
    listed = found["codes"]
    assert isinstance(listed, list)
    assert len(listed) == 64
    assert (len(listed[0]["data"]), listed[0]["bytes"]) == (8192, 100_000)
    assert "8192 at most" in listed[0]["fault"]


def test_an_outcome_that_is_not_good_says_why() -> None:
    found = row(word="no_read", reason="no code was read")
    assert (found["outcome"], found["reason"], found["codes"]) == (
        "no_read",
        "no code was read",
        [],
    )
    assert row(CodeRead("cam", b"\x07", "", "", NOW))["reason"] == "refused: control character 0x07"
