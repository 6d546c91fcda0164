"""The memory of a Type 2 tag: pages as far as they were read, the CC, and the lock bits.

NFC Forum Type 2 Tag, "Memory structure"; NXP NTAG213/215/216, "Static lock bytes" and "Dynamic lock bytes".
"""

from edge import tlv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edge.chips import Chip

PAGE = 4  # bytes
PAGES = 256  # a page address is one byte; further sectors are left alone
CC_PAGE = 3
AREA_PAGE = 4  # the NDEF area begins right after the CC

_STATIC_PAGE = 2
_CC_MAGIC = 0xE1


class Locked(Exception):
    """A plan would write a page that can no longer be written; `page` says which."""

    def __init__(self, page: "int", why: "str") -> None:
        super().__init__("page %d: %s" % (page, why))
        self.page = page


class Image:
    """Pages of one tag, as far as they were read; a page is held whole or not at all.

    known: (page, what): what edge.slots has made of the pages before that one, until one of them changes.
    """

    known: "tuple[int, Any] | None" = None

    def __init__(self, memory: "bytes" = b"") -> None:
        self._memory = bytearray()
        self._held = bytearray()  # one byte a page: 1 where the page was read
        if memory:
            self.put(0, memory)

    def put(self, page: "int", data: "bytes") -> None:
        """Keep `data` (a multiple of 4 bytes) as the content from `page` on; ValueError past page 255."""
        count = len(data) // PAGE
        if len(data) % PAGE or page < 0 or page + count > PAGES:
            raise ValueError("no whole pages at page %d: %d bytes" % (page, len(data)))
        if self.known is not None and page < self.known[0]:
            self.known = None
        gap = page - len(self._held)
        if gap > 0:
            self._memory.extend(bytes(gap * PAGE))
            self._held.extend(bytes(gap))
        self._memory[page * PAGE : (page + count) * PAGE] = data
        self._held[page : page + count] = b"\x01" * count

    def has(self, first: "int", count: "int") -> "bool":
        """Are all `count` pages from `first` on held?"""
        end = first + count
        return first >= 0 and end <= len(self._held) and self._held[first:end] == b"\x01" * count

    def get(self, first: "int", count: "int") -> "bytes":
        """The 4 * count bytes from page `first` on; ValueError where one is not held."""
        if not self.has(first, count):
            raise ValueError("pages %d..%d were not all read" % (first, first + count - 1))
        return bytes(self._memory[first * PAGE : (first + count) * PAGE])

    def run(self, first: "int", end: "int") -> "bytes":
        """The bytes from page `first` up to page `end` or the first page that is not held."""
        return bytes(self.view(first, end))

    def view(self, first: "int", end: "int") -> "memoryview":
        """`run` without a copy, until the next `put`."""
        end = min(end, len(self._held))
        stop = self._held.find(b"\x00", first, end)
        if stop < 0:
            stop = end
        return memoryview(self._memory)[first * PAGE : stop * PAGE]

    def pages(self) -> "list[int]":
        """The numbers of the pages held, ascending."""
        return [page for page in range(len(self._held)) if self._held[page]]

    def copy(self) -> "Image":
        """An image of its own with the same pages."""
        other = Image()
        other._memory = bytearray(self._memory)
        other._held = bytearray(self._held)
        return other


def uid(image: "Image") -> "bytes":
    """The 7 byte UID that stands in pages 0 and 1, its check byte left out."""
    head = image.get(0, 2)
    return head[:3] + head[4:]


def cc(image: "Image") -> "tuple[int, int, bool] | None":
    """(version as in the CC, bytes of the NDEF area, read-only) or None where no CC stands or was read.

    The area is cut to what page addresses of one byte can reach. Major version 1 only.
    """
    if not image.has(CC_PAGE, 1):
        return None
    magic, version, size, access = image.get(CC_PAGE, 1)
    if magic != _CC_MAGIC or version >> 4 != 1 or size == 0 or access >> 4:
        return None
    return version, min(size * 8, (PAGES - AREA_PAGE) * PAGE), access & 0x0F != 0


def message_span(image: "Image") -> "tuple[int, int, int] | None":
    """Where the NDEF message stands in the area: (end of the TLVs before it, its first byte, its end) or None.

    Raises Truncated where the pages read from page 4 on do not reach its TLV, or a length runs past the area;
    Malformed for what is no sequence of TLVs.
    """
    facts = cc(image)
    if facts is None:
        return None
    lead = 0
    for kind, _, value, end in tlv.spans(area(image), facts[1]):
        if kind == tlv.NDEF:
            return lead, value, end
        lead = end
    return None


def area(image: "Image") -> "memoryview":
    """The NDEF area from page 4 on, up to its end by the CC or the first page that was not read; until the next `put`.

    No copy: half a kB in one piece is what a small heap lacks first.
    """
    facts = cc(image)
    return image.view(AREA_PAGE, AREA_PAGE + (facts[1] // PAGE if facts else 0))


def locked_pages(image: "Image", chip: "Chip | None" = None) -> "set[int]":
    """Pages that the lock bits seen in `image` make read-only; page 2 must be held.

    Dynamic lock bits count where the chip is given and the image holds their page.
    """
    static = image.get(_STATIC_PAGE, 1)
    bits = static[2] | static[3] << 8
    locked = {page for page in range(3, 16) if bits >> page & 1}
    if chip is None or chip.dynamic_lock_page is None or not image.has(chip.dynamic_lock_page, 1):
        return locked
    dynamic = image.get(chip.dynamic_lock_page, 1)
    bits = dynamic[0] | dynamic[1] << 8
    for page in range(16, chip.dynamic_lock_page):
        if bits >> ((page - 16) // chip.lock_pages_per_bit) & 1:
            locked.add(page)
    return locked


def lock_plan(chip: "Chip", image: "Image") -> "list[tuple[int, bytes]]":
    """Page writes that make the whole tag read-only for ever: CC access, static, then dynamic lock bits.

    Only what is not yet so; a torn plan is finished by planning again. Page 2 and 3 must be held.
    Lock bits are one-way and are ORed by the chip; BCC1 and the internal byte of page 2 ignore a write.
    """
    plan = []
    access = image.get(CC_PAGE, 1)
    if access[3] != 0x0F and CC_PAGE not in locked_pages(image):
        plan.append((CC_PAGE, access[:3] + b"\x0f"))
    static = image.get(_STATIC_PAGE, 1)
    if static[2:] != b"\xff\xff":
        plan.append((_STATIC_PAGE, static[:2] + b"\xff\xff"))
    page = chip.dynamic_lock_page
    if page is not None and not (
        image.has(page, 1) and image.get(page, 1)[:3] == chip.dynamic_lock
    ):
        plan.append((page, chip.dynamic_lock + b"\x00"))
    return plan
