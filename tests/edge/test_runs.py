"""Runs of a Type 2 tag's pages over random tags and readers; case by case in tests/micropython/cases/runs.py."""

from hypothesis import given
from hypothesis import strategies as st

from edge.runs import Runs

UID = bytes.fromhex("04a1b2c3d4e5f6")
PAGE_0 = UID[:3] + bytes((0x88 ^ UID[0] ^ UID[1] ^ UID[2],))


class Tag:
    """has_fast_read: it knows FAST_READ; longest: bytes of an answer that its reader can take."""

    def __init__(self, pages: int, has_fast_read: bool, longest: int) -> None:
        self.memory = PAGE_0 + bytes(byte & 0x7F for byte in range(4, 4 * pages))
        self._has_fast_read = has_fast_read
        self._longest = longest
        self.exchanges = 0

    def answer(self, command: bytes) -> bytes | None:
        self.exchanges += 1
        first, pages = command[1], len(self.memory) // 4
        if first >= pages:
            return None
        if command[0] == 0x30:
            return (self.memory * 2)[4 * first : 4 * first + 16]
        last = command[2]
        if not self._has_fast_read or last >= pages or 4 * (last + 1 - first) > self._longest:
            return None
        return self.memory[4 * first : 4 * last + 4]

    def read(self, runs: Runs, first: int, count: int) -> bytes:
        steps = runs.read(first, count)
        try:
            step = next(steps)
            while True:
                step = steps.send(self.answer(step)) if isinstance(step, bytes) else next(steps)
        except StopIteration as end:
            read: bytes = end.value
            return read


@given(
    st.integers(4, 231),
    st.booleans(),
    st.sampled_from([16, 60, 62, 252, 260, 1000]),
    st.sampled_from([15, 16, 62, 65]),
    st.lists(st.tuples(st.integers(0, 240), st.integers(1, 240)), min_size=1, max_size=4),
)
def test_whatever_tag_and_reader_can_the_pages_are_the_memorys(
    pages: int, has_fast_read: bool, longest: int, run: int, reads: list[tuple[int, int]]
) -> None:
    tag = Tag(pages, has_fast_read, longest)
    runs = Runs(run)
    runs.begin(UID)
    for first, count in reads:
        count = min(count, 256 - first)
        tag.exchanges = 0
        assert tag.read(runs, first, count) == tag.memory[4 * first : 4 * (first + count)]
        assert tag.exchanges <= count // 4 + 6
