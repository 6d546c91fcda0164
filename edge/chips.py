"""The Type 2 chips that are known: one row a chip, from its data sheet.

NXP NTAG213/215/216 rev. 3.2: 8.5 "Memory organization", 8.5.3 "Dynamic Lock Bytes", 8.5.6 "Data pages" (content
at delivery), 10.1 "GET_VERSION". NXP MF0ULx1 rev. 3.3: the same titles; its page 3 is delivered all zero, so it
gets its CC when it is first formatted. The NDEF area is what the CC says (496 and 872 bytes on NTAG215 and 216).
"""


class Chip:
    """One kind of tag. Page numbers count from 0; `cc` and `factory` are page 3 and pages 4 and 5.

    dynamic_lock: the three bytes that lock all of it for ever, on dynamic_lock_page (None: no such page);
    each of its bits locks `lock_pages_per_bit` pages, from page 16 on.
    """

    def __init__(
        self,
        name: "str",
        pages: "int",
        user_last: "int",
        cc: "bytes",
        dynamic_lock_page: "int | None",
        dynamic_lock: "bytes",
        lock_pages_per_bit: "int",
        config_page: "int",
        version: "bytes",
        factory: "bytes",
    ) -> None:
        self.name = name
        self.pages = pages
        self.user_first = 4
        self.user_last = user_last
        self.cc = cc
        self.dynamic_lock_page = dynamic_lock_page
        self.dynamic_lock = dynamic_lock
        self.lock_pages_per_bit = lock_pages_per_bit
        self.config_page = config_page
        self.version = version
        self.factory = factory

    @property
    def area(self) -> "int":
        """Bytes of the NDEF area, from page 4 on."""
        return self.cc[2] * 8

    @property
    def lead(self) -> "bytes":
        """The Lock Control TLV that stands before the NDEF TLV as delivered, or nothing."""
        return self.factory[:5] if self.factory[0] == 1 else b""


_EMPTY = b"\x03\x00\xfe\x00\x00\x00\x00\x00"
_LOCK_CONTROL = b"\x01\x03\xa0\x0c\x34\x03\x00\xfe"

CHIPS = (
    Chip(
        "NTAG213",
        pages=45,
        user_last=39,
        cc=b"\xe1\x10\x12\x00",
        dynamic_lock_page=40,
        dynamic_lock=b"\xff\x0f\x3f",
        lock_pages_per_bit=2,
        config_page=41,
        version=b"\x00\x04\x04\x02\x01\x00\x0f\x03",
        factory=_LOCK_CONTROL,
    ),
    Chip(
        "NTAG215",
        pages=135,
        user_last=129,
        cc=b"\xe1\x10\x3e\x00",
        dynamic_lock_page=130,
        dynamic_lock=b"\xff\x00\x0f",
        lock_pages_per_bit=16,
        config_page=131,
        version=b"\x00\x04\x04\x02\x01\x00\x11\x03",
        factory=_EMPTY,
    ),
    Chip(
        "NTAG216",
        pages=231,
        user_last=225,
        cc=b"\xe1\x10\x6d\x00",
        dynamic_lock_page=226,
        dynamic_lock=b"\xff\x3f\x7f",
        lock_pages_per_bit=16,
        config_page=227,
        version=b"\x00\x04\x04\x02\x01\x00\x13\x03",
        factory=_EMPTY,
    ),
    Chip(
        "MF0UL11",
        pages=20,
        user_last=15,
        cc=b"\xe1\x10\x06\x00",
        dynamic_lock_page=None,
        dynamic_lock=b"",
        lock_pages_per_bit=2,
        config_page=16,
        version=b"\x00\x04\x03\x01\x01\x00\x0b\x03",
        factory=_EMPTY,
    ),
    Chip(
        "MF0UL21",
        pages=41,
        user_last=35,
        cc=b"\xe1\x10\x10\x00",
        dynamic_lock_page=36,
        dynamic_lock=b"\xff\x03\x1f",
        lock_pages_per_bit=2,
        config_page=37,
        version=b"\x00\x04\x03\x01\x01\x00\x0e\x03",
        factory=_EMPTY,
    ),
)


def by_name(name: "str") -> "Chip":
    """The chip of that name, in any case; ValueError lists the names known."""
    for chip in CHIPS:
        if chip.name == name.upper():  # portable: other letters name no chip
            return chip
    raise ValueError(f"no chip {name}: known are " + ", ".join([chip.name for chip in CHIPS]))


def by_version(version: "bytes") -> "Chip | None":
    """The chip that answers GET_VERSION with these 8 bytes."""
    for chip in CHIPS:
        if chip.version == version:
            return chip
    return None


def by_cc(cc: "bytes") -> "Chip | None":
    """The chip whose CC (page 3) has this magic, version and size, whatever its access byte says.

    The NTAG210 and 212 share their CC with the Ultralight EV1, and its user pages too.
    """
    for chip in CHIPS:
        if chip.cc[:3] == cc[:3]:
            return chip
    return None
