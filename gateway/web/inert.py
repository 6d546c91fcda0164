"""Text from elsewhere as a page may show it: what is invisible or turns the reading direction is made visible.

A template's own escaping keeps markup inert; this keeps the rest inert: control characters, zero-width ones, and the
direction marks of Unicode's bidirectional algorithm (UAX #9), by which a serial could read as another.
"""

import unicodedata

_SHOWN_AS = "\N{REPLACEMENT CHARACTER}"
_INERT = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")  # general categories that show nothing of their own
_JOINERS = (
    "\u200c\u200d"  # within a word of Persian or Hindi they do show: kept between letters and marks
)


def inert(text: str, most: int = 2000) -> str:
    """`text` with each such character as U+FFFD, line feeds and tabs as spaces; cut to `most` characters."""
    shown = []
    for place, char in enumerate(text[:most]):
        if char in "\n\t":
            shown.append(" ")
        elif unicodedata.category(char) in _INERT and not _joins(text, place):
            shown.append(_SHOWN_AS)
        else:
            shown.append(char)
    return "".join(shown) + ("…" if len(text) > most else "")


def _joins(text: str, place: int) -> bool:
    around = text[place - 1 : place] + text[place + 1 : place + 2]
    return (
        text[place] in _JOINERS
        and len(around) == 2
        and all(unicodedata.category(each) in ("Lo", "Mn", "Mc") for each in around)
    )
