"""Reading a Type 2 tag's pages in the longest runs that reader and tag manage (NXP NTAG213/215/216, "Commands").

FAST_READ up to the reader's longest frame, else up to what a 64-byte FIFO holds, else READ. A tag answers NAK to a
command that it does not know or that passes the end of its memory, and then waits to be selected again.

A generator here yields a tag command as bytes, and is sent the tag's answer, None where tag or reader refuses it; or
it yields an int, a page: that tag is to be selected again for it, and what is raised where it is gone ends the read.
"""

from edge.type2 import PAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TypeAlias

    Read: TypeAlias = "Generator[bytes | int, bytes | None, bytes]"

WRITE = 0xA2  # page, 4 bytes -> ACK

_READ = 0x30  # first page -> 4 pages, going round to page 0 at the end of the memory
_FAST_READ = 0x3A  # first page, last page -> all of them
_GET_VERSION = 0x60  # -> 8 bytes that name the chip
_FIFO_RUN = 15  # pages: 60 bytes, CRC included in a FIFO of 64
_READ_RUN = 4
_LONG, _FIFO = 0, 1
_SURE = 2


class Runs:
    """longest_run: pages, by the reader's longest frame."""

    def __init__(self, longest_run: "int") -> None:
        self._runs = (longest_run, _FIFO_RUN, _READ_RUN)
        self._of_reader = _LONG  # index into _runs
        self._of_tag = _LONG
        self._short = 0  # tags in a row that were read in FIFO runs after all
        self._uid = b""

    def begin(self, uid: "bytes") -> None:
        """Another tag is selected; what is known of the reader stays."""
        self._uid, self._of_tag = uid, self._of_reader

    def read(self, first_page: "int", count: "int") -> "Read":
        """4 * count bytes, fewer where the memory that can be read ends."""
        known = self._of_tag
        data = b""
        while len(data) < PAGE * count:
            at = len(data) // PAGE
            run = yield from self._read_run(first_page + at, count - at)
            data += run
            if len(run) < PAGE * min(count - at, self._runs[self._of_tag]):
                return data
        if known == _LONG and count > _FIFO_RUN:
            self._learn()
        return data

    def version(self) -> "Read":
        """The answer to GET_VERSION, 8 bytes; empty where the tag does not know it."""
        answer = yield bytes((_GET_VERSION,))
        if answer is None:
            yield 0
        return answer or b""

    def _learn(self) -> None:
        """After a whole read that began with a long run: noise may end one of those, the reader ends each."""
        self._short = self._short + 1 if self._of_tag == _FIFO else 0
        if self._short == _SURE:
            self._of_reader = _FIFO

    def _read_run(self, page: "int", want: "int") -> "Read":
        """Up to `want` pages from `page` on in one exchange; empty where not even that page can be read."""
        tried = 0
        for index in range(self._of_tag, len(self._runs)):
            pages = min(want, self._runs[index])
            if self._runs[index] == _READ_RUN:
                command = bytes((_READ, page))
            elif pages != tried:
                command = bytes((_FAST_READ, page, page + pages - 1))
                tried = pages
            else:
                continue
            answer = yield command
            if answer is not None and len(answer) >= PAGE * pages:
                self._of_tag = index
                return _unwrapped(answer, self._uid)[: PAGE * pages]
            yield page
        return b""


def _unwrapped(pages: "bytes", uid: "bytes") -> "bytes":
    """The answer to READ up to where it went round to page 0: UID0..2 and BCC0, after its first page."""
    if len(uid) != 7 or len(pages) > PAGE * _READ_RUN:
        return pages
    page_0 = uid[:3] + bytes((0x88 ^ uid[0] ^ uid[1] ^ uid[2],))
    for at in range(PAGE, len(pages), PAGE):
        if pages[at : at + PAGE] == page_0:
            return pages[:at]
    return pages
