"""Runs of a Type 2 tag's pages on MicroPython (NXP NTAG213/215/216, "Commands")."""

from expect import raises

from edge.runs import Runs

UID = bytes.fromhex("04a1b2c3d4e5f6")
PAGE_0 = UID[:3] + bytes((0x88 ^ UID[0] ^ UID[1] ^ UID[2],))


class Gone(Exception):
    pass


class Tag:
    """A tag of so many pages. knows: the commands that it answers; longest: bytes that its reader can take."""

    def __init__(self, pages, knows=(0x30, 0x3A, 0x60), longest=260):
        self.memory = PAGE_0 + bytes([byte & 0xFF for byte in range(4, 4 * pages)])
        self.knows = knows
        self.longest = longest
        self.commands = []
        self.again = []
        self.leaves_after = 1000

    def answer(self, command):
        self.commands.append(command[0])
        self.leaves_after -= 1
        if command[0] not in self.knows or self.leaves_after < 0:
            return None
        if command[0] == 0x60:
            return bytes.fromhex("0004040201001103")
        first = command[1]
        last = command[2] if command[0] == 0x3A else first + 3
        if 4 * first >= len(self.memory):
            return None
        if command[0] == 0x30:
            return (self.memory + self.memory)[4 * first : 4 * last + 4]
        if 4 * last >= len(self.memory) or 4 * (last + 1 - first) > self.longest:
            return None
        return self.memory[4 * first : 4 * last + 4]

    def run(self, steps):
        try:
            step = next(steps)
            while True:
                if isinstance(step, int):
                    self.again.append(step)
                    if self.leaves_after < 0:
                        raise Gone
                    step = next(steps)
                else:
                    step = steps.send(self.answer(step))
        except StopIteration as end:
            return end.value


def begun(longest=65):
    runs = Runs(longest)
    runs.begin(UID)
    return runs


def test_a_long_run_is_one_command():
    tag = Tag(135)
    runs = begun()
    assert tag.run(runs.read(4, 60)) == tag.memory[16:256]
    assert tag.commands == [0x3A]
    assert tag.run(runs.read(0, 135)) == tag.memory
    assert tag.commands == [0x3A] * 4
    assert tag.again == []


def test_a_read_past_the_end_stops_there():
    for first in (0, 3, 20, 40, 44):
        tag = Tag(45)
        assert tag.run(begun().read(first, 100)) == tag.memory[4 * first :]
    tag = Tag(45)
    assert tag.run(begun().read(45, 4)) == b""
    assert tag.again[-1] == 45


def test_a_tag_without_fast_read_is_read_by_read_and_not_asked_again():
    tag = Tag(45, (0x30,))
    runs = begun()
    assert tag.run(runs.read(0, 16)) == tag.memory[:64]
    tag.commands = []
    assert tag.run(runs.read(16, 16)) == tag.memory[64:128]
    assert tag.commands == [0x30] * 4


def test_two_tags_in_a_row_teach_that_the_reader_holds_60_bytes():
    runs = Runs(65)
    counts = []
    for _ in range(3):
        tag = Tag(135, longest=62)
        runs.begin(UID)
        assert tag.run(runs.read(0, 60)) == tag.memory[:240]
        counts.append(len(tag.commands))
    assert counts == [5, 5, 4]


def test_a_tag_that_is_gone_ends_the_read():
    tag = Tag(135)
    tag.leaves_after = 1
    raises(Gone, tag.run, begun().read(0, 135))
    assert tag.again == [65]


def test_the_version_is_empty_where_the_tag_does_not_know_it():
    assert Tag(45).run(begun().version()).hex() == "0004040201001103"
    tag = Tag(45, (0x30,))
    assert tag.run(begun().version()) == b""
    assert tag.again == [0]
