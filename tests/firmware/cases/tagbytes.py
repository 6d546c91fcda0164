"""Random bytes on tags: every job ends in a result or in trouble, and nothing is written where it was not green."""

import random
import sys

from scripted import OURS, THEIRS, Bench, Tag, current, issued, made

from reader import entry, jobs
from reader.errors import DeviceTrouble

TIMES = 100 if sys.implementation.name == "cpython" else 20
CLAIMS = {1: [0, 9520123456788, "B7"]}
ORDER = ("https://id.example.com/01/09520123456788/21/B7", CLAIMS)


def test_random_tag_bytes_end_in_a_verdict_or_trouble():
    random.seed(6)
    first = made(0)
    good = bytes(issued().update(1, made(1, first)).memory)
    for n in range(TIMES):
        tag = Ragged()
        if n % 3:
            tag.memory[:] = good
            for _ in range(random.getrandbits(3) + 1):
                tag.memory[8 + random.getrandbits(9) % 496] = random.getrandbits(8)
        else:
            for at in range(8, 540):
                tag.memory[at] = random.getrandbits(8)
            tag.memory[12:20] = (
                b"\xe1\x10\x3e\x00\x03\xff\x01\xec",
                b"\xe1\x10\x3e\x00\x03\x30\xd1\x01",
            )[n & 1]
        tag.ragged = n % 5 == 0
        bench = Bench(tag, (OURS, THEIRS))
        try:
            result = bench.run(jobs.verify_one(bench))
        except DeviceTrouble:
            continue
        assert result is not None and result.screen.word
        assert bench.outbox.kinds() == ["verdict"]


class Ragged(Tag):
    """May answer with fewer or more bytes than were asked for."""

    ragged = False

    def pages(self, first, count):
        data = super().pages(first, count)
        return data[: random.getrandbits(7)] if self.ragged else data + bytes(first % 9)


def test_random_tags_are_written_only_where_they_were_green():
    random.seed(7)
    for n in range(TIMES):
        write_on(issued(), n)


def write_on(tag, n):
    for _ in range(n % 5):
        tag.memory[8 + random.getrandbits(9) % 400] = random.getrandbits(8)
    tag.refuses = (30, 50) if n % 7 == 0 else ()
    bench = Bench(tag, orders=(ORDER,))
    was_green = current(bench)[1] == "green"
    if n % 3 == 0:
        tag.tear, tag.mask = n, 0x55
    is_format = n % 4 == 3
    job = entry.format_tag(bench) if is_format else entry.write_entry(bench, "received")
    try:
        assert bench.run(job) is not None
    except DeviceTrouble:
        return
    assert was_green or is_format or not tag.writes
    assert bench.outbox.kinds()[0] in ("intent", "refused")
