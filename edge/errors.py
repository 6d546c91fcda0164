"""What may go wrong with bytes, by who is at fault.

A carrier or peer that breaks its standard: Malformed, Truncated. A request that is larger than its place:
DoesNotFit. Our own bugs are ValueError and are never caught.
"""


class Malformed(Exception):
    """What a carrier or peer sent breaks its standard; the text says what, and where."""


class Truncated(Malformed):
    """It ends before the length that it states."""


class DoesNotFit(Exception):
    """What is to be written is `excess` bytes larger than its place; the text says the remedy."""

    def __init__(self, text: "str", excess: "int") -> None:
        super().__init__(text)
        self.excess = excess
