"""One decoder under fuzz: its examples, how hostile input for it is made, and what must hold where it accepts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from tests.bench import mutations

Run = Callable[[bytes], object]
Make = Callable[[list[bytes], Random], bytes]


class Broken(AssertionError):
    """What a decoder accepted, or refused, does not hold together."""


@dataclass(frozen=True)
class Decoder:
    """run raises one of `errors` for what it refuses, and nothing else. share: of the inputs; slow ones get fewer."""

    name: str
    run: Run
    errors: tuple[type[Exception], ...]
    examples: list[bytes]
    make: Make = mutations.changed
    share: float = 1.0


def every_input(decoder: Decoder, count: int, random: Random) -> Iterator[bytes]:
    """The examples themselves, each cut at every offset; then made and random input."""
    for example in decoder.examples:
        yield example
        if len(example) <= 300:
            yield from (example[:end] for end in range(len(example)))
    for _ in range(count):
        if random.getrandbits(4):
            yield decoder.make(decoder.examples, random)
        else:
            yield mutations.anything(random)
