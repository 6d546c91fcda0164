"""The memory of a RAIN tag: banks of 16-bit words (GS1 EPC Gen2 v2 / ISO/IEC 18000-63, "Tag memory").

A place names one word of one bank in one number, as a page number does on NFC: bank << 16 | word.
"""

RESERVED, EPC, TID, USER = 0, 1, 2, 3  # banks
WORD = 2  # bytes


def place(bank: "int", word: "int") -> "int":
    """The place of a word."""
    return bank << 16 | word


def bank_of(place: "int") -> "int":
    """The bank that a place is in."""
    return place >> 16


def word_of(place: "int") -> "int":
    """The word's number in its bank."""
    return place & 0xFFFF


class Image:
    """The words of a tag as far as they were read."""

    def __init__(self) -> None:
        self._words: "dict[int, bytes]" = {}

    def put(self, place: "int", data: "bytes") -> None:
        """Note a run of whole words from `place` on."""
        for at in range(0, len(data), WORD):
            self._words[place + at // WORD] = bytes(data[at : at + WORD])

    def has(self, place: "int", words: "int") -> "bool":
        """Were these words all read?"""
        return all([place + n in self._words for n in range(words)])

    def get(self, place: "int", words: "int") -> "bytes":
        """2 * words bytes; ValueError where one was not read."""
        if not self.has(place, words):
            raise ValueError(
                f"words {word_of(place)} to {word_of(place) + words - 1} were not read"
            )
        return b"".join([self._words[place + n] for n in range(words)])
