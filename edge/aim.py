"""AIM symbology identifiers: "]" and two characters that a reader puts before a message.

ISO/IEC 15424, "Symbology identifiers": code character, then modifier. GS1's: GS1 General Specifications, section
"GS1 symbology identifiers".
"""

SYMBOLOGY = {
    "A": "Code39",
    "C": "Code128",
    "E": "EAN13",
    "F": "Codabar",
    "G": "Code93",
    "I": "ITF",
    "J": "DotCode",
    "L": "PDF417",
    "Q": "QRCode",
    "U": "MaxiCode",
    "d": "DataMatrix",
    "e": "DataBar",
    "h": "HanXin",
    "z": "Aztec",
}  # by code character: the words that reads use; EAN/UPC by its modifier below

_EAN = {"1": "EAN2", "2": "EAN5", "4": "EAN8"}  # by modifier; ]E1, ]E2 are add-ons alone
_MODIFIERS = "0123456789ABCDEFabcdef"
# FNC1 in first position; ]d2 and ]Q3 have a form with ECI, ]d5 and ]Q4; ]e0 to ]e2 are DataBar and composites.
_GS1 = ("]C1", "]d2", "]d5", "]Q3", "]Q4", "]e0", "]e1", "]e2", "]J1", "]J4")


def parse(data: "bytes") -> "tuple[str, bytes]":
    """(identifier, message) of what a reader sent: ("]Q1", b"..."); ("", data) where none of ours is before it."""
    head = data[:3]
    if len(head) < 3 or head[0] != 0x5D:
        return "", data
    code, modifier = chr(head[1]), chr(head[2])
    if code not in SYMBOLOGY or modifier not in _MODIFIERS:
        return "", data
    return "]" + code + modifier, data[3:]


def symbology(aim: "str") -> "str":
    """The symbology that an identifier names, "" where it is unknown or there is none."""
    if aim[:2] == "]E":
        return _EAN.get(aim[2:], "EAN13")
    return SYMBOLOGY.get(aim[1:2], "")


def is_gs1(aim: "str") -> "bool":
    """Whether the identifier says that the message is GS1 element strings."""
    return aim in _GS1
