"""The wide dictionary of GS1 Application Identifiers: biip's, beside the few that edge/elements.py knows by itself.

biip only notes a wrong check digit (gtin_error and its like), and takes a Digital Link with a key in its query, an AI
twice, or without its symbology identifier alone: here edge reads the code, and biip is asked of single AIs. The check
digits that biip does not look at are looked at here.
"""

from collections.abc import Sequence

from biip import ParseError
from biip.gs1_application_identifiers import GS1ApplicationIdentifier
from biip.gs1_element_strings import GS1ElementString

from edge import codes, elements, gs1
from edge.errors import Malformed

# By AI: how many digits at its beginning end in their check digit (GDTI, GCN, GSRN of provider and recipient, ITIP).
_CHECKED = {"253": 13, "255": 13, "8017": 18, "8018": 18, "8026": 14}


def understand(aim: str, data: bytes, hosts: Sequence[str] = ()) -> codes.Code:
    """What a code means, as edge.codes.understand says it, with every AI that GS1 has; never raises."""
    return codes.understand(aim, data, check, hosts)


def parse(aim: str, data: bytes) -> list[tuple[str, str, str]]:
    """[(AI, value, title)] of element strings, a Digital Link or an ISO/IEC 15434 message of format 05.

    Raises Malformed with the reason; [] where the code is something else.
    """
    code = understand(aim, data)
    if code.fault:
        raise Malformed(code.fault)
    return [(ai, value, title(ai)) for ai, value in code.elements if ai.isdigit()]


def check(ai: str, value: str) -> None:
    """Raise Malformed where `value` may not stand behind `ai`, by edge's table or else biip's; UnknownAI for none."""
    try:
        elements.check(ai, value)
    except elements.UnknownAI:
        _check_by_biip(ai, value)


def title(ai: str) -> str:
    """GS1's data title of an AI, "BATCH/LOT"; "" for one that biip does not know."""
    try:
        found = GS1ApplicationIdentifier.extract(ai)
    except ParseError:
        return ""
    return found.data_title if found.ai == ai else ""


def _check_by_biip(ai: str, value: str) -> None:
    if not title(ai):
        raise elements.UnknownAI(f"unknown AI {ai[:4]}")
    try:
        found = GS1ElementString.parse(ai + value)
    except ParseError as why:
        raise Malformed(f"AI {ai}: {value[:30]!r} cannot stand there") from why
    noted = found.gtin_error or found.sscc_error or found.gln_error
    if noted:
        raise Malformed(f"AI {ai}: {noted}")
    digits = value[: _CHECKED.get(ai, 0)]
    if digits and gs1.check_digit(digits[:-1]) != digits[-1]:
        right = gs1.check_digit(digits[:-1])
        raise Malformed(f"AI {ai}: the check digit of {digits} should be {right}")
